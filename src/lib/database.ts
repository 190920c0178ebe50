import { NamesteadError } from './errors.js';

/** One object store of an IndexedDB database, opened when first needed. */
export interface Database {
  /** Runs one transaction, with strict durability where the browser offers it; answers when it is settled. */
  run(mode: IDBTransactionMode, act: (store: IDBObjectStore) => void): Promise<void>;
}

/** @throws NamesteadError `StorageFull`, `StorageFailed`, from `run` */
export function openDatabase(factory: IDBFactory, name: string, storeName: string): Database {
  let opened: Promise<IDBDatabase> | null = null;
  // Forgotten when it cannot be opened, or when another tab needs it closed.
  const forget = (): void => void (opened = null);
  return {
    run: async (mode, act) => {
      opened ??= open(factory, name, storeName, forget);
      const transaction = (await opened).transaction(storeName, mode, { durability: 'strict' });
      act(transaction.objectStore(storeName));
      return new Promise((resolve, reject) => {
        transaction.oncomplete = () => resolve();
        transaction.onabort = () => reject(failed(name, transaction.error));
      });
    },
  };
}

function open(factory: IDBFactory, name: string, storeName: string, forget: () => void): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = factory.open(name, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(storeName);
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

function failed(name: string, cause: DOMException | null): NamesteadError {
  if (cause?.name === 'QuotaExceededError') return new NamesteadError('StorageFull', `the browser gives the database ${name} no more room`, { cause });
  return new NamesteadError('StorageFailed', `the database ${name} could not be read or written`, { cause });
}
