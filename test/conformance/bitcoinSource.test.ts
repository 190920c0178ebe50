import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { startBitcoind } from '../../src/devnet/bitcoin/bitcoind.js';
import { startMemoryBitcoin } from '../../src/devnet/bitcoin/memory.js';
import type { BitcoinNode } from '../../src/devnet/bitcoin/node.js';
import { systemClock } from '../../src/lib/adapters/clock.js';
import { http, type Http } from '../../src/lib/http.js';
import { inParallel } from '../../src/lib/parallel.js';
import { core } from '../../src/names/bitcoin/adapters/core.js';
import { electrum } from '../../src/names/bitcoin/adapters/electrum.js';
import { electrumTcp } from '../../src/names/bitcoin/adapters/electrumTcp.js';
import { electrumWebSocket } from '../../src/names/bitcoin/adapters/electrumWebSocket.js';
import { esplora } from '../../src/names/bitcoin/adapters/esplora.js';
import { p2p } from '../../src/names/bitcoin/adapters/p2p.js';
import { cached } from '../../src/names/bitcoin/cached.js';
import { createHeaderChain, syncHeaders } from '../../src/names/bitcoin/chain.js';
import { fallback } from '../../src/names/bitcoin/fallback.js';
import { hashHeader } from '../../src/names/bitcoin/header.js';
import { limited } from '../../src/names/bitcoin/limited.js';
import { bitcoinRegtest } from '../../src/names/bitcoin/network.js';
import { quorum } from '../../src/names/bitcoin/quorum.js';
import { retrying } from '../../src/names/bitcoin/retrying.js';
import { scriptOfAddress } from '../../src/names/bitcoin/script.js';
import type { BlockId, HeaderSource } from '../../src/names/bitcoin/source.js';
import { bitcoinSourceLaws, type Capabilities, type SourceWorld } from './bitcoinSource.js';

const bitcoind = process.env['BITCOIND'] ?? '';
const clock = systemClock();
const script = scriptOfAddress('mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn');
const chain = createHeaderChain(bitcoinRegtest);

/** A server that is busy when it is asked for something of a kind for the first time. */
function flaky(): Http {
  const platform = http();
  const asked = new Set(['tx']);
  return async (url, request) => {
    const kind = new URL(url).pathname.split('/')[1] ?? '';
    if (asked.has(kind)) return platform(url, request);
    asked.add(kind);
    return { status: 503, headers: new Headers(), body: new Uint8Array() };
  };
}

/** bitcoind without `-rest`, but for its headers. */
function withoutRest(): Http {
  const platform = http();
  return async (url, request) => (url.includes('/rest/blockfilter') ? { status: 404, headers: new Headers(), body: new Uint8Array() } : platform(url, request));
}

type Source = { readonly operator: string } & Partial<{ close(): void }>;
interface Entry {
  readonly has: readonly (keyof Capabilities)[];
  readonly open: (node: BitcoinNode) => Source;
}
const byEsplora = (node: BitcoinNode, ask?: Http) => esplora(ask ? { url: `${node.esploraUrl}/`, http: ask } : { url: `${node.esploraUrl}/` });
const byCore = ({ rpcUrl: url, user, password }: BitcoinNode, ask?: Http) => core({ url, user, password, ...(ask ? { http: ask } : {}) });
const byPeer = (node: BitcoinNode) => p2p({ ...node.p2p, params: bitcoinRegtest, clock });
const byElectrum = (node: BitcoinNode) => electrum({ url: node.electrumTcp, connect: electrumTcp(), params: bitcoinRegtest });
const whole = ['headers', 'transactions', 'blocks', 'payments'] as const;

const sources: Readonly<Record<string, Entry>> = {
  esplora: { has: [...whole, 'histories'], open: (node) => byEsplora(node) },
  core: { has: [...whole, 'filters'], open: (node) => byCore(node) },
  'core without REST': { has: [...whole, 'filters'], open: (node) => byCore(node, withoutRest()) },
  p2p: { has: ['headers', 'blocks', 'filters'], open: byPeer },
  electrum: { has: ['headers', 'transactions', 'payments', 'histories', 'headerProofs'], open: byElectrum },
  'electrum over WebSocket': {
    has: ['headers', 'transactions', 'payments', 'histories', 'headerProofs'],
    open: ({ electrumWs: url }) => electrum({ url, connect: electrumWebSocket({ WebSocket }), params: bitcoinRegtest }),
  },
  'quorum of three': {
    has: ['headers', 'transactions', 'payments'],
    open: (node) => closing(byElectrum(node), (third) => quorum(2, [byEsplora(node), byCore(node), third])),
  },
  'quorum of filters': { has: ['headers', 'blocks', 'filters'], open: (node) => closing(byPeer(node), (peer) => quorum(2, [byCore(node), peer])) },
  'quorum of histories': {
    has: ['headers', 'transactions', 'payments', 'histories'],
    open: (node) => closing(byElectrum(node), (one) => quorum(2, [byEsplora(node), one])),
  },
  fallback: { has: ['headers', 'transactions', 'payments', 'histories'], open: (node) => closing(byElectrum(node), (one) => fallback([byEsplora(node), one])) },
  'fallback of filters': {
    has: ['headers', 'blocks', 'filters'],
    open: (node) => closing(byPeer(node), (peer) => fallback([peer, byCore(node)])),
  },
  cached: { has: [...whole, 'histories'], open: (node) => cached(byEsplora(node), { chain }) },
  'cached filters': { has: [...whole, 'filters'], open: (node) => cached(byCore(node), { chain, most: 5000 }) },
  retrying: { has: [...whole, 'histories'], open: (node) => retrying(byEsplora(node, flaky()), { clock, random: () => 0, delay: 1 }) },
  limited: { has: [...whole, 'filters'], open: (node) => limited(byCore(node), { clock, perSecond: 200, burst: 50, concurrent: 2 }) },
  'one around the other': {
    has: [...whole, 'filters'],
    open: (node) => cached(retrying(limited(fallback([byCore(node)]), { clock, perSecond: 1000, burst: 10 }), { clock, random: () => 0, delay: 1 }), { chain }),
  },
};

function closing<T extends { close(): void }>(inner: T, around: (inner: T) => { readonly operator: string }): Source {
  return { ...around(inner), close: () => inner.close() };
}

async function blocksOf(node: BitcoinNode): Promise<BlockId[]> {
  const height = Number(await node.rpc('getblockcount'));
  const blocks = await inParallel(Array.from({ length: height + 1 }), 4, async (_, at) => ({ height: at, hash: String(await node.rpc('getblockhash', [at])) }));
  // Asking for it makes bitcoind catch up with its filters.
  await node.rpc('getblockfilter', [blocks.at(-1)?.hash]);
  return blocks;
}

describe.each(['memory', 'bitcoind'])('a %s node', (kind) => {
  describe.skipIf(kind === 'bitcoind' && bitcoind === '')('read by', () => {
    let world: SourceWorld;
    const open = new Map<string, Source>();
    beforeAll(async () => {
      const node = kind === 'memory' ? await startMemoryBitcoin() : await startBitcoind({ path: bitcoind });
      const funding = await node.fund(script, 1_234_567n);
      for (let i = 0; i < 30; i++) {
        await node.fund(script, 10_000n + BigInt(i));
        if (i % 9 === 0) await node.mine(1);
      }
      await node.mine(7);
      const waiting = await node.fund(script, 20_000n);
      world = { node, script, funding, waiting, blocks: await blocksOf(node) };
      await syncHeaders(chain, [byCore(node)]);
      for (const [name, entry] of Object.entries(sources)) open.set(name, entry.open(node));
    }, 60_000);
    afterAll(async () => {
      for (const source of open.values()) source.close?.();
      await world.node.close();
    });

    for (const [name, { has }] of Object.entries(sources)) {
      describe(name, () =>
        bitcoinSourceLaws(
          has,
          () => open.get(name) ?? { operator: '' },
          () => world,
        ),
      );
    }

    test('each of them follows a reorganisation', async () => {
      const { node } = world;
      await node.reorg(3);
      const blocks = await blocksOf(node);
      for (const [name, source] of open) {
        const headers = await (source as HeaderSource).headers(blocks.length - 6, 10);
        expect(headers.map(hashHeader), name).toEqual(blocks.slice(-6).map(({ hash }) => hash));
      }
    });
  });
});
