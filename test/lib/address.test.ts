import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeBase58, encodeBase58, formatAddress, parseAddress } from '../../src/lib/address.js';

test('base58 keeps every byte, zeros in front included', () => {
  const bytes = fc
    .tuple(fc.integer({ min: 0, max: 4 }), fc.uint8Array({ maxLength: 60 }))
    .map(([zeros, rest]) => Uint8Array.from([...new Uint8Array(zeros), ...rest]));
  fc.assert(
    fc.property(bytes, (given) => {
      expect(decodeBase58(encodeBase58(given))).toEqual(given);
    }),
    { seed: 1, numRuns: 1000 },
  );
});

test('an address comes apart into what it was made of', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 255 }), fc.uint8Array({ minLength: 20, maxLength: 20 }), (version, hash) => {
      expect(parseAddress(formatAddress(version, hash))).toEqual({ version, hash });
    }),
    { seed: 2 },
  );
  expect(formatAddress(0, new Uint8Array(20))).toBe('1111111111111111111114oLvT2');
});

test('an address with a character changed is refused', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 20, maxLength: 20 }), fc.nat(), fc.constantFrom('1', '2', 'z', '0', 'l'), (hash, at, character) => {
      const address = formatAddress(5, hash);
      const place = at % address.length;
      const changed = address.slice(0, place) + character + address.slice(place + 1);
      if (changed !== address) expect(() => parseAddress(changed)).toThrow(expect.objectContaining({ code: 'AddressInvalid' }));
    }),
    { seed: 3 },
  );
});
