import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toHex } from '../../../src/lib/bytes.js';
import { decodeFilter, encodeFilter, matchesFilter } from '../../../src/names/bitcoin/filter.js';
import * as naive from './naiveFilter.js';

const hash = 'c0'.repeat(32);

test('a filter never misses an element, and reads to its last bit or is refused', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 30, selector: (script) => script.join() }),
      fc.nat(255),
      (scripts, byte) => {
        const filter = encodeFilter(scripts, hash);
        expect(decodeFilter(filter)).toHaveLength(scripts.length);
        for (const script of scripts) expect(matchesFilter(filter, hash, [script])).toBe(true);
        expect(matchesFilter(filter, hash, [])).toBe(false);
        for (const wrong of [filter.subarray(0, -1), Uint8Array.of(...filter, byte)])
          expect(() => decodeFilter(wrong)).toThrow(expect.objectContaining({ code: 'Malformed' }));
      },
    ),
    { seed: 158, numRuns: 200 },
  );
});

test('bits behind the last element are refused', () => {
  const filter = encodeFilter([Uint8Array.of(1)], hash);
  filter[filter.length - 1] = (filter.at(-1) ?? 0) | 1;
  expect(() => decodeFilter(filter)).toThrow(expect.objectContaining({ code: 'Malformed' }));
});

test('big integers give the same bytes and the same values', () => {
  const scripts = fc.uniqueArray(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 12, selector: (script) => script.join() });
  const blockHash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(toHex);
  fc.assert(
    fc.property(scripts, blockHash, (elements, block) => {
      const filter = encodeFilter(elements, block);
      expect(toHex(filter)).toBe(toHex(naive.encodeFilter(elements, block)));
      expect(decodeFilter(filter).map(BigInt)).toEqual(naive.decodeFilter(filter));
    }),
    { seed: 158, numRuns: 10_000 },
  );
});

test('a large filter has the values of big integers', () => {
  const elements = Array.from({ length: 20_000 }, (_, i) => Uint8Array.of(0, 20, i, i >> 8, i >> 16, 7));
  const filter = encodeFilter(elements, hash);
  expect(toHex(filter)).toBe(toHex(naive.encodeFilter(elements, hash)));
  expect(elements.every((element, i) => i % 100 > 0 || matchesFilter(filter, hash, [Uint8Array.of(1), element]))).toBe(true);
});

test('whatever the bytes, they are read as big integers read them, or refused as there', () => {
  // A count that fits, runs of ones across words, and noise.
  const part = fc.oneof(
    fc.uint8Array({ maxLength: 12 }),
    fc.nat(20).map((length) => new Uint8Array(length).fill(255)),
    fc.nat(4).map((length) => new Uint8Array(length)),
  );
  const bytes = fc.tuple(fc.nat(6), fc.array(part, { maxLength: 5 })).map(([count, parts]) => Uint8Array.of(count, ...parts.flatMap((one) => [...one])));
  const outcome = (read: () => readonly (number | bigint)[]): string => {
    try {
      return read().join();
    } catch (error) {
      if (error instanceof RangeError || error instanceof TypeError) throw error;
      return 'refused';
    }
  };
  let taken = 0;
  fc.assert(
    fc.property(bytes, fc.boolean(), (filter, trim) => {
      // Most noise ends badly: cut where the last element ends, it is a filter.
      const cut = trim ? shortest(filter) : filter;
      const read = outcome(() => decodeFilter(cut));
      if (read !== 'refused') taken++;
      expect(read).toBe(outcome(() => naive.decodeFilter(cut)));
    }),
    { seed: 158, numRuns: 10_000 },
  );
  expect(taken).toBeGreaterThan(1000);
});

function shortest(filter: Uint8Array): Uint8Array {
  for (let length = 1; length < filter.length; length++) {
    try {
      decodeFilter(filter.subarray(0, length));
      return filter.subarray(0, length);
    } catch {
      // Longer, then.
    }
  }
  return filter;
}
