import { openDatabase } from '../../../lib/database.js';
import { NamesteadError } from '../../../lib/errors.js';
import { HEADER_BYTES } from '../header.js';
import type { HeaderRun, HeaderStore } from '../headerStore.js';

/**
 * Headers in the browser's IndexedDB: one entry for each run saved, under the height of its first. A save is one transaction.
 *
 * @param where.name the database; default `namestead-headers`
 * @throws NamesteadError `StoreCorrupt`, `StorageFull`, `StorageFailed`
 * @example
 * const store = indexeddbHeaders();
 * await loadHeaders(chain, store);
 * await syncHeaders(chain, sources, { store });
 */
export function indexeddbHeaders({
  name = 'namestead-headers',
  factory = globalThis.indexedDB,
}: { readonly name?: string; readonly factory?: IDBFactory } = {}): HeaderStore {
  const database = openDatabase(factory, name, 'headers');
  return {
    load: async () => {
      let entries: { readonly keys: readonly IDBValidKey[]; readonly values: readonly unknown[] } = { keys: [], values: [] };
      await database.run('readonly', (store) => {
        const keys = store.getAllKeys();
        const values = store.getAll();
        values.onsuccess = () => (entries = { keys: keys.result, values: values.result });
      });
      return joinEntries(entries.keys, entries.values, name);
    },
    save: async ({ from, headers }) => {
      // Before the database opens, which takes its time: the caller may reuse the bytes.
      const copy = headers.slice();
      await database.run('readwrite', (store) => {
        const cursor = store.openCursor(IDBKeyRange.upperBound(from, true), 'prev');
        cursor.onsuccess = () => {
          cutAt(store, from, cursor.result);
          store.put(copy, from);
        };
      });
    },
  };
}

/** Leaves what stands below `from` and leads up to it, or nothing. @param before the entry that starts below it */
function cutAt(store: IDBObjectStore, from: number, before: IDBCursorWithValue | null): void {
  const bytes: unknown = before?.value;
  const kept = (from - Number(before?.key)) * HEADER_BYTES;
  if (!(bytes instanceof Uint8Array) || kept > bytes.length) {
    store.clear();
    return;
  }
  store.delete(IDBKeyRange.lowerBound(from));
  if (kept < bytes.length) before?.update(bytes.slice(0, kept));
}

/** @throws NamesteadError `StoreCorrupt` */
function joinEntries(keys: readonly IDBValidKey[], values: readonly unknown[], name: string): HeaderRun | null {
  const [from] = keys;
  if (from === undefined) return null;
  const parts: Uint8Array[] = [];
  let size = 0;
  for (const [i, key] of keys.entries()) {
    const value = values[i];
    if (!(value instanceof Uint8Array) || value.length % HEADER_BYTES !== 0 || Number(key) !== Number(from) + size / HEADER_BYTES)
      throw new NamesteadError('StoreCorrupt', `the database ${name} does not hold what was saved: delete it, the headers are fetched anew`);
    parts.push(value);
    size += value.length;
  }
  const headers = new Uint8Array(size);
  for (let i = 0, at = 0; i < parts.length; at += parts[i++]?.length ?? 0) headers.set(parts[i] ?? [], at);
  return { from: Number(from), headers };
}
