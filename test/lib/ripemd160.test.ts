import { ripemd160 as noble } from '@noble/hashes/legacy.js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromUtf8, toHex } from '../../src/lib/bytes.js';
import { ripemd160 } from '../../src/lib/ripemd160.js';

test('the examples of its authors hash to what they say', () => {
  const examples = {
    '': '9c1185a5c5e9fc54612808977ee8f548b2258d31',
    a: '0bdc9d2d256b3ee9daae347be6f4dc835a467ffe',
    abc: '8eb208f7e05d987a9b044a8e98c6b087f15a0bfc',
    'message digest': '5d0689ef49d2fae572b881b123a85ffa21595f36',
    abcdefghijklmnopqrstuvwxyz: 'f71c27109c692c1b56bbdceb5b9d2865b3708dbc',
    abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq: '12a053384a9c0c88e405a06c27dcf49ada62eb2b',
    ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789: 'b0e20b6e3116640286ed3a87a5713079b21f5189',
    '12345678901234567890123456789012345678901234567890123456789012345678901234567890': '9b752e45573d4b39f4dbd3323cab82bf63326bfb',
  };
  for (const [text, hash] of Object.entries(examples)) expect(toHex(ripemd160(fromUtf8(text)))).toBe(hash);
});

test('every length up to three blocks hashes to what @noble/hashes gives', () => {
  for (let length = 0; length <= 192; length++) {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 5 + length) & 0xff);
    expect(ripemd160(bytes)).toEqual(noble(bytes));
  }
});

test('any bytes hash to what @noble/hashes gives, and stay as they are', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      const copy = bytes.slice();
      expect(ripemd160(bytes)).toEqual(noble(copy));
      expect(bytes).toEqual(copy);
    }),
    { seed: 160, numRuns: 1000 },
  );
});
