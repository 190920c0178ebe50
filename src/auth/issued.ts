import { formatAddress } from '../lib/address.js';
import { fromHex } from '../lib/bytes.js';
import type { Clock } from '../lib/clock.js';
import { NamesteadError } from '../lib/errors.js';
import type { ErrorCode } from '../lib/errors.js';
import { hash160 } from '../lib/hash.js';
import { parsePublicKey } from '../lib/key.js';
import type { PublicKey } from '../lib/key.js';
import { parseToken } from '../lib/token.js';
import { verifyToken } from '../lib/tokenVerifier.js';
import { addressOfDid } from '../profiles/did.js';

/** Clocks of two machines differ; a token from further ahead is refused. Seconds. */
const SKEW = 60;

/** A sign-in token whose signature, issuer and times hold. */
export interface Issued {
  readonly payload: Readonly<Record<string, unknown>>;
  readonly publicKey: PublicKey;
  /** base58, version 0, of the key as the token writes it. */
  readonly address: string;
}

export interface IssuedOptions {
  readonly clock: Pick<Clock, 'now'>;
  /** The code of its errors. */
  readonly code: ErrorCode;
  /** What the token is called in messages. */
  readonly what: string;
  /** Whether a token without `exp` is refused; peers let it pass for ever. */
  readonly expires: boolean;
}

/**
 * The checks that requests and responses share: one key in `public_keys`, signed by it, `iss` the DID of its address, `iat` not ahead
 * and `exp` not behind.
 *
 * @throws NamesteadError the given code, `TokenInvalid`, `TokenExpired`
 */
export function verifyIssued(text: string, { clock, code, what, expires }: IssuedOptions): Issued {
  const { payload } = parseToken(text);
  const fail = (why: string): NamesteadError => new NamesteadError(code, `${what} ${why}`);
  const keys: unknown = payload.public_keys;
  const key: unknown = Array.isArray(keys) && keys.length === 1 ? keys[0] : undefined;
  if (typeof key !== 'string') throw fail('does not name exactly one public key');
  const publicKey = parseKey(key, fail);
  if (!verifyToken(text, publicKey)) throw fail('is not signed by the key it names');
  const address = formatAddress(0, hash160(fromHex(key)));
  if (issuerAddress(payload.iss) !== address) throw fail('names another issuer than its key');
  checkTimes(payload, clock.now() / 1000, expires, what, fail);
  return { payload, publicKey, address };
}

function parseKey(key: string, fail: (why: string) => NamesteadError): PublicKey {
  try {
    return parsePublicKey(key);
  } catch {
    throw fail('names a public key that is no point of secp256k1');
  }
}

function issuerAddress(iss: unknown): string | null {
  try {
    return typeof iss === 'string' ? addressOfDid(iss) : null;
  } catch {
    return null;
  }
}

/** Seconds. Absent, null and zero times say nothing; any other than a number is refused. */
function checkTimes({ iat, exp }: Readonly<Record<string, unknown>>, now: number, expires: boolean, what: string, fail: (why: string) => NamesteadError): void {
  if (iat && typeof iat !== 'number') throw fail('has an iat that is no number');
  if (exp && typeof exp !== 'number') throw fail('has an exp that is no number');
  if (typeof iat === 'number' && iat - now >= SKEW) throw fail('was issued in the future: one of the two clocks is wrong');
  if (expires && !exp) throw fail('never expires');
  if (typeof exp === 'number' && exp !== 0 && exp < now) throw new NamesteadError('TokenExpired', `${what} has expired: ask again`);
}
