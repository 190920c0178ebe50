import type { LongCallOptions } from '../../lib/clock.js';
import type { Fields } from '../../lib/shape.js';
import { findOperations, proveOperationsHash, recomputeHistory, type History, type TrustedHash } from './snv.js';
import type { Indexer } from './source.js';

/** The operations that lie beneath a trusted consensus hash. */
export interface Committed {
  /**
   * The operations of a block; null outside the network's first block and the trusted one. Before {@link Committed.history} a node may pass another
   * block's for them, so the caller binds what it takes to a height by its transaction.
   * @throws NamesteadError `ConsensusMismatch`, `OperationsMismatch`, `OperationDuplicate`
   */
  at(height: number, options: LongCallOptions): Promise<readonly Fields[] | null>;
  /** Every block's hashes, recomputed once. @throws as {@link recomputeHistory} */
  history(options: LongCallOptions): Promise<History>;
}

/** Where what leads to a trusted consensus hash is kept between runs: 32 bytes a block. It is computed anew when it is read, so nobody has to be trusted with it. */
export interface HistoryStore {
  load(): Promise<Uint8Array | null>;
  save(bytes: Uint8Array): Promise<void>;
}

export function committedBeneath(indexer: Indexer, trusted: TrustedHash, firstBlock: number, store?: HistoryStore): Committed {
  let known: History | null = null;
  const recompute = async (options: LongCallOptions): Promise<History> => {
    const kept = (await store?.load()) ?? null;
    const history = await recomputeHistory(indexer, trusted, firstBlock, { ...options, kept });
    if (store && history.bytes.length !== kept?.length) await store.save(history.bytes);
    return history;
  };
  return {
    at: async (height, options) => {
      if (height < firstBlock || height > trusted.height) return null;
      const hash = known?.operationsHashAt(height) ?? (await proveOperationsHash(indexer, trusted, height, firstBlock, options));
      return findOperations(indexer, height, hash, options);
    },
    history: async (options) => (known ??= await recompute(options)),
  };
}
