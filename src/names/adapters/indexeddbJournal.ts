import { NamesteadError } from '../../lib/errors.js';
import { isSame, type Journal } from '../journal.js';

const STORE = 'journal';

/**
 * A journal in the browser's IndexedDB, with strict durability where the browser offers it. It holds signed transactions and
 * zone files, never keys.
 *
 * @param where.name the database; default `namestead-journal`
 * @throws NamesteadError `StorageFull`, `StorageFailed`, `JournalCorrupt`
 */
export function indexeddbJournal({
  name = 'namestead-journal',
  factory = globalThis.indexedDB,
}: { readonly name?: string; readonly factory?: IDBFactory } = {}): Journal {
  let opened: Promise<IDBDatabase> | null = null;
  const database = (): Promise<IDBDatabase> => (opened ??= openDatabase(factory, name, () => (opened = null)));
  const run = async (mode: IDBTransactionMode, act: (store: IDBObjectStore) => IDBRequest): Promise<unknown> => {
    const transaction = (await database()).transaction(STORE, mode, { durability: 'strict' });
    const request = act(transaction.objectStore(STORE));
    await settled(transaction, name);
    return request.result;
  };
  return {
    load: async (key) => {
      const value = await run('readonly', (store) => store.get(key));
      return value === undefined ? null : asBytes(value, key, name);
    },
    replace: async (key, expected, bytes) => {
      // Before the database opens, which takes its time: the caller may reuse the bytes.
      const copy = bytes.slice();
      let done = false;
      // The browser runs one such transaction at a time, whichever tab or worker asks.
      await run('readwrite', (store) => {
        const request = store.get(key);
        request.onsuccess = () => {
          const now: unknown = request.result;
          done = isSame(now === undefined ? null : asBytes(now, key, name), expected);
          if (done) store.put(copy, key);
        };
        return request;
      });
      return done;
    },
    remove: async (key) => {
      await run('readwrite', (store) => store.delete(key));
    },
  };
}

function asBytes(value: unknown, key: string, name: string): Uint8Array {
  if (value instanceof Uint8Array) return value;
  throw new NamesteadError('JournalCorrupt', `the entry ${key} of the database ${name} is not bytes: delete it and start again`);
}

/** Forgets the handle when it could not be opened, or when another tab needs it closed. */
function openDatabase(factory: IDBFactory, name: string, forget: () => void): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = factory.open(name, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    request.onerror = () => {
      forget();
      reject(failed(name, request.error));
    };
    request.onsuccess = () => {
      request.result.onclose = forget;
      request.result.onversionchange = () => {
        forget();
        request.result.close();
      };
      resolve(request.result);
    };
  });
}

function settled(transaction: IDBTransaction, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(failed(name, transaction.error));
  });
}

function failed(name: string, cause: DOMException | null): NamesteadError {
  if (cause?.name === 'QuotaExceededError') return new NamesteadError('StorageFull', `the browser gives the database ${name} no more room`, { cause });
  return new NamesteadError('StorageFailed', `the database ${name} could not be read or written`, { cause });
}
