import type { CallOptions } from '../../lib/clock.js';
import { inParallel } from '../../lib/parallel.js';
import type { Block } from './block.js';
import { encodeFilter, filterElements } from './filter.js';
import type { BlockId } from './source.js';
import type { Output } from './transaction.js';
import { findBlock, findTransaction, type BlockWorld } from './wholeBlock.js';

/** Previous transactions under way at once. */
const WIDTH = 8;

/**
 * The basic filter of a block of the checked chain, made from the block and from every output it spends, each out of the transaction that hashes to
 * the id named (BIP 158). Thousands of transactions for a full block: for deciding between operators who disagree.
 * @throws NamesteadError as `findBlock` and `findTransaction`
 */
export async function rebuildFilter(world: BlockWorld, { hash }: BlockId, options: CallOptions): Promise<Uint8Array> {
  const block = await findBlock(world, hash, options);
  return encodeFilter(filterElements(block, await spentScripts(world, block, options)), hash);
}

async function spentScripts(world: BlockWorld, { transactions, txids }: Block, options: CallOptions): Promise<Uint8Array[]> {
  const made = new Map<string, readonly Output[]>(txids.map((txid, index) => [txid, transactions[index]?.outputs ?? []]));
  const spent = transactions.slice(1).flatMap(({ inputs }) => inputs);
  const places = new Map<string, Set<number>>();
  for (const { txid, vout } of spent) places.set(txid, (places.get(txid) ?? new Set()).add(vout));
  const scripts = await inParallel([...places], WIDTH, async ([txid, vouts]) => {
    const outputs = made.get(txid) ?? (await findTransaction(world, txid, options)).outputs;
    // Only the scripts stay: the transactions behind a block may be many times its size.
    return [...vouts].map((vout) => outputs[vout]?.script ?? new Uint8Array());
  });
  return scripts.flat();
}
