import { fromHex, fromUtf8, reversed, toHex } from '../../lib/bytes.js';
import { sha256 } from '../../lib/hash.js';
import type { Known, OutputIndex } from './outputs.js';
import type { Tx } from './tx.js';

/** As the protocol tells a transaction of a script. Height 0: it waits; -1: so does one that it spends from. */
export interface HistoryItem {
  readonly tx_hash: string;
  readonly height: number;
  /** Satoshi, of one that waits. */
  readonly fee?: number;
}

/** The index names a script by SHA-256, the protocol by the same bytes the other way round. */
export function indexName(scriptHash: string): string {
  return toHex(reversed(fromHex(scriptHash)));
}

/** What pays to a script or spends from it: in block order, then what waits. */
export function historyOf(index: OutputIndex, scriptHash: string): HistoryItem[] {
  const places = new Map<string, { readonly height: number; readonly index: number }>();
  for (const output of index.of(indexName(scriptHash))) {
    for (const one of [output, index.spender(output)]) if (one) places.set(one.txid, { height: one.place?.height ?? Infinity, index: one.index });
  }
  const waiting = new Map(index.waiting().map((tx) => [tx.txid, tx]));
  return [...places]
    .sort(([a, one], [b, other]) => one.height - other.height || one.index - other.index || (a < b ? -1 : 1))
    .flatMap(([txid, { height }]) => {
      if (height !== Infinity) return [{ tx_hash: txid, height }];
      const tx = waiting.get(txid);
      return tx ? [{ tx_hash: txid, height: tx.transaction.inputs.some((input) => waiting.has(input.txid)) ? -1 : 0, fee: feeOf(index, tx) }] : [];
    });
}

/** One hash for the whole history; null for none (protocol, "Status"). */
export function statusOf(history: readonly HistoryItem[]): string | null {
  return history.length === 0 ? null : toHex(sha256(fromUtf8(history.map((item) => `${item.tx_hash}:${item.height}:`).join(''))));
}

/** Coins of a script that nothing spends, confirmed ones first. */
export function unspentOf(index: OutputIndex, scriptHash: string): unknown[] {
  const rank = ({ place }: Known): number => place?.height ?? Infinity;
  return index
    .of(indexName(scriptHash))
    .filter((output) => !index.spender(output))
    .sort((a, b) => (rank(a) === rank(b) ? a.index - b.index || a.vout - b.vout : rank(a) - rank(b)))
    .map((output) => ({ tx_hash: output.txid, tx_pos: output.vout, height: output.place?.height ?? 0, value: Number(output.value) }));
}

/** Satoshi; what waits counts apart, and may be less than nothing. */
export function balanceOf(index: OutputIndex, scriptHash: string): { readonly confirmed: number; readonly unconfirmed: number } {
  let [confirmed, unconfirmed] = [0n, 0n];
  for (const output of index.of(indexName(scriptHash))) {
    const spender = index.spender(output);
    if (output.place && !spender?.place) confirmed += output.value;
    if (!output.place) unconfirmed += output.value;
    if (spender && !spender.place) unconfirmed -= output.value;
  }
  return { confirmed: Number(confirmed), unconfirmed: Number(unconfirmed) };
}

/** Satoshi per virtual byte, falling, and the virtual bytes that wait at that rate. */
export function feeHistogram(index: OutputIndex): [rate: number, vsize: number][] {
  const sizes = new Map<number, number>();
  for (const tx of index.waiting()) {
    const rate = Math.floor(feeOf(index, tx) / tx.vsize);
    sizes.set(rate, (sizes.get(rate) ?? 0) + tx.vsize);
  }
  return [...sizes].sort(([a], [b]) => b - a);
}

function feeOf(index: OutputIndex, { transaction }: Tx): number {
  const paid = transaction.outputs.reduce((sum, output) => sum + output.value, 0n);
  const brought = transaction.inputs.reduce((sum, input) => sum + (index.output(input)?.value ?? 0n), 0n);
  return Number(brought - paid);
}
