import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hash256 } from '../../src/lib/hash.js';
import { sha256dOf80 } from '../../src/lib/sha256d.js';

test('80 bytes hash to what @noble/hashes gives, wherever they stand', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 80, maxLength: 80 }), fc.nat(7), fc.nat(5), (bytes, before, at) => {
      const room = new Uint8Array(before + 80);
      room.set(bytes, before);
      const out = new Uint8Array(at + 32);
      sha256dOf80(room, before, out, at);
      expect(out.subarray(at)).toEqual(hash256(bytes));
      expect(out.subarray(0, at)).toEqual(new Uint8Array(at));
    }),
    { seed: 80, numRuns: 2000 },
  );
});

test('the ends of the value range hash alike', () => {
  for (const fill of [0, 0x7f, 0x80, 0xff]) {
    const out = new Uint8Array(32);
    sha256dOf80(new Uint8Array(80).fill(fill), 0, out);
    expect(out).toEqual(hash256(new Uint8Array(80).fill(fill)));
  }
});
