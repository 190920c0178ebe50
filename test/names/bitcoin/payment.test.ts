import { Psbt, Transaction as Reference } from 'bitcoinjs-lib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat, fromHex, toHex } from '../../../src/lib/bytes.js';
import { hash160 } from '../../../src/lib/hash.js';
import { fromDer, lowS, verifySignature, type Signer } from '../../../src/lib/key.js';
import { multisig, p2pkh, p2pkhScript, p2shP2wpkh, lockScript, redeemScript, type Account } from '../../../src/names/bitcoin/account.js';
import { draftPayment, virtualSize, type Draft } from '../../../src/names/bitcoin/coin.js';
import { combinePayments, finalizePayment, preparePayment, signDraft, signPayment } from '../../../src/names/bitcoin/payment.js';
import { parseTransaction, txidOf } from '../../../src/names/bitcoin/transaction.js';
import { mint, signerAt } from './coins.js';

const owner = p2pkh(signerAt(1));
const payer = p2pkh(signerAt(2));
const segwit = p2shP2wpkh(signerAt(3));
const keys = [signerAt(4), signerAt(5), signerAt(6)];
const board = multisig(
  2,
  keys.map((key) => key.publicKey),
  keys,
);
const script = lockScript(payer.lock);

const highS = (signer: Signer): Signer => ({
  publicKey: signer.publicKey,
  sign: async (digest) => {
    const low = lowS(await signer.sign(digest));
    const s = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n - BigInt('0x' + toHex(low.subarray(32)));
    return concat(low.subarray(0, 32), fromHex(s.toString(16).padStart(64, '0')));
  },
});

function drafted(accounts: readonly Account[], minted = mint()): { draft: Draft; minted: ReturnType<typeof mint> } {
  const first = accounts.map((account) => minted.coin(account, 10_000n));
  return { minted, draft: draftPayment({ first, coins: [], outputs: [{ value: 5_500n, script: lockScript(owner.lock) }], change: { script }, feeRate: 3 }) };
}

/** Checks each signature against the reference's digests; scripts are taken apart by position. */
function checkSignatures(bytes: Uint8Array, draft: Draft): void {
  const reference = Reference.fromBuffer(bytes);
  const parsed = parseTransaction(bytes);
  draft.inputs.forEach((coin, index) => {
    const input = parsed.inputs[index];
    if (!input) throw new Error('no such input');
    if (coin.lock.kind === 'p2sh-multisig') {
      const digest = reference.hashForSignature(index, redeemScript(coin.lock) ?? new Uint8Array(), 1);
      let at = 1;
      for (let i = 0; i < coin.lock.required; i++) {
        const der = input.script.subarray(at + 1, at + (input.script[at] ?? 0));
        expect(coin.lock.publicKeys.some((key) => verifySignature(fromDer(der), digest, key))).toBe(true);
        at += 1 + (input.script[at] ?? 0);
      }
      return;
    }
    const legacy = coin.lock.kind === 'p2pkh';
    const signature = legacy ? input.script.subarray(1, 1 + (input.script[0] ?? 0)) : (input.witness[0] ?? new Uint8Array());
    const code = p2pkhScript(hash160(coin.lock.publicKey));
    const digest = legacy ? reference.hashForSignature(index, code, 1) : reference.hashForWitnessV0(index, code, coin.value, 1);
    const rs = fromDer(signature.subarray(0, -1));
    expect(verifySignature(rs, digest, coin.lock.publicKey)).toBe(true);
    expect(lowS(rs)).toEqual(rs);
  });
}

describe('a payment', () => {
  it('is signed by separate owner and payer signers for every kind of account, at the fee drafted, and the same by way of a PSBT', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom(owner, payer, segwit, board), { minLength: 1, maxLength: 5 }), async (accounts) => {
        const { draft, minted } = drafted(accounts);
        const psbt = await preparePayment(draft, minted.source);
        let signed = psbt;
        for (const { signers } of [owner, segwit, payer, board]) signed = await signPayment(signed, signers);
        const payment = finalizePayment(signed);
        expect(payment.fee).toBe(draft.fee);
        expect(payment.txid).toBe(txidOf(parseTransaction(payment.bytes)));
        expect(parseTransaction(payment.bytes).outputs).toEqual(draft.outputs);
        const size = Reference.fromBuffer(payment.bytes).virtualSize();
        expect(virtualSize(draft.inputs, draft.outputs)).toBeGreaterThanOrEqual(size);
        expect(virtualSize(draft.inputs, draft.outputs) - size).toBeLessThanOrEqual(3 * accounts.length * 2);
        checkSignatures(payment.bytes, draft);
        expect(
          await signDraft(
            draft,
            [owner, segwit, payer, board].flatMap(({ signers }) => signers),
            minted.source,
          ),
        ).toEqual(payment);
      }),
      { seed: 20162, numRuns: 25 },
    );
  });

  it('carries low S whatever the signer answers', async () => {
    const { draft, minted } = drafted([payer]);
    const signed = await signPayment(await preparePayment(draft, minted.source), [highS(signerAt(2))]);
    checkSignatures(finalizePayment(signed).bytes, draft);
    checkSignatures((await signDraft(draft, [highS(signerAt(2))], minted.source)).bytes, draft);
  });

  it('hands out a PSBT that two parties sign apart and that unites', async () => {
    const { draft, minted } = drafted([board]);
    const psbt = await preparePayment(draft, minted.source);
    const parts = await Promise.all([keys[0], keys[2]].map((key) => signPayment(psbt, key ? [key] : [])));
    for (const part of parts) expect(() => finalizePayment(part)).toThrow(expect.objectContaining({ code: 'SignatureMissing' }));
    checkSignatures(finalizePayment(combinePayments(psbt, ...parts)).bytes, draft);
    const other = await preparePayment(drafted([payer]).draft, mintedAgain());
    expect(() => combinePayments(psbt, other)).toThrow(expect.objectContaining({ code: 'Malformed' }));
  });

  it('refuses what a co-signer adds besides signatures: another worth, a script, another kind of signature', async () => {
    const { draft, minted } = drafted([segwit]);
    const psbt = await preparePayment(draft, minted.source);
    const added = (change: (input: Psbt) => unknown): Uint8Array => {
      const theirs = Psbt.fromBuffer(psbt);
      change(theirs);
      return combinePayments(psbt, theirs.toBuffer());
    };
    const lies = [
      added((open) => open.updateInput(0, { witnessUtxo: { script: lockScript(segwit.lock), value: 9_000_000n } })),
      added((open) => open.updateInput(0, { finalScriptSig: Uint8Array.of(1, 2) })),
      added((open) => open.updateInput(0, { finalScriptWitness: Uint8Array.of(1, 1, 2) })),
    ];
    for (const lie of lies) await expect(signPayment(lie, segwit.signers)).rejects.toMatchObject({ code: 'Malformed' });
    const none = added((open) => open.updateInput(0, { sighashType: 2 }));
    await expect(signPayment(none, segwit.signers)).rejects.toMatchObject({ code: 'SignatureInvalid' });
    // As hardware wallets add it.
    const told = added((open) => open.updateInput(0, { witnessUtxo: { script: lockScript(segwit.lock), value: 10_000n } }));
    expect(finalizePayment(await signPayment(told, segwit.signers)).fee).toBe(draft.fee);
  });

  it('is not finalized without the owner’s signature', async () => {
    const { draft, minted } = drafted([owner, payer]);
    const signed = await signPayment(await preparePayment(draft, minted.source), payer.signers);
    expect(() => finalizePayment(signed)).toThrow(expect.objectContaining({ code: 'SignatureMissing' }));
    await expect(signDraft(draft, payer.signers, minted.source)).rejects.toMatchObject({ code: 'SignatureMissing' });
  });

  it('refuses a signature that is not 64 bytes, and bytes that are no PSBT', async () => {
    const { draft, minted } = drafted([payer]);
    const psbt = await preparePayment(draft, minted.source);
    const broken: Signer = { publicKey: signerAt(2).publicKey, sign: () => Promise.resolve(new Uint8Array(65)) };
    await expect(signDraft(draft, [broken], minted.source)).rejects.toMatchObject({ code: 'SignatureInvalid' });
    await expect(signPayment(psbt, [broken])).rejects.toMatchObject({ code: 'SignatureInvalid' });
    await expect(signPayment(psbt.subarray(0, 40), [])).rejects.toMatchObject({ code: 'Malformed' });
    expect(() => finalizePayment(Uint8Array.of(1, 2, 3))).toThrow(expect.objectContaining({ code: 'Malformed' }));
  });

  it('needs no key but a signer’s public half to be prepared', async () => {
    const { draft, minted } = drafted([{ lock: { kind: 'p2pkh', publicKey: signerAt(2).publicKey }, signers: [] }]);
    expect((await preparePayment(draft, minted.source)).length).toBeGreaterThan(0);
  });
});

function mintedAgain(): ReturnType<typeof mint>['source'] {
  const again = mint();
  again.coin(payer, 10_000n);
  return again.source;
}
