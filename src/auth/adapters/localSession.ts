import type { SessionStore } from '../session.js';

/** A session in the browser's `localStorage`, where peers keep theirs. Every script of the origin can read it. */
export function localSession(key = 'blockstack-session', storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> = localStorage): SessionStore {
  return {
    load: () => Promise.resolve(storage.getItem(key)),
    save: (text) => {
      if (text === null) storage.removeItem(key);
      else storage.setItem(key, text);
      return Promise.resolve();
    },
  };
}
