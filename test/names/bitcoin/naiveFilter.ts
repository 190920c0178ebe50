import { concat, fromHex, reader, reversed } from '../../../src/lib/bytes.js';
import { compactSize } from '../../../src/names/bitcoin/transaction.js';

/** BIP 158 word for word, in big integers: slow, and the judge of the one in use. */

const P = 19n;
const M = 784_931n;
const MASK = (1n << 64n) - 1n;

export function encodeFilter(elements: readonly Uint8Array[], blockHash: string): Uint8Array {
  const bits: number[] = [];
  let last = 0n;
  for (const value of hashed(elements, blockHash, BigInt(elements.length))) {
    const delta = value - last;
    for (let quotient = delta >> P; quotient > 0n; quotient--) bits.push(1);
    bits.push(0);
    for (let bit = P - 1n; bit >= 0n; bit--) bits.push(Number((delta >> bit) & 1n));
    last = value;
  }
  const bytes = new Uint8Array((bits.length + 7) >> 3);
  bits.forEach((bit, i) => (bytes[i >> 3] = (bytes[i >> 3] as number) | (bit << (7 - (i & 7)))));
  return concat(compactSize(elements.length), bytes);
}

export function matchesFilter(filter: Uint8Array, blockHash: string, scripts: readonly Uint8Array[]): boolean {
  const values = decodeFilter(filter);
  const wanted = hashed(scripts, blockHash, BigInt(values.length));
  const held = new Set(values);
  return wanted.some((value) => held.has(value));
}

export function decodeFilter(filter: Uint8Array): bigint[] {
  const from = reader(filter, 'filter');
  const count = from.compactSize();
  const bytes = from.take(from.left);
  // An element takes at least 20 bits.
  if (count * (Number(P) + 1) > bytes.length * 8) throw new Error(`the filter claims ${count} elements in ${bytes.length} bytes`);
  let at = 0;
  const bit = (): bigint => {
    if (at >= bytes.length * 8) throw new Error('the filter ends inside an element');
    return BigInt(((bytes[at >> 3] as number) >> (7 - (at++ & 7))) & 1);
  };
  const values: bigint[] = [];
  for (let value = 0n; values.length < count; values.push(value)) {
    let delta = 0n;
    while (bit() === 1n) delta++;
    for (let i = 0n; i < P; i++) delta = (delta << 1n) | bit();
    value += delta;
  }
  if (at + 7 < bytes.length * 8 || bytes.subarray(at >> 3).some((byte, i) => (i === 0 ? byte << (at & 7) : byte) & 0xff))
    throw new Error('the filter goes on after its last element');
  return values;
}

function hashed(elements: readonly Uint8Array[], blockHash: string, count: bigint): bigint[] {
  const key = new DataView(reversed(fromHex(blockHash)).buffer);
  const [k0, k1] = [key.getBigUint64(0, true), key.getBigUint64(8, true)];
  return elements.map((element) => (sipHash(element, k0, k1) * count * M) >> 64n).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}

/** SipHash-2-4. */
function sipHash(message: Uint8Array, k0: bigint, k1: bigint): bigint {
  let [v0, v1, v2, v3] = [k0 ^ 0x736f6d6570736575n, k1 ^ 0x646f72616e646f6dn, k0 ^ 0x6c7967656e657261n, k1 ^ 0x7465646279746573n];
  const rotate = (value: bigint, by: bigint): bigint => ((value << by) | (value >> (64n - by))) & MASK;
  const round = (): void => {
    v0 = (v0 + v1) & MASK;
    v1 = rotate(v1, 13n) ^ v0;
    v0 = rotate(v0, 32n);
    v2 = (v2 + v3) & MASK;
    v3 = rotate(v3, 16n) ^ v2;
    v0 = (v0 + v3) & MASK;
    v3 = rotate(v3, 21n) ^ v0;
    v2 = (v2 + v1) & MASK;
    v1 = rotate(v1, 17n) ^ v2;
    v2 = rotate(v2, 32n);
  };
  const padded = new Uint8Array(8 * ((message.length >> 3) + 1));
  padded.set(message);
  padded[padded.length - 1] = message.length;
  const words = new DataView(padded.buffer);
  for (let at = 0; at < padded.length; at += 8) {
    const word = words.getBigUint64(at, true);
    v3 ^= word;
    round();
    round();
    v0 ^= word;
  }
  v2 ^= 0xffn;
  for (let i = 0; i < 4; i++) round();
  return v0 ^ v1 ^ v2 ^ v3;
}
