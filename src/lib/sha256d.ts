/**
 * SHA-256 twice over 80 bytes, for block headers by the hundred thousand: no allocation, three compressions on one schedule.
 * Everything else hashes through `hash.ts`; a property test holds the two against each other.
 */
const schedule = /* @__PURE__ */ new Int32Array(16);
const state = /* @__PURE__ */ new Int32Array(8);
/** FIPS 180-4, 4.2.2 and 5.3.3: the first 32 bits of the fractional parts of the roots of the first primes. */
export const constants = /* @__PURE__ */ rootsOfPrimes(64, Math.cbrt);
export const initial = /* @__PURE__ */ rootsOfPrimes(8, Math.sqrt);

function rootsOfPrimes(count: number, root: (of: number) => number): Int32Array {
  const out = new Int32Array(count);
  for (let i = 0, n = 2; i < count; n++) {
    let divisor = 2;
    while (n % divisor !== 0) divisor++;
    if (divisor === n) out[i++] = (root(n) % 1) * 2 ** 32;
  }
  return out;
}

/** Hashes the 80 bytes at `offset` into `out` at `at`: 32 bytes, inner order. */
export function sha256dOf80(bytes: Uint8Array, offset: number, out: Uint8Array, at = 0): void {
  copy(initial, state);
  load(bytes, offset, 16);
  compress();
  load(bytes, offset + 64, 4);
  pad(4, 640);
  compress();
  copy(state, schedule);
  pad(8, 256);
  copy(initial, state);
  compress();
  for (let i = 0; i < 8; i++) {
    const word = state[i] as number;
    out[at + 4 * i] = word >>> 24;
    out[at + 4 * i + 1] = word >>> 16;
    out[at + 4 * i + 2] = word >>> 8;
    out[at + 4 * i + 3] = word;
  }
}

/** Eight words; for so few the loop is faster than `set`. */
function copy(from: Int32Array, to: Int32Array): void {
  for (let i = 0; i < 8; i++) to[i] = from[i] as number;
}

function load(bytes: Uint8Array, offset: number, words: number): void {
  for (let i = 0, at = offset; i < words; i++, at += 4) {
    schedule[i] = ((bytes[at] as number) << 24) | ((bytes[at + 1] as number) << 16) | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number);
  }
}

function pad(from: number, bits: number): void {
  schedule[from] = 0x80000000;
  for (let i = from + 1; i < 15; i++) schedule[i] = 0;
  schedule[15] = bits;
}

/** FIPS 180-4, 6.2.2, the schedule kept to its last sixteen words. */
function compress(): void {
  const k = constants;
  const w = schedule;
  let a = state[0] as number;
  let b = state[1] as number;
  let c = state[2] as number;
  let d = state[3] as number;
  let e = state[4] as number;
  let f = state[5] as number;
  let g = state[6] as number;
  let h = state[7] as number;
  for (let i = 0; i < 64; i++) {
    if (i > 0 && (i & 15) === 0) expand(w as unknown as Words);
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const t1 = (h + s1 + (g ^ (e & (f ^ g))) + (k[i] as number) + (w[i & 15] as number)) | 0;
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const t2 = (s0 + ((a & b) | (c & (a | b)))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + t2) | 0;
  }
  state[0] = (state[0] as number) + a;
  state[1] = (state[1] as number) + b;
  state[2] = (state[2] as number) + c;
  state[3] = (state[3] as number) + d;
  state[4] = (state[4] as number) + e;
  state[5] = (state[5] as number) + f;
  state[6] = (state[6] as number) + g;
  state[7] = (state[7] as number) + h;
}

type Words = Record<0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11 | 12 | 13 | 14 | 15, number>;

/** The next sixteen words of the schedule. Written out: with computed places it is a fifth slower. */
function expand(w: Words): void {
  let x: number;
  let y: number;
  x = w[1];
  y = w[14];
  w[0] = w[0] + (((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3)) + w[9] + (((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10));
  x = w[2];
  y = w[15];
  w[1] = w[1] + (((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3)) + w[10] + (((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10));
  x = w[3];
  y = w[0];
  w[2] = w[2] + (((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3)) + w[11] + (((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10));
  x = w[4];
  y = w[1];
  w[3] = w[3] + (((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3)) + w[12] + (((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10));
  x = w[5];
  y = w[2];
  w[4] = w[4] + (((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3)) + w[13] + (((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10));
  x = w[6];
  y = w[3];
  w[5] = w[5] + (((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3)) + w[14] + (((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10));
  x = w[7];
  y = w[4];
  w[6] = w[6] + (((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3)) + w[15] + (((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10));
  x = w[8];
  y = w[5];
  w[7] = w[7] + (((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3)) + w[0] + (((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10));
  x = w[9];
  y = w[6];
  w[8] = w[8] + (((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3)) + w[1] + (((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10));
  x = w[10];
  y = w[7];
  w[9] = w[9] + (((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3)) + w[2] + (((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10));
  x = w[11];
  y = w[8];
  w[10] = w[10] + (((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3)) + w[3] + (((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10));
  x = w[12];
  y = w[9];
  w[11] = w[11] + (((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3)) + w[4] + (((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10));
  x = w[13];
  y = w[10];
  w[12] = w[12] + (((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3)) + w[5] + (((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10));
  x = w[14];
  y = w[11];
  w[13] = w[13] + (((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3)) + w[6] + (((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10));
  x = w[15];
  y = w[12];
  w[14] = w[14] + (((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3)) + w[7] + (((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10));
  x = w[0];
  y = w[13];
  w[15] = w[15] + (((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3)) + w[8] + (((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10));
}
