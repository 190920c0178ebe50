import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fromHex } from '../../../../src/lib/bytes.js';
import { startBitcoind } from '../../../../src/devnet/bitcoin/bitcoind.js';
import { startMemoryBitcoin } from '../../../../src/devnet/bitcoin/memory.js';
import type { BitcoinNode } from '../../../../src/devnet/bitcoin/node.js';
import { core } from '../../../../src/names/bitcoin/adapters/core.js';
import { esplora } from '../../../../src/names/bitcoin/adapters/esplora.js';
import { parseBlock, verifyInclusion } from '../../../../src/names/bitcoin/block.js';
import { createHeaderChain, syncHeaders } from '../../../../src/names/bitcoin/chain.js';
import { parseHeader } from '../../../../src/names/bitcoin/header.js';
import { bitcoinRegtest } from '../../../../src/names/bitcoin/network.js';
import { scriptOfAddress } from '../../../../src/names/bitcoin/script.js';
import type { BitcoinSource } from '../../../../src/names/bitcoin/source.js';
import { openTransaction, serializeTransaction } from '../../../../src/names/bitcoin/transaction.js';

const code = (value: string): unknown => expect.objectContaining({ code: value });
const bitcoind = process.env['BITCOIND'] ?? '';
const script = scriptOfAddress('mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn');
const absent = 'ab'.repeat(32);

describe.each(['memory', 'bitcoind'])('a %s node', (kind) => {
  describe.skipIf(kind === 'bitcoind' && bitcoind === '')('read', () => {
    let node: BitcoinNode;
    let funding: string;
    const sourceOf = (adapter: string): BitcoinSource =>
      adapter === 'core' ? core({ url: node.rpcUrl, user: node.user, password: node.password }) : esplora({ url: `${node.esploraUrl}/` });

    beforeAll(async () => {
      node = kind === 'memory' ? await startMemoryBitcoin() : await startBitcoind({ path: bitcoind });
      funding = await node.fund(script, 1_234_567n);
      await node.mine(3);
    });
    afterAll(() => node.close());

    describe.each(['core', 'esplora'])('through %s', (adapter) => {
      test('gives headers that make a chain, and none beyond its end', async () => {
        const source = sourceOf(adapter);
        const height = Number(await node.rpc('getblockcount', []));
        const chain = createHeaderChain(bitcoinRegtest);
        await syncHeaders(chain, [source]);
        expect(chain.tip().hash).toBe(await node.rpc('getblockhash', [height]));
        expect(await source.headers(height + 1, 10)).toEqual([]);
        expect(await source.headers(height, 10)).toHaveLength(1);
        const some = await source.headers(7, 25);
        expect(some.map((header) => parseHeader(header).hash)).toEqual(Array.from({ length: 25 }, (_, i) => chain.hashAt(7 + i)));
      });

      test('gives transactions, their places and whole blocks, and null for what is absent', async () => {
        const source = sourceOf(adapter);
        const chain = createHeaderChain(bitcoinRegtest);
        await syncHeaders(chain, [source]);
        const transaction = openTransaction((await source.transaction(funding)) ?? new Uint8Array(), funding);
        const inclusion = await source.inclusion(funding);
        const header = chain.at(inclusion?.height ?? -1);
        if (!inclusion || !header) throw new Error('the transaction is mined');
        verifyInclusion(funding, inclusion, header);
        const block = parseBlock((await source.block(header.hash)) ?? new Uint8Array());
        expect(block.header).toEqual(header);
        expect(block.txids[inclusion.index]).toBe(funding);
        expect(block.transactions[inclusion.index]).toEqual(transaction);
        expect(await source.transaction(absent)).toBeNull();
        expect(await source.inclusion(absent)).toBeNull();
        expect(await source.block(absent)).toBeNull();
      });

      test('finds coins by script, and a fee rate', async () => {
        const source = sourceOf(adapter);
        const coins = await source.unspent(script);
        expect(coins).toContainEqual(expect.objectContaining({ txid: funding, value: 1_234_567n }));
        expect(coins[0]?.height).toBeGreaterThan(100);
        expect(await source.unspent(fromHex('51'))).toEqual([]);
        expect(await source.feeRate()).toBeGreaterThanOrEqual(1);
      });

      test('tells why a transaction was refused', async () => {
        const source = sourceOf(adapter);
        const { inputs, outputs, ...rest } = openTransaction((await source.transaction(funding)) ?? new Uint8Array(), funding);
        const spend = { ...rest, inputs: inputs.map((input) => ({ ...input, txid: absent, witness: [] })), outputs };
        await expect(source.broadcast(serializeTransaction(spend))).rejects.toThrow(code('BroadcastRejected'));
      });
    });

    test('a wrong password is named as the status 401', async () => {
      await expect(core({ url: node.rpcUrl, user: 'nobody', password: 'x' }).feeRate()).rejects.toThrow(/status 401/);
    });
  });
});

describe('a server that answers anything', () => {
  let server: Server;
  let url: string;
  let answer: { status: number; body: string | Uint8Array };
  beforeAll(async () => {
    server = createServer((_, response) => void response.writeHead(answer.status).end(answer.body));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => server.close());

  const calls: Readonly<Record<string, (source: BitcoinSource) => Promise<unknown>>> = {
    headers: (source) => source.headers(0, 10),
    inclusion: (source) => source.inclusion(absent),
    unspent: (source) => source.unspent(script),
    feeRate: (source) => source.feeRate(),
    broadcast: (source) => source.broadcast(new Uint8Array(60)),
  };
  const answers: Readonly<Record<string, string | Uint8Array>> = {
    html: '<html><body>hello</body></html>',
    nothing: '',
    null: 'null',
    number: '12',
    'nested arrays': '['.repeat(50_000) + ']'.repeat(50_000),
    'a block without fields': '[{"height":3}]',
    'an RPC result of the wrong kind': '{"result":{"a":1},"error":null}',
    'an RPC error of the wrong kind': '{"result":null,"error":7}',
    'a proof of the wrong kind': '{"block_height":1,"merkle":["zz"],"pos":-1}',
    'a hundred megabytes': new Uint8Array(100_000_000).fill(0x5b),
    noise: new Uint8Array(200).fill(0xfe),
  };
  test.each(Object.keys(answers))('%s gives a typed error from every call, or a value that proves nothing', { timeout: 30_000 }, async (kind) => {
    for (const status of [200, 500, 404, 302]) {
      answer = { status, body: answers[kind] ?? '' };
      for (const source of [esplora({ url }), core({ url })]) {
        for (const [name, call] of Object.entries(calls)) {
          const result = await call(source).catch((error: unknown) => error);
          if (result instanceof Error) expect(result, `${name} ${status}`).toMatchObject({ name: 'NamesteadError' });
          else expect([[], null, 1, 12]).toContainEqual(result);
        }
      }
    }
  });

  test('a block changed in any field of its header has no work or no place', async () => {
    const block = {
      height: 0,
      version: 1,
      previousblockhash: null,
      merkle_root: '4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b',
      timestamp: 1296688602,
      bits: 0x207fffff,
      nonce: 2,
    };
    const serve = (edit: object): void => {
      answer = { status: 200, body: JSON.stringify([{ ...block, ...edit }]) };
    };
    const http = esplora({
      url,
      http: async (path, request) => {
        const { http: platform } = await import('../../../../src/lib/http.js');
        return path.endsWith('/tip/height') ? { status: 200, headers: new Headers(), body: new TextEncoder().encode('0') } : platform()(path, request);
      },
    });
    serve({});
    expect(parseHeader((await http.headers(0, 1))[0] ?? new Uint8Array()).hash).toBe(bitcoinRegtest.genesisHash);
    for (const edit of [{ version: 2 }, { merkle_root: absent }, { timestamp: 1296688603 }, { nonce: 3 }]) {
      serve(edit);
      await expect(syncHeaders(createHeaderChain(bitcoinRegtest), [http])).rejects.toThrow(code('NetworkMismatch'));
    }
    for (const edit of [
      { version: '1' },
      { merkle_root: 'ab' },
      { timestamp: -1 },
      { nonce: 1.5 },
      { bits: 2 ** 32 },
      { previousblockhash: 5 },
      { height: null },
    ]) {
      serve(edit);
      await expect(http.headers(0, 1)).rejects.toThrow(code('HttpMalformed'));
    }
  });
});
