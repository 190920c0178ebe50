import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { applyBlock, createState, undoBlock, type State } from '../../../src/names/bitcoin/rules.js';
import type { Index, Table } from '../../../src/names/bitcoin/table.js';
import { candidatesOf, networkOf, type ChainFile } from '../../suites/bnsChain.js';
import { networkIn } from './fold.js';

const file = JSON.parse(readFileSync('test/vectors/bns-v1/chain_fuzz_11.json', 'utf8')) as ChainFile;
const blocks = file.cases.map((block) => ({ height: block.height, transactions: candidatesOf(block) }));

/** Everything the rules know, without the order in which it came to be known. */
function snapshot({ height, tables: _, undo: __, ...parts }: State): unknown {
  const held = Object.values(parts as object).filter(
    (part: unknown) => typeof part === 'object' && part !== null && !Array.isArray(part) && 'keys' in part,
  ) as (Table<string, unknown> | Index)[];
  return {
    height,
    held: held.map((part) => [part.name, [...part.keys()].map((key) => [key, 'get' in part ? part.get(key) : [...part.members(key)].sort()]).sort(byKey)]),
  };
}

function byKey([a]: readonly unknown[], [b]: readonly unknown[]): number {
  return String(a) < String(b) ? -1 : 1;
}

test('undone blocks leave no trace, and applied again they give the same hashes', () => {
  const state = createState(networkOf(file));
  const hashes: string[] = [];
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 25 }), fc.integer({ min: 1, max: 25 }), (forth, back) => {
      const from = hashes.length;
      const applied = blocks.slice(from, from + forth);
      const before = [snapshot(state)];
      for (const block of applied) {
        hashes.push(applyBlock(state, block).consensusHash);
        before.push(snapshot(state));
      }
      const undone = Math.min(back, applied.length);
      for (let i = 0; i < undone; i++) {
        expect(snapshot(state)).toEqual(before.pop());
        undoBlock(state);
      }
      expect(snapshot(state)).toEqual(before.pop());
      for (const block of applied.slice(applied.length - undone)) {
        expect(applyBlock(state, block).consensusHash).toBe(hashes[block.height - file.first_block]);
      }
    }),
    { seed: 13, numRuns: 30 },
  );
  expect(hashes).toEqual(file.cases.slice(0, hashes.length).map((block) => block.consensus_hash));
  expect(hashes.length).toBeGreaterThan(300);
});

test('another branch after an undo gives what it gives from the start', () => {
  const state = createState(networkOf(file));
  for (const block of blocks.slice(0, 300)) applyBlock(state, block);
  for (let i = 0; i < 100; i++) undoBlock(state);
  const straight = createState(networkOf(file));
  for (const block of blocks.slice(0, 200)) applyBlock(straight, block);
  for (let height = state.height + 1; height <= file.first_block + 250; height++) {
    expect(applyBlock(state, { height, transactions: [] })).toEqual(applyBlock(straight, { height, transactions: [] }));
  }
  expect(snapshot(state)).toEqual(snapshot(straight));
});

test('blocks beyond the remembered depth cannot be undone', () => {
  const state = createState(networkIn(3), { undoDepth: 2 });
  for (let height = 100; height < 105; height++) applyBlock(state, { height, transactions: [] });
  undoBlock(state);
  undoBlock(state);
  expect(() => undoBlock(state)).toThrow(expect.objectContaining({ code: 'ReorgTooDeep' }));
  expect(state.height).toBe(102);
});
