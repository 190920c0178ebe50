import { fromHex, reader, reversed, toHex } from '../../lib/bytes.js';
import { NamesteadError } from '../../lib/errors.js';
import { sha256dOf80 } from '../../lib/sha256d.js';

export const HEADER_BYTES = 80;
/** Blocks between two changes of the target, and the seconds they are meant to take. */
export const PERIOD = 2016;
const PERIOD_SECONDS = 1_209_600;

export interface Header {
  /** Signed, 32 bits. */
  readonly version: number;
  /** Display hex, like `merkleRoot` and `hash`. */
  readonly previous: string;
  readonly merkleRoot: string;
  /** Seconds since 1970. */
  readonly time: number;
  readonly bits: number;
  readonly nonce: number;
  readonly hash: string;
}

/**
 * Reads 80 bytes. Whether they carry any work is another question: {@link verifyWork}.
 * @throws NamesteadError `Malformed`
 */
export function parseHeader(bytes: Uint8Array): Header {
  const from = reader(bytes, 'block header');
  const header = {
    version: from.u32le() | 0,
    previous: toHex(reversed(from.take(32))),
    merkleRoot: toHex(reversed(from.take(32))),
    time: from.u32le(),
    bits: from.u32le(),
    nonce: from.u32le(),
    hash: '',
  };
  from.end();
  return { ...header, hash: hashHeader(bytes) };
}

/** The 80 bytes that {@link parseHeader} read. */
export function serializeHeader({ version, previous, merkleRoot, time, bits, nonce }: Omit<Header, 'hash'>): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  bytes.set(reversed(fromHex(previous)), 4);
  bytes.set(reversed(fromHex(merkleRoot)), 36);
  view.setInt32(0, version, true);
  [time, bits, nonce].forEach((word, i) => view.setUint32(68 + 4 * i, word, true));
  return bytes;
}

/** The block hash of an 80-byte header, display hex. */
export function hashHeader(bytes: Uint8Array): string {
  const digest = new Uint8Array(32);
  sha256dOf80(bytes, 0, digest);
  return toHex(digest.reverse());
}

/**
 * The target that `bits` stand for (Bitcoin Core `arith_uint256::SetCompact`).
 * @throws NamesteadError `HeaderBits` when it is negative, zero, above 256 bits or easier than `limit`
 */
export function targetOf(bits: number, limit = (1n << 256n) - 1n): bigint {
  const mantissa = BigInt(bits & 0x7fffff);
  const shift = 8n * (BigInt(bits >>> 24) - 3n);
  const target = shift < 0n ? mantissa >> -shift : mantissa << shift;
  if (bits & 0x800000 || target === 0n || target > limit)
    throw new NamesteadError('HeaderBits', `bits ${hex32(bits)} stand for no target, or one easier than the network allows`);
  return target;
}

/** The compact form of a target, precision lost as Bitcoin loses it (`arith_uint256::GetCompact`). */
export function compactOf(target: bigint): number {
  let size = Math.ceil(target.toString(16).length / 2);
  let mantissa = size > 3 ? target >> BigInt(8 * (size - 3)) : target << BigInt(8 * (3 - size));
  if (mantissa & 0x800000n) {
    mantissa >>= 8n;
    size++;
  }
  return ((size << 24) | Number(mantissa)) >>> 0;
}

/** Expected hashes for one block at `bits`. */
export function workOf(bits: number): bigint {
  return (1n << 256n) / (targetOf(bits) + 1n);
}

/**
 * The bits of the next period, from the bits of the last block and the seconds between the first and the last block of the
 * period (2015 intervals, as Bitcoin counts them), held between a quarter and four times of two weeks.
 */
export function retarget(bits: number, seconds: number, limitBits: number): number {
  const limit = targetOf(limitBits);
  const span = BigInt(Math.min(Math.max(seconds, PERIOD_SECONDS / 4), PERIOD_SECONDS * 4));
  const target = (targetOf(bits) * span) / BigInt(PERIOD_SECONDS);
  return compactOf(target > limit ? limit : target);
}

/** @throws NamesteadError `HeaderBits`, or `HeaderWork` when the hash is above the target its own bits name */
export function verifyWork(header: Header, limitBits?: number): void {
  const target = targetOf(header.bits, limitBits === undefined ? undefined : targetOf(limitBits));
  if (BigInt('0x' + header.hash) > target) throw new NamesteadError('HeaderWork', `block ${header.hash} does not meet its own target`);
}

export function hex32(value: number): string {
  return (value >>> 0).toString(16).padStart(8, '0');
}
