import { afterEach, describe, expect, test } from 'vitest';
import { startDevnet, type Devnet } from '../../src/devnet/devnet.js';
import { mineWhenNeeded } from '../../src/devnet/miner.js';
import { devnetPorts } from '../../src/devnet/presets.js';
import { registrationWorld, seedName } from '../../src/devnet/seed.js';
import { systemClock } from '../../src/lib/adapters/clock.js';
import { core } from '../../src/names/bitcoin/adapters/core.js';
import { electrum } from '../../src/names/bitcoin/adapters/electrum.js';
import { electrumTcp } from '../../src/names/bitcoin/adapters/electrumTcp.js';
import { esplora } from '../../src/names/bitcoin/adapters/esplora.js';
import { p2p } from '../../src/names/bitcoin/adapters/p2p.js';
import { byFilters } from '../../src/names/bitcoin/byFilters.js';
import { byHistory } from '../../src/names/bitcoin/byHistory.js';
import { bitcoinNames, type Anchor } from '../../src/names/bitcoin/names.js';
import type { Watch } from '../../src/names/bitcoin/watch.js';
import { renew, revoke, transfer } from '../../src/names/change.js';
import type { Lookup } from '../../src/names/names.js';
import { openWallet } from '../../src/wallet/wallet.js';
import type { Wallet } from '../../src/wallet/wallet.js';
import { hiding } from '../names/bitcoin/watchers.js';

const BITCOIND = process.env['BITCOIND'];
const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

interface Scene {
  readonly devnet: Devnet;
  readonly wallet: Wallet;
  readonly watches: Readonly<Record<'history' | 'filters', Watch>>;
}

async function start(bitcoind?: string): Promise<Scene> {
  const devnet = await startDevnet({ bitcoind });
  open.push(() => devnet.close());
  const { words } = await seedName(devnet, 'alice.id');
  await seedName(devnet, 'other.id', words);
  const { bitcoin, urls, network } = devnet;
  const server = electrum({ url: urls.electrumTcp, connect: electrumTcp(), params: network.bitcoin });
  const peer = p2p({ ...bitcoin.p2p, params: network.bitcoin, clock: systemClock() });
  const node = core({ url: bitcoin.rpcUrl, user: bitcoin.user, password: bitcoin.password });
  open.push(async () => {
    server.close();
    peer.close();
    await Promise.resolve();
  });
  return {
    devnet,
    wallet: await openWallet(words),
    watches: {
      history: byHistory({ histories: [esplora({ url: urls.esplora }), server] }),
      filters: byFilters({ sources: [node, peer], blocks: [peer, node] }),
    },
  };
}

/** What a client learns whose core node tells of nothing above a height. */
async function lookup({ devnet, watches }: Scene, level: 'history' | 'filters', anchor: Anchor, hideAbove: number): Promise<Lookup | null> {
  const { bitcoin, indexer } = devnetPorts(devnet.urls);
  const { network } = devnet;
  const names = bitcoinNames({ network, anchor, headers: bitcoin, transactions: bitcoin, indexer: hiding(indexer, hideAbove), watch: watches[level] });
  return names.lookup('alice.id', { level });
}

async function whileMining<T>(devnet: Devnet, work: () => Promise<T>): Promise<T> {
  const stop = mineWhenNeeded(devnet, 30);
  try {
    return await work();
  } finally {
    await stop();
  }
}

describe('a name on a Bitcoin with real blocks, filters and histories', () => {
  const bitcoins = [{ kind: 'in memory', path: undefined }, ...(BITCOIND === undefined ? [] : [{ kind: 'of a bitcoind', path: BITCOIND }])];
  test.each(bitcoins)('is followed through what its owner sends, whatever the core node hides: $kind', { timeout: 120_000 }, async ({ path }) => {
    const scene = await start(path);
    const { devnet, wallet } = scene;
    const world = { ...registrationWorld(devnet), payer: (await wallet.payment(0)).signer };
    const [first, second] = [await wallet.identity(0), await wallet.identity(1)];
    const registered = (await devnet.anchor()).height;
    const found = async (): Promise<(Lookup | null)[]> => {
      const anchor = await devnet.anchor();
      return [await lookup(scene, 'history', anchor, registered), await lookup(scene, 'filters', anchor, registered)];
    };
    for (const one of await found()) expect(one).toMatchObject({ record: { owner: first.address }, evidence: { disagreed: [], pending: [] } });
    const before = await devnet.anchor();

    await whileMining(devnet, () => renew({ ...world, name: 'alice.id', owner: first.signer }));
    // The owner's other names and his other payments are his affair.
    await whileMining(devnet, () => transfer({ ...world, name: 'other.id', owner: first.signer, to: second.address, keepZoneFile: true }));
    await devnet.fund(first.address, 50_000n);
    await whileMining(devnet, () => transfer({ ...world, name: 'alice.id', owner: first.signer, to: second.address, keepZoneFile: false }));
    await devnet.mine(2);
    for (const one of await found()) {
      expect(one?.record).toMatchObject({ owner: second.address, zoneFileHash: null });
      // The node that hides them is named.
      expect(one?.evidence).toMatchObject({ disagreed: [new URL(devnet.urls.node).host], pending: [], asOf: { height: (await devnet.anchor()).height } });
    }
    // With the older anchor the same operations are seen, and nothing decides them.
    for (const level of ['history', 'filters'] as const)
      await expect(lookup(scene, level, before, registered)).rejects.toMatchObject({ code: 'UndecidedOperation' });

    await whileMining(devnet, () => revoke({ ...world, name: 'alice.id', owner: second.signer }));
    await devnet.mine(1);
    for (const level of ['history', 'filters'] as const)
      await expect(lookup(scene, level, await devnet.anchor(), registered)).rejects.toMatchObject({ code: 'NameRevoked' });
  });
});
