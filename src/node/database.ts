import type { open } from 'lmdb';
import { NamesteadError } from '../lib/errors.js';
import { faultOfFile } from './databaseFile.js';

/** Rows of bytes in the order of their keys, on disk. Reads see what was committed, and inside `write` what it wrote. */
export interface Database {
  get(table: string, key: Uint8Array): Uint8Array | undefined;
  /** Keys that begin with `prefix`, in order. */
  keys(table: string, prefix?: Uint8Array): Iterable<Uint8Array>;
  /** Writes all or nothing. */
  write(change: (writer: Writer) => void): void;
  clear(tables: readonly string[]): void;
  close(): Promise<void>;
}

export interface Writer {
  /** `last`: the key is likely behind all others of its table, which then fills its pages. */
  put(table: string, key: Uint8Array, value: Uint8Array, last: boolean): void;
  remove(table: string, key: Uint8Array): void;
}

const APPEND = { append: true } as const;

/**
 * Opens or makes the database in a folder. One process at a time may hold it.
 * @throws NamesteadError `StorageFailed` when the package lmdb is not installed, `StoreCorrupt`
 */
export async function openDatabase(directory: string, tables: readonly string[]): Promise<Database> {
  const lmdb = await load();
  const fault = await faultOfFile(directory);
  if (fault !== null) throw corrupt(directory, fault);
  try {
    const root = lmdb.open({ path: directory, maxDbs: 64, encoding: 'binary', keyEncoding: 'binary', compression: false, noSubdir: false });
    const opened = new Map(tables.map((name) => [name, root.openDB<Uint8Array, Uint8Array>({ name, encoding: 'binary', keyEncoding: 'binary' })]));
    const of = (name: string) => {
      const table = opened.get(name);
      if (!table) throw new TypeError(`the database has no table ${name}`);
      return table;
    };
    return {
      // LMDB takes no empty key, and none above 1978 bytes.
      get: (table, key) => (key.length > 0 && key.length < 1024 ? of(table).get(key) : undefined),
      keys: (table, prefix) => of(table).getKeys(prefix ? { start: prefix, end: behind(prefix) } : {}),
      write: (change) => {
        root.transactionSync(() => {
          change({
            put: (table, key, value, last) => {
              const into = of(table);
              // It answers whether it did, though its types say nothing. What is not behind the others is refused, and put where it belongs.
              const append: (at: Uint8Array, row: Uint8Array, options: typeof APPEND) => unknown = into.putSync.bind(into);
              if (!last || append(key, value, APPEND) !== true) into.putSync(key, value);
            },
            remove: (table, key) => void of(table).removeSync(key),
          });
        });
      },
      clear: (names) => {
        root.transactionSync(() => {
          for (const name of names) of(name).clearSync();
        });
      },
      close: () => root.close(),
    };
  } catch (cause) {
    throw corrupt(directory, 'it does not open', cause);
  }
}

function corrupt(directory: string, fault: string, cause?: unknown): NamesteadError {
  return new NamesteadError('StoreCorrupt', `the store in ${directory} cannot be opened, ${fault}: remove the folder, and it is made anew from the chain`, {
    cause,
  });
}

async function load(): Promise<{ readonly open: typeof open }> {
  try {
    return await import('lmdb');
  } catch (cause) {
    const hint = 'npm install lmdb, or start the node without a directory';
    throw new NamesteadError('StorageFailed', `a node with a directory keeps its names with the package lmdb, which cannot be loaded: ${hint}`, { cause });
  }
}

/** The first key behind all that begin with `prefix`; no key is longer than so many of the last byte. */
function behind(prefix: Uint8Array): Uint8Array {
  const end = prefix.slice();
  for (let at = end.length - 1; at >= 0; at--) {
    end[at] = ((end[at] ?? 0) + 1) % 256;
    if (end[at] !== 0) return end;
  }
  return new Uint8Array(1978).fill(0xff);
}
