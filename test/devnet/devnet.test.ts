import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { allowLoopback, createClient, type Client } from '../../src/client.js';
import { startDevnet, type Devnet } from '../../src/devnet/devnet.js';
import { devnetPorts } from '../../src/devnet/presets.js';
import { seedName, type Seeded } from '../../src/devnet/seed.js';
import { systemClock } from '../../src/lib/adapters/clock.js';
import { http } from '../../src/lib/http.js';
import { scriptOfAddress } from '../../src/names/bitcoin/script.js';

let devnet: Devnet;
let seeded: Seeded;

beforeAll(async () => {
  devnet = await startDevnet();
  seeded = await seedName(devnet, 'alice.id');
}, 60_000);

afterAll(async () => {
  await devnet.close();
});

async function client(): Promise<Client> {
  const { names, zones } = devnetPorts(devnet.urls);
  return createClient({ clock: systemClock(), http: http(), names: names(await devnet.anchor()), zones, allowHost: allowLoopback });
}

describe('a devnet', () => {
  test('serves everything on loopback, to any origin', async () => {
    const { bitcoin, esplora, node, atlas, hub } = devnet.urls;
    for (const url of [bitcoin, esplora, node, ...atlas, hub]) {
      expect(new URL(url).hostname).toBe('127.0.0.1');
      const { headers } = await fetch(url, { method: 'OPTIONS', headers: { origin: 'http://app.example', 'access-control-request-method': 'POST' } });
      expect(headers.get('access-control-allow-origin'), url).toBe('*');
    }
  });

  test('pays whom it is told to, and mines the payment', async () => {
    const before = await devnet.mine(1);
    const txid = await devnet.fund(seeded.owner, 12_345n);
    const coins = await devnetPorts(devnet.urls).bitcoin.unspent(scriptOfAddress(seeded.owner));
    expect(coins).toContainEqual(expect.objectContaining({ txid, value: 12_345n, height: before + 1 }));
  });

  test('resolves the name it was seeded with, proved, with its profile', async () => {
    const { record, evidence, profile, zoneFile, profileUrl } = await (await client()).resolve('alice.id');
    expect(record).toMatchObject({ name: 'alice.id', owner: seeded.owner, chain: 'bitcoin' });
    expect(evidence).toMatchObject({ level: 'snv', work: 'none', disagreed: [], completeTo: evidence.asOf.height });
    expect(zoneFile?.origin).toBe('alice.id');
    expect(profile?.claim).toMatchObject({ name: 'alice' });
    expect(profileUrl).toBe(seeded.profileUrl);
  });

  test('names that a reorganisation took are gone until they are mined again, and its old anchor is refused', async () => {
    const { names } = devnetPorts(devnet.urls);
    const old = names(await devnet.anchor());
    const { record } = (await old.lookup('alice.id')) ?? { record: { height: 0 } };
    const depth = (await devnet.mine(0)) - record.height + 1;
    await devnet.reorg(depth);
    await expect(names(await devnet.anchor()).lookup('alice.id')).rejects.toMatchObject({ code: 'AbsenceNotProved' });
    await expect(old.lookup('alice.id')).rejects.toMatchObject({ code: 'AnchorMismatch' });
    await devnet.mine(1);
    const again = await names(await devnet.anchor()).lookup('alice.id');
    expect(again?.record.owner).toBe(seeded.owner);
    expect(again?.record.height).toBeGreaterThan(record.height);
  });

  test('closes twice without complaint, and leaves nothing listening', async () => {
    const other = await startDevnet();
    await other.close();
    await other.close();
    for (const url of [other.urls.bitcoin, other.urls.esplora, other.urls.node, other.urls.hub]) await expect(fetch(url)).rejects.toThrow();
  });
});
