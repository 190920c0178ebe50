import { describe, expect, it } from 'vitest';
import { addressOf } from '../../src/lib/address.js';
import { fromUtf8, toBase64Url, toHex } from '../../src/lib/bytes.js';
import { sha256 } from '../../src/lib/hash.js';
import { generatePrivateKey, parsePrivateKey, publicKeyOf, signerOf } from '../../src/lib/key.js';
import { signToken } from '../../src/lib/token.js';
import { openProfile, signProfile } from '../../src/profiles/profile.js';

const clock = { now: () => Date.parse('2026-11-20T12:00:00Z') };
const key = parsePrivateKey('11'.repeat(32));
const alice = signerOf(key);
const owner = addressOf(publicKeyOf(key));
const mallory = signerOf(generatePrivateKey());
const open = (file: string) => openProfile(file, owner, { clock });

const part = (value: object): string => toBase64Url(fromUtf8(JSON.stringify(value)));
const payload = (issuer: string) => ({
  iat: '2026-11-20T12:00:00Z',
  subject: { publicKey: issuer },
  issuer: { publicKey: issuer },
  claim: { name: 'Mallory' },
});

describe('a host that lies about a profile', () => {
  it('serves another’s profile', async () => {
    const file = await signProfile({ name: 'Mallory' }, mallory, { clock });
    expect(() => open(file)).toThrow(expect.objectContaining({ code: 'ProfileMismatch' }));
  });

  it('names the owner as the issuer of a token it signed itself', async () => {
    const token = await signToken(payload(toHex(alice.publicKey)), mallory);
    expect(() => open(JSON.stringify([{ token }]))).toThrow(expect.objectContaining({ code: 'TokenInvalid' }));
  });

  it('edits the claim beneath the signature', async () => {
    const [{ token }] = JSON.parse(await signProfile({ name: 'Alice' }, alice, { clock })) as [{ token: string }];
    const [header, , signature] = token.split('.');
    const forged = `${header ?? ''}.${part(payload(toHex(alice.publicKey)))}.${signature ?? ''}`;
    expect(() => open(JSON.stringify([{ token: forged }]))).toThrow(expect.objectContaining({ code: 'TokenInvalid' }));
  });

  it('edits the decoded form beside the token, which nobody reads', async () => {
    const file = JSON.parse(await signProfile({ name: 'Alice' }, alice, { clock })) as [{ decodedToken: { payload: { claim: object } } }];
    file[0].decodedToken.payload.claim = { name: 'Mallory' };
    expect(open(JSON.stringify(file)).claim).toEqual({ name: 'Alice' });
  });

  it.each(['none', 'NONE', 'HS256', 'ES256', 'es256k'])('claims the algorithm %s', (alg) => {
    const token = `${part({ typ: 'JWT', alg })}.${part(payload(toHex(alice.publicKey)))}.${'A'.repeat(86)}`;
    expect(() => open(JSON.stringify([{ token }]))).toThrow(expect.objectContaining({ code: 'TokenInvalid' }));
  });

  it('brings a signature of the owner that holds, over a header that says alg none', async () => {
    const input = `${part({ typ: 'JWT', alg: 'none' })}.${part(payload(toHex(alice.publicKey)))}`;
    const digest = sha256(fromUtf8(input));
    const token = `${input}.${toBase64Url(await alice.sign(digest))}`;
    expect(() => open(JSON.stringify([{ token }]))).toThrow(expect.objectContaining({ code: 'TokenInvalid' }));
  });

  it.each<[string, Record<string, unknown>]>([
    ['no claim', { claim: undefined }],
    ['a list for a claim', { claim: [] }],
    ['no issuer', { issuer: undefined }],
  ])('serves a token of the owner with %s', async (_, change) => {
    const token = await signToken({ ...payload(toHex(alice.publicKey)), ...change }, alice);
    expect(() => open(JSON.stringify([{ token }]))).toThrow(expect.objectContaining({ code: 'TokenInvalid' }));
  });

  it.each(['', '02', `02${'ff'.repeat(32)}`, `06${'11'.repeat(64)}`])('names an issuer that is no key: %j', async (issuer) => {
    const token = await signToken(payload(issuer), mallory);
    expect(() => open(JSON.stringify([{ token }]))).toThrow(expect.objectContaining({ code: 'TokenInvalid' }));
  });
});
