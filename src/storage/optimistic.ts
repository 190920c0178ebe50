import type { Condition, Store } from './store.js';

/**
 * Refuses to overwrite what it has not seen: a path that was neither read nor written here is created, any other is replaced only while its
 * etag is the one last seen. A condition that the caller names goes before. What was seen is forgotten with the object.
 *
 * @throws NamesteadError `PreconditionFailed` when another writer was faster: read the file, then put again
 * @example
 * const store = optimistic(encrypted(enveloped(gaia({ hub, signer, clock }), signer), keys));
 */
export function optimistic(store: Store): Store {
  const seen = new Map<string, string>();
  const see = (path: string, etag: string | null | undefined): void => {
    if (typeof etag === 'string') seen.set(path, etag);
    else seen.delete(path);
  };
  const conditionOf = (path: string): Condition => {
    const etag = seen.get(path);
    return etag === undefined ? { kind: 'create' } : { kind: 'match', etag };
  };
  return {
    get: async (path, options) => {
      const file = await store.get(path, options);
      see(path, file?.etag);
      return file;
    },
    head: async (path, options) => {
      const head = await store.head(path, options);
      see(path, head?.etag);
      return head;
    },
    put: async (path, body, options = {}) => {
      const written = await store.put(path, body, { ...options, condition: options.condition ?? conditionOf(path) });
      see(path, written.etag);
      return written;
    },
    remove: async (path, options) => {
      const removed = await store.remove(path, options);
      seen.delete(path);
      return removed;
    },
    list: (prefix, options) => store.list(prefix, options),
  };
}
