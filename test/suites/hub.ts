import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { authenticate } from '../../src/hub/authentication.js';
import { startHub } from '../../src/hub/hub.js';
import { addressOf } from '../../src/lib/address.js';
import { fromUtf8 } from '../../src/lib/bytes.js';
import type { Clock } from '../../src/lib/clock.js';
import type { Http } from '../../src/lib/http.js';
import { parsePrivateKey, parsePublicKey, signerOf } from '../../src/lib/key.js';
import { parseToken, signToken } from '../../src/lib/token.js';
import { disk } from '../../src/storage/adapters/disk.js';
import { gaia } from '../../src/storage/adapters/gaia.js';
import { associationCases } from './association.js';
import { parseVectors } from './suite.js';
import type { Case, Suite } from './suite.js';

interface HubInfo {
  readonly challenge_text: string;
  readonly latest_auth_version?: string;
  readonly max_file_upload_size_megabytes: number;
  readonly read_url_prefix: string;
}

interface Exchange {
  readonly name: string;
  readonly request: { readonly method: string; readonly path: string; readonly headers: Readonly<Record<string, string>>; readonly body: string | null };
  readonly response: Answered;
}

interface Answered {
  readonly status: number;
  readonly contentType?: string | null;
  readonly body: string | null;
}

interface Recording {
  readonly hubInfo: HubInfo;
  readonly address: string;
  /** Seconds since 1970. */
  readonly recordedAt: number;
  readonly cases: readonly Exchange[];
}

/** The exchanges build on each other: all are replayed in order at the first check, each check looks at its own. */
const recorded: Suite = (file) => {
  const recording = parseVectors<Recording>(file);
  let replayed: Promise<readonly Answered[]> | null = null;
  return recording.cases.map(({ name, response }, index): Case => ({
    title: name,
    check: async () => {
      const answers = await (replayed ??= replay(recording));
      assert.deepEqual(comparable(answers[index]), comparable(response));
    },
  }));
};

async function replay(recording: Recording): Promise<readonly Answered[]> {
  const { hubInfo, recordedAt, cases } = recording;
  const directory = await mkdtemp(join(tmpdir(), 'namestead-hub-'));
  const hub = await startHub({
    directory,
    serverName: serverNameOf(hubInfo),
    readUrl: hubInfo.read_url_prefix,
    maxFileUploadSizeMegabytes: hubInfo.max_file_upload_size_megabytes,
    clock: clockAt(recordedAt),
  });
  try {
    await seed(directory, recording);
    const answers: Answered[] = [];
    for (const exchange of cases) answers.push(await ask(hub.url, exchange.request));
    return answers;
  } finally {
    await hub.close();
    await rm(directory, { recursive: true, force: true });
  }
}

/** What the listings name and no exchange stored was there before the recording began. */
async function seed(directory: string, { address, cases }: Recording): Promise<void> {
  const stored = cases.map(({ request }) => decodeURIComponent(request.path.replace(`/store/${address}/`, '')));
  const store = disk({ directory });
  // Those with their sizes and types come last.
  const entries = cases.flatMap(({ response }) => entriesOf(response)).sort((a, b) => (typeof b === typeof a ? 0 : typeof a === 'string' ? -1 : 1));
  for (const entry of entries) {
    const { name, contentLength = 1, contentType } = typeof entry === 'string' ? { name: entry } : entry;
    if (name.includes('.history.') || stored.includes(name)) continue;
    await store.put(`${address}/${name}`, new Uint8Array(contentLength), { contentType });
  }
}

type Entry = string | { readonly name: string; readonly contentLength?: number; readonly contentType?: string };

function entriesOf({ body }: Answered): readonly Entry[] {
  if (!body?.startsWith('{"entries":')) return [];
  return (JSON.parse(body) as { entries: (Entry | null)[] }).entries.filter((entry) => entry !== null);
}

function comparable(answered: Answered | undefined): unknown {
  const { status, contentType, body } = answered ?? { status: 0, body: null };
  return { status, contentType: contentType ?? null, body: comparableBody(body ?? '') };
}

function comparableBody(body: string): unknown {
  // The reference shows where in its own code it gave up.
  if (body.startsWith('<')) return body.replace(/<br>.*$|<\/pre>.*$/s, '');
  if (!body.startsWith('{"entries":')) return body;
  // Whose content the recording does not hold has another etag here; times and random parts of names differ.
  const listing = body.replace(/"etag":"[^"]*"/g, '"etag":"*"').replace(/"lastModifiedDate":\d+/g, '"lastModifiedDate":0');
  return JSON.parse(listing.replace(/\.history\.\d+\.[A-Za-z0-9]{10}\./g, '.history.*.')) as unknown;
}

function ask(url: string, { method, path, headers, body }: Exchange['request']): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(`${url}${path}`, { method, headers, agent: false }, (incoming) => {
      let text = '';
      incoming.setEncoding('utf8');
      incoming.on('data', (part: string) => (text += part));
      incoming.on('error', reject);
      incoming.on('end', () => {
        resolve({ status: incoming.statusCode ?? 0, contentType: incoming.headers['content-type'] ?? null, body: text });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(body === null ? undefined : bodyOf(body));
  });
}

/** A recording spells a long body as `<22020096 bytes of 0>`. */
function bodyOf(body: string): Uint8Array {
  const [, length, byte] = /^<(\d+) bytes of (\d+)>$/.exec(body) ?? [];
  return length === undefined ? fromUtf8(body) : new Uint8Array(Number(length)).fill(Number(byte));
}

interface TokenCase {
  readonly kind: string;
  readonly peer: string;
  readonly privateKey: string;
  readonly associationToken?: string;
  readonly hubInfo?: HubInfo;
  readonly config: { readonly url_prefix: string; readonly address: string; readonly token: string; readonly server: string };
}

/** The hub admits what peers emit; the client makes the same claims, with the dates that peers leave out. */
const tokens: Suite = (file) => {
  const { cases = [] } = parseVectors<{ cases?: readonly TokenCase[] }>(file);
  const own = cases.map((each, index): Case => ({ title: `${index}: ${each.kind} of ${each.peer}`, check: () => checkToken(each) }));
  return [...own, ...associationCases(file)];
};

async function checkToken(each: TokenCase): Promise<void> {
  const { privateKey, config, hubInfo, associationToken } = each;
  const signer = signerOf(parsePrivateKey(privateKey));
  const isV1 = config.token.startsWith('v1:');
  const claims = isV1 ? parseToken(config.token.slice(3)).payload : {};
  const challenge = hubInfo?.challenge_text ?? String(claims.gaiaChallenge);
  const association = associationToken === undefined ? null : parseToken(associationToken).payload;
  const now = association === null ? 1_610_712_000 : Number(association.exp) - 1;
  const gate = { serverName: serverNameOf({ challenge_text: challenge }), address: config.address, now, oldest: 0, hubUrls: null };
  const header = `bearer ${config.token}`;

  if (association !== null && isV1 && addressOf(parsePublicKey(String(association.childToAssociate))) !== config.address) {
    // Some were recorded with a token that vouches for another key: a hub must refuse those.
    assert.throws(() => authenticate(header, gate), /does not match/);
  } else {
    assert.deepEqual(authenticate(header, gate).scopes, []);
  }
  const elsewhere = (): unknown => authenticate(header, { ...gate, hubUrls: ['https://elsewhere'] });
  if (isV1) assert.throws(elsewhere, claims.hubUrl === undefined ? /must provide a claimed hub/ : /not found in this hubs set/);
  assert.throws(() => authenticate(header, { ...gate, oldest: 1 }), /no creation timestamp/);
  assert.throws(() => authenticate(header, { ...gate, serverName: 'another' }), /gaiaChallenge|Invalid signature/);
  if (isV1) assert.equal(`v1:${await signToken(claims, signer)}`, config.token);

  if (hubInfo === undefined) return;
  const own = await connect(each, hubInfo, now);
  if (!/^v[1-9]/.test(hubInfo.latest_auth_version ?? '')) {
    assert.equal(own, null);
    return;
  }
  assert.ok(own);
  assert.equal(own.bucket.url, `${config.url_prefix}${config.address}/`);
  assert.equal(own.bucket.maxFileSize, hubInfo.max_file_upload_size_megabytes << 20);
  const { iat, exp, ...rest } = parseToken(own.token).payload;
  assert.deepEqual(Object.keys(rest), Object.keys(claims));
  assert.deepEqual({ ...rest, salt: '' }, { ...claims, salt: '' });
  assert.match(String(rest.salt), /^[0-9a-f]{32}$/);
  assert.equal(iat, now);
  assert.ok(Number(exp) > now);
}

/** What our client sends to a hub with this information; null when it will not have that hub. */
async function connect(
  { privateKey, config, associationToken }: TokenCase,
  hubInfo: HubInfo,
  now: number,
): Promise<{ bucket: { url: string; maxFileSize: number }; token: string } | null> {
  let token = '';
  const http: Http = (url, request) => {
    if (url === `${config.server}/hub_info`) return Promise.resolve({ status: 200, headers: new Headers(), body: fromUtf8(JSON.stringify(hubInfo)) });
    assert.equal(url, `${config.server}/list-files/${config.address}`);
    token = request?.headers?.authorization ?? '';
    return Promise.resolve({ status: 202, headers: new Headers(), body: fromUtf8('{"entries":[],"page":null}') });
  };
  const store = gaia({ hub: config.server, signer: signerOf(parsePrivateKey(privateKey)), clock: clockAt(now), http, associationToken });
  try {
    const bucket = await store.bucket();
    for await (const path of store.list()) assert.fail(path);
    assert.ok(token.startsWith('bearer v1:'));
    return { bucket, token: token.slice('bearer v1:'.length) };
  } catch (error) {
    if ((error as { code?: unknown }).code === 'Unauthorized') return null;
    throw error;
  }
}

function serverNameOf({ challenge_text: text }: Pick<HubInfo, 'challenge_text'>): string {
  return String((JSON.parse(text) as unknown[])[2]);
}

function clockAt(seconds: number): Clock {
  return { now: () => seconds * 1000, sleep: () => Promise.reject(new Error('nothing here waits')) };
}

export const hubSuites: Readonly<Record<string, Suite>> = {
  'auth-gaia/hub-http.json': recorded,
  'auth-gaia/gaia-auth-token.json': tokens,
};
