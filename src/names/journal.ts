import { equal } from '../lib/bytes.js';

/**
 * Where a registration is written down before it pays, so that a crash costs nothing. `load` answers exactly the bytes that stand
 * there, or null. `replace` puts `bytes` where `expected` stands (null: nothing) whole or not at all, and answers whether it did;
 * of several at once, in one process or many, one succeeds. What it answered for survives a power cut.
 */
export interface Journal {
  load(key: string): Promise<Uint8Array | null>;
  replace(key: string, expected: Uint8Array | null, bytes: Uint8Array): Promise<boolean>;
  remove(key: string): Promise<void>;
}

/** A journal that dies with the process: for tests, and for those who would rather lose a preorder's price than write to a disk. */
export function memoryJournal(): Journal {
  const entries = new Map<string, Uint8Array>();
  return {
    load: (key) => Promise.resolve(entries.get(key)?.slice() ?? null),
    replace: (key, expected, bytes) => {
      if (!isSame(entries.get(key) ?? null, expected)) return Promise.resolve(false);
      entries.set(key, bytes.slice());
      return Promise.resolve(true);
    },
    remove: (key) => {
      entries.delete(key);
      return Promise.resolve();
    },
  };
}

/** Whether two entries are the same bytes, or both none. */
export function isSame(a: Uint8Array | null, b: Uint8Array | null): boolean {
  return a === null || b === null ? a === b : equal(a, b);
}
