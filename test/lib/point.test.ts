import { getPublicKey, Point, utils } from '@noble/secp256k1';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromHex } from '../../src/lib/bytes.js';
import { parsePublicKey, uncompressed } from '../../src/lib/key.js';
import { wholePoint } from '../../src/lib/point.js';

const secrets = fc.uint8Array({ minLength: 32, maxLength: 32 }).filter((key) => utils.isValidSecretKey(key));

test('both forms of a key lead to each other, as @noble/secp256k1 has them', () => {
  fc.assert(
    fc.property(secrets, (secret) => {
      const [short, long] = [getPublicKey(secret, true), getPublicKey(secret, false)];
      expect(wholePoint(short)).toEqual(long);
      expect(uncompressed(parsePublicKey(short))).toEqual(long);
      expect(parsePublicKey(long)).toEqual(short);
    }),
    { seed: 8, numRuns: 100 },
  );
});

test('what @noble/secp256k1 takes for a point, and nothing else, is one', () => {
  const forms = fc.tuple(fc.constantFrom(0, 1, 2, 3, 4, 5, 6, 7), fc.constantFrom(0, 32, 33, 64), fc.uint8Array({ minLength: 64, maxLength: 64 }));
  fc.assert(
    fc.property(forms, ([form, size, body]) => {
      const bytes = Uint8Array.of(form, ...body.subarray(0, size));
      expect(wholePoint(bytes) !== null).toBe(utils.isValidPublicKey(bytes));
      if (utils.isValidPublicKey(bytes)) expect(wholePoint(bytes)).toEqual(Point.fromBytes(bytes).toBytes(false));
    }),
    { seed: 9, numRuns: 1000 },
  );
});

test('a point that one bit was turned in, a hybrid form and a coordinate above the prime are refused', () => {
  const long = getPublicKey(fromHex('01'.repeat(32)), false);
  for (let at = 1; at < 65; at++) {
    const turned = long.slice();
    turned[at] = (turned[at] ?? 0) ^ 1;
    expect(() => parsePublicKey(turned)).toThrow(expect.objectContaining({ code: 'KeyInvalid' }));
  }
  for (const form of [6, 7]) expect(wholePoint(Uint8Array.of(form, ...long.subarray(1)))).toBeNull();
  // x = P + 1 stands for x = 1, which is on the curve.
  expect(wholePoint(fromHex(`02${'00'.repeat(31)}01`))).not.toBeNull();
  expect(wholePoint(fromHex('02fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc30'))).toBeNull();
});
