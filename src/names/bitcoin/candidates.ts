import { inParallel } from '../../lib/parallel.js';
import { isCoinbase, type Block } from './block.js';
import { isCandidate, type Candidate } from './claim.js';
import type { Network } from './network.js';
import type { Output } from './transaction.js';

/** Transactions under way at once. */
const WIDTH = 8;

/**
 * The transactions of a block that may be operations, each with the outputs its inputs spend: only these cost a call of `outputsOf`, one for each
 * transaction. Outputs made in the same block are taken from it.
 * @param outputsOf answers the outputs of the transaction with that id (display hex), and has checked that they are its
 */
export async function readCandidates(
  block: Block,
  network: Pick<Network, 'magic'>,
  outputsOf: (txid: string) => Promise<readonly Output[]>,
): Promise<Candidate[]> {
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
  const fetched = await inParallel(unknown, WIDTH, outputsOf);
  unknown.forEach((txid, at) => known.set(txid, fetched[at] ?? []));
  return found.map((one) => ({ ...one, previous: one.transaction.inputs.map((input) => known.get(input.txid)?.[input.vout] ?? null) }));
}
