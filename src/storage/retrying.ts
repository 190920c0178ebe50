import type { Clock } from '../lib/clock.js';
import { isNamesteadError } from '../lib/errors.js';
import type { ErrorCode } from '../lib/errors.js';
import type { Store } from './store.js';

/** The store did nothing, and said so. */
const REFUSED: readonly ErrorCode[] = ['Conflict'];
/** Nobody knows whether the store did it. */
const UNKNOWN: readonly ErrorCode[] = [...REFUSED, 'HttpFailed', 'HttpTimeout', 'StorageFailed'];

export interface RetryingOptions {
  readonly clock: Clock;
  /** A number from 0 up to 1, so that clients that met once do not meet again: `Math.random`. */
  readonly random: () => number;
  /** How often in all. Default 5. */
  readonly attempts?: number;
  /** Milliseconds before the second attempt, at most; doubled for each further one. Default 200. */
  readonly delay?: number;
}

/**
 * Tries again what can be tried again: everything after a 409, and after a failure whose outcome is unknown whatever may safely happen twice.
 * A write under `create` or `match` may not: it would meet its own first attempt and call it another's.
 */
export function retrying(store: Store, { clock, random, attempts = 5, delay = 200 }: RetryingOptions): Store {
  const again = async <T>(work: () => Promise<T>, codes: readonly ErrorCode[], signal: AbortSignal | undefined): Promise<T> => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await work();
      } catch (error) {
        if (attempt >= attempts || !codes.some((code) => isNamesteadError(error, code))) throw error;
        await clock.sleep(delay * 2 ** (attempt - 1) * (0.5 + random() / 2), signal);
      }
    }
  };
  return {
    get: (path, options) => again(() => store.get(path, options), UNKNOWN, options?.signal),
    head: (path, options) => again(() => store.head(path, options), UNKNOWN, options?.signal),
    put: (path, body, options) => again(() => store.put(path, body, options), codesFor(options?.condition?.kind), options?.signal),
    remove: (path, options) => again(() => store.remove(path, options), codesFor(options?.condition?.kind), options?.signal),
    list: (prefix, options) => store.list(prefix, options),
  };
}

function codesFor(condition: 'create' | 'match' | 'any' = 'any'): readonly ErrorCode[] {
  return condition === 'any' ? UNKNOWN : REFUSED;
}
