/**
 * RIPEMD-160 (Dobbertin, Bosselaers, Preneel, 1996). Ours, since a resolver needs no other hash of its family, and the package's comes
 * with all that the family shares. A property test holds it against @noble/hashes.
 */
export function ripemd160(bytes: Uint8Array): Uint8Array {
  const padded = new Uint8Array(64 * Math.ceil((bytes.length + 9) / 64));
  const view = new DataView(padded.buffer);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  view.setBigUint64(padded.length - 8, BigInt(bytes.length) * 8n, true);
  const state = Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0);
  const words = new Int32Array(16);
  for (let at = 0; at < padded.length; at += 64) {
    for (let i = 0; i < 16; i++) words[i] = view.getInt32(at + 4 * i, true);
    const before = state.slice();
    const [one, two] = [run(left, before, words), run(right, before, words)];
    for (let i = 0; i < 5; i++) state[i] = (before[(i + 1) % 5] as number) + (one[(i + 2) % 5] as number) + (two[(i + 3) % 5] as number);
  }
  state.forEach((word, i) => {
    view.setInt32(4 * i, word, true);
  });
  return padded.slice(0, 20);
}

/** One of the two lines of 80 steps that each block goes through. */
interface Line {
  /** Which word each step takes, and how far it turns. */
  readonly words: Uint8Array;
  readonly turns: Uint8Array;
  readonly constants: Int32Array;
  /** Whether the five functions come in the opposite order. */
  readonly flipped: boolean;
}

/** The words of a round, as places in the order of the round before. */
const RHO = [7, 4, 13, 1, 10, 6, 15, 3, 12, 0, 9, 5, 2, 14, 11, 8];
/** How far a step turns, by round and word: a hex digit each. */
const TURNS = ['befc5879bdef6798', 'cdbf6997cfbd7877', 'dfeb7768dedc5569', 'ebce8655fcfe9986', 'fcdd9586ebcb8655'];

const left = /* @__PURE__ */ lineOf((i) => i, [0, 0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xa953fd4e], false);
const right = /* @__PURE__ */ lineOf((i) => (9 * i + 5) % 16, [0x50a28be6, 0x5c4dd124, 0x6d703ef3, 0x7a6d76e9, 0], true);

function lineOf(first: (place: number) => number, constants: readonly number[], flipped: boolean): Line {
  let order = RHO.map((_, i) => first(i));
  const words: number[] = [];
  const turns: number[] = [];
  for (const digits of TURNS) {
    words.push(...order);
    turns.push(...order.map((word) => Number.parseInt(digits.charAt(word), 16)));
    order = order.map((word) => RHO[word] as number);
  }
  return { words: Uint8Array.from(words), turns: Uint8Array.from(turns), constants: Int32Array.from(constants), flipped };
}

function run(line: Line, state: Int32Array, block: Int32Array): Int32Array {
  let [a = 0, b = 0, c = 0, d = 0, e = 0] = state;
  for (let i = 0; i < 80; i++) {
    const round = i >> 4;
    const sum = a + mix(line.flipped ? 4 - round : round, b, c, d) + (block[line.words[i] as number] as number) + (line.constants[round] as number);
    const next = turn(sum, line.turns[i] as number) + e;
    a = e;
    e = d;
    d = turn(c, 10);
    c = b;
    b = next | 0;
  }
  return Int32Array.of(a, b, c, d, e);
}

function mix(by: number, x: number, y: number, z: number): number {
  if (by === 0) return x ^ y ^ z;
  if (by === 1) return (x & y) | (~x & z);
  if (by === 2) return (x | ~y) ^ z;
  return by === 3 ? (x & z) | (y & ~z) : x ^ (y | ~z);
}

function turn(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by));
}
