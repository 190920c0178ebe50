import { expect, test } from 'vitest';
import { concat } from '../../../src/lib/bytes.js';
import { NamesteadError } from '../../../src/lib/errors.js';
import { encodeFilter, nextFilterHeader } from '../../../src/names/bitcoin/filter.js';
import { checkedFilters } from '../../../src/names/bitcoin/filterChain.js';
import { createJury, type FilterJury } from '../../../src/names/bitcoin/filterJury.js';
import type { BlockId, FilterSource } from '../../../src/names/bitcoin/source.js';

const code = (value: string): unknown => expect.objectContaining({ code: value });
const COUNT = 2350;
const hashOf = (height: number): string => height.toString(16).padStart(64, '0');
const blockAt = (height: number): Promise<BlockId> => Promise.resolve({ height, hash: hashOf(height) });
const filterOf = (height: number): Uint8Array => encodeFilter([Uint8Array.of(height, height >> 8)], hashOf(height));

interface Watched {
  /** Calls under way at once, the most there were; the most blocks asked for in one. */
  most: { calls: number; headers: number; filters: number };
}

/** Filters 0 to COUNT; `wrong` is the height from which the headers are of another chain. */
function sourceOf(operator: string, { wrong = Infinity }: { readonly wrong?: number } = {}): FilterSource & Watched {
  const headers: Uint8Array[] = [];
  for (let height = 0; height <= COUNT; height++) {
    const filter = height === wrong ? concat(filterOf(height), Uint8Array.of(1)) : filterOf(height);
    headers.push(nextFilterHeader(filter, headers.at(-1) ?? new Uint8Array(32)));
  }
  const most = { calls: 0, headers: 0, filters: 0 };
  let [under, turn] = [0, 0];
  return {
    operator,
    most,
    filterHeaders: (blocks) => {
      most.headers = Math.max(most.headers, blocks.length);
      return Promise.resolve(blocks.map(({ height }) => headers[height] ?? new Uint8Array(32)));
    },
    filters: async (blocks) => {
      most.calls = Math.max(most.calls, ++under);
      most.filters = Math.max(most.filters, blocks.length);
      // Later questions are answered sooner.
      for (let i = 50 - (turn++ % 5) * 10; i > 0; i--) await Promise.resolve();
      under--;
      return blocks.map(({ height }) => filterOf(height));
    },
  };
}

function juryOf(sources: readonly FilterSource[], rebuilt: number[] = []): FilterJury {
  const rebuild = ({ height }: BlockId): Promise<Uint8Array> => {
    rebuilt.push(height);
    return Promise.resolve(filterOf(height));
  };
  return createJury({ sources, least: 2, blockAt, rebuild });
}

async function heightsOf(jury: FilterJury, from: number, to: number, signal?: AbortSignal, onPart?: (height: number) => void): Promise<number[]> {
  const heights: number[] = [];
  for await (const part of checkedFilters(jury, blockAt, { from, to, before: null, pinned: null }, { signal })) {
    heights.push(...part.map(({ block }) => block.height));
    onPart?.(heights.length);
  }
  return heights;
}

test('filters come in order whatever order they are answered in, in bounded parts', async () => {
  const sources = [sourceOf('a'), sourceOf('b')];
  const heights = await heightsOf(juryOf(sources), 1, COUNT);
  expect(heights).toEqual(Array.from({ length: COUNT }, (_, i) => i + 1));
  for (const { most } of sources) {
    expect(most.headers).toBeLessThanOrEqual(1001);
    expect(most.filters).toBeLessThanOrEqual(100);
    expect(most.calls).toBeLessThanOrEqual(3);
    expect(most.calls).toBeGreaterThan(0);
  }
  expect(await heightsOf(juryOf(sources), 5, 4)).toEqual([]);
  expect(await heightsOf(juryOf(sources), 7, 7)).toEqual([7]);
});

test('the one block on which operators part decides, wherever it stands', async () => {
  for (const wrong of [0, 1, 2, 999, 1000, 1001, 1500, COUNT]) {
    for (const from of [1, 1200]) {
      const rebuilt: number[] = [];
      const jury = juryOf([sourceOf('liar', { wrong }), sourceOf('honest')], rebuilt);
      expect(await heightsOf(jury, from, COUNT)).toHaveLength(COUNT - from + 1);
      expect([...jury.disagreed], `parted at ${wrong}`).toEqual(['liar']);
      expect(rebuilt).toEqual([wrong]);
    }
  }
});

test('where the headers do not reach down to where operators parted, nothing is answered', async () => {
  const held = (height: number): Promise<BlockId> => (height < 1000 ? Promise.reject(new NamesteadError('MerkleMismatch', 'not held')) : blockAt(height));
  const jury = createJury({
    sources: [sourceOf('liar', { wrong: 400 }), sourceOf('honest')],
    least: 2,
    blockAt: held,
    rebuild: ({ height }) => Promise.resolve(filterOf(height)),
  });
  const parts = checkedFilters(jury, held, { from: 1200, to: COUNT, before: null, pinned: null }, {});
  await expect(parts.next()).rejects.toThrow(code('SourcesDisagree'));
});

test('a walk that is given up asks no more', async () => {
  const abort = new AbortController();
  const sources = [sourceOf('a'), sourceOf('b')];
  let seen = 0;
  const giveUp = (count: number): void => {
    seen = count;
    abort.abort();
  };
  await expect(heightsOf(juryOf(sources), 1, COUNT, abort.signal, giveUp)).rejects.toThrow(code('Aborted'));
  // What was under way may still come.
  expect(seen).toBeLessThanOrEqual(300);
});

test('a source that fails is passed over for the others, and its headers must not be missing', async () => {
  const honest = sourceOf('a');
  const failing = (): Promise<never> => Promise.reject(new NamesteadError('HttpTimeout', 'no answer'));
  expect(await heightsOf(juryOf([honest, { ...sourceOf('b'), filters: failing }]), 1, 300)).toHaveLength(300);
  await expect(heightsOf(juryOf([honest, { ...sourceOf('b'), filterHeaders: failing }]), 1, 300)).rejects.toThrow(code('LevelNotReached'));
  await expect(
    heightsOf(
      juryOf([
        { ...honest, filters: failing },
        { ...sourceOf('b'), filters: failing },
      ]),
      1,
      300,
    ),
  ).rejects.toThrow(code('FilterMismatch'));
});
