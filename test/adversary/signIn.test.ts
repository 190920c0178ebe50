import { beforeEach, describe, expect, it } from 'vitest';
import { addressOf } from '../../src/lib/address.js';
import { fromHex, fromUtf8, toBase64Url, toHex, toUtf8 } from '../../src/lib/bytes.js';
import { seal } from '../../src/lib/ecies.js';
import { generatePrivateKey, keyAgreementOf, parsePrivateKey, publicKeyOf, signerOf } from '../../src/lib/key.js';
import type { Signer } from '../../src/lib/key.js';
import { parseToken, signToken } from '../../src/lib/token.js';
import { verifyAuthRequest } from '../../src/auth/request.js';
import { makeAuthResponse } from '../../src/auth/response.js';
import { formatSession, memorySession, parseSession, session } from '../../src/auth/session.js';

const now = Date.parse('2026-11-20T12:00:00Z');
const clock = { now: () => now };
const domain = 'https://app.example';
const alice = signerOf(parsePrivateKey('11'.repeat(32)));
const mallory = signerOf(parsePrivateKey('22'.repeat(32)));
const appKey = parsePrivateKey('33'.repeat(32));
const ownerOf = (name: string) => Promise.resolve(name === 'alice.id' ? addressOf(alice.publicKey) : null);

const store = memorySession();
const app = session({ domain, store, clock, ownerOf });
let transit = alice.publicKey;

beforeEach(async () => {
  await app.end();
  transit = verifyAuthRequest(await app.begin(), { clock }).transit;
});

const honest = (signer: Signer, fields: { username?: string; expiresAt?: number } = {}) => makeAuthResponse(transit, { appKey, ...fields }, signer, { clock });

/** An honest response with members changed, signed again. */
async function altered(signer: Signer, change: Readonly<Record<string, unknown>>): Promise<string> {
  return signToken({ ...parseToken(await honest(signer)).payload, ...change }, signer);
}

describe('a response', () => {
  it('is taken when it is honest', async () => {
    expect(await app.finish(await honest(alice, { username: 'alice.id' }))).toMatchObject({ username: 'alice.id', appPrivateKey: toHex(appKey) });
  });

  it('with a stolen name is refused', async () => {
    await expect(app.finish(await honest(mallory, { username: 'alice.id' }))).rejects.toMatchObject({ code: 'NameNotOwned' });
  });

  it('with a stolen name is refused though it brings a host that vouches for it', async () => {
    const token = await altered(mallory, { username: 'alice.id', blockstackAPIUrl: 'https://evil.example', version: '1.4.0' });
    await expect(app.finish(token)).rejects.toMatchObject({ code: 'NameNotOwned' });
  });

  it('with a name that nobody owns is refused', async () => {
    await expect(app.finish(await honest(alice, { username: 'nobody.id' }))).rejects.toMatchObject({ code: 'NameNotOwned' });
  });

  it('signed by another key than it names is refused', async () => {
    const { payload } = parseToken(await honest(alice));
    await expect(app.finish(await signToken(payload, mallory))).rejects.toMatchObject({ code: 'ResponseInvalid' });
  });

  it('that names another issuer than its key is refused', async () => {
    const token = await altered(mallory, { iss: `did:btc-addr:${addressOf(alice.publicKey)}` });
    await expect(app.finish(token)).rejects.toMatchObject({ code: 'ResponseInvalid' });
  });

  it.each<[string, unknown]>([
    ['no DID', addressOf(mallory.publicKey)],
    ['a DID of another method', `did:ecdsa-pub:${toHex(mallory.publicKey)}`],
    ['nothing', null],
  ])('whose issuer is %s is refused', async (_, iss) => {
    await expect(app.finish(await altered(mallory, { iss }))).rejects.toMatchObject({ code: 'ResponseInvalid' });
  });

  it.each<[string, unknown]>([
    ['two', [toHex(mallory.publicKey), toHex(alice.publicKey)]],
    ['no', []],
    ['a text for', toHex(mallory.publicKey)],
    ['a bad', [`02${'ff'.repeat(32)}`]],
  ])('with %s public keys is refused', async (_, keys) => {
    await expect(app.finish(await altered(mallory, { public_keys: keys }))).rejects.toMatchObject({ code: 'ResponseInvalid' });
  });

  it('of alg none is refused', async () => {
    const [, payload = ''] = (await honest(alice)).split('.');
    for (const signature of ['', 'A'.repeat(86)]) {
      const token = `${toBase64Url(fromUtf8('{"typ":"JWT","alg":"none"}'))}.${payload}.${signature}`;
      await expect(app.finish(token)).rejects.toMatchObject({ code: 'TokenInvalid' });
    }
  });

  it('that has expired is refused', async () => {
    await expect(app.finish(await honest(alice, { expiresAt: now - 1000 }))).rejects.toMatchObject({ code: 'TokenExpired' });
  });

  it.each([undefined, 0, null, '2099-01-01'])('that expires at %j is refused', async (exp) => {
    await expect(app.finish(await altered(alice, { exp }))).rejects.toMatchObject({ code: 'ResponseInvalid' });
  });

  it('whose iat is no number is refused', async () => {
    await expect(app.finish(await altered(alice, { iat: '2099-01-01' }))).rejects.toMatchObject({ code: 'ResponseInvalid' });
  });

  it('from a minute ahead is refused', async () => {
    await expect(app.finish(await altered(alice, { iat: now / 1000 + 60 }))).rejects.toMatchObject({ code: 'ResponseInvalid' });
    expect((await app.finish(await altered(alice, { iat: now / 1000 + 59 }))).identityAddress).toBe(addressOf(alice.publicKey));
  });

  it('sealed to another request is refused', async () => {
    const token = await makeAuthResponse(publicKeyOf(generatePrivateKey()), { appKey }, alice, { clock });
    await expect(app.finish(token)).rejects.toMatchObject({ code: 'ResponseUnbound' });
  });

  it('to an earlier request of the same app is refused', async () => {
    const token = await honest(alice);
    await app.begin();
    await expect(app.finish(token)).rejects.toMatchObject({ code: 'ResponseUnbound' });
  });

  it('whose key is not sealed is refused', async () => {
    for (const key of [toHex(appKey), `${toHex(appKey)}01`]) {
      await expect(app.finish(await altered(mallory, { private_key: key }))).rejects.toMatchObject({ code: 'ResponseUnbound' });
    }
  });

  it('without a key is refused', async () => {
    await expect(app.finish(await altered(alice, { private_key: null }))).rejects.toMatchObject({ code: 'ResponseInvalid' });
  });

  it.each(['', '7b7d', '7b', '00', 'zz'])('with %j for a sealed key is refused', async (key) => {
    await expect(app.finish(await altered(alice, { private_key: key }))).rejects.toMatchObject({ code: 'ResponseUnbound' });
  });

  it('that seals no private key is refused', async () => {
    const sealed = toHex(fromUtf8(JSON.stringify(await seal('00'.repeat(32), transit))));
    await expect(app.finish(await altered(alice, { private_key: sealed }))).rejects.toMatchObject({ code: 'ResponseInvalid' });
  });

  it.each(['iv', 'cipherText', 'mac'])('with another %s in the seal is refused', async (member) => {
    const { payload } = parseToken(await honest(alice));
    const sealed = JSON.parse(toUtf8(fromHex(payload.private_key as string))) as Record<string, string>;
    const text = sealed[member] ?? '';
    sealed[member] = (text.startsWith('0') ? '1' : '0') + text.slice(1);
    await expect(app.finish(await altered(alice, { private_key: toHex(fromUtf8(JSON.stringify(sealed))) }))).rejects.toMatchObject({ code: 'ResponseUnbound' });
  });

  it('is refused a second time, and the transit key is gone', async () => {
    const token = await honest(alice);
    await app.finish(token);
    expect(await store.load()).not.toContain('transitKey');
    await expect(app.finish(token)).rejects.toMatchObject({ code: 'SessionMissing' });
  });

  it('that was refused leaves the request under way', async () => {
    await expect(app.finish(await honest(mallory, { username: 'alice.id' }))).rejects.toThrow();
    expect(parseSession(await store.load()).kind).toBe('pending');
    expect((await app.finish(await honest(alice))).identityAddress).toBe(addressOf(alice.publicKey));
  });

  it('to a request made for another origin is refused', async () => {
    const key = generatePrivateKey();
    const foreign = memorySession(formatSession({ kind: 'pending', transitKey: toHex(key), domain: 'https://other.example' }));
    const token = await makeAuthResponse(keyAgreementOf(key).publicKey, { appKey }, alice, { clock });
    await expect(session({ domain, store: foreign, clock, ownerOf }).finish(token)).rejects.toMatchObject({ code: 'ResponseUnbound' });
  });

  it('cannot name a hub that is no web address', async () => {
    const token = await altered(alice, { hubUrl: 'javascript:alert(1)' });
    expect((await app.finish(token)).hubUrl).toBe('https://hub.blockstack.org');
  });
});
