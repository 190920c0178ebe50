import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isNamesteadError, NamesteadError } from '../../src/lib/errors.js';
import { byHistory } from '../../src/names/bitcoin/byHistory.js';
import { hashHeader, parseHeader } from '../../src/names/bitcoin/header.js';
import { bitcoinNames } from '../../src/names/bitcoin/names.js';
import type { FilterSource } from '../../src/names/bitcoin/source.js';
import type { Watch } from '../../src/names/bitcoin/watch.js';
import type { Lookup, Names } from '../../src/names/names.js';
import { watchersOf } from '../names/bitcoin/watchers.js';
import { alice, bob, createWorld, give, openNamespace, transfer, update, valueHash, type World } from '../names/bitcoin/world.js';
import { lookupBy, ways, type Way } from './levels.js';
import { honestOperator, type Operator, type Scene } from './liars.js';

/** What a block of a fork holds. */
const steps = ['nothing', 'transfer', 'update'] as const;
type Step = (typeof steps)[number];
/** Forks above the anchor, each of up to ten blocks, and what chooses whom an operator follows at each question. */
interface Storm {
  readonly forks: readonly (readonly Step[])[];
  readonly seed: number;
}
const arbitraryStorm: fc.Arbitrary<Storm> = fc.record({
  forks: fc.uniqueArray(fc.array(fc.constantFrom(...steps), { minLength: 1, maxLength: 10 }), { minLength: 2, maxLength: 3, selector: String }),
  seed: fc.integer({ min: 1, max: 0x7fffffff }),
});

function mineSteps(world: World, fork: readonly Step[], salt: number): void {
  let [owner, other] = [alice, bob];
  fork.forEach((step, i) => {
    // The first block tells the forks apart from their beginning on.
    const beside = i === 0 ? [update(world, 'carol.id', bob, valueHash(`fork ${salt}`))] : [];
    if (step === 'nothing') world.mine(...beside);
    else if (step === 'update') world.mine(...beside, update(world, 'alice.id', owner, valueHash(`${salt} ${i}`)));
    else {
      world.mine(...beside, transfer(world, 'alice.id', owner, other));
      [owner, other] = [other, owner];
    }
  });
}

/** The states that honest operators may be in: all have the anchor, and each its own blocks above it. */
async function statesOf({ forks }: Storm): Promise<Scene[]> {
  const scenes = forks.map(async (fork, salt): Promise<Scene> => {
    const world = createWorld();
    openNamespace(world);
    give(world, 'carol.id', bob, valueHash('one'));
    give(world, 'alice.id', alice, valueHash('one'));
    const registered = world.height();
    world.mine();
    const anchor = world.anchor();
    mineSteps(world, fork, salt);
    const chain = await world.headers.headers(0, 2000);
    return { world, network: world.network, kit: watchersOf(world), anchor, registered, moved: registered, txid: '', chain, now: 0 };
  });
  const states = (await Promise.all(scenes)).sort((a, b) => a.chain.length - b.chain.length);
  const last = Math.max(...states.map(({ chain }) => parseHeader(chain.at(-1) ?? new Uint8Array(80)).time));
  // As old as the shortest fork makes it, no tip is stale here.
  return states.map((state) => ({ ...state, now: (last - 3000) * 1000 }));
}

/** Numbers below 1, the same for the same seed (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** An operator who answers each question out of one state, and now and then changes it between two of them: to any other, or only ever to the next. */
function flipping(states: readonly Scene[], operator: string, next: () => number, often: number, back: boolean): Operator {
  const operators = states.map((state) => honestOperator(state, operator));
  let at = back ? Math.floor(next() * states.length) : 0;
  const now = (): Operator => {
    if (next() < often) at = back ? Math.floor(next() * states.length) : Math.min(at + 1, states.length - 1);
    return operators[at] ?? fail();
  };
  // Blocks are kept, whichever chain they are of; filters are told of one's own chain only.
  const filters = (): FilterSource => now().filters;
  return {
    headers: { operator, headers: (...asked) => now().headers.headers(...asked) },
    transactions: {
      operator,
      transaction: (...asked) => now().transactions.transaction(...asked),
      inclusion: (...asked) => now().transactions.inclusion(...asked),
    },
    blocks: {
      operator,
      block: async (hash) => {
        for (const { kit, chain } of states) {
          const height = chain.findIndex((header) => hashHeader(header) === hash);
          if (height >= 0) return kit.raw(height);
        }
        return null;
      },
    },
    indexer: {
      operator,
      tip: (...asked) => now().indexer.tip(...asked),
      consensusHashes: (...asked) => now().indexer.consensusHashes(...asked),
      operationsHashes: (...asked) => now().indexer.operationsHashes(...asked),
      operations: (...asked) => now().indexer.operations(...asked),
      nameRecord: (...asked) => now().indexer.nameRecord(...asked),
      namespaceRecord: (...asked) => now().indexer.namespaceRecord(...asked),
    },
    history: {
      operator,
      headers: (...asked) => now().history.headers(...asked),
      history: (...asked) => now().history.history(...asked),
      transaction: (...asked) => now().history.transaction(...asked),
      inclusion: (...asked) => now().history.inclusion(...asked),
    },
    filters: { operator, filterHeaders: (...asked) => filters().filterHeaders(...asked), filters: (...asked) => filters().filters(...asked) },
  };
}

function fail(): never {
  throw new NamesteadError('ServerFailed', 'no state');
}

/** Whether nodes are believed. */
const isTold = (way: Way): boolean => way === 'server' || way === 'quorum';

/** What an answer says, and of which state. Nothing ties what `server` and `quorum` are told to the headers: of them it is the record alone. */
function factsOf(way: Way, { record, evidence }: Lookup): string {
  const { asOf, tip, pending, completeTo, confirmations } = evidence;
  return JSON.stringify(isTold(way) ? record : { record, asOf, tip, pending, completeTo, confirmations });
}

async function truthsOf(way: Way, states: readonly Scene[]): Promise<Set<string>> {
  const truths = new Set<string>();
  for (const state of states) {
    const operators = ['a', 'b', 'c'].map((name) => honestOperator(state, name));
    // What has too few confirmations on one fork may have enough by the headers of another.
    const names = lookupBy(way, state, operators, isTold(way) ? { ...state.network, confirmations: 1 } : state.network);
    const told = async (at?: number): Promise<void> => {
      const found = await names.lookup('alice.id', { at }).catch(() => null);
      if (found) truths.add(factsOf(way, found));
    };
    await told();
    // A node may know less than the headers, or more.
    if (isTold(way)) for (let at = state.anchor.height; at < state.world.height(); at++) await told(at);
  }
  return truths;
}

/** Three at a time, by names that keep their chain. */
async function answersOf(names: Names, rounds: number): Promise<Lookup[]> {
  const answers: Lookup[] = [];
  for (let round = 0; round < rounds; round++) {
    const three = await Promise.all(
      [1, 2, 3].map(() =>
        names.lookup('alice.id').catch((error: unknown) => {
          if (isNamesteadError(error)) return null;
          throw error;
        }),
      ),
    );
    answers.push(...three.filter((found) => found !== null));
  }
  return answers;
}

/** How often an operator changes forks, and whether it goes back: bitcoind only ever goes to more work. */
const onward = [
  [0.2, false],
  [0.02, false],
] as const;
/** Whose list of a script's transactions is of another fork than he says has nobody honest beside him, so that `history` is not asked of these. */
const wild = [
  [0.5, true],
  [0.1, true],
] as const;

describe('while all operators change forks in the middle of lookups', () => {
  test.each(ways)(
    '%s answers what one of the honest states says, never a mixture, or nothing',
    async (way) => {
      let answered = 0;
      await fc.assert(
        fc.asyncProperty(arbitraryStorm, async (storm) => {
          const states = await statesOf(storm);
          const truths = await truthsOf(way, states);
          const next = random(storm.seed);
          for (const [often, back] of way === 'history' ? onward : [...onward, ...wild]) {
            const operators = ['a', 'b', 'c'].map((operator) => flipping(states, operator, next, often, back));
            const names = lookupBy(way, states[0] ?? fail(), operators);
            for (const found of await answersOf(names, 3)) {
              answered++;
              expect(truths).toContain(factsOf(way, found));
            }
          }
        }),
        { numRuns: 12, seed: 21 },
      );
      expect(answered).toBeGreaterThan(0);
    },
    120_000,
  );
});

describe('a reorg in the middle', () => {
  /** The shorter fork holds a transfer that waits for an anchor, the longer one nothing. */
  const two = (): Promise<Scene[]> => statesOf({ forks: [['transfer'], ['nothing', 'nothing', 'nothing']], seed: 1 });
  const fields = ({ world, network, anchor }: Scene) => ({ network, anchor, transactions: world.transactions, indexer: world.indexer });

  test('by another lookup begins the first anew, so that nothing is proved of two forks', async () => {
    const [first = fail(), second = fail()] = await two();
    let at = first;
    const source = (operator: string): Operator['history'] => ({
      ...honestOperator(at, operator).history,
      history: (...asked) => honestOperator(at, operator).history.history(...asked),
      headers: (...asked) => honestOperator(at, operator).headers.headers(...asked),
      inclusion: (...asked) => at.world.transactions.inclusion(...asked),
    });
    const watch = byHistory({ histories: [source('a'), source('b')] });
    let open: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    const reached: string[] = [];
    const gated: Watch = {
      ...watch,
      follow: async (sighting, until, ...rest) => {
        reached.push(until.hash);
        if (reached.length === 1) await gate;
        return watch.follow(sighting, until, ...rest);
      },
    };
    const names = bitcoinNames({ ...fields(at), headers: source('a'), watch: gated });
    const waiting = names.lookup('alice.id');
    await expect.poll(() => reached.length).toBe(1);
    at = second;
    const other = await names.lookup('alice.id');
    open();
    expect(await waiting).toEqual(other);
    expect(other?.evidence).toMatchObject({ asOf: { height: at.world.height() }, tip: { height: at.world.height() }, pending: [] });
    expect(new Set(reached).size).toBe(2);
  });

  test('of those who list histories leaves none: what they list is of another fork than the block they have', async () => {
    const [shorter = fail(), longer = fail()] = await two();
    const moving = (operator: string): Operator['history'] => {
      let asked = 0;
      const now = (): Scene => (asked++ === 0 ? shorter : longer);
      return {
        ...honestOperator(shorter, operator).history,
        headers: (...about) => honestOperator(now(), operator).headers.headers(...about),
        history: (...about) => honestOperator(longer, operator).history.history(...about),
      };
    };
    const ask = (histories: readonly Operator['history'][]): Promise<Lookup | null> =>
      bitcoinNames({ ...fields(shorter), headers: shorter.world.headers, watch: byHistory({ histories }) }).lookup('alice.id');
    const still = ['a', 'b'].map((operator) => honestOperator(shorter, operator).history);
    expect((await ask(still))?.evidence.pending).toHaveLength(1);
    await expect(ask([moving('a'), moving('b')])).rejects.toThrow(expect.objectContaining({ code: 'LevelNotReached' }));
    expect((await ask([moving('c'), ...still]))?.evidence.pending).toHaveLength(1);
  });
});

test('a storm leaves nothing behind: memory after hundreds of reorgs is what it was', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const states = await statesOf({ forks: [steps, [...steps, ...steps], [...steps, ...steps, ...steps]], seed: 1 });
  for (const way of ['snv', 'replay'] as const) {
    const next = random(7);
    const operators = ['a', 'b'].map((operator) => flipping(states, operator, next, 0.5, true));
    const names = lookupBy(way, states[0] ?? fail(), operators);
    await answersOf(names, 20);
    collect();
    const before = process.memoryUsage().heapUsed;
    expect((await answersOf(names, 60)).length).toBeGreaterThan(0);
    collect();
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(4 << 20);
  }
}, 120_000);
