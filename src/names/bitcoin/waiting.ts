import { isNamesteadError, NamesteadError } from '../../lib/errors.js';
import type { Book } from './book.js';
import { openInclusion, type Confirmation } from './confirmation.js';
import { findConflict } from './conflict.js';
import type { Paid, Signed } from './plan.js';
import { poll } from './poll.js';
import type { PlanWorld, RunOptions } from './step.js';
import { isKnown, send } from './send.js';

/** What became of a step's transactions. */
export type Outcome =
  | { readonly kind: 'confirmed'; readonly transaction: Signed; readonly height: number }
  /** Their first coin is spent by something else, deep enough: none of them can be mined any more. */
  | { readonly kind: 'gone' }
  /** Not mined while the rules would have taken it. */
  | { readonly kind: 'stale' }
  /** A reorg took an earlier step's transaction out of the chain. */
  | { readonly kind: 'reopened'; readonly index: number };

const BLOCK_SECONDS = 600;
/** In turns of asking. */
const [RESEND, RECHECK] = [10, 4];

/**
 * Waits until one of the step's transactions, which exclude each other, has enough blocks on it. What nobody knows any more is
 * sent again, a bump that was written meanwhile is watched too, and the steps before are held against the chain.
 */
export async function waitConfirmed(book: Book, script: Uint8Array, world: PlanWorld, options: RunOptions): Promise<Outcome> {
  const needed = world.network.confirmations;
  let turn = 0;
  return poll<Outcome>(world, options, async (waited) => {
    const { state, receipts } = book.plan();
    if (state.kind !== 'signed') throw new NamesteadError('JournalBusy', 'the plan went on elsewhere: call again');
    for (const transaction of [state.current, ...state.former]) {
      const found = await openInclusion(transaction.txid, needed, world, options);
      if (found && found.confirmations >= needed) return { kind: 'confirmed', transaction, height: found.height };
      if (found || transaction === state.current) tellConfirming(transaction, found, waited, world, options);
    }
    turn++;
    if (await book.refresh()) return null;
    if (turn % RECHECK === 0) {
      const index = await findLost(receipts, world, options);
      if (index !== null) return { kind: 'reopened', index };
    }
    if (turn % RECHECK === 0 && (await isStale(state.current, world, options))) return { kind: 'stale' };
    return turn % RESEND === 0 ? resend(state.current, state.former, script, world, options) : null;
  });
}

function tellConfirming(transaction: Signed, found: Confirmation | null, waited: number, { network }: PlanWorld, { onProgress }: RunOptions): void {
  const done = found?.confirmations ?? 0;
  onProgress?.({
    stage: 'confirming',
    done,
    total: network.confirmations,
    unit: 'blocks',
    operation: transaction.operation,
    txid: transaction.txid,
    waited,
    about: network.bitcoin.work === 'proved' ? (network.confirmations - done) * BLOCK_SECONDS : undefined,
  });
}

/**
 * Whether the last block that could hold the transaction is there, without it. The headers and the indexer must both say so: drawn
 * anew, a transaction that waits is dearer each time.
 */
export async function isStale({ txid, until }: Signed, { headers, indexer, transactions }: PlanWorld, { signal }: RunOptions): Promise<boolean> {
  if (until === null || until === undefined || (await headers.headers(until, 1, { signal })).length === 0) return false;
  if ((await indexer.tip({ signal })).height < until) return false;
  return (await transactions.inclusion(txid, { signal })) === null;
}

/** Mempools forget: what nobody knows any more is sent again, and where nodes refuse it, it is asked what took its coin. */
async function resend(current: Signed, former: readonly Signed[], script: Uint8Array, world: PlanWorld, options: RunOptions): Promise<Outcome | null> {
  for (const { txid } of [current, ...former]) if (await isKnown(txid, world, options)) return null;
  try {
    await send(current, world, options);
    return null;
  } catch (error) {
    if (!isNamesteadError(error, 'BroadcastRejected')) throw error;
    return settleConflict(current, script, error, world, options);
  }
}

/** What to do about a transaction that nodes refuse; null: wait until the other one is deep enough. @throws the refusal where nothing explains it */
export async function settleConflict(current: Signed, script: Uint8Array, refusal: unknown, world: PlanWorld, options: RunOptions): Promise<Outcome | null> {
  const needed = world.network.confirmations;
  const conflict = await findConflict(current, script, needed, world, options);
  if (!conflict) throw refusal;
  if (conflict.confirmations < needed) return null;
  return conflict.same ? { kind: 'confirmed', transaction: conflict.same, height: conflict.height } : { kind: 'gone' };
}

/** The first step whose transaction is no longer where it was, as deep as it was; null: all are. */
export async function findLost(receipts: readonly Paid[], world: PlanWorld, options: RunOptions): Promise<number | null> {
  const needed = world.network.confirmations;
  for (const [index, { txid, height }] of receipts.entries()) {
    const found = await openInclusion(txid, needed, world, options);
    if (found?.height !== height || found.confirmations < needed) return index;
  }
  return null;
}

/** So often in a row an indexer must say no, since after a reorg it may still tell of the blocks that were. */
const REFUSALS = 10;

/**
 * Asks the indexer whether the rules took the operation. Its word is not proof: a liar can stop the plan here, and go on it
 * can when asked of an honest one; that the name is ours in the end is for `lookup` to prove. `moved`: a reorg came in between.
 */
export async function waitAccepted(transaction: Signed, height: number, world: PlanWorld, options: RunOptions): Promise<'accepted' | 'refused' | 'moved'> {
  const { indexer, network } = world;
  const { signal } = options;
  let refusals = 0;
  return poll<'accepted' | 'refused' | 'moved'>(world, options, async (waited) => {
    const tip = await indexer.tip({ signal });
    if (tip.height < height) {
      const { operation, txid } = transaction;
      options.onProgress?.({ stage: 'accepting', done: tip.height, total: height, unit: 'height', operation, txid, waited });
      return null;
    }
    const operations = await indexer.operations(height, { signal });
    if (operations.some(({ txid }) => txid === transaction.txid)) return 'accepted';
    const found = await openInclusion(transaction.txid, network.confirmations, world, options);
    if (found?.height !== height) return 'moved';
    return ++refusals < REFUSALS ? null : 'refused';
  });
}
