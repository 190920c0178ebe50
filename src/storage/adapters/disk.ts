import { createHash, randomUUID } from 'node:crypto';
import type { Dirent } from 'node:fs';
import { link, mkdir, open, opendir, readFile, rename, rm, stat, unlink } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import { throwIfAborted } from '../../lib/clock.js';
import { isNamesteadError, NamesteadError } from '../../lib/errors.js';
import { requireCondition } from '../condition.js';
import { parsePath } from '../path.js';
import type { Head, Store } from '../store.js';

const METADATA = '.gaia-metadata';
const PENDING = '.pending-';
const DEFAULT_TYPE = 'application/octet-stream';
const DAY = 86_400_000;

export interface DiskOptions {
  /** Where the files lie; made when missing. */
  readonly directory: string;
}

/** One version of a file as its side file tells it; `stamp` ties it to the bytes on disk. */
interface Version {
  readonly contentType: string;
  readonly etag: string;
  readonly stamp: string | null;
}

interface Place {
  readonly file: string;
  readonly side: string;
}

/**
 * Files in a directory, laid out as a Gaia hub's disk driver does: the content at `{directory}/{path}`, and
 * `{"content-type", "etag"}` at `{directory}/.gaia-metadata/{path}`; the etag is the MD5 of the content in hex.
 *
 * A write is a rename of a file that was synced before, so a crash leaves the old file or the new one, whole. The side file is renamed first
 * and remembers the version before; whichever of the two fits the content is the one that counts.
 * Conditions hold between all users of one `disk()`; between processes only `create` does.
 *
 * @throws NamesteadError `StorageFull`, `StorageFailed`, `PathInvalid`, `PreconditionFailed`, `Aborted`
 */
export function disk({ directory }: DiskOptions): Store {
  const root = resolve(directory);
  const exclusive = locks();
  let swept: Promise<void> | null = null;

  const placeOf = (path: string): Place => {
    const place = { file: resolve(root, parsePath(path)), side: join(root, METADATA, path) };
    // On Windows a backslash or a drive letter inside a segment would lead elsewhere.
    if (place.file !== root + sep + path.split('/').join(sep) || path.split('/')[0]?.toLowerCase() === METADATA) {
      throw new NamesteadError('PathInvalid', `${JSON.stringify(path)} cannot be a file in this directory`);
    }
    return place;
  };

  const headOf = async (place: Place): Promise<(Head & Version) | null> => {
    const found = await orNull(stat(place.file, { bigint: true }));
    if (!found?.isFile()) return null;
    const stamp = stampOf(found);
    const versions = await versionsOf(place.side);
    const version = versions.find((each) => each.stamp === stamp) ?? fitting(versions, md5(await readFile(place.file)));
    return { ...version, size: Number(found.size), modified: Number(found.mtimeMs) };
  };

  return {
    get: (path, { signal } = {}) =>
      told(`reading ${path}`, async () => {
        throwIfAborted(signal, `reading ${path}`);
        const place = placeOf(path);
        const body = await orNull(readFile(place.file, { signal }));
        if (body === null) return null;
        const { contentType, etag } = fitting(await versionsOf(place.side), md5(body));
        return { body: new Uint8Array(body.buffer, body.byteOffset, body.byteLength), contentType, etag };
      }),
    head: (path, { signal } = {}) =>
      told(`reading ${path}`, async () => {
        throwIfAborted(signal, `reading ${path}`);
        const head = await headOf(placeOf(path));
        return head && { contentType: head.contentType, etag: head.etag, size: head.size, modified: head.modified };
      }),
    put: (path, body, { contentType = DEFAULT_TYPE, condition, signal } = {}) =>
      told(`writing ${path}`, () => {
        const place = placeOf(path);
        return exclusive(path, async () => {
          throwIfAborted(signal, `writing ${path}`);
          const current = await headOf(place);
          requireCondition(condition, current?.etag, path);
          await (swept ??= sweep(join(root, METADATA)));
          const etag = md5(body);
          await replace(root, place, body, { contentType, etag }, current, condition?.kind === 'create');
          return { etag, url: null };
        });
      }),
    remove: (path, { condition, signal } = {}) =>
      told(`removing ${path}`, () => {
        const place = placeOf(path);
        return exclusive(path, async () => {
          throwIfAborted(signal, `removing ${path}`);
          const current = await headOf(place);
          requireCondition(condition, current?.etag, path);
          if (current === null) return false;
          await unlink(place.file);
          await rm(place.side, { force: true });
          return true;
        });
      }),
    async *list(prefix = '', { signal } = {}) {
      // Only the folder that the prefix names can hold what is asked.
      const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
      if (folder !== '') placeOf(folder.slice(0, -1));
      for await (const path of walk(root, folder)) {
        throwIfAborted(signal, 'listing');
        if (path.startsWith(prefix)) yield path;
      }
    },
  };
}

async function replace(
  root: string,
  place: Place,
  body: Uint8Array,
  next: Omit<Version, 'stamp'>,
  previous: Version | null,
  mustBeNew: boolean,
): Promise<void> {
  const pending = join(root, METADATA, `${PENDING}${randomUUID()}`);
  const pendingSide = `${pending}.json`;
  try {
    await mkdir(dirname(place.file), { recursive: true });
    await mkdir(dirname(place.side), { recursive: true });
    const stamp = await writeSynced(pending, body);
    await writeSynced(pendingSide, new TextEncoder().encode(formatSide({ ...next, stamp }, previous)));
    await rename(pendingSide, place.side);
    await (mustBeNew ? linkNew(pending, place.file) : rename(pending, place.file));
    await syncFolder(dirname(place.file));
  } finally {
    await rm(pending, { force: true });
    await rm(pendingSide, { force: true });
  }
}

/** Removes what processes that were killed long ago had not finished. */
async function sweep(folder: string): Promise<void> {
  for (const { name } of await entriesOf(folder)) {
    if (!name.startsWith(PENDING)) continue;
    const found = await orNull(stat(join(folder, name)));
    if (found && Date.now() - found.mtimeMs > DAY) await rm(join(folder, name), { force: true });
  }
}

/** A link, unlike a rename, fails where a file stands; some file systems have none. */
async function linkNew(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    if (codeOf(error) === 'EEXIST') throw new NamesteadError('PreconditionFailed', 'another process made the file at the same moment', { cause: error });
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(codeOf(error))) throw error;
    await rename(from, to);
  }
}

async function writeSynced(file: string, body: Uint8Array): Promise<string> {
  const handle = await open(file, 'wx', 0o600);
  try {
    await handle.writeFile(body);
    await handle.sync();
    return stampOf(await handle.stat({ bigint: true }));
  } finally {
    await handle.close();
  }
}

/** Makes the rename itself durable; Windows has no such call. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await orNull(open(folder, 'r'), ['EISDIR', 'EPERM', 'EACCES']);
  try {
    await handle?.sync();
  } catch (error) {
    if (!['EPERM', 'EINVAL', 'ENOTSUP'].includes(codeOf(error))) throw error;
  } finally {
    await handle?.close();
  }
}

function stampOf(found: { ino: bigint; size: bigint; mtimeNs: bigint }): string {
  return `${found.ino}-${found.size}-${found.mtimeNs}`;
}

function formatSide(version: Version, previous: Version | null): string {
  const format = ({ contentType, etag, stamp }: Version): object => ({ 'content-type': contentType, etag, stamp });
  return JSON.stringify(previous === null ? format(version) : { ...format(version), previous: format(previous) });
}

/** The version a side file tells, then the one before it. A side file that is missing or broken tells none. */
async function versionsOf(side: string): Promise<readonly Version[]> {
  const text = await orNull(readFile(side, 'utf8'));
  if (text === null) return [];
  try {
    const value = JSON.parse(text) as unknown;
    return [value, (value as { previous?: unknown } | null)?.previous].flatMap(parseVersion);
  } catch {
    return [];
  }
}

function parseVersion(value: unknown): Version[] {
  if (typeof value !== 'object' || value === null) return [];
  const { 'content-type': contentType, etag, stamp } = value as Record<string, unknown>;
  return [
    {
      contentType: typeof contentType === 'string' ? contentType : DEFAULT_TYPE,
      etag: typeof etag === 'string' ? etag : '',
      stamp: typeof stamp === 'string' ? stamp : null,
    },
  ];
}

/** The version whose etag the content has; content that others wrote keeps the type told last, and its own etag. */
function fitting(versions: readonly Version[], etag: string): Version {
  const contentType = (versions.find((each) => each.etag === etag) ?? versions[0])?.contentType ?? DEFAULT_TYPE;
  return { contentType, etag, stamp: null };
}

async function* walk(root: string, folder: string): AsyncGenerator<string> {
  for (const entry of await told('listing', () => entriesOf(join(root, folder)))) {
    if (folder === '' && entry.name === METADATA) continue;
    if (entry.isDirectory()) yield* walk(root, `${folder}${entry.name}/`);
    else if (entry.isFile()) yield folder + entry.name;
  }
}

async function entriesOf(folder: string): Promise<Dirent[]> {
  const found = await orNull(opendir(folder));
  const entries: Dirent[] = [];
  if (found) for await (const entry of found) entries.push(entry);
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function md5(body: Uint8Array): string {
  return createHash('md5').update(body).digest('hex');
}

async function orNull<T>(work: Promise<T>, codes: readonly string[] = ['ENOENT', 'ENOTDIR', 'EISDIR']): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    if (codes.includes(codeOf(error))) return null;
    throw error;
  }
}

async function told<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (isNamesteadError(cause)) throw cause;
    const code = codeOf(cause);
    if (code === 'ABORT_ERR') throw new NamesteadError('Aborted', `${what} was cancelled`, { cause });
    if (code === 'ENOSPC' || code === 'EDQUOT')
      throw new NamesteadError('StorageFull', `${what} needs more room on the disk; what stood there is unharmed`, { cause });
    if (['ENAMETOOLONG', 'ENOTDIR', 'EISDIR', 'EEXIST', 'ENOTEMPTY', 'EINVAL'].includes(code)) {
      throw new NamesteadError(
        'PathInvalid',
        `${what}: the disk cannot hold this path (${code}): a name is too long, or a file stands where a folder is needed`,
        { cause },
      );
    }
    throw new NamesteadError('StorageFailed', `${what} failed (${code})`, { cause });
  }
}

function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : 'no code';
}

/** Runs the work on one key in turn. */
function locks(): <T>(key: string, work: () => Promise<T>) => Promise<T> {
  const last = new Map<string, Promise<unknown>>();
  return (key, work) => {
    const mine = (last.get(key) ?? Promise.resolve()).then(work, work);
    last.set(key, mine);
    const release = (): void => {
      if (last.get(key) === mine) last.delete(key);
    };
    mine.then(release, release);
    return mine;
  };
}
