import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startBitcoind } from '../../../src/devnet/bitcoin/bitcoind.js';
import { startMemoryBitcoin } from '../../../src/devnet/bitcoin/memory.js';
import type { BitcoinNode } from '../../../src/devnet/bitcoin/node.js';
import { scriptHashOf } from '../../../src/devnet/bitcoin/outputs.js';
import { scriptOfAddress } from '../../../src/devnet/bitcoin/address.js';
import { concat, fromHex, reversed, toHex } from '../../../src/lib/bytes.js';
import { hash256 } from '../../../src/lib/hash.js';
import { parseHeader } from '../../../src/names/bitcoin/header.js';
import { parseTransaction, txidOf } from '../../../src/names/bitcoin/transaction.js';

const BITCOIND = process.env['BITCOIND'];
const ADDRESS = '1BoatSLRHtKNngkdXEeobR76b53LETtpyT';

describe("the memory node's door", () => {
  let node: BitcoinNode;
  beforeAll(async () => {
    node = await startMemoryBitcoin({ blocks: 3 });
  });
  afterAll(() => node.close());

  const basic = (): string => `Basic ${btoa(`${node.user}:${node.password}`)}`;
  const post = (body: string, authorization = basic()): Promise<Response> => fetch(node.rpcUrl, { method: 'POST', headers: { authorization }, body });

  test('asks for user and password, and says nothing without', async () => {
    for (const authorization of ['', 'Basic x', `Basic ${btoa('devnet:')}`]) {
      const answer = await post('{"method":"getblockcount"}', authorization);
      expect([answer.status, await answer.text(), answer.headers.get('www-authenticate')]).toEqual([401, '', 'Basic realm="jsonrpc"']);
    }
    expect((await fetch(node.rpcUrl)).status).toBe(405);
  });

  test('answers one call, many calls, and calls of version 2', async () => {
    expect(await (await post('{"id":7,"method":"getblockcount","params":[]}')).json()).toEqual({ result: 3, error: null, id: 7 });
    const batch = await post('[{"id":1,"method":"getblockcount"},{"id":2,"method":"nope"},5]');
    expect(await batch.json()).toEqual([
      { result: 3, error: null, id: 1 },
      { result: null, error: { code: -32601, message: 'Method not found' }, id: 2 },
      { result: null, error: { code: -32600, message: 'Invalid Request object' }, id: null },
    ]);
    const second = await post('{"jsonrpc":"2.0","id":1,"method":"nope"}');
    expect([second.status, await second.json()]).toEqual([200, { jsonrpc: '2.0', error: { code: -32601, message: 'Method not found' }, id: 1 }]);
  });

  test('refuses what is no call, with a status of its own', async () => {
    for (const [body, status, code] of [
      ['{', 500, -32700],
      ['{"id":1}', 400, -32600],
      ['{"method":"nope"}', 404, -32601],
      ['{"method":"getblockhash","params":[9]}', 500, -8],
      ['{"method":"getblockhash","params":["x"]}', 500, -3],
      ['{"method":"getblock","params":{"a":1}}', 400, -32600],
      ['null', 400, -32600],
    ] as const) {
      const answer = await post(body);
      expect([answer.status, ((await answer.json()) as { error: { code: number } }).error.code]).toEqual([status, code]);
    }
  });

  test('bounds what it reads, and goes on', async () => {
    const answer = await fetch(`${node.esploraUrl}/tx`, { method: 'POST', body: 'a'.repeat(2_000_000) }).then(
      ({ status }) => status,
      () => 413,
    );
    expect(answer).toBe(413);
    expect(await (await fetch(`${node.esploraUrl}/blocks/tip/height`)).text()).toBe('3');
    for (const path of [
      '/%E0%A4%A',
      '//',
      '/../..',
      '/tx/zz',
      '/block/zz',
      '/block-height/x',
      '/address/xyz',
      '/scripthash/00',
      '/nothing',
      '/block-height/99',
    ]) {
      expect((await fetch(node.esploraUrl + path)).status).toBeGreaterThanOrEqual(400);
      expect((await fetch(node.esploraUrl + path)).status).toBeLessThan(500);
    }
  });

  test('lets every page ask', async () => {
    for (const url of [node.rpcUrl, node.esploraUrl, `${node.rpcUrl}/rest/chaininfo.json`]) {
      const asked = await fetch(url, {
        method: 'OPTIONS',
        headers: { origin: 'https://app.example', 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' },
      });
      expect([asked.status, asked.headers.get('access-control-allow-origin')]).toEqual([204, '*']);
      expect(asked.headers.get('access-control-allow-headers')).toContain('authorization');
      expect((await fetch(url)).headers.get('access-control-allow-origin')).toBe('*');
    }
  });
});

const kinds: readonly { kind: string; start: () => Promise<BitcoinNode> }[] = [
  { kind: 'memory', start: () => startMemoryBitcoin() },
  ...(BITCOIND ? [{ kind: 'bitcoind', start: () => startBitcoind({ path: BITCOIND }) }] : []),
];

describe.each(kinds)('Esplora over a $kind node', ({ start }) => {
  let node: BitcoinNode;
  let txid: string;
  let block: string;
  beforeAll(async () => {
    node = await start();
    for (let i = 0; i < 4; i++) txid = await node.fund(ADDRESS, 100_000n + BigInt(i));
    [block = ''] = await node.mine(1);
  }, 40_000);
  afterAll(() => node.close());

  const ask = async (path: string): Promise<string> => {
    const answer = await fetch(node.esploraUrl + path);
    if (answer.status !== 200) throw new Error(`${answer.status} ${await answer.text()}`);
    return answer.text();
  };
  const json = async (path: string): Promise<unknown> => JSON.parse(await ask(path)) as unknown;

  test('gives a branch that leads from the transaction to the root in the header', async () => {
    const { merkle, pos, block_height } = (await json(`/tx/${txid}/merkle-proof`)) as { merkle: string[]; pos: number; block_height: number };
    const root = merkle.reduce(
      (node, other, i) => hash256((pos >> i) & 1 ? concat(reversed(fromHex(other)), node) : concat(node, reversed(fromHex(other)))),
      reversed(fromHex(txid)),
    );
    const hash = await ask(`/block-height/${block_height}`);
    expect(hash).toBe(block);
    expect(parseHeader(fromHex(await ask(`/block/${hash}/header`))).merkleRoot).toBe(toHex(reversed(root)));
    expect(await ask(`/tx/${txid}/merkleblock-proof`)).toMatch(new RegExp(`^${await ask(`/block/${hash}/header`)}`));
  });

  test('gives a transaction in every form, and its place', async () => {
    const hex = await ask(`/tx/${txid}/hex`);
    expect(txidOf(parseTransaction(fromHex(hex)))).toBe(txid);
    expect(toHex(new Uint8Array(await (await fetch(`${node.esploraUrl}/tx/${txid}/raw`)).arrayBuffer()))).toBe(hex);
    const tx = (await json(`/tx/${txid}`)) as {
      fee: number;
      vin: { prevout: { value: number } }[];
      vout: { value: number; scriptpubkey_type: string; scriptpubkey_asm: string }[];
      status: object;
    };
    expect(tx.fee).toBe(tx.vin.reduce((sum, { prevout }) => sum + prevout.value, 0) - tx.vout.reduce((sum, { value }) => sum + value, 0));
    expect(tx.vout[0]).toMatchObject({
      value: 100_003,
      scriptpubkey_type: 'p2pkh',
      scriptpubkey_asm: expect.stringMatching(/^OP_DUP OP_HASH160 OP_PUSHBYTES_20 [0-9a-f]{40} OP_EQUALVERIFY OP_CHECKSIG$/) as string,
    });
    expect(await json(`/tx/${txid}/status`)).toEqual(tx.status);
    expect(tx.status).toMatchObject({ confirmed: true, block_hash: block });
    expect(((await json(`/block/${block}/txids`)) as string[]).includes(txid)).toBe(true);
    expect(await json(`/tx/${txid}/outspend/0`)).toEqual({ spent: false });
  });

  test('finds the coins of a script by its address and by its hash', async () => {
    const byAddress = (await json(`/address/${ADDRESS}/utxo`)) as { value: number }[];
    expect(byAddress.map(({ value }) => value).sort()).toEqual([100_000, 100_001, 100_002, 100_003]);
    expect(await json(`/scripthash/${scriptHashOf(scriptOfAddress(ADDRESS))}/utxo`)).toEqual(byAddress);
    expect(await json(`/scripthash/${'00'.repeat(32)}/utxo`)).toEqual([]);
    expect(await json(`/address/${ADDRESS}`)).toMatchObject({ chain_stats: { funded_txo_count: 4, funded_txo_sum: 400_006, spent_txo_count: 0, tx_count: 4 } });
    expect((await json(`/address/${ADDRESS}/txs`)) as unknown[]).toHaveLength(4);
  });

  test('counts a coin that waits, and forgets one whose block was lost for good', async () => {
    const waiting = await node.fund(ADDRESS, 777_777n);
    expect(await json(`/address/${ADDRESS}/utxo`)).toContainEqual({ txid: waiting, vout: 0, status: { confirmed: false }, value: 777_777 });
    const [lost] = await node.mine(1, scriptOfAddress(ADDRESS));
    expect((await json(`/address/${ADDRESS}/utxo`)) as unknown[]).toHaveLength(6);
    await node.rpc('invalidateblock', [lost]);
    const left = (await json(`/address/${ADDRESS}/utxo`)) as { txid: string; status: { confirmed: boolean } }[];
    expect(left).toHaveLength(5);
    expect(left.find((coin) => coin.txid === waiting)?.status).toEqual({ confirmed: false });
    expect(await json(`/block/${lost}/status`)).toEqual({ in_best_chain: false });
    await node.mine(1);
  });

  test("passes a refusal on in the node's words", async () => {
    const hex = await ask(`/tx/${txid}/hex`);
    const send = async (body: string): Promise<readonly [number, string]> => {
      const answer = await fetch(`${node.esploraUrl}/tx`, { method: 'POST', body });
      return [answer.status, await answer.text()];
    };
    expect(await send(hex)).toEqual([400, 'sendrawtransaction RPC error: {"code":-27,"message":"Transaction outputs already in utxo set"}']);
    expect((await send('zz'))[0]).toBe(400);
    const wrong = hex.replace(/.{8}$/, '01000000');
    const [status, said] = await send(wrong);
    expect([status, said.includes('bad-txns-inputs-missingorspent')]).toEqual([400, true]);
  });

  test('says 404 to what is not there', async () => {
    for (const path of [
      `/tx/${'ab'.repeat(32)}`,
      `/tx/${'ab'.repeat(32)}/hex`,
      `/tx/${'ab'.repeat(32)}/merkle-proof`,
      `/block/${'ab'.repeat(32)}`,
      `/block/${'ab'.repeat(32)}/header`,
      '/block-height/100000',
    ]) {
      await expect(ask(path)).rejects.toThrow(/^404 /);
    }
  });

  test('gives blocks from the tip down, ten at a time, and a fee rate for each target', async () => {
    const height = Number(await ask('/blocks/tip/height'));
    const blocks = (await json('/blocks')) as { id: string; height: number; previousblockhash: string }[];
    expect(blocks.map((one) => one.height)).toEqual(Array.from({ length: 10 }, (_, i) => height - i));
    expect(blocks[0]?.id).toBe(await ask('/blocks/tip/hash'));
    expect(blocks[0]?.previousblockhash).toBe(blocks[1]?.id);
    expect((await json(`/blocks/${height - 10}`)) as unknown[]).toHaveLength(10);
    expect((await json('/blocks/2')) as unknown[]).toHaveLength(3);
    const fees = (await json('/fee-estimates')) as Record<string, number>;
    expect(fees['1']).toBeGreaterThanOrEqual(1);
    expect(Object.keys(fees)).toContain('1008');
  });
});
