import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Hash160 } from '../lib/address.js';
import { fromHex } from '../lib/bytes.js';
import { MAX_ZONE_FILE_BYTES, verifyZoneFile } from '../zones/zonefile.js';

/** The zone files a peer holds, by hash in hex. Only what fits its hash is put and given. */
export interface Shelf {
  has(hash: string): boolean;
  get(hash: string): Promise<Uint8Array | null>;
  put(hash: string, bytes: Uint8Array): Promise<void>;
}

export function memoryShelf(): Shelf {
  const files = new Map<string, Uint8Array>();
  return {
    has: (hash) => files.has(hash),
    get: async (hash) => files.get(hash) ?? null,
    put: async (hash, bytes) => {
      files.set(hash, verifyZoneFile(bytes, fromHex(hash) as Hash160));
    },
  };
}

/** Keeps each file under its hash in a folder. A file is written beside its place and renamed, so that a crash leaves none half written. */
export async function diskShelf(directory: string): Promise<Shelf> {
  await mkdir(directory, { recursive: true });
  const names = await readdir(directory);
  // A rest of a write that a crash cut short.
  await Promise.all(names.filter((name) => name.endsWith('.part')).map((name) => rm(join(directory, name), { force: true })));
  const held = new Set(names.filter((name) => /^[0-9a-f]{40}$/.test(name)));
  let writes = 0;
  const drop = async (hash: string): Promise<null> => {
    held.delete(hash);
    await rm(join(directory, hash), { force: true });
    return null;
  };
  return {
    has: (hash) => held.has(hash),
    get: async (hash) => {
      if (!held.has(hash)) return null;
      const path = join(directory, hash);
      try {
        if ((await stat(path)).size > MAX_ZONE_FILE_BYTES) return await drop(hash);
        return verifyZoneFile(new Uint8Array(await readFile(path)), fromHex(hash) as Hash160);
      } catch {
        // Rotten or gone: as good as missing, so that it is fetched anew.
        return drop(hash);
      }
    },
    put: async (hash, bytes) => {
      verifyZoneFile(bytes, fromHex(hash) as Hash160);
      const part = join(directory, `${hash}.${writes++}.part`);
      await writeFile(part, bytes);
      await rename(part, join(directory, hash));
      held.add(hash);
    },
  };
}
