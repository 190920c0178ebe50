import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fromHex, fromUtf8, reversed, toHex } from '../../src/lib/bytes.js';
import { hash256 } from '../../src/lib/hash.js';
import { bumpFee } from '../../src/names/bitcoin/bump.js';
import { parseTransaction, type Transaction } from '../../src/names/bitcoin/transaction.js';
import { changeKey, transfer, update } from '../../src/names/change.js';
import { openNamespace } from '../../src/names/namespace.js';
import { ownerAddress, register, registrationKey, type RegisterTerms } from '../../src/names/registration.js';
import { readStatus } from '../../src/names/status.js';
import { startWorld, type TestWorld } from './world.js';

const BITCOIND = process.env['BITCOIND'] ?? '';
const zoneFile = fromUtf8('zone file');
const rules = { lifetime: 52595, coeff: 1, base: 1, buckets: new Array<number>(16).fill(0), nonalphaDiscount: 1, noVowelDiscount: 1, version: 1 };
const publish: RegisterTerms['publish'] = () => Promise.resolve();

describe.each([{ kind: 'memory', path: undefined }, ...(BITCOIND === '' ? [] : [{ kind: 'bitcoind', path: BITCOIND }])])('a fee bump on $kind', ({ path }) => {
  let net: TestWorld;
  let count = 0;
  const fresh = (): string => `bump${++count}.bump`;
  beforeAll(async () => {
    net = await startWorld(path);
    await openNamespace({ ...(await net.world()), namespace: 'bump', rules, owner: await net.payer(6_000n), payer: await net.payer(50_000_000n) }, net.miner);
  }, 60_000);
  afterAll(() => net.close());

  const waiting = async (): Promise<Transaction> => {
    const [txid] = (await net.bitcoin.rpc('getrawmempool', [])) as string[];
    return parseTransaction(fromHex(String(await net.bitcoin.rpc('getrawtransaction', [txid]))));
  };
  /** Runs until the transaction waits, then stops. */
  const halfway = async (
    run: (options: { signal: AbortSignal; onProgress: (progress: { stage: string }) => void; feeRate: number }) => Promise<unknown>,
  ): Promise<void> => {
    const stop = new AbortController();
    const told = { signal: stop.signal, feeRate: 2, onProgress: ({ stage }: { stage: string }) => stage === 'confirming' && stop.abort() };
    await expect(run(told)).rejects.toMatchObject({ code: 'Aborted' });
  };

  it('changes nothing but the change, signals that it may be replaced, and is what gets mined', async () => {
    const [name, payer, owner] = [fresh(), await net.payer(100_000n), await net.payer(6_000n)];
    const from = await net.height();
    const world = await net.world();
    const terms = { ...world, name, zoneFile, owner, payer, publish };
    await halfway((options) => register(terms, options));
    const before = await waiting();
    const { txid, fee, replaced } = await bumpFee({ ...world, key: registrationKey(name, world.network), payer }, { feeRate: 9 });
    const after = await waiting();
    expect([before, after].flatMap(({ inputs }) => inputs.map(({ sequence }) => sequence < 0xfffffffe))).not.toContain(false);
    expect(after.inputs.map((input) => [input.txid, input.vout])).toEqual(before.inputs.map((input) => [input.txid, input.vout]));
    const fixed = ({ outputs }: Transaction): unknown => outputs.map(({ script, value }, at) => [toHex(script), at === 1 ? null : value]);
    expect(fixed(after)).toEqual(fixed(before));
    expect(replaced).not.toBe(txid);
    const status = await readStatus(registrationKey(name, world.network), world.journal);
    expect(status).toMatchObject({ stage: 'sent', waiting: { operation: 'NAME_PREORDER', txid, fee }, former: [replaced], receipts: [] });
    const { receipts } = await register(terms, net.miner);
    expect(receipts[0]).toMatchObject({ txid, fee });
    expect(await readStatus(registrationKey(name, world.network), world.journal)).toEqual({ stage: 'done', waiting: null, former: [], receipts });
    expect(await readStatus('register devnet nobody.id', world.journal)).toBeNull();
    expect(await net.minedSince(from)).toEqual(['?', ':']);
  }, 30_000);

  it('that came too late leaves the former version as the receipt', async () => {
    const [name, payer, owner] = [fresh(), await net.payer(100_000n), await net.payer(6_000n)];
    const from = await net.height();
    const world = await net.world();
    const terms = { ...world, name, zoneFile, owner, payer, publish };
    await halfway((options) => register(terms, options));
    // The node says it took the bump, and mines the other.
    const mute = { ...world.payments, broadcast: (bytes: Uint8Array) => Promise.resolve(toHex(reversed(hash256(bytes)))) };
    const { replaced } = await bumpFee({ ...world, payments: mute, key: registrationKey(name, world.network), payer }, { feeRate: 9 });
    await net.mine();
    const { receipts } = await register(terms, net.miner);
    expect(receipts[0]).toMatchObject({ txid: replaced });
    expect(await net.minedSince(from)).toEqual(['?', ':']);
  }, 30_000);

  it('by another process is found by the one that waits', async () => {
    const [name, payer, owner] = [fresh(), await net.payer(100_000n), await net.payer(6_000n)];
    const world = await net.world();
    const bumped: string[] = [];
    let began = false;
    let done: Promise<unknown> = Promise.resolve();
    const bump = async (): Promise<void> => {
      bumped.push((await bumpFee({ ...world, key: registrationKey(name, world.network), payer }, { feeRate: 9 })).txid);
      await net.mine();
    };
    const { receipts } = await register(
      { ...world, name, zoneFile, owner, payer, publish },
      {
        feeRate: 2,
        onProgress: ({ stage, operation }) => {
          if (stage === 'sent' && operation === 'NAME_REGISTRATION') void net.mine();
          if (stage !== 'confirming' || began) return;
          began = true;
          done = bump();
        },
      },
    );
    await done;
    expect(receipts[0]?.txid).toBe(bumped[0]);
  }, 30_000);

  it('takes confirmed coins of the payer where the change does not suffice, behind the same first input', async () => {
    const [name, payer, owner] = [fresh(), await net.payer(100_000n), await net.payer(6_000n)];
    const world = await net.world();
    await register({ ...world, name, zoneFile, owner, payer, publish }, net.miner);
    const poor = await net.payer(12_000n, 11_000n);
    const { height } = await world.indexer.tip();
    await halfway((options) => update({ ...world, name, zoneFile: fromUtf8('two'), owner, payer: poor, publish }, { ...options, feeRate: 2 }));
    const key = changeKey('update', { name, network: world.network });
    await bumpFee({ ...world, key, payer: poor, owner }, { feeRate: 35 });
    const after = await waiting();
    expect(after.inputs.length).toBeGreaterThan(2);
    const [updated] = await update(
      { ...world, name, zoneFile: fromUtf8('two'), owner, payer: poor, publish },
      { onProgress: ({ stage }) => stage === 'sent' && void net.mine() },
    );
    expect(updated?.height).toBeGreaterThan(height);
  }, 30_000);

  it('is refused below what nodes take, where nothing waits, and where another plan stands on its change', async () => {
    const [first, second, payer, owner] = [fresh(), fresh(), await net.payer(200_000n), await net.payer(6_000n)];
    const world = await net.world();
    const heir = ownerAddress(await net.payer(6_000n));
    for (const name of [first, second]) await register({ ...world, name, zoneFile, owner, payer, publish }, net.miner);
    const key = changeKey('update', { name: first, network: world.network });
    await expect(bumpFee({ ...world, key, payer, owner }, { feeRate: 9 })).rejects.toMatchObject({ code: 'NotFound' });
    await halfway((options) => update({ ...world, name: first, zoneFile: fromUtf8('two'), owner, payer, publish }, options));
    await expect(bumpFee({ ...world, key, payer, owner }, { feeRate: 2 })).rejects.toThrow(TypeError);
    // One coin each of payer and owner: the second change spends what the first gives back, before it is mined.
    await halfway((options) => transfer({ ...world, name: second, to: heir, keepZoneFile: true, owner, payer }, options));
    await expect(bumpFee({ ...world, key, payer, owner }, { feeRate: 9 })).rejects.toMatchObject({ code: 'JournalBusy' });
    await net.mine();
    await expect(bumpFee({ ...world, key, payer, owner }, { feeRate: 9 })).rejects.toMatchObject({ code: 'NotFound' });
    expect(await transfer({ ...world, name: second, to: heir, keepZoneFile: true, owner, payer })).toHaveLength(1);
    expect(await update({ ...world, name: first, zoneFile: fromUtf8('two'), owner, payer, publish })).toHaveLength(1);
  }, 30_000);
});
