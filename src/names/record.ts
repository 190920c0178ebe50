import type { Hash160 } from '../lib/address.js';

/** What a chain says of a name. Only proved fields stand here. */
export interface NameRecord {
  /** Fully qualified, e.g. `alice.id`. */
  readonly name: string;
  /** Who owns it: base58check with version 0 or 5, as BNS commits it. */
  readonly owner: string;
  /** RIPEMD-160(SHA-256(zone file)), or null when the name points to none. */
  readonly zoneFileHash: Hash160 | null;
  /** The height of the operation that made this record so. */
  readonly height: number;
  /** The id of that operation's transaction, display hex. */
  readonly txid: string;
  /** The first height at which the name is no longer this owner's, grace included; null: never. */
  readonly expiresAt: number | null;
  readonly chain: 'bitcoin' | 'stacks';
}
