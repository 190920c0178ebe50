import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addressOf } from '../../src/lib/address.js';
import { fromUtf8 } from '../../src/lib/bytes.js';
import type { Signer } from '../../src/lib/key.js';
import { p2pkh } from '../../src/names/bitcoin/account.js';
import { esplora } from '../../src/names/bitcoin/adapters/esplora.js';
import { announce } from '../../src/names/bitcoin/builder.js';
import { pay } from '../../src/names/bitcoin/pay.js';
import { signDraft } from '../../src/names/bitcoin/payment.js';
import { decodePlan } from '../../src/names/bitcoin/planCodec.js';
import { parseTransaction } from '../../src/names/bitcoin/transaction.js';
import { openNamespace } from '../../src/names/namespace.js';
import { register, registrationKey, type RegisterTerms, type RegistrationWorld } from '../../src/names/registration.js';
import { signerAt } from './bitcoin/coins.js';
import { startWorld, type TestWorld } from './world.js';

const zoneFile = fromUtf8('zone file');
const owner = addressOf(signerAt(60).publicKey);
const rules = { lifetime: 52595, coeff: 1, base: 1, buckets: new Array<number>(16).fill(0), nonalphaDiscount: 1, noVowelDiscount: 1, version: 1 };
const publish: RegisterTerms['publish'] = () => Promise.resolve();

describe('a preorder that is signed and not sent, whose coin', () => {
  let net: TestWorld;
  let count = 0;
  const fresh = (): string => `name${++count}.gone`;
  beforeAll(async () => {
    net = await startWorld();
    await openNamespace({ ...(await net.world()), namespace: 'gone', rules, owner: await net.payer(6_000n), payer: await net.payer(60_000_000n) }, net.miner);
  }, 60_000);
  afterAll(() => net.close());

  const withHistory = (world: RegistrationWorld): RegistrationWorld => ({ ...world, history: esplora({ url: net.bitcoin.esploraUrl }) });
  /** Stops before anything is sent. */
  const signedOnly = async (world: RegistrationWorld, name: string, payer: Signer): Promise<void> => {
    const stopping = { ...world, payments: { ...world.payments, broadcast: () => Promise.reject(new Error('stop here')) } };
    await expect(register({ ...stopping, name, zoneFile, owner, payer, publish }, { feeRate: 2 })).rejects.toThrow('stop here');
  };

  it('is spent elsewhere meanwhile is drawn up anew once that is proved, and is refused without proof', async () => {
    const [name, payer, world] = [fresh(), await net.payer(60_000n, 50_000n), await net.world()];
    const from = await net.height();
    await signedOnly(world, name, payer);
    const account = p2pkh(payer);
    const { bytes } = await pay(announce('11'.repeat(20), world.network), { payer: account, owner: account }, world);
    await world.payments.broadcast(bytes);
    await net.mine();
    await expect(register({ ...world, name, zoneFile, owner, payer, publish })).rejects.toMatchObject({ code: 'BroadcastRejected' });
    await expect(register({ ...world, name, zoneFile, owner, payer, publish })).rejects.toMatchObject({ code: 'BroadcastRejected' });
    const other = await net.world();
    const again = fresh();
    const second = await net.payer(60_000n, 50_000n);
    await signedOnly(other, again, second);
    const spender = p2pkh(second);
    await world.payments.broadcast((await pay(announce('11'.repeat(20), world.network), { payer: spender, owner: spender }, other)).bytes);
    await net.mine();
    const { receipts } = await register({ ...withHistory(other), name: again, zoneFile, owner, payer: second, publish }, net.miner);
    expect(receipts).toHaveLength(2);
    expect(await net.minedSince(from)).toEqual(['#', '#', '?', ':']);
  }, 60_000);

  it('is spent by the same operation under another fee counts as done: nothing is paid twice', async () => {
    const [name, payer, world] = [fresh(), await net.payer(60_000n), await net.world()];
    const from = await net.height();
    await signedOnly(world, name, payer);
    const entry = await world.journal.load(registrationKey(name, world.network));
    const plan = entry && decodePlan(entry, 'entry');
    if (plan?.state.kind !== 'signed') throw new Error('not signed');
    const planned = parseTransaction(plan.state.current.bytes);
    const { lock, signers } = p2pkh(payer);
    const inputs = planned.inputs.map(({ txid, vout }) => ({ txid, vout, value: 60_000n, height: 1, lock }));
    const outputs = planned.outputs.map(({ script, value }, at) => ({ script, value: at === 1 ? value - 3_000n : value }));
    const { bytes, txid } = await signDraft({ inputs, outputs, fee: plan.state.current.fee + 3_000n, change: 1 }, signers, world.transactions);
    await world.payments.broadcast(bytes);
    await net.mine();
    const { receipts } = await register({ ...withHistory(world), name, zoneFile, owner, payer, publish }, net.miner);
    expect(receipts[0]).toMatchObject({ txid, fee: plan.state.current.fee + 3_000n });
    expect(await net.minedSince(from)).toEqual(['?', ':']);
  }, 60_000);

  it('lies still until the rules no longer take it is drawn anew with another consensus hash: the old one is never sent', async () => {
    const [name, payer, world] = [fresh(), await net.payer(60_000n, 50_000n), await net.world()];
    const from = await net.height();
    await signedOnly(world, name, payer);
    await net.mine(26);
    const { receipts } = await register({ ...world, name, zoneFile, owner, payer, publish }, net.miner);
    expect(receipts).toHaveLength(2);
    expect(await net.minedSince(from)).toEqual(['?', ':']);
  }, 60_000);

  it('belongs to one plan is not taken by another that runs beside it', async () => {
    const [payer, world] = [await net.payer(60_000n, 61_000n), await net.world()];
    const from = await net.height();
    const names = [fresh(), fresh()];
    let sent = 0;
    const told = { onProgress: ({ stage }: { stage: string }) => stage === 'sent' && ++sent % 2 === 0 && void net.mine() };
    await Promise.all(names.map((name) => register({ ...world, name, zoneFile, owner, payer, publish }, told)));
    expect([...(await net.minedSince(from))].sort()).toEqual([':', ':', '?', '?']);
    // A third finds nothing that is free while two hold all.
    const poor = await net.payer(60_000n);
    await signedOnly(world, fresh(), poor);
    await expect(register({ ...world, name: fresh(), zoneFile, owner, payer: poor, publish })).rejects.toMatchObject({
      code: 'FundsTooLow',
      message: expect.stringMatching(/set aside for 1 other plan/) as string,
    });
  }, 60_000);

  it('a second preorder like one that is mined is refused before it is paid, where a history tells', async () => {
    const [name, payer, world] = [fresh(), await net.payer(60_000n, 50_000n), await net.world()];
    const stop = new AbortController();
    const from = await net.height();
    const told = { signal: stop.signal, onProgress: ({ receipt }: { receipt?: unknown }) => (receipt ? stop.abort() : void net.mine()) };
    await expect(register({ ...world, name, zoneFile, owner, payer, publish }, told)).rejects.toMatchObject({ code: 'Aborted' });
    await world.journal.remove(registrationKey(name, world.network));
    const again = { ...withHistory(world), name, zoneFile, owner, payer, publish };
    await expect(register(again, net.miner)).rejects.toMatchObject({
      code: 'RegistrationLost',
      message: expect.stringMatching(/preordered already/) as string,
    });
    expect(await net.minedSince(from)).toEqual(['?']);
  }, 60_000);

  it('two registrations of one name in one block both fail, keep their preorders, and the one that tries again has the name', async () => {
    const name = fresh();
    const people = [await net.payer(80_000n), await net.payer(80_000n)];
    const worlds = [await net.world(), await net.world()];
    const from = await net.height();
    const stop = [new AbortController(), new AbortController()];
    let preordered = 0;
    let sent = 0;
    const run = (at: number): Promise<unknown> => {
      const [payer, world] = [people[at], worlds[at]];
      if (!payer || !world) throw new Error('nobody');
      return register(
        { ...world, name, zoneFile, owner: addressOf(payer.publicKey), payer, publish },
        {
          signal: stop[at]?.signal,
          onProgress: ({ stage, operation, receipt }) => {
            if (stage === 'sent' && operation === 'NAME_PREORDER' && ++preordered === 2) void net.mine();
            if (receipt?.operation === 'NAME_PREORDER') return;
            if (stage !== 'sent' || operation !== 'NAME_REGISTRATION') return;
            // The first two share a block; then one gives up, and the other is alone.
            if (++sent === 2) void net.mine();
            if (sent > 2) {
              stop[1 - at]?.abort();
              void net.mine();
            }
          },
        },
      );
    };
    const outcomes = await Promise.allSettled([run(0), run(1)]);
    expect(outcomes.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThanOrEqual(1);
    const codes = await net.minedSince(from);
    expect([codes.filter((code) => code === '?').length, codes.filter((code) => code === ':').length >= 3]).toEqual([2, true]);
    expect(await worlds[0]?.indexer.nameRecord(name)).not.toBeNull();
  }, 60_000);
});
