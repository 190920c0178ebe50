import assert from 'node:assert/strict';
import { toHex } from '../../src/lib/bytes.js';
import { keyAgreementOf, parsePrivateKey, signerOf } from '../../src/lib/key.js';
import { parseToken } from '../../src/lib/token.js';
import { makeAuthRequest, verifyAuthRequest } from '../../src/auth/request.js';
import type { Scope } from '../../src/auth/request.js';
import { makeAuthResponse, openAuthResponse, verifyAuthResponse } from '../../src/auth/response.js';
import type { SignedIn } from '../../src/auth/response.js';
import { formatSession, memorySession, session } from '../../src/auth/session.js';
import { parseVectors } from './suite.js';
import type { Case, Suite } from './suite.js';

const ours = (error: unknown): boolean => error instanceof Error && error.name === 'NamesteadError';

interface Expecting {
  readonly expect?: string;
  readonly recommended?: string;
}

type Results = Readonly<Record<string, { readonly ok?: unknown; readonly error?: string; readonly falseReturned?: unknown }>>;

interface RequestCase extends Expecting {
  readonly name: string;
  readonly peer: string;
  readonly transitPrivateKey: string;
  readonly appDomain?: string;
  readonly redirectURI?: string;
  readonly manifestURI?: string;
  readonly scopes?: readonly Scope[];
  readonly extraParams?: Readonly<Record<string, unknown>>;
  readonly expiresAtMs?: number;
  readonly token: string;
  readonly decoded?: { readonly payload: { readonly jti: string; readonly version: string; readonly iat: number } };
  readonly verify: Results;
}

/** `expect`, else `recommended`, else what all peers agree on; where they differ the specification decides. */
function isAccepted({ expect, recommended }: Expecting, results: Results, specification: boolean): boolean | null {
  const said = expect ?? recommended;
  if (said?.startsWith('either')) return null;
  if (said !== undefined) return said.startsWith('accept');
  const peers = Object.values(results).map(({ ok }) => Boolean(ok));
  return peers.every((ok) => ok === peers[0]) ? (peers[0] ?? specification) : specification;
}

const requests: Suite = (file) => {
  const { clockMs, cases } = parseVectors<{ clockMs: number; cases: readonly RequestCase[] }>(file);
  const clock = { now: () => clockMs };
  return cases.map((vector): Case => ({
    title: `${vector.name}, ${vector.peer}`,
    check: async () => {
      const accepted = isAccepted(vector, vector.verify, true);
      if (accepted === true) assert.equal(verifyAuthRequest(vector.token, { clock }).payload.jti, parseToken(vector.token).payload.jti);
      if (accepted === false) assert.throws(() => verifyAuthRequest(vector.token, { clock }), ours);
      if (vector.decoded === undefined || vector.appDomain === undefined) return;
      const { jti, version, iat } = vector.decoded.payload;
      const fields = {
        domain: vector.appDomain,
        ...(vector.redirectURI === undefined ? {} : { redirectUri: vector.redirectURI }),
        ...(vector.manifestURI === undefined ? {} : { manifestUri: vector.manifestURI }),
        ...(vector.scopes === undefined ? {} : { scopes: vector.scopes }),
        ...(vector.extraParams === undefined ? {} : { extra: vector.extraParams }),
        ...(vector.expiresAtMs === undefined ? {} : { expiresAt: vector.expiresAtMs }),
        version,
        id: jti,
      };
      const transit = signerOf(parsePrivateKey(vector.transitPrivateKey));
      assert.equal(await makeAuthRequest(fields, transit, { clock: { now: () => iat * 1000 } }), vector.token);
    },
  }));
};

interface ResponseCase extends Expecting {
  readonly name: string;
  readonly peer: string;
  readonly token: string;
  readonly transitPrivateKey?: string | null;
  readonly identityPrivateKey?: string;
  readonly appPrivateKey?: string | null;
  readonly coreToken?: string | null;
  readonly username?: string | null;
  readonly verify: Results;
}

interface UserResult {
  readonly appPrivateKey: string | null;
  readonly identityAddress: string;
  readonly decentralizedID: string;
  readonly hubUrl: string;
  readonly email: string | null;
  readonly profile: unknown;
}

interface SignInCase extends Expecting {
  readonly name: string;
  readonly token: string;
  readonly transitPrivateKey?: string;
  readonly results: Readonly<Record<string, { readonly ok?: UserResult; readonly error?: string }>>;
}

interface ResponseFile {
  readonly clockMs: number;
  readonly nameLookup?: Readonly<Record<string, string>>;
  readonly cases?: readonly ResponseCase[];
  readonly handlePendingSignIn?: readonly SignInCase[];
}

const responses: Suite = (file) => {
  const { clockMs, nameLookup = {}, cases = [], handlePendingSignIn = [] } = parseVectors<ResponseFile>(file);
  const clock = { now: () => clockMs };
  const ownerOf = (name: string) => Promise.resolve(Object.hasOwn(nameLookup, name) ? (nameLookup[name] ?? null) : null);
  const options = { clock, ownerOf };
  return [
    ...cases.map((vector): Case => ({ title: `${vector.name}, ${vector.peer}`, check: () => checkResponse(vector, options) })),
    ...handlePendingSignIn.map((vector): Case => ({ title: vector.name, check: () => checkSignIn(vector, options) })),
  ];
};

interface Options {
  readonly clock: { readonly now: () => number };
  readonly ownerOf: (name: string) => Promise<string | null>;
}

async function checkResponse(vector: ResponseCase, options: Options): Promise<void> {
  // Where peers differ it is on the name: newer ones do not ask whose it is.
  const accepted = isAccepted(vector, vector.verify, false);
  if (accepted === null) return;
  if (!accepted) return assert.rejects(() => verifyAuthResponse(vector.token, options), ours);
  const verified = await verifyAuthResponse(vector.token, options);
  assert.equal(verified.username, parseToken(vector.token).payload.username ?? null);
  if (!vector.transitPrivateKey) return;
  const opened = await openAuthResponse(vector.token, keyAgreementOf(parsePrivateKey(vector.transitPrivateKey)), options);
  if (vector.appPrivateKey) assert.equal(toHex(opened.appKey()), vector.appPrivateKey);
  if (vector.coreToken) assert.equal(opened.coreToken(), vector.coreToken);
  await checkMade(vector, opened, options);
}

/** Ours has the members of the peers whose protocol it speaks, in their order. */
async function checkMade(vector: ResponseCase, opened: SignedIn, { clock, ownerOf }: Options): Promise<void> {
  const { payload } = parseToken(vector.token);
  if (vector.identityPrivateKey === undefined || payload.version !== '1.3.1' || !vector.transitPrivateKey) return;
  const transit = keyAgreementOf(parsePrivateKey(vector.transitPrivateKey));
  const { username, profile, email, profileUrl, hubUrl, associationToken } = opened;
  const fields = { appKey: opened.appKey(), username, profile, email, profileUrl, hubUrl, associationToken };
  const made = await makeAuthResponse(transit.publicKey, fields, signerOf(parsePrivateKey(vector.identityPrivateKey)), { clock });
  assert.deepEqual(Object.keys(parseToken(made).payload), Object.keys(payload));
  const again = await openAuthResponse(made, transit, { clock, ownerOf });
  assert.deepEqual([toHex(again.appKey()), again.address, again.hubUrl], [toHex(opened.appKey()), opened.address, hubUrl]);
}

const DOMAIN = 'https://example.com';

/** The whole way of an app: a session with a request under way takes the response. */
function signIn({ token, transitPrivateKey }: SignInCase, { clock, ownerOf }: Options, more: { plainKey?: boolean; requestedBy?: string } = {}) {
  const under = { kind: 'pending', transitKey: transitPrivateKey ?? '', domain: more.requestedBy ?? DOMAIN } as const;
  const store = memorySession(transitPrivateKey === undefined ? null : formatSession(under));
  return session({ domain: DOMAIN, store, clock, ownerOf, plainKey: more.plainKey }).finish(token);
}

async function checkSignIn(vector: SignInCase, options: Options): Promise<void> {
  const peers = Object.values(vector.results).flatMap(({ ok }) => (ok === undefined ? [] : [ok]));
  if ((vector.expect ?? vector.recommended)?.startsWith('caller decides')) return checkDecided(vector, options);
  const accepted = isAccepted(vector, vector.results, false);
  if (accepted === null) return;
  if (!accepted) return assert.rejects(() => signIn(vector, options), ours);
  const user = await signIn(vector, options);
  assert.match(user.appPrivateKey, /^[0-9a-f]{64}$/);
  // Peers that compare versions wrongly give the ciphertext for the key, and another hub.
  for (const peer of peers.filter(({ appPrivateKey }) => appPrivateKey?.length === 64)) {
    const { appPrivateKey, identityAddress, decentralizedID, hubUrl, email, profile } = user;
    const expected = {
      appPrivateKey: peer.appPrivateKey,
      identityAddress: peer.identityAddress,
      decentralizedID: peer.decentralizedID,
      hubUrl: peer.hubUrl,
      email: peer.email,
    };
    assert.deepEqual({ appPrivateKey, identityAddress, decentralizedID, hubUrl, email }, expected);
    assert.deepEqual(profile, peer.profile);
  }
}

/** Refused by default, taken when the caller says so: a key that is not sealed, or a request made for another origin. */
async function checkDecided(vector: SignInCase, options: Options): Promise<void> {
  const { private_key: key } = parseToken(vector.token).payload;
  if (typeof key === 'string' && key.length <= 66) {
    await assert.rejects(() => signIn(vector, options), ours);
    assert.equal((await signIn(vector, options, { plainKey: true })).appPrivateKey, key.slice(0, 64));
  } else {
    await assert.rejects(() => signIn(vector, options, { requestedBy: 'https://other.example' }), ours);
    assert.match((await signIn(vector, options)).appPrivateKey, /^[0-9a-f]{64}$/);
  }
}

export const signInSuites: Readonly<Record<string, Suite>> = {
  'auth-gaia/auth-request.json': requests,
  'auth-gaia/auth-response.json': responses,
};
