import { addressOf, formatAddress } from '../../lib/address.js';
import { concat, fromHex } from '../../lib/bytes.js';
import { hash160, hmacSha512 } from '../../lib/hash.js';
import { parsePublicKey, tweakPublic, type PublicKey } from '../../lib/key.js';

/** Keys beside the revealer's own that may import names; BNS (b.5). */
const KEYCHAIN_SIZE = 300;

/** A child of the keychain that a namespace's imports may use: BIP 32 public derivation with a chain code of zeros; BNS (b.5). */
export function importKey(revealer: PublicKey, index: number): PublicKey {
  const number = new Uint8Array(4);
  new DataView(number.buffer).setUint32(0, index);
  return tweakPublic(revealer, hmacSha512(new Uint8Array(32), concat(revealer, number)).subarray(0, 32));
}

/** The addresses that may import into a namespace: the revealer's and those of 300 children; BNS (b.5). */
export interface ImportKeychain {
  has(address: string): boolean;
  addresses(): ReadonlySet<string>;
}

/** `revealerKey`, hex, as the first import showed it. Children are derived as far as they are asked for: each costs a point. */
export function importKeychain(revealerKey: string): ImportKeychain {
  const revealer = parsePublicKey(revealerKey);
  const known = new Set([formatAddress(0, hash160(fromHex(revealerKey)))]);
  let next = 0;
  const derive = (): void => void known.add(addressOf(importKey(revealer, next++)));
  return {
    has: (address) => {
      while (!known.has(address) && next < KEYCHAIN_SIZE) derive();
      return known.has(address);
    },
    addresses: () => {
      while (next < KEYCHAIN_SIZE) derive();
      return known;
    },
  };
}
