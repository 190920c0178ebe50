import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { concat, equal, fromUtf8, toHex } from '../../lib/bytes.js';
import { NamesteadError } from '../../lib/errors.js';
import { sha256 } from '../../lib/hash.js';
import type { Journal } from '../journal.js';

/**
 * A journal in a folder, one file per key: written beside, synced, renamed over the old one, and the folder synced (Node.js).
 * Each file begins with a line of SHA-256 over the rest. The files hold signed transactions and zone files, never keys.
 *
 * @param where.directory is made when absent
 * @throws NamesteadError `JournalCorrupt` naming the file, `StorageFull`, `StorageFailed`
 * @example
 * const journal = fileJournal({ directory: '/home/alice/.namestead/journal' });
 */
export function fileJournal({ directory }: { readonly directory: string }): Journal {
  let count = 0;
  const pathOf = (key: string): string => join(directory, fileName(key));
  return {
    load: async (key) => {
      const bytes = await readFile(pathOf(key)).catch(absentAsNull(pathOf(key)));
      return bytes && unseal(bytes, pathOf(key));
    },
    save: async (key, bytes) => {
      const path = pathOf(key);
      const beside = `${path}.${process.pid}-${count++}.part`;
      try {
        await mkdir(directory, { recursive: true, mode: 0o700 });
        await writeSynced(beside, seal(bytes));
        await rename(beside, path);
        await syncFolder(directory);
      } catch (cause) {
        await rm(beside, { force: true }).catch(() => undefined);
        throw failed(path, cause);
      }
    },
    remove: async (key) => {
      try {
        await rm(pathOf(key), { force: true });
        await syncFolder(directory);
      } catch (cause) {
        if (codeOf(cause) !== 'ENOENT') throw failed(pathOf(key), cause);
      }
    },
  };
}

/** Letters, digits and a few signs stand for themselves; the suffix keeps `.` and `..` from being folders. */
function fileName(key: string): string {
  const name = encodeURIComponent(key).replace(/\*/g, '%2A');
  if (key === '' || name.length > 200) throw new TypeError('a journal key is 1 to 200 characters');
  return `${name}.journal`;
}

function seal(bytes: Uint8Array): Uint8Array {
  return concat(fromUtf8(`${toHex(sha256(bytes))}\n`), bytes);
}

function unseal(file: Uint8Array, path: string): Uint8Array {
  const bytes = Uint8Array.from(file.subarray(65));
  if (equal(file.subarray(0, 65), fromUtf8(`${toHex(sha256(bytes))}\n`))) return bytes;
  throw new NamesteadError(
    'JournalCorrupt',
    `${path} does not hold what was written: restore it from a backup; else look the payment up on the chain, then delete the file and start again`,
  );
}

async function writeSynced(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes the rename itself durable; Windows cannot open folders and needs none of it. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function absentAsNull(path: string): (cause: unknown) => null {
  return (cause) => {
    if (codeOf(cause) === 'ENOENT') return null;
    throw failed(path, cause);
  };
}

function failed(path: string, cause: unknown): NamesteadError {
  if (codeOf(cause) === 'ENOSPC') return new NamesteadError('StorageFull', `no room to write ${path}: free some and call again`, { cause });
  return new NamesteadError('StorageFailed', `${path} could not be read or written (${codeOf(cause)})`, { cause });
}

function codeOf(cause: unknown): string {
  return typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : 'unknown';
}
