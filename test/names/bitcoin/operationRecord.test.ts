import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { foldChain, type ChainFile } from '../../suites/bnsChain.js';

const read = (file: string): unknown => JSON.parse(readFileSync(`test/vectors/bns-v1/${file}.json`, 'utf8'));
const { rpc_nameops: told } = read('snv') as { rpc_nameops: Readonly<Record<string, string | readonly Readonly<Record<string, unknown>>[]>> };

test('operations have every field a core node tells, and no other', () => {
  const { results } = foldChain(read('chain_all_epochs') as ChainFile);
  const heights = Object.keys(told);
  expect(heights.length).toBeGreaterThan(40);
  for (const height of heights) {
    const operations = told[height] ?? [];
    const wanted = (typeof operations === 'string' ? JSON.parse(operations) : operations) as readonly Readonly<Record<string, unknown>>[];
    // A node keeps this field to itself, and tells preorders last.
    const records = results.get(Number(height))?.operations.map(({ last_creation_op: _, ...record }) => record);
    expect(records, height).toEqual([...wanted].sort((a, b) => Number(a['vtxindex']) - Number(b['vtxindex'])));
  }
});
