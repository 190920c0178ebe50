import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Hash160 } from '../../src/lib/address.js';
import { formatC32Address, parseC32Address } from '../../src/lib/c32.js';

const addresses = fc.record({
  version: fc.nat({ max: 31 }),
  hash: fc.uint8Array({ minLength: 20, maxLength: 20 }).chain((bytes) => fc.nat({ max: 20 }).map((zeros) => bytes.fill(0, 0, zeros) as Hash160)),
});

describe('a c32 address', () => {
  it('comes back from its text, in either case and with letters mistaken for digits', () => {
    fc.assert(
      fc.property(addresses, (address) => {
        const text = formatC32Address(address);
        const mistaken = text.slice(0, 1) + text.slice(1).replace(/0/g, 'O').replace(/1/g, 'l');
        for (const form of [text, text.toLowerCase(), mistaken]) expect(parseC32Address(form)).toEqual(address);
      }),
      { numRuns: 100, seed: 20171 },
    );
  });

  it('is refused with any one character changed', () => {
    fc.assert(
      fc.property(addresses, fc.nat(), fc.constantFrom('2', 'A', 'Z', '7'), (address, at, character) => {
        const text = formatC32Address(address);
        const place = 1 + (at % (text.length - 1));
        fc.pre(text[place] !== character);
        expect(() => parseC32Address(text.slice(0, place) + character + text.slice(place + 1))).toThrow(expect.objectContaining({ code: 'AddressInvalid' }));
      }),
      { numRuns: 100, seed: 20172 },
    );
  });

  it.each(['', 'S', 'SP', 'SP000000000000000000002Q6VF7', '0P000000000000000000002Q6VF78', `SP${'0'.repeat(60)}`, 'SPU00000000000000000002Q6VF78'])(
    'is not %j',
    (text) => {
      expect(() => parseC32Address(text)).toThrow(expect.objectContaining({ code: 'AddressInvalid' }));
    },
  );
});
