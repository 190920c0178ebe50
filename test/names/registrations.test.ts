import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addressOf } from '../../src/lib/address.js';
import { fromUtf8 } from '../../src/lib/bytes.js';
import { lockScript, p2pkh } from '../../src/names/bitcoin/account.js';
import { purseKey } from '../../src/names/bitcoin/purseEntry.js';
import { openNamespace } from '../../src/names/namespace.js';
import { register } from '../../src/names/registration.js';
import { registerAll, type BatchName } from '../../src/names/registrations.js';
import { signerAt } from './bitcoin/coins.js';
import { startWorld, type TestWorld } from './world.js';

const rules = { lifetime: 52595, coeff: 1, base: 1, buckets: new Array<number>(16).fill(0), nonalphaDiscount: 1, noVowelDiscount: 1, version: 1 };
const publish = (): Promise<void> => Promise.resolve();
const owner = addressOf(signerAt(61).publicKey);
const named = (count: number, prefix: string): BatchName[] =>
  Array.from({ length: count }, (_, at) => ({ name: `${prefix}${at}.batch`, zoneFile: fromUtf8('zone'), owner }));

describe('a batch', () => {
  let net: TestWorld;
  beforeAll(async () => {
    net = await startWorld();
    await openNamespace({ ...(await net.world()), namespace: 'batch', rules, owner: await net.payer(6_000n), payer: await net.payer(60_000_000n) }, net.miner);
  }, 60_000);
  afterAll(() => net.close());
  const mining = { onProgress: ({ progress }: { progress: { stage: string } }) => progress.stage === 'sent' && void net.mine() };

  it('that would give an owner more than 25 names, or one name twice, is refused before anything is asked or paid', async () => {
    const [world, payer] = [await net.world(), signerAt(62)];
    const from = await net.height();
    await expect(registerAll({ ...world, names: named(26, 'full'), payer, publish })).rejects.toThrow(TypeError);
    await expect(registerAll({ ...world, names: [...named(1, 'twice'), ...named(1, 'twice')], payer, publish })).rejects.toThrow(TypeError);
    const has = { ...world, names: named(3, 'some'), payer, publish, namesOwned: () => Promise.resolve(23) };
    await expect(registerAll(has)).rejects.toMatchObject({ code: 'OwnerFull' });
    expect(await net.minedSince(from)).toEqual([]);
  });

  it('goes on past a name that fails, sets nothing aside for it in the end, and one coin pays for all', async () => {
    const [world, payer] = [await net.world(), await net.payer(400_000n)];
    await register({ ...(await net.world()), name: 'b1.batch', zoneFile: fromUtf8('z'), owner, payer: await net.payer(60_000n), publish }, net.miner);
    const names = named(3, 'b');
    const outcomes = await registerAll({ ...world, names, payer, publish }, mining);
    expect(outcomes.map(({ kind }) => kind)).toEqual(['registered', 'failed', 'registered']);
    expect(outcomes[1]).toMatchObject({ error: { code: 'NameTaken' } });
    expect(new TextDecoder().decode((await world.journal.load(purseKey(world.network))) ?? undefined)).toBe('{"version":1,"held":[],"made":[]}');
    await net.mine();
    const left = (await world.payments.unspent(lockScript(p2pkh(payer).lock))).reduce((sum, { value }) => sum + value, 0n);
    // Two names: 10,240 satoshi of price and marks each at the most, and fees.
    expect(left).toBeGreaterThan(360_000n);
  }, 60_000);

  it('that cannot be paid says what all of it needs, and nothing is sent', async () => {
    const [world, payer] = [await net.world(), await net.payer(30_000n)];
    const from = await net.height();
    await expect(registerAll({ ...world, names: named(5, 'poor'), payer, publish }, mining)).rejects.toMatchObject({ code: 'FundsTooLow' });
    expect(await net.minedSince(from)).toEqual([]);
  }, 60_000);

  it('stopped halfway goes on where it stood, with the same coins', async () => {
    const [world, payer] = [await net.world(), await net.payer(400_000n)];
    const from = await net.height();
    const stop = new AbortController();
    const names = named(4, 'halt');
    const halting = {
      signal: stop.signal,
      onProgress: ({ name, progress }: { name: string | null; progress: { stage: string } }) => {
        if (progress.stage !== 'sent') return;
        void net.mine();
        if (name !== null) stop.abort();
      },
    };
    await expect(registerAll({ ...world, names, payer, publish }, halting)).rejects.toMatchObject({ code: 'Aborted' });
    const outcomes = await registerAll({ ...world, names, payer, publish }, mining);
    expect(outcomes.map(({ kind }) => kind)).toEqual(['registered', 'registered', 'registered', 'registered']);
    expect([...(await net.minedSince(from))].sort()).toEqual([':', ':', ':', ':', '?', '?', '?', '?']);
  }, 60_000);
});
