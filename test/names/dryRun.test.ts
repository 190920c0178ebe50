import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fromUtf8 } from '../../src/lib/bytes.js';
import type { Signer } from '../../src/lib/key.js';
import { renew, transfer, update } from '../../src/names/change.js';
import { dryRun, type DryRun, type Intent } from '../../src/names/dryRun.js';
import { openNamespace } from '../../src/names/namespace.js';
import { ownerAddress, register, type RegistrationWorld } from '../../src/names/registration.js';
import type { Receipt } from '../../src/names/bitcoin/plan.js';
import { signerAt } from './bitcoin/coins.js';
import { startWorld, type TestWorld } from './world.js';

const zoneFile = fromUtf8('zone file');
const rules = {
  lifetime: 52595,
  coeff: 250,
  base: 4,
  buckets: [6, 5, 4, 3, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
  nonalphaDiscount: 4,
  noVowelDiscount: 4,
  version: 1,
};
const publish = (): Promise<void> => Promise.resolve();
const failed = ({ checks }: DryRun): unknown => checks.filter(({ ok }) => !ok).map(({ check }) => check);
const paid = (receipts: readonly Receipt[]): unknown => [
  receipts.reduce((sum, { fee }) => sum + fee, 0n),
  receipts.reduce((sum, { price }) => sum + price, 0n),
];

describe('a dry run', () => {
  let net: TestWorld;
  let world: RegistrationWorld;
  let [payer, owner, other]: Signer[] = [];
  const run = (intent: Intent): Promise<DryRun> => dryRun(intent, world, { feeRate: 3 });
  const told = (): object => ({ ...net.miner, feeRate: 3 });

  beforeAll(async () => {
    net = await startWorld();
    world = await net.world();
    payer = await net.payer(500_000_000n);
    [owner, other] = [await net.payer(6_000n), await net.payer(6_000n)];
  }, 60_000);
  afterAll(() => net.close());
  const people = (): { payer: Signer; owner: Signer; other: Signer } => {
    if (!payer || !owner || !other) throw new Error('not started');
    return { payer, owner, other };
  };

  it('tells to the satoshi what a namespace, a registration, an update, a renewal and a transfer then cost', async () => {
    const { payer, owner, other } = people();
    const expected = async (intent: Intent, act: () => Promise<readonly Receipt[]>): Promise<void> => {
      const told = await run(intent);
      expect([failed(told), told.ok], intent.operation).toEqual([[], true]);
      expect(told.total).toBe(told.price + told.marks + told.fee);
      expect([told.fee, told.price], intent.operation).toEqual(paid(await act()));
    };
    await expected({ operation: 'namespace', namespace: 'dry', rules, owner, payer }, () =>
      openNamespace({ ...world, namespace: 'dry', rules, owner, payer }, told()),
    );
    const name = 'alice.dry';
    const to = ownerAddress(owner);
    await expected(
      { operation: 'register', name, owner: to, payer },
      async () => (await register({ ...world, name, zoneFile, owner: to, payer, publish }, told())).receipts,
    );
    const two = fromUtf8('two');
    await expected({ operation: 'update', name, owner, payer, zoneFile: two }, () => update({ ...world, name, owner, payer, zoneFile: two, publish }, told()));
    await expected({ operation: 'renew', name, owner, payer }, () => renew({ ...world, name, owner, payer }, told()));
    const heir = ownerAddress(other);
    await expected({ operation: 'transfer', name, owner, payer, to: heir, keepZoneFile: true }, () =>
      transfer({ ...world, name, owner, payer, to: heir, keepZoneFile: true }, told()),
    );
    expect(failed(await run({ operation: 'revoke', name, owner, payer }))).toEqual(['owner is sender']);
    expect(failed(await run({ operation: 'revoke', name, owner: other, payer }))).toEqual([]);
    expect(failed(await run({ operation: 'register', name, owner: to, payer }))).toEqual(['name available']);
    expect(failed(await run({ operation: 'transfer', name, owner: other, payer, to: heir, keepZoneFile: true }))).toEqual(['recipient allowed']);
  }, 60_000);

  it('signs nothing, sends nothing, and names each check that fails', async () => {
    const { payer, owner, other } = people();
    const poor = signerAt(91);
    const native = { lock: { kind: 'p2wpkh' as const, publicKey: payer.publicKey }, signers: [] };
    const from = await net.height();
    const name = 'bobby.dry';
    const to = ownerAddress(owner);
    const broke = await run({ operation: 'register', name, owner: to, payer: poor });
    expect(failed(broke)).toEqual(['funds suffice']);
    expect(broke.fee).toBe((await run({ operation: 'register', name, owner: to, payer })).fee);
    expect(failed(await run({ operation: 'register', name: 'Bobby.dry', owner: to, payer }))).toEqual(['name valid', 'price paid', 'payload valid']);
    expect(failed(await run({ operation: 'register', name: 'bobby.closed', owner: to, payer }))).toEqual(['namespace ready', 'price paid']);
    expect(failed(await run({ operation: 'register', name, owner: to, payer, maxPrice: 1n }))).toEqual(['price paid']);
    expect(failed(await run({ operation: 'register', name, owner: to, payer: native }))).toContain('inputs allowed');
    expect(failed(await run({ operation: 'renew', name, owner, payer }))).toEqual(['owner is sender']);
    const large = new Uint8Array(40_961);
    expect(failed(await run({ operation: 'update', name, owner, payer, zoneFile: large }))).toEqual(['zone file fits', 'owner is sender']);
    expect(failed(await run({ operation: 'import', name, importer: owner, owner: to, payer, zoneFile }))).toEqual(['namespace open for imports']);
    expect(failed(await run({ operation: 'namespace', namespace: 'dry', rules: { ...rules, coeff: 256 }, owner, payer }))).toEqual([
      'namespace available',
      'payload valid',
    ]);
    expect(failed(await run({ operation: 'tokens', owner, payer, to: ownerAddress(other), amount: 5n }))).toEqual(['tokens known']);
    expect(failed(await run({ operation: 'tokens', owner, payer, to: ownerAddress(other), amount: 5n, scratch: '00'.repeat(35) }))).toContain('payload valid');
    expect(failed(await run({ operation: 'announce', owner, payer, messageHash: '11'.repeat(20) }))).toEqual([]);
    const full = { ...world, namesOwned: (address: string) => Promise.resolve(address === to ? 25 : 3) };
    expect(failed(await dryRun({ operation: 'register', name, owner: to, payer }, full))).toEqual(['quota of the recipient']);
    const late = { ...world, indexer: { ...world.indexer, tip: () => Promise.resolve({ height: from - 20, consensusHash: 'ab'.repeat(16) }) } };
    expect(failed(await dryRun({ operation: 'register', name, owner: to, payer }, late))).toContain('consensus hash fresh');
    expect(await net.bitcoin.rpc('getrawmempool', [])).toEqual([]);
    expect(await net.minedSince(from)).toEqual([]);
  }, 60_000);
});
