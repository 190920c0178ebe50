import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isNamesteadError } from '../../../src/lib/errors.js';
import { fromHex } from '../../../src/lib/bytes.js';
import { lockScript, multisig, p2pkh, p2shP2wpkh, type Account } from '../../../src/names/bitcoin/account.js';
import * as builder from '../../../src/names/bitcoin/builder.js';
import type { Recipe } from '../../../src/names/bitcoin/builder.js';
import { decodeOperation, type Operation } from '../../../src/names/bitcoin/operation.js';
import { pay, proposePayment } from '../../../src/names/bitcoin/pay.js';
import { combinePayments, finalizePayment, signPayment } from '../../../src/names/bitcoin/payment.js';
import { addressOfScript, nulldataOf, scriptOfAddress } from '../../../src/names/bitcoin/script.js';
import { parseTransaction } from '../../../src/names/bitcoin/transaction.js';
import { bank, mint, regtestish, signerAt } from './coins.js';

const CH = 'dfe87cfd31ffa2a3b8101e3e93096f2b';
const VALUE = '767c7847a528384b9d85ed1428450058e717f848';
const owner = p2pkh(signerAt(1));
const payer = p2pkh(signerAt(2));
const segwit = p2shP2wpkh(signerAt(3));
const board = multisig(
  2,
  [4, 5, 6].map((n) => signerAt(n).publicKey),
  [signerAt(4), signerAt(6)],
);
const addressOf = (account: Account): string => addressOfScript(lockScript(account.lock)) ?? '';
const terms = {
  lifetime: 52595,
  coeff: 250,
  base: 4,
  buckets: [6, 5, 4, 3, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
  nonalphaDiscount: 4,
  noVowelDiscount: 4,
  version: 1,
};

/** Each builder by opcode, from one set of facts. */
const recipes = (by: Account, epoch: number, price: bigint): readonly Recipe[] => {
  const name = 'alice.id';
  const to = addressOf(owner);
  return [
    builder.preorderName({ name, owner: to, payer: by, consensusHash: CH, price, payee: builder.BURN_ADDRESS }, regtestish),
    builder.registerName({ name, owner: to, valueHash: VALUE }, regtestish),
    builder.renewName({ name, owner: to, valueHash: VALUE, price, payee: builder.BURN_ADDRESS, epoch }, regtestish),
    builder.updateName({ name, valueHash: VALUE, consensusHash: CH }, regtestish),
    builder.transferName({ name, to: addressOf(board), keepData: true, consensusHash: CH }, regtestish),
    builder.revokeName(name, regtestish),
    builder.importName({ name, owner: addressOf(board), valueHash: fromHex(VALUE) }, regtestish),
    builder.preorderNamespace({ namespace: 'id', owner: to, payer: by, consensusHash: CH, price, tokens: epoch >= 4 ? 1n : null }, regtestish),
    builder.revealNamespace({ ...terms, namespace: 'id', owner: to }, regtestish),
    builder.readyNamespace('id', regtestish),
    builder.announce(VALUE, regtestish),
    ...(epoch >= 4 ? [builder.transferTokens({ to: addressOf(segwit), amount: 1n, scratch: 'ff', consensusHash: CH }, regtestish)] : []),
  ];
};

/** Counts of outputs that the rules allow (spec a.4). */
const allowed: Partial<Record<Operation['opcode'], (outputs: number) => boolean>> = {
  NAME_PREORDER: (n) => n === 3,
  NAME_REGISTRATION: (n) => n <= 3,
  NAME_RENEWAL: (n) => n >= 4,
  NAMESPACE_PREORDER: (n) => n >= 3,
  NAMESPACE_REVEAL: (n) => n === 3,
};

describe('every operation', () => {
  it('is built so that it parses, decodes to itself, has its outputs in place and its sender as input 0', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          index: fc.nat(11),
          by: fc.constantFrom(payer, segwit, board, owner),
          by0: fc.constantFrom(owner, segwit, board),
          epoch: fc.constantFrom(3, 4, 5, 6),
          price: fc.bigInt(0n, 50_000n),
          values: fc.array(fc.bigInt(20_000n, 90_000n), { minLength: 1, maxLength: 3 }),
        }),
        async ({ index, by, by0, epoch, price, values }) => {
          const made = recipes(by, epoch, price)[index];
          fc.pre(made !== undefined);
          const minted = mint();
          const payments = bank(minted, [[by0, 5_500n], ...values.map((value): [Account, bigint] => [by, value])]);
          const parties = { payer: by, owner: by0 };
          let payment;
          try {
            payment = await pay(made, parties, { network: regtestish, payments, transactions: minted.source });
          } catch (error) {
            const sender = made.sender === 'owner' ? by0 : by;
            if (isNamesteadError(error, 'InputForbidden')) expect(made.plainSender && sender.lock.kind !== 'p2pkh').toBe(true);
            else expect(error).toMatchObject({ code: 'FundsTooLow' });
            return;
          }
          const transaction = parseTransaction(payment.bytes);
          const { outputs, inputs } = transaction;
          const data = nulldataOf(outputs);
          const decoded = data && decodeOperation(data, { magic: 'id', epoch, outputs: outputs.length });
          expect(decoded?.opcode).toBe(made.opcode);
          expect(allowed[made.opcode as Operation['opcode']]?.(outputs.length) ?? true).toBe(true);
          expect(outputs[0]).toEqual(made.outputs[0]);
          // The sender's change stands where the layout wants it; the rest keeps its order.
          const sender = lockScript((made.sender === 'owner' ? by0 : by).lock);
          if (made.backRequired) expect(outputs[made.back]?.script).toEqual(sender);
          const first = parseTransaction(minted.stored.get(inputs[0]?.txid ?? '') ?? new Uint8Array()).outputs[inputs[0]?.vout ?? 0];
          expect(first?.script).toEqual(sender);
          if (made.opcode === 'NAME_PREORDER') expect([outputs[2]?.value, outputs[2]?.script]).toEqual([made.price, scriptOfAddress(builder.BURN_ADDRESS)]);
          if (made.opcode === 'NAME_RENEWAL') expect([outputs[3]?.value, outputs[3]?.script]).toEqual([made.price, scriptOfAddress(builder.BURN_ADDRESS)]);
          if (made.opcode === 'NAME_REGISTRATION' || made.opcode === 'NAMESPACE_REVEAL' || made.opcode === 'NAME_RENEWAL')
            expect(outputs[1]).toEqual({ value: 5500n, script: lockScript(owner.lock) });
          const spent = inputs.reduce(
            (sum, input) => sum + (parseTransaction(minted.stored.get(input.txid) ?? new Uint8Array()).outputs[input.vout]?.value ?? 0n),
            0n,
          );
          expect(spent).toBe(outputs.reduce((sum, { value }) => sum + value, payment.fee));
        },
      ),
      { seed: 20164, numRuns: 150 },
    );
  });

  it('gives a name’s owner his coin back whole, so that the payer pays all', async () => {
    const minted = mint();
    const payments = bank(minted, [
      [owner, 9_999n],
      [owner, 5_500n],
      [payer, 50_000n],
    ]);
    const made = builder.updateName({ name: 'alice.id', valueHash: VALUE, consensusHash: CH }, regtestish);
    const { outputs, inputs } = parseTransaction((await pay(made, { payer, owner }, { network: regtestish, payments, transactions: minted.source })).bytes);
    expect(inputs).toHaveLength(2);
    expect(outputs[1]).toEqual({ value: 5_500n, script: lockScript(owner.lock) });
    expect(outputs[2]?.script).toEqual(lockScript(payer.lock));
  });

  it('refuses native segwit inputs, from payer and owner alike', async () => {
    const native: Account = { lock: { kind: 'p2wpkh', publicKey: signerAt(7).publicKey }, signers: [signerAt(7)] };
    const minted = mint();
    const payments = bank(minted, [
      [native, 90_000n],
      [payer, 90_000n],
    ]);
    const world = { network: regtestish, payments, transactions: minted.source };
    const update = builder.updateName({ name: 'alice.id', valueHash: VALUE, consensusHash: CH }, regtestish);
    await expect(pay(update, { payer, owner: native }, world)).rejects.toMatchObject({ code: 'InputForbidden' });
    await expect(pay(update, { payer: native, owner }, world)).rejects.toMatchObject({ code: 'InputForbidden' });
    const preorder = builder.registerName({ name: 'alice.id', owner: addressOf(owner), valueHash: VALUE }, regtestish);
    await expect(pay(preorder, { payer: native, owner: payer }, world)).rejects.toMatchObject({ code: 'InputForbidden' });
  });

  it('names the owner’s address when he has no coin to sign with', async () => {
    const minted = mint();
    const world = { network: regtestish, payments: bank(minted, [[payer, 90_000n]]), transactions: minted.source };
    await expect(pay(builder.revokeName('alice.id', regtestish), { payer, owner }, world)).rejects.toMatchObject({
      code: 'FundsTooLow',
      message: expect.stringMatching(/ at [mn][1-9A-Za-z]{33}/) as string,
    });
  });

  it('leaves a preorder’s change with what the registration will cost', async () => {
    const minted = mint();
    const world = {
      network: regtestish,
      payments: bank(minted, [
        [payer, 20_000n],
        [payer, 9_000n],
      ]),
      transactions: minted.source,
    };
    const made = recipes(payer, 3, 6_500n)[0] as Recipe;
    const { outputs } = parseTransaction((await pay(made, { payer, owner }, world, { reserve: 18_000n })).bytes);
    expect((outputs[1]?.value ?? 0n) >= 18_000n).toBe(true);
    await expect(pay(made, { payer, owner }, world, { reserve: 28_000n })).rejects.toMatchObject({ code: 'FundsTooLow' });
  });

  it('hands out a PSBT that signers elsewhere complete', async () => {
    const minted = mint();
    const world = { network: regtestish, payments: bank(minted, [[board, 90_000n]]), transactions: minted.source };
    const psbt = await proposePayment(recipes(board, 3, 6_500n)[0] as Recipe, { payer: { ...board, signers: [] }, owner }, world);
    const halves = await Promise.all([signerAt(5), signerAt(6)].map((signer) => signPayment(psbt, [signer])));
    expect(parseTransaction(finalizePayment(combinePayments(psbt, ...halves)).bytes).outputs).toHaveLength(3);
  });

  it('keeps to the caller’s ceiling on fee rates', async () => {
    const minted = mint();
    const world = { network: regtestish, payments: bank(minted, [[payer, 90_000n]]), transactions: minted.source };
    const made = recipes(payer, 3, 6_500n)[0] as Recipe;
    await expect(pay(made, { payer, owner }, world, { maxFeeRate: 1 })).rejects.toMatchObject({ code: 'FeeTooHigh' });
    await expect(pay(made, { payer, owner }, { ...world, payments: { ...world.payments, feeRate: () => Promise.resolve(Number.NaN) } })).rejects.toMatchObject({
      code: 'FeeTooHigh',
    });
  });
});
