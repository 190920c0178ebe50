import { concat, equal, fromUtf8 } from '../../lib/bytes.js';
import { sha256 } from '../../lib/hash.js';
import { u32 } from './branch.js';
import { HEADER_BYTES } from './header.js';
import { gatherRuns, MOST_SAVED, type HeaderRun } from './headerStore.js';

/** A log of headers begins with this line; records follow: height and count (u32, little-endian), the headers, 8 bytes of SHA-256 over all that. */
export const LOG_HEAD = /* @__PURE__ */ fromUtf8('namestead headers 1\n');
const HEAD_BYTES = 8;
const SUM_BYTES = 8;

export function encodeRecord({ from, headers }: HeaderRun): Uint8Array {
  const head = new Uint8Array(HEAD_BYTES);
  const view = new DataView(head.buffer);
  view.setUint32(0, from, true);
  view.setUint32(4, headers.length / HEADER_BYTES, true);
  const body = concat(head, headers);
  return concat(body, sha256(body).subarray(0, SUM_BYTES));
}

export interface Log {
  readonly run: HeaderRun | null;
  /** Where its last whole record ends; what stands behind was cut short. */
  readonly end: number;
}

/** Reads records up to the first that is not whole. Null: more is broken than one save cut short could break. */
export function readLog(bytes: Uint8Array): Log | null {
  let end = Math.min(bytes.length, LOG_HEAD.length);
  if (!equal(bytes.subarray(0, end), LOG_HEAD.subarray(0, end))) return null;
  if (end < LOG_HEAD.length) return { run: null, end: 0 };
  const held = gatherRuns();
  for (let next = readRecord(bytes, end); next; next = readRecord(bytes, end)) {
    held.add(next);
    end += HEAD_BYTES + next.headers.length + SUM_BYTES;
  }
  return bytes.length - end > HEAD_BYTES + MOST_SAVED * HEADER_BYTES + SUM_BYTES ? null : { run: held.run(), end };
}

function readRecord(bytes: Uint8Array, at: number): HeaderRun | null {
  if (bytes.length < at + HEAD_BYTES) return null;
  const size = HEAD_BYTES + u32(bytes, at + 4) * HEADER_BYTES;
  const body = bytes.subarray(at, at + size);
  const sum = bytes.subarray(at + size, at + size + SUM_BYTES);
  if (size === HEAD_BYTES || !equal(sum, sha256(body).subarray(0, SUM_BYTES))) return null;
  return { from: u32(bytes, at), headers: body.subarray(HEAD_BYTES) };
}
