import { fromHex, reversed, toHex } from '../../lib/bytes.js';
import { NamesteadError, type ErrorCode } from '../../lib/errors.js';
import { sha256dOf80 } from '../../lib/sha256d.js';
import { HEADER_BYTES, hex32, PERIOD, retarget, targetOf, workOf } from './header.js';
import type { BitcoinParams } from './network.js';

export interface ChainTip {
  readonly height: number;
  /** Display hex. */
  readonly hash: string;
  /** Seconds since 1970. */
  readonly time: number;
  /** Expected hashes from the genesis block up to here. */
  readonly work: bigint;
}

/** Headers that follow one another, each checked, and not yet part of a chain. After an error it is to be dropped. */
export interface Branch {
  /** The block it stands on. */
  readonly parent: ChainTip;
  tip(): ChainTip;
  /** Its headers, 80 bytes each. */
  bytes(): Uint8Array;
  /**
   * Checks headers that follow (linkage, bits, proof of work, median time past) and takes them.
   * @throws NamesteadError `Malformed`, `HeaderLinkage`, `HeaderBits`, `HeaderWork`, `HeaderTime`, `TooLarge`
   */
  extend(headers: readonly Uint8Array[]): void;
}

/** A branch on `parent`; `timeAt` and `parentBits` tell of the blocks beneath (-1 before the genesis block), `limit` is the last height it may reach. */
export function openBranch(params: BitcoinParams, parent: ChainTip, parentBits: number, timeAt: (height: number) => number, limit: number): Branch {
  let { height, time, work } = parent;
  // Big integers are slow: the headers of one target are counted, and their work is added up in the end.
  let run = 0;
  let bits = parentBits;
  let target = targetBytes(bits);
  let unit = workOf(bits);
  let periodStart = timeAt(height - (height % PERIOD));
  let bytes = new Uint8Array(HEADER_BYTES);
  const hash = reversed(fromHex(parent.hash));
  const times = new Float64Array(11);
  for (let i = height - 10; i <= height; i++) times[(i + 11) % 11] = i < 0 ? -1 : timeAt(i);

  const take = (header: Uint8Array): void => {
    height++;
    if (header.length !== HEADER_BYTES) refuse('Malformed', height, `has ${header.length} bytes, not 80`);
    if (height > limit) refuse('TooLarge', height, 'is more than are held');
    for (let i = 0; i < 32; i++) if (header[4 + i] !== hash[i]) refuse('HeaderLinkage', height, 'does not follow the one before it');
    if (height % PERIOD === 0 && !params.noRetargeting) {
      bits = retarget(bits, time - periodStart, params.powLimitBits);
      target = targetBytes(bits);
      work += unit * BigInt(run);
      unit = workOf(bits);
      run = 0;
    }
    if (u32(header, 72) !== bits) refuse('HeaderBits', height, `has bits ${hex32(u32(header, 72))} where the rules demand ${hex32(bits)}`);
    sha256dOf80(header, 0, hash);
    if (isAbove(hash, target)) refuse('HeaderWork', height, 'does not meet its target');
    time = u32(header, 68);
    // Later than the median is later than most of the eleven; before height 11 the missing ones count as passed.
    let later = 0;
    for (let i = 0; i < 11; i++) if (time > (times[i] as number)) later++;
    if (later < 12 - ((Math.min(height, 11) + 1) >> 1)) refuse('HeaderTime', height, 'is not later than the median of the eleven before it');
    times[height % 11] = time;
    if (height % PERIOD === 0) periodStart = time;
    run++;
  };

  return {
    parent,
    tip: () => ({ height, hash: toHex(reversed(hash)), time, work: work + unit * BigInt(run) }),
    bytes: () => bytes.subarray(0, (height - parent.height) * HEADER_BYTES),
    extend: (headers) => {
      for (const header of headers) {
        take(header);
        bytes = splice(bytes, (height - parent.height - 1) * HEADER_BYTES, header);
      }
    },
  };
}

/** Writes `part` at `offset`; the array moves to one of twice the size when it is full. */
export function splice(bytes: Uint8Array<ArrayBuffer>, offset: number, part: Uint8Array): Uint8Array<ArrayBuffer> {
  let room = bytes;
  if (offset + part.length > bytes.length) {
    room = new Uint8Array(2 * (offset + part.length));
    room.set(bytes.subarray(0, offset));
  }
  room.set(part, offset);
  return room;
}

export function u32(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24)) >>> 0;
}

/** 32 bytes in the order of a hash. */
function targetBytes(bits: number): Uint8Array {
  return reversed(fromHex(targetOf(bits).toString(16).padStart(64, '0')));
}

function isAbove(hash: Uint8Array, target: Uint8Array): boolean {
  let i = 31;
  while (i > 0 && hash[i] === target[i]) i--;
  return (hash[i] as number) > (target[i] as number);
}

function refuse(code: ErrorCode, height: number, what: string): never {
  throw new NamesteadError(code, `the header at height ${height} ${what}`);
}
