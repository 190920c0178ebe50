import { concat, fromHex, fromUtf8, reader, reversed, toHex, toUtf8, type ByteReader } from '../../lib/bytes.js';
import { NamesteadError } from '../../lib/errors.js';
import { HEADER_BYTES } from './header.js';
import { compactSize } from './transaction.js';

/** Payloads of the messages that fetch headers, blocks and filters; block hashes are display hex. Each `parse` reads to the last byte. */

/** Bits of `services` (BIP 111, 144, 157, 159). */
export const services = { network: 1n, witness: 8n, compactFilters: 64n, networkLimited: 1024n } as const;
/** Whole blocks with their witnesses (BIP 144). */
export const WITNESS_BLOCK = 0x40000002;
/** BIP 157's number for the basic filter. */
const BASIC = 0;
const ADDRESS_BYTES = 26;

export interface Version {
  readonly protocol: number;
  readonly services: bigint;
  /** Seconds since 1970. */
  readonly time: number;
  /** Eight bytes, to find out that one talks to oneself. */
  readonly nonce: Uint8Array;
  readonly userAgent: string;
  readonly height: number;
  readonly relay: boolean;
}

/** protocol 4 │ services 8 │ time 8 │ receiver 26 │ sender 26 │ nonce 8 │ user agent │ height 4 │ relay 1 */
export function encodeVersion({ protocol, services, time, nonce, userAgent, height, relay }: Version): Uint8Array {
  const agent = fromUtf8(userAgent);
  const address = new Uint8Array(ADDRESS_BYTES);
  const flag = Uint8Array.of(relay ? 1 : 0);
  return concat(u32(protocol), u64(services), u64(BigInt(time)), address, address, nonce, compactSize(agent.length), agent, u32(height), flag);
}

/** Later versions may say more behind it: that is left. @throws NamesteadError `Malformed` */
export function parseVersion(payload: Uint8Array): Version {
  const from = reader(payload, 'message version');
  const [protocol, services, time] = [from.u32le(), from.u64le(), Number(from.u64le())];
  from.take(2 * ADDRESS_BYTES);
  const nonce = from.take(8);
  const length = from.compactSize();
  if (length > 256) throw malformed('version', `has a user agent of ${length} bytes`);
  const userAgent = toUtf8(from.take(length));
  const height = from.u32le();
  return { protocol, services, time, nonce, userAgent, height, relay: from.left === 0 || from.u8() !== 0 };
}

export interface HeadersRequest {
  readonly protocol: number;
  /** The newest first: the answer begins behind the first that the peer has on its chain. */
  readonly locator: readonly string[];
}

/** protocol 4 │ count │ block hashes │ the hash to stop at, none */
export function encodeHeadersRequest({ protocol, locator }: HeadersRequest): Uint8Array {
  return concat(u32(protocol), compactSize(locator.length), ...locator.map(inner), new Uint8Array(32));
}

export function parseHeadersRequest(payload: Uint8Array): HeadersRequest {
  const from = reader(payload, 'message getheaders');
  const protocol = from.u32le();
  const locator = readList(from, 101, () => display(from.take(32)));
  from.take(32);
  from.end();
  return { protocol, locator };
}

/** count │ header 80, number of transactions, which is 0 │ … */
export function encodeHeaders(headers: readonly Uint8Array[]): Uint8Array {
  return concat(compactSize(headers.length), ...headers.map((header) => concat(header, Uint8Array.of(0))));
}

export function parseHeaders(payload: Uint8Array): Uint8Array[] {
  const from = reader(payload, 'message headers');
  const headers = readList(from, 2000, () => {
    const header = from.take(HEADER_BYTES).slice();
    if (from.u8() !== 0) throw malformed('headers', 'announces transactions behind a header');
    return header;
  });
  from.end();
  return headers;
}

export interface InventoryItem {
  readonly type: number;
  readonly hash: string;
}

/** `getdata`, `notfound`: count │ type 4, hash 32 │ … */
export function encodeInventory(items: readonly InventoryItem[]): Uint8Array {
  return concat(compactSize(items.length), ...items.flatMap(({ type, hash }) => [u32(type), inner(hash)]));
}

export function parseInventory(payload: Uint8Array): InventoryItem[] {
  const from = reader(payload, 'message of an inventory');
  const items = readList(from, 50_000, () => ({ type: from.u32le(), hash: display(from.take(32)) }));
  from.end();
  return items;
}

/** The blocks from a height up to a hash, at most 1000 for `getcfilters` and 2000 for `getcfheaders` (BIP 157). */
export interface FiltersRequest {
  readonly start: number;
  readonly stop: string;
}

/** kind 1 │ start 4 │ stop 32 */
export function encodeFiltersRequest({ start, stop }: FiltersRequest): Uint8Array {
  return concat(Uint8Array.of(BASIC), u32(start), inner(stop));
}

export function parseFiltersRequest(payload: Uint8Array): FiltersRequest {
  const from = reader(payload, 'request for filters');
  readKind(from);
  const request = { start: from.u32le(), stop: display(from.take(32)) };
  from.end();
  return request;
}

export interface BlockFilter {
  readonly block: string;
  readonly filter: Uint8Array;
}

/** `cfilter`: kind 1 │ block 32 │ the filter with its length */
export function encodeBlockFilter({ block, filter }: BlockFilter): Uint8Array {
  return concat(Uint8Array.of(BASIC), inner(block), compactSize(filter.length), filter);
}

export function parseBlockFilter(payload: Uint8Array): BlockFilter {
  const from = reader(payload, 'message cfilter');
  readKind(from);
  const block = display(from.take(32));
  const filter = from.take(from.compactSize());
  from.end();
  return { block, filter };
}

export interface FilterHashes {
  readonly stop: string;
  /** The filter header before the first, and the filters' SHA256d, all in wire order. */
  readonly previous: Uint8Array;
  readonly hashes: readonly Uint8Array[];
}

/** `cfheaders`: kind 1 │ stop 32 │ the filter header before 32 │ count │ filter hashes */
export function encodeFilterHashes({ stop, previous, hashes }: FilterHashes): Uint8Array {
  return concat(Uint8Array.of(BASIC), inner(stop), previous, compactSize(hashes.length), ...hashes);
}

export function parseFilterHashes(payload: Uint8Array): FilterHashes {
  const from = reader(payload, 'message cfheaders');
  readKind(from);
  const stop = display(from.take(32));
  const previous = from.take(32);
  const hashes = readList(from, 2000, () => from.take(32));
  from.end();
  return { stop, previous, hashes };
}

function readKind(from: ByteReader): void {
  if (from.u8() !== BASIC) throw new NamesteadError('Malformed', 'the peer speaks of another kind of filter than the basic one');
}

function readList<T>(from: ByteReader, most: number, read: () => T): T[] {
  const count = from.compactSize();
  if (count > most) throw new NamesteadError('Malformed', `a message lists ${count} things, more than ${most}`);
  return Array.from({ length: count }, read);
}

function malformed(command: string, what: string): NamesteadError {
  return new NamesteadError('Malformed', `the message ${command} ${what}`);
}

function inner(hash: string): Uint8Array {
  return reversed(fromHex(hash));
}

function display(hash: Uint8Array): string {
  return toHex(reversed(hash));
}

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

function u64(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value, true);
  return bytes;
}
