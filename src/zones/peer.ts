import type { Hash160 } from '../lib/address.js';
import { fromBase64, isHex, toBase64, toHex } from '../lib/bytes.js';
import { NamesteadError } from '../lib/errors.js';
import { isFields, wordOf, type Fields } from '../lib/shape.js';
import { MAX_ZONE_FILE_BYTES, verifyZoneFile } from './zonefile.js';

/** Limits of a v1 peer (atlas.md a.1, a.2). */
export const peerLimits = {
  /** Hashes one `get_zonefiles` takes. */
  hashes: 100,
  /** Zone files one `put_zonefiles` takes. */
  puts: 5,
  /** Bytes of one inventory slice. */
  inventory: 524_288,
  /** Peers one answer names. */
  peers: 80,
  /** Rows one `get_zonefiles_by_block` answers. */
  rows: 100,
  /** Bytes of a request. */
  request: 524_288,
  /** Bytes of an answer. */
  answer: MAX_ZONE_FILE_BYTES * 150,
} as const;

export type Envelope = Fields;

/** What a peer says went wrong, with the status it gives in the JSON; 500 where it gives none. Null: nothing. */
export function refusalOf(answer: unknown): { readonly status: number; readonly message: string } | null {
  if (!isFields(answer) || !('error' in answer)) return null;
  const { http_status: status, error } = answer;
  return { status: Number.isInteger(status) ? (status as number) : 500, message: wordOf(error).slice(0, 200) };
}

/** The answer's fields. @throws NamesteadError `ServerFailed` when it is a refusal, `HttpMalformed` when it is no object */
export function parseEnvelope(answer: unknown): Envelope {
  const refusal = refusalOf(answer);
  if (refusal) throw new NamesteadError('ServerFailed', `the peer refused with ${refusal.status}: ${refusal.message}`);
  if (!isFields(answer)) throw malformed('is no object');
  return answer;
}

/** The zone files of a `get_zonefiles` answer that were asked for and hash to their keys; the keys of all others are `rejected`. */
export function openZoneFiles(
  answer: unknown,
  asked: readonly Hash160[],
): { readonly found: ReadonlyMap<string, Uint8Array>; readonly rejected: readonly string[] } {
  const { zonefiles } = parseEnvelope(answer);
  if (!isFields(zonefiles)) throw malformed('has no zone files');
  const wanted = new Map(asked.map((hash) => [toHex(hash), hash]));
  const found = new Map<string, Uint8Array>();
  const rejected: string[] = [];
  for (const [key, value] of Object.entries(zonefiles)) {
    const hash = wanted.get(key);
    const bytes = hash ? openOne(value, hash) : null;
    if (bytes) found.set(key, bytes);
    else rejected.push(key.slice(0, 80));
  }
  return { found, rejected };
}

function openOne(value: unknown, hash: Hash160): Uint8Array | null {
  try {
    return typeof value === 'string' ? verifyZoneFile(parsePeerBase64(value), hash) : null;
  } catch {
    return null;
  }
}

/** Base64 as peers take it: canonical, at most one zone file long. @throws NamesteadError `Malformed`, `ZoneFileTooLarge` */
export function parsePeerBase64(text: string): Uint8Array {
  if (text.length > Math.ceil(MAX_ZONE_FILE_BYTES / 3) * 4) throw tooLarge();
  const bytes = fromBase64(text);
  if (toBase64(bytes) !== text) throw new NamesteadError('Malformed', 'the base64 is not canonical');
  if (bytes.length > MAX_ZONE_FILE_BYTES) throw tooLarge();
  return bytes;
}

/** Which zone files of a `put_zonefiles` were taken, in the order sent. */
export function parseSaved(answer: unknown, count: number): boolean[] {
  const { saved } = parseEnvelope(answer);
  if (!Array.isArray(saved) || saved.length !== count || !saved.every((flag) => flag === 0 || flag === 1)) throw malformed('does not say what was saved');
  return saved.map((flag) => flag === 1);
}

/** The bytes of an inventory slice. */
export function parseInventory(answer: unknown): Uint8Array {
  const { inv } = parseEnvelope(answer);
  if (typeof inv !== 'string' || inv.length > peerLimits.inventory * 2) throw malformed('has no inventory');
  return fromBase64(inv);
}

/** The peers an answer names, ill-formed ones dropped: a host, a colon, and a port of 2 to 5 digits. */
export function parsePeers(answer: unknown): string[] {
  const { peers } = parseEnvelope(answer);
  if (!Array.isArray(peers) || peers.length > peerLimits.peers) throw malformed('has no list of peers');
  return peers.filter((peer): peer is string => typeof peer === 'string' && isPeer(peer));
}

export function isPeer(text: string): boolean {
  const [, port = ''] = /^[A-Za-z0-9._-]{1,253}:([1-9]\d{1,4})$/.exec(text) ?? [];
  // A host that ends in a number is an IPv4 address or nothing: `a.4` is no name.
  return port !== '' && Number(port) <= 65_535 && URL.canParse(`http://${text}`);
}

/** Whether a peer answers, and whether it follows the chain; `ping` has no envelope. */
export function parsePing(answer: unknown): { readonly alive: boolean; readonly stale: boolean } {
  const { status } = parseEnvelope(answer);
  return { alive: status === 'alive' || status === 'stale', stale: status === 'stale' };
}

/** A zone file that a transaction announced. `invIndex` counts from 1. */
export interface ZoneFileRow {
  readonly name: string;
  readonly hash: string;
  readonly height: number;
  readonly txid: string;
  readonly invIndex: number;
}

export function parseZoneFileRows(answer: unknown): ZoneFileRow[] {
  const { zonefile_info: rows } = parseEnvelope(answer);
  if (!Array.isArray(rows) || rows.length > peerLimits.rows) throw malformed('has no rows of zone files');
  return rows.map(parseRow);
}

function parseRow(row: unknown): ZoneFileRow {
  const { name, zonefile_hash: hash, block_height: height, txid, inv_index: invIndex } = isFields(row) ? row : ({} as Envelope);
  if (typeof name !== 'string' || name.length > 256 || !isHex(hash, 20) || !isHex(txid, 32)) throw malformed('holds an ill-formed row');
  if (!isCount(height) || !isCount(invIndex)) throw malformed('holds an ill-formed row');
  return { name, hash, height, txid, invIndex };
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function tooLarge(): NamesteadError {
  return new NamesteadError('ZoneFileTooLarge', `a zone file is larger than ${MAX_ZONE_FILE_BYTES} bytes`);
}

function malformed(what: string): NamesteadError {
  return new NamesteadError('HttpMalformed', `the peer's answer ${what}`);
}
