import { concat, fromUtf8, toHex } from '../../lib/bytes.js';
import { hash128, hash160 } from '../../lib/hash.js';
import { encodeBase40, isBase40 } from './base40.js';

export { encodeBase40 } from './base40.js';

/**
 * What a preorder shows of a name or namespace, 40 hex digits; BNS (a.2). `senderScript` is the script that the preorder's first
 * input spends, `address` the base58check address (version 0 or 5) that the registration or the reveal will name.
 * There is no salt: who guesses name, sender and address knows the hash.
 * @throws NamesteadError `NameInvalid`
 * @example preorderHash('alice.id', scriptOfAddress(payer), owner)
 */
export function preorderHash(nameOrNamespace: string, senderScript: Uint8Array, address: string): string {
  return toHex(hash160(concat(encodeBase40(nameOrNamespace), senderScript, fromUtf8(address))));
}

/** How a transfer names a name, 32 hex digits; BNS (a.2). */
export function nameHash128(name: string): string {
  return toHex(hash128(fromUtf8(name)));
}

/** How an update names a name, 32 hex digits. The consensus hash goes in as 32 hex characters, not as 16 bytes; BNS (a.2). */
export function nameConsensusHash(name: string, consensusHash: string): string {
  return toHex(hash128(fromUtf8(name + consensusHash.toLowerCase())));
}

/** Whether a text has a preorder hash; one that a decoder lets pass may still hold a line feed, and then has none. */
export function encodable(text: string): boolean {
  return isBase40(text) && !text.endsWith('\n');
}
