import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toHex } from '../../../src/lib/bytes.js';
import { consensusHash, EMPTY_OPERATIONS_HASH, operationsHash, skipHeights } from '../../../src/names/bitcoin/consensus.js';

const hex = (bytes: number) => fc.uint8Array({ minLength: bytes, maxLength: bytes }).map(toHex);

test('the order of operations and of earlier hashes does not matter', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.string(), { minLength: 1, maxLength: 8 }), hex(32), fc.array(hex(16), { maxLength: 18 }), (operations, hash, previous) => {
      expect(operationsHash([...operations].reverse())).toBe(operationsHash(operations));
      expect(consensusHash(hash, [...previous].reverse())).toBe(consensusHash(hash, previous));
    }),
    { seed: 11 },
  );
});

test('a block without operations has the hash of the empty text', () => {
  expect(operationsHash([])).toBe(EMPTY_OPERATIONS_HASH);
  expect(operationsHash([''])).toBe(EMPTY_OPERATIONS_HASH);
});

test('a consensus hash reaches back by 1, 3, 7, … and never before the first block', () => {
  expect(skipHeights(100, 100)).toEqual([]);
  expect(skipHeights(101, 100)).toEqual([100]);
  expect(skipHeights(120, 100)).toEqual([119, 117, 113, 105]);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 900000 }), fc.integer({ min: 0, max: 300000 }), (firstBlock, more) => {
      const heights = skipHeights(firstBlock + more, firstBlock);
      expect(heights.every((height, i) => height === firstBlock + more - (2 ** (i + 1) - 1) && height >= firstBlock)).toBe(true);
      expect(heights.length).toBe(Math.floor(Math.log2(more + 1)));
    }),
    { seed: 12 },
  );
});
