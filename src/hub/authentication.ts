import { addressOf } from '../lib/address.js';
import { fromBase64, fromHex, fromUtf8, toUtf8 } from '../lib/bytes.js';
import { sha256 } from '../lib/hash.js';
import { fromDer, parsePublicKey, verifySignature } from '../lib/key.js';
import type { PublicKey } from '../lib/key.js';
import { wordOf } from '../lib/shape.js';
import { parseToken } from '../lib/token.js';
import type { Token } from '../lib/token.js';
import { verifyToken } from '../lib/tokenVerifier.js';
import { fault } from './fault.js';
import type { Fault } from './fault.js';
import { parseScopes } from './scope.js';
import type { Scope } from './scope.js';

/** What a token is held against. Times in seconds since 1970. */
export interface Gate {
  readonly serverName: string;
  /** The bucket that is asked for. */
  readonly address: string;
  readonly now: number;
  /** Tokens issued before this are revoked; 0 when none are. */
  readonly oldest: number;
  /** Null: any `hubUrl` passes. */
  readonly hubUrls: readonly string[] | null;
}

export interface Authority {
  /** Whom a whitelist is asked about: the identity that vouches for the bucket's key, else the bucket itself. */
  readonly signer: string;
  readonly scopes: readonly Scope[];
}

type Credential =
  | { readonly kind: 'v1'; readonly token: Token; readonly key: PublicKey; readonly scopes: readonly Scope[] }
  | { readonly kind: 'legacy'; readonly key: PublicKey; readonly signature: Uint8Array };

/** What a client signs to show that it holds a bucket's key. */
export function challengeText(serverName: string, year = '0'): string {
  return JSON.stringify(['gaiahub', year, serverName, 'blockstack_storage_please_sign']);
}

/**
 * Checks an `Authorization` header: that it is a token, not revoked, by the bucket's key, for this hub, in time, and that an association
 * token in it holds.
 *
 * @throws Fault ValidationError, AuthTokenTimestampValidationError
 */
export function authenticate(header: string | undefined, gate: Gate): Authority {
  const credential = parseCredential(header);
  if (credential === null) throw invalid('Failed to parse authentication header.');
  const payload: Token['payload'] = credential.kind === 'v1' ? credential.token.payload : {};
  requireIssuedSince(payload.iat, gate.oldest);
  if (addressOf(credential.key) !== gate.address) throw invalid('Address not allowed to write on this path');
  const challenges = ['0', '2018', '2019'].map((year) => challengeText(gate.serverName, year));
  if (credential.kind === 'legacy') {
    if (!challenges.some((text) => verifySignature(credential.signature, sha256(fromUtf8(text)), credential.key))) {
      throw invalid('Invalid signature or expired authentication token.');
    }
    return { signer: gate.address, scopes: [] };
  }
  if (gate.hubUrls !== null) requireHubUrl(payload.hubUrl, gate.hubUrls);
  if (!verifyToken(credential.token.text, credential.key)) throw invalid('Failed to verify supplied authentication JWT');
  const { gaiaChallenge, exp, associationToken } = payload;
  if (!challenges.some((text) => text === gaiaChallenge)) {
    throw invalid(`Invalid gaiaChallenge text in supplied JWT: "${wordOf(gaiaChallenge)}" not found in ${JSON.stringify(challenges)}`);
  }
  if (isPresent(exp) && !isAfter(exp, gate.now)) throw invalid(`Expired authentication token: expire time of ${wordOf(exp)} (secs since epoch)`);
  const signer = isPresent(associationToken) ? openAssociation(associationToken, gate) : gate.address;
  return { signer, scopes: credential.scopes };
}

/** Whatever is wrong with the form of a header has one answer, here null. */
function parseCredential(header: string | undefined): Credential | null {
  try {
    if (!header?.toLowerCase().startsWith('bearer')) return null;
    const value = header.slice('bearer '.length);
    if (!value.includes(':')) return parseLegacy(value);
    if (!value.startsWith('v1:')) return null;
    const token = parseToken(value.slice('v1:'.length));
    const scopes = parseScopes(token.payload.scopes);
    return scopes && { kind: 'v1', token, key: parseKey(token.payload.iss), scopes };
  } catch {
    return null;
  }
}

function parseLegacy(value: string): Credential {
  const { publickey, signature } = JSON.parse(toUtf8(fromBase64(value))) as Record<string, unknown>;
  return { kind: 'legacy', key: parseKey(publickey), signature: fromDer(fromHex(String(signature))) };
}

/** Old tokens of the first kind carry no date: one revocation ends them. */
function requireIssuedSince(iat: unknown, oldest: number): void {
  if (oldest === 0) return;
  const after = `Gaia bucket requires auth token issued after ${oldest} but this token`;
  const maybe = 'This token may have been revoked by the user.';
  if (typeof iat !== 'number' || iat === 0) throw fault('AuthTokenTimestampValidationError', `${after} has no creation timestamp. ${maybe}`);
  if (iat < oldest) throw fault('AuthTokenTimestampValidationError', `${after} was issued ${iat}. ${maybe}`);
}

function requireHubUrl(claimed: unknown, valid: readonly string[]): void {
  if (typeof claimed !== 'string') throw invalid('Authentication must provide a claimed hub. You may need to update blockstack.js.');
  const bare = claimed.endsWith('/') ? claimed.slice(0, -1) : claimed;
  if (!valid.includes(bare)) throw invalid(`Auth token's claimed hub url '${bare}' not found in this hubs set: ${JSON.stringify(valid)}`);
}

/** The address of the identity that lets the bucket's key act for it. */
function openAssociation(text: unknown, gate: Gate): string {
  const token = parseOr(() => parseToken(text), 'Failed to decode association token in JWT');
  const { iss, childToAssociate, exp } = token.payload;
  for (const [claim, value] of Object.entries({ iss, childToAssociate, exp })) {
    if (!isPresent(value)) throw invalid(`Must provide \`${claim}\` claim in association JWT.`);
  }
  const issuer = parseOr(() => parseKey(iss), 'Failed to verify association JWT: invalid issuer');
  if (!verifyToken(token.text, issuer)) throw invalid('Failed to verify association JWT: invalid issuer');
  if (!isAfter(exp, gate.now)) throw invalid(`Expired association token: expire time of ${wordOf(exp)} (secs since epoch)`);
  const mismatch = `Association token child key ${wordOf(childToAssociate)} does not match ${gate.address}`;
  if (addressOf(parseOr(() => parseKey(childToAssociate), mismatch)) !== gate.address) throw invalid(mismatch);
  return addressOf(issuer);
}

function parseKey(value: unknown): PublicKey {
  if (typeof value !== 'string') throw new TypeError('a public key is hex');
  return parsePublicKey(value);
}

function parseOr<T>(parse: () => T, message: string): T {
  try {
    return parse();
  } catch {
    throw invalid(message);
  }
}

function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null && value !== 0 && value !== '';
}

function isAfter(exp: unknown, now: number): boolean {
  return typeof exp === 'number' && exp >= now;
}

function invalid(message: string): Fault {
  return fault('ValidationError', message);
}
