import { randomBytes } from 'node:crypto';
import { fromUtf8, toUtf8 } from '../lib/bytes.js';
import { isNamesteadError } from '../lib/errors.js';
import { requireCondition } from '../storage/condition.js';
import { parsePath } from '../storage/path.js';
import type { Condition, Store } from '../storage/store.js';
import { fault } from './fault.js';

const HISTORY = '.history.';

export interface Listing {
  readonly entries: readonly unknown[];
  readonly page: string | null;
}

/** What a hub does to a bucket once a request was admitted. Paths are those inside the bucket. */
export interface Buckets {
  /** Refuses early, before a body is read. */
  requireCondition(address: string, path: string, condition: Condition): Promise<void>;
  put(address: string, path: string, body: Uint8Array, contentType: string, condition: Condition): Promise<string | null>;
  remove(address: string, path: string, condition: Condition): Promise<void>;
  /** Keeps the file that stands there under a name of its own. */
  archive(address: string, path: string): Promise<void>;
  list(address: string, page: string | null, stat: boolean, withHistory: boolean): Promise<Listing>;
  /** Seconds since 1970 before which tokens are void; 0 when none are. */
  oldestToken(address: string): Promise<number>;
  /** Raises that moment. It is never lowered, or a revoked token could revive itself. */
  revoke(address: string, oldest: number): Promise<void>;
}

export function buckets(store: Store, pageSize: number, now: () => number): Buckets {
  const told = async <T>(condition: Condition, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw faultOf(error, condition);
    }
  };
  const oldestToken = async (address: string): Promise<number> => {
    const file = await store.get(timestampPath(address));
    if (file === null) return 0;
    const oldest = Number(toUtf8(file.body));
    // What cannot be read may have revoked anything.
    if (!Number.isSafeInteger(oldest) || oldest < 0) throw new Error(`the revocation of ${address} is damaged`);
    return oldest;
  };
  return {
    requireCondition: (address, path, condition) =>
      told(condition, async () => {
        const full = fullPath(address, path);
        if (condition.kind !== 'any') requireCondition(condition, (await store.head(full))?.etag, path);
      }),
    put: (address, path, body, contentType, condition) =>
      told(condition, async () => (await store.put(fullPath(address, path), body, { contentType, condition })).etag),
    remove: (address, path, condition) =>
      told(condition, async () => {
        const full = fullPath(address, path);
        if (await store.remove(full, { condition })) return;
        throw fault('DoesNotExist', (await holdsUnder(store, full)) ? 'Path is not a file' : 'File does not exist');
      }),
    archive: (address, path) =>
      told({ kind: 'create' }, async () => {
        const file = await store.get(fullPath(address, path));
        if (file === null) return;
        const name = historyPath(path, now());
        await store.put(fullPath(address, name), file.body, { contentType: file.contentType, condition: { kind: 'create' } });
      }),
    list: async (address, page, stat, withHistory) => {
      const names = await namesIn(store, address);
      if (names.length === 0) return { entries: [], page: null };
      if (page !== null && !/^\d{1,9}$/.test(page)) throw new Error('the page is no number');
      const number = Number(page ?? 0);
      const slice = names.slice(number * pageSize, (number + 1) * pageSize);
      const next = slice.length === names.length ? null : `${number + 1}`;
      const shown = withHistory ? slice : slice.filter((name) => !isHistory(name));
      // A page of history alone must not look like the last one.
      if (shown.length === 0 && slice.length > 0 && next !== null) return { entries: [null], page: next };
      return { entries: stat ? await Promise.all(shown.map((name) => statOf(store, address, name))) : shown, page: next };
    },
    oldestToken,
    revoke: async (address, oldest) => {
      if (oldest <= (await oldestToken(address))) return;
      await store.put(timestampPath(address), fromUtf8(String(oldest)), { contentType: 'text/plain; charset=UTF-8' });
    },
  };
}

function fullPath(address: string, path: string): string {
  try {
    return parsePath(`${address}/${path}`);
  } catch {
    throw fault('BadPathError', 'Invalid Path');
  }
}

function timestampPath(address: string): string {
  return `${address}-auth/authTimestamp`;
}

function historyPath(path: string, now: number): string {
  const at = path.lastIndexOf('/') + 1;
  return `${path.slice(0, at)}${HISTORY}${now}.${randomBytes(5).toString('hex')}.${path.slice(at)}`;
}

function isHistory(path: string): boolean {
  return path.slice(path.lastIndexOf('/') + 1).startsWith(HISTORY);
}

async function namesIn(store: Store, address: string): Promise<string[]> {
  const names: string[] = [];
  for await (const path of store.list(`${address}/`)) names.push(path.slice(address.length + 1));
  return names.sort((a, b) => (a < b ? -1 : 1));
}

async function holdsUnder(store: Store, path: string): Promise<boolean> {
  for await (const _ of store.list(`${path}/`)) return true;
  return false;
}

async function statOf(store: Store, address: string, name: string): Promise<object> {
  const head = await store.head(`${address}/${name}`);
  if (head === null) return { name, exists: false };
  const { etag, size, contentType, modified } = head;
  return { exists: true, etag, contentLength: size, contentType, lastModifiedDate: Math.floor((modified ?? 0) / 1000), name };
}

function faultOf(error: unknown, condition: Condition): unknown {
  if (isNamesteadError(error, 'PathInvalid')) return fault('BadPathError', 'Invalid Path');
  if (isNamesteadError(error, 'PreconditionFailed')) {
    const exists = 'The entity you are trying to create already exists';
    const differs = 'The provided ETag does not match that of the resource on the server';
    return fault('PreconditionFailedError', condition.kind === 'create' ? exists : differs);
  }
  return error;
}
