/**
 * SHA-256 twice over 80 bytes, for block headers by the hundred thousand: no allocation, three compressions on one schedule.
 * Everything else hashes through `hash.ts`; a property test holds the two against each other.
 */
const schedule = /* @__PURE__ */ new Int32Array(64);
const state = /* @__PURE__ */ new Int32Array(8);
/** FIPS 180-4, 4.2.2 and 5.3.3: the first 32 bits of the fractional parts of the roots of the first primes. */
const constants = /* @__PURE__ */ rootsOfPrimes(64, Math.cbrt);
const initial = /* @__PURE__ */ rootsOfPrimes(8, Math.sqrt);

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
  const w = schedule;
  state.set(initial);
  load(bytes, offset, 16);
  compress();
  load(bytes, offset + 64, 4);
  pad(4, 640);
  compress();
  w.set(state);
  pad(8, 256);
  state.set(initial);
  compress();
  for (let i = 0; i < 8; i++) {
    const word = state[i] as number;
    out[at + 4 * i] = word >>> 24;
    out[at + 4 * i + 1] = word >>> 16;
    out[at + 4 * i + 2] = word >>> 8;
    out[at + 4 * i + 3] = word;
  }
}

function load(bytes: Uint8Array, offset: number, words: number): void {
  for (let i = 0, at = offset; i < words; i++, at += 4) {
    schedule[i] = ((bytes[at] as number) << 24) | ((bytes[at + 1] as number) << 16) | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number);
  }
}

function pad(from: number, bits: number): void {
  schedule[from] = 0x80000000;
  schedule.fill(0, from + 1, 15);
  schedule[15] = bits;
}

/** FIPS 180-4, 6.2.2. */
function compress(): void {
  const w = schedule;
  const k = constants;
  for (let i = 16; i < 64; i++) {
    const x = w[i - 15] as number;
    const y = w[i - 2] as number;
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    w[i] = (w[i - 16] as number) + s0 + (w[i - 7] as number) + s1;
  }
  let a = state[0] as number;
  let b = state[1] as number;
  let c = state[2] as number;
  let d = state[3] as number;
  let e = state[4] as number;
  let f = state[5] as number;
  let g = state[6] as number;
  let h = state[7] as number;
  for (let i = 0; i < 64; i++) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const t1 = (h + s1 + (g ^ (e & (f ^ g))) + (k[i] as number) + (w[i] as number)) | 0;
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
