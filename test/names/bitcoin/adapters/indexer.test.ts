import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { encodeFault, encodeResponse, parseCall, type XmlRpcValue } from '../../../../src/lib/xmlrpc.js';
import { indexer } from '../../../../src/names/bitcoin/adapters/indexer.js';
import type { Indexer } from '../../../../src/names/bitcoin/source.js';

const code = (value: string): unknown => expect.objectContaining({ code: value });

let server: Server;
let node: Indexer;
let calls: [string, readonly XmlRpcValue[]][];
let answer: (method: string, params: readonly XmlRpcValue[]) => unknown;
let raw: string | null;
let most: number;
let open: number;

beforeAll(async () => {
  server = createServer((request, response) => {
    const parts: Uint8Array[] = [];
    most = Math.max(most, ++open);
    request.on('data', (part: Uint8Array) => parts.push(part));
    request.on('end', () => {
      const { method, params } = parseCall(new TextDecoder().decode(Uint8Array.from(parts.flatMap((part) => [...part]))));
      calls.push([method, params]);
      // A turn of the loop, so that calls made at once are seen at once.
      setImmediate(() => {
        open--;
        response.end(raw ?? encodeResponse(JSON.stringify(answer(method, params))));
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  node = indexer({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
});
afterAll(() => server.close());
beforeEach(() => {
  [calls, raw, most, open] = [[], null, 0, 0];
});

const hash = (height: number): string => height.toString(16).padStart(32, '0');

test('consensus hashes are asked for 32 at a time, in order, and null is one the node has not', async () => {
  answer = (_, [heights]) => ({
    status: true,
    consensus_hashes: Object.fromEntries((heights as number[]).map((height) => [String(height), height === 40 ? null : hash(height)])),
  });
  const heights = Array.from({ length: 70 }, (_, i) => 10 + i);
  expect(await node.consensusHashes(heights)).toEqual(heights.map((height) => (height === 40 ? null : hash(height))));
  expect(calls.map(([, [page]]) => (page as number[]).length).sort()).toEqual([32, 32, 6].sort());
  expect(await node.consensusHashes([])).toEqual([]);
});

const hashes = (heights: readonly number[]): string[] => heights.map((height) => hash(height).repeat(2));
const range = (from: number, length: number): number[] => Array.from({ length }, (_, i) => from + i);
const oneHash = (method: string, [height]: readonly XmlRpcValue[]): unknown => {
  if (method !== 'get_blockstack_ops_hash_at') throw new Error(`unexpected ${method}`);
  return { ops_hash: hash(Number(height)).repeat(2) };
};

test('operations hashes of heights in a row are asked for by the range, a lone one by itself', async () => {
  answer = (method, params) =>
    method === 'get_blockstack_ops_hashes' ? { ops_hashes: hashes(range(Number(params[0]), Number(params[1]))) } : oneHash(method, params);
  const heights = [...range(10, 4500), 9000, ...range(9100, 3)];
  expect(await node.operationsHashes(heights)).toEqual(hashes(heights));
  expect(calls.map(([, params]) => params.map(Number)).sort(([a = 0], [b = 0]) => a - b)).toEqual([[10, 2000], [2010, 2000], [4010, 500], [9000], [9100, 3]]);
});

test.each([
  ['says 404', { error: 'method "get_blockstack_ops_hashes" is not supported', http_status: 404 }],
  ['refuses', { error: 'Caught exception: KeyError', http_status: 500 }],
  ['gives fewer', { ops_hashes: [] }],
])('a node that %s to a range is asked one height a call, at most eight at once, and never for a range again', async (_, refused) => {
  answer = (method, params) => (method === 'get_blockstack_ops_hashes' ? refused : oneHash(method, params));
  const older = indexer({ url: node.operator.replace(/^/, 'http://') });
  expect(await older.operationsHashes(range(1, 50))).toEqual(hashes(range(1, 50)));
  expect(await older.operationsHashes(range(1, 50))).toEqual(hashes(range(1, 50)));
  expect(calls).toHaveLength(101);
  expect(most).toBeLessThanOrEqual(8);
});

test('a node that is overloaded is not asked height by height instead', async () => {
  answer = () => ({ error: 'overloaded', http_status: 429 });
  await expect(node.operationsHashes(range(1, 50))).rejects.toThrow(/overloaded/);
  expect(calls).toHaveLength(1);
});

test('operations come in pages of ten, in block order', async () => {
  answer = (method, [, offset]) =>
    method === 'get_num_blockstack_ops_at'
      ? { count: 23 }
      : { nameops: Array.from({ length: Math.min(10, 23 - Number(offset)) }, (_, i) => ({ vtxindex: Number(offset) + i, text: 'a < b & "c"' })) };
  const operations = await node.operations(7);
  expect(operations.map(({ vtxindex }) => vtxindex)).toEqual(Array.from({ length: 23 }, (_, i) => i));
  expect(operations[0]?.['text']).toBe('a < b & "c"');
  expect(calls).toContainEqual(['get_blockstack_ops_at', [7, 20, 10]]);
});

test('a record that is not found is null, another refusal is an error with the reason', async () => {
  answer = () => ({ error: 'Not found.', http_status: 404 });
  expect(await node.nameRecord('nobody.id')).toBeNull();
  expect(await node.namespaceRecord('no')).toBeNull();
  answer = () => ({ error: 'invalid name', http_status: 400 });
  await expect(node.nameRecord('x')).rejects.toThrow(/invalid name/);
  answer = () => ({ record: { name: 'alice.id' }, lastblock: 9 });
  expect(await node.nameRecord('alice.id')).toEqual({ name: 'alice.id' });
  answer = () => ({ last_block_processed: 9, consensus: hash(9) });
  expect(await node.tip()).toEqual({ height: 9, consensusHash: hash(9) });
});

test('answers of another shape are refused with a typed error by every call', async () => {
  const ask = [
    () => node.tip(),
    () => node.consensusHashes([1]),
    () => node.operationsHashes([1]),
    () => node.operations(1),
    () => node.nameRecord('a.id'),
    () => node.namespaceRecord('id'),
  ];
  const refused = async (expected: string): Promise<void> => {
    for (const call of ask) await expect(call()).rejects.toThrow(code(expected));
  };
  for (const shape of [
    null,
    7,
    'text',
    [],
    { record: 5, consensus_hashes: [], ops_hash: 'zz', count: -1, consensus: 'ab', last_block_processed: '9' },
    { count: 1e9, record: [], consensus_hashes: 5, ops_hash: 5, last_block_processed: 1.5 },
  ]) {
    answer = () => shape;
    await refused('HttpMalformed');
  }
  for (const text of ['', '<html></html>', '{}', encodeResponse(5), encodeResponse({ a: 'b' }), ' '.repeat(2_000_000), `${encodeResponse('{}')}x`]) {
    raw = text;
    await refused('HttpMalformed');
  }
  raw = encodeFault(1, 'no such method');
  await refused('ServerFailed');
  raw = ' '.repeat(5_000_000);
  await refused('HttpTooLarge');
});
