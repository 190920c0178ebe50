import { fromHex, toHex } from '../../lib/bytes.js';
import { NamesteadError } from '../../lib/errors.js';
import { isSame, type Journal } from '../journal.js';
import type { Network } from './network.js';
import { decodeEntry, encodeEntry, list, object, readBytes, text } from './planCodec.js';

/**
 * What the plans of one journal have set aside, so that no two spend the same coin: `held` tells for which plan an output is
 * kept, `made` are their own transactions that may still wait, whose outputs may be spent before they are mined.
 */
export interface Purse {
  readonly held: ReadonlyMap<string, string>;
  readonly made: readonly Made[];
}

export interface Made {
  /** The plan's journal key. */
  readonly key: string;
  /** Display hex. */
  readonly txid: string;
  readonly bytes: Uint8Array;
  readonly mined: boolean;
}

/** Where purses lie. */
export interface PurseEntry {
  readonly network: Network;
  readonly journal: Journal;
}

const MOST_ENTRIES = 20_000;
const TRIES = 200;
const EMPTY: Purse = { held: /* @__PURE__ */ new Map(), made: [] };

/** Under which key the journal holds what its plans have set aside. */
export function purseKey(network: { readonly name: string }): string {
  return `purse ${network.name}`;
}

const turns = /* @__PURE__ */ new WeakMap<Journal, Promise<unknown>>();

/** One after the other in this process; against others, the journal's own compare-and-set. */
export function changePurse<T>(world: PurseEntry, next: (purse: Purse) => Promise<readonly [Purse, T]>): Promise<T> {
  const { journal } = world;
  const key = purseKey(world.network);
  const work = async (): Promise<T> => {
    for (let turn = 0; turn < TRIES; turn++) {
      const bytes = await journal.load(key);
      const [purse, result] = await next(bytes ? decodePurse(bytes, key) : EMPTY);
      const after = encodePurse(purse);
      if (isSame(bytes, after) || (await journal.replace(key, bytes, after))) return result;
    }
    throw new NamesteadError('JournalBusy', `the journal entry ${key} is changed by others all the time: call again when they are done`);
  };
  const done = (turns.get(journal) ?? Promise.resolve()).then(work, work);
  turns.set(
    journal,
    done.catch(() => undefined),
  );
  return done;
}

export async function loadPurse({ journal, network }: PurseEntry): Promise<Purse> {
  const key = purseKey(network);
  const bytes = await journal.load(key);
  return bytes ? decodePurse(bytes, key) : EMPTY;
}

function encodePurse({ held, made }: Purse): Uint8Array {
  return encodeEntry({ version: 1, held: [...held], made });
}

function decodePurse(bytes: Uint8Array, key: string): Purse {
  return decodeEntry(bytes, key, (value) => {
    const { version, held, made } = object(value);
    if (version !== 1) throw new TypeError(`version ${String(version)}, not 1`);
    return {
      held: new Map(list(held, MOST_ENTRIES).map((entry) => pair(list(entry, 2)))),
      made: list(made, MOST_ENTRIES).map((entry) => {
        const { key: plan, txid, bytes: transaction, mined } = object(entry);
        return { key: text(plan), txid: toHex(fromHex(text(txid))), bytes: readBytes(transaction), mined: mined === true };
      }),
    };
  });
}

function pair([point, key]: readonly unknown[]): readonly [string, string] {
  return [text(point), text(key)];
}
