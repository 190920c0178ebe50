import { fromHex, reversed, toHex } from '../../lib/bytes.js';
import { NamesteadError, type ErrorCode } from '../../lib/errors.js';
import { sha256dOf80 } from '../../lib/sha256d.js';
import type { HashHeaders } from '../../lib/sha256dSimd.js';
import { createDifficulty, type Past } from './difficulty.js';
import { HEADER_BYTES, hex32, PERIOD, targetOf, workOf } from './header.js';
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
   * Checks headers that follow (linkage, bits, proof of work, median time past, future time where there is a clock, version) and takes them.
   * @throws NamesteadError `Malformed`, `HeaderLinkage`, `HeaderBits`, `HeaderWork`, `HeaderTime`, `HeaderVersion`, `TooLarge`
   */
  extend(headers: readonly Uint8Array[]): void;
}

export interface BranchBounds {
  /** The last height it may reach. */
  readonly limit: number;
  /** The latest time a header may carry now, in seconds since 1970. */
  readonly latest: () => number;
  /** Whether its bytes are kept; a scout, which only finds out how much work there is, keeps none. */
  readonly kept: boolean;
  /** Hashes many at once; without it one after the other. */
  readonly hashHeaders?: HashHeaders | undefined;
}

/** A branch on `parent`; `past` tells of the blocks beneath. */
export function openBranch(params: BitcoinParams, parent: ChainTip, past: Past, bounds: BranchBounds): Branch {
  const { limit, latest, kept, hashHeaders = hashOneByOne } = bounds;
  let { height, time } = parent;
  let bytes = new Uint8Array(0);
  // Hashes of a batch, and where among them the last block's stands.
  let hashes: Uint8Array = reversed(fromHex(parent.hash));
  let last = 0;
  const difficulty = createDifficulty(params, height, past);
  const work = createWork(parent.work, past.bits(height));
  const median = createMedian(height, past);
  const [two, three, four] = params.versions;

  const take = (header: Uint8Array, batch: Uint8Array, at: number, newest: number): void => {
    height++;
    if (header.length !== HEADER_BYTES) refuse('Malformed', height, `has ${header.length} bytes, not 80`);
    if (height > limit) refuse('TooLarge', height, 'is more than are held');
    for (let i = 0; i < 32; i++) if (header[4 + i] !== hashes[last + i]) refuse('HeaderLinkage', height, 'does not follow the one before it');
    hashes = batch;
    last = at;
    const before = time;
    time = u32(header, 68);
    const bits = difficulty(height, time, before);
    if (u32(header, 72) !== bits) refuse('HeaderBits', height, `has bits ${hex32(u32(header, 72))} where the rules demand ${hex32(bits)}`);
    if (!work.add(bits, batch, at)) refuse('HeaderWork', height, 'does not meet its target');
    if (!median.add(height, time)) refuse('HeaderTime', height, 'is not later than the median of the eleven before it');
    if (time > newest) refuse('HeaderTime', height, 'is of the future, more than two hours');
    if (params.bip94 && height % PERIOD === 0 && time < before - TIMEWARP) refuse('HeaderTime', height, 'begins a period before the last one ended');
    const version = u32(header, 0) | 0;
    if (version < 4 && height >= (version < 2 ? two : version < 3 ? three : four))
      refuse('HeaderVersion', height, `has version ${version}, out of date by then`);
  };

  return {
    parent,
    tip: () => ({ height, hash: toHex(reversed(hashes.subarray(last, last + 32))), time, work: work.total() }),
    bytes: () => bytes.subarray(0, kept ? (height - parent.height) * HEADER_BYTES : 0),
    extend: (headers) => {
      const newest = latest();
      const batch = hashHeaders(headers);
      const end = (height - parent.height + headers.length) * HEADER_BYTES;
      if (kept && end > bytes.length) bytes = splice(bytes, bytes.length, new Uint8Array(end - bytes.length));
      headers.forEach((header, i) => {
        take(header, batch, 32 * i, newest);
        if (kept) bytes.set(header, (height - parent.height - 1) * HEADER_BYTES);
      });
    },
  };
}

/** Seconds that a period's first block may be older than the one before it (BIP 94). */
const TIMEWARP = 600;

const hashOneByOne: HashHeaders = (headers) => {
  const out = new Uint8Array(32 * headers.length);
  headers.forEach((header, i) => sha256dOf80(header, 0, out, 32 * i));
  return out;
};

interface Work {
  /** Counts a block; false when its hash (inner order, at `at`) is above the target. */
  add(bits: number, hashes: Uint8Array, at: number): boolean;
  total(): bigint;
}

/** Big integers are slow: the headers of one target are counted, and their work is added up when it changes. */
function createWork(before: bigint, firstBits: number): Work {
  let sum = before;
  let run = 0;
  let bits = firstBits;
  let target = targetBytes(bits);
  let unit = workOf(bits);
  const turn = (next: number): void => {
    sum += unit * BigInt(run);
    run = 0;
    bits = next;
    target = targetBytes(bits);
    unit = workOf(bits);
  };
  return {
    add: (next, hashes, at) => {
      if (next !== bits) turn(next);
      run++;
      return !isAbove(hashes, at, target);
    },
    total: () => sum + unit * BigInt(run),
  };
}

/** Answers whether a time is later than the median of the eleven before it, and counts it among them. */
function createMedian(height: number, past: Past): { add(height: number, time: number): boolean } {
  const times = new Float64Array(11);
  for (let i = height - 10; i <= height; i++) times[(i + 11) % 11] = i < 0 ? -1 : past.time(i);
  return {
    add: (next, time) => {
      // Later than the median is later than most of the eleven; before height 11 the missing ones count as passed.
      let later = 0;
      for (let i = 0; i < 11; i++) if (time > (times[i] as number)) later++;
      times[next % 11] = time;
      return later >= 12 - ((Math.min(next, 11) + 1) >> 1);
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

function isAbove(hashes: Uint8Array, at: number, target: Uint8Array): boolean {
  let i = 31;
  while (i > 0 && hashes[at + i] === target[i]) i--;
  return (hashes[at + i] as number) > (target[i] as number);
}

function refuse(code: ErrorCode, height: number, what: string): never {
  throw new NamesteadError(code, `the header at height ${height} ${what}`);
}
