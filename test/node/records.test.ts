import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { formatJson, pythonFloat } from '../../src/node/json.js';
import { operationJson } from '../../src/node/records.js';
import type { ChainFile } from '../suites/bnsChain.js';
import { ledgerOf } from '../suites/node.js';

const read = async <T>(path: string): Promise<T> => JSON.parse(await readFile(`${import.meta.dirname}/../vectors/bns-v1/${path}`, 'utf8')) as T;

describe('the records of a node', () => {
  test('are those of the reference node for every operation of a chain, fees of imported names as floats', async () => {
    const { ledger } = ledgerOf(await read<ChainFile>('chain_all_epochs.json'));
    const { rpc_nameops: expected } = await read<{ rpc_nameops: Record<string, string> }>('snv.json');
    // The reference's database has no order within a block; ours is the block's.
    type Told = { readonly vtxindex: number }[];
    const inOrder = (text: string): Told => (JSON.parse(text) as Told).sort((a, b) => a.vtxindex - b.vtxindex);
    const fees = (text: string): string[] => text.match(/"op_fee": [^,}]+/g) ?? [];
    for (const [height, text] of Object.entries(expected)) {
      const told = formatJson((ledger.at(Number(height))?.operations ?? []).map(operationJson));
      expect(JSON.parse(told), height).toEqual(inOrder(text));
      expect(fees(told).sort(), height).toEqual(fees(text).sort());
    }
    expect(Object.keys(expected).length).toBeGreaterThan(0);
  });

  test('write floats as Python does', () => {
    expect([0, 6250, 102_400_000, 46.6, 1e15, 1e16, 1.5e17].map((value) => formatJson(pythonFloat(value)))).toEqual([
      '0.0',
      '6250.0',
      '102400000.0',
      '46.6',
      '1000000000000000.0',
      '1e+16',
      '1.5e+17',
    ]);
    expect(formatJson({ a: [1, null, true, 'x"'], b: undefined, c: pythonFloat(1) })).toBe('{"a": [1, null, true, "x\\""], "c": 1.0}');
  });
});
