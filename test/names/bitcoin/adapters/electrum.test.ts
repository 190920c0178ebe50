import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { startBitcoind } from '../../../../src/devnet/bitcoin/bitcoind.js';
import { startMemoryBitcoin } from '../../../../src/devnet/bitcoin/memory.js';
import type { BitcoinNode } from '../../../../src/devnet/bitcoin/node.js';
import { concat, fromHex, reversed, toHex } from '../../../../src/lib/bytes.js';
import { hash256 } from '../../../../src/lib/hash.js';
import type { Connect } from '../../../../src/lib/jsonrpc.js';
import { electrum, type Electrum } from '../../../../src/names/bitcoin/adapters/electrum.js';
import { electrumTcp } from '../../../../src/names/bitcoin/adapters/electrumTcp.js';
import { electrumWebSocket, type WebSocketLike } from '../../../../src/names/bitcoin/adapters/electrumWebSocket.js';
import { verifyInclusion } from '../../../../src/names/bitcoin/block.js';
import { createHeaderChain, syncHeaders } from '../../../../src/names/bitcoin/chain.js';
import { hashHeader, parseHeader } from '../../../../src/names/bitcoin/header.js';
import { bitcoinRegtest } from '../../../../src/names/bitcoin/network.js';
import { scriptOfAddress } from '../../../../src/names/bitcoin/script.js';
import { parseTransaction } from '../../../../src/names/bitcoin/transaction.js';

const code = (value: string): unknown => expect.objectContaining({ code: value });
const bitcoind = process.env['BITCOIND'] ?? '';
const script = scriptOfAddress('mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn');
const absent = 'ab'.repeat(32);
const webSocket = electrumWebSocket({ WebSocket: WebSocket as unknown as new (url: string) => WebSocketLike });

function rootOf(header: Uint8Array, height: number, branch: readonly Uint8Array[]): string {
  const leaf = reversed(fromHex(hashHeader(header)));
  const root = branch.reduce((node, sibling, depth) => hash256((height >> depth) & 1 ? concat(sibling, node) : concat(node, sibling)), leaf);
  return toHex(root);
}

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
        for (const checkpoint of [1, 2, 37, height]) {
          const roots = new Set<string>();
          for (const at of [0, 1, Math.floor(checkpoint / 2), checkpoint]) {
            const { header, branch } = (await source.headerProof(at, checkpoint)) ?? { header: new Uint8Array(), branch: [] };
            expect(hashHeader(header)).toBe(await node.rpc('getblockhash', [at]));
            roots.add(rootOf(header, at, branch));
          }
          expect(roots.size).toBe(1);
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
