import { checkedFilters } from '../../src/names/bitcoin/filterChain.js';
import { createJury } from '../../src/names/bitcoin/filterJury.js';
import { encodeFilter, matchesFilter, nextFilterHeader } from '../../src/names/bitcoin/filter.js';
import type { BlockId, FilterSource } from '../../src/names/bitcoin/source.js';
import * as naive from '../../test/names/bitcoin/naiveFilter.js';
import { rateOf, type BenchContext, type BenchResult } from '../suite.ts';

// One script against block filters of mainnet's size: ours against BIP 158 in big integers, and the whole walk (two operators, headers compared, each filter
// hashed and matched) against matching alone.

const ELEMENTS = 7500;
const BLOCKS = 2000;

export async function run({ log }: BenchContext): Promise<BenchResult> {
  const hash = 'c0'.repeat(32);
  const filter = encodeFilter(
    Array.from({ length: ELEMENTS }, (_, i) => scriptOf(i)),
    hash,
  );
  const wanted = [scriptOf(ELEMENTS)];
  const ours = await rateOf(() => matchesFilter(filter, hash, wanted));
  const theirs = await rateOf(() => naive.matchesFilter(filter, hash, wanted), { rounds: 3 });
  const walked = await walk(filter, wanted);
  log(`${filter.length} bytes a filter: matched ${ours.toFixed(0)}/s, in big integers ${theirs.toFixed(0)}/s; followed ${walked.toFixed(0)}/s`);
  return { suite: 'filters', ratios: { match_vs_bigint: ours / theirs, walk_vs_match: walked / ours } };
}

function scriptOf(i: number): Uint8Array {
  const script = new Uint8Array(25);
  script.set([0x76, 0xa9, 20, i, i >> 8, i >> 16]);
  return script;
}

/** Blocks a second, everything that a watch does but the network and the blocks that match. */
async function walk(filter: Uint8Array, wanted: readonly Uint8Array[]): Promise<number> {
  const headers: Uint8Array[] = [new Uint8Array(32)];
  for (let height = 1; height <= BLOCKS; height++) headers.push(nextFilterHeader(filter, headers.at(-1) ?? new Uint8Array(32)));
  const source = (operator: string): FilterSource => ({
    operator,
    filterHeaders: (blocks) => Promise.resolve(blocks.map(({ height }) => headers[height] ?? new Uint8Array(32))),
    filters: (blocks) => Promise.resolve(blocks.map(() => filter)),
  });
  const blockAt = (height: number): Promise<BlockId> => Promise.resolve({ height, hash: height.toString(16).padStart(64, '0') });
  const rate = await rateOf(async () => {
    const jury = createJury({ sources: [source('a'), source('b')], least: 2, blockAt, rebuild: () => Promise.reject(new Error('they agree')) });
    for await (const part of checkedFilters(jury, blockAt, { from: 1, to: BLOCKS, before: null, pinned: null }, {}))
      for (const { block, filter: one } of part) matchesFilter(one, block.hash, wanted);
  });
  return rate * BLOCKS;
}
