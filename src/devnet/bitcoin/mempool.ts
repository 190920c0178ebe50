import { checkInputs, checkScripts, checkTransaction, demand, isFinal, isSequenceMet, sigopCost, type Coin, type FindCoin } from './consensus.js';
import { Rejection } from './errors.js';
import type { Chain, Change } from './chain.js';
import { checkReplacement, conflictsOf, type Waiting } from './replacement.js';
import { checkData, checkEphemeral, checkOutputSizes, checkStandard, checkStandardInputs, checkStandardWitness, dataWeight } from './standardness.js';
import { isCoinbase, outpoint, type Tx } from './tx.js';

export interface Mempool {
  readonly get: (txid: string) => Waiting | null;
  readonly all: () => readonly Waiting[];
  /** The txid of what spends the outpoint. */
  readonly spender: (outpoint: string) => string | null;
  readonly coin: FindCoin;
  /** Judges. @throws {@link Rejection} with bitcoind's reason */
  readonly test: (tx: Tx, now: number) => Waiting;
  /** Judges and keeps, unless `check` throws. @throws {@link Rejection} with bitcoind's reason */
  readonly accept: (tx: Tx, now: number, check?: (judged: Waiting) => void) => Waiting;
  /** Follows the chain: confirmed ones leave with those they make impossible, those of lost blocks come back where they still hold. */
  readonly follow: (change: Change, now: number) => void;
  readonly ancestors: (tx: Tx) => ReadonlySet<string>;
  readonly descendants: (txid: string) => ReadonlySet<string>;
}

const MIN_RELAY_RATE = 1n;
const MAX_CHAIN = 25;
const MAX_CHAIN_VSIZE = 101_000;
const MAX_SIGOP_COST = 16_000;
const VBYTES_PER_SIGOP = 20;

export function createMempool(chain: () => Chain, passed: Set<string>): Mempool {
  const waiting = new Map<string, Waiting>();
  const spends = new Map<string, string>();

  /** Outputs that wait count as made in the next block. */
  const coin: FindCoin = (point) => {
    const made = waiting.get(point.slice(0, 64))?.tx.transaction.outputs[Number(point.slice(65))];
    return made ? { ...made, height: chain().tip().height + 1, coinbase: false } : chain().coin(point);
  };

  function parents(tx: Tx): string[] {
    return [...new Set(tx.transaction.inputs.map((input) => input.txid))].filter((txid) => waiting.has(txid));
  }

  function children(txid: string): string[] {
    const outputs = waiting.get(txid)?.tx.transaction.outputs ?? [];
    return [...new Set(outputs.flatMap((_, vout) => spends.get(outpoint({ txid, vout })) ?? []))];
  }

  /** All that lie beyond, itself not counted. */
  function reach(from: readonly string[], next: (txid: string) => readonly string[]): Set<string> {
    const seen = new Set<string>();
    const open = [...from];
    for (let txid = open.pop(); txid !== undefined; txid = open.pop()) {
      if (seen.has(txid)) continue;
      seen.add(txid);
      open.push(...next(txid));
    }
    return seen;
  }

  const ancestorsOf = (txids: readonly string[]): Set<string> => reach(txids, (txid) => parents(waitingTx(txid)));
  const ancestors = (tx: Tx): Set<string> => ancestorsOf(parents(tx));
  const descendants = (txid: string): Set<string> => reach(children(txid), children);

  function waitingTx(txid: string): Tx {
    const found = waiting.get(txid);
    if (!found) throw new Error(`${txid} left the mempool`);
    return found.tx;
  }

  function remove(txid: string): void {
    const found = waiting.get(txid);
    if (!found) return;
    waiting.delete(txid);
    for (const input of found.tx.transaction.inputs) spends.delete(outpoint(input));
  }

  function removeAll(txid: string): void {
    for (const other of descendants(txid)) remove(other);
    remove(txid);
  }

  function size(txids: Iterable<string>): number {
    return [...txids].reduce((sum, txid) => sum + (waiting.get(txid)?.vsize ?? 0), 0);
  }

  function judge(tx: Tx, now: number, returning: boolean): { entry: Waiting; replaced: ReadonlySet<string> } {
    const { transaction } = tx;
    const tip = chain().tip();
    const next = tip.height + 1;
    checkTransaction(tx);
    demand(!isCoinbase(transaction), 'coinbase');
    checkStandard(tx);
    demand(isFinal(transaction, next, tip.medianTime), 'non-final');
    const same = waiting.get(tx.txid);
    demand(!same, same?.tx.wtxid === tx.wtxid ? 'txn-already-in-mempool' : 'txn-same-nonwitness-data-in-mempool');
    const conflicts = conflictsOf(tx, (point) => spends.get(point) ?? null);
    if (transaction.inputs.some((input) => !coin(outpoint(input)))) {
      demand(!transaction.outputs.some((_, vout) => chain().coin(outpoint({ txid: tx.txid, vout }))), 'txn-already-known');
      throw new Rejection('bad-txns-inputs-missingorspent');
    }
    const coinTime = (height: number): number => chain().at(Math.max(0, Math.min(height, tip.height + 1) - 1))?.medianTime ?? 0;
    demand(isSequenceMet(transaction, coin, next, tip.medianTime, coinTime), 'non-BIP68-final');
    checkOutputSizes(transaction);
    const fee = checkInputs(tx, coin, next);
    checkStandardInputs(transaction, coin);
    checkStandardWitness(transaction, coin);
    checkData(transaction, coin);
    const sigops = sigopCost(tx, coin);
    demand(sigops <= MAX_SIGOP_COST, 'bad-txns-too-many-sigops', String(sigops));
    const vsize = Math.ceil(Math.max(tx.weight + dataWeight(transaction, coin), sigops * VBYTES_PER_SIGOP) / 4);
    checkEphemeral(transaction, fee);
    const least = MIN_RELAY_RATE * BigInt(vsize);
    demand(returning || fee >= least, 'min relay fee not met', `${fee} < ${least}`);
    const entry: Waiting = { tx, fee, vsize, sigops, time: Math.floor(now), height: tip.height };
    const above = checkChains(entry, conflicts);
    const own = [...conflicts].find((txid) => above.has(txid));
    demand(own === undefined, 'bad-txns-spends-conflicting-tx', `${tx.txid} spends conflicting transaction ${own ?? ''}`);
    const replaced = checkReplacement(entry, conflicts, { get: (txid) => waiting.get(txid) ?? null, descendants });
    checkScripts(tx, coin, 'mempool', passed);
    return { entry, replaced };
  }

  /** At most 25 transactions and 101,000 vbytes from the oldest ancestor to any descendant; one small child more may follow a single parent. */
  function checkChains(entry: Waiting, conflicts: ReadonlySet<string>): Set<string> {
    const own = parents(entry.tx);
    const above = ancestorsOf(own);
    // A replacement takes the place of what it replaces.
    const [only] = conflicts.size === 1 ? conflicts : [];
    const spare = only === undefined ? 0 : 1;
    const spareSize = only === undefined ? 0 : (waiting.get(only)?.vsize ?? 0);
    /** What is wrong with at most `most` in line, `more` and `moreSize` above the usual below each ancestor; null: nothing. */
    const trouble = (most: number, more: number, moreSize: number): string | null => {
      if (above.size + 1 > most) return `too many unconfirmed ancestors [limit: ${most}]`;
      if (size(above) + entry.vsize > MAX_CHAIN_VSIZE) return `exceeds ancestor size limit [limit: ${MAX_CHAIN_VSIZE}]`;
      for (const txid of above) {
        const below = descendants(txid);
        if (size(below) + size([txid]) + entry.vsize > MAX_CHAIN_VSIZE + moreSize)
          return `exceeds descendant size limit for tx ${txid} [limit: ${MAX_CHAIN_VSIZE + moreSize}]`;
        if (below.size + 2 > MAX_CHAIN + more) return `too many descendants for tx ${txid} [limit: ${MAX_CHAIN + more}]`;
      }
      return null;
    };
    const first = trouble(MAX_CHAIN, spare, spareSize);
    demand(first === null || (entry.vsize <= 10_000 && trouble(2, spare + 1, spareSize + 10_000) === null), 'too-long-mempool-chain', first ?? '');
    return above;
  }

  function keep({ entry, replaced }: { entry: Waiting; replaced: ReadonlySet<string> }): void {
    for (const txid of replaced) remove(txid);
    waiting.set(entry.tx.txid, entry);
    for (const input of entry.tx.transaction.inputs) spends.set(outpoint(input), entry.tx.txid);
  }

  /** After a reorganization some wait on coins that are gone, young again, or locked again. */
  function sweep(): void {
    const tip = chain().tip();
    const coinTime = (height: number): number => chain().at(Math.max(0, Math.min(height, tip.height + 1) - 1))?.medianTime ?? 0;
    for (const { tx } of [...waiting.values()]) {
      const coins = tx.transaction.inputs.map((input) => coin(outpoint(input)));
      const mature = coins.every((spent: Coin | null) => spent !== null && (!spent.coinbase || tip.height + 1 - spent.height >= 100));
      const met =
        mature && isFinal(tx.transaction, tip.height + 1, tip.medianTime) && isSequenceMet(tx.transaction, coin, tip.height + 1, tip.medianTime, coinTime);
      if (!met) removeAll(tx.txid);
    }
  }

  return {
    get: (txid) => waiting.get(txid) ?? null,
    all: () => [...waiting.values()],
    spender: (point) => spends.get(point) ?? null,
    coin,
    test: (tx, now) => judge(tx, now, false).entry,
    accept: (tx, now, check) => {
      const judged = judge(tx, now, false);
      check?.(judged.entry);
      keep(judged);
      return judged.entry;
    },
    follow: ({ disconnected, connected }, now) => {
      for (const { block } of connected) {
        for (const tx of block.transactions) {
          remove(tx.txid);
          for (const input of tx.transaction.inputs) {
            const rival = spends.get(outpoint(input));
            if (rival !== undefined) removeAll(rival);
          }
        }
      }
      if (disconnected.length === 0) return;
      const lost = [...disconnected].reverse().flatMap(({ block }) => block.transactions.slice(1));
      // What waits now may spend them, so they must lie beneath it: those are judged again on top.
      const above = [...waiting.values()].map((entry) => entry.tx);
      waiting.clear();
      spends.clear();
      for (const tx of [...lost, ...above]) {
        if (chain().transaction(tx.txid)) continue;
        try {
          keep(judge(tx, now, true));
        } catch (error) {
          if (!(error instanceof Rejection)) throw error;
        }
      }
      sweep();
    },
    ancestors,
    descendants,
  };
}
