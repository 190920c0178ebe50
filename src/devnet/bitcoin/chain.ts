import { fromHex } from '../../lib/bytes.js';
import { parseHeader, workOf, type Header } from '../../names/bitcoin/header.js';
import {
  checkBlock,
  checkHeader,
  checkInputs,
  checkScripts,
  checkWork,
  withNonce,
  demand,
  isSequenceMet,
  sigopCost,
  subsidyAt,
  type Coin,
  type FindCoin,
} from './consensus.js';
import { Rejection } from './errors.js';
import { isUnspendable } from './script.js';
import { isCoinbase, outpoint, parseBlock, type Block, type Tx } from './tx.js';

/** Bitcoin's own regtest genesis block; its coinbase can never be spent. */
const GENESIS =
  '0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4adae5494dffff7f2002000000' +
  '0101000000010000000000000000000000000000000000000000000000000000000000000000ffffffff4d04ffff001d0104455468652054696d65732030332f4a616e2f32303039204368616e63656c6c6f72206f6e206272696e6b206f66207365636f6e64206261696c6f757420666f722062616e6b73' +
  'ffffffff0100f2052a01000000434104678afdb0fe5548271967f1a67130b7105cd6a828e03909a67962e0ea1f61deb649f6bc3f4cef38c4f35504e51ec112de5c384df7ba0b8d578a4c702b6bf11d5fac00000000';

/** A block in the tree. `state`: whether it or a block beneath it was found or declared invalid. */
export interface Entry {
  readonly header: Header;
  readonly block: Block;
  readonly height: number;
  readonly previous: Entry | null;
  readonly work: bigint;
  readonly medianTime: number;
  /** The order of arrival decides between branches of equal work. */
  readonly order: number;
  state: 'unchecked' | 'valid' | 'invalid' | 'beneath-invalid';
}

/** What a change of the best chain took off and put on, in the order it happened. */
export interface Change {
  readonly disconnected: readonly Entry[];
  readonly connected: readonly Entry[];
}

export interface Chain {
  readonly tip: () => Entry;
  readonly at: (height: number) => Entry | null;
  readonly entry: (hash: string) => Entry | null;
  readonly entries: () => readonly Entry[];
  readonly isActive: (entry: Entry) => boolean;
  readonly coin: FindCoin;
  readonly coins: () => ReadonlyMap<string, Coin>;
  /** A confirmed transaction and its block. */
  readonly transaction: (txid: string) => { readonly tx: Tx; readonly entry: Entry } | null;
  /** The scripts of the outputs that a block's inputs spend, those of its own making left out; null when it was never on the best chain. */
  readonly spentBy: (entry: Entry) => readonly Uint8Array[] | null;
  /** Takes a whole block. Answers null or bitcoind's `submitblock` word. */
  readonly submit: (raw: Uint8Array, now: number) => string | null;
  readonly invalidate: (entry: Entry) => void;
  readonly reconsider: (entry: Entry) => void;
}

/** The block tree, its best chain and that chain's unspent outputs. `onChange` hears of every move of the tip; `passed` are transactions whose scripts were run (see `checkScripts`). */
export function createChain(onChange: (change: Change) => void, passed: Set<string> = new Set()): Chain {
  const entries = new Map<string, Entry>();
  const active: Entry[] = [];
  const coins = new Map<string, Coin>();
  const transactions = new Map<string, { tx: Tx; entry: Entry }>();
  const undos = new Map<Entry, readonly (readonly [string, Coin])[]>();
  const spentScripts = new Map<Entry, readonly Uint8Array[]>();
  const genesis = entryOf(parseBlock(fromHex(GENESIS)), null, 0);
  entries.set(genesis.header.hash, genesis);
  active.push(genesis);
  spentScripts.set(genesis, []);
  index(genesis);

  function tip(): Entry {
    return active.at(-1) ?? genesis;
  }

  function index(entry: Entry): void {
    for (const tx of entry.block.transactions) transactions.set(tx.txid, { tx, entry });
  }

  const coin: FindCoin = (point) => coins.get(point) ?? null;

  function connect(entry: Entry): void {
    const view = overlay(coin);
    checkConnection(entry, view, (height) => active[Math.max(0, height - 1)]?.medianTime ?? 0, passed);
    undos.set(entry, view.spent());
    spentScripts.set(
      entry,
      view.spent().map(([, { script }]) => script),
    );
    for (const [point] of view.spent()) coins.delete(point);
    for (const [point, made] of view.made()) coins.set(point, made);
    active.push(entry);
    index(entry);
    entry.state = 'valid';
  }

  function disconnect(): Entry {
    const entry = tip();
    for (const tx of entry.block.transactions) {
      tx.transaction.outputs.forEach((_, vout) => coins.delete(outpoint({ txid: tx.txid, vout })));
      transactions.delete(tx.txid);
    }
    // A coin both made and spent inside the block is no coin of the chain beneath.
    const own = new Set(entry.block.transactions.map((tx) => tx.txid));
    for (const [point, spent] of undos.get(entry) ?? []) if (!own.has(point.slice(0, 64))) coins.set(point, spent);
    undos.delete(entry);
    active.pop();
    return entry;
  }

  function best(): Entry {
    let found = genesis;
    for (const entry of entries.values()) {
      if (isDead(entry)) continue;
      if (entry.work > found.work || (entry.work === found.work && isActive(entry) && !isActive(found))) found = entry;
    }
    return found;
  }

  function isActive(entry: Entry): boolean {
    return active[entry.height] === entry;
  }

  /** Moves to the branch with most work that holds; a block that fails on the way is marked and the next best is tried. */
  function activate(): void {
    const disconnected: Entry[] = [];
    const connected: Entry[] = [];
    for (let goal = best(); goal !== tip(); goal = best()) {
      const path: Entry[] = [];
      for (let at: Entry | null = goal; at && !isActive(at); at = at.previous) path.unshift(at);
      const fork = path[0]?.previous ?? goal;
      while (tip() !== fork) disconnected.push(disconnect());
      for (const entry of path) {
        try {
          connect(entry);
          connected.push(entry);
        } catch (error) {
          if (!(error instanceof Rejection)) throw error;
          reasons.set(entry, error);
          condemn(entry);
          break;
        }
      }
    }
    if (disconnected.length + connected.length > 0) onChange(net(disconnected, connected));
  }

  const reasons = new Map<Entry, Rejection>();

  function condemn(entry: Entry): void {
    entry.state = 'invalid';
    for (const other of entries.values()) if (other !== entry && descends(other, entry)) other.state = 'beneath-invalid';
  }

  function submit(raw: Uint8Array, now: number): string | null {
    const block = withNonce(parseBlock(raw));
    const header = parseHeader(block.header);
    const known = entries.get(header.hash);
    if (known) return isDead(known) ? 'duplicate-invalid' : known.state === 'valid' || isActive(known) ? 'duplicate' : 'duplicate-inconclusive';
    try {
      checkWork(header);
    } catch (error) {
      if (error instanceof Rejection) return error.message;
      throw error;
    }
    const previous = entries.get(header.previous);
    if (!previous) return 'prev-blk-not-found';
    if (isDead(previous)) return 'bad-prevblk';
    const height = previous.height + 1;
    try {
      checkHeader(header, previous, now);
      checkBlock(block, header, height, previous.medianTime);
    } catch (error) {
      if (error instanceof Rejection) return error.message;
      throw error;
    }
    const entry = entryOf(block, previous, entries.size);
    entries.set(header.hash, entry);
    activate();
    if (isDead(entry)) return reasons.get(entry)?.message ?? 'rejected';
    return isActive(entry) ? null : 'inconclusive';
  }

  return {
    tip,
    at: (height) => active[height] ?? null,
    entry: (hash) => entries.get(hash) ?? null,
    entries: () => [...entries.values()],
    isActive,
    coin,
    coins: () => coins,
    transaction: (txid) => transactions.get(txid) ?? null,
    spentBy: (entry) => spentScripts.get(entry) ?? null,
    submit,
    invalidate: (entry) => {
      demand(entry !== genesis, 'genesis cannot be invalid');
      condemn(entry);
      const disconnected: Entry[] = [];
      while (isActive(entry)) disconnected.push(disconnect());
      if (disconnected.length > 0) onChange({ disconnected, connected: [] });
      activate();
    },
    reconsider: (entry) => {
      for (const other of entries.values()) {
        if (isDead(other) && (other === entry || descends(other, entry) || descends(entry, other))) other.state = 'unchecked';
      }
      activate();
    },
  };
}

function isDead(entry: Entry): boolean {
  return entry.state === 'invalid' || entry.state === 'beneath-invalid';
}

/** Does `entry` stand above `ancestor`? */
function descends(entry: Entry, ancestor: Entry): boolean {
  let at: Entry | null = entry;
  while (at && at.height > ancestor.height) at = at.previous;
  return at === ancestor && entry !== ancestor;
}

/** Blocks tried and given up on the way cancel out. */
function net(disconnected: readonly Entry[], connected: readonly Entry[]): Change {
  const off = new Set(disconnected);
  const on = new Set(connected);
  return { disconnected: disconnected.filter((entry) => !on.has(entry)), connected: connected.filter((entry) => !off.has(entry)) };
}

function entryOf(block: Block, previous: Entry | null, order: number): Entry {
  const header = parseHeader(block.header);
  const times = [header.time];
  for (let at = previous; at && times.length < 11; at = at.previous) times.push(at.header.time);
  const medianTime = times.sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? header.time;
  return {
    header,
    block,
    height: previous ? previous.height + 1 : 0,
    previous,
    work: (previous?.work ?? 0n) + workOf(header.bits),
    medianTime,
    order,
    state: previous ? 'unchecked' : 'valid',
  };
}

interface View {
  readonly find: FindCoin;
  readonly apply: (tx: Tx, height: number) => void;
  readonly spent: () => readonly (readonly [string, Coin])[];
  readonly made: () => ReadonlyMap<string, Coin>;
}

/** Changes to the coins that can be thrown away. */
export function overlay(beneath: FindCoin): View {
  const made = new Map<string, Coin>();
  const spent = new Map<string, Coin>();
  const find: FindCoin = (point) => (spent.has(point) ? null : (made.get(point) ?? beneath(point)));
  return {
    find,
    apply: (tx, height) => {
      const coinbase = isCoinbase(tx.transaction);
      for (const input of coinbase ? [] : tx.transaction.inputs) {
        const point = outpoint(input);
        const coin = find(point);
        if (!coin) continue;
        if (made.delete(point)) continue;
        spent.set(point, coin);
      }
      tx.transaction.outputs.forEach(({ value, script }, vout) => {
        if (!isUnspendable(script)) made.set(outpoint({ txid: tx.txid, vout }), { value, script, height, coinbase });
      });
    },
    spent: () => [...spent],
    made: () => made,
  };
}

/** The block's transactions on the coins beneath it. @throws {@link Rejection} */
function checkConnection({ block, height, previous }: Entry, view: View, coinTime: (height: number) => number, passed: Set<string>): void {
  const points = block.transactions.flatMap((tx) => tx.transaction.outputs.map((_, vout) => outpoint({ txid: tx.txid, vout })));
  demand(
    points.every((point) => view.find(point) === null),
    'bad-txns-BIP30',
    'tried to overwrite transaction',
  );
  let fees = 0n;
  let sigops = 0;
  for (const tx of block.transactions) {
    const coinbase = isCoinbase(tx.transaction);
    if (!coinbase) {
      fees += checkInputs(tx, view.find, height);
      demand(
        isSequenceMet(tx.transaction, view.find, height, previous?.medianTime ?? 0, coinTime),
        'bad-txns-nonfinal',
        'contains a non-BIP68-final transaction',
      );
    }
    sigops += sigopCost(tx, view.find);
    demand(sigops <= 80_000, 'bad-blk-sigops', 'too many sigops');
    if (!coinbase) checkScripts(tx, view.find, 'block', passed);
    view.apply(tx, height);
  }
  const claimed = block.transactions[0]?.transaction.outputs.reduce((sum, output) => sum + output.value, 0n) ?? 0n;
  const most = subsidyAt(height) + fees;
  demand(claimed <= most, 'bad-cb-amount', `coinbase pays too much (actual=${claimed} vs limit=${most})`);
}
