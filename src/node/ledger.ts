import type { Network } from '../names/bitcoin/network.js';
import {
  applyBlock,
  consensusHashAt,
  createState,
  operationsAt,
  undoBlock,
  type Candidate,
  type OperationRecord,
  type State,
  type StateOptions,
} from '../names/bitcoin/rules.js';
import { indexesOf, type BlockRow, type Indexes, type Lookups } from './indexes.js';
import { memoryStore, type Store } from './store.js';

export interface LedgerBlock {
  readonly height: number;
  /** Display hex. */
  readonly hash: string;
  /** Seconds since 1970, from the header. */
  readonly time: number;
  readonly transactions: readonly Candidate[];
}

export interface LedgerEntry extends BlockRow {
  readonly height: number;
  readonly consensusHash: string;
  /** Accepted ones, in block order. */
  readonly operations: readonly OperationRecord[];
}

/** What the rules made of the chain so far, kept in a store. */
export interface Ledger {
  state(): State;
  lookups(): Lookups;
  /** The last block's height; null before the first. */
  height(): number | null;
  hashAt(height: number): string | null;
  at(height: number): LedgerEntry | null;
  /** The operations hash at a height; null where no block was folded. */
  operationsHashAt(height: number): string | null;
  /** Folds the next block. When it throws, all is as before. */
  apply(block: LedgerBlock): void;
  /** Takes the last block back; a chain that parted from ours deeper than is remembered is begun anew. */
  undo(): void;
  /** Makes what was folded last: until then a crash loses it, and the blocks are folded once more. */
  commit(): void;
  /** Rows that wait for the next commit. */
  waiting(): number;
}

/** Changed rows that are held back while blocks come fast: the more, the fewer times a page of the database is written. */
export const MOST_WAITING = 20_000;

export type LedgerOptions = Omit<StateOptions, 'tables'>;

export function createLedger(network: Network, store: Store = memoryStore(), options: LedgerOptions = {}): Ledger {
  let { state, indexes } = open(network, store, options);
  const rowAt = (height: number): BlockRow | null => (height >= network.firstBlock && height <= state.height ? (indexes.blocks.get(height) ?? null) : null);
  return {
    state: () => state,
    lookups: () => indexes,
    height: () => (state.height >= network.firstBlock ? state.height : null),
    hashAt: (height) => rowAt(height)?.hash ?? null,
    operationsHashAt: (height) => rowAt(height)?.operationsHash ?? null,
    at: (height) => {
      const row = rowAt(height);
      return row && { height, ...row, consensusHash: consensusHashAt(state, height) ?? '', operations: operationsAt(state, height) };
    },
    apply: ({ height, hash, time, transactions }) => {
      try {
        applyBlock(state, { height, transactions }, (result) => {
          indexes.add(result, { hash, time });
        });
      } catch (error) {
        indexes.undone();
        throw error;
      }
    },
    undo: () => {
      if (state.height < network.firstBlock) return;
      if (state.undo.get(state.height)) {
        undoBlock(state);
        indexes.undone();
        return;
      }
      store.clear();
      ({ state, indexes } = open(network, store, options));
    },
    commit: store.commit,
    waiting: store.waiting,
  };
}

function open(network: Network, store: Store, options: LedgerOptions): { state: State; indexes: Indexes } {
  const state = createState(network, { ...options, tables: store });
  return { state, indexes: indexesOf(state, store.namesIn) };
}
