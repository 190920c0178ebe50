import assert from 'node:assert/strict';
import { parseAddress, formatAddress } from '../../src/lib/address.js';
import { fromHex, toHex } from '../../src/lib/bytes.js';
import { parsePrivateKey, signerOf } from '../../src/lib/key.js';
import { parseToken, signToken } from '../../src/lib/token.js';
import { addressOfDid, didOfAddress, didOfPublicKey, formatNameDid, methodOfDid, parseNameDid } from '../../src/profiles/did.js';
import * as person from '../../src/profiles/person.js';
import { openProfile, openProfileToken, signProfile } from '../../src/profiles/profile.js';
import { parseVectors } from './suite.js';
import type { Case, Suite } from './suite.js';

const clock = { now: () => Date.parse('2021-01-15T12:00:00Z') };
const ours = (error: unknown): boolean => error instanceof Error && error.name === 'NamesteadError';

interface ProfileTokenCase {
  readonly peer: string;
  readonly privateKey: string;
  readonly publicKey: string;
  readonly btcAddress: string;
  readonly stxAddress: string;
  readonly token: string;
  readonly decoded: { readonly payload: { jti: string; iat: string; exp: string; claim: object } };
  readonly profileJson: string;
}

const profileToken: Suite = (file) =>
  parseVectors<{ cases: readonly ProfileTokenCase[] }>(file).cases.map((vector, i): Case => ({
    title: `profile ${i}, ${vector.peer}`,
    check: async () => {
      for (const owner of [vector.btcAddress, vector.stxAddress]) {
        const opened = openProfile(vector.profileJson, owner, { clock });
        assert.deepEqual(opened, openProfileToken(vector.token, owner, { clock }));
        assert.deepEqual(opened.claim, vector.decoded.payload.claim);
        assert.equal(toHex(opened.issuer), vector.publicKey);
      }
      const { jti, iat, exp, claim } = vector.decoded.payload;
      const signer = signerOf(parsePrivateKey(vector.privateKey));
      const own = await signProfile(claim, signer, { clock: { now: () => Date.parse(iat) }, expiresAt: Date.parse(exp), id: jti });
      assert.equal(own, vector.profileJson);
      assert.equal(await signToken(parseToken(vector.token).payload, signer), vector.token);
    },
  }));

interface AtlasTokenCase {
  readonly description: string;
  readonly token: string;
  readonly verifier: string;
  readonly results: Readonly<Record<string, string>>;
  readonly recommended?: string;
  readonly issuer_public_key?: string;
  readonly addresses?: { readonly stx_from_uncompressed?: string };
}

/** Where the file does not recommend: accept what any peer accepts, and, as its notes ask, the c32 form of an uncompressed key. */
function expectation({ recommended, results, verifier, addresses }: AtlasTokenCase): 'accept' | 'refuse' | 'either' {
  if (recommended?.startsWith('accept or reject')) return 'either';
  if (recommended !== undefined) return recommended.startsWith('accept') ? 'accept' : 'refuse';
  return Object.values(results).includes('ok') || verifier === addresses?.stx_from_uncompressed ? 'accept' : 'refuse';
}

const atlasTokens: Suite = (file) =>
  parseVectors<{ cases: readonly AtlasTokenCase[] }>(file).cases.map((vector): Case => ({
    title: vector.description,
    check: () => {
      const open = () => openProfileToken(vector.token, vector.verifier, { clock });
      const expected = expectation(vector);
      if (expected === 'refuse') assert.throws(open, ours);
      if (expected !== 'accept') return;
      const opened = open();
      assert.deepEqual(opened.claim, parseToken(vector.token).payload.claim);
      if (vector.issuer_public_key !== undefined) assert.equal(toHex(opened.issuer), vector.issuer_public_key);
      if (vector.recommended?.includes('expired')) assert.ok(opened.expired);
    },
  }));

interface PersonCase {
  readonly kind: 'person_accessors' | 'legacy_convert';
  readonly source_file?: string;
  readonly profile: person.Claim;
  readonly expected: Readonly<Record<string, unknown>>;
}

const accessors: Readonly<Record<string, (claim: person.Claim) => unknown>> = {
  name: person.nameOf,
  givenName: person.givenNameOf,
  familyName: person.familyNameOf,
  description: person.descriptionOf,
  avatarUrl: person.avatarUrlOf,
  // No verification is given, so no account counts as verified.
  verifiedAccounts: () => [],
  address: person.addressLineOf,
  birthDate: person.birthDateOf,
  connections: person.connectionsOf,
  organizations: person.organizationsOf,
};

const persons: Suite = (file) =>
  parseVectors<{ cases: readonly PersonCase[] }>(file).cases.map((vector, i): Case => ({
    title: `${vector.kind} ${vector.source_file ?? i}`,
    check: () => {
      const legacy = vector.kind === 'legacy_convert';
      if (legacy) assert.deepEqual(person.personOfLegacy(vector.profile), vector.expected);
      for (const [name, value] of legacy ? [] : Object.entries(vector.expected)) assert.deepEqual(accessors[name]?.(vector.profile), value, name);
    },
  }));

type Outcome<T> = { readonly ok: T } | { readonly error: string };
type DidCase = { readonly description?: string } & (
  | { readonly kind: 'make'; readonly address: string; readonly index: number; readonly name_type: 'name'; readonly expected: Outcome<string> }
  | { readonly kind: 'parse'; readonly did: string; readonly expected: Outcome<{ index: number; name_type: string; address: string }> }
  | { readonly kind: 'address_version'; readonly expected: string; readonly version: number; readonly hash160: string }
  | { readonly kind: 'js_did'; readonly did: string; readonly results: Readonly<Record<string, { type: string; address: string }>> }
  | { readonly kind: 'js_make'; readonly address: string; readonly expected: string }
  | { readonly kind: 'js_make_pub'; readonly publicKey: string; readonly expected: string }
);

function checkMade({ name_type: kind, address, index, expected }: Extract<DidCase, { kind: 'make' }>): void {
  const make = () => formatNameDid({ kind, address, index });
  if ('ok' in expected) assert.equal(make(), expected.ok);
  else assert.throws(make);
}

/** The reference takes leading zeros and a line feed at the end; the specification asks a client to refuse both. */
function checkParsed({ did, expected }: Extract<DidCase, { kind: 'parse' }>): void {
  if ('ok' in expected && !/-0\d|\s/.test(did)) {
    const { index, name_type: kind, address } = expected.ok;
    assert.deepEqual(parseNameDid(did), { kind, address, index });
  } else assert.throws(() => parseNameDid(did), ours);
}

function checkToken({ did, results }: Extract<DidCase, { kind: 'js_did' }>): void {
  const [result] = Object.values(results);
  if (result === undefined || result.type.startsWith('error')) assert.throws(() => methodOfDid(did), ours);
  else assert.deepEqual({ type: methodOfDid(did), address: addressOfDid(did) }, result);
}

function checkVersion({ version, hash160, expected }: Extract<DidCase, { kind: 'address_version' }>): void {
  assert.equal(formatAddress(version, fromHex(hash160)), expected);
  assert.equal(toHex(parseAddress(expected).hash), hash160);
  assert.equal(parseNameDid(`did:stack:v0:${expected}-0`).index, 0);
}

function checkDid(vector: DidCase): void {
  if (vector.kind === 'make') checkMade(vector);
  else if (vector.kind === 'parse') checkParsed(vector);
  else if (vector.kind === 'js_did') checkToken(vector);
  else if (vector.kind === 'address_version') checkVersion(vector);
  else if (vector.kind === 'js_make') assert.equal(didOfAddress(vector.address), vector.expected);
  else assert.equal(didOfPublicKey(vector.publicKey), vector.expected);
}

const dids: Suite = (file) =>
  parseVectors<{ cases: readonly DidCase[] }>(file).cases.map((vector, i): Case => ({
    title: `${vector.kind} ${vector.description ?? i}`,
    check: () => {
      checkDid(vector);
    },
  }));

export const profileSuites: Readonly<Record<string, Suite>> = {
  'auth-gaia/profile-token.json': profileToken,
  'atlas/profile-tokens.json': atlasTokens,
  'atlas/person.json': persons,
  'atlas/dids.json': dids,
};
