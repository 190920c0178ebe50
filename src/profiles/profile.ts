import { toHex, toUtf8 } from '../lib/bytes.js';
import type { Clock } from '../lib/clock.js';
import { NamesteadError } from '../lib/errors.js';
import { parseBounded } from '../lib/json.js';
import { parsePublicKey } from '../lib/key.js';
import type { PublicKey, Signer } from '../lib/key.js';
import { isFields } from '../lib/shape.js';
import { parseToken, signToken, uuid } from '../lib/token.js';
import { verifyToken } from '../lib/tokenVerifier.js';
import { isKeyOf, ownerHash } from './owner.js';

/** The most bytes of a profile file. */
export const PROFILE_LIMIT = 1 << 18;

/** What an owner says of himself, opened against his address. */
export interface Profile {
  /** The signed content: a schema.org Person or such, with `apps: {origin: bucket URL}`. Its members are unchecked. */
  readonly claim: Readonly<Record<string, unknown>>;
  readonly issuer: PublicKey;
  /** Whom the token is about, as it says; nothing follows from it. */
  readonly subject: string | null;
  /** Milliseconds since 1970; null where the token does not tell. */
  readonly issuedAt: number | null;
  readonly expiresAt: number | null;
  /** Most profiles in the world are: no reader ever refused one for it. */
  readonly expired: boolean;
  readonly token: string;
}

export interface ProfileOptions {
  /** For the times in the token. */
  readonly clock: Pick<Clock, 'now'>;
}

export interface SignProfileOptions extends ProfileOptions {
  /** Milliseconds since 1970. Default: one year from now. */
  readonly expiresAt?: number;
  /** The token's `jti`. Default: a random UUID. */
  readonly id?: string;
}

/**
 * Signs a profile and gives the text of its file, `profile.json`: a list of one token beside its decoded form.
 *
 * @example
 * const file = await signProfile({ '@type': 'Person', name: 'Alice', apps: {} }, identity.signer, { clock });
 */
export async function signProfile(claim: object, signer: Signer, options: SignProfileOptions): Promise<string> {
  const now = new Date(options.clock.now());
  const expires = options.expiresAt === undefined ? new Date(new Date(now).setUTCFullYear(now.getUTCFullYear() + 1)) : new Date(options.expiresAt);
  const publicKey = toHex(signer.publicKey);
  const payload = {
    jti: options.id ?? uuid(),
    iat: now.toISOString(),
    exp: expires.toISOString(),
    subject: { publicKey },
    issuer: { publicKey },
    claim,
  };
  const token = await signToken(payload, signer);
  const { header, payload: decoded } = parseToken(token);
  const decodedToken = { header, payload: decoded, signature: token.slice(token.lastIndexOf('.') + 1) };
  return JSON.stringify([{ token, decodedToken }], null, 2);
}

/**
 * Opens a profile file against the address of its owner. Only `token` counts: `decodedToken` beside it is unsigned. A bare token is
 * read too.
 *
 * @param owner base58 (version 0, 111) or c32 (22, 26)
 * @throws NamesteadError `ProfileMismatch` when another key signed it, `ProfileUnverifiable` for the address of a script,
 * `TokenInvalid` for a forged or malformed token, `TooLarge`
 */
export function openProfile(file: string | Uint8Array, owner: string, options: ProfileOptions): Profile {
  if (file.length > PROFILE_LIMIT) throw new NamesteadError('TooLarge', `the profile has more than ${PROFILE_LIMIT} bytes`);
  return openProfileToken(tokenOfFile(typeof file === 'string' ? file : toUtf8(file)), owner, options);
}

/** As {@link openProfile}, for the token alone. */
export function openProfileToken(text: string, owner: string, { clock }: ProfileOptions): Profile {
  const hash = ownerHash(owner);
  const { payload } = parseToken(text);
  const issuer = parseIssuer(publicKeyMember(payload.issuer));
  if (!isFields(payload.claim)) throw new NamesteadError('TokenInvalid', 'the profile token has no claim');
  if (!isKeyOf(issuer, hash)) throw new NamesteadError('ProfileMismatch', `the profile is signed by another key than that of ${owner}`);
  if (!verifyToken(text, issuer)) throw new NamesteadError('TokenInvalid', 'the signature of the profile token does not hold');
  const expiresAt = timeOf(payload.exp ?? payload.expiresAt);
  return {
    claim: payload.claim,
    issuer,
    subject: publicKeyMember(payload.subject),
    issuedAt: timeOf(payload.iat ?? payload.issuedAt),
    expiresAt,
    expired: expiresAt !== null && expiresAt <= clock.now(),
    token: text,
  };
}

function tokenOfFile(text: string): string {
  const trimmed = text.trim();
  if (/^[\w.-]+$/.test(trimmed)) return trimmed;
  const list = parseList(trimmed);
  const first: unknown = Array.isArray(list) ? list[0] : undefined;
  const token = isFields(first) ? first.token : undefined;
  if (typeof token !== 'string') throw new NamesteadError('TokenInvalid', 'a profile file is a list that begins with {token}');
  return token;
}

function parseList(text: string): unknown {
  try {
    return parseBounded(text);
  } catch (cause) {
    throw new NamesteadError('TokenInvalid', 'the profile file is not JSON', { cause });
  }
}

function parseIssuer(key: string | null): PublicKey {
  if (key === null) throw new NamesteadError('TokenInvalid', 'the profile token has no issuer');
  try {
    return parsePublicKey(key);
  } catch (cause) {
    throw new NamesteadError('TokenInvalid', 'the issuer of the profile token is no public key', { cause });
  }
}

function publicKeyMember(value: unknown): string | null {
  return isFields(value) && typeof value.publicKey === 'string' ? value.publicKey : null;
}

/** ISO text as profiles have it, or seconds as other tokens. */
function timeOf(value: unknown): number | null {
  const time = typeof value === 'number' ? value * 1000 : typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isFinite(time) ? time : null;
}
