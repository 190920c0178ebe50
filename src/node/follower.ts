import type { CallOptions, Clock } from '../lib/clock.js';
import { isNamesteadError, NamesteadError } from '../lib/errors.js';
import type { Network } from '../names/bitcoin/network.js';
import type { Bitcoind } from './bitcoind.js';
import { MOST_WAITING, type Ledger } from './ledger.js';
import { readCandidates } from './candidates.js';

export interface FollowerOptions {
  readonly bitcoin: Bitcoind;
  readonly ledger: Ledger;
  readonly network: Network;
  readonly clock: Clock;
  /** Milliseconds between two looks at the tip. */
  readonly interval: number;
  /** Told after each block that came or went. */
  readonly onChange: () => void;
  readonly onError: (error: unknown) => void;
}

export interface Follower {
  /** The tip's height as last seen, null before the first look. */
  seen(): number | null;
  /** When bitcoind last answered a whole look, in milliseconds since 1970; null: never. */
  lastContact(): number | null;
  /** True while blocks wait to be folded. */
  indexing(): boolean;
  waitForHeight(height: number, options?: CallOptions): Promise<void>;
  close(): Promise<void>;
}

/** The most milliseconds between two tries while bitcoind fails. */
const MAX_BACKOFF = 5000;

/**
 * Keeps the ledger at bitcoind's chain, as deep as the network's confirmations ask, by looking every `interval`; blocks that left
 * the chain are undone first. What goes wrong is told and tried again: a bitcoind that is down or mad never ends the follower.
 */
export function follow({ bitcoin, ledger, network, clock, interval, onChange, onError }: FollowerOptions): Follower {
  const over = new AbortController();
  const { signal } = over;
  let nap = new AbortController();
  let seen: number | null = null;
  let contact: number | null = null;
  let indexing = true;
  const waiting = new Set<() => void>();
  const closed = (): boolean => signal.aborted;

  const changed = (): void => {
    onChange();
    for (const check of waiting) check();
  };

  const unwind = async (tip: number): Promise<void> => {
    for (let height = ledger.height(); height !== null; height = ledger.height()) {
      if (height <= tip && (await bitcoin.blockHash(height, { signal })) === ledger.hashAt(height)) return;
      ledger.undo();
      ledger.commit();
      changed();
    }
  };

  const look = async (): Promise<void> => {
    const tip = await bitcoin.height({ signal });
    seen = tip;
    await unwind(tip);
    // A block at the tip has one confirmation.
    const target = tip - network.confirmations + 1;
    for (let next = (ledger.height() ?? network.firstBlock - 1) + 1; next <= target; next++) {
      indexing = true;
      const hash = await bitcoin.blockHash(next, { signal });
      const block = await bitcoin.block(hash, { signal });
      const below = ledger.hashAt(next - 1);
      // The chain turned between two calls: the next look unwinds it.
      if (below !== null && below !== block.header.previous) return;
      const transactions = await readCandidates(block, network, bitcoin, signal);
      signal.throwIfAborted();
      ledger.apply({ height: next, hash, time: block.header.time, transactions });
      // Far behind, many blocks are made to last at once; at the tip each one is.
      if (next === target || ledger.waiting() >= MOST_WAITING) ledger.commit();
      changed();
    }
    indexing = false;
    contact = clock.now();
  };

  const run = async (): Promise<void> => {
    for (let failures = 0; !closed();) {
      nap = new AbortController();
      try {
        await look();
        failures = 0;
      } catch (error) {
        if (closed()) return;
        failures++;
        onError(error);
      }
      const pause = Math.min(interval * 2 ** Math.min(failures, 10), Math.max(MAX_BACKOFF, interval));
      await clock.sleep(pause, AbortSignal.any([signal, nap.signal])).catch(() => undefined);
    }
  };
  const ended = run();

  return {
    seen: () => seen,
    lastContact: () => contact,
    indexing: () => indexing,
    waitForHeight: async (height, options = {}) => {
      nap.abort();
      await new Promise<void>((resolve, reject) => {
        const end = AbortSignal.any([signal, ...(options.signal ? [options.signal] : [])]);
        const stop = (): void => {
          settle();
          reject(new NamesteadError('Aborted', `waiting for block ${height} was cancelled`, { cause: end.reason }));
        };
        const settle = (): void => {
          waiting.delete(check);
          end.removeEventListener('abort', stop);
        };
        const check = (): void => {
          if ((ledger.height() ?? -1) < height) return;
          settle();
          resolve();
        };
        end.addEventListener('abort', stop, { once: true });
        waiting.add(check);
        if (end.aborted) stop();
        else check();
      });
    },
    close: async () => {
      over.abort(new NamesteadError('Aborted', 'the node was closed'));
      await ended.catch((error: unknown) => {
        if (!isNamesteadError(error, 'Aborted')) throw error;
      });
    },
  };
}
