import { NamesteadError } from './errors.js';

const HEX = /^[0-9a-f]*$/i;
const encoder = /* @__PURE__ */ new TextEncoder();
/** `ignoreBOM` keeps a leading U+FEFF, which belongs to the user's text. */
const lenient = /* @__PURE__ */ new TextDecoder('utf-8', { ignoreBOM: true });
const fatal = /* @__PURE__ */ new TextDecoder('utf-8', { ignoreBOM: true, fatal: true });

/** Bytes as lower-case hex. */
export function toHex(bytes: Uint8Array): string {
  // Digits as bytes, then one decode: files are hex, and joining text is slow.
  const digits = new Uint8Array(2 * bytes.length);
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0;
    digits[2 * i] = digitOf(byte >> 4);
    digits[2 * i + 1] = digitOf(byte & 15);
  }
  return lenient.decode(digits);
}

/** The bytes of hex of either case, without a prefix. @throws NamesteadError `Malformed` */
export function fromHex(text: string): Uint8Array {
  const malformed = (): NamesteadError => new NamesteadError('Malformed', 'expected an even number of hex digits');
  if (typeof text !== 'string' || text.length % 2 !== 0) throw malformed();
  const bytes = new Uint8Array(text.length / 2);
  let bad = 0;
  for (let i = 0; i < bytes.length; i++) {
    const high = valueOf(text.charCodeAt(2 * i));
    const low = valueOf(text.charCodeAt(2 * i + 1));
    bad |= (high | low) & ~15;
    bytes[i] = (high << 4) | low;
  }
  if (bad !== 0) throw malformed();
  return bytes;
}

function digitOf(value: number): number {
  return value + (value < 10 ? 48 : 87);
}

/** 16 for what is no hex digit. */
function valueOf(digit: number): number {
  if (digit >= 48 && digit <= 57) return digit - 48;
  const letter = digit | 32;
  return letter >= 97 && letter <= 102 ? letter - 87 : 16;
}

export function isHex(text: unknown, bytes?: number): text is string {
  return typeof text === 'string' && text.length % 2 === 0 && (bytes === undefined || text.length === 2 * bytes) && HEX.test(text);
}

/** Bytes read as UTF-8; what is none becomes U+FFFD. A leading U+FEFF stays. */
export function toUtf8(bytes: Uint8Array): string {
  return lenient.decode(bytes);
}

/** As {@link toUtf8}, but refuses bytes that are not UTF-8. @throws NamesteadError `Malformed` */
export function toUtf8Strict(bytes: Uint8Array): string {
  try {
    return fatal.decode(bytes);
  } catch (cause) {
    throw new NamesteadError('Malformed', 'the bytes are not UTF-8 text', { cause });
  }
}

/** Text as UTF-8. */
export function fromUtf8(text: string): Uint8Array {
  return encoder.encode(text);
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Joins parts as they come. Memory grows with the bytes, not with the parts: whoever sends may cut them as small as he likes. */
export interface Gathering {
  readonly size: number;
  add(part: Uint8Array): void;
  bytes(): Uint8Array<ArrayBuffer>;
}

export function gather(): Gathering {
  let room = new Uint8Array(1024);
  let size = 0;
  return {
    get size() {
      return size;
    },
    add: (part) => {
      if (size + part.length > room.length) {
        const larger = new Uint8Array(Math.max(size + part.length, 2 * room.length));
        larger.set(room.subarray(0, size));
        room = larger;
      }
      room.set(part, size);
      size += part.length;
    },
    bytes: () => room.slice(0, size),
  };
}

/** Compares in time that depends on the length alone. */
export function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0);
  return difference === 0;
}

export function reversed(bytes: Uint8Array): Uint8Array {
  return bytes.slice().reverse();
}

/** Bytes in base64 with the standard alphabet and padding (RFC 4648). */
export function toBase64(bytes: Uint8Array): string {
  const text = new Uint8Array(4 * Math.ceil(bytes.length / 3)).fill(61);
  for (let i = 0, at = 0; i < bytes.length; i += 3, at += 4) {
    const left = bytes.length - i;
    const bits = ((bytes[i] ?? 0) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    text[at] = characterOf(bits >> 18);
    text[at + 1] = characterOf((bits >> 12) & 63);
    if (left > 1) text[at + 2] = characterOf((bits >> 6) & 63);
    if (left > 2) text[at + 3] = characterOf(bits & 63);
  }
  return lenient.decode(text);
}

/** Standard or URL-safe alphabet, padding optional (RFC 4648); anything else is refused. @throws NamesteadError `Malformed` */
export function fromBase64(text: string): Uint8Array {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const characters = encoder.encode(text);
  const length = text.length - padding;
  let bad = characters.length ^ text.length;
  if (length % 4 === 1 || (padding > 0 && text.length % 4 !== 0)) bad = 1;
  const bytes = new Uint8Array(Math.floor((3 * length) / 4));
  for (let i = 0, at = 0; i < length; i += 4, at += 3) {
    const a = sextetOf(characters[i] ?? 0);
    const b = sextetOf(characters[i + 1] ?? 0);
    const c = i + 2 < length ? sextetOf(characters[i + 2] ?? 0) : 0;
    const d = i + 3 < length ? sextetOf(characters[i + 3] ?? 0) : 0;
    bad |= (a | b | c | d) & ~63;
    bytes[at] = (a << 2) | (b >> 4);
    bytes[at + 1] = (b << 4) | (c >> 2);
    bytes[at + 2] = (c << 6) | d;
  }
  if (bad !== 0) throw new NamesteadError('Malformed', 'expected base64');
  return bytes;
}

function characterOf(sextet: number): number {
  if (sextet < 26) return sextet + 65;
  if (sextet < 52) return sextet + 71;
  return sextet < 62 ? sextet - 4 : sextet === 62 ? 43 : 47;
}

/** 64 for what is of neither alphabet. */
function sextetOf(character: number): number {
  if (character >= 97 && character <= 122) return character - 71;
  if (character >= 65 && character <= 90) return character - 65;
  if (character >= 48 && character <= 57) return character + 4;
  if (character === 43 || character === 45) return 62;
  return character === 47 || character === 95 ? 63 : 64;
}

export function toBase64Url(bytes: Uint8Array): string {
  return toBase64(bytes).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
}

/** A cursor over bytes that refuses to run past the end; integers are unsigned. */
export interface ByteReader {
  readonly bytes: Uint8Array;
  readonly offset: number;
  readonly left: number;
  take(length: number): Uint8Array;
  u8(): number;
  u16le(): number;
  u32le(): number;
  u64le(): bigint;
  /** CompactSize; refuses a longer encoding than needed (Bitcoin serialize.h), and values above 32 MiB. */
  compactSize(): number;
  /** Throws unless every byte was read. */
  end(): void;
}

export function reader(bytes: Uint8Array, what = 'bytes'): ByteReader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let offset = 0;
  const advance = (length: number): number => {
    const at = offset;
    if (length > bytes.length - at) throw new NamesteadError('Malformed', `${what}: ${bytes.length} bytes, and ${at + length} are needed`);
    offset = at + length;
    return at;
  };
  const self: ByteReader = {
    bytes,
    get offset() {
      return offset;
    },
    get left() {
      return bytes.length - offset;
    },
    take: (length) => {
      const at = advance(length);
      return bytes.subarray(at, at + length);
    },
    u8: () => view.getUint8(advance(1)),
    u16le: () => view.getUint16(advance(2), true),
    u32le: () => view.getUint32(advance(4), true),
    u64le: () => view.getBigUint64(advance(8), true),
    compactSize: () => {
      const first = self.u8();
      if (first < 0xfd) return first;
      const value = first === 0xfd ? BigInt(self.u16le()) : first === 0xfe ? BigInt(self.u32le()) : self.u64le();
      const least = first === 0xfd ? 0xfdn : first === 0xfe ? 0x10000n : 0x100000000n;
      if (value < least || value > 0x02000000n) throw new NamesteadError('Malformed', `${what} hold a CompactSize that is not canonical or too large`);
      return Number(value);
    },
    end: () => {
      if (offset !== bytes.length) throw new NamesteadError('Malformed', `${what} hold ${bytes.length - offset} bytes too many`);
    },
  };
  return self;
}
