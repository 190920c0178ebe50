import { connect as connectTcp, createServer, type Server } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { startBitcoind } from '../../../../src/devnet/bitcoin/bitcoind.js';
import { startMemoryBitcoin } from '../../../../src/devnet/bitcoin/memory.js';
import type { BitcoinNode } from '../../../../src/devnet/bitcoin/node.js';
import { toHex } from '../../../../src/lib/bytes.js';
import type { Connect } from '../../../../src/lib/jsonrpc.js';
import { electrum, type Electrum } from '../../../../src/names/bitcoin/adapters/electrum.js';
import { electrumTcp } from '../../../../src/names/bitcoin/adapters/electrumTcp.js';
import { electrumWebSocket } from '../../../../src/names/bitcoin/adapters/electrumWebSocket.js';
import { verifyInclusion } from '../../../../src/names/bitcoin/block.js';
import { createHeaderChain, syncHeaders } from '../../../../src/names/bitcoin/chain.js';
import { hashHeader, parseHeader } from '../../../../src/names/bitcoin/header.js';
import { headersRoot, verifyHeaderBranch } from '../../../../src/names/bitcoin/headerProof.js';
import { bitcoinRegtest } from '../../../../src/names/bitcoin/network.js';
import { scriptOfAddress } from '../../../../src/names/bitcoin/script.js';
import { parseTransaction } from '../../../../src/names/bitcoin/transaction.js';
import { listening, selfSigned, startElectrumLiar, type Lie } from '../electrumLiar.js';

const code = (value: string): unknown => expect.objectContaining({ code: value });
const bitcoind = process.env['BITCOIND'] ?? '';
const script = scriptOfAddress('mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn');
const absent = 'ab'.repeat(32);
const webSocket = electrumWebSocket({ WebSocket });

describe.each(['memory', 'bitcoind'])('a %s node', (kind) => {
  describe.skipIf(kind === 'bitcoind' && bitcoind === '')('read', () => {
    let node: BitcoinNode;
    let funding: string;
    let height: number;
    beforeAll(async () => {
      node = kind === 'memory' ? await startMemoryBitcoin() : await startBitcoind({ path: bitcoind });
      funding = await node.fund(script, 1_234_567n);
      await node.mine(3);
      height = Number(await node.rpc('getblockcount'));
    });
    afterAll(() => node.close());

    describe.each<[string, Connect]>([
      ['TCP', electrumTcp()],
      ['WebSocket', webSocket],
    ])('by Electrum over %s', (transport, connect) => {
      let source: Electrum;
      beforeAll(() => {
        source = electrum({ url: transport === 'TCP' ? node.electrumTcp : node.electrumWs, connect, params: bitcoinRegtest });
      });
      afterAll(() => source.close());

      test('gives headers that make a chain, and none beyond its end', async () => {
        const chain = createHeaderChain(bitcoinRegtest);
        await syncHeaders(chain, [source]);
        expect(chain.tip().hash).toBe(await node.rpc('getblockhash', [height]));
        expect(await source.headers(height + 1, 10)).toEqual([]);
        expect(await source.headers(height, 10)).toHaveLength(1);
        expect((await source.headers(7, 25)).map((header) => parseHeader(header).hash)).toEqual(Array.from({ length: 25 }, (_, i) => chain.hashAt(7 + i)));
        expect(await source.tip()).toEqual({ height, header: (await source.headers(height, 1))[0] });
      });

      test('proves each header beneath one root', async () => {
        const hashes: string[] = [];
        while (hashes.length <= height) hashes.push(String(await node.rpc('getblockhash', [hashes.length])));
        for (const checkpoint of [1, 2, 37, height]) {
          const root = headersRoot(hashes.slice(0, checkpoint + 1));
          for (const at of [0, 1, Math.floor(checkpoint / 2), checkpoint]) {
            const { header, branch } = (await source.headerProof(at, checkpoint)) ?? { header: new Uint8Array(), branch: [] };
            expect(verifyHeaderBranch(header, at, branch, { height: checkpoint, root }).hash).toBe(hashes[at]);
          }
        }
        expect(await source.headerProof(0, 0)).toMatchObject({ branch: [] });
        expect(await source.headerProof(5, height + 1)).toBeNull();
      });

      test('gives transactions, their places and histories, and null for what is absent', async () => {
        const bytes = (await source.transaction(funding)) ?? new Uint8Array();
        expect(toHex(bytes)).toBe(await node.rpc('getrawtransaction', [funding]));
        const inclusion = await source.inclusion(funding);
        expect(inclusion?.height).toBe(height - 2);
        const [header = new Uint8Array()] = await source.headers(height - 2, 1);
        expect(() => verifyInclusion(funding, inclusion ?? { height: 0, index: 0, branch: [] }, parseHeader(header))).not.toThrow();
        expect(await source.transaction(absent)).toBeNull();
        expect(await source.inclusion(absent)).toBeNull();
        expect(await source.history(script)).toEqual([{ txid: funding, height: height - 2 }]);
        expect(await source.history(Uint8Array.of(0x51, 0x51))).toEqual([]);
      });

      test('gives coins and a fee rate, and takes transactions', async () => {
        const vout = parseTransaction((await source.transaction(funding)) ?? new Uint8Array()).outputs.findIndex((output) => output.value === 1_234_567n);
        expect(await source.unspent(script)).toEqual([{ txid: funding, vout, value: 1_234_567n, height: height - 2 }]);
        expect(await source.feeRate()).toBeGreaterThanOrEqual(1);
        await expect(source.broadcast(Uint8Array.of(1, 2, 3))).rejects.toThrow(code('BroadcastRejected'));
      });
    });
  });
});

describe('a client of one server', () => {
  let node: BitcoinNode;
  beforeAll(async () => {
    node = await startMemoryBitcoin();
  });
  afterAll(() => node.close());

  async function through(lie: Lie): Promise<Electrum & { seen(): number }> {
    const liar = await startElectrumLiar(node.electrumTcp, lie);
    const source = electrum({ url: liar.url, connect: electrumTcp(), params: bitcoinRegtest });
    onTestFinished(() => {
      source.close();
      return liar.close();
    });
    return { ...source, seen: liar.seen };
  }

  test('matches answers to calls in whatever order they come', async () => {
    const held: (() => void)[] = [];
    const source = await through(({ method, result }, socket, id) => {
      if (method !== 'blockchain.block.header') return undefined;
      held.unshift(() => socket.write(`${JSON.stringify({ jsonrpc: '2.0', id, result })}\n`));
      if (held.length === 5) for (const answer of held) answer();
      return 'silence';
    });
    const proofs = await Promise.all([9, 3, 7, 1, 5].map((height) => source.headerProof(height, 20)));
    const hashes = proofs.map((proof) => hashHeader(proof?.header ?? new Uint8Array(80)));
    expect(hashes).toEqual(await Promise.all([9, 3, 7, 1, 5].map((height) => node.rpc('getblockhash', [height]))));
    expect(source.seen()).toBe(1);
  });

  test('puts headers together from a server that gives few at a time', async () => {
    const source = await through(({ method, params, result }) => {
      if (method !== 'blockchain.block.headers') return undefined;
      const { hex, count } = result as { hex: string; count: number };
      expect(Number(params[1])).toBeLessThanOrEqual(2016);
      return { result: { hex: hex.slice(0, 7 * 160), count: Math.min(7, count), max: 7 } };
    });
    const headers = await source.headers(10, 25);
    expect(headers.map(hashHeader)).toEqual(await Promise.all(Array.from({ length: 25 }, (_, i) => node.rpc('getblockhash', [10 + i]))));
    expect(await source.headers(100, 2000)).toHaveLength(21);
  });

  test('finds the place of a transaction by another script where the first is paid too often', async () => {
    const [hash] = await node.mine(1);
    const { tx } = (await node.rpc('getblock', [hash, 1])) as { tx: string[] };
    const funded = await node.fund(script, 5_000n);
    await node.mine(1);
    let refused = 0;
    const source = await through(({ method }) =>
      method === 'blockchain.scripthash.get_history' && refused++ === 0 ? { error: { code: 1, message: 'history too large' } } : undefined,
    );
    expect(await source.inclusion(funded)).toMatchObject({ height: Number(await node.rpc('getblockcount')), index: 1 });
    expect(refused).toBe(2);
    expect(await source.inclusion(tx[0] ?? '')).toMatchObject({ height: Number(await node.rpc('getblockcount')) - 1, index: 0, branch: [] });
  });

  test('says null for the place of a transaction that waits, and leaves it out of a history', async () => {
    const source = await through(() => undefined);
    const before = (await source.history(script)).length;
    const waiting = await node.fund(script, 6_000n);
    expect(await source.transaction(waiting)).not.toBeNull();
    expect(await source.inclusion(waiting)).toBeNull();
    expect(await source.history(script)).toHaveLength(before);
    expect(await source.unspent(script)).toContainEqual(expect.objectContaining({ txid: waiting, height: 0, value: 6_000n }));
    await node.mine(1);
    expect((await source.history(script)).at(-1)).toEqual({ txid: waiting, height: Number(await node.rpc('getblockcount')) });
  });

  test('reads servers that have no features to tell, and refuse what lies above their tip', async () => {
    const source = await through(({ method, params, result }) => {
      if (method === 'server.features') return { error: { code: -32601, message: 'unknown method' } };
      const beyond = method === 'blockchain.block.headers' && (result as { count: number }).count === 0;
      return beyond ? { error: { code: 1, message: `Invalid height ${String(params[0])}` } } : undefined;
    });
    const { height } = await source.tip();
    expect(await source.headers(height, 1)).toHaveLength(1);
    expect(await source.headers(height + 1, 1)).toEqual([]);
    expect(await source.headers(height + 9, 1)).toEqual([]);
  });

  test('says HttpStatus of a server that is busy, as of any other', async () => {
    const source = await through(({ method }) => (method === 'blockchain.relayfee' ? { error: { code: -102, message: 'server busy' } } : undefined));
    await expect(source.feeRate()).rejects.toMatchObject({ code: 'HttpStatus', cause: { status: 429 } });
  });

  test('gives up when it is told to, and keeps the connection', async () => {
    const asked = new AbortController();
    const source = await through(({ method }) => {
      if (method === 'blockchain.relayfee') asked.abort();
      return method === 'blockchain.relayfee' ? 'silence' : undefined;
    });
    await expect(source.feeRate({ signal: asked.signal })).rejects.toThrow(code('Aborted'));
    await expect(source.tip({ signal: AbortSignal.abort() })).rejects.toThrow(code('Aborted'));
    expect(await source.tip()).toBeDefined();
    expect(source.seen()).toBe(1);
  });

  test('opens one connection for calls made at once, and another after close', async () => {
    const source = await through(() => undefined);
    await Promise.all([source.tip(), source.feeRate(), source.headers(0, 5)]);
    expect(source.seen()).toBe(1);
    source.close();
    await source.tip();
    expect(source.seen()).toBe(2);
  });

  test('says that nobody answers where nobody does, and refuses a URL of another kind', async () => {
    const server = createServer();
    const port = await listening(server);
    await new Promise((resolve) => server.close(resolve));
    const params = bitcoinRegtest;
    await expect(electrum({ url: `tcp://127.0.0.1:${port}`, connect: electrumTcp(), params }).tip()).rejects.toThrow(code('HttpFailed'));
    await expect(electrum({ url: `ws://127.0.0.1:${port}`, connect: webSocket, params }).tip()).rejects.toThrow(code('HttpFailed'));
    await expect(electrum({ url: 'http://127.0.0.1', connect: electrumTcp(), params }).tip()).rejects.toThrow(TypeError);
    await expect(electrum({ url: 'tcp://127.0.0.1:1', connect: webSocket, params }).tip()).rejects.toThrow(TypeError);
    expect(() => electrumTcp({ fingerprint: 'ab' })).toThrow(TypeError);
  });

  describe('over TLS', () => {
    const { cert, key, fingerprint } = selfSigned();
    const other = selfSigned();
    let server: Server;
    let port: number;
    let heard: number;
    beforeAll(async () => {
      server = createTlsServer({ cert, key }, (socket) => {
        const honest = connectTcp(Number(new URL(node.electrumTcp).port), '127.0.0.1');
        socket.on('data', () => heard++);
        socket.on('error', () => undefined).on('close', () => honest.destroy());
        socket.pipe(honest).pipe(socket);
      });
      server.on('tlsClientError', () => undefined);
      port = await listening(server);
    });
    beforeEach(() => {
      heard = 0;
    });
    afterAll(() => server.close());
    const tipOver = async (connect: Connect, host = '127.0.0.1'): Promise<number> => {
      const source = electrum({ url: `ssl://${host}:${port}`, connect, params: bitcoinRegtest });
      onTestFinished(source.close);
      return (await source.tip()).height;
    };

    test('a certificate that is pinned is taken, in either writing of its fingerprint', async () => {
      const height = Number(await node.rpc('getblockcount'));
      expect(await tipOver(electrumTcp({ fingerprint }))).toBe(height);
      expect(await tipOver(electrumTcp({ fingerprint: fingerprint.replace(/:/g, '').toLowerCase() }))).toBe(height);
    });

    test('one of an authority that is trusted is taken for its own names', async () => {
      const height = Number(await node.rpc('getblockcount'));
      expect(await tipOver(electrumTcp({ ca: cert }), 'localhost')).toBe(height);
      await expect(tipOver(electrumTcp({ ca: cert }))).rejects.toThrow(/ERR_TLS_CERT_ALTNAME_INVALID/);
    });

    test('any other is refused before a byte is sent, and the error tells what to pin', async () => {
      await expect(tipOver(electrumTcp())).rejects.toThrow(new RegExp(fingerprint.replace(/:/g, '').toLowerCase()));
      await expect(tipOver(electrumTcp({ fingerprint: other.fingerprint }))).rejects.toThrow(code('HttpFailed'));
      await expect(tipOver(electrumTcp({ ca: other.cert }))).rejects.toThrow(code('HttpFailed'));
      expect(heard).toBe(0);
    });

    test('a server that never ends the handshake is given up', async () => {
      const silent = createServer((socket) => void socket.on('error', () => undefined));
      const at = await listening(silent);
      onTestFinished(() => void silent.close());
      await expect(electrum({ url: `ssl://127.0.0.1:${at}`, connect: electrumTcp({ timeout: 200 }), params: bitcoinRegtest }).tip()).rejects.toThrow(
        code('HttpTimeout'),
      );
    }, 5_000);
  });
});
