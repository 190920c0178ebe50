import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromUtf8, toHex, toUtf8 } from '../../../src/lib/bytes.js';
import { isNamesteadError } from '../../../src/lib/errors.js';
import { bumped, confirmed, createPlan, finished, funded, refused, reopened, signed, type Plan, type Signed } from '../../../src/names/bitcoin/plan.js';
import { decodePlan, encodePlan } from '../../../src/names/bitcoin/planCodec.js';

const hex = (bytes: number): fc.Arbitrary<string> => fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((value) => toHex(value));
const satoshi = fc.bigInt(0n, 2_100_000_000_000_000n);
const spent = {
  operation: fc.constantFrom('NAME_PREORDER', 'NAME_REGISTRATION'),
  name: fc.string(),
  hash: fc.option(hex(20)),
  fee: satoshi,
  price: satoshi,
  txid: hex(32),
};
const change = fc.option(fc.nat(9));
const transaction: fc.Arbitrary<Signed> = fc.record({
  ...spent,
  change,
  until: fc.option(fc.nat()),
  bytes: fc.uint8Array({ minLength: 1, maxLength: 400 }),
});
const coins = fc.array(
  hex(32).map((txid) => `${txid}:1`),
  { maxLength: 3 },
);
const former = fc.array(transaction, { maxLength: 3 });
const plans: fc.Arbitrary<Plan> = fc.record({
  terms: fc.dictionary(fc.stringMatching(/^[a-z]{1,9}$/), fc.string()),
  receipts: fc.array(fc.record({ ...spent, change, height: fc.nat(), bytes: fc.option(fc.uint8Array({ minLength: 1, maxLength: 400 })) }), { maxLength: 4 }),
  state: fc.oneof(
    fc.record({ kind: fc.constant('planned' as const), former, later: former, coins }),
    fc.record({ kind: fc.constant('signed' as const), current: transaction, former, later: former }),
    fc.record({ kind: fc.constant('settled' as const) }),
    fc.record({ kind: fc.constant('done' as const) }),
  ),
});
const plain = (plan: Plan): unknown => JSON.parse(toUtf8(encodePlan(plan)));

describe('a plan', () => {
  it('comes back from the journal as it went in', () => {
    fc.assert(
      fc.property(plans, (plan) => {
        const again = decodePlan(encodePlan(plan), 'key');
        expect(plain(again)).toEqual(plain(plan));
        expect({ ...again.terms }).toEqual({ ...plan.terms });
      }),
      { seed: 20165, numRuns: 100 },
    );
  });

  it('damaged anywhere is refused as JournalCorrupt or reads as a plan, and never anything else', () => {
    fc.assert(
      fc.property(plans, fc.nat(), fc.nat(255), fc.boolean(), (plan, at, by, cut) => {
        const bytes = encodePlan(plan);
        const damaged = cut ? bytes.subarray(0, at % bytes.length) : bytes.with(at % bytes.length, by);
        try {
          expect(decodePlan(damaged, 'key').receipts).toBeInstanceOf(Array);
        } catch (error) {
          expect(isNamesteadError(error, 'JournalCorrupt')).toBe(true);
        }
      }),
      { seed: 20166, numRuns: 300 },
    );
  });

  it.each([
    ['no JSON', '{'],
    ['another version', '{"version":3,"terms":{},"receipts":[],"state":{"kind":"done"}}'],
    ['an unknown state', '{"version":1,"terms":{},"receipts":[],"state":{"kind":"lost"}}'],
    ['a list for an object', '[]'],
    [
      'an amount that is a number',
      '{"version":1,"terms":{},"receipts":[{"operation":"a","name":"b","hash":null,"fee":1,"price":"1","txid":"' +
        '00'.repeat(32) +
        '","height":1}],"state":{"kind":"done"}}',
    ],
  ])('is refused when it holds %s, and the entry is named', (_, text) => {
    expect(() => decodePlan(fromUtf8(text), 'register devnet alice.id')).toThrow(
      expect.objectContaining({ code: 'JournalCorrupt', message: expect.stringContaining('register devnet alice.id') as string }),
    );
  });

  it('goes planned, signed, planned, signed, settled, done, and keeps a receipt for each step', () => {
    const [one] = fc.sample(transaction, { seed: 1, numRuns: 1 });
    const [two] = fc.sample(transaction, { seed: 2, numRuns: 1 });
    if (!one || !two) throw new Error('no sample');
    const start = createPlan({ owner: 'x' });
    const preordered = signed(start, one);
    const rejected = refused(preordered);
    expect(rejected.state).toEqual({ kind: 'planned', former: [one], later: [], coins: [] });
    expect(signed(rejected, two).state).toEqual({ kind: 'signed', current: two, former: [one], later: [] });
    const half = confirmed(preordered, one, 300, 2);
    expect(half.state).toEqual({ kind: 'planned', former: [], later: [], coins: [] });
    const whole = confirmed(signed(half, two), two, 301, 2);
    expect(whole.state).toEqual({ kind: 'settled' });
    expect(whole.receipts.map(({ txid, height }) => [txid, height])).toEqual([
      [one.txid, 300],
      [two.txid, 301],
    ]);
    expect(finished(whole).state).toEqual({ kind: 'done' });
    expect(refused(start)).toBe(start);
  });

  it('written by version 1 is read, without the bytes it did not keep', () => {
    const [one] = fc.sample(transaction, { seed: 1, numRuns: 1 });
    if (!one) throw new Error('no sample');
    const { change: _, ...old } = one;
    const receipt = { operation: 'NAME_PREORDER', name: 'a.id', hash: null, fee: '1', price: '2', txid: '00'.repeat(32), height: 7 };
    const entry = {
      version: 1,
      terms: { owner: 'x' },
      receipts: [receipt],
      state: { kind: 'signed', current: { ...old, bytes: toHex(old.bytes), fee: '3', price: '4' }, former: [] },
    };
    const plan = decodePlan(fromUtf8(JSON.stringify(entry)), 'key');
    expect(plan.receipts).toEqual([{ ...receipt, fee: 1n, price: 2n, bytes: null, change: null }]);
    expect(plan.state).toMatchObject({ kind: 'signed', later: [], current: { txid: one.txid, change: null } });
  });

  it('taken back by a reorg keeps what was signed after, in order, and goes the same way again', () => {
    const [one, two] = fc.sample(transaction, { seed: 4, numRuns: 2 });
    if (!one || !two) throw new Error('no sample');
    const whole = confirmed(signed(confirmed(signed(createPlan({}), one), one, 300, 2), two), two, 301, 2);
    const back = reopened(whole, 0, one.bytes);
    expect(back).toMatchObject({ receipts: [], state: { kind: 'signed', current: { txid: one.txid }, later: [{ txid: two.txid }] } });
    const on = confirmed(back, one, 302, 2);
    expect(on.state).toMatchObject({ kind: 'signed', current: { txid: two.txid }, later: [] });
    expect(confirmed(on, two, 303, 2).receipts.map(({ height }) => height)).toEqual([302, 303]);
    expect(finished(whole).receipts.map(({ bytes }) => bytes)).toEqual([null, null]);
  });

  it('tells which coins are set aside, and watches both versions of what was bumped', () => {
    const [one, two] = fc.sample(transaction, { seed: 5, numRuns: 2 });
    if (!one || !two) throw new Error('no sample');
    expect(funded(createPlan({}), ['a:0']).state).toMatchObject({ kind: 'planned', coins: ['a:0'] });
    expect(bumped(signed(createPlan({}), one), two).state).toMatchObject({ kind: 'signed', current: two, former: [one] });
  });

  it('watches the latest refused transactions, each once, however often nodes refuse', () => {
    const samples = fc.sample(transaction, { seed: 3, numRuns: 40 });
    const last = [...samples, ...samples.slice(-1)].reduce((plan, current) => refused(signed(plan, current)), createPlan({}));
    const again = decodePlan(encodePlan(last), 'key');
    expect(again.state.kind === 'planned' && again.state.former.map(({ txid }) => txid)).toEqual(
      samples
        .slice(-16)
        .reverse()
        .map(({ txid }) => txid),
    );
  });
});
