import { concat } from '../../lib/bytes.js';
import type { Clock } from '../../lib/clock.js';
import { hashHeader } from '../../names/bitcoin/header.js';
import { createChain, overlay, type Chain, type Entry } from './chain.js';
import { checkInputs, commitmentScript, REGTEST_BITS, rootOf, subsidyAt } from './consensus.js';
import { Rejection } from './errors.js';
import { createFilters, type Filtered } from './filters.js';
import { createMempool, type Mempool } from './mempool.js';
import type { Waiting } from './replacement.js';
import { encodeNumber, OP, push } from './script.js';
import { le } from './sighash.js';
import { blockOf, inner, txOf, type Tx } from './tx.js';

/** Block version of a node that signals nothing (BIP 9). */
const VERSION = 0x20000000;
const MAX_WEIGHT = 3_990_000;
const MAX_SIGOPS = 79_000;

/** A chain, its mempool and a miner: all that a regtest node knows. */
export interface Regtest {
  readonly chain: Chain;
  readonly mempool: Mempool;
  /** BIP 157; null for a block that was never on the best chain. */
  readonly filtered: (entry: Entry) => Filtered | null;
  /** Seconds since 1970. */
  readonly now: () => number;
  /** Mines one block that pays `script`; without `transactions` (any that are valid, relayed or not), those of the mempool that pay best. Answers the hash. @throws {@link Rejection} */
  readonly mine: (script: Uint8Array, transactions?: readonly Tx[]) => string;
  /** Adds a whole raw block; null or bitcoind's `submitblock` word. */
  readonly submit: (raw: Uint8Array) => string | null;
}

export function createRegtest(clock: Pick<Clock, 'now'>): Regtest {
  const now = (): number => Math.floor(clock.now() / 1000);
  const passed = new Set<string>();
  const mempool: Mempool = createMempool(() => chain, passed);
  const chain: Chain = createChain((change) => mempool.follow(change, now()), passed);
  const mine = (script: Uint8Array, transactions?: readonly Tx[]): string => {
    const tip = chain.tip();
    const height = tip.height + 1;
    const others = transactions ?? choose(mempool).map((entry) => entry.tx);
    const view = overlay(chain.coin);
    let reward = subsidyAt(height);
    for (const tx of others) {
      reward += checkInputs(tx, view.find, height);
      view.apply(tx, height);
    }
    const all = [coinbase(height, reward, script, others), ...others];
    const header = work(
      concat(le(VERSION, 4), inner(tip.header.hash), inner(rootOf(all)), le(Math.max(tip.medianTime + 1, now()), 4), le(REGTEST_BITS, 4), le(0, 4)),
    );
    const refused = chain.submit(blockOf(header, all).raw, now());
    if (refused !== null) throw new Rejection(refused);
    return hashHeader(header);
  };
  return { chain, mempool, filtered: createFilters(chain), now, mine, submit: (raw) => chain.submit(raw, now()) };
}

/** BIP 34's height, BIP 141's commitment. */
function coinbase(height: number, reward: bigint, script: Uint8Array, others: readonly Tx[]): Tx {
  const claim = concat(push(encodeNumber(height)), Uint8Array.of(OP.OP_0));
  const form = (outputs: readonly { value: bigint; script: Uint8Array }[]): Tx =>
    txOf({
      version: 2,
      lockTime: 0,
      outputs,
      inputs: [{ txid: '0'.repeat(64), vout: 0xffffffff, script: claim, sequence: 0xffffffff, witness: [new Uint8Array(32)] }],
    });
  const paying = { value: reward, script };
  // The coinbase's own leaf is zero, so that it can commit to the rest.
  return form([paying, { value: 0n, script: commitmentScript([form([paying]), ...others]) }]);
}

/** Half of all nonces meet regtest's target. */
function work(header: Uint8Array): Uint8Array {
  const view = new DataView(header.buffer, header.byteOffset);
  for (let nonce = 0; ; nonce++) {
    view.setUint32(76, nonce, true);
    if (Number.parseInt(hashHeader(header).slice(0, 2), 16) < 0x80) return header;
  }
}

/** Best rate first, ancestors before descendants, within a block's limits. */
function choose(mempool: Mempool): Waiting[] {
  const byRate = [...mempool.all()].sort((a, b) => Number(b.fee * BigInt(a.vsize) - a.fee * BigInt(b.vsize)));
  const chosen = new Set<Waiting>();
  let weight = 0;
  let sigops = 0;
  for (const entry of byRate) {
    const ancestors = [...mempool.ancestors(entry.tx)].flatMap((txid) => mempool.get(txid) ?? []);
    const missing = inOrder([...ancestors, entry], mempool).filter((one) => !chosen.has(one));
    const more = missing.reduce((sum, one) => sum + one.tx.weight, 0);
    const checks = missing.reduce((sum, one) => sum + one.sigops, 0);
    if (weight + more > MAX_WEIGHT || sigops + checks > MAX_SIGOPS) continue;
    weight += more;
    sigops += checks;
    for (const one of missing) chosen.add(one);
  }
  return [...chosen];
}

/** Whoever has fewer ancestors comes first. */
function inOrder(entries: readonly Waiting[], mempool: Mempool): Waiting[] {
  const depth = new Map(entries.map((entry) => [entry, mempool.ancestors(entry.tx).size]));
  return [...entries].sort((a, b) => (depth.get(a) ?? 0) - (depth.get(b) ?? 0));
}
