import { throwIfAborted, type CallOptions } from '../../lib/clock.js';
import { isNamesteadError, NamesteadError } from '../../lib/errors.js';
import { parseBlock, type Block } from './block.js';
import { readCandidates } from './candidates.js';
import type { Network } from './network.js';
import type { RuleBlock } from './rules.js';
import type { BlockId, BlockSource, TransactionSource } from './source.js';
import { openTransaction, type Transaction } from './transaction.js';

/** Where blocks and the transactions they spend from come from, the first that gives what fits. */
export interface BlockWorld {
  readonly network: Network;
  readonly blocks: readonly BlockSource[];
  readonly transactions: readonly Pick<TransactionSource, 'operator' | 'transaction'>[];
  /** Told of each answer that did not fit. */
  readonly onLie: (operator: string) => void;
}

/**
 * What the rules need of a block of the checked chain: its transactions beneath the header's merkle root, and for those that may be operations the
 * outputs they spend, each out of the transaction that hashes to the id named.
 * @throws NamesteadError `BlockMissing`, `TransactionMissing`, or why the first source's answer was refused: `MerkleMismatch`, `Malformed`, `TransactionMismatch`
 */
export async function readRuleBlock(world: BlockWorld, { height, hash }: BlockId, options: CallOptions): Promise<RuleBlock> {
  const block = await findBlock(world, hash, options);
  const transactions = await readCandidates(block, world.network, async (txid) => (await findTransaction(world, txid, options)).outputs);
  return { height, transactions };
}

export function findBlock({ blocks, onLie }: BlockWorld, hash: string, options: CallOptions): Promise<Block> {
  const open = async (source: BlockSource): Promise<Block> => {
    const bytes = await source.block(hash, options);
    if (!bytes) throw new NamesteadError('BlockMissing', `${source.operator} has no block ${hash}`);
    return told(source.operator, onLie, () => {
      const block = parseBlock(bytes);
      if (block.header.hash !== hash) throw new NamesteadError('MerkleMismatch', `${source.operator} gave block ${block.header.hash} for ${hash}`);
      return block;
    });
  };
  return firstThatFits(blocks, open, options);
}

export function findTransaction({ transactions, onLie }: BlockWorld, txid: string, options: CallOptions): Promise<Transaction> {
  const open = async (source: BlockWorld['transactions'][number]): Promise<Transaction> => {
    const bytes = await source.transaction(txid, options);
    if (!bytes) throw new NamesteadError('TransactionMissing', `${source.operator} has no transaction ${txid}, which an operation spends from`);
    return told(source.operator, onLie, () => openTransaction(bytes, txid));
  };
  return firstThatFits(transactions, open, options);
}

function told<T>(operator: string, onLie: (operator: string) => void, open: () => T): T {
  try {
    return open();
  } catch (error) {
    onLie(operator);
    throw error;
  }
}

/** Asks one source after the other; when none has what fits, the first one's reason is thrown. */
async function firstThatFits<S, T>(sources: readonly S[], open: (source: S) => Promise<T>, { signal }: CallOptions): Promise<T> {
  const reasons: unknown[] = [];
  for (const source of sources) {
    throwIfAborted(signal, 'the replay');
    try {
      return await open(source);
    } catch (error) {
      if (!isNamesteadError(error)) throw error;
      reasons.push(error);
    }
  }
  throw reasons[0];
}
