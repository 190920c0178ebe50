import { isHex } from '../lib/bytes.js';
import type { Fields } from '../lib/shape.js';
import type { Network } from '../names/bitcoin/network.js';
import { applyBlock, createState, undoBlock, type BlockResult, type Candidate } from '../names/bitcoin/rules.js';
import type { ZoneFileRow } from '../zones/peer.js';

export interface LedgerBlock {
  readonly height: number;
  /** Display hex. */
  readonly hash: string;
  /** Seconds since 1970, from the header. */
  readonly time: number;
  readonly transactions: readonly Candidate[];
}

export interface LedgerEntry extends BlockResult {
  readonly hash: string;
  readonly time: number;
}

/** An operation in the life of a name or namespace, as the node tells it. */
export interface Moment {
  readonly height: number;
  readonly record: Fields;
}

/**
 * What the rules made of the chain so far, and indexes over it that questions need. Everything is kept by height, so that undoing
 * the last block is dropping what bears its height.
 */
export interface Ledger {
  /** The last block's height; null before the first. */
  height(): number | null;
  hashAt(height: number): string | null;
  at(height: number): LedgerEntry | null;
  apply(block: LedgerBlock): void;
  undo(): void;
  /** Oldest first, the preorder before its registration; empty when unknown. */
  nameHistory(name: string): readonly Moment[];
  namespaceHistory(id: string): readonly Moment[];
  /** Every name and namespace there ever was, sorted. */
  names(): readonly string[];
  namespaces(): readonly string[];
  heightOfConsensus(consensusHash: string): number | null;
  transaction(txid: string): TransactionStatus | null;
  /** Announced zone files in chain order. */
  zoneFileRows(): readonly ZoneFileRow[];
  /** The inventory bits of a zone file; empty when no transaction announced it. */
  bitsOf(zoneFileHash: string): readonly number[];
  /** Names first given to an address, in chain order: what DIDs count. */
  firstNamesOf(address: string): readonly string[];
}

export interface TransactionStatus {
  readonly status: 'accepted' | 'rejected';
  readonly height: number;
  readonly index: number;
  readonly opcode: string;
}

const SETS_ZONE_FILE: ReadonlySet<unknown> = /* @__PURE__ */ new Set(['NAME_REGISTRATION', 'NAME_RENEWAL', 'NAME_UPDATE', 'NAME_IMPORT']);
const CREATES: ReadonlySet<unknown> = /* @__PURE__ */ new Set(['NAME_REGISTRATION', 'NAME_IMPORT']);

export function createLedger(network: Network): Ledger {
  let state = createState(network);
  const entries: LedgerEntry[] = [];
  const names = byKey<Moment>();
  const namespaces = byKey<Moment>();
  const preorders = byKey<Moment>();
  const statuses = byKey<TransactionStatus>();
  const consensus = byKey<{ readonly height: number }>();
  const bits = byKey<{ readonly height: number; readonly bit: number }>();
  const firsts = byKey<{ readonly height: number; readonly name: string }>();
  const rows: ZoneFileRow[] = [];

  const addName = (name: string, moment: Moment): void => {
    const { height, record } = moment;
    if (record['opcode'] === 'NAME_REGISTRATION') {
      const preorder = preorders.get(String(record['preorder_hash'])).at(-1);
      if (preorder) names.add(name, preorder, height);
    }
    const { address } = record;
    if (CREATES.has(record['opcode']) && typeof address === 'string' && !firsts.get(address).some((first) => first.name === name))
      firsts.add(address, { height, name }, height);
    names.add(name, moment, height);
    const { value_hash: hash, txid } = record;
    if (!SETS_ZONE_FILE.has(record['opcode']) || !isHex(hash, 20) || typeof txid !== 'string') return;
    bits.add(hash, { height, bit: rows.length }, height);
    rows.push({ name, hash, height, txid, invIndex: rows.length + 1 });
  };

  const index = (entry: LedgerEntry): void => {
    const { height } = entry;
    consensus.add(entry.consensusHash, { height }, height);
    for (const { txid, status, index: at, opcode } of entry.verdicts) statuses.add(txid, { status, height, index: at, opcode }, height);
    for (const record of entry.operations as readonly Fields[]) {
      const { opcode, name, namespace_id: id, preorder_hash: preorder } = record;
      if (typeof opcode !== 'string') continue;
      if (opcode === 'NAME_PREORDER') preorders.add(String(preorder), { height, record }, height);
      else if (opcode.startsWith('NAMESPACE_') && typeof id === 'string') namespaces.add(id, { height, record }, height);
      else if (typeof name === 'string') addName(name, { height, record });
    }
  };

  const unindex = (height: number): void => {
    for (const kept of [names, namespaces, preorders, statuses, consensus, bits, firsts]) kept.drop(height);
    while (rows.at(-1)?.height === height) rows.pop();
  };

  /** A block that cannot be folded must leave no half of it behind. */
  const fold = (block: Pick<LedgerBlock, 'height' | 'transactions'>): BlockResult => {
    try {
      return applyBlock(state, block);
    } catch (error) {
      if (state.height === block.height) undoBlock(state);
      throw error;
    }
  };

  /** The rules remember how to undo so many blocks; a deeper reorganisation folds the chain anew. */
  const canUndo = (): boolean => {
    try {
      undoBlock(state);
      return true;
    } catch {
      return false;
    }
  };
  const restart = (): void => {
    state = createState(network);
    for (const { height } of entries.splice(0)) unindex(height);
  };

  return {
    height: () => entries.at(-1)?.height ?? null,
    hashAt: (height) => entries[height - network.firstBlock]?.hash ?? null,
    at: (height) => entries[height - network.firstBlock] ?? null,
    apply: ({ height, hash, time, transactions }) => {
      const entry = { ...fold({ height, transactions }), hash, time };
      entries.push(entry);
      index(entry);
    },
    undo: () => {
      if (!canUndo()) return void restart();
      const entry = entries.pop();
      if (entry) unindex(entry.height);
    },
    nameHistory: names.get,
    namespaceHistory: namespaces.get,
    names: names.keys,
    namespaces: namespaces.keys,
    heightOfConsensus: (hash) => consensus.get(hash).at(-1)?.height ?? null,
    transaction: (txid) => statuses.get(txid).at(-1) ?? null,
    zoneFileRows: () => rows,
    bitsOf: (hash) => bits.get(hash).map(({ bit }) => bit),
    firstNamesOf: (address) => firsts.get(address).map(({ name }) => name),
  };
}

interface ByKey<T> {
  get(key: string): readonly T[];
  /** `since` is the height of the block that adds it. */
  add(key: string, item: T, since: number): void;
  drop(height: number): void;
  keys(): readonly string[];
}

/** Lists by key that remember which block added what. */
function byKey<T>(): ByKey<T> {
  const lists = new Map<string, { readonly item: T; readonly since: number }[]>();
  const added = new Map<number, string[]>();
  return {
    get: (key) => (lists.get(key) ?? []).map(({ item }) => item),
    add: (key, item, since) => {
      lists.set(key, [...(lists.get(key) ?? []), { item, since }]);
      added.set(since, [...(added.get(since) ?? []), key]);
    },
    drop: (height) => {
      for (const key of added.get(height) ?? []) {
        const kept = (lists.get(key) ?? []).filter(({ since }) => since !== height);
        if (kept.length > 0) lists.set(key, kept);
        else lists.delete(key);
      }
      added.delete(height);
    },
    keys: () => [...lists.keys()].sort(),
  };
}
