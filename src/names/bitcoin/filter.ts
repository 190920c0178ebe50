import { concat, fromHex, reader, reversed, toHex } from '../../lib/bytes.js';
import { NamesteadError } from '../../lib/errors.js';
import { hash256 } from '../../lib/hash.js';
import type { Block } from './block.js';
import { compactSize } from './transaction.js';

/** Parameters of BIP 158's basic filter: bits of a Golomb-Rice remainder, and one in so many false matches. */
const P = 19;
const STEP = 0x80000;
const M = 784_931;
/** An output takes nine of the million bytes of a block that are no witnesses, an element of a filter three: no honest filter has more. */
export const MOST_FILTER_BYTES = 400_000;
const HIGH = 2 ** 32;
const OP_RETURN = 0x6a;

/**
 * What the basic filter of a block holds: the script of every output that is no OP_RETURN, and of every output its inputs spend
 * (`previous`, those of the coinbase left out); empty scripts stand in none (BIP 158).
 */
export function filterElements(block: Block, previous: readonly Uint8Array[]): Uint8Array[] {
  const created = block.transactions.flatMap(({ outputs }) => outputs.map(({ script }) => script)).filter((script) => script[0] !== OP_RETURN);
  const distinct = new Map([...created, ...previous].filter((script) => script.length > 0).map((script) => [toHex(script), script]));
  return [...distinct.values()];
}

/** The filter of a block's elements, keyed by its hash (display hex). */
export function encodeFilter(elements: readonly Uint8Array[], blockHash: string): Uint8Array {
  const values = hashed(elements, blockHash, elements.length);
  const quotients = values.map((value, i) => Math.floor((value - (values[i - 1] ?? 0)) / STEP));
  const bytes = new Uint8Array(Math.ceil(quotients.reduce((bits, quotient) => bits + quotient + 1 + P, 0) / 8));
  let at = 0;
  const put = (bit: number): void => {
    bytes[at >> 3] = (bytes[at >> 3] as number) | (bit << (7 - (at & 7)));
    at++;
  };
  values.forEach((value, i) => {
    const remainder = (value - (values[i - 1] ?? 0)) % STEP;
    for (let left = quotients[i] as number; left > 0; left--) put(1);
    put(0);
    for (let bit = P - 1; bit >= 0; bit--) put((remainder >> bit) & 1);
  });
  return concat(compactSize(elements.length), bytes);
}

/**
 * Whether any of `scripts` is among a filter's elements; one time in 784,931 for each script it says so wrongly, and never says
 * no wrongly. The filter is read to its end.
 * @throws NamesteadError `Malformed`
 */
export function matchesFilter(filter: Uint8Array, blockHash: string, scripts: readonly Uint8Array[]): boolean {
  const wanted = hashed(scripts, blockHash, countOf(filter));
  let [next = Infinity] = wanted;
  let at = 0;
  let found = false;
  readValues(filter, (value) => {
    while (next < value) next = wanted[++at] ?? Infinity;
    if (next === value) found = true;
  });
  return found;
}

/** The sorted values of a filter. @throws NamesteadError `Malformed` */
export function decodeFilter(filter: Uint8Array): number[] {
  const values: number[] = [];
  readValues(filter, (value) => values.push(value));
  return values;
}

/** Chains a filter to those before it; display hex in and out (BIP 157). */
export function filterHeader(filter: Uint8Array, previous: string): string {
  return toHex(reversed(nextFilterHeader(filter, reversed(fromHex(previous)))));
}

/** As {@link filterHeader}, 32 bytes in wire order in and out. */
export function nextFilterHeader(filter: Uint8Array, previous: Uint8Array): Uint8Array {
  return hash256(concat(hash256(filter), previous));
}

function countOf(filter: Uint8Array): number {
  return reader(filter, 'filter').compactSize();
}

/** Walks a Golomb-coded set by windows of 32 bits: a value is below 2^45, so doubles hold it. */
function readValues(filter: Uint8Array, take: (value: number) => void): void {
  const from = reader(filter, 'filter');
  const count = from.compactSize();
  const set = from.take(from.left);
  const bits = set.length * 8;
  if (count * (P + 1) > bits) throw new NamesteadError('Malformed', `the filter claims ${count} elements in ${set.length} bytes`);
  // Zeros behind the end let a window run over it.
  const room = new Uint8Array(set.length + 16);
  room.set(set);
  const view = new DataView(room.buffer);
  let at = 0;
  let value = 0;
  for (let left = count; left > 0; left--) {
    let window = windowAt(view, at);
    let ones = Math.clz32(~window);
    let quotient = ones;
    while (ones === 32 && at < bits) {
      at += 32;
      window = windowAt(view, at);
      ones = Math.clz32(~window);
      quotient += ones;
    }
    at += ones + 1;
    const remainder = (ones + 1 + P <= 32 ? window << (ones + 1) : windowAt(view, at)) >>> (32 - P);
    at += P;
    if (at > bits) throw new NamesteadError('Malformed', 'the filter ends inside an element');
    value += quotient * STEP + remainder;
    take(value);
  }
  if (at + 7 < bits || (at < bits && ((set[at >> 3] as number) << (at & 7)) & 0xff))
    throw new NamesteadError('Malformed', 'the filter goes on after its last element');
}

function windowAt(view: DataView, bit: number): number {
  const at = bit >>> 3;
  return (view.getUint32(at) << (bit & 7)) | (view.getUint8(at + 4) >>> (8 - (bit & 7)));
}

function hashed(elements: readonly Uint8Array[], blockHash: string, count: number): number[] {
  const key = new DataView(reversed(fromHex(blockHash)).buffer);
  const range = count * M;
  return Array.from(Float64Array.from(elements, (element) => intoRange(sipHash(element, key), range)).sort());
}

interface Word64 {
  readonly high: number;
  readonly low: number;
}

/** The upper half of a 64-bit word times a range below 2^45 (BIP 158, "fast range"). */
function intoRange({ high, low }: Word64, range: number): number {
  const [upper, lower] = [Math.floor(range / HIGH), range % HIGH];
  const crossed = low * upper;
  const carried = (Math.imul(high, lower) >>> 0) + (crossed % HIGH) + upperHalf(low, lower);
  return high * upper + upperHalf(high, lower) + Math.floor(crossed / HIGH) + Math.floor(carried / HIGH);
}

/** The upper 32 bits of the product of two words of 32. */
function upperHalf(a: number, b: number): number {
  return Math.floor(((a >>> 16) * b + Math.floor(((a & 0xffff) * b) / 0x10000)) / 0x10000);
}

/** SipHash-2-4, its four words as halves: 2i the lower, 2i + 1 the upper. */
function sipHash(message: Uint8Array, key: DataView): Word64 {
  const v = Uint32Array.of(0x70736575, 0x736f6d65, 0x6e646f6d, 0x646f7261, 0x6e657261, 0x6c796765, 0x79746573, 0x74656462);
  for (let i = 0; i < 8; i++) v[i] = (v[i] as number) ^ key.getUint32(4 * (i & 3), true);
  const padded = new Uint8Array(8 * ((message.length >> 3) + 1));
  padded.set(message);
  padded[padded.length - 1] = message.length;
  const words = new DataView(padded.buffer);
  for (let at = 0; at < padded.length; at += 8) {
    const [low, high] = [words.getUint32(at, true), words.getUint32(at + 4, true)];
    mix(v, 6, low, high);
    sipRound(v);
    sipRound(v);
    mix(v, 0, low, high);
  }
  mix(v, 4, 0xff, 0);
  for (let i = 0; i < 4; i++) sipRound(v);
  const half = (i: number): number => ((v[i] as number) ^ (v[i + 2] as number) ^ (v[i + 4] as number) ^ (v[i + 6] as number)) >>> 0;
  return { high: half(1), low: half(0) };
}

function sipRound(v: Uint32Array): void {
  add(v, 0, 2);
  rotateMix(v, 2, 13, 0);
  swap(v, 0);
  add(v, 4, 6);
  rotateMix(v, 6, 16, 4);
  add(v, 0, 6);
  rotateMix(v, 6, 21, 0);
  add(v, 4, 2);
  rotateMix(v, 2, 17, 4);
  swap(v, 4);
}

function mix(v: Uint32Array, i: number, low: number, high: number): void {
  v[i] = (v[i] as number) ^ low;
  v[i + 1] = (v[i + 1] as number) ^ high;
}

function add(v: Uint32Array, i: number, j: number): void {
  const low = (v[i] as number) + (v[j] as number);
  v[i] = low;
  v[i + 1] = (v[i + 1] as number) + (v[j + 1] as number) + (low >= HIGH ? 1 : 0);
}

/** Rotates word `i` left by less than 32 bits and mixes word `j` into it. */
function rotateMix(v: Uint32Array, i: number, by: number, j: number): void {
  const [low, high] = [v[i] as number, v[i + 1] as number];
  v[i] = ((low << by) | (high >>> (32 - by))) ^ (v[j] as number);
  v[i + 1] = ((high << by) | (low >>> (32 - by))) ^ (v[j + 1] as number);
}

/** A rotation by 32 bits. */
function swap(v: Uint32Array, i: number): void {
  const low = v[i] as number;
  v[i] = v[i + 1] as number;
  v[i + 1] = low;
}
