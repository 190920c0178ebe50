import type { Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { WebSocketServer, WebSocket } from 'ws';
import { startMemoryBitcoin } from '../../src/devnet/bitcoin/memory.js';
import type { BitcoinNode } from '../../src/devnet/bitcoin/node.js';
import { NamesteadError } from '../../src/lib/errors.js';
import { electrum, type Electrum } from '../../src/names/bitcoin/adapters/electrum.js';
import { electrumTcp } from '../../src/names/bitcoin/adapters/electrumTcp.js';
import { electrumWebSocket } from '../../src/names/bitcoin/adapters/electrumWebSocket.js';
import { verifyInclusion } from '../../src/names/bitcoin/block.js';
import { createHeaderChain, syncHeaders } from '../../src/names/bitcoin/chain.js';
import { parseHeader } from '../../src/names/bitcoin/header.js';
import { headersRoot, verifyHeaderBranch } from '../../src/names/bitcoin/headerProof.js';
import { bitcoinMainnet, bitcoinRegtest } from '../../src/names/bitcoin/network.js';
import { scriptOfAddress } from '../../src/names/bitcoin/script.js';
import { openTransaction } from '../../src/names/bitcoin/transaction.js';
import { startElectrumLiar, type Answer, type Lie } from '../names/bitcoin/electrumLiar.js';

const script = scriptOfAddress('mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn');
const none = new Uint8Array();
const code = (value: string): unknown => expect.objectContaining({ code: value });
let node: BitcoinNode;
let funding: string;
let other: string;
let height: number;

beforeAll(async () => {
  node = await startMemoryBitcoin();
  funding = await node.fund(script, 70_000n);
  other = await node.fund(script, 80_000n);
  await node.mine(2);
  height = Number(await node.rpc('getblockcount'));
});
afterAll(() => node.close());

async function lied(lie: Lie, timeout = 5_000): Promise<Electrum & { seen(): number }> {
  const liar = await startElectrumLiar(node.electrumTcp, lie);
  const source = electrum({ url: liar.url, connect: electrumTcp(), params: bitcoinRegtest, timeout });
  onTestFinished(() => {
    source.close();
    return liar.close();
  });
  return { ...source, seen: liar.seen };
}

/** Changes the answers to one method. */
const about =
  (method: string, change: (answer: Answer) => unknown): Lie =>
  (answer) =>
    answer.method === method ? { result: change(answer) } : undefined;
const fields = (answer: Answer): Record<string, unknown> => answer.result as Record<string, unknown>;
const flip = (hex: unknown, at: number): string => {
  const text = String(hex);
  return text.slice(0, at) + (text[at] === '0' ? '1' : '0') + text.slice(at + 1);
};

describe('what an Electrum server forges is found out by the one who holds the anchor', () => {
  test('a header', async () => {
    const source = await lied(about('blockchain.block.headers', (answer) => ({ ...fields(answer), hex: flip(fields(answer)['hex'], 160 * 60 + 80) })));
    await expect(syncHeaders(createHeaderChain(bitcoinRegtest), [source])).rejects.toThrow(NamesteadError);
  });

  test('a header beneath a checkpoint, and its branch', async () => {
    const hashes = await Promise.all(Array.from({ length: height + 1 }, async (_, at) => String(await node.rpc('getblockhash', [at]))));
    const root = { height, root: headersRoot(hashes) };
    const check = async (source: Electrum): Promise<unknown> => {
      const { header, branch } = (await source.headerProof(40, height)) ?? { header: none, branch: [] };
      return verifyHeaderBranch(header, 40, branch, root);
    };
    expect(await check(await lied(() => undefined))).toMatchObject({ hash: hashes[40] });
    const lies: ((answer: Answer) => unknown)[] = [
      (answer) => ({ ...fields(answer), header: flip(fields(answer)['header'], 20) }),
      (answer) => ({ ...fields(answer), branch: (fields(answer)['branch'] as string[]).map((hash, i) => (i === 3 ? flip(hash, 5) : hash)) }),
      (answer) => ({ ...fields(answer), branch: (fields(answer)['branch'] as string[]).slice(1), root: root.root }),
    ];
    for (const lie of lies) await expect(lied(about('blockchain.block.header', lie)).then(check)).rejects.toThrow(code('MerkleMismatch'));
  });

  test('the place of a transaction', async () => {
    const check = async (source: Electrum): Promise<unknown> => {
      const inclusion = (await source.inclusion(funding)) ?? { height: 0, index: 0, branch: [] };
      const [header = none] = await source.headers(inclusion.height, 1);
      return void verifyInclusion(funding, inclusion, parseHeader(header));
    };
    await expect(lied(() => undefined).then(check)).resolves.not.toThrow();
    const method = 'blockchain.transaction.get_merkle';
    const lies: ((answer: Answer) => unknown)[] = [
      (answer) => ({ ...fields(answer), merkle: (fields(answer)['merkle'] as string[]).map((hash) => flip(hash, 9)) }),
      (answer) => ({ ...fields(answer), pos: Number(fields(answer)['pos']) ^ 1 }),
      (answer) => ({ ...fields(answer), block_height: height }),
    ];
    for (const lie of lies) await expect(lied(about(method, lie)).then(check)).rejects.toThrow(code('MerkleMismatch'));
  });

  test('a transaction that is another', async () => {
    const foreign = await node.rpc('getrawtransaction', [other]);
    const source = await lied(about('blockchain.transaction.get', () => foreign));
    expect(() => openTransaction(none, funding)).toThrow();
    await expect(source.transaction(funding).then((bytes) => openTransaction(bytes ?? none, funding))).rejects.toThrow(code('TransactionMismatch'));
    await expect(source.inclusion(funding)).rejects.toThrow(code('TransactionMismatch'));
  });
});

describe('an answer that cannot be is refused', () => {
  const call = {
    headers: (source: Electrum) => source.headers(5, 20),
    tip: (source: Electrum) => source.tip(),
    headerProof: (source: Electrum) => source.headerProof(40, height),
    transaction: (source: Electrum) => source.transaction(funding),
    inclusion: (source: Electrum) => source.inclusion(funding),
    history: (source: Electrum) => source.history(script),
    unspent: (source: Electrum) => source.unspent(script),
  };
  const history = (answer: Answer): { tx_hash: string; height: number }[] => answer.result as { tx_hash: string; height: number }[];
  test.each<[string, keyof typeof call, string, (answer: Answer) => unknown]>([
    ['more headers than were asked for', 'headers', 'blockchain.block.headers', (a) => ({ ...fields(a), count: 21, hex: '00'.repeat(80 * 21) })],
    ['fewer bytes than headers', 'headers', 'blockchain.block.headers', (a) => ({ ...fields(a), hex: '00'.repeat(79) })],
    ['a page of nothing for ever', 'headers', 'blockchain.block.headers', () => ({ count: 0, hex: '', max: 0 })],
    ['a header of 79 bytes', 'tip', 'blockchain.headers.subscribe', (a) => ({ ...fields(a), hex: '00'.repeat(79) })],
    ['a tip below nothing', 'tip', 'blockchain.headers.subscribe', (a) => ({ ...fields(a), height: -1 })],
    ['a branch without end', 'headerProof', 'blockchain.block.header', (a) => ({ ...fields(a), branch: Array.from({ length: 33 }, () => '00'.repeat(32)) })],
    ['a transaction that is no hex', 'transaction', 'blockchain.transaction.get', () => 'zz'],
    ['a place without a branch', 'inclusion', 'blockchain.transaction.get_merkle', (a) => ({ ...fields(a), merkle: null })],
    ['a history that runs backwards', 'history', 'blockchain.scripthash.get_history', (a) => history(a).map((one, i) => ({ ...one, height: 9 - i }))],
    ['a history that has one transaction twice', 'history', 'blockchain.scripthash.get_history', (a) => [...history(a), history(a)[0]]],
    [
      'a confirmed transaction behind one that waits',
      'history',
      'blockchain.scripthash.get_history',
      (a) => history(a).map((one, i) => (i === 0 ? { ...one, height: 0 } : one)),
    ],
    ['a history that is no list', 'history', 'blockchain.scripthash.get_history', () => ({})],
    ['a coin of more money than there is', 'unspent', 'blockchain.scripthash.listunspent', () => [{ tx_hash: funding, tx_pos: 0, height: 1, value: 3e15 }]],
    ['a coin of half a satoshi', 'unspent', 'blockchain.scripthash.listunspent', () => [{ tx_hash: funding, tx_pos: 0, height: 1, value: 0.5 }]],
  ])(
    '%s',
    async (_, name, method, lie) => {
      await expect(lied(about(method, lie)).then(call[name] as (source: Electrum) => Promise<unknown>)).rejects.toThrow(code('HttpMalformed'));
    },
    5_000,
  );

  test('a history too large to tell is an error, never a shorter history', async () => {
    const source = await lied(({ method }) =>
      method === 'blockchain.scripthash.get_history' ? { error: { code: 1, message: 'history too large' } } : undefined,
    );
    await expect(source.history(script)).rejects.toThrow(code('ServerFailed'));
    await expect(source.inclusion(funding)).rejects.toThrow(/history too large/);
  });

  test('another chain, and another protocol', async () => {
    const features = about('server.features', (answer) => ({ ...fields(answer), genesis_hash: bitcoinMainnet.genesisHash }));
    await expect((await lied(features)).tip()).rejects.toThrow(code('NetworkMismatch'));
    const header: Lie = ({ method, params, result }) => {
      if (method === 'server.features') return { error: { code: -32601, message: 'unknown method' } };
      return method === 'blockchain.block.header' && params[0] === 0 ? { result: flip(result, 8) } : undefined;
    };
    await expect((await lied(header)).tip()).rejects.toThrow(code('NetworkMismatch'));
    await expect((await lied(about('server.version', () => ['x', '1.1']))).tip()).rejects.toThrow(code('HttpMalformed'));
    await expect(
      (await lied(({ method }) => (method === 'server.version' ? { error: { code: 1, message: 'unsupported' } } : undefined))).tip(),
    ).rejects.toThrow(code('ServerFailed'));
  });
});

describe('a server that breaks the rules loses the connection, and the next call opens another', () => {
  const notice = `${JSON.stringify({ jsonrpc: '2.0', method: 'x', params: [] })}\n`;
  const drip = (socket: Socket, text: string): void => {
    let at = 0;
    const timer = setInterval(() => (socket.destroyed ? clearInterval(timer) : socket.write(text[at++ % text.length] ?? '')), 20);
  };
  test.each<[string, string, (socket: Socket, id: number) => void]>([
    ['what is no JSON', 'HttpMalformed', (socket) => socket.write('{"id":\n')],
    ['what is no text', 'HttpMalformed', (socket) => socket.write(Uint8Array.of(0xff, 0xfe, 0x0a))],
    ['a list', 'HttpMalformed', (socket) => socket.write('[]\n')],
    ['deep nesting', 'HttpMalformed', (socket, id) => socket.write(`{"jsonrpc":"2.0","id":${id},"result":${'['.repeat(200)}${']'.repeat(200)}}\n`)],
    ['an id that nobody asked', 'HttpMalformed', (socket, id) => socket.write(`{"jsonrpc":"2.0","id":${id + 7},"result":null}\n`)],
    ['an id that is text', 'HttpMalformed', (socket, id) => socket.write(`{"jsonrpc":"2.0","id":"${id}","result":null}\n`)],
    ['a line larger than any answer asked for', 'HttpTooLarge', (socket) => socket.write(' '.repeat(100_000))],
    [
      'a line without end',
      'HttpTooLarge',
      (socket) =>
        void (function more(): void {
          if (!socket.destroyed) socket.write(' '.repeat(1 << 16), more);
        })(),
    ],
    [
      'notifications without end',
      'HttpTooLarge',
      (socket) =>
        void (function more(): void {
          if (!socket.destroyed) socket.write(notice.repeat(200), more);
        })(),
    ],
    ['drops', 'HttpTimeout', (socket, id) => drip(socket, `{"jsonrpc":"2.0","id":${id},"result":"${'0'.repeat(1000)}`)],
    ['nothing', 'HttpTimeout', () => undefined],
    ['an end in the middle of an answer', 'HttpFailed', (socket, id) => socket.end(`{"jsonrpc":"2.0","id":${id},"res`)],
  ])(
    '%s',
    async (_, expected, misbehave) => {
      let once = false;
      const source = await lied(({ method }, socket, id) => {
        if (method !== 'blockchain.headers.subscribe' || once) return undefined;
        once = true;
        misbehave(socket, id);
        return 'silence';
      }, 400);
      // Calls beside it end with it, and at once.
      const beside = source.feeRate().catch((error: unknown) => error);
      await expect(source.tip()).rejects.toThrow(code(expected));
      await beside;
      expect(await source.tip()).toMatchObject({ height });
      expect(source.seen()).toBe(2);
    },
    5_000,
  );

  test('an answer larger than its own call allows, though another call allows more', async () => {
    const source = await lied(({ method }, socket, id) => {
      if (method === 'blockchain.block.headers') return 'silence';
      if (method !== 'blockchain.headers.subscribe') return undefined;
      socket.write(`${JSON.stringify({ jsonrpc: '2.0', id, result: '0'.repeat(70_000) })}\n`);
      return 'silence';
    });
    const headers = source.headers(0, 2000);
    headers.catch(() => undefined);
    await expect(source.tip()).rejects.toThrow(code('HttpTooLarge'));
    await expect(headers).rejects.toThrow(code('HttpTooLarge'));
  }, 5_000);

  test('a line without end is not gathered, though no other line comes', async () => {
    const source = await lied(({ method }, socket) => {
      if (method !== 'blockchain.headers.subscribe') return undefined;
      for (let i = 0; i < 100; i++) socket.write(' '.repeat(1000));
      return 'silence';
    }, 400);
    await expect(source.tip()).rejects.toThrow(code('HttpTooLarge'));
  }, 5_000);

  test('one that breaks them as soon as the connection stands is not asked for ever', async () => {
    const source = await lied(({ method }, socket, id) => {
      if (method !== 'server.features') return undefined;
      // In one piece, so that the session is over before its first call.
      socket.write(`${JSON.stringify({ jsonrpc: '2.0', id, result: { genesis_hash: bitcoinRegtest.genesisHash } })}\nnonsense\n`);
      return 'silence';
    });
    await expect(source.tip()).rejects.toThrow(code('HttpMalformed'));
    expect(source.seen()).toBe(1);
  }, 5_000);

  test('a message over WebSocket larger than any answer asked for', async () => {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    server.on('connection', (socket) => socket.on('message', () => socket.send(' '.repeat(100_000))));
    await new Promise((resolve) => server.once('listening', resolve));
    onTestFinished(() => void server.close());
    const url = `ws://127.0.0.1:${(server.address() as { port: number }).port}`;
    const connect = electrumWebSocket({ WebSocket });
    await expect(electrum({ url, connect, params: bitcoinRegtest }).tip()).rejects.toThrow(code('HttpTooLarge'));
  }, 5_000);
});
