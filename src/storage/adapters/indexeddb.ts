import { throwIfAborted } from '../../lib/clock.js';
import { isNamesteadError, NamesteadError } from '../../lib/errors.js';
import { requireCondition } from '../condition.js';
import { parsePath } from '../path.js';
import type { Store } from '../store.js';

const FILES = 'files';

export interface IndexedDbOptions {
  /** The database's name; one origin may have many. */
  readonly name: string;
}

interface Row {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly contentType: string;
  readonly etag: string;
  readonly modified: number;
}

/**
 * Files in the browser's IndexedDB. A condition and the write it guards are one transaction, so they hold between tabs too.
 *
 * @throws NamesteadError `StorageFull`, `StorageFailed`, `PathInvalid`, `PreconditionFailed`, `Aborted`
 */
export function indexeddb({ name }: IndexedDbOptions): Store {
  let opened: Promise<IDBDatabase> | null = null;
  const database = (): Promise<IDBDatabase> => (opened ??= openDatabase(name, () => (opened = null)));

  const change = async <T>(path: string, options: Parameters<Store['remove']>[1], work: (files: IDBObjectStore, current: Row | undefined) => T): Promise<T> => {
    const key = parsePath(path);
    throwIfAborted(options?.signal, `writing ${path}`);
    const transaction = (await database()).transaction(FILES, 'readwrite', { durability: 'strict' });
    const files = transaction.objectStore(FILES);
    const finished = completion(transaction, path);
    let value: { readonly of: T } | null = null;
    let refusal: unknown = null;
    const request = files.get(key) as IDBRequest<Row | undefined>;
    request.onsuccess = () => {
      try {
        requireCondition(options?.condition, request.result?.etag, path);
        value = { of: work(files, request.result) };
      } catch (error) {
        refusal = error;
        transaction.abort();
      }
    };
    await finished.catch((error: unknown) => {
      throw refusal ?? error;
    });
    const done = value as { readonly of: T } | null;
    if (done === null) throw new NamesteadError('StorageFailed', `writing ${path} was not finished`);
    return done.of;
  };

  const read = async (path: string, signal: AbortSignal | undefined): Promise<Row | undefined> => {
    const key = parsePath(path);
    throwIfAborted(signal, `reading ${path}`);
    const files = (await database()).transaction(FILES, 'readonly').objectStore(FILES);
    return answer(files.get(key) as IDBRequest<Row | undefined>, path);
  };

  return {
    get: async (path, options) => {
      const row = await read(path, options?.signal);
      return row ? { body: row.body, contentType: row.contentType, etag: row.etag } : null;
    },
    head: async (path, options) => {
      const row = await read(path, options?.signal);
      return row ? { contentType: row.contentType, etag: row.etag, size: row.body.length, modified: row.modified } : null;
    },
    put: (path, body, options = {}) =>
      change(path, options, (files) => {
        const etag = globalThis.crypto.randomUUID();
        const row: Row = { body: new Uint8Array(body), contentType: options.contentType ?? 'application/octet-stream', etag, modified: Date.now() };
        files.put(row, path);
        return { etag, url: null };
      }),
    remove: (path, options) =>
      change(path, options, (files, current) => {
        files.delete(path);
        return current !== undefined;
      }),
    async *list(prefix = '', options = {}) {
      const files = (await database()).transaction(FILES, 'readonly').objectStore(FILES);
      for (const key of await answer(files.getAllKeys(), prefix)) {
        throwIfAborted(options.signal, 'listing');
        if (typeof key === 'string' && key.startsWith(prefix)) yield key;
      }
    },
  };
}

function openDatabase(name: string, onClose: () => void): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore(FILES);
    };
    request.onsuccess = () => {
      const database = request.result;
      database.onclose = onClose;
      // Another tab wants a newer version or to delete it: an open connection would make it wait for ever.
      database.onversionchange = () => {
        database.close();
        onClose();
      };
      resolve(database);
    };
    request.onerror = () => {
      onClose();
      reject(failure(request.error, name));
    };
  });
}

function answer<T>(request: IDBRequest<T>, what: string): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => {
      resolve(request.result);
    };
    request.onerror = () => {
      reject(failure(request.error, what));
    };
  });
}

function completion(transaction: IDBTransaction, what: string): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => {
      resolve();
    };
    transaction.onabort = transaction.onerror = () => {
      reject(failure(transaction.error, what));
    };
  });
}

function failure(cause: unknown, what: string): NamesteadError {
  if (isNamesteadError(cause)) return cause;
  const full = cause instanceof DOMException && cause.name === 'QuotaExceededError';
  if (full) return new NamesteadError('StorageFull', `${what}: the browser gives this site no more room`, { cause });
  return new NamesteadError('StorageFailed', `${what}: the browser's database failed`, { cause });
}
