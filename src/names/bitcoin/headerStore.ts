import { isNamesteadError, NamesteadError } from '../../lib/errors.js';
import { splice, type Branch } from './branch.js';
import { HEADER_BYTES } from './header.js';
import type { HeaderChain } from './headerChain.js';

/** Headers that follow one another. */
export interface HeaderRun {
  /** The height of the first. */
  readonly from: number;
  /** 80 bytes each. */
  readonly headers: Uint8Array;
}

/**
 * Where a chain of headers outlives the process. What `save` answered for survives a power cut; one cut short is as if it had not been. What
 * `load` gives is checked again in full, so that whoever writes into the store can make nobody believe anything.
 */
export interface HeaderStore {
  /** All that is held, or null. @throws NamesteadError `StoreCorrupt` when it is not what was saved, `StorageFailed` */
  load(): Promise<HeaderRun | null>;
  /** Replaces what is held at `from` and above; all that is held, when that does not reach up to `from`. @throws NamesteadError `StorageFull`, `StorageFailed` */
  save(run: HeaderRun): Promise<void>;
}

/**
 * Takes the headers of a store into a chain, each checked as if a source had sent it. A store that starts above the chain's base, or ends
 * below it, or has less work than the chain, gives nothing.
 * @throws NamesteadError `StoreCorrupt` when a header breaks a rule: remove the store and sync anew; or what the store threw
 * @example
 * const chain = createHeaderChain(bitcoinMainnet, { checkpoint });
 * await loadHeaders(chain, headerFile({ path: 'headers' }));
 */
export async function loadHeaders(chain: HeaderChain, store: HeaderStore): Promise<void> {
  const run = await store.load();
  if (!run || run.from > chain.base + 1) return;
  const headers: Uint8Array[] = [];
  for (let at = (chain.base + 1 - run.from) * HEADER_BYTES; at < run.headers.length; at += HEADER_BYTES) {
    headers.push(run.headers.subarray(at, at + HEADER_BYTES));
  }
  const branch = chain.branch(chain.base + 1);
  try {
    branch.extend(headers);
  } catch (cause) {
    if (!isNamesteadError(cause)) throw cause;
    throw new NamesteadError('StoreCorrupt', `the stored headers break a rule (${cause.message}): remove them and sync anew`, { cause });
  }
  chain.adopt(branch);
}

/** Saves a branch that became part of the chain, 2,000 headers at a time. */
export async function saveBranch(store: HeaderStore, branch: Branch): Promise<void> {
  const bytes = branch.bytes();
  for (let done = 0; done < bytes.length; done += MOST_SAVED * HEADER_BYTES) {
    await store.save({ from: branch.parent.height + 1 + done / HEADER_BYTES, headers: bytes.subarray(done, done + MOST_SAVED * HEADER_BYTES) });
  }
}

/** Headers in one save, at most. */
export const MOST_SAVED = 2000;

/** A store that dies with the process. */
export function memoryHeaders(): HeaderStore {
  const held = gatherRuns();
  return {
    load: () => Promise.resolve(held.run()),
    save: (run) => {
      held.add(run);
      return Promise.resolve();
    },
  };
}

/** What a store holds after one run was saved over another. */
export function gatherRuns(): { add(run: HeaderRun): void; run(): HeaderRun | null } {
  let from = 0;
  let size = 0;
  let room = new Uint8Array(0);
  return {
    add: (next) => {
      const kept = (next.from - from) * HEADER_BYTES;
      const goesOn = size > 0 && kept > 0 && kept <= size;
      if (!goesOn) from = next.from;
      room = splice(room, goesOn ? kept : 0, next.headers);
      size = (goesOn ? kept : 0) + next.headers.length;
    },
    run: () => (size === 0 ? null : { from, headers: room.slice(0, size) }),
  };
}
