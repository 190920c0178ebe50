import { toHex } from '../lib/bytes.js';
import type { CallOptions } from '../lib/clock.js';
import { verifyZoneFile } from './zonefile.js';
import type { ZoneSource } from './zones.js';

/** Where zone files are kept, by hash in hex: a part of every storage `Store`, so that one fits. */
export interface ZoneShelf {
  get(path: string, options?: CallOptions): Promise<{ readonly body: Uint8Array } | null>;
  put(path: string, body: Uint8Array, options?: CallOptions): Promise<unknown>;
}

/**
 * A source that keeps what `source` gave, for ever: bytes behind a hash never change. Only bytes that fit the hash are kept,
 * and they are checked again when read, since a shelf may rot. A shelf that fails is no reason not to answer.
 */
export function cached(source: ZoneSource, shelf: ZoneShelf): ZoneSource {
  return async (hash, options) => {
    const path = toHex(hash);
    try {
      const kept = await shelf.get(path, options);
      if (kept) return verifyZoneFile(kept.body, hash);
    } catch {
      options?.signal?.throwIfAborted();
    }
    const bytes = await source(hash, options);
    if (bytes === null) return null;
    verifyZoneFile(bytes, hash);
    await shelf.put(path, bytes, options).catch(() => undefined);
    return bytes;
  };
}

/** A shelf in memory that lets go of the oldest when it holds more than `most` files. */
export function memoryZones(most = 1000): ZoneShelf {
  const files = new Map<string, Uint8Array>();
  return {
    get: (path) => {
      const body = files.get(path);
      return Promise.resolve(body ? { body } : null);
    },
    put: (path, body) => {
      files.delete(path);
      files.set(path, body);
      for (const oldest of files.keys()) {
        if (files.size <= most) break;
        files.delete(oldest);
      }
      return Promise.resolve();
    },
  };
}
