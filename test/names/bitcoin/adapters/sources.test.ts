import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startMemoryBitcoin } from '../../../../src/devnet/bitcoin/memory.js';
import { core } from '../../../../src/names/bitcoin/adapters/core.js';
import { esplora } from '../../../../src/names/bitcoin/adapters/esplora.js';
import { createHeaderChain, syncHeaders } from '../../../../src/names/bitcoin/chain.js';
import { parseHeader } from '../../../../src/names/bitcoin/header.js';
import { bitcoinRegtest } from '../../../../src/names/bitcoin/network.js';
import { scriptOfAddress } from '../../../../src/names/bitcoin/script.js';
import type { BitcoinSource, FilterSource, HistorySource } from '../../../../src/names/bitcoin/source.js';

const code = (value: string): unknown => expect.objectContaining({ code: value });
const script = scriptOfAddress('mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn');
const absent = 'ab'.repeat(32);

test('a wrong password is named as the status 401', async () => {
  const node = await startMemoryBitcoin({ blocks: 0 });
  await expect(core({ url: node.rpcUrl, user: 'nobody', password: 'x' }).feeRate()).rejects.toThrow(/status 401/);
  await node.close();
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

  const calls: Readonly<Record<string, (source: BitcoinSource | (BitcoinSource & (FilterSource | HistorySource))) => Promise<unknown>>> = {
    headers: (source) => source.headers(0, 10),
    inclusion: (source) => source.inclusion(absent),
    unspent: (source) => source.unspent(script),
    feeRate: (source) => source.feeRate(),
    broadcast: (source) => source.broadcast(new Uint8Array(60)),
    history: (source) => ('history' in source ? (source as HistorySource).history(script) : Promise.resolve(null)),
    filters: (source) => ('filters' in source ? (source as FilterSource).filters([{ height: 3, hash: absent }]) : Promise.resolve(null)),
    filterHeaders: (source) => ('filters' in source ? (source as FilterSource).filterHeaders([{ height: 3, hash: absent }]) : Promise.resolve(null)),
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
