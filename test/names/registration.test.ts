import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fromUtf8 } from '../../src/lib/bytes.js';
import { NamesteadError } from '../../src/lib/errors.js';
import { fileJournal } from '../../src/names/adapters/fileJournal.js';
import { parseTransaction } from '../../src/names/bitcoin/transaction.js';
import { decodePlan } from '../../src/names/bitcoin/planCodec.js';
import type { StepProgress } from '../../src/names/bitcoin/run.js';
import { openNamespace } from '../../src/names/namespace.js';
import { register, registrationKey, type RegisterTerms, type RegistrationWorld } from '../../src/names/registration.js';
import { startWorld, type TestWorld } from './world.js';

const BITCOIND = process.env['BITCOIND'] ?? '';
const zoneFile = fromUtf8('$ORIGIN alice.id\n$TTL 3600\n_http._tcp URI 10 1 "https://gaia.example/profile.json"\n');
const rules = {
  lifetime: 52595,
  coeff: 250,
  base: 4,
  buckets: [6, 5, 4, 3, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
  nonalphaDiscount: 4,
  noVowelDiscount: 4,
  version: 1,
};

class Killed extends Error {}

const rejected = (): NamesteadError => new NamesteadError('BroadcastRejected', 'min relay fee not met');

/** The same world whose process dies right after its nth save (nothing sent yet), or right after its nth transaction went out. */
function mortal(world: RegistrationWorld, at: { readonly save?: number; readonly broadcast?: number }): RegistrationWorld {
  let saves = 0;
  let broadcasts = 0;
  return {
    ...world,
    journal: {
      ...world.journal,
      replace: async (key, expected, bytes) => {
        const done = await world.journal.replace(key, expected, bytes);
        if (++saves === at.save) throw new Killed();
        return done;
      },
    },
    payments: {
      ...world.payments,
      broadcast: async (transaction, options) => {
        const txid = await world.payments.broadcast(transaction, options);
        if (++broadcasts === at.broadcast) throw new Killed();
        return txid;
      },
    },
  };
}

describe.each([{ kind: 'memory', path: undefined }, ...(BITCOIND === '' ? [] : [{ kind: 'bitcoind', path: BITCOIND }])])('on $kind', ({ path }) => {
  let net: TestWorld;
  let count = 0;
  const fresh = (): string => `name${++count}.id`;
  const published: string[] = [];
  const publish: RegisterTerms['publish'] = (bytes) => {
    published.push(new TextDecoder().decode(bytes));
    return Promise.resolve();
  };

  beforeAll(async () => {
    net = await startWorld(path);
    const [payer, owner] = [await net.payer(500_000_000n), await net.payer(6_000n)];
    if (!(await (await net.world()).indexer.namespaceRecord('id')))
      await openNamespace({ ...(await net.world()), namespace: 'id', rules, owner, payer }, net.miner);
  }, 60_000);
  afterAll(() => net.close());

  it('a name is registered by one preorder and one registration, and its zone file published', async () => {
    const [name, payer, owner] = [fresh(), await net.payer(200_000n), await net.payer(6_000n)];
    const from = await net.height();
    const stages: string[] = [];
    const world = await net.world();
    const told = {
      onProgress: (progress: StepProgress): void => {
        stages.push(`${progress.operation} ${progress.stage}`);
        net.miner.onProgress(progress);
      },
    };
    const { receipts } = await register({ ...world, name, zoneFile, owner, payer, publish }, told);
    expect(receipts.map(({ operation, height }) => [operation, height])).toEqual([
      ['NAME_PREORDER', from + 1],
      ['NAME_REGISTRATION', from + 2],
    ]);
    expect(await net.minedSince(from)).toEqual(['?', ':']);
    expect(published).toContain(new TextDecoder().decode(zoneFile));
    expect(stages.filter((stage) => /signing|sent|confirmed|publishing|done/.test(stage))).toEqual([
      'NAME_PREORDER signing',
      'NAME_PREORDER sent',
      'NAME_PREORDER confirmed',
      'NAME_REGISTRATION signing',
      'NAME_REGISTRATION sent',
      'NAME_REGISTRATION confirmed',
      `register devnet ${name} publishing`,
      `register devnet ${name} done`,
    ]);
    expect(await register({ ...world, name, zoneFile, owner, payer, publish })).toMatchObject({ receipts });
    expect(await net.minedSince(from)).toEqual(['?', ':']);
  }, 30_000);

  it('a registration killed at any point is finished by the next call, with one preorder and one registration on the chain', async () => {
    const points = [...[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12].map((save) => ({ save })), { broadcast: 1 }, { broadcast: 2 }];
    for (const point of points) {
      const [name, payer, owner] = [fresh(), await net.payer(60_000n, 30_000n), await net.payer(6_000n)];
      const from = await net.height();
      const world = await net.world();
      const terms = { name, zoneFile, owner, payer, publish };
      await expect(register({ ...mortal(world, point), ...terms }, net.miner), JSON.stringify(point)).rejects.toThrow(Killed);
      // Another process: nothing is shared but the folder.
      const { receipts } = await register({ ...world, journal: fileJournal(world), ...terms }, net.miner);
      expect(receipts.map(({ operation }) => operation)).toEqual(['NAME_PREORDER', 'NAME_REGISTRATION']);
      expect(await net.minedSince(from), JSON.stringify(point)).toEqual(['?', ':']);
      expect(await net.bitcoin.rpc('getrawmempool', [])).toEqual([]);
    }
  }, 120_000);

  it('a registration killed again and again at every point in turn still pays once', async () => {
    const [name, payer, owner] = [fresh(), await net.payer(200_000n), await net.payer(6_000n)];
    const from = await net.height();
    const world = await net.world();
    const terms = { name, zoneFile, owner, payer, publish };
    let runs = 0;
    for (; ; runs++) {
      const journal = fileJournal(world);
      try {
        await register({ ...mortal({ ...world, journal }, runs % 2 ? { save: 1 } : { broadcast: 1 }), ...terms }, net.miner);
        break;
      } catch (error) {
        if (!(error instanceof Killed)) throw error;
      }
    }
    expect(runs).toBeGreaterThanOrEqual(4);
    expect(await net.minedSince(from)).toEqual(['?', ':']);
  }, 60_000);

  it('a namespace killed again and again is opened by one preorder, one reveal and one ready', async () => {
    const [payer, owner] = [await net.payer(50_000_000n), await net.payer(6_000n)];
    const from = await net.height();
    const world = await net.world();
    for (let runs = 0; ; runs++) {
      try {
        await openNamespace({ ...mortal(world, runs % 2 ? { save: 1 } : { broadcast: 1 }), namespace: 'kill-me-now', rules, owner, payer }, net.miner);
        break;
      } catch (error) {
        if (!(error instanceof Killed)) throw error;
      }
    }
    expect(await net.minedSince(from)).toEqual(['*', '&', '!']);
    expect((await world.indexer.namespaceRecord('kill-me-now'))?.['ready']).toBe(true);
    const again = { ...(await net.world()), namespace: 'kill-me-now', rules, owner, payer };
    await expect(openNamespace(again)).rejects.toMatchObject({ code: 'NameTaken' });
    await expect(openNamespace({ ...again, namespace: 'Bad' })).rejects.toMatchObject({ code: 'NameInvalid' });
    await expect(openNamespace({ ...again, namespace: 'other-one', rules: { ...rules, coeff: 256 } })).rejects.toMatchObject({ code: 'OperationInvalid' });
  }, 60_000);

  it('the journal holds each transaction before it is sent, and no key', async () => {
    const [name, payer, owner] = [fresh(), await net.payer(200_000n), await net.payer(6_000n)];
    const world = await net.world();
    const sent: { txid: string; written: boolean }[] = [];
    const watching: RegistrationWorld = {
      ...world,
      payments: {
        ...world.payments,
        broadcast: async (bytes, options) => {
          const entry = await world.journal.load(registrationKey(name, world.network));
          const plan = entry && decodePlan(entry, 'entry');
          const txid = await world.payments.broadcast(bytes, options);
          sent.push({ txid, written: plan?.state.kind === 'signed' && plan.state.current.txid === txid });
          return txid;
        },
      },
    };
    await register({ ...watching, name, zoneFile, owner, payer, publish }, net.miner);
    expect(sent.map(({ written }) => written)).toEqual([true, true]);
  }, 30_000);

  it('a transaction that nodes refuse is drawn up again with the same first input, so that at most one can confirm', async () => {
    const [name, payer, owner] = [fresh(), await net.payer(200_000n, 200_000n), await net.payer(6_000n)];
    const from = await net.height();
    const world = await net.world();
    const refusedBytes: Uint8Array[] = [];
    const refusing: RegistrationWorld = {
      ...world,
      payments: { ...world.payments, broadcast: (bytes) => (refusedBytes.push(bytes), Promise.reject(rejected())) },
    };
    const terms = { name, zoneFile, owner, payer, publish };
    for (const _ of [1, 2]) await expect(register({ ...refusing, ...terms }, net.miner)).rejects.toMatchObject({ code: 'BroadcastRejected' });
    const { receipts } = await register({ ...world, ...terms }, net.miner);
    const [first] = receipts;
    const tried = [...refusedBytes, await world.transactions.transaction(first?.txid ?? '')];
    const outpoints = tried.map((bytes) => parseTransaction(bytes ?? new Uint8Array()).inputs[0]).map((input) => `${input?.txid}:${input?.vout}`);
    expect(refusedBytes).toHaveLength(2);
    expect(new Set(outpoints).size).toBe(1);
    expect(await net.minedSince(from)).toEqual(['?', ':']);
  }, 30_000);

  it('a node that says it refused, and relayed in secret, brings no second preorder', async () => {
    const [name, payer, owner] = [fresh(), await net.payer(200_000n, 200_000n), await net.payer(6_000n)];
    const from = await net.height();
    const world = await net.world();
    const lying: RegistrationWorld = {
      ...world,
      transactions: {
        ...world.transactions,
        transaction: async (txid, options) => ((await world.transactions.inclusion(txid, options)) ? world.transactions.transaction(txid, options) : null),
      },
      payments: {
        ...world.payments,
        broadcast: async (bytes, options) => Promise.reject(await world.payments.broadcast(bytes, options).then(rejected, rejected)),
      },
    };
    const terms = { name, zoneFile, owner, payer, publish };
    for (const _ of [1, 2, 3]) await expect(register({ ...lying, ...terms }, net.miner)).rejects.toMatchObject({ code: 'BroadcastRejected' });
    await net.mine();
    const { receipts } = await register({ ...world, ...terms }, net.miner);
    expect(receipts).toHaveLength(2);
    expect(await net.minedSince(from)).toEqual(['?', ':']);
  }, 30_000);

  it('nothing is written or paid when the money, the name or the price is not right', async () => {
    const [payer, owner] = [await net.payer(30_000n), await net.payer(6_000n)];
    const from = await net.height();
    const world = await net.world();
    const attempt = (terms: Partial<RegisterTerms> & { readonly name: string }): Promise<unknown> =>
      register({ ...world, zoneFile, owner, payer, publish, ...terms }, net.miner);
    await expect(attempt({ name: 'Alice.id' })).rejects.toMatchObject({ code: 'NameInvalid' });
    await expect(attempt({ name: fresh(), zoneFile: new Uint8Array(40_961) })).rejects.toMatchObject({ code: 'ZoneFileTooLarge' });
    await expect(attempt({ name: fresh(), maxPrice: 100n })).rejects.toMatchObject({ code: 'NameUnaffordable' });
    await expect(attempt({ name: 'alice.closed' })).rejects.toMatchObject({ code: 'NamespaceNotReady' });
    await expect(attempt({ name: 'al.id' })).rejects.toMatchObject({
      code: 'FundsTooLow',
      message: expect.stringMatching(/ \(\d+ of them stay yours, as change.* at [mn2][1-9A-Za-z]{25,34}: send \d+ or more/) as string,
    });
    expect(await net.minedSince(from)).toEqual([]);
    expect(await net.bitcoin.rpc('getrawmempool', [])).toEqual([]);
  }, 30_000);

  it('other terms than those under way are refused, and another journal entry is not disturbed', async () => {
    const [name, payer, owner, other] = [fresh(), await net.payer(200_000n), await net.payer(6_000n), await net.payer(200_000n)];
    const world = await net.world();
    const terms = { ...world, name, zoneFile, owner, payer, publish };
    await expect(register({ ...terms, ...mortal(world, { save: 4 }) })).rejects.toThrow(Killed);
    await expect(register({ ...terms, payer: other }, net.miner)).rejects.toThrow(/another payer/);
    await expect(register({ ...terms, owner: other }, net.miner)).rejects.toThrow(/another owner/);
    await expect(register({ ...terms, zoneFile: fromUtf8('else') }, net.miner)).rejects.toThrow(/another zoneFile/);
    await register(terms, net.miner);
  }, 30_000);

  it('is stopped by its signal, keeps its place and goes on', async () => {
    const [name, payer, owner] = [fresh(), await net.payer(200_000n), await net.payer(6_000n)];
    const from = await net.height();
    const world = await net.world();
    const stop = new AbortController();
    const terms = { ...world, name, zoneFile, owner, payer, publish };
    const run = register(terms, { signal: stop.signal, onProgress: ({ stage }) => stage === 'confirming' && stop.abort() });
    await expect(run).rejects.toMatchObject({ code: 'Aborted' });
    await register(terms, net.miner);
    expect(await net.minedSince(from)).toEqual(['?', ':']);
  }, 30_000);
});
