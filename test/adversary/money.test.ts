import { Psbt, Transaction } from 'bitcoinjs-lib';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/lib/adapters/clock.js';
import { fromUtf8, toHex } from '../../src/lib/bytes.js';
import { addressOf } from '../../src/lib/address.js';
import { multisig, lockScript, p2pkh, p2shP2wpkh, redeemScript, type Account } from '../../src/names/bitcoin/account.js';
import { updateName } from '../../src/names/bitcoin/builder.js';
import { pay, proposePayment, type PaymentWorld } from '../../src/names/bitcoin/pay.js';
import { lowS } from '../../src/lib/key.js';
import { finalizePayment, signPayment } from '../../src/names/bitcoin/payment.js';
import { runPlan, type PlanWorld } from '../../src/names/bitcoin/run.js';
import { memoryJournal, type Journal } from '../../src/names/journal.js';
import { renew } from '../../src/names/change.js';
import { register } from '../../src/names/registration.js';
import { bank, mint, regtestish, signerAt } from '../names/bitcoin/coins.js';

const code = (value: string): unknown => expect.objectContaining({ code: value });
const payer = p2pkh(signerAt(1));
const recipe = updateName({ name: 'alice.id', valueHash: '11'.repeat(20), consensusHash: '22'.repeat(16) }, regtestish);
const unexpected = (): Promise<never> => Promise.reject(new Error('not expected'));
const silent = {
  operator: 'none',
  tip: unexpected,
  consensusHashes: unexpected,
  operationsHashes: unexpected,
  operations: unexpected,
  nameRecord: unexpected,
  namespaceRecord: unexpected,
};

describe('a source that lists one coin twice', () => {
  it('does not have it spent twice, nor counted twice', async () => {
    const minted = mint();
    const payments = bank(minted, [[payer, 30_000n]]);
    const twice: PaymentWorld = {
      network: regtestish,
      transactions: minted.source,
      payments: { ...payments, unspent: async (script) => [...(await payments.unspent(script)), ...(await payments.unspent(script))] },
    };
    const { bytes } = await pay(recipe, { payer, owner: payer }, twice);
    expect(Transaction.fromBuffer(bytes).ins).toHaveLength(1);
    // One coin does not pay some 204 bytes at this rate, two would pay 352.
    const dear = { ...twice, payments: { ...twice.payments, feeRate: () => Promise.resolve(165) } };
    await expect(pay(recipe, { payer, owner: payer }, dear)).rejects.toThrow(code('FundsTooLow'));
  });
});

describe('another party of a multisig who hands over a PSBT', () => {
  const keys = [signerAt(81), signerAt(82)];
  const board = multisig(
    2,
    keys.map(({ publicKey }) => publicKey),
    keys,
  );
  const proposed = async (account: Account): Promise<Psbt> => {
    const minted = mint();
    const world = { network: regtestish, transactions: minted.source, payments: bank(minted, [[account, 90_000n]]) };
    return Psbt.fromBuffer(await proposePayment(recipe, { payer: account, owner: account }, world));
  };

  it.each([Transaction.SIGHASH_NONE, Transaction.SIGHASH_NONE | Transaction.SIGHASH_ANYONECANPAY, Transaction.SIGHASH_SINGLE])(
    'gets no signature of kind %d, which would let him change where the money goes',
    async (sighashType) => {
      const psbt = await proposed(board);
      psbt.updateInput(0, { sighashType });
      await expect(signPayment(psbt.toBuffer(), keys)).rejects.toThrow(code('SignatureInvalid'));
    },
  );

  it('gets no signature for a segwit coin whose worth only he tells, which could burn the rest as fee', async () => {
    const account = p2shP2wpkh(signerAt(80));
    const honest = await proposed(account);
    const lying = new Psbt();
    const { hash, index } = honest.txInputs[0] ?? { hash: new Uint8Array(), index: 0 };
    lying.addInput({
      hash,
      index,
      witnessUtxo: { script: lockScript(account.lock), value: 20_000n },
      redeemScript: redeemScript(account.lock) ?? new Uint8Array(),
    });
    for (const { script, value } of honest.txOutputs) lying.addOutput({ script, value: value > 15_000n ? 15_000n : value });
    await expect(signPayment(lying.toBuffer(), [signerAt(80)])).rejects.toThrow(code('Malformed'));
    await expect(signPayment(honest.toBuffer(), [signerAt(80)])).resolves.toBeDefined();
  });

  it('hands back a wrong signature, or one that leaves outputs open, and no transaction is made of it', async () => {
    const unsigned = (await proposed(board)).toBuffer();
    const honest = await signPayment(unsigned, keys);
    expect(finalizePayment(honest).txid).toMatch(/^[0-9a-f]{64}$/);
    const edited = (edit: (signature: Uint8Array) => void): Uint8Array => {
      const psbt = Psbt.fromBuffer(honest);
      const [partial] = psbt.data.inputs[0]?.partialSig ?? [];
      if (partial) edit(partial.signature);
      return psbt.toBuffer();
    };
    expect(() => finalizePayment(edited((signature) => (signature[20] = (signature[20] ?? 0) ^ 1)))).toThrow(code('SignatureInvalid'));
    const open = Psbt.fromBuffer(unsigned).updateInput(0, { sighashType: Transaction.SIGHASH_NONE });
    for (const { publicKey, sign } of keys)
      await open.signInputAsync(0, { publicKey, sign: async (digest) => lowS(await sign(digest)) }, [Transaction.SIGHASH_NONE]);
    delete open.data.inputs[0]?.sighashType;
    expect(() => finalizePayment(open.toBuffer())).toThrow(code('SignatureInvalid'));
  });
});

describe('two processes that run one plan at once', () => {
  it('send one transaction between them: the later one stops before it pays', async () => {
    const journal = memoryJournal();
    const minted = mint();
    const sent: string[] = [];
    const world = (coin: bigint): PlanWorld => ({
      network: regtestish,
      transactions: minted.source,
      payments: {
        ...bank(minted, [[payer, coin]]),
        broadcast: (bytes) => {
          sent.push(Transaction.fromBuffer(bytes).getId());
          return Promise.reject(new Error('stop here'));
        },
      },
      headers: { operator: 'none', headers: unexpected },
      indexer: silent,
      journal,
      clock: systemClock(),
    });
    const script = {
      key: 'k',
      terms: {},
      steps: [{ opcode: recipe.opcode, outputs: 0n, draw: () => Promise.resolve(recipe) }],
      finish: () => Promise.resolve(),
    };
    // Each sees coins of its own, so that both transactions could be mined.
    const outcomes = await Promise.allSettled([
      runPlan(script, { payer, owner: payer }, world(50_000n), {}),
      runPlan(script, { payer, owner: payer }, world(60_000n), {}),
    ]);
    expect(sent).toHaveLength(1);
    expect(outcomes.map((outcome) => (outcome.status === 'rejected' ? (outcome.reason as { code?: string }).code : 'done'))).toContain('JournalBusy');
  });

  it('a journal entry that was removed meanwhile stops the plan', async () => {
    const inner = memoryJournal();
    let saves = 0;
    const journal: Journal = {
      ...inner,
      replace: async (key, expected, bytes) => {
        const done = await inner.replace(key, expected, bytes);
        if (key === 'k' && ++saves === 2) await inner.remove(key);
        return done;
      },
    };
    const minted = mint();
    const world: PlanWorld = {
      network: regtestish,
      transactions: minted.source,
      payments: bank(minted, [[payer, 50_000n]]),
      headers: { operator: 'none', headers: unexpected },
      indexer: silent,
      journal,
      clock: systemClock(),
    };
    const script = {
      key: 'k',
      terms: {},
      steps: [{ opcode: recipe.opcode, outputs: 0n, draw: () => Promise.resolve(recipe) }],
      finish: () => Promise.resolve(),
    };
    await expect(runPlan(script, { payer, owner: payer }, world, {})).rejects.toThrow(code('JournalBusy'));
  });
});

describe('a node that lies about a name', () => {
  it('cannot have the owner sign a zone file hash of its own into a renewal', async () => {
    const owner = signerAt(3);
    const forged = '66'.repeat(20);
    const minted = mint();
    const sent: string[] = [];
    const terms = {
      ready: true,
      address: addressOf(owner.publicKey),
      reveal_block: 200,
      lifetime: 52595,
      coeff: 1,
      base: 1,
      buckets: new Array<number>(16).fill(0),
      nonalpha_discount: 1,
      no_vowel_discount: 1,
      version: 1,
    };
    const world: PlanWorld = {
      network: regtestish,
      transactions: minted.source,
      payments: { ...bank(minted, [[p2pkh(owner), 100_000n]]), broadcast: (bytes) => (sent.push(toHex(bytes)), Promise.reject(new Error('stop here'))) },
      headers: { operator: 'chain', headers: () => Promise.resolve([new Uint8Array(80)]) },
      indexer: {
        ...silent,
        tip: () => Promise.resolve({ height: 300, consensusHash: 'ab'.repeat(16) }),
        nameRecord: () => Promise.resolve({ address: addressOf(owner.publicKey), value_hash: forged }),
        namespaceRecord: () => Promise.resolve(terms),
      },
      journal: memoryJournal(),
      clock: systemClock(),
    };
    await expect(renew({ ...world, name: 'alice.id', owner })).rejects.toThrow('stop here');
    expect(sent).toHaveLength(1);
    expect(sent[0]).toContain(toHex(fromUtf8('id:alice.id')));
    expect(sent[0]).not.toContain(forged);
  });
});

describe('a node that lies about a namespace', () => {
  const thief = addressOf(signerAt(99).publicKey);
  const greedy = {
    ready: true,
    address: thief,
    reveal_block: 200,
    lifetime: 52595,
    coeff: 255,
    base: 50,
    buckets: new Array<number>(16).fill(3),
    nonalpha_discount: 1,
    no_vowel_discount: 1,
    version: 2,
  };
  const world = (record: object): PlanWorld => {
    const minted = mint();
    return {
      network: regtestish,
      transactions: minted.source,
      payments: bank(minted, [[payer, 100_0000_0000n]]),
      headers: { operator: 'chain', headers: () => Promise.resolve([new Uint8Array(80)]) },
      indexer: {
        ...silent,
        tip: () => Promise.resolve({ height: 300, consensusHash: 'ab'.repeat(16) }),
        nameRecord: () => Promise.resolve(null),
        namespaceRecord: () => Promise.resolve({ ...record }),
      },
      journal: memoryJournal(),
      clock: systemClock(),
    };
  };
  const ask = (record: object): Promise<unknown> =>
    register({
      ...world(record),
      name: 'alice.id',
      zoneFile: fromUtf8('zone'),
      owner: addressOf(signerAt(3).publicKey),
      payer,
      publish: () => Promise.resolve(),
    });

  it('cannot have the payer’s whole balance sent to itself: without maxPrice nothing dearer than the dearest name of id is bought', async () => {
    await expect(ask(greedy)).rejects.toThrow(code('NameUnaffordable'));
  });

  it.each([
    { buckets: [] },
    { nonalpha_discount: 0, no_vowel_discount: 0 },
    { base: 255, coeff: 255, buckets: new Array<number>(16).fill(15) },
    { address: null },
    { reveal_block: -1 },
    { version: 0 },
  ])('gets a typed error for %j', async (edit) => {
    await expect(ask({ ...greedy, ...edit })).rejects.toMatchObject({ name: 'NamesteadError' });
  });
});
