import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fromUtf8 } from '../../src/lib/bytes.js';
import { NamesteadError } from '../../src/lib/errors.js';
import { bumpFee } from '../../src/names/bitcoin/bump.js';
import type { StepProgress } from '../../src/names/bitcoin/run.js';
import { parseTransaction } from '../../src/names/bitcoin/transaction.js';
import { changeKey, transfer, update } from '../../src/names/change.js';
import { dryRun } from '../../src/names/dryRun.js';
import { openNamespace } from '../../src/names/namespace.js';
import { ownerAddress, register, registrationKey, type RegisterTerms, type RegistrationWorld } from '../../src/names/registration.js';
import { startWorld, type TestWorld } from './world.js';

const zoneFile = fromUtf8('zone file');
const rules = { lifetime: 52595, coeff: 1, base: 1, buckets: new Array<number>(16).fill(0), nonalphaDiscount: 1, noVowelDiscount: 1, version: 1 };
const publish: RegisterTerms['publish'] = () => Promise.resolve();

describe('at the worst moment', () => {
  let net: TestWorld;
  let count = 0;
  const fresh = (): string => `name${++count}.worst`;
  beforeAll(async () => {
    net = await startWorld();
    await openNamespace({ ...(await net.world()), namespace: 'worst', rules, owner: await net.payer(6_000n), payer: await net.payer(60_000_000n) }, net.miner);
  }, 60_000);
  afterAll(() => net.close());

  /** Runs until told to stop; what was sent is mined if `mines` says so. */
  const until = async (
    run: (options: { signal: AbortSignal; onProgress: (progress: StepProgress) => void }) => Promise<unknown>,
    stops: (progress: StepProgress) => boolean,
    mines: (progress: StepProgress) => boolean = () => false,
  ): Promise<void> => {
    const stop = new AbortController();
    const onProgress = (progress: StepProgress): void => {
      if (stops(progress)) stop.abort();
      if (mines(progress)) void net.mine();
    };
    await expect(run({ signal: stop.signal, onProgress })).rejects.toMatchObject({ code: 'Aborted' });
  };
  const waitsFor = (opcode: string) => (progress: StepProgress) => progress.stage === 'confirming' && progress.operation === opcode;
  const isSent = (opcode: string) => (progress: StepProgress) => progress.stage === 'sent' && progress.operation === opcode;
  const empty = async (blocks: number): Promise<void> => {
    for (let at = 0; at < blocks; at++) await net.bitcoin.rpc('generateblock', ['raw(51)', []]);
  };
  const caughtUp = async (world: RegistrationWorld): Promise<void> => {
    while ((await world.indexer.tip()).height < (await net.height())) await new Promise((resolve) => setTimeout(resolve, 20));
  };

  it('a reorg takes the preorder out until its consensus hash is stale: preorder and registration are both drawn anew', async () => {
    const [name, payer, owner, world] = [fresh(), await net.payer(100_000n), await net.payer(6_000n), await net.world()];
    const terms = { ...world, name, zoneFile, owner, payer, publish };
    await until((options) => register(terms, options), waitsFor('NAME_REGISTRATION'), isSent('NAME_PREORDER'));
    await net.bitcoin.reorg(1);
    await empty(26);
    await caughtUp(world);
    const from = await net.height();
    const { receipts } = await register(terms, net.miner);
    expect(receipts).toHaveLength(2);
    expect(await net.minedSince(from)).toEqual(['?', ':']);
    expect(await world.indexer.nameRecord(name)).toMatchObject({ address: ownerAddress(owner) });
  }, 60_000);

  it('a reorg takes the preorder out and its fee is raised: the registration that stood on it is drawn anew', async () => {
    const [name, payer, owner, world] = [fresh(), await net.payer(100_000n), await net.payer(6_000n), await net.world()];
    const terms = { ...world, name, zoneFile, owner, payer, publish };
    await until((options) => register(terms, { ...options, feeRate: 2 }), waitsFor('NAME_REGISTRATION'), isSent('NAME_PREORDER'));
    await net.bitcoin.reorg(1);
    await caughtUp(world);
    const from = await net.height();
    await until((options) => register(terms, options), waitsFor('NAME_PREORDER'));
    const { txid } = await bumpFee({ ...world, key: registrationKey(name, world.network), payer }, { feeRate: 15 });
    const { receipts } = await register(terms, net.miner);
    expect(receipts[0]?.txid).toBe(txid);
    expect(await net.minedSince(from)).toEqual(['?', ':']);
  }, 60_000);

  it('a reorg between preorder and registration: nothing more is sent until the preorder is back', async () => {
    const [name, payer, owner, world] = [fresh(), await net.payer(100_000n), await net.payer(6_000n), await net.world()];
    const sent: string[] = [];
    const payments: typeof world.payments = {
      ...world.payments,
      broadcast: async (bytes, options) => {
        const txid = await world.payments.broadcast(bytes, options);
        const mined = await Promise.all(parseTransaction(bytes).inputs.map((input) => world.transactions.inclusion(input.txid)));
        sent.push(mined.every(Boolean) ? 'on mined coins' : 'on coins that wait');
        return txid;
      },
    };
    const terms = { ...world, payments, name, zoneFile, owner, payer, publish };
    const confirmed = (progress: StepProgress): boolean => progress.stage === 'confirmed';
    await until((options) => register(terms, options), confirmed, isSent('NAME_PREORDER'));
    await net.bitcoin.reorg(1);
    await caughtUp(world);
    const stages: string[] = [];
    await register(terms, {
      onProgress: (progress) => {
        stages.push(progress.stage);
        net.miner.onProgress(progress);
      },
    });
    expect(stages[0]).toBe('reorganised');
    expect(sent).not.toContain('on coins that wait');
  }, 60_000);

  it('a transfer that was given up is never sent for the sake of another plan that stands on its change', async () => {
    const [first, second, payer, owner, world] = [fresh(), fresh(), await net.payer(100_000n), await net.payer(6_000n), await net.world()];
    await register({ ...world, name: first, zoneFile, owner, payer, publish }, net.miner);
    const to = ownerAddress(await net.payer(6_000n));
    const stopping = { ...world, payments: { ...world.payments, broadcast: () => Promise.reject(new Error('stop here')) } };
    await expect(transfer({ ...stopping, name: first, to, keepZoneFile: true, owner, payer })).rejects.toThrow('stop here');
    await world.journal.remove(changeKey('transfer', { name: first, network: world.network }));
    const from = await net.height();
    await register({ ...world, name: second, zoneFile, owner, payer, publish }, net.miner);
    expect(await net.minedSince(from)).toEqual(['?', ':']);
    expect(await world.indexer.nameRecord(first)).toMatchObject({ address: ownerAddress(owner) });
  }, 60_000);

  it('a zone file that no peer takes is refused before an update is paid, and a name is not given to its owner', async () => {
    const [name, payer, owner, world] = [fresh(), await net.payer(100_000n), await net.payer(6_000n), await net.world()];
    await register({ ...world, name, zoneFile, owner, payer, publish }, net.miner);
    const from = await net.height();
    const large = { ...world, name, zoneFile: new Uint8Array(40_961), owner, payer, publish };
    await expect(update(large, net.miner)).rejects.toMatchObject({ code: 'ZoneFileTooLarge' });
    await expect(transfer({ ...world, name, to: ownerAddress(owner), keepZoneFile: true, owner, payer }, net.miner)).rejects.toThrow(TypeError);
    expect(await net.minedSince(from)).toEqual([]);
    expect(await world.journal.load(changeKey('update', { name, network: world.network }))).toBeNull();
  }, 60_000);

  it('a source that says the time of what waits is over draws up nothing dearer, and two that say so are named', async () => {
    const [name, payer, owner, world] = [fresh(), await net.payer(100_000n), await net.payer(6_000n), await net.world()];
    const headers: typeof world.headers = {
      ...world.headers,
      headers: async (from, howMany, options) => {
        const list = await world.headers.headers(from, howMany, options);
        return howMany === 1 && list.length === 0 ? [new Uint8Array(80)] : list;
      },
    };
    let asked = 0;
    const tip: typeof world.indexer.tip = async (options) => {
      const told = await world.indexer.tip(options);
      // The truth while a consensus hash is asked for.
      return ++asked % 3 === 0 ? { ...told, height: told.height + 100 } : told;
    };
    const both = { ...world, headers, indexer: { ...world.indexer, tip }, name, zoneFile, owner, payer, publish };
    const from = await net.height();
    await expect(register(both, net.miner)).rejects.toMatchObject({ code: 'SourcesDisagree' });
    expect(asked).toBeLessThan(100);
    const { receipts } = await register({ ...world, headers, name, zoneFile, owner, payer, publish }, net.miner);
    expect(receipts).toHaveLength(2);
    expect(await net.minedSince(from)).toEqual(['?', ':']);
  }, 60_000);

  it('a mistake that cost nothing does not bind the next call to its terms', async () => {
    const [name, poor, payer, owner, world] = [fresh(), await net.payer(1_000n), await net.payer(100_000n), await net.payer(6_000n), await net.world()];
    await expect(register({ ...world, name, zoneFile, owner, payer: poor, publish }, net.miner)).rejects.toMatchObject({ code: 'FundsTooLow' });
    expect((await register({ ...world, name, zoneFile, owner, payer, publish }, net.miner)).receipts).toHaveLength(2);
  }, 60_000);

  it('a journal entry of another plan that cannot be read stops no other', async () => {
    const [first, second, payer, owner, world] = [fresh(), fresh(), await net.payer(60_000n), await net.payer(6_000n), await net.world()];
    const stopping = { ...world, payments: { ...world.payments, broadcast: () => Promise.reject(new Error('stop here')) } };
    await expect(register({ ...stopping, name: first, zoneFile, owner, payer, publish })).rejects.toThrow('stop here');
    const key = registrationKey(first, world.network);
    await world.journal.replace(key, await world.journal.load(key), fromUtf8('torn'));
    const rich = await net.payer(1_000n);
    await expect(register({ ...world, name: second, zoneFile, owner, payer: rich, publish }, net.miner)).rejects.toMatchObject({ code: 'FundsTooLow' });
  }, 60_000);

  it('an old backup of the journal buys no second preorder like the one whose change the payer holds', async () => {
    const [name, payer, owner, world] = [fresh(), await net.payer(100_000n), await net.payer(6_000n), await net.world()];
    await until(
      (options) => register({ ...world, name, zoneFile, owner, payer, publish }, options),
      (progress) => progress.stage === 'confirmed',
      isSent('NAME_PREORDER'),
    );
    const from = await net.height();
    const restored = await net.world();
    await expect(register({ ...restored, name, zoneFile, owner, payer, publish }, net.miner)).rejects.toMatchObject({ code: 'RegistrationLost' });
    expect(await net.minedSince(from)).toEqual([]);
  }, 60_000);

  it('a transaction on whose change another plan has set coins aside is not bumped', async () => {
    const [first, second, payer, owner, world] = [fresh(), fresh(), await net.payer(200_000n), await net.payer(6_000n), await net.world()];
    await register({ ...world, name: first, zoneFile, owner, payer, publish }, net.miner);
    await until(
      (options) => update({ ...world, name: first, zoneFile: fromUtf8('two'), owner, payer, publish }, { ...options, feeRate: 2 }),
      waitsFor('NAME_UPDATE'),
    );
    const silent: typeof world.transactions = { ...world.transactions, transaction: () => Promise.reject(new NamesteadError('HttpMalformed', 'nothing')) };
    await expect(register({ ...world, transactions: silent, name: second, zoneFile, owner, payer, publish })).rejects.toMatchObject({ code: 'HttpMalformed' });
    const key = changeKey('update', { name: first, network: world.network });
    await expect(bumpFee({ ...world, key, payer, owner }, { feeRate: 9 })).rejects.toMatchObject({ code: 'JournalBusy' });
  }, 60_000);

  it('a signal that comes at any question stops it there, and the next call goes on: paid once', async () => {
    const [name, payer, owner, world] = [fresh(), await net.payer(100_000n), await net.payer(6_000n), await net.world()];
    const from = await net.height();
    for (let at = 3; ; at += 5) {
      const stop = new AbortController();
      let asked = 0;
      const counted =
        <A extends readonly unknown[], R>(ask: (...words: A) => Promise<R>) =>
        (...words: A): Promise<R> => {
          if (++asked === at) stop.abort();
          return ask(...words);
        };
      const { headers, indexer, payments, transactions, journal } = world;
      const watched: RegistrationWorld = {
        ...world,
        headers: { ...headers, headers: counted(headers.headers) },
        indexer: { ...indexer, tip: counted(indexer.tip), nameRecord: counted(indexer.nameRecord), operations: counted(indexer.operations) },
        payments: { ...payments, unspent: counted(payments.unspent), broadcast: counted(payments.broadcast) },
        transactions: { ...transactions, transaction: counted(transactions.transaction), inclusion: counted(transactions.inclusion) },
        journal: { ...journal, replace: counted(journal.replace) },
      };
      try {
        await register({ ...watched, name, zoneFile, owner, payer, publish }, { ...net.miner, signal: stop.signal });
        break;
      } catch (error) {
        expect(error).toMatchObject({ code: 'Aborted' });
      }
    }
    expect(await net.minedSince(from)).toEqual(['?', ':']);
  }, 60_000);

  it('whatever coins the payer has and whatever the rate: a dry run that says yes is paid to the satoshi, and one that says no is refused', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.bigInt({ min: 700n, max: 9_000n }), { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 1, max: 12 }),
        fc.boolean(),
        async (coins, feeRate, self) => {
          const [name, payer, world] = [fresh(), await net.payer(...coins), await net.world()];
          const owner = self ? payer : await net.payer(6_000n);
          const said = await dryRun({ operation: 'register', name, owner, payer }, world, { feeRate });
          const run = register({ ...world, name, zoneFile, owner, payer, publish }, { ...net.miner, feeRate });
          if (!said.ok) {
            await expect(run).rejects.toMatchObject({ code: 'FundsTooLow' });
            return;
          }
          const { receipts } = await run;
          const sum = (of: 'fee' | 'price'): bigint => receipts.reduce((all, receipt) => all + receipt[of], 0n);
          expect([sum('fee'), sum('price')]).toEqual([said.fee, said.price]);
        },
      ),
      { seed: 20171, numRuns: 12 },
    );
  }, 60_000);
});
