import { throwIfAborted } from '../../lib/clock.js';
import { requireCondition } from '../condition.js';
import { parsePath } from '../path.js';
import type { File, Store } from '../store.js';

/** A store that lives as long as the process. Its etags are versions, so that A → B → A is noticed. */
export function memory(): Store {
  const files = new Map<string, File & { readonly modified: number }>();
  let version = 0;
  return {
    get: (path, options) =>
      settle(() => {
        throwIfAborted(options?.signal, `reading ${path}`);
        const file = files.get(parsePath(path));
        return file ? { body: file.body.slice(), contentType: file.contentType, etag: file.etag } : null;
      }),
    head: (path, options) =>
      settle(() => {
        throwIfAborted(options?.signal, `reading ${path}`);
        const file = files.get(parsePath(path));
        return file ? { contentType: file.contentType, etag: file.etag, size: file.body.length, modified: file.modified } : null;
      }),
    put: (path, body, options = {}) =>
      settle(() => {
        throwIfAborted(options.signal, `writing ${path}`);
        requireCondition(options.condition, files.get(parsePath(path))?.etag, path);
        const etag = `v${++version}`;
        files.set(path, { body: body.slice(), contentType: options.contentType ?? 'application/octet-stream', etag, modified: Date.now() });
        return { etag, url: null };
      }),
    remove: (path, options = {}) =>
      settle(() => {
        throwIfAborted(options.signal, `removing ${path}`);
        requireCondition(options.condition, files.get(parsePath(path))?.etag, path);
        return files.delete(path);
      }),
    async *list(prefix = '', options = {}) {
      const paths = await settle(() => [...files.keys()].filter((path) => path.startsWith(prefix)));
      for (const path of paths) {
        throwIfAborted(options.signal, 'listing');
        yield path;
      }
    },
  };
}

function settle<T>(work: () => T): Promise<T> {
  return new Promise((resolve) => {
    resolve(work());
  });
}
