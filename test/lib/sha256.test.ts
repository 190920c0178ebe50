import { sha256 as noble } from '@noble/hashes/sha2.js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromUtf8, toHex } from '../../src/lib/bytes.js';
import { sha256, sha256dOf80 } from '../../src/lib/sha256.js';

test('the examples of FIPS 180-4 hash to what it says', () => {
  expect(toHex(sha256(fromUtf8('')))).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  expect(toHex(sha256(fromUtf8('abc')))).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  expect(toHex(sha256(fromUtf8('abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq')))).toBe(
    '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
  );
  expect(toHex(sha256(new Uint8Array(1_000_000).fill(97)))).toBe('cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0');
});

test('every length up to five blocks hashes to what @noble/hashes gives', () => {
  for (let length = 0; length <= 320; length++) {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 7 + length) & 0xff);
    expect(sha256(bytes)).toEqual(noble(bytes));
  }
});

test('any bytes hash to what @noble/hashes gives, and stay as they are', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 700 }), fc.nat(7), (bytes, before) => {
      const room = new Uint8Array(before + bytes.length + 3).fill(0xee);
      room.set(bytes, before);
      const copy = room.slice();
      expect(sha256(room.subarray(before, before + bytes.length))).toEqual(noble(bytes));
      expect(room).toEqual(copy);
    }),
    { seed: 256, numRuns: 1000 },
  );
});

test('80 bytes hash twice to what @noble/hashes gives, wherever they stand', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 80, maxLength: 80 }), fc.nat(7), fc.nat(5), (bytes, before, at) => {
      const room = new Uint8Array(before + 80);
      room.set(bytes, before);
      const out = new Uint8Array(at + 32);
      sha256dOf80(room, before, out, at);
      expect(out.subarray(at)).toEqual(noble(noble(bytes)));
      expect(out.subarray(0, at)).toEqual(new Uint8Array(at));
    }),
    { seed: 80, numRuns: 2000 },
  );
});

test('the ends of the value range hash alike', () => {
  for (const fill of [0, 0x7f, 0x80, 0xff]) {
    const bytes = new Uint8Array(80).fill(fill);
    const out = new Uint8Array(32);
    sha256dOf80(bytes, 0, out);
    expect(out).toEqual(noble(noble(bytes)));
  }
});
