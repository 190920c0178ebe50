import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { concat } from '../../../lib/bytes.js';
import { NamesteadError } from '../../../lib/errors.js';
import { HEADER_BYTES } from '../header.js';
import { encodeRecord, LOG_HEAD, readLog } from '../headerLog.js';
import type { HeaderRun, HeaderStore } from '../headerStore.js';

/** Sixty years of blocks. */
const MOST_BYTES = 300_000_000;

/** What is known of the file: the first height held, the one after the last, and where the last whole record ends. */
interface Contents {
  readonly from: number;
  readonly to: number;
  readonly end: number;
}

/**
 * Headers in one file that is only ever appended to, each save synced (Node.js). A save that a crash cut short is as if it had not been.
 * One process writes at a time.
 *
 * @param where.path its folder is made when absent
 * @throws NamesteadError `StoreCorrupt` naming the file, `StorageFull`, `StorageFailed`
 * @example
 * const store = headerFile({ path: '/home/alice/.namestead/headers' });
 * await loadHeaders(chain, store);
 * await syncHeaders(chain, sources, { store });
 */
export function headerFile({ path }: { readonly path: string }): HeaderStore {
  let known: Contents | null = null;
  let last: Promise<unknown> = Promise.resolve();
  // One after the other, whatever became of the one before.
  const inTurn = <T>(act: () => Promise<T>): Promise<T> => {
    const turn = last.then(act, act);
    last = turn;
    return turn;
  };
  const read = async (): Promise<{ readonly run: HeaderRun | null; readonly contents: Contents }> => {
    const log = readLog(await readBounded(path));
    if (!log) throw new NamesteadError('StoreCorrupt', `${path} does not hold what was saved: delete it, the headers are fetched anew`);
    const { run, end } = log;
    known = run ? { from: run.from, to: run.from + run.headers.length / HEADER_BYTES, end } : { from: 0, to: 0, end };
    return { run, contents: known };
  };
  const write = async (run: HeaderRun): Promise<void> => {
    const { from, to, end } = known ?? (await read()).contents;
    const goesOn = from < run.from && run.from <= to;
    const record = encodeRecord(run);
    known = null;
    await (goesOn ? append(path, end, record) : replace(path, concat(LOG_HEAD, record)));
    known = { from: goesOn ? from : run.from, to: run.from + run.headers.length / HEADER_BYTES, end: (goesOn ? end : LOG_HEAD.length) + record.length };
  };
  return {
    load: () => inTurn(async () => (await read()).run),
    save: ({ from, headers }) => {
      const run = { from, headers: headers.slice() };
      return inTurn(() => write(run));
    },
  };
}

async function readBounded(path: string): Promise<Uint8Array> {
  try {
    const { size } = await stat(path);
    if (size > MOST_BYTES) throw new NamesteadError('StoreCorrupt', `${path} has ${size} bytes, more than all headers: delete it`);
    return await readFile(path);
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return new Uint8Array(0);
    throw failed(path, cause);
  }
}

/** Behind the last whole record, over what a crash may have left there. */
async function append(path: string, end: number, record: Uint8Array): Promise<void> {
  try {
    const file = await open(path, 'r+');
    try {
      await file.truncate(end);
      await file.write(record, 0, record.length, end);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw failed(path, cause);
  }
}

async function replace(path: string, bytes: Uint8Array): Promise<void> {
  const beside = `${path}.${process.pid}.part`;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await rm(beside, { force: true });
    const file = await open(beside, 'wx', 0o600);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, path);
    await syncFolder(dirname(path));
  } catch (cause) {
    await rm(beside, { force: true }).catch(() => undefined);
    throw failed(path, cause);
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

function failed(path: string, cause: unknown): NamesteadError {
  if (cause instanceof NamesteadError) return cause;
  if (codeOf(cause) === 'ENOSPC') return new NamesteadError('StorageFull', `no room to write ${path}: free some and call again`, { cause });
  return new NamesteadError('StorageFailed', `${path} could not be read or written (${codeOf(cause)})`, { cause });
}

function codeOf(cause: unknown): string {
  return typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : 'unknown';
}
