import { toHex } from '../../lib/bytes.js';
import type { LongCallOptions } from '../../lib/clock.js';
import { inParallel } from '../../lib/parallel.js';
import { findImportScripts } from './importScripts.js';
import { candidatesBy, decideBlock, isRevoked, scriptsAt, verifyAlive, type Watching } from './laterOperation.js';
import { openHistories, type Histories, type HistoryOperator, type Placed } from './scriptHistory.js';
import type { BlockId } from './source.js';
import type { Sighting, Watch, WatchWorld } from './watch.js';

export interface ByHistoryOptions {
  /** Operators who do not depend on each other; each `operator` once. An Esplora or an Electrum server is all three sources. */
  readonly histories: readonly HistoryOperator[];
  /** How many operators must answer; default 2. One of them is to be honest. */
  readonly least?: number | undefined;
}

/** Import scripts followed at once. */
const WIDTH = 4;

/**
 * A watch by script histories, level `history`: what any of the operators lists of the owner's script is looked at, and each possible operation among it proved
 * in its block, so that a server can hide no later one as long as one operator is honest; BNS (h). Kilobytes, and the operators learn whose name is asked.
 *
 * `follow` throws NamesteadError `UndecidedOperation`, `NameExpired`, `LevelNotReached` when fewer than `least` operators answer up to the block,
 * `TransactionMissing`, `TooLarge` for a script of more than 20,000 transactions, `Aborted`.
 * @throws TypeError when there are fewer operators than must answer, or one twice
 * @example
 * const watch = byHistory({ histories: [esplora({ url: a }), esplora({ url: b })] });
 * const names = bitcoinNames({ network, anchor, headers, transactions, indexer, watch });
 */
export function byHistory({ histories: sources, least = 2 }: ByHistoryOptions): Watch {
  if (!(least >= 1 && sources.length >= least)) throw new TypeError(`histories of ${least} operators are needed, and there are ${sources.length}`);
  if (new Set(sources.map(({ operator }) => operator)).size !== sources.length)
    throw new TypeError('each operator of histories counts once: two sources have the same');
  return {
    level: 'history',
    follow: async (first, until, world, call) => {
      const histories = openHistories(sources, least, until, world, call);
      const { sighting, pending } = await follow({ world, histories, until }, first, call);
      await histories.settle();
      const { time } = await world.headerAt(until.height, call);
      const operators = histories.operators();
      return {
        sighting,
        through: { height: until.height, hash: until.hash, time },
        pending,
        operators,
        disagreed: [...histories.disagreed],
        checked: [
          `histories of the owner's script from height ${first.height + 1} to ${until.height}, as ${operators.join(', ')} list them, united: each possible operation proved in its block`,
        ],
        unchecked: ['that the list of one of these operators is whole'],
      };
    },
  };
}

interface Walk {
  readonly world: WatchWorld;
  readonly histories: Histories;
  readonly until: BlockId;
}

async function follow(walk: Walk, first: Sighting, call: LongCallOptions): Promise<Watching> {
  const { world, histories, until } = walk;
  let watching: Watching = { sighting: first, importers: await findImportScripts(world, first, call), pending: [] };
  let alive = first.height;
  const verifyTo = (height: number): void => {
    for (; alive <= height; alive++) verifyAlive(world.network, watching.sighting, alive);
  };
  // Each new owner's script has a history of its own, from the block on that made him the owner.
  for (let next: number | null = first.height; next !== null;) {
    const from: number = next;
    next = null;
    const owner = toHex(watching.sighting.owner);
    for (const [height, mined] of await findMined(walk, watching, from)) {
      verifyTo(height - 1);
      const candidates = await candidatesBy(scriptsAt(watching, height), mined, histories.outputsOf);
      watching = await decideBlock(world, watching, height, candidates, call);
      if (toHex(watching.sighting.owner) !== owner) {
        next = height;
        break;
      }
    }
  }
  verifyTo(until.height);
  return watching;
}

/** Transactions of all scripts that matter, by rising height and each once. */
async function findMined({ histories, until }: Walk, watching: Watching, from: number): Promise<readonly [number, readonly Placed[]][]> {
  const { owner, life } = watching.sighting;
  if (isRevoked(watching.sighting)) return [];
  const last = Math.min(life.readyBlock, until.height);
  const importers = from < last ? watching.importers : [];
  const lists = [
    await histories.minedBy(owner, from, until.height),
    ...(await inParallel(importers, WIDTH, (script) => histories.minedBy(script, from, last))),
  ];
  const byHeight = new Map<number, Map<string, Placed>>();
  for (const mined of lists.flat()) byHeight.set(mined.height, (byHeight.get(mined.height) ?? new Map<string, Placed>()).set(mined.txid, mined));
  return [...byHeight].map(([height, byTxid]): [number, readonly Placed[]] => [height, [...byTxid.values()]]).sort(([a], [b]) => a - b);
}
