import fc from 'fast-check';
import { gatherRuns, type HeaderRun, type HeaderStore } from '../../src/names/bitcoin/headerStore.js';

/** Opens the same store again, as the next process does. */
export type Reopen = () => HeaderStore;

/** The laws of every header store. They need neither Node.js nor a test runner, so that a page can run them; a broken one throws. */
export const headerStoreLaws: Readonly<Record<string, (fresh: () => Promise<Reopen>) => Promise<void>>> = {
  'holds nothing at first': async (fresh) => {
    demand((await (await fresh())().load()) === null, 'something is there');
  },

  'holds what was saved last, and of what was saved before what leads up to it, also for the next process': async (fresh) => {
    const runs = fc.array(fc.record({ from: fc.nat(12), count: fc.integer({ min: 1, max: 6 }), fill: fc.nat(255), again: fc.boolean() }), { maxLength: 8 });
    const law = fc.asyncProperty(runs, async (steps) => {
      const reopen = await fresh();
      const expected = gatherRuns();
      let store = reopen();
      for (const { from, count, fill, again } of steps) {
        const run = { from, headers: new Uint8Array(80 * count).map((_, i) => fill + (i >> 4)) };
        expected.add(run);
        await store.save(run);
        if (again) store = reopen();
      }
      demandSame(await store.load(), expected.run());
      demandSame(await reopen().load(), expected.run());
    });
    await fc.assert(law, { seed: 80, numRuns: 60 });
  },

  'keeps its own copy, and takes saves that do not wait for one another in their order': async (fresh) => {
    const reopen = await fresh();
    const store = reopen();
    const headers = new Uint8Array(160).fill(1);
    const saves = [store.save({ from: 5, headers })];
    headers.fill(2);
    saves.push(store.save({ from: 7, headers }), store.save({ from: 8, headers: headers.slice(0, 80).fill(3) }));
    await Promise.all(saves);
    const expected = new Uint8Array(320).fill(1).fill(2, 160).fill(3, 240);
    demandSame(await reopen().load(), { from: 5, headers: expected });
  },

  'holds twenty thousand headers, saved two thousand at a time': async (fresh) => {
    const reopen = await fresh();
    const store = reopen();
    const part = new Uint8Array(160_000).map((_, i) => i * 7);
    for (let i = 0; i < 10; i++) await store.save({ from: 1 + 2000 * i, headers: part });
    const run = await reopen().load();
    demand(run?.from === 1 && run.headers.length === 1_600_000, 'not all is there');
    for (let i = 0; i < 1_600_000; i += 997) demand(run?.headers[i] === part[i % 160_000], `byte ${i} is another`);
  },
};

function demandSame(found: HeaderRun | null, expected: HeaderRun | null): void {
  const text = (run: HeaderRun | null): string => (run ? `${run.from}: ${Array.from(run.headers).join()}` : 'nothing');
  demand(text(found) === text(expected), `holds ${text(found)} where ${text(expected)} was saved`);
}

function demand(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise);
}
