import { concat } from '../../lib/bytes.js';
import { hash256 } from '../../lib/hash.js';
import { compactSize } from '../../names/bitcoin/transaction.js';
import { le } from './sighash.js';
import { inner, type Block } from './tx.js';

/** BIP 37's partial merkle tree over the wanted transactions, behind the header: what `gettxoutproof` gives. */
export function merkleBlock(block: Block, wanted: ReadonlySet<string>): Uint8Array {
  const rows: { hash: Uint8Array; wanted: boolean }[][] = [block.transactions.map((tx) => ({ hash: inner(tx.txid), wanted: wanted.has(tx.txid) }))];
  for (let row = rows[0] ?? []; row.length > 1; rows.push(row)) {
    row = Array.from({ length: Math.ceil(row.length / 2) }, (_, i) => {
      const [left, right = left] = row.slice(2 * i, 2 * i + 2);
      if (!left || !right) throw new TypeError('a row ends early');
      return { hash: hash256(concat(left.hash, right.hash)), wanted: left.wanted || right.wanted };
    });
  }
  const bits: boolean[] = [];
  const hashes: Uint8Array[] = [];
  const walk = (height: number, at: number): void => {
    const node = rows[height]?.[at];
    if (!node) return;
    bits.push(node.wanted);
    if (height === 0 || !node.wanted) return void hashes.push(node.hash);
    walk(height - 1, 2 * at);
    walk(height - 1, 2 * at + 1);
  };
  walk(rows.length - 1, 0);
  const flags = new Uint8Array(Math.ceil(bits.length / 8));
  bits.forEach((bit, i) => (flags[i >> 3] = (flags[i >> 3] ?? 0) | (bit ? 1 << (i & 7) : 0)));
  return concat(block.header, le(block.transactions.length, 4), compactSize(hashes.length), ...hashes, compactSize(flags.length), flags);
}
