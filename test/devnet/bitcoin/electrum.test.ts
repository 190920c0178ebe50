import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { startBitcoind } from '../../../src/devnet/bitcoin/bitcoind.js';
import { startMemoryBitcoin } from '../../../src/devnet/bitcoin/memory.js';
import type { BitcoinNode } from '../../../src/devnet/bitcoin/node.js';
import { fromUtf8, toHex } from '../../../src/lib/bytes.js';
import { sha256 } from '../../../src/lib/hash.js';
import { verifyInclusion } from '../../../src/names/bitcoin/block.js';
import { electrumScriptHash, parseInclusion } from '../../../src/names/bitcoin/electrum.js';
import { parseHeader } from '../../../src/names/bitcoin/header.js';
import { scriptOfAddress } from '../../../src/names/bitcoin/script.js';
import { fromHex } from '../../../src/lib/bytes.js';
import { input, key, locks, pay, sign, unsigned } from './kit.js';
import { serializeTransaction } from '../../../src/names/bitcoin/transaction.js';

const bitcoind = process.env['BITCOIND'] ?? '';

interface Guest {
  call(method: string, ...params: readonly unknown[]): Promise<unknown>;
  /** What came without being asked for. */
  readonly news: { readonly method: string; readonly params: readonly unknown[] }[];
  readonly raw: string[];
  readonly socket: Socket;
}

function guest(node: BitcoinNode): Guest {
  const socket = connect(Number(new URL(node.electrumTcp).port), '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: unknown): void }>();
  const [news, raw]: [Guest['news'], string[]] = [[], []];
  let [rest, id] = ['', 0];
  socket.on('error', () => undefined);
  socket.setEncoding('utf8').on('data', (part: string) => {
    const lines = (rest + part).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      raw.push(line);
      const message = JSON.parse(line) as { id?: number; method: string; params: unknown[]; result: unknown; error?: unknown };
      if (message.method) news.push(message);
      const call = waiting.get(message.id ?? -1);
      if (message.error) call?.reject(message.error);
      else call?.resolve(message.result);
    }
  });
  const call: Guest['call'] = (method, ...params) =>
    new Promise((resolve, reject) => {
      waiting.set(++id, { resolve, reject });
      socket.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`);
    });
  return { call, news, raw, socket };
}

const until = (holds: () => boolean): Promise<void> => expect.poll(holds, { timeout: 5_000, interval: 20 }).toBe(true);

describe.each(['memory', 'bitcoind'])('the Electrum server over a %s node', (kind) => {
  describe.skipIf(kind === 'bitcoind' && bitcoind === '')('there', () => {
    let node: BitcoinNode;
    beforeAll(async () => {
      node = kind === 'memory' ? await startMemoryBitcoin() : await startBitcoind({ path: bitcoind });
    });
    afterAll(() => node.close());
    const height = async (): Promise<number> => Number(await node.rpc('getblockcount'));

    test('agrees to 1.4 and to its later minor versions, and to no other', async () => {
      const { call } = guest(node);
      expect(await call('server.version', 'x', '1.4')).toEqual([expect.any(String), '1.4']);
      expect(await call('server.version', 'x', ['1.2', '1.4.1'])).toEqual([expect.any(String), '1.4.1']);
      expect(await call('server.version', 'x', ['1.4', '1.6'])).toEqual([expect.any(String), '1.4.2']);
      for (const version of ['1.3', ['1.5', '1.6'], 'x', [], ['0.9', '1.1']])
        await expect(call('server.version', 'x', version)).rejects.toMatchObject({ code: 1 });
      expect(await call('server.features')).toMatchObject({ genesis_hash: await node.rpc('getblockhash', [0]), protocol_min: '1.4', hash_function: 'sha256' });
      expect(await call('server.ping')).toBeNull();
      expect(await call('server.peers.subscribe')).toEqual([]);
      expect(await call('server.donation_address')).toBe('');
      expect(await call('server.banner')).toMatch(/regtest/);
    });

    test('tells news of the tip and of scripts, reorganizations too, as often as there are any', async () => {
      const script = locks.p2pkh(key(41)).script;
      const hash = electrumScriptHash(script);
      const { call, news } = guest(node);
      const start = await height();
      expect(await call('blockchain.headers.subscribe')).toMatchObject({ height: start });
      expect(await call('blockchain.scripthash.subscribe', hash)).toBeNull();
      const statuses = (): unknown[] => news.filter((one) => one.method === 'blockchain.scripthash.subscribe').map(({ params }) => params[1]);
      const tips = (): unknown[] =>
        news.filter((one) => one.method === 'blockchain.headers.subscribe').map(({ params }) => (params[0] as { height: number }).height);
      const status = (...items: readonly [string, number][]): string => toHex(sha256(fromUtf8(items.map(([txid, at]) => `${txid}:${at}:`).join(''))));

      const txid = await node.fund(script, 9_000n);
      await until(() => statuses().length === 1);
      expect(statuses()[0]).toBe(status([txid, 0]));
      expect(await call('blockchain.scripthash.get_mempool', hash)).toEqual([{ tx_hash: txid, height: 0, fee: expect.any(Number) as number }]);
      expect(await call('blockchain.scripthash.get_balance', hash)).toEqual({ confirmed: 0, unconfirmed: 9_000 });

      await node.mine(1);
      await until(() => statuses().length === 2 && tips().length === 1);
      expect(statuses()[1]).toBe(status([txid, start + 1]));
      expect(tips()).toEqual([start + 1]);
      expect(await call('blockchain.scripthash.get_balance', hash)).toEqual({ confirmed: 9_000, unconfirmed: 0 });

      await node.reorg(1);
      await until(() => statuses().at(-1) === status([txid, 0]) && tips().at(-1) === start + 2);
      expect(await call('blockchain.scripthash.get_history', hash)).toEqual([{ tx_hash: txid, height: 0, fee: expect.any(Number) as number }]);
      expect(await call('blockchain.scripthash.unsubscribe', hash)).toBe(true);
      const told = statuses().length;
      await node.mine(1);
      await until(() => tips().at(-1) === start + 3);
      expect(statuses()).toHaveLength(told);
    });

    test('knows what waits behind what waits, and what a script has spent', async () => {
      const lock = locks.p2pkh(key(43));
      const hash = electrumScriptHash(lock.script);
      const { call } = guest(node);
      const txid = await node.fund(lock.script, 50_000n);
      const funding = (await node.rpc('getrawtransaction', [txid, 1])) as { vout: { n: number; scriptPubKey: { hex: string } }[] };
      const vout = funding.vout.find((output) => output.scriptPubKey.hex === toHex(lock.script))?.n ?? 0;
      const coin = { ...lock, txid, vout, value: 50_000n };
      const spend = await sign(unsigned([coin], [pay(20_000n, lock.script)]), 0, coin);
      const child = String(await call('blockchain.transaction.broadcast', toHex(serializeTransaction(spend))));
      expect(await call('blockchain.scripthash.get_history', hash)).toEqual(
        expect.arrayContaining([expect.objectContaining({ tx_hash: txid, height: 0 }), { tx_hash: child, height: -1, fee: 30_000 }]),
      );
      expect(await call('blockchain.scripthash.listunspent', hash)).toEqual([{ tx_hash: child, tx_pos: 0, height: 0, value: 20_000 }]);
      expect(await call('blockchain.scripthash.get_balance', hash)).toEqual({ confirmed: 0, unconfirmed: 20_000 });
      const rates = ((await call('mempool.get_fee_histogram')) as [number, number][]).map(([rate]) => rate);
      expect(rates).toEqual([...rates].sort((a, b) => b - a));
      expect(rates.length).toBeGreaterThan(1);
      await node.mine(1);
      // Both in one block, in its order.
      expect(await call('blockchain.scripthash.get_history', hash)).toEqual([txid, child].map((tx_hash) => expect.objectContaining({ tx_hash }) as unknown));
      expect(await call('blockchain.scripthash.get_balance', hash)).toEqual({ confirmed: 20_000, unconfirmed: 0 });
    });

    test('gives transactions by id and by place, each with its branch', async () => {
      const { call } = guest(node);
      const script = scriptOfAddress('mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn');
      for (let i = 0; i < 4; i++) await node.fund(script, 10_000n + BigInt(i));
      await node.mine(1);
      const at = await height();
      const { tx } = (await node.rpc('getblock', [await node.rpc('getblockhash', [at]), 1])) as { tx: string[] };
      expect(tx).toHaveLength(5);
      const header = parseHeader(fromHex(String(await call('blockchain.block.header', at))));
      for (const [pos, txid] of tx.entries()) {
        expect(await call('blockchain.transaction.id_from_pos', at, pos)).toBe(txid);
        const proof = await call('blockchain.transaction.get_merkle', txid, at);
        expect(() => verifyInclusion(txid, parseInclusion(proof, 'proof'), header)).not.toThrow();
        expect(await call('blockchain.transaction.id_from_pos', at, pos, true)).toEqual({ tx_hash: txid, merkle: (proof as { merkle: unknown }).merkle });
        expect(await call('blockchain.transaction.get', txid)).toBe(await node.rpc('getrawtransaction', [txid]));
        expect(await call('blockchain.transaction.get', txid, true)).toMatchObject({ txid, confirmations: 1 });
      }
      await expect(call('blockchain.transaction.get_merkle', tx[0], at - 1)).rejects.toMatchObject({ code: 1 });
      await expect(call('blockchain.transaction.id_from_pos', at, 5)).rejects.toMatchObject({ code: 1 });
      await expect(call('blockchain.transaction.get', 'ab'.repeat(32))).rejects.toMatchObject({ code: 2 });
      await expect(
        call('blockchain.transaction.broadcast', toHex(serializeTransaction(unsigned([input({ txid: 'ab'.repeat(32), vout: 0 })], [pay(1n)])))),
      ).rejects.toMatchObject({ code: 1 });
    });

    test('gives headers in pages, with a proof of the last', async () => {
      const { call } = guest(node);
      const tip = await height();
      const page = (await call('blockchain.block.headers', 3, 10, tip)) as { hex: string; count: number; max: number; branch: string[]; root: string };
      expect(page).toMatchObject({ count: 10, max: 2016 });
      expect(page.hex).toHaveLength(1600);
      expect(await call('blockchain.block.header', 12, tip)).toEqual({ branch: page.branch, root: page.root, header: page.hex.slice(-160) });
      expect(await call('blockchain.block.headers', tip, 5000)).toMatchObject({ count: 1, max: 2016 });
      expect(await call('blockchain.block.headers', tip + 1, 5)).toEqual({ hex: '', count: 0, max: 2016 });
      await expect(call('blockchain.block.header', 12, 11)).rejects.toMatchObject({ code: 1 });
      await expect(call('blockchain.block.header', tip + 1)).rejects.toMatchObject({ code: 1 });
    });
  });
});

describe('the Electrum server', () => {
  let node: BitcoinNode;
  beforeAll(async () => {
    node = await startMemoryBitcoin({ blocks: 3 });
  });
  afterAll(() => node.close());

  test('answers what it cannot do with an error, and goes on', async () => {
    const { call, raw, socket } = guest(node);
    await expect(call('toString')).rejects.toMatchObject({ code: -32601 });
    await expect(call('blockchain.scripthash.get_history', 'zz')).rejects.toMatchObject({ code: -32602 });
    await expect(call('blockchain.block.header', -1)).rejects.toMatchObject({ code: -32602 });
    await expect(call('blockchain.block.header', '1')).rejects.toMatchObject({ code: -32602 });
    for (const [line, code] of [
      ['{', -32700],
      [`${'['.repeat(100)}${']'.repeat(100)}`, -32700],
      ['7', -32600],
      ['[]', -32600],
      [JSON.stringify(Array.from({ length: 101 }, () => ({ id: 1, method: 'server.ping' }))), -32600],
      ['{"id":"a","method":"server.ping","params":{}}', -32602],
    ] as const) {
      const before = raw.length;
      socket.write(`${line}\n`);
      await until(() => raw.length > before);
      expect(JSON.parse(raw.at(-1) ?? '')).toMatchObject({ error: { code } });
    }
    socket.write('[{"id":"a","method":"server.ping"},{"method":"server.ping"},{"id":"b","method":"none"}]\n');
    await until(() => raw.at(-1)?.startsWith('[') === true);
    expect(JSON.parse(raw.at(-1) ?? '')).toMatchObject([
      { id: 'a', result: null },
      { id: 'b', error: { code: -32601 } },
    ]);
    expect(await call('server.ping')).toBeNull();
  });

  test('ends the connection of one who sends a message too large', async () => {
    const { socket } = guest(node);
    const gone = new Promise((resolve) => socket.once('close', resolve));
    (function more(): void {
      if (!socket.destroyed) socket.write('a'.repeat(1 << 16), more);
    })();
    await gone;
    const other = new WebSocket(node.electrumWs);
    other.on('error', () => undefined);
    const ended = new Promise((resolve) => other.once('close', resolve));
    other.once('open', () => other.send('a'.repeat(2_000_001)));
    await ended;
    expect(await guest(node).call('server.ping')).toBeNull();
  });

  test('answers one client in the order in which it asks, over WebSocket too', async () => {
    const socket = new WebSocket(node.electrumWs);
    onTestFinished(() => socket.terminate());
    const ids: unknown[] = [];
    socket.on('message', (data: Uint8Array) => ids.push((JSON.parse(new TextDecoder().decode(data)) as { id: unknown }).id));
    await new Promise((resolve) => socket.once('open', resolve));
    for (let id = 0; id < 300; id++) socket.send(JSON.stringify({ id, method: 'blockchain.block.header', params: [id % 4] }));
    await until(() => ids.length === 300);
    expect(ids).toEqual(Array.from({ length: 300 }, (_, id) => id));
  });
});
