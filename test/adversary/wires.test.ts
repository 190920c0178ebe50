import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { startMemoryBitcoin } from '../../src/devnet/bitcoin/memory.js';
import type { BitcoinNode } from '../../src/devnet/bitcoin/node.js';
import { systemClock } from '../../src/lib/adapters/clock.js';
import { concat, fromHex, fromUtf8, reversed, toHex } from '../../src/lib/bytes.js';
import type { CallOptions } from '../../src/lib/clock.js';
import { isNamesteadError } from '../../src/lib/errors.js';
import { http, type Http } from '../../src/lib/http.js';
import { core } from '../../src/names/bitcoin/adapters/core.js';
import { electrum } from '../../src/names/bitcoin/adapters/electrum.js';
import { electrumTcp } from '../../src/names/bitcoin/adapters/electrumTcp.js';
import { electrumWebSocket } from '../../src/names/bitcoin/adapters/electrumWebSocket.js';
import { esplora } from '../../src/names/bitcoin/adapters/esplora.js';
import { indexer } from '../../src/names/bitcoin/adapters/indexer.js';
import { p2p } from '../../src/names/bitcoin/adapters/p2p.js';
import { verifyInclusion } from '../../src/names/bitcoin/block.js';
import { createHeaderChain, syncHeaders } from '../../src/names/bitcoin/chain.js';
import { nextFilterHeader } from '../../src/names/bitcoin/filter.js';
import { parseHeader } from '../../src/names/bitcoin/header.js';
import { bitcoinRegtest, mainnet } from '../../src/names/bitcoin/network.js';
import { encodeBlockFilter, parseBlockFilter } from '../../src/names/bitcoin/peerPayload.js';
import { scriptOfAddress } from '../../src/names/bitcoin/script.js';
import type { BlockId, BlockSource, FilterSource, HeaderSource, TransactionSource } from '../../src/names/bitcoin/source.js';
import { openTransaction } from '../../src/names/bitcoin/transaction.js';
import { findBlock } from '../../src/names/bitcoin/wholeBlock.js';
import { createLedger } from '../../src/node/ledger.js';
import { startServer, type NodeServer } from '../../src/node/server.js';
import { manners, startHttpLiar, startP2pLiar, startTcpLiar, startWebSocketLiar, type Manner, type WireEdit, type WireLiar } from './wireLiars.js';

const code = (value: string): unknown => expect.objectContaining({ code: value });
const script = scriptOfAddress('mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn');
/** Milliseconds that anybody is waited for. */
const PATIENCE = 600;
let node: BitcoinNode;
let coreNode: NodeServer;
let blocks: BlockId[];
let [funding, other] = ['', ''];

const hashAt = async (height: number): Promise<string> => String(await node.rpc('getblockhash', [height]));
beforeAll(async () => {
  node = await startMemoryBitcoin();
  [funding, other] = [await node.fund(script, 1_000_000n), await node.fund(script, 2_000_000n)];
  await node.mine(8);
  const height = Number(await node.rpc('getblockcount'));
  blocks = await Promise.all(Array.from({ length: height + 1 }, async (_, at) => ({ height: at, hash: await hashAt(at) })));
  const nobody = { get: () => Promise.resolve(null), put: () => Promise.resolve(false), inventory: () => new Uint8Array(), peers: () => [] };
  const idle = { meet: () => undefined, greet: () => undefined, wake: () => undefined, close: () => Promise.resolve() };
  const standing = (): { seen: null; indexing: boolean; stale: boolean } => ({ seen: null, indexing: true, stale: false });
  const context = { network: mainnet, ledger: createLedger(mainnet), atlas: { ...nobody, ...idle }, standing };
  coreNode = await startServer({ context, host: '127.0.0.1', port: 0, onError: () => undefined });
});
afterAll(() => Promise.all([node.close(), coreNode.close()]));

const quick: Http = (url, request) => http()(url, { ...request, timeout: PATIENCE });

/** What an adapter gives of all a source can; `ask` is a question whose answer is checked by its shape. */
interface Wired extends Partial<HeaderSource & TransactionSource & BlockSource & FilterSource> {
  readonly operator: string;
  ask(options?: CallOptions): Promise<unknown>;
  close?(): void;
}

const opened = (liar: WireLiar, connect: Parameters<typeof electrum>[0]['connect']): Wired => {
  const source = electrum({ url: liar.url, connect, params: bitcoinRegtest, timeout: PATIENCE });
  return { ...source, ask: (options) => source.tip(options) };
};
type Gift = 'headers' | 'transactions' | 'blocks' | 'filters';
interface Adapter {
  readonly gives: readonly Gift[];
  start(): Promise<WireLiar>;
  open(liar: WireLiar): Wired;
}
const adapters: Readonly<Record<string, Adapter>> = {
  esplora: {
    gives: ['headers', 'transactions', 'blocks'],
    start: () => startHttpLiar(node.esploraUrl),
    open: ({ url }) => {
      const source = esplora({ url, http: quick });
      return { ...source, ask: (options) => source.feeRate(options) };
    },
  },
  bitcoind: {
    gives: ['headers', 'transactions', 'blocks', 'filters'],
    start: () => startHttpLiar(node.rpcUrl),
    open: ({ url }) => {
      const source = core({ url, user: node.user, password: node.password, http: quick });
      return { ...source, ask: (options) => source.headers(1, 3, options) };
    },
  },
  'electrum over TCP': { gives: ['headers', 'transactions'], start: () => startTcpLiar(node.electrumTcp), open: (liar) => opened(liar, electrumTcp()) },
  'electrum over WebSocket': {
    gives: ['headers', 'transactions'],
    start: () => startWebSocketLiar(node.electrumWs),
    open: (liar) => opened(liar, electrumWebSocket({ WebSocket })),
  },
  'peer-to-peer': {
    gives: ['headers', 'blocks', 'filters'],
    start: () => startP2pLiar(node.p2p),
    open: ({ port }) => {
      const source = p2p({ host: '127.0.0.1', port, params: bitcoinRegtest, clock: systemClock(), timeout: PATIENCE });
      return { ...source, ask: (options) => source.headers(1, 3, options) };
    },
  },
  'a core node': {
    gives: [],
    start: () => startHttpLiar(`http://127.0.0.1:${coreNode.port}`),
    open: ({ url }) => {
      const source = indexer({ url, http: quick });
      return { operator: source.operator, ask: (options) => source.nameRecord('nobody.id', options) };
    },
  },
};

const refusals: Readonly<Record<Manner, string>> = {
  drip: 'HttpTimeout',
  silence: 'HttpTimeout',
  flood: 'HttpTooLarge',
  oversize: 'HttpTooLarge',
  hangup: 'HttpFailed',
  garbage: 'HttpMalformed',
  nested: 'HttpMalformed',
};
/** A message that does not begin with the network's four bytes is of another network. */
const exceptions: Readonly<Record<string, Partial<Record<Manner, string>>>> = { 'peer-to-peer': { garbage: 'NetworkMismatch' } };

describe.each(Object.entries(adapters))('%s', (name, { gives, start, open }) => {
  let liar: WireLiar;
  let source: Wired;
  beforeEach(async () => {
    liar = await start();
    source = open(liar);
  });
  afterEach(async () => {
    source.close?.();
    await liar.close();
  });

  describe('before a server that answers badly', () => {
    test.each(manners.filter((manner) => !(name === 'peer-to-peer' && manner === 'nested')))('with %s', async (manner) => {
      const before = await source.ask();
      liar.behave(manner);
      const begun = performance.now();
      await expect(source.ask()).rejects.toThrow(code(exceptions[name]?.[manner] ?? refusals[manner]));
      expect(performance.now() - begun).toBeLessThan(8 * PATIENCE);
      expect(liar.sent()).toBeLessThan(32 << 20);
      liar.behave(null);
      expect(await source.ask()).toEqual(before);
    });

    test('lets a caller go who gives up', async () => {
      liar.behave('silence');
      await expect(source.ask({ signal: AbortSignal.timeout(50) })).rejects.toThrow(code('Aborted'));
      liar.behave(null);
      await expect(source.ask()).resolves.toBeDefined();
    });
  });

  if (gives.length > 0)
    describe('before a server that forges', () => {
      // What an adapter gives stands in the table.
      const bitcoin = (): HeaderSource & TransactionSource & BlockSource & FilterSource => source as never;
      const testOf = (gift: Gift, title: string, law: () => Promise<void>): void => void (gives.includes(gift) && test(title, law));

      testOf('headers', 'a header: nothing of it is held', async () => {
        liar.edit(forging(60));
        const chain = createHeaderChain(bitcoinRegtest);
        const error: unknown = await syncHeaders(chain, [bitcoin()]).catch((thrown: unknown) => thrown);
        expect(isNamesteadError(error)).toBe(true);
        expect(['HeaderWork', 'HeaderLinkage', 'HttpMalformed']).toContain((error as { code: string }).code);
        liar.edit(() => undefined);
        expect((await syncHeaders(chain, [bitcoin()])).tip.hash).toBe(String(await node.rpc('getbestblockhash')));
      });

      testOf('headers', 'another fork at each question: what is held is the node’s chain in the end', async () => {
        const chain = createHeaderChain(bitcoinRegtest);
        for (const depth of [1, 4, 10, 2, 7]) {
          await syncHeaders(chain, [bitcoin()]);
          await node.reorg(depth);
        }
        const { tip } = await syncHeaders(chain, [bitcoin()]);
        expect(tip.hash).toBe(String(await node.rpc('getbestblockhash')));
        blocks = await Promise.all(Array.from({ length: tip.height + 1 }, async (_, at) => ({ height: at, hash: await hashAt(at) })));
      });

      testOf('transactions', 'a transaction, or its branch', async () => {
        const { transaction, inclusion } = bitcoin();
        await node.mine(1);
        const foreign = String(await node.rpc('getrawtransaction', [other]));
        liar.edit((what) =>
          what === 'getrawtransaction' || what === 'blockchain.transaction.get' ? foreign : what.endsWith('/raw') ? fromHex(foreign) : undefined,
        );
        const told = await transaction(funding);
        expect(() => openTransaction(told ?? new Uint8Array(), funding)).toThrow(code('TransactionMismatch'));
        liar.edit(() => undefined);
        const place = await inclusion(funding);
        const [bytes = new Uint8Array()] = await bitcoin().headers(place?.height ?? 0, 1);
        const at = parseHeader(bytes);
        expect(place).not.toBeNull();
        expect(() => place && verifyInclusion(funding, place, at)).not.toThrow();
        liar.edit(wrongBranch);
        const wrong = await inclusion(funding).catch((error: unknown) => error);
        if (isNamesteadError(wrong)) expect(['MerkleMismatch', 'Malformed', 'HttpMalformed']).toContain(wrong.code);
        else expect(() => verifyInclusion(funding, wrong as NonNullable<typeof place>, at)).toThrow(code('MerkleMismatch'));
      });

      testOf('blocks', 'a block, or that there is none', async () => {
        const { block } = bitcoin();
        const asked = blocks.at(-3)?.hash ?? '';
        const raw = fromHex(String(await node.rpc('getblock', [blocks.at(-4)?.hash ?? '', 0])));
        liar.edit((what) => (what === 'getblock' ? toHex(raw) : what === 'block' || /^\/block\/.*\/raw$/.test(what) ? raw : undefined));
        const lied: string[] = [];
        const world = { network: mainnet, blocks: [{ operator: 'liar', block }], transactions: [], onLie: (operator: string) => lied.push(operator) };
        const error: unknown = await findBlock(world, asked, {}).catch((thrown: unknown) => thrown);
        expect(error).toEqual(code(name === 'peer-to-peer' ? 'HttpMalformed' : 'MerkleMismatch'));
        liar.edit(() => undefined);
        expect(await block('ab'.repeat(32))).toBeNull();
        expect((await findBlock(world, asked, {})).header.hash).toBe(asked);
      });

      testOf('filters', 'a filter', async () => {
        const { filters, filterHeaders } = bitcoin();
        const wanted = blocks.slice(-4, -1);
        const headers = await filterHeaders(wanted);
        const fits = (told: readonly Uint8Array[]): boolean =>
          told.slice(1).every((filter, i) => toHex(nextFilterHeader(filter, headers[i] ?? new Uint8Array(32))) === toHex(headers[i + 1] ?? new Uint8Array()));
        expect(fits(await filters(wanted))).toBe(true);
        liar.edit((what, honest) => {
          const bytes = honest as Uint8Array;
          if (what === 'cfilter') return encodeBlockFilter({ ...parseBlockFilter(bytes), filter: Uint8Array.of(0) });
          return what.startsWith('/rest/blockfilter/') ? concat(bytes.subarray(0, 33), Uint8Array.of(1, 0)) : undefined;
        });
        expect(fits(await filters(wanted))).toBe(false);
      });
    });
});

/** Turns a bit of the merkle root in the header at a height; the work, or what follows, does not fit then. */
function forging(height: number): WireEdit {
  const hash = (): string => blocks[height]?.hash ?? '';
  const inBytes = (bytes: Uint8Array, stride: number, from = 0): Uint8Array => {
    const out = bytes.slice();
    for (let at = from; at + 80 <= out.length; at += stride) {
      if (parseHeader(out.subarray(at, at + 80)).hash !== hash()) continue;
      out.set([(out[at + 36] ?? 0) ^ 1], at + 36);
    }
    return out;
  };
  return (what, honest) => {
    if (what.startsWith('/rest/headers/')) return inBytes(honest as Uint8Array, 80);
    if (what === 'headers') return inBytes(honest as Uint8Array, 81, (honest as Uint8Array)[0] === 0xfd ? 3 : 1);
    if (what === 'blockchain.block.headers') {
      const page = honest as { hex: string };
      return { ...page, hex: toHex(inBytes(fromHex(page.hex), 80)) };
    }
    if (!/^\/blocks\/\d+$/.test(what)) return undefined;
    const list = JSON.parse(new TextDecoder().decode(honest as Uint8Array)) as { height: number; merkle_root: string }[];
    return fromUtf8(JSON.stringify(list.map((one) => (one.height === height ? { ...one, merkle_root: turnLast(one.merkle_root) } : one))));
  };
}

const turnLast = (hex: string): string => hex.slice(0, -1) + (hex.endsWith('0') ? '1' : '0');

const wrongBranch: WireEdit = (what, honest) => {
  const turned = (hash: string): string => toHex(reversed(fromHex(hash)));
  if (what.endsWith('/merkle-proof')) {
    const proof = JSON.parse(new TextDecoder().decode(honest as Uint8Array)) as { merkle: string[] };
    return fromUtf8(JSON.stringify({ ...proof, merkle: proof.merkle.map(turned) }));
  }
  if (what === 'blockchain.transaction.get_merkle') return { ...(honest as object), merkle: (honest as { merkle: string[] }).merkle.map(turned) };
  if (what !== 'gettxoutproof') return undefined;
  const bytes = fromHex(String(honest));
  // Behind the header, the count of transactions and that of hashes.
  bytes.set([(bytes[100] ?? 0) ^ 1], 100);
  return toHex(bytes);
};
