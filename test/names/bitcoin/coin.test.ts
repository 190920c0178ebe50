import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { multisig, p2pkh, p2shP2wpkh, lockScript, type Account } from '../../../src/names/bitcoin/account.js';
import { draftPayment, dustLimit, outpoint, virtualSize, type Coin } from '../../../src/names/bitcoin/coin.js';
import { isNamesteadError } from '../../../src/lib/errors.js';
import { fromHex, toHex } from '../../../src/lib/bytes.js';
import { signerAt } from './coins.js';

const one = p2pkh(signerAt(1));
const two = p2shP2wpkh(signerAt(2));
const three = multisig(2, [signerAt(3).publicKey, signerAt(4).publicKey, signerAt(5).publicKey], [signerAt(3)]);
const accounts: readonly Account[] = [one, two, three];
const script = lockScript(one.lock);
const coin = (value: bigint, n: number, account = one): Coin => ({ txid: toHex(new Uint8Array(32).fill(n)), vout: n, value, height: 1, lock: account.lock });
const codeOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    return isNamesteadError(error) ? error.code : String(error);
  }
  return 'nothing thrown';
};

describe('coin selection', () => {
  it('pays outputs and fee to the last satoshi, never with dust change, and keeps the places asked for', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ value: fc.bigInt(1n, 200_000n), account: fc.constantFrom(...accounts) }), { maxLength: 12 }),
        fc.array(fc.bigInt(546n, 50_000n), { minLength: 1, maxLength: 4 }),
        fc.double({ min: 0, max: 60, noNaN: true }),
        fc.option(fc.record({ at: fc.nat(3), least: fc.bigInt(0n, 20_000n) }), { nil: undefined }),
        (made, values, feeRate, fixed) => {
          const coins = made.map(({ value, account }, n) => coin(value, n + 1, account));
          const outputs = values.map((value) => ({ value, script }));
          let draft;
          try {
            draft = draftPayment({ coins, outputs, change: { script, ...fixed }, feeRate });
          } catch (error) {
            expect(isNamesteadError(error, 'FundsTooLow')).toBe(true);
            return;
          }
          const spent = draft.inputs.reduce((sum, { value }) => sum + value, 0n);
          const paid = draft.outputs.reduce((sum, { value }) => sum + value, 0n);
          expect(spent).toBe(paid + draft.fee);
          const rate = Math.max(1, feeRate);
          const size = virtualSize(draft.inputs, draft.outputs);
          expect(Number(draft.fee)).toBeGreaterThanOrEqual(Math.ceil(size * rate));
          expect(Number(draft.fee)).toBeLessThanOrEqual(Math.ceil((size + 34) * rate) + 546);
          expect(new Set(draft.inputs.map(outpoint)).size).toBe(draft.inputs.length);
          for (const output of draft.outputs) expect(output.value >= dustLimit(output.script)).toBe(true);
          if (fixed) {
            expect(draft.change).toBe(Math.min(fixed.at, values.length));
            expect((draft.outputs[draft.change ?? -1]?.value ?? -1n) >= fixed.least).toBe(true);
          }
          expect(draft.outputs.filter((_, index) => index !== draft.change)).toEqual(outputs);
        },
      ),
      { seed: 20161, numRuns: 300 },
    );
  });

  it('refuses only when all worthwhile coins together are too few, and says how much to send where', () => {
    const coins = [coin(3_000n, 1), coin(2_000n, 2)];
    const request = { coins, outputs: [{ value: 5_500n, script }], change: { script }, feeRate: 2, purpose: 'NAME_REGISTRATION of alice.id', address: 'mBank' };
    expect(() => draftPayment(request)).toThrow(
      /^6180 satoshi are needed for NAME_REGISTRATION of alice\.id and 5000 confirmed are there at mBank: send 1476 or more to it$/,
    );
    expect(draftPayment({ ...request, coins: [...coins, coin(1_476n, 3)] }).change).toBeNull();
  });

  it('spends the sender’s coin as input 0 even when others are larger', () => {
    const first = coin(5_500n, 9, two);
    const draft = draftPayment({ first: [first], coins: [coin(900_000n, 1), first], outputs: [{ value: 5_500n, script }], change: { script }, feeRate: 1 });
    expect(draft.inputs.map(outpoint)).toEqual([first, coin(900_000n, 1)].map(outpoint));
  });

  it('leaves coins that cost more than they bring', () => {
    const draft = draftPayment({
      coins: [coin(100_000n, 1), coin(1_400n, 2)],
      outputs: [{ value: 98_000n, script }],
      change: { script },
      feeRate: 10,
      purpose: 'x',
    });
    expect(draft.inputs).toHaveLength(1);
  });

  it('refuses fee rates no one pays, and output dust', () => {
    const base = { coins: [coin(10_000_000n, 1)], outputs: [{ value: 5_500n, script }], change: { script } };
    expect(codeOf(() => draftPayment({ ...base, feeRate: 1001 }))).toBe('FeeTooHigh');
    expect(codeOf(() => draftPayment({ ...base, feeRate: Number.NaN }))).toBe('FeeTooHigh');
    expect(codeOf(() => draftPayment({ ...base, feeRate: Number.POSITIVE_INFINITY }))).toBe('FeeTooHigh');
    expect(codeOf(() => draftPayment({ ...base, outputs: [{ value: 545n, script }], feeRate: 1 }))).toBe('OutputDust');
  });

  it('never pays less than 1 satoshi per virtual byte', () => {
    const draft = draftPayment({ coins: [coin(10_000n, 1)], outputs: [{ value: 5_500n, script }], change: { script }, feeRate: -5 });
    expect(draft.fee).toBe(BigInt(virtualSize(draft.inputs, draft.outputs)));
  });

  it('knows the dust limits of Bitcoin Core', () => {
    const limits = {
      [toHex(script)]: 546n,
      [toHex(lockScript(two.lock))]: 540n,
      ['0014' + '00'.repeat(20)]: 294n,
      ['0020' + '00'.repeat(32)]: 330n,
      ['5120' + '00'.repeat(32)]: 330n,
      ['6a0100']: 0n,
    };
    for (const [hex, limit] of Object.entries(limits)) expect(dustLimit(fromHex(hex))).toBe(limit);
  });
});
