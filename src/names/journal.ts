/**
 * Where a registration is written down before it pays, so that a crash costs nothing. `save` replaces whole or not at all, and
 * what it answered for survives a power cut; `load` answers exactly the bytes of the last `save`, or null.
 */
export interface Journal {
  load(key: string): Promise<Uint8Array | null>;
  save(key: string, bytes: Uint8Array): Promise<void>;
  remove(key: string): Promise<void>;
}

/** A journal that dies with the process: for tests, and for those who would rather lose a preorder's price than write to a disk. */
export function memoryJournal(): Journal {
  const entries = new Map<string, Uint8Array>();
  return {
    load: (key) => Promise.resolve(entries.get(key)?.slice() ?? null),
    save: (key, bytes) => {
      entries.set(key, bytes.slice());
      return Promise.resolve();
    },
    remove: (key) => {
      entries.delete(key);
      return Promise.resolve();
    },
  };
}
