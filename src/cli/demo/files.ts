import { allowLoopback, createClient } from '../../client.js';
import { appKeyOfUser } from '../../auth/session.js';
import { systemClock } from '../../lib/adapters/clock.js';
import { addressOf } from '../../lib/address.js';
import { fromUtf8, toUtf8 } from '../../lib/bytes.js';
import { seal } from '../../lib/ecies.js';
import { isNamesteadError, NamesteadError } from '../../lib/errors.js';
import { http, type Http } from '../../lib/http.js';
import { publicKeyOf, signerOf } from '../../lib/key.js';
import { startLiar } from '../../devnet/liar.js';
import { otherFile } from '../../devnet/lies.js';
import { devnetPorts } from '../../devnet/presets.js';
import { signProfile } from '../../profiles/profile.js';
import { gaia, readGaia } from '../../storage/adapters/gaia.js';
import { sealed } from '../../storage/sealed.js';
import { signed, signedBy } from '../../storage/signed.js';
import type { Step } from '../transcript.js';
import type { App, Stage } from './stage.js';

const NOTE = 'Only the owner reads this.';
const POST = 'Hello from alice.id.';

export async function demoFiles(step: Step, stage: Stage, app: App, name: string): Promise<void> {
  await privateFile(step, app);
  await publicFile(step, stage, app, name);
  await staleOverwrite(step, app);
  await reencryptedFile(step, stage, app);
}

async function privateFile(step: Step, { client }: App): Promise<void> {
  const { url } = await client.put('notes/1.txt', NOTE);
  const raw = await http()(url ?? '');
  if (toUtf8(raw.body).includes(NOTE)) throw new Error('the hub holds the note in the clear');
  const file = await client.get('notes/1.txt');
  if (file?.text() !== NOTE) throw new Error('the note did not come back');
  step.say(`an encrypted and signed file went to the hub (${raw.body.length} bytes for ${NOTE.length}) and came back to its owner`, {
    sealedBytes: raw.body.length,
    plainBytes: NOTE.length,
    url,
  });
}

/** A public file is signed, its bucket published in the owner's profile, and read by somebody who knows only the name. */
async function publicFile(step: Step, stage: Stage, { user, origin }: App, name: string): Promise<void> {
  const clock = systemClock();
  const key = signerOf(appKeyOfUser(user));
  const bucket = gaia({ hub: user.hubUrl, signer: key, clock, associationToken: user.gaiaAssociationToken ?? undefined });
  await signed(bucket, key).put('posts/1.txt', fromUtf8(POST), { contentType: 'text/plain; charset=utf-8' });
  const { url } = await bucket.bucket();
  const identity = await stage.wallet.identity(0);
  const profile = await signProfile({ '@context': 'http://schema.org/', '@type': 'Person', name: 'Alice', apps: { [origin]: url } }, identity.signer, {
    clock,
  });
  await gaia({ hub: user.hubUrl, signer: identity.signer, clock }).put('profile.json', fromUtf8(profile), { contentType: 'application/json' });

  const { urls, anchor } = stage.devnet;
  const ports = devnetPorts(urls);
  const reader = createClient({
    clock,
    http: http(),
    names: ports.names(await anchor()),
    zones: ports.zones,
    allowHost: allowLoopback,
    origin,
    bucketOf: (at, address) => signedBy(readGaia({ url: at }), address),
  });
  const file = await reader.get('posts/1.txt', { from: name });
  if (file?.text() !== POST) throw new Error('the public file did not come back');
  step.say(`another user read ${url}posts/1.txt through ${name}, its signature verified`, { publicUrl: `${url}posts/1.txt` });
}

async function staleOverwrite(step: Step, { client }: App): Promise<void> {
  const before = await client.get('notes/1.txt');
  await client.put('notes/1.txt', `${NOTE} Changed.`);
  const code = await refusal(() => client.put('notes/1.txt', 'stale', { condition: { kind: 'match', etag: before?.etag ?? '' } }));
  if (code !== 'PreconditionFailed') throw new Error(`a stale overwrite ended with ${code}`);
  step.say(`an overwrite with a stale etag was refused with ${code}`, { staleOverwrite: code });
}

/** The hub knows the owner's public key: it can encrypt to it, but not sign for it. */
async function reencryptedFile(step: Step, { devnet }: Stage, { user }: App): Promise<void> {
  const key = appKeyOfUser(user);
  const forged = JSON.stringify(await seal('What the hub would have you read.', publicKeyOf(key)));
  const path = `${addressOf(publicKeyOf(key))}/notes/1.txt`;
  const honest = new URL(devnet.urls.files).origin;
  const liar = await startLiar(honest, otherFile(path, fromUtf8(forged)));
  const route = { to: liar.url };
  const ask = http();
  const detour: Http = (url, request) => ask(url.includes(`/${path}`) ? route.to + url.slice(honest.length) : url, request);
  try {
    const store = sealed(gaia({ hub: user.hubUrl, signer: signerOf(key), clock: systemClock(), http: detour }), key);
    const code = await refusal(() => store.get('notes/1.txt'));
    route.to = honest;
    const thenHonest = (await store.get('notes/1.txt')) !== null;
    if (liar.told() === 0 || !thenHonest) throw new Error('the lying hub was not in the path');
    step.say(`lie: file re-encrypted by hub     refused with ${code}; then read past an honest hub`);
    step.note('lie: file re-encrypted by hub', { lie: 'file re-encrypted by hub', code, thenHonest });
  } finally {
    await liar.close();
  }
}

async function refusal(work: () => Promise<unknown>): Promise<string> {
  try {
    await work();
  } catch (error) {
    if (isNamesteadError(error)) return error.code;
    throw error;
  }
  throw new NamesteadError('ServerFailed', 'what was to be refused went through');
}
