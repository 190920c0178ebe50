/**
 * SHA-256 twice over many headers, four at a time, in WebAssembly SIMD. The module is assembled here when it is asked for: 14 kB that nobody
 * has to ship. A property test holds it against `sha256d.ts`.
 */
import { constants, initial } from './sha256d.js';

/** Hashes headers of 80 bytes: 32 bytes each, inner order, valid until the next call. */
export type HashHeaders = (headers: readonly Uint8Array[]) => Uint8Array;

/** Headers in one run. */
const MOST = 2000;
/** In memory: the schedule, the state, then headers and hashes. */
const STATE = 256;
const INPUT = 512;
const OUTPUT = INPUT + 80 * MOST;
const PAGES = 4;

/**
 * Null where WebAssembly or its SIMD is missing or forbidden: the hashing that is there anyway will do.
 * @example const chain = createHeaderChain(bitcoinMainnet, { hashHeaders: (await loadHashHeaders()) ?? undefined });
 */
export async function loadHashHeaders(): Promise<HashHeaders | null> {
  try {
    const { instance } = await WebAssembly.instantiate(Uint8Array.from(assemble()));
    const { memory, run } = instance.exports as { readonly memory: WebAssembly.Memory; readonly run: (groups: number) => void };
    return createHasher(new Uint8Array(memory.buffer), run);
  } catch {
    return null;
  }
}

function createHasher(room: Uint8Array, run: (groups: number) => void): HashHeaders {
  return (headers) => {
    const out = new Uint8Array(32 * headers.length);
    for (let from = 0; from < headers.length; from += MOST) {
      const count = Math.min(MOST, headers.length - from);
      for (let i = 0; i < count; i++) {
        const header = headers[from + i] as Uint8Array;
        room.set(header.length === 80 ? header : header.subarray(0, 80), INPUT + 80 * i);
      }
      run((count + 3) >> 2);
      out.set(room.subarray(OUTPUT, OUTPUT + 32 * count), 32 * from);
    }
    return out;
  };
}

type Code = readonly number[];

/** WebAssembly core 2.0, binary format: opcodes of what is used. */
const simd = (op: number, ...rest: Code): Code => [0xfd, ...leb(op), ...rest];
const get = (local: number): Code => [0x20, ...leb(local)];
const set = (local: number): Code => [0x21, ...leb(local)];
const int = (value: number): Code => [0x41, ...leb(value, true)];
const load = (offset: number): Code => [...int(0), ...simd(0x00, 0, ...leb(offset))];
const store = (offset: number, value: Code): Code => [...int(0), ...value, ...simd(0x0b, 0, ...leb(offset))];
const splat = (word: number): Code => simd(0x0c, ...[0, 1, 2, 3].flatMap(() => [word & 255, (word >>> 8) & 255, (word >>> 16) & 255, word >>> 24]));
const and = /* @__PURE__ */ simd(0x4e);
const or = /* @__PURE__ */ simd(0x50);
const xor = /* @__PURE__ */ simd(0x51);
const choose = /* @__PURE__ */ simd(0x52);
const shl = /* @__PURE__ */ simd(0xab);
const shr = /* @__PURE__ */ simd(0xad);
const add = /* @__PURE__ */ simd(0xae);
/** Turns the bytes of each word around. */
const turn = (local: number): Code => [...get(local), ...get(local), ...simd(0x0d, ...Array.from({ length: 16 }, (_, i) => i ^ 3))];

const shiftRight = (local: number, by: number): Code => [...get(local), ...int(by), ...shr];
const rotate = (local: number, by: number): Code => [...shiftRight(local, by), ...get(local), ...int(32 - by), ...shl, ...or];
/** FIPS 180-4, 4.1.2: the sums of three rotations, the last of them a shift for the schedule. */
const sum = (local: number, a: number, b: number, c: number): Code => [...rotate(local, a), ...rotate(local, b), ...xor, ...rotate(local, c), ...xor];
const mix = (local: number, a: number, b: number, c: number): Code => [...rotate(local, a), ...rotate(local, b), ...xor, ...shiftRight(local, c), ...xor];

/** FIPS 180-4, 6.2.2. Locals 0 to 15: the schedule; 16 to 23: a to h, whose places move instead of their values; 24: a sum; 25 and 26: a xor b, now and before. */
function compress(): Code {
  const code: number[] = [];
  const emit = (...parts: readonly Code[]): void => parts.forEach((part) => code.push(...part));
  for (let i = 0; i < 24; i++) emit(load(16 * i), set(i));
  emit(get(17), get(18), xor, set(25));
  for (let round = 0; round < 64; round++) {
    const at = (letter: number): number => 16 + ((letter - round) & 7);
    const word = (ahead: number): number => (round + ahead) & 15;
    if (round > 15) emit(get(word(0)), mix(word(1), 7, 18, 3), add, get(word(9)), add, mix(word(14), 17, 19, 10), add, set(word(0)));
    const [before, now] = [25 + (round & 1), 26 - (round & 1)];
    emit(get(at(7)), sum(at(4), 6, 11, 25), add, get(at(5)), get(at(6)), get(at(4)), choose, add);
    emit(splat(constants[round] ?? 0), add, get(word(0)), add, set(24), get(at(3)), get(24), add, set(at(3)));
    emit(get(at(0)), get(at(1)), xor, set(now), get(24), sum(at(0), 2, 13, 22), add, get(now), get(before), and, get(at(1)), xor, add, set(at(7)));
  }
  for (let i = 0; i < 8; i++) emit(store(STATE + 16 * i, [...load(STATE + 16 * i), ...get(16 + i), ...add]));
  return code;
}

/** Local 0: groups left; 1: where the next four headers stand; 2: where their hashes go; 3: four words. */
function run(): Code {
  const call = [0x10, 0];
  const begin = Array.from(initial).flatMap((word, i) => store(STATE + 16 * i, splat(word)));
  const pad = (from: number, bits: number): Code =>
    Array.from({ length: 16 - from }, (_, i) => store(16 * (from + i), splat(i === 0 ? 0x80000000 : from + i === 15 ? bits : 0))).flat();
  const word = (from: number, to: number): Code => [
    ...[...get(1), ...simd(0x5c, 0, ...leb(4 * from)), ...set(3)],
    ...[1, 2, 3].flatMap((lane) => [...get(1), ...get(3), ...simd(0x56, 0, ...leb(80 * lane + 4 * from), lane), ...set(3)]),
    ...store(16 * to, turn(3)),
  ];
  const result = (i: number): Code => [
    ...[...load(STATE + 16 * i), ...set(3), ...turn(3), ...set(3)],
    ...[0, 1, 2, 3].flatMap((lane) => [...get(2), ...get(3), ...simd(0x5a, 0, ...leb(32 * lane + 4 * i), lane)]),
  ];
  const sixteen = Array.from({ length: 16 }, (_, i) => i);
  const advance = (local: number, by: number): Code => [...get(local), ...int(by), 0x6a, ...set(local)];
  return [
    ...[...int(INPUT), ...set(1), ...int(OUTPUT), ...set(2), 0x03, 0x40],
    ...[...begin, ...sixteen.flatMap((i) => word(i, i)), ...call],
    ...[...[16, 17, 18, 19].flatMap((i) => word(i, i - 16)), ...pad(4, 640), ...call],
    ...[...sixteen.slice(0, 8).flatMap((i) => store(16 * i, load(STATE + 16 * i))), ...pad(8, 256), ...begin, ...call],
    ...sixteen.slice(0, 8).flatMap(result),
    ...[...advance(1, 320), ...advance(2, 128), ...advance(0, -1), ...get(0), 0x0d, 0, 0x0b],
  ];
}

function assemble(): number[] {
  const section = (id: number, ...items: readonly Code[]): Code => sized([...leb(items.length), ...items.flat()], id);
  const name = (text: string): Code => [text.length, ...Array.from(text, (letter) => letter.charCodeAt(0))];
  const body = (locals: Code, code: Code): Code => sized([...locals, ...code, 0x0b]);
  return [
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [0x60, 0, 0], [0x60, 1, 0x7f, 0]),
    ...section(3, [0], [1]),
    ...section(5, [0, PAGES]),
    ...section(7, [...name('memory'), 2, 0], [...name('run'), 0, 1]),
    ...section(10, body([1, 27, 0x7b], compress()), body([2, 2, 0x7f, 1, 0x7b], run())),
  ];
}

function sized(code: Code, ...before: Code): Code {
  return [...before, ...leb(code.length), ...code];
}

/** LEB128; a signed one ends with its sign in bit 6. */
function leb(value: number, signed = false): Code {
  const out: number[] = [];
  for (let left = value | 0; ;) {
    const low = left & 127;
    left = signed ? left >> 7 : left >>> 7;
    const done = signed ? (left === 0 && (low & 64) === 0) || (left === -1 && (low & 64) !== 0) : left === 0;
    out.push(done ? low : low | 128);
    if (done) return out;
  }
}
