import { NamesteadError } from '../../lib/errors.js';
import type { SessionStore } from '../session.js';

/**
 * A session in the browser's `localStorage`, where peers keep theirs. Every script of the origin can read it.
 *
 * @throws NamesteadError `StorageFull`; `StorageFailed` where the browser keeps nothing for this page
 */
export function localSession(key = 'blockstack-session', storage?: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>): SessionStore {
  // Where storage is blocked, naming `localStorage` throws.
  const place = (): Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> => storage ?? localStorage;
  return {
    load: async () => told(() => place().getItem(key)),
    save: async (text) => {
      told(() => {
        if (text === null) place().removeItem(key);
        else place().setItem(key, text);
      });
    },
  };
}

function told<T>(work: () => T): T {
  try {
    return work();
  } catch (cause) {
    const full = cause instanceof Error && cause.name === 'QuotaExceededError';
    if (full) throw new NamesteadError('StorageFull', 'the browser has no room left for the session: free some of this site', { cause });
    throw new NamesteadError('StorageFailed', 'the browser keeps no session for this page: allow it to store data', { cause });
  }
}
