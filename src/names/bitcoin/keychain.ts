import { addressOf } from '../../lib/address.js';
import { concat } from '../../lib/bytes.js';
import { hmacSha512 } from '../../lib/hash.js';
import { parsePublicKey, tweakPublic, type PublicKey } from '../../lib/key.js';

/** Keys beside the revealer's own that may import names; BNS (b.5). */
export const KEYCHAIN_SIZE = 300;

/** A child of the keychain that a namespace's imports may use: BIP 32 public derivation with a chain code of zeros; BNS (b.5). */
export function importKey(revealer: PublicKey, index: number): PublicKey {
  const number = new Uint8Array(4);
  new DataView(number.buffer).setUint32(0, index);
  return tweakPublic(revealer, hmacSha512(new Uint8Array(32), concat(revealer, number)).subarray(0, 32));
}

/** Every address that may import into a namespace: the revealer's and those of 300 children; BNS (b.5). */
export function importAddresses(revealerKey: string, revealerAddress: string): ReadonlySet<string> {
  const revealer = parsePublicKey(revealerKey);
  return new Set([revealerAddress, ...Array.from({ length: KEYCHAIN_SIZE }, (_, index) => addressOf(importKey(revealer, index)))]);
}
