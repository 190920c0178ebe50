import type { Hash160 } from '../lib/address.js';
import { equal, fromUtf8, toHex, toUtf8 } from '../lib/bytes.js';
import { NamesteadError } from '../lib/errors.js';
import { hash160 } from '../lib/hash.js';

/** What a v1 peer takes and gives at the most, in bytes (atlas.md a.3). */
export const MAX_ZONE_FILE_BYTES = 40_960;
/** What the parser reads at the most, in bytes: an attachment of the 2.x network (atlas.md b.1). */
const MAX_TEXT_BYTES = 1 << 20;

/** A record that points somewhere (RFC 7553). */
export interface UriRecord {
  readonly type: 'URI';
  /** Relative to the origin, e.g. `_http._tcp`. */
  readonly label: string;
  /** Seconds; null where the file's own holds. */
  readonly ttl: number | null;
  readonly priority: number;
  readonly weight: number;
  readonly target: string;
}

/** A record of one or more texts (RFC 1035, 3.3.14). */
export interface TxtRecord {
  readonly type: 'TXT';
  readonly label: string;
  readonly ttl: number | null;
  readonly strings: readonly string[];
}

export type ZoneRecord = UriRecord | TxtRecord;

export interface ZoneFile {
  readonly origin: string | null;
  /** Seconds. */
  readonly ttl: number | null;
  /** In file order; types other than URI and TXT stay in `text` alone. */
  readonly records: readonly ZoneRecord[];
  /** What was parsed. Never hash a text written anew: the name points to the first bytes. */
  readonly text: string;
}

/** RIPEMD-160(SHA-256(bytes)) of the bytes as they are, every newline included (atlas.md a.3). */
export function hashZoneFile(bytes: Uint8Array): Hash160 {
  return hash160(bytes) as Hash160;
}

/**
 * Answers `bytes` when they are the zone file that `hash` names.
 * @throws NamesteadError `ZoneFileTooLarge` above 40,960 bytes, `ZoneFileMismatch` for other bytes
 */
export function verifyZoneFile(bytes: Uint8Array, hash: Hash160): Uint8Array {
  if (bytes.length > MAX_ZONE_FILE_BYTES)
    throw new NamesteadError('ZoneFileTooLarge', `a zone file of ${bytes.length} bytes is larger than ${MAX_ZONE_FILE_BYTES}`);
  if (!equal(hashZoneFile(bytes), hash))
    throw new NamesteadError('ZoneFileMismatch', `the bytes do not hash to ${toHex(hash)}; another source may have the right ones`);
  return bytes;
}

/**
 * Reads a zone file leniently, for looking up a profile: lines that are no record are skipped, as the JavaScript clients did.
 * Bytes that are no UTF-8 show as U+FFFD. Quoted strings are scanned as RFC 1035 says, so that a `;` in quotes is part of the
 * string, where older readers cut it (atlas.md c.4). Check the hash first.
 *
 * @example
 * parseZoneFile('$ORIGIN alice.id\n$TTL 3600\n_http._tcp URI 10 1 "https://a.example/p.json"\n').records[0]
 * @throws NamesteadError `ZoneFileInvalid` for a NUL, `ZoneFileTooLarge` above 1 MiB
 */
export function parseZoneFile(source: Uint8Array | string): ZoneFile {
  if (source.length > MAX_TEXT_BYTES) throw new NamesteadError('ZoneFileTooLarge', `a zone file of ${source.length} bytes is larger than ${MAX_TEXT_BYTES}`);
  const text = typeof source === 'string' ? source : toUtf8(source);
  if (text.includes('\0')) throw new NamesteadError('ZoneFileInvalid', 'the zone file holds a NUL');
  const lines = text
    .split(/\r?\n/)
    .map(tokenize)
    .filter((tokens) => tokens !== null);
  return {
    origin: directive(lines, '$origin'),
    ttl: directive(
      lines.filter((line) => /^\d{1,10}$/.test(line[1] ?? '')),
      '$ttl',
      Number,
    ),
    records: lines.map(readRecord).filter((record) => record !== null),
    text,
  };
}

/** One line's tokens; null for a line with an open quote. `\X` stands for X, in quotes and out; `;` out of quotes begins a comment. */
function tokenize(line: string): string[] | null {
  const tokens: string[] = [];
  const TOKEN = /[ \t]*(?:(;.*$)|"([^"\\]*(?:\\.[^"\\]*)*)"|((?:[^ \t";\\]|\\.)+)|(.))/gsy;
  for (let match = TOKEN.exec(line); match !== null; match = TOKEN.exec(line)) {
    const [, comment, quoted, bare, stray] = match;
    if (comment !== undefined) break;
    if (stray !== undefined && stray.trim() !== '') return null;
    const token = quoted ?? bare;
    if (token !== undefined) tokens.push(token.replace(/\\(.)/gs, '$1'));
  }
  return tokens;
}

function directive(lines: readonly string[][], name: string): string | null;
function directive<T>(lines: readonly string[][], name: string, read: (text: string) => T): T | null;
function directive(lines: readonly string[][], name: string, read: (text: string) => unknown = (text) => text): unknown {
  // Said twice, the last one holds, as in all readers.
  const value = lines.findLast((line) => line[0]?.toLowerCase() === name)?.[1];
  return value === undefined ? null : read(value);
}

/** `<label> [ttl] [IN] <TYPE> <fields>`; the class may also stand before the ttl (RFC 1035, 5.1). */
function readRecord([label = '', ...rest]: readonly string[]): ZoneRecord | null {
  if (label === '' || label.startsWith('$')) return null;
  let ttl: number | null = null;
  let at = 0;
  for (let seenClass = false; at < 2; at++) {
    const token = rest[at] ?? '';
    if (ttl === null && /^\d{1,10}$/.test(token)) ttl = Number(token);
    else if (!seenClass && token.toUpperCase() === 'IN') seenClass = true;
    else break;
  }
  const fields = rest.slice(at + 1);
  switch (rest[at]?.toUpperCase()) {
    case 'URI':
      return readUri(label, ttl, fields);
    case 'TXT':
      return fields.length === 0 ? null : { type: 'TXT', label, ttl, strings: fields };
    default:
      return null;
  }
}

function readUri(label: string, ttl: number | null, fields: readonly string[]): UriRecord | null {
  const [priority = '', weight = '', target] = fields;
  if (fields.length !== 3 || target === undefined || !/^\d{1,5}$/.test(priority) || !/^\d{1,5}$/.test(weight)) return null;
  return { type: 'URI', label, ttl, priority: Number(priority), weight: Number(weight), target };
}

/** What a writer is given; `records` keep their order within a type. */
export type ZoneFileContent = Pick<ZoneFile, 'origin' | 'ttl' | 'records'>;

/**
 * Writes a zone file byte for byte as the JavaScript clients did (atlas.md c.2). `profile`: the URI records and two newlines at
 * the end; `registrar`: TXT records, then URI records, one newline.
 * @throws TypeError for a label, target or text that some reader would cut or change; percent-encode it
 * @throws NamesteadError `ZoneFileTooLarge`
 */
export function formatZoneFile(content: ZoneFileContent, form: 'profile' | 'registrar' = 'profile'): string {
  const { origin, ttl, records } = content;
  const lines = (type: ZoneRecord['type']): string => records.map((record) => (record.type === type ? formatRecord(record) : '')).join('');
  const head = `${origin === null ? '' : `$ORIGIN ${writable(origin, WORD, 'origin')}`}\n${ttl === null ? '' : `$TTL ${writableInteger(ttl, 0x7fffffff)}`}\n`;
  if (form === 'profile' && records.some((record) => record.type === 'TXT'))
    throw new TypeError('the profile form holds no TXT record; write the registrar form');
  const text = (form === 'profile' ? `${head}${lines('URI')}\n` : `${head}${lines('TXT')}${lines('URI')}`).replace(/\n{2,}/g, '\n\n');
  if (fromUtf8(text).length > MAX_ZONE_FILE_BYTES)
    throw new NamesteadError('ZoneFileTooLarge', `the zone file would be larger than ${MAX_ZONE_FILE_BYTES} bytes, which no peer takes`);
  return text;
}

/**
 * The zone file of a name whose profile lies at `url`.
 *
 * @example
 * formatProfileZoneFile('alice.id', 'https://a.example/hub/1Abc/profile.json')
 * @throws TypeError when `url` is no URL, or holds what some reader would cut or change; percent-encode it
 */
export function formatProfileZoneFile(origin: string, url: string): string {
  if (!/^[a-z][a-z0-9+.-]*:\/\/[^/?#]+(?:\/|$)/i.test(url)) throw new TypeError(`${JSON.stringify(url)} is not a URL with a host`);
  // The clients' writers put the path after the host, and it was never empty.
  const target = /:\/\/[^/]+$/.test(url) ? `${url}/` : url;
  return formatZoneFile({ origin, ttl: 3600, records: [{ type: 'URI', label: '_http._tcp', ttl: null, priority: 10, weight: 1, target }] });
}

function formatRecord(record: ZoneRecord): string {
  const ttl = record.ttl === null ? '' : `${writableInteger(record.ttl, 0x7fffffff)}\t`;
  const head = `${writable(record.label, WORD, 'label')}\t${ttl}IN\t${record.type}\t`;
  if (record.type === 'TXT') return `${head}${writableStrings(record.strings)}\n`;
  return `${head}${writableInteger(record.priority, 0xffff)}\t${writableInteger(record.weight, 0xffff)}\t"${writableTarget(record.target)}"\n`;
}

// Readers cut at `;`, drop parentheses, end strings at quotes and differ on backslashes.
const WORD = /^[^\x00-\x20\x7f-\xa0"\\;()\u2028\u2029\ufeff]+$/;
const STRING = /^[^\x00-\x1f\x7f-\x9f"\\;()\u2028\u2029]*$/;

function writable(text: string, shape: RegExp, what: string): string {
  if (!shape.test(text))
    throw new TypeError(`the ${what} ${JSON.stringify(text)} is empty or holds a character that readers of zone files cut or change; percent-encode it`);
  return text;
}

/** Writers of the ancestors mangle `$&` and its kin and cut at a second `://`: a file rebuilt by one of them would be another. */
function writableTarget(target: string): string {
  if (/\$[$&`']/.test(target) || target.split('://').length > 2)
    throw new TypeError(`the target ${JSON.stringify(target)} would be cut or changed by other writers; percent-encode it`);
  return writable(target, WORD, 'target');
}

function writableStrings(strings: readonly string[]): string {
  if (strings.length === 0) throw new TypeError('a TXT record holds at least one string');
  return strings.map((text) => `"${writable(text, STRING, 'text')}"`).join(' ');
}

function writableInteger(value: number, most: number): number {
  if (!Number.isInteger(value) || value < 0 || value > most) throw new TypeError(`${value} is not a whole number from 0 to ${most}`);
  return value;
}
