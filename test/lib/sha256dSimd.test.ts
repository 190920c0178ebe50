import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sha256dOf80 } from '../../src/lib/sha256d.js';
import { loadHashHeaders } from '../../src/lib/sha256dSimd.js';
import { createHeaderChain } from '../../src/names/bitcoin/chain.js';
import { mineHeaders, regtest } from '../names/bitcoin/regtest.js';

const hashHeaders = (await loadHashHeaders()) ?? undefined;

function oneByOne(headers: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(32 * headers.length);
  headers.forEach((header, i) => sha256dOf80(header, 0, out, 32 * i));
  return out;
}

test('four headers at a time hash to what they hash to one by one, however many there are', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ minLength: 80, maxLength: 80 }), { maxLength: 11 }), (headers) => {
      expect(hashHeaders?.(headers)).toEqual(oneByOne(headers));
    }),
    { seed: 81, numRuns: 300 },
  );
  const many = Array.from({ length: 4003 }, (_, i) => new Uint8Array(80).fill(i & 255).fill(i >> 8, 40));
  expect(hashHeaders?.(many)).toEqual(oneByOne(many));
  for (const fill of [0, 0x7f, 0x80, 0xff]) expect(hashHeaders?.([new Uint8Array(80).fill(fill)])).toEqual(oneByOne([new Uint8Array(80).fill(fill)]));
});

test('a chain that hashes so takes and refuses the same headers', () => {
  const headers = mineHeaders(50);
  const [fast, plain] = [createHeaderChain(regtest, { hashHeaders }), createHeaderChain(regtest)];
  for (const chain of [fast, plain]) chain.extend(headers);
  expect(fast.tip()).toEqual(plain.tip());
  const next = mineHeaders(3, headers.at(-1));
  for (const length of [0, 40, 79, 81, 200]) {
    const odd = [...next.slice(0, 1), new Uint8Array(length), ...next.slice(1)];
    expect(() => fast.extend(odd)).toThrow(expect.objectContaining({ code: 'Malformed' }));
  }
  for (let at = 0; at < 80; at++) {
    const bent = next.map((header, i) => (i === 1 ? header.map((byte, j) => (j === at ? byte ^ 0x80 : byte)) : header));
    expect(() => fast.extend(bent)).toThrow();
  }
  fast.extend(next);
  expect(fast.tip().height).toBe(53);
});
