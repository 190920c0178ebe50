import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeFilter, encodeFilter, matchesFilter } from '../../../src/names/bitcoin/filter.js';

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
