import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromHex, reversed, toHex } from '../../../src/lib/bytes.js';
import { isNamesteadError } from '../../../src/lib/errors.js';
import {
  electrumScriptHash,
  parseFeeRate,
  parseHeaderPage,
  parseHeaderProof,
  parseHistory,
  parseInclusion,
  parseUnspent,
} from '../../../src/names/bitcoin/electrum.js';
import { verifyHeaderBranch } from '../../../src/names/bitcoin/headerProof.js';
import { scriptOfAddress } from '../../../src/names/bitcoin/script.js';

const id = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(toHex);
const height = fc.integer({ min: 1, max: 2_000_000 });
const count = fc.nat(0xffffffff);
const display = (hash: Uint8Array): string => toHex(reversed(hash));

test('a script has the name that the protocol gives it', () => {
  // The example of the protocol's own documentation, "Script Hashes".
  expect(electrumScriptHash(scriptOfAddress('1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa'))).toBe('8b01df4e368ea28f8dc0423bcf7a4923e3a12d307c875e47a0cfbf90b5c39161');
});

test('a header of the main chain is proved beneath its root', () => {
  // The example of the protocol's own documentation, "cp_height example": height 5, cp_height 8.
  const told = {
    branch: [
      '000000004ebadb55ee9096c9a2f8880e09da59c0d68b1c228da88e48844a1485',
      '96cbbc84783888e4cc971ae8acf86dd3c1a419370336bb3c634c97695a8c5ac9',
      '965ac94082cebbcffe458075651e9cc33ce703ab0115c72d9e8b1a9906b2b636',
      '89e5daa6950b895190716dd26054432b564ccdc2868188ba1da76de8e1dc7591',
    ],
    header:
      '0100000085144a84488ea88d221c8bd6c059da090e88f8a2c99690ee55dbba4e00000000e11c48fecdd9e72510ca84f023370c9a38bf91ac5cae88019bee94d24528526344c36649ffff001d1d03e477',
    root: 'e347b1c43fd9b5415bf0d92708db8284b78daf4d0e24f9c3405f45feb85e25db',
  };
  const { header, branch } = parseHeaderProof(told, 'x');
  expect(verifyHeaderBranch(header, 5, branch, { height: 8, root: told.root }).hash).toBe('000000009b7262315dbf071787ad3656097b892abffd1f95a1a022f896f533fc');
});

test('what is told well is read as it was told', () => {
  fc.assert(
    fc.property(fc.uniqueArray(id, { maxLength: 30 }), fc.array(height, { minLength: 30, maxLength: 30 }), fc.nat(30), (txids, heights, waiting) => {
      const sorted = [...heights].sort((a, b) => a - b);
      const told = txids.map((tx_hash, i) => ({ tx_hash, height: i + waiting < txids.length ? (sorted[i] ?? 0) : i % 2 === 0 ? 0 : -1 }));
      expect(parseHistory(told, 'x')).toEqual(told.map(({ tx_hash: txid, height }) => ({ txid, height: Math.max(0, height) })));
    }),
    { seed: 3, numRuns: 500 },
  );
  fc.assert(
    fc.property(fc.array(id, { maxLength: 32 }), height, count, (merkle, block_height, pos) => {
      const { branch, ...place } = parseInclusion({ merkle, block_height, pos }, 'x');
      expect(place).toEqual({ height: block_height, index: pos });
      expect(branch.map(display)).toEqual(merkle);
    }),
    { seed: 4, numRuns: 300 },
  );
  fc.assert(
    fc.property(
      fc.array(fc.record({ tx_hash: id, tx_pos: count, value: fc.nat(21e14), height: fc.integer({ min: -1, max: 2_000_000 }) }), { maxLength: 9 }),
      (told) => {
        const read = told.map(({ tx_hash, tx_pos, value, height }) => ({ txid: tx_hash, vout: tx_pos, value: BigInt(value), height: Math.max(0, height) }));
        expect(parseUnspent(told, 'x')).toEqual(read);
      },
    ),
    { seed: 5, numRuns: 300 },
  );
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ minLength: 80, maxLength: 80 }), { maxLength: 9 }), fc.integer({ min: 1, max: 5000 }), (headers, max) => {
      const page = parseHeaderPage({ count: headers.length, hex: headers.map(toHex).join(''), max }, 9, 'x');
      expect(page.headers.map(toHex)).toEqual(headers.map(toHex));
      expect(page.max).toBe(max);
      for (const header of headers) expect(parseHeaderProof({ header: toHex(header), branch: [] }, 'x').header).toEqual(fromHex(toHex(header)));
    }),
    { seed: 6, numRuns: 300 },
  );
});

test('what is told otherwise is refused with HttpMalformed and nothing else', () => {
  const some = fc.oneof(fc.jsonValue({ maxDepth: 2 }), id, fc.integer(), fc.constant(null));
  const object = fc.record(
    {
      count: some,
      hex: some,
      max: some,
      header: some,
      branch: some,
      block_height: some,
      pos: some,
      merkle: some,
      tx_hash: some,
      tx_pos: some,
      value: some,
      height: some,
    },
    { requiredKeys: [] },
  );
  const answer = fc.oneof(some, object, fc.array(object, { maxLength: 4 }));
  const readers: ((value: unknown) => unknown)[] = [
    (value) => parseHeaderPage(value, 20, 'x'),
    (value) => parseHeaderProof(value, 'x'),
    (value) => parseInclusion(value, 'x'),
    (value) => parseUnspent(value, 'x'),
    (value) => parseHistory(value, 'x'),
    (value) => parseFeeRate(value),
  ];
  fc.assert(
    fc.property(answer, (value) => {
      for (const read of readers) {
        try {
          read(value);
        } catch (error) {
          if (!isNamesteadError(error, 'HttpMalformed')) throw error;
        }
      }
    }),
    { seed: 7, numRuns: 10_000 },
  );
});

test('a fee rate is what a market may ask, or none', () => {
  expect(parseFeeRate(0.0001)).toBeCloseTo(10);
  for (const value of [-1, 0, NaN, Infinity, 2, '0.1', null, undefined, {}]) expect(parseFeeRate(value)).toBeNull();
});
