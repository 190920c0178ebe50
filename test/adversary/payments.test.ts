import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/lib/adapters/clock.js';
import { concat, fromHex, reversed } from '../../src/lib/bytes.js';
import { hash256 } from '../../src/lib/hash.js';
import { p2pkh, type Account } from '../../src/names/bitcoin/account.js';
import { updateName } from '../../src/names/bitcoin/builder.js';
import { openInclusion } from '../../src/names/bitcoin/confirmation.js';
import { pay, type PaymentWorld } from '../../src/names/bitcoin/pay.js';
import { decodePlan } from '../../src/names/bitcoin/planCodec.js';
import { runPlan, type PlanWorld } from '../../src/names/bitcoin/run.js';
import type { Inclusion, Unspent } from '../../src/names/bitcoin/source.js';
import { parseHeader } from '../../src/names/bitcoin/header.js';
import { memoryJournal } from '../../src/names/journal.js';
import { mint, regtestish, signerAt } from '../names/bitcoin/coins.js';
import { mineHeader, mineHeaders, regtest } from '../names/bitcoin/regtest.js';

const payer = p2pkh(signerAt(1));
const other = p2pkh(signerAt(2));
const parties = { payer, owner: payer };
const recipe = updateName({ name: 'alice.id', valueHash: '11'.repeat(20), consensusHash: '22'.repeat(16) }, regtestish);
const unexpected = (): Promise<never> => Promise.reject(new Error('not expected'));

/** A source that lists one coin, and may lie about it. */
function bank(lie: (coin: Unspent) => Unspent = (coin) => coin, account: Account = payer): PaymentWorld {
  const minted = mint();
  const { txid, vout, value, height } = minted.coin(account, 50_000n);
  return {
    network: regtestish,
    transactions: minted.source,
    payments: {
      operator: 'bank',
      unspent: () => Promise.resolve([lie({ txid, vout, value, height })]),
      feeRate: () => Promise.resolve(2),
      broadcast: unexpected,
    },
  };
}

describe('a source of coins that lies', () => {
  it('pays honestly when it does not', async () => {
    expect((await pay(recipe, parties, bank())).fee).toBeGreaterThan(0n);
  });

  it.each<[string, (coin: Unspent) => Unspent]>([
    ['less, so that the rest is burned as fee', (coin) => ({ ...coin, value: 20_000n })],
    ['more', (coin) => ({ ...coin, value: 80_000n })],
    ['what another output holds', (coin) => ({ ...coin, vout: 0 })],
    ['what no output holds', (coin) => ({ ...coin, vout: 9 })],
  ])('is caught when it says that a coin is worth %s', async (_, lie) => {
    await expect(pay(recipe, parties, bank(lie))).rejects.toMatchObject({ code: 'TransactionMismatch' });
  });

  it('is caught when the coin lies at another script', async () => {
    await expect(
      pay(
        recipe,
        parties,
        bank((coin) => coin, other),
      ),
    ).rejects.toMatchObject({ code: 'TransactionMismatch' });
  });

  it('is caught when it shows another transaction for the coin, or none, or bytes that are none', async () => {
    const honest = bank();
    const elsewhere = mint();
    elsewhere.coin(other, 1n);
    const twin = elsewhere.coin(payer, 50_000n);
    const showing = (bytes: Uint8Array | null): PaymentWorld => ({
      ...honest,
      transactions: { ...honest.transactions, transaction: () => Promise.resolve(bytes) },
    });
    await expect(pay(recipe, parties, showing(elsewhere.stored.get(twin.txid) ?? null))).rejects.toMatchObject({ code: 'TransactionMismatch' });
    await expect(pay(recipe, parties, showing(null))).rejects.toMatchObject({ code: 'TransactionMissing' });
    await expect(pay(recipe, parties, showing(new Uint8Array(100)))).rejects.toMatchObject({ code: 'Malformed' });
  });

  it.each([1001, 1e9, Number.POSITIVE_INFINITY, Number.NaN])('is caught when it asks for %d satoshi per virtual byte', async (rate) => {
    const world = bank();
    await expect(pay(recipe, parties, { ...world, payments: { ...world.payments, feeRate: () => Promise.resolve(rate) } })).rejects.toMatchObject({
      code: 'FeeTooHigh',
    });
  });

  it('cannot raise the fee rate above the caller’s ceiling', async () => {
    const world = bank();
    await expect(
      pay(recipe, parties, { ...world, payments: { ...world.payments, feeRate: () => Promise.resolve(21) } }, { maxFeeRate: 20 }),
    ).rejects.toMatchObject({ code: 'FeeTooHigh' });
  });

  it('cannot have unconfirmed coins spent, which may vanish', async () => {
    await expect(
      pay(
        recipe,
        parties,
        bank((coin) => ({ ...coin, height: 0 })),
      ),
    ).rejects.toMatchObject({ code: 'FundsTooLow' });
  });

  it('cannot make a native segwit coin an input of a BNS operation', async () => {
    const native: Account = { lock: { kind: 'p2wpkh', publicKey: signerAt(3).publicKey }, signers: [signerAt(3)] };
    await expect(
      pay(
        recipe,
        { payer: native, owner: native },
        bank((coin) => coin, native),
      ),
    ).rejects.toMatchObject({ code: 'InputForbidden' });
  });
});

describe('a way into the mempool that lies', () => {
  it('is caught when it answers another id, and the transaction stays written down', async () => {
    const journal = memoryJournal();
    const world = bank();
    const plan: PlanWorld = {
      ...world,
      payments: { ...world.payments, broadcast: () => Promise.resolve('ab'.repeat(32)) },
      headers: { operator: 'none', headers: unexpected },
      indexer: {
        operator: 'none',
        tip: unexpected,
        consensusHashes: unexpected,
        operationsHashes: unexpected,
        operations: unexpected,
        nameRecord: unexpected,
        namespaceRecord: unexpected,
      },
      journal,
      clock: systemClock(),
    };
    const script = {
      key: 'k',
      terms: {},
      steps: [{ opcode: recipe.opcode, outputs: 0n, draw: () => Promise.resolve(recipe) }],
      finish: () => Promise.resolve(),
    };
    await expect(runPlan(script, parties, plan, {})).rejects.toMatchObject({ code: 'TransactionMismatch' });
    const entry = await journal.load('k');
    expect(entry && decodePlan(entry, 'k').state.kind).toBe('signed');
  });
});

describe('a source of confirmations that lies', () => {
  const txid = 'cd'.repeat(32);
  const sibling = new Uint8Array(32).fill(7);
  const root = hash256(concat(reversed(fromHex(txid)), sibling));
  const genesis = parseHeader(fromHex(regtest.genesisHeader));
  const own = mineHeader({ previous: genesis.hash, merkleRoot: root, time: genesis.time + 600 });
  const honest = [own, ...mineHeaders(2, own)];
  const inclusion: Inclusion = { height: 1, index: 0, branch: [sibling] };
  const ask = (headers: readonly Uint8Array[], told: Inclusion | null = inclusion): ReturnType<typeof openInclusion> =>
    openInclusion(txid, 3, {
      network: { ...regtestish, bitcoin: regtest },
      headers: { operator: 'liar', headers: () => Promise.resolve(headers) },
      transactions: { operator: 'liar', transaction: unexpected, inclusion: () => Promise.resolve(told) },
    });

  it('is believed when the path leads to the header and the headers follow one another', async () => {
    expect(await ask(honest)).toEqual({ height: 1, confirmations: 3 });
    expect(await ask(honest.slice(0, 1))).toEqual({ height: 1, confirmations: 1 });
    expect(await ask([], inclusion)).toBeNull();
    expect(await ask(honest, null)).toBeNull();
    expect(await ask([...honest, ...honest])).toMatchObject({ confirmations: 3 });
  });

  it('is caught when the path leads elsewhere, the headers do not follow, or carry no work', async () => {
    await expect(ask(honest, { ...inclusion, branch: [new Uint8Array(32)] })).rejects.toMatchObject({ code: 'MerkleMismatch' });
    const [, second] = honest;
    await expect(ask([own, ...mineHeaders(1, second)])).rejects.toMatchObject({ code: 'HeaderLinkage' });
    const workless = mineHeader({ previous: parseHeader(own).hash, time: genesis.time + 1200, workless: true });
    await expect(ask([own, workless])).rejects.toMatchObject({ code: 'HeaderWork' });
  });
});
