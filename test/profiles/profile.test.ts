import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addressOf, formatAddress } from '../../src/lib/address.js';
import type { Hash160 } from '../../src/lib/address.js';
import { formatC32Address } from '../../src/lib/c32.js';
import { NamesteadError } from '../../src/lib/errors.js';
import { hash160 } from '../../src/lib/hash.js';
import type { Http } from '../../src/lib/http.js';
import { generatePrivateKey, parsePrivateKey, publicKeyOf, signerOf, uncompressed } from '../../src/lib/key.js';
import { signToken } from '../../src/lib/token.js';
import { didOfAddress, addressOfDid, formatNameDid, parseNameDid } from '../../src/profiles/did.js';
import { appUrlOf } from '../../src/profiles/person.js';
import { openProfile, signProfile } from '../../src/profiles/profile.js';
import { findProfile } from '../../src/profiles/profiles.js';

const now = Date.parse('2026-11-20T12:00:00Z');
const at = (time: number) => ({ clock: { now: () => time } });
const key = parsePrivateKey('11'.repeat(32));
const signer = signerOf(key);
const owner = addressOf(publicKeyOf(key));
const claim = { '@type': 'Person', name: 'Alice', apps: { 'https://app.example': 'https://hub.example/1abc' } };
const YEAR = 365 * 24 * 3600 * 1000;

describe('a profile', () => {
  it('opens for its owner with what was signed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.string(), fc.jsonValue()), async (content) => {
        const own = signerOf(generatePrivateKey());
        const profile = openProfile(await signProfile(content, own, at(now)), addressOf(own.publicKey), at(now));
        expect(JSON.stringify(profile.claim)).toBe(JSON.stringify(content));
        expect(profile.issuedAt).toBe(now);
        expect(profile.expired).toBe(false);
      }),
      { numRuns: 10, seed: 20168 },
    );
  });

  it('opens for every form of its owner’s address', async () => {
    const file = await signProfile(claim, signer, at(now));
    const hash = hash160(signer.publicKey) as Hash160;
    const other = hash160(uncompressed(signer.publicKey)) as Hash160;
    const owners = [0, 111].flatMap((version) => [formatAddress(version, hash), formatAddress(version, other)]);
    for (const version of [22, 26]) owners.push(formatC32Address({ version, hash }), formatC32Address({ version, hash: other }));
    for (const form of owners) expect(openProfile(file, form, at(now)).claim).toEqual(claim);
  });

  it('opens as a bare token', async () => {
    const [{ token }] = JSON.parse(await signProfile(claim, signer, at(now))) as [{ token: string }];
    expect(openProfile(`${token}\n`, owner, at(now)).claim).toEqual(claim);
  });

  it('is marked expired after its year, and still opens', async () => {
    const file = await signProfile(claim, signer, at(now));
    expect(openProfile(file, owner, at(now + YEAR - 1)).expired).toBe(false);
    expect(openProfile(file, owner, at(now + YEAR)).expired).toBe(true);
  });

  it('of 2016 tells its times under other names', async () => {
    const publicKey = '034f355bdcb7cc0af728ef3cceb9615d90684bb5b2ca5f859ab0f0b704075871aa';
    const token = await signToken(
      { claim, issuedAt: '2016-03-04T12:00:00Z', expiresAt: '2017-03-04T12:00:00Z', subject: { publicKey }, issuer: { publicKey } },
      signer,
    );
    expect(openProfile(token, owner, at(now))).toMatchObject({ issuedAt: Date.parse('2016-03-04T12:00:00Z'), expired: true });
  });

  it.each<[string, string, string]>([
    ['a script of the main network', formatAddress(5, new Uint8Array(20)), 'ProfileUnverifiable'],
    ['a script of a test network', formatAddress(196, new Uint8Array(20)), 'ProfileUnverifiable'],
    ['several signers in c32', formatC32Address({ version: 20, hash: new Uint8Array(20).fill(1) as Hash160 }), 'ProfileUnverifiable'],
    ['a strange version', formatAddress(48, new Uint8Array(20)), 'AddressInvalid'],
    ['no address', 'alice.id', 'AddressInvalid'],
  ])('has no owner in %s', async (_, address, code) => {
    const file = await signProfile(claim, signer, at(now));
    expect(() => openProfile(file, address, at(now))).toThrow(expect.objectContaining({ code }));
  });

  it.each<[string, string]>([
    ['nothing', ''],
    ['an empty list', '[]'],
    ['a list of nothing', '[null]'],
    ['a list of another thing', '[{"decodedToken":{}}]'],
    ['a page', '<!doctype html><title>no</title>'],
    ['a deep list', '['.repeat(100_000)],
  ])('is not %s', (_, file) => {
    expect(() => openProfile(file, owner, at(now))).toThrow(expect.objectContaining({ code: 'TokenInvalid' }));
  });

  it('above 256 KiB is refused before it is read', () => {
    expect(() => openProfile(new Uint8Array((1 << 18) + 1), owner, at(now))).toThrow(expect.objectContaining({ code: 'TooLarge' }));
  });
});

/** Hosts by URL; any other URL is a mistake of the test. */
function hosts(files: Readonly<Record<string, string | number | NamesteadError>>): Http {
  return (url) => {
    const file = files[url];
    if (file === undefined) throw new Error(`unexpected ${url}`);
    if (file instanceof NamesteadError) return Promise.reject(file);
    const body = new TextEncoder().encode(typeof file === 'string' ? file : 'no');
    return Promise.resolve({ status: typeof file === 'string' ? 200 : file, headers: new Headers(), body });
  };
}

const hang = new NamesteadError('HttpTimeout', 'no whole answer');

describe('finding a profile', () => {
  it('answers the newest that the owner signed, past hosts that fail or lie', async () => {
    const [older, newer, foreign] = await Promise.all([
      signProfile({ ...claim, name: 'Old' }, signer, at(now - YEAR)),
      signProfile(claim, signer, at(now)),
      signProfile({ name: 'Mallory' }, signerOf(generatePrivateKey()), at(now + YEAR)),
    ]);
    const http = hosts({ 'https://a': older, 'https://b': newer, 'https://c': 404, 'https://d': foreign, 'https://e': hang });
    const found = await findProfile(['https://a', 'https://b', 'https://c', 'https://d', 'https://e'], owner, { http, ...at(now) });
    expect(found).toMatchObject({ url: 'https://b', regressed: false, profile: { claim } });
    expect(found.refused.map(({ code }) => code)).toEqual(['HttpStatus', 'ProfileMismatch', 'HttpTimeout']);
  });

  it('marks an answer older than what was seen before', async () => {
    const http = hosts({ 'https://a': await signProfile(claim, signer, at(now - YEAR)) });
    expect(await findProfile(['https://a'], owner, { http, ...at(now), seen: now })).toMatchObject({ regressed: true });
  });

  it.each<[string, Record<string, string | number | NamesteadError>, string]>([
    ['no host', {}, 'ProfileMissing'],
    ['silent hosts', { 'https://a': hang, 'https://b': 404 }, 'ProfileMissing'],
    ['a host with HTML', { 'https://a': '<html>', 'https://b': hang }, 'TokenInvalid'],
  ])('fails with %s', async (_, files, code) => {
    await expect(findProfile(Object.keys(files), owner, { http: hosts(files), ...at(now) })).rejects.toMatchObject({ code });
  });

  it('asks nobody for an owner that nobody can prove, and only http hosts', async () => {
    const http = hosts({});
    await expect(findProfile(['https://a'], formatAddress(5, new Uint8Array(20)), { http, ...at(now) })).rejects.toMatchObject({ code: 'ProfileUnverifiable' });
    await expect(findProfile(['file:///etc/passwd', 'javascript:1'], owner, { http, ...at(now) })).rejects.toMatchObject({ code: 'ProfileMissing' });
  });

  it('stops when it is cancelled', async () => {
    const signal = AbortSignal.abort();
    const http = hosts({ 'https://a': new NamesteadError('Aborted', 'cancelled') });
    await expect(findProfile(['https://a'], owner, { http, signal, ...at(now) })).rejects.toMatchObject({ code: 'Aborted' });
  });
});

describe('a DID', () => {
  it('of a name comes back from its text', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('name' as const, 'subdomain' as const),
        fc.constantFrom(0, 5),
        fc.nat(),
        fc.uint8Array({ minLength: 20, maxLength: 20 }),
        (kind, version, index, hash) => {
          const did = { kind, address: formatAddress(version, hash), index: index % 1_000_000_000 };
          expect(parseNameDid(formatNameDid(did))).toEqual(did);
        },
      ),
      { numRuns: 50, seed: 20169 },
    );
  });

  it('of an address carries it', () => {
    expect(addressOfDid(didOfAddress(owner))).toBe(owner);
    expect(addressOfDid('did:ecdsa-pub:02aa')).toBe(null);
  });
});

describe('an app’s place in a profile', () => {
  it('ends in a slash, and is read from own members alone', () => {
    expect(appUrlOf(claim, 'https://app.example')).toBe('https://hub.example/1abc/');
    expect(appUrlOf(claim, 'constructor')).toBe(null);
    expect(appUrlOf({ apps: [] }, 'https://app.example')).toBe(null);
  });
});
