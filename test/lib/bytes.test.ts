import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { equal, fromBase64, fromHex, isHex, toBase64, toBase64Url, toHex } from '../../src/lib/bytes.js';

const malformed = expect.objectContaining({ code: 'Malformed' }) as Error;
const run = { numRuns: 200, seed: 20173 };

describe('hex', () => {
  it('comes back from its text, in either case', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const text = toHex(bytes);
        expect(text).toMatch(/^([0-9a-f]{2})*$/);
        expect(fromHex(text)).toEqual(bytes);
        expect(fromHex(text.toUpperCase())).toEqual(bytes);
      }),
      run,
    );
  });

  it('is what isHex says, and nothing else is read', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom('0', 'f', 'G', 'x', '\u0660') })), (text) => {
        if (isHex(text)) expect(toHex(fromHex(text))).toBe(text.toLowerCase());
        else expect(() => fromHex(text)).toThrow(malformed);
      }),
      run,
    );
  });
});

describe('base64', () => {
  it('is what the platform makes, and comes back with and without padding, in either alphabet', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const text = toBase64(bytes);
        expect(text).toBe(btoa(String.fromCharCode(...bytes)));
        for (const form of [text, text.replace(/=/g, ''), toBase64Url(bytes)]) expect(fromBase64(form)).toEqual(bytes);
      }),
      run,
    );
  });

  it.each(['A', 'AAAAA', '=', '==', 'A===', 'AA=', 'AAA==', 'AA=A', 'AAAA=', 'AA==AAAA', ' AAAA', 'AA\nAA', 'AA.A', 'AAA\u00e9', '\ud83d\ude00A'])(
    'is not %j',
    (text) => {
      expect(() => fromBase64(text)).toThrow(malformed);
    },
  );
});

describe('equality', () => {
  it('holds for the same bytes alone', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.uint8Array(), (a, b) => {
        expect(equal(a, a.slice())).toBe(true);
        expect(equal(a, b)).toBe(toHex(a) === toHex(b));
      }),
      run,
    );
  });
});
