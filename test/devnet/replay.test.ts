import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startDevnet, type Devnet } from '../../src/devnet/devnet.js';
import { devnetNetwork } from '../../src/devnet/network.js';
import { seedName, type Seeded } from '../../src/devnet/seed.js';
import { core } from '../../src/names/bitcoin/adapters/core.js';
import { esplora } from '../../src/names/bitcoin/adapters/esplora.js';
import { replayNames } from '../../src/names/bitcoin/replay.js';

const network = { ...devnetNetwork, name: 'filterable devnet', filterable: true };

let devnet: Devnet;
let seeded: Seeded;

beforeAll(async () => {
  devnet = await startDevnet({ network });
  seeded = await seedName(devnet, 'alice.id');
  await devnet.mine(40);
}, 60_000);

afterAll(async () => {
  await devnet.close();
});

describe('a devnet', () => {
  test('is replayed from all blocks of an Esplora server, to the consensus hash of its own node', async () => {
    const bitcoin = esplora({ url: devnet.urls.esplora });
    const names = replayNames({ network, headers: bitcoin, blocks: bitcoin, transactions: bitcoin, anchor: await devnet.anchor() });
    expect(await names.lookup('alice.id')).toMatchObject({ record: { owner: seeded.owner }, evidence: { level: 'replay', disagreed: [] } });
    expect(await names.lookup('nobody.id')).toBeNull();
  });

  test('is replayed from the filters of a bitcoind, through a reorganisation too', async () => {
    const { rpcUrl: url, user, password } = devnet.bitcoin;
    const bitcoin = core({ url, user, password });
    let read = 0;
    const blocks = { ...bitcoin, block: (...asked: Parameters<typeof bitcoin.block>) => (read++, bitcoin.block(...asked)) };
    const ports = { network, headers: bitcoin, blocks, transactions: bitcoin, filters: [bitcoin, { ...bitcoin, operator: 'second' }] };
    const names = replayNames(ports);
    const found = await names.lookup('alice.id');
    expect(found).toMatchObject({ record: { owner: seeded.owner }, evidence: { level: 'replay', disagreed: [] } });
    const tip = await devnet.mine(0);
    expect(read).toBeLessThan((tip - network.firstBlock) / 2);
    await replayNames({ ...ports, anchor: await devnet.anchor() }).lookup('alice.id');
    await devnet.reorg(tip - (found?.record.height ?? 0) + 1);
    expect(await names.lookup('alice.id')).toBeNull();
    await devnet.mine(1);
    const again = await names.lookup('alice.id');
    expect(again?.record.owner).toBe(seeded.owner);
    expect(again?.record.height).toBeGreaterThan(found?.record.height ?? Infinity);
  }, 30_000);
});
