import fc from 'fast-check';
import { expect, test } from 'vitest';
import { concat, fromHex, reversed, toHex } from '../../../src/lib/bytes.js';
import { hash256 } from '../../../src/lib/hash.js';
import { merkleBranch, merkleRoot } from '../../../src/lib/merkle.js';
import { parseBlock, verifyInclusion } from '../../../src/names/bitcoin/block.js';
import { parseHeader } from '../../../src/names/bitcoin/header.js';
import { compactSize, openTransaction, parseTransaction, serializeTransaction, txidOf, type Transaction } from '../../../src/names/bitcoin/transaction.js';
import { mineHeader, regtest } from './regtest.js';

const code = (value: string): unknown => expect.objectContaining({ code: value });
const bytesOf = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length });

export const transactions: fc.Arbitrary<Transaction> = fc.record({
  version: fc.integer({ min: 0, max: 0xffffffff }),
  inputs: fc.array(
    fc.record({
      txid: bytesOf(32).map(toHex),
      vout: fc.integer({ min: 0, max: 0xffffffff }),
      script: fc.uint8Array({ maxLength: 300 }),
      sequence: fc.integer({ min: 0, max: 0xffffffff }),
      witness: fc.array(fc.uint8Array({ maxLength: 80 }), { maxLength: 3 }),
    }),
    { minLength: 1, maxLength: 4 },
  ),
  outputs: fc.array(fc.record({ value: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), script: fc.uint8Array({ maxLength: 300 }) }), {
    minLength: 1,
    maxLength: 4,
  }),
  lockTime: fc.integer({ min: 0, max: 0xffffffff }),
});

const spend = (n: number): Transaction => ({
  version: 2,
  inputs: [{ txid: toHex(hash256(Uint8Array.of(n & 0xff, n >> 8))), vout: n, script: Uint8Array.of(n & 0xff), sequence: 0xffffffff, witness: [] }],
  outputs: [{ value: BigInt(n), script: Uint8Array.of(0x51) }],
  lockTime: 0,
});
const coinbase: Transaction = {
  ...spend(1),
  inputs: [{ txid: '00'.repeat(32), vout: 0xffffffff, script: Uint8Array.of(1, 1), sequence: 0, witness: [new Uint8Array(32)] }],
};
const leafOf = (transaction: Transaction): Uint8Array => reversed(fromHex(txidOf(transaction)));

function blockOf(list: readonly Transaction[]): Uint8Array {
  const header = mineHeader({ previous: regtest.genesisHash, time: 1_400_000_000, merkleRoot: merkleRoot(list.map(leafOf)) });
  return concat(header, compactSize(list.length), ...list.map((transaction) => serializeTransaction(transaction)));
}

test('a transaction survives its bytes, and its id ignores the witness', () => {
  fc.assert(
    fc.property(transactions, (transaction) => {
      const bytes = serializeTransaction(transaction);
      expect(parseTransaction(bytes)).toEqual(transaction);
      const stripped = serializeTransaction(transaction, 'stripped');
      const txid = toHex(reversed(hash256(stripped)));
      expect(txidOf(transaction)).toBe(txid);
      if (stripped.length !== 64) expect(openTransaction(bytes, txid)).toEqual(transaction);
    }),
    { seed: 2, numRuns: 500 },
  );
});

test('a transaction cut short, run on or filled with noise is refused as Malformed, never otherwise', () => {
  fc.assert(
    fc.property(transactions, fc.nat(), fc.nat(255), (transaction, at, byte) => {
      const bytes = serializeTransaction(transaction);
      expect(() => parseTransaction(bytes.subarray(0, at % bytes.length))).toThrow(code('Malformed'));
      expect(() => parseTransaction(concat(bytes, Uint8Array.of(byte)))).toThrow(code('Malformed'));
      const noisy = bytes.slice();
      noisy[at % bytes.length] = byte;
      try {
        expect(serializeTransaction(parseTransaction(noisy))).toEqual(noisy);
      } catch (error) {
        expect(error).toMatchObject({ code: 'Malformed' });
      }
    }),
    { seed: 3, numRuns: 1000 },
  );
});

test('a witness flag without a witness, and no inputs, are refused', () => {
  const plain = serializeTransaction(spend(7));
  const flagged = concat(plain.subarray(0, 4), Uint8Array.of(0, 1), plain.subarray(4, plain.length - 4), Uint8Array.of(0), plain.subarray(plain.length - 4));
  expect(() => parseTransaction(flagged)).toThrow(code('Malformed'));
  expect(() => parseTransaction(fromHex('01000000000000000000'))).toThrow(code('Malformed'));
});

test('a block is read to its last byte, and each of its transactions is proved by its branch and at no other place', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), (size) => {
      const list = [coinbase, ...Array.from({ length: size - 1 }, (_, n) => spend(n + 2))];
      const block = parseBlock(blockOf(list));
      expect(block.transactions).toEqual(list);
      expect(block.txids).toEqual(list.map(txidOf));
      const leaves = list.map(leafOf);
      block.txids.forEach((txid, index) => {
        const branch = merkleBranch(leaves, index);
        expect(() => verifyInclusion(txid, { height: 1, index, branch }, block.header)).not.toThrow();
        for (let other = -1; other <= 2 ** branch.length; other++) {
          if (other !== index) expect(() => verifyInclusion(txid, { height: 1, index: other, branch }, block.header)).toThrow(code('MerkleMismatch'));
        }
      });
    }),
    { seed: 4, numRuns: 40 },
  );
});

test('a block with a byte more, a byte less, or another transaction is refused', () => {
  const bytes = blockOf([coinbase, spend(2), spend(3)]);
  expect(() => parseBlock(concat(bytes, Uint8Array.of(0)))).toThrow(code('Malformed'));
  for (let length = 0; length < bytes.length; length += 7) expect(() => parseBlock(bytes.subarray(0, length))).toThrow(code('Malformed'));
  expect(() => parseBlock(concat(bytes.subarray(0, 80), blockOf([coinbase, spend(2), spend(4)]).subarray(80)))).toThrow(code('MerkleMismatch'));
  expect(() => parseBlock(new Uint8Array(4_000_001))).toThrow(code('Malformed'));
});

test('a block has one coinbase, and that first', () => {
  for (const list of [
    [spend(2), spend(3)],
    [spend(2), coinbase],
    [coinbase, { ...coinbase, lockTime: 1 }],
  ])
    expect(() => parseBlock(blockOf(list))).toThrow(code('Malformed'));
});

test('the header of a proof is the one that was synced', () => {
  const list = [coinbase, spend(2)];
  const { txids } = parseBlock(blockOf(list));
  const other = parseHeader(blockOf([coinbase, spend(3)]).subarray(0, 80));
  expect(() => verifyInclusion(txids[1] ?? '', { height: 1, index: 1, branch: merkleBranch(list.map(leafOf), 1) }, other)).toThrow(code('MerkleMismatch'));
});
