import { concat, fromUtf8, toUtf8 } from '../../src/lib/bytes.js';
import { editJson } from './json.js';

/** Whole numbers from 0 to 2³² - 1; 0 for ever after the last. */
export type Random = () => number;

/** `json`: half of the time the value is changed rather than its text. `script`: texts of that kind, each behind a character, between {@link CUT}s. */
export type Form = 'bytes' | 'text' | 'json' | 'script';

/** Between the parts of a script. */
export const CUT = '\n....\n';

/** What inputs are made of. */
export interface Kit {
  readonly form: Form;
  readonly seeds: readonly Uint8Array[];
  /** Pieces that the format knows. */
  readonly words: readonly Uint8Array[];
  /** The most bytes of an input. */
  readonly most: number;
}

/** Where lengths and counts go wrong. */
const edges = [0, 1, 2, 0x7f, 0x80, 0xfc, 0xfd, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x10000, 0x2000000, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff];
const digits = ['0', '1', '-1', '00', '1e9', '4294967295', '4294967296', '9007199254740993', '99999999999999999999'];
const characters = [
  '\0',
  '\n',
  '\r',
  ' ',
  '\u2028',
  '\ufeff',
  '\ufffd',
  'ſ',
  'ı',
  'İ',
  'K',
  'ß',
  '\u{1f600}',
  '\u202e',
  '"',
  '\\',
  '<',
  '&',
  '%',
  ';',
  '.',
  ':',
  '/',
  '//',
  '..',
];
const textWords = /* @__PURE__ */ [...digits, ...characters].map(fromUtf8);
const badUtf8 = [Uint8Array.of(0xff), Uint8Array.of(0xc0, 0x80), Uint8Array.of(0xed, 0xa0, 0x80), Uint8Array.of(0xe2, 0x82)];

/** One input: a sample with a few changes, or, one time in thirty-two, bytes from nowhere. */
export function mutate(kit: Kit, next: Random): Uint8Array {
  const first = next();
  if (first % 32 === 31) return noise(next() % Math.min(kit.most, 512), next());
  let bytes = pick(kit.seeds, first >>> 5) ?? new Uint8Array();
  const isEdited = (kit.form === 'json' || kit.form === 'script') && (first & 1) === 1;
  if (isEdited) return edited(bytes, pick(kit.seeds, next()) ?? bytes, kit, next).subarray(0, kit.most);
  for (let left = 1 + (next() % 4); left > 0; left--) bytes = change(bytes, kit, next);
  return bytes.subarray(0, kit.most);
}

function edited(bytes: Uint8Array, other: Uint8Array, { form }: Kit, next: Random): Uint8Array {
  if (form === 'json') return fromUtf8(editJson(toUtf8(bytes), toUtf8(other), next));
  const parts = toUtf8(bytes).split(CUT);
  const others = toUtf8(other).split(CUT);
  const at = next() % parts.length;
  const part = parts[at] ?? '';
  parts[at] = part.slice(0, 1) + editJson(part.slice(1), (pick(others, next()) ?? '').slice(1), next);
  return fromUtf8(parts.join(CUT));
}

function change(bytes: Uint8Array, kit: Kit, next: Random): Uint8Array {
  const kind = next();
  const at = bytes.length === 0 ? 0 : next() % bytes.length;
  switch (kind % 16) {
    case 0:
      return over(bytes, at, Uint8Array.of((bytes[at] ?? 0) ^ (1 << (next() % 8))));
    case 1:
      return over(bytes, at, Uint8Array.of(next()));
    case 2:
      return bytes.subarray(0, at);
    case 3:
      return insert(bytes, at, new Uint8Array(), span(next, bytes.length - at));
    case 4:
      return insert(bytes, at, noise(1 + (next() % 16), next()));
    case 5:
      return repeated(bytes, at, kit.most, next);
    case 6: {
      const other = pick(kit.seeds, next()) ?? bytes;
      return concat(bytes.subarray(0, at), other.subarray(other.length === 0 ? 0 : next() % other.length));
    }
    case 7:
    case 8:
      return over(bytes, at, number(next, kind));
    case 9:
      return over(bytes, at, Uint8Array.of((bytes[at] ?? 0) + 1 + (next() % 4)));
    case 10:
      return over(bytes, at, Uint8Array.of((bytes[at] ?? 0) - 1 - (next() % 4)));
    case 11:
      return over(bytes, at, word(kit, next));
    case 12:
      return insert(bytes, at, word(kit, next));
    case 13:
      return insert(bytes, at, bytes.subarray(at - (next() % (at + 1)), at));
    case 14: {
      const other = pick(kit.seeds, next()) ?? bytes;
      const from = other.length === 0 ? 0 : next() % other.length;
      return insert(bytes, at, other.subarray(from, from + span(next, 64)), span(next, 64));
    }
    default:
      return kit.form === 'bytes' ? bytes.subarray(at) : insert(bytes, at, word(kit, next), 1);
  }
}

/** A piece of the input again and again, now and then up to the bound: what costs more than its share shows. */
function repeated(bytes: Uint8Array, at: number, most: number, next: Random): Uint8Array {
  const piece = bytes.subarray(at, at + span(next, Math.min(bytes.length - at, 64)));
  const room = Math.max(0, most - bytes.length);
  const times = next() % 64 === 0 ? Math.floor(room / Math.max(1, piece.length)) : Math.min(next() % 32, Math.floor(room / Math.max(1, piece.length)));
  const run = new Uint8Array(piece.length * times);
  for (let i = 0; i < times; i++) run.set(piece, i * piece.length);
  return insert(bytes, at, run);
}

/** A length or a count, in one of the ways that formats write one. */
function number(next: Random, kind: number): Uint8Array {
  const value = kind & 16 ? (edges[next() % edges.length] ?? 0) : next() % 1024;
  const width = [1, 2, 4, 8][(kind >>> 5) % 4] ?? 1;
  const little = (kind & 128) === 0;
  return Uint8Array.from({ length: width }, (_, i) => {
    const place = little ? i : width - 1 - i;
    return place > 3 ? 0 : value >>> (8 * place);
  });
}

function word(kit: Kit, next: Random): Uint8Array {
  const lists = kit.form === 'bytes' ? [kit.words] : [kit.words, textWords, badUtf8];
  const list = lists[next() % lists.length] ?? [];
  return pick(list, next()) ?? number(next, next());
}

function over(bytes: Uint8Array, at: number, part: Uint8Array): Uint8Array {
  const out = bytes.slice();
  out.set(part.subarray(0, Math.max(0, out.length - at)), at);
  return out;
}

function insert(bytes: Uint8Array, at: number, part: Uint8Array, instead = 0): Uint8Array {
  return concat(bytes.subarray(0, at), part, bytes.subarray(at + instead));
}

/** Mostly short. */
function span(next: Random, most: number): number {
  const value = next();
  return most <= 0 ? 0 : 1 + (value & 3 ? (value >>> 2) % Math.min(most, 8) : (value >>> 2) % most);
}

function noise(length: number, seed: number): Uint8Array {
  const next = xorshift(seed);
  return Uint8Array.from({ length }, next);
}

function pick<T>(list: readonly T[], random: number): T | undefined {
  return list[random % list.length];
}

/** A fast source of numbers that looks random enough for this. */
export function xorshift(seed: number): Random {
  let state = (seed ^ 0x9e3779b9) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state = (state ^ (state << 5)) >>> 0;
    return state;
  };
}

/** Numbers as they were drawn. */
export function drawn(numbers: readonly number[]): Random {
  let at = 0;
  return () => numbers[at++] ?? 0;
}
