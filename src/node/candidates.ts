import { inParallel } from '../lib/parallel.js';
import { isCoinbase, type Block } from '../names/bitcoin/block.js';
import type { Network } from '../names/bitcoin/network.js';
import { isCandidate, type Candidate } from '../names/bitcoin/rules.js';
import type { Output } from '../names/bitcoin/transaction.js';
import type { Bitcoind } from './bitcoind.js';

/** Calls under way at once. */
const WIDTH = 8;

/**
 * The transactions of a block that may be operations, each with the outputs its inputs spend: only these cost a call. Outputs made
 * in the same block are taken from it.
 */
export async function readCandidates(block: Block, network: Network, bitcoin: Bitcoind, signal: AbortSignal): Promise<Candidate[]> {
  const found = block.transactions.flatMap((transaction, index) => {
    const txid = block.txids[index];
    return txid !== undefined && !isCoinbase(transaction) && isCandidate(transaction, network) ? [{ index, txid, transaction }] : [];
  });
  const spent = new Set(found.flatMap(({ transaction }) => transaction.inputs.map((input) => input.txid)));
  const known = new Map<string, readonly Output[]>(
    block.transactions.flatMap((transaction, index) => {
      const txid = block.txids[index];
      return txid !== undefined && spent.has(txid) ? [[txid, transaction.outputs] as const] : [];
    }),
  );
  const unknown = [...spent].filter((txid) => !known.has(txid));
  const fetched = await inParallel(unknown, WIDTH, (txid) => bitcoin.outputs(txid, { signal }));
  unknown.forEach((txid, at) => known.set(txid, fetched[at] ?? []));
  return found.map((one) => ({ ...one, previous: one.transaction.inputs.map((input) => known.get(input.txid)?.[input.vout] ?? null) }));
}
