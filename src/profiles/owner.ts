import { parseAddress } from '../lib/address.js';
import { equal } from '../lib/bytes.js';
import { parseC32Address } from '../lib/c32.js';
import { NamesteadError } from '../lib/errors.js';
import { hash160 } from '../lib/hash.js';
import { parsePublicKey, uncompressed } from '../lib/key.js';
import type { PublicKey } from '../lib/key.js';

const ONE_KEY = [0, 111];
const ONE_KEY_C32 = [22, 26];
const SCRIPT = [5, 196];
const SCRIPT_C32 = [20, 21];

/**
 * The hash160 that a key must have to speak for an owner: base58 of version 0 or 111, c32 of version 22 or 26, or the public key itself.
 *
 * @throws NamesteadError `ProfileUnverifiable` for scripts and several signers, which have no defined proof; `AddressInvalid`
 */
export function ownerHash(owner: string): Uint8Array {
  if (/^(?:[0-9a-f]{66}|[0-9a-f]{130})$/i.test(owner)) return hash160(parsePublicKey(owner));
  const c32 = owner.startsWith('S') && owner.length < 42;
  const { version, hash } = c32 ? parseC32Address(owner) : parseAddress(owner);
  if ((c32 ? ONE_KEY_C32 : ONE_KEY).includes(version)) return hash;
  if ((c32 ? SCRIPT_C32 : SCRIPT).includes(version)) {
    throw new NamesteadError('ProfileUnverifiable', `${owner} is the address of a script: no key alone can sign for it`);
  }
  throw new NamesteadError('AddressInvalid', `${JSON.stringify(owner)} has version ${version}, which no owner has`);
}

/** True when a key hashes to the owner's address in its compressed or its uncompressed form; both are in use. */
export function isKeyOf(publicKey: PublicKey, hash: Uint8Array): boolean {
  return equal(hash160(publicKey), hash) || equal(hash160(uncompressed(publicKey)), hash);
}
