import { fromHex, fromUtf8, toHex, toUtf8 } from '../../lib/bytes.js';
import { asCount, asFields, asHex } from '../../lib/shape.js';

/** Where a watch by filters ended: what it need not do again. As trustworthy as the place that it is kept in. */
export interface FilterPosition {
  readonly height: number;
  /** Of the block there, display hex. */
  readonly hash: string;
  /** Of its filter; 32 bytes, wire order. */
  readonly header: Uint8Array;
  /** The last accepted operation on the name: its height, and its txid in display hex. */
  readonly last: { readonly height: number; readonly txid: string };
}

/** Where positions are kept, by name; about 300 bytes each. */
export interface FilterStore {
  load(name: string): Promise<Uint8Array | null>;
  save(name: string, bytes: Uint8Array): Promise<void>;
}

const MOST_BYTES = 1000;

export function encodePosition({ height, hash, header, last }: FilterPosition): Uint8Array {
  return fromUtf8(JSON.stringify({ version: 1, height, hash, filterHeader: toHex(header), last: { height: last.height, txid: last.txid } }));
}

/** Null for what is no position: all it saves is work, so the watch begins anew. */
export function decodePosition(bytes: Uint8Array): FilterPosition | null {
  if (bytes.length > MOST_BYTES) return null;
  try {
    const fields = asFields(JSON.parse(toUtf8(bytes)), 'a position');
    const last = asFields(fields['last'], 'last');
    if (fields['version'] !== 1) return null;
    return {
      height: asCount(fields['height'], 'height'),
      hash: asHex(fields['hash'], 'hash', 32),
      header: fromHex(asHex(fields['filterHeader'], 'filterHeader', 32)),
      last: { height: asCount(last['height'], 'height'), txid: asHex(last['txid'], 'txid', 32) },
    };
  } catch {
    return null;
  }
}
