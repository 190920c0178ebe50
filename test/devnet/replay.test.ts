import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startDevnet, type Devnet } from '../../src/devnet/devnet.js';
import { devnetNetwork } from '../../src/devnet/network.js';
import { seedName, type Seeded } from '../../src/devnet/seed.js';
import { systemClock } from '../../src/lib/adapters/clock.js';
import { core } from '../../src/names/bitcoin/adapters/core.js';
import { esplora } from '../../src/names/bitcoin/adapters/esplora.js';
import { p2p } from '../../src/names/bitcoin/adapters/p2p.js';
import { replayNames } from '../../src/names/bitcoin/replay.js';

const network = { ...devnetNetwork, name: 'filterable devnet', filterable: true };
const { BITCOIND } = process.env;
const devnets = [['in memory', undefined], ...(BITCOIND ? [['on bitcoind', BITCOIND] as const] : [])] as const;

describe.each(devnets)('a devnet %s', (_, bitcoind) => {
  let devnet: Devnet;
  let seeded: Seeded;

  beforeAll(async () => {
    devnet = await startDevnet({ network, bitcoind });
    await devnet.mine(40);
    seeded = await seedName(devnet, 'alice.id');
  }, 120_000);

  afterAll(async () => {
    await devnet.close();
  }, 30_000);

  test('is replayed from all blocks of an Esplora server, to the consensus hash of its own node', async () => {
    const bitcoin = esplora({ url: devnet.urls.esplora });
    const names = replayNames({ network, headers: bitcoin, blocks: bitcoin, transactions: bitcoin, anchor: await devnet.anchor() });
    expect(await names.lookup('alice.id')).toMatchObject({ record: { owner: seeded.owner }, evidence: { level: 'replay', disagreed: [] } });
    expect(await names.lookup('nobody.id')).toBeNull();
  }, 30_000);

  test('is replayed from the filters of a node and of a peer, through a reorganisation too', async () => {
    const { rpcUrl: url, user, password } = devnet.bitcoin;
    const bitcoin = core({ url, user, password });
    const peer = p2p({ ...devnet.bitcoin.p2p, params: network.bitcoin, clock: systemClock() });
    let read = 0;
    const blocks = { ...peer, block: (...asked: Parameters<typeof peer.block>) => (read++, peer.block(...asked)) };
    const ports = { network, headers: peer, blocks, transactions: bitcoin, filters: [bitcoin, peer] };
    const names = replayNames(ports);
    const found = await names.lookup('alice.id');
    expect(found).toMatchObject({
      record: { owner: seeded.owner },
      evidence: { level: 'filters', disagreed: [], operators: [peer.operator, bitcoin.operator] },
    });
    await expect(names.lookup('alice.id', { level: 'replay' })).rejects.toThrow(expect.objectContaining({ code: 'LevelNotReached' }));
    const tip = await devnet.mine(0);
    expect(read).toBeLessThan((tip - network.firstBlock) / 2);
    await replayNames({ ...ports, anchor: await devnet.anchor() }).lookup('alice.id');
    await devnet.reorg(tip - (found?.record.height ?? 0) + 1);
    expect(await names.lookup('alice.id')).toBeNull();
    await devnet.mine(1);
    const again = await names.lookup('alice.id');
    expect(again?.record.owner).toBe(seeded.owner);
    expect(again?.record.height).toBeGreaterThan(found?.record.height ?? Infinity);
    peer.close();
  }, 60_000);
});
