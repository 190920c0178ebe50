import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { concat, equal, fromUtf8, toHex } from '../../lib/bytes.js';
import { NamesteadError } from '../../lib/errors.js';
import { sha256 } from '../../lib/hash.js';
import { isSame, type Journal } from '../journal.js';

/**
 * A journal in a folder (Node.js), one file per key and generation: written beside, synced, linked to the next generation's name,
 * which only one process can do, and the folder synced; then the former generation goes. Nothing is locked, so nothing stays
 * locked after a crash. Each file begins with a line of SHA-256 over the rest. The files hold signed transactions and zone
 * files, never keys. The file system must know hard links (all but FAT do).
 *
 * @param where.directory is made when absent
 * @throws NamesteadError `JournalCorrupt` naming the file, `StorageFull`, `StorageFailed`
 * @example
 * const journal = fileJournal({ directory: '/home/alice/.namestead/journal' });
 */
export function fileJournal({ directory }: { readonly directory: string }): Journal {
  const pathOf = (key: string, generation: number): string => join(directory, fileName(key, generation));
  const read = async (key: string): Promise<Entry> => {
    for (let turn = 0; ; turn++) {
      const generation = (await generationsOf(directory, key)).at(-1);
      if (generation === undefined) return { generation: -1, bytes: null };
      const path = pathOf(key, generation);
      const file = await readFile(path).catch(absentAsNull(path));
      if (file) return { generation, bytes: unseal(file, path) };
      // Another process went on in between.
      if (turn > 100) throw failed(path, { code: 'ENOENT' });
    }
  };
  /** Takes the next generation's name, which fails for all but one. */
  const claim = async (key: string, generation: number, bytes: Uint8Array): Promise<boolean> => {
    const beside = `${pathOf(key, generation)}.${randomUUID()}.part`;
    try {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      await writeSynced(beside, seal(bytes));
      return await link(beside, pathOf(key, generation)).then(() => true, existsAsFalse);
    } catch (cause) {
      throw failed(pathOf(key, generation), cause);
    } finally {
      await rm(beside, { force: true }).catch(() => undefined);
    }
  };
  return {
    load: async (key) => (await read(key)).bytes,
    replace: async (key, expected, bytes) => {
      const now = await read(key);
      if (!isSame(now.bytes, expected) || !(await claim(key, now.generation + 1, bytes))) return false;
      try {
        const all = await generationsOf(directory, key);
        // Whoever is behind may find a name free that others had and left: then the generation it stands on is gone.
        if (all.at(-1) !== now.generation + 1 || (now.generation >= 0 && !all.includes(now.generation))) {
          await rm(pathOf(key, now.generation + 1), { force: true });
          return false;
        }
        await syncFolder(directory);
        for (const old of all.slice(0, -1)) await rm(pathOf(key, old), { force: true });
        return true;
      } catch (cause) {
        throw failed(pathOf(key, now.generation + 1), cause);
      }
    },
    remove: async (key) => {
      try {
        // The oldest first: a crash in between leaves the latest.
        for (const generation of await generationsOf(directory, key)) await rm(pathOf(key, generation), { force: true });
        await syncFolder(directory);
      } catch (cause) {
        if (codeOf(cause) !== 'ENOENT') throw failed(pathOf(key, 0), cause);
      }
    },
  };
}

interface Entry {
  /** -1: none. */
  readonly generation: number;
  readonly bytes: Uint8Array | null;
}

/** Letters, digits and a few signs stand for themselves; the suffix keeps `.` and `..` from being folders. No key gives an `@`. */
function fileName(key: string, generation: number): string {
  const name = encodeURIComponent(key).replace(/\*/g, '%2A');
  if (key === '' || name.length > 200) throw new TypeError('a journal key is 1 to 200 characters');
  return generation === 0 ? `${name}.journal` : `${name}@${generation}.journal`;
}

/** Those of a key that are there, in rising order. */
async function generationsOf(directory: string, key: string): Promise<readonly number[]> {
  const first = fileName(key, 0);
  const stem = `${first.slice(0, -'.journal'.length)}@`;
  const names = await readdir(directory).catch(absentAsNull(directory));
  return (names ?? [])
    .flatMap((name) => {
      if (name === first) return [0];
      const number = name.startsWith(stem) ? /^([1-9]\d{0,14})\.journal$/.exec(name.slice(stem.length)) : null;
      return number ? [Number(number[1])] : [];
    })
    .sort((a, b) => a - b);
}

function existsAsFalse(cause: unknown): false {
  if (codeOf(cause) === 'EEXIST') return false;
  throw cause;
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
