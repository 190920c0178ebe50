import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromUtf8, toHex, toUtf8 } from '../../../src/lib/bytes.js';
import { isNamesteadError } from '../../../src/lib/errors.js';
import { confirmed, createPlan, decodePlan, encodePlan, finished, refused, signed, type Plan, type Signed } from '../../../src/names/bitcoin/plan.js';

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
const transaction: fc.Arbitrary<Signed> = fc.record({ ...spent, bytes: fc.uint8Array({ minLength: 1, maxLength: 400 }) });
const former = fc.array(transaction, { maxLength: 3 });
const plans: fc.Arbitrary<Plan> = fc.record({
  terms: fc.dictionary(fc.stringMatching(/^[a-z]{1,9}$/), fc.string()),
  receipts: fc.array(fc.record({ ...spent, height: fc.nat() }), { maxLength: 4 }),
  state: fc.oneof(
    fc.record({ kind: fc.constant('planned' as const), former }),
    fc.record({ kind: fc.constant('signed' as const), current: transaction, former }),
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
    ['another version', '{"version":2,"terms":{},"receipts":[],"state":{"kind":"done"}}'],
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
    expect(rejected.state).toEqual({ kind: 'planned', former: [one] });
    expect(signed(rejected, two).state).toEqual({ kind: 'signed', current: two, former: [one] });
    const half = confirmed(preordered, one, 300, 2);
    expect(half.state).toEqual({ kind: 'planned', former: [] });
    const whole = confirmed(signed(half, two), two, 301, 2);
    expect(whole.state).toEqual({ kind: 'settled' });
    expect(whole.receipts.map(({ txid, height }) => [txid, height])).toEqual([
      [one.txid, 300],
      [two.txid, 301],
    ]);
    expect(finished(whole).state).toEqual({ kind: 'done' });
    expect(refused(start)).toBe(start);
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
