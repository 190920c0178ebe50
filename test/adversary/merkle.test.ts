import { expect, test } from 'vitest';
import { concat, fromHex, reader, reversed, toHex } from '../../src/lib/bytes.js';
import { hash256 } from '../../src/lib/hash.js';
import { merkleBranch, merkleRoot } from '../../src/lib/merkle.js';
import { verifyInclusion } from '../../src/names/bitcoin/block.js';
import { parseHeader } from '../../src/names/bitcoin/header.js';
import { serializeTransaction, txidOf, type Transaction } from '../../src/names/bitcoin/transaction.js';
import { mineHeader, regtest } from '../names/bitcoin/regtest.js';

const code = (value: string): unknown => expect.objectContaining({ code: value });
const headerOf = (root: Uint8Array): ReturnType<typeof parseHeader> => parseHeader(mineHeader({ previous: regtest.genesisHash, time: 1, merkleRoot: root }));
const display = (inner: Uint8Array): string => toHex(reversed(inner));
const leafOf = (transaction: Transaction): Uint8Array => reversed(fromHex(txidOf(transaction)));

const coinbase: Transaction = {
  version: 1,
  inputs: [{ txid: '00'.repeat(32), vout: 0xffffffff, script: Uint8Array.of(1, 1), sequence: 0, witness: [new Uint8Array(32)] }],
  outputs: [{ value: 9n, script: fromHex('51') }],
  lockTime: 0,
};
const plain = (n: number): Transaction => ({
  ...coinbase,
  inputs: [{ txid: 'cd'.repeat(32), vout: n, script: new Uint8Array(0), sequence: 0, witness: [] }],
});
/** 64 bytes that are a transaction, and could be two hashes. */
const short: Transaction = { ...plain(7), outputs: [{ value: 9n, script: fromHex('51525354') }] };

const list = [coinbase, plain(1), plain(2), plain(3), plain(4)];
const leaves = list.map(leafOf);
const header = headerOf(merkleRoot(leaves));
const first = { transaction: serializeTransaction(coinbase), branch: merkleBranch(leaves, 0) };
const placeOf = (index: number): { height: number; index: number; branch: Uint8Array[] } => ({ height: 1, index, branch: merkleBranch(leaves, index) });

test('a transaction as deep as its coinbase is proved', () => {
  list.forEach((transaction, index) => expect(() => verifyInclusion(txidOf(transaction), placeOf(index), header, first)).not.toThrow());
});

test('an honest node that reads as a transaction by chance hides nothing from who has the coinbase', () => {
  // Two leaves that happen to be the halves of a transaction.
  const bytes = serializeTransaction(short);
  const [left, right] = [bytes.slice(0, 32), bytes.slice(32)];
  const odd = [leafOf(coinbase), leafOf(plain(1)), left, right];
  const oddHeader = headerOf(merkleRoot(odd));
  const place = { height: 1, index: 2, branch: merkleBranch(odd, 2) };
  expect(() => verifyInclusion(display(left), place, oddHeader)).toThrow(code('MerkleMismatch'));
  expect(() => verifyInclusion(display(left), place, oddHeader, { ...first, branch: merkleBranch(odd, 0) })).not.toThrow();
});

test('a leaf below a leaf is deeper than the coinbase', () => {
  const bytes = serializeTransaction(short);
  const [left, right] = [bytes.slice(0, 32), bytes.slice(32)];
  const two = [leafOf(coinbase), hash256(bytes)];
  const twoHeader = headerOf(merkleRoot(two));
  const place = { height: 1, index: 2, branch: [right, leafOf(coinbase)] };
  expect(() => verifyInclusion(display(left), place, twoHeader, { ...first, branch: merkleBranch(two, 0) })).toThrow(code('MerkleMismatch'));
});

test('what is shown as coinbase is one, first in the same block, to its last byte', () => {
  const lies = [
    { transaction: serializeTransaction(plain(1)), branch: merkleBranch(leaves, 1) },
    { transaction: serializeTransaction({ ...coinbase, lockTime: 5 }), branch: first.branch },
    { transaction: first.transaction, branch: first.branch.slice(1) },
    { transaction: first.transaction, branch: merkleBranch(leaves, 1) },
  ];
  for (const lie of lies) expect(() => verifyInclusion(txidOf(plain(2)), placeOf(2), header, lie)).toThrow(code('MerkleMismatch'));
  expect(() => verifyInclusion(txidOf(plain(2)), placeOf(2), header, { ...first, transaction: concat(first.transaction, Uint8Array.of(0)) })).toThrow(
    code('Malformed'),
  );
  const none = [plain(1), plain(2)];
  const noneLeaves = none.map(leafOf);
  const shown = { transaction: serializeTransaction(plain(1)), branch: merkleBranch(noneLeaves, 0) };
  const place = { height: 1, index: 1, branch: merkleBranch(noneLeaves, 1) };
  expect(() => verifyInclusion(txidOf(plain(2)), place, headerOf(merkleRoot(noneLeaves)), shown)).toThrow(code('MerkleMismatch'));
  // The place itself is checked as ever.
  expect(() => verifyInclusion(txidOf(plain(2)), placeOf(3), header, first)).toThrow(code('MerkleMismatch'));
});

test('a count written longer than needed is refused', () => {
  for (const hex of ['fdfc00', 'fd0000', 'feffff0000', 'ffffffffff00000000', 'fe01000002'])
    expect(() => reader(fromHex(hex)).compactSize()).toThrow(code('Malformed'));
  for (const [hex, value] of [
    ['fc', 252],
    ['fdfd00', 253],
    ['fe00000100', 65536],
    ['fe00000002', 0x2000000],
  ] as const)
    expect(reader(fromHex(hex)).compactSize()).toBe(value);
});
