import type { Store } from './store.js';

/** The part of a store beneath `prefix`, which ends in a slash, as a store of its own. */
export function under(store: Store, prefix: string): Store {
  if (!prefix.endsWith('/')) throw new TypeError('a prefix ends in a slash');
  return {
    get: (path, options) => store.get(prefix + path, options),
    head: (path, options) => store.head(prefix + path, options),
    put: (path, body, options) => store.put(prefix + path, body, options),
    remove: (path, options) => store.remove(prefix + path, options),
    async *list(within = '', options) {
      for await (const path of store.list(prefix + within, options)) yield path.slice(prefix.length);
    },
  };
}
