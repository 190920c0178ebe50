import fc from 'fast-check';
import { expect, test } from 'vitest';
import { concat, fromUtf8 } from '../../../src/lib/bytes.js';
import { applyBlock, undoBlock, type Candidate } from '../../../src/names/bitcoin/rules.js';
import { nulldataScript } from '../../../src/names/bitcoin/script.js';
import { txidOf, type Output, type Transaction } from '../../../src/names/bitcoin/transaction.js';
import { alice, bob, carol, networkIn, scriptPerson, startFold } from './fold.js';

const scripts = [
  ...[alice, bob, carol, scriptPerson('x')].map(({ script }) => script),
  new Uint8Array(25).fill(0, 3),
  Uint8Array.of(0x51),
  Uint8Array.of(0x6a, 0x4e, 0xff, 0xff, 0xff, 0xff),
  new Uint8Array(),
];
const output: fc.Arbitrary<Output> = fc.record({ value: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), script: fc.constantFrom(...scripts) });
const payload = fc.oneof(
  fc.uint8Array({ maxLength: 77 }),
  fc.constantFrom(...[36, 44, 57, 63, 65, 33, 20]).chain((length) => fc.uint8Array({ minLength: length, maxLength: length })),
  fc.constantFrom('a.id', 'a.id\n', 'a\n.id', '.id', '.id\n', 'b.no').map(fromUtf8),
);
const data = fc.tuple(fc.constantFrom(...'?:+>~;*&!#$'.split('')), payload).map(([code, rest]) => concat(fromUtf8(`id${code}`), rest));

const candidate: fc.Arbitrary<Candidate> = fc
  .record({
    data,
    outputs: fc.array(output, { maxLength: 5 }),
    inputs: fc.array(fc.tuple(output, fc.uint8Array({ maxLength: 80 })), { minLength: 1, maxLength: 3 }),
    index: fc.nat({ max: 3000 }),
    salt: fc.nat(),
  })
  .map(({ data: carried, outputs, inputs, index, salt }) => {
    const transaction: Transaction = {
      version: 1,
      inputs: inputs.map(([, script]) => ({ txid: '22'.repeat(32), vout: 0, script, sequence: 0, witness: [] })),
      outputs: [{ value: 0n, script: nulldataScript(carried) }, ...outputs],
      lockTime: salt,
    };
    return { index, txid: txidOf(transaction), transaction, previous: inputs.map(([spent]) => spent) };
  });

test.each([1, 2, 3, 4, 5, 6])('whatever stands in a block of epoch %i, it folds, and unfolds', (epoch) => {
  const fold = startFold(networkIn(epoch, { genesisBalances: { [alice.address]: '1000000000000' } }));
  fold.open('id');
  fold.register('b.id', alice);
  fc.assert(
    fc.property(fc.array(candidate, { maxLength: 6 }), (transactions) => {
      const height = fold.height() + 1;
      const first = applyBlock(fold.state, { height, transactions });
      undoBlock(fold.state);
      expect(applyBlock(fold.state, { height, transactions })).toEqual(first);
      expect(first.operations.length).toBe(first.verdicts.filter(({ status }) => status === 'accepted').length);
      expect(first.consensusHash).toMatch(/^[0-9a-f]{32}$/);
    }),
    { seed: 14, numRuns: 150 },
  );
});
