import assert from 'node:assert/strict';
import type { Hash160 } from '../../src/lib/address.js';
import { fromHex, fromUtf8, toBase64, toHex, toUtf8 } from '../../src/lib/bytes.js';
import { encodeCall, encodeResponse, parseCall, parseResponse, type XmlRpcValue } from '../../src/lib/xmlrpc.js';
import { formatAttachmentPage, parseAttachment, parseAttachmentInventory } from '../../src/zones/attachment.js';
import { clearBits, countMissing, hasBits, listBits, packInventory, setBits } from '../../src/zones/inventory.js';
import { openZoneFiles, parseInventory, parsePeers, parsePing, parseSaved, parseZoneFileRows, refusalOf } from '../../src/zones/peer.js';
import { profileUrls } from '../../src/zones/profileUrl.js';
import {
  formatProfileZoneFile,
  formatZoneFile,
  hashZoneFile,
  MAX_ZONE_FILE_BYTES,
  parseZoneFile,
  verifyZoneFile,
  type ZoneFile,
  type ZoneRecord,
} from '../../src/zones/zonefile.js';
import { uncut } from './cutPath.js';
import { parseVectors, type Case, type Suite } from './suite.js';

interface JsRecord {
  readonly name?: string;
  readonly ttl?: number;
  readonly priority?: number;
  readonly weight?: number;
  readonly target?: string;
  readonly txt?: string | readonly string[];
}

/** A zone file as the JavaScript parsers give it. */
interface JsZoneFile {
  readonly $origin?: string;
  readonly $ttl?: number;
  readonly uri?: readonly JsRecord[];
  readonly txt?: readonly JsRecord[];
}

function toJs(zoneFile: ZoneFile): JsZoneFile {
  const of = (type: ZoneRecord['type']): JsRecord[] => zoneFile.records.filter((record) => record.type === type).map(toJsRecord);
  const [uri, txt] = [of('URI'), of('TXT')];
  return {
    ...(zoneFile.origin === null ? {} : { $origin: zoneFile.origin }),
    ...(zoneFile.ttl === null ? {} : { $ttl: zoneFile.ttl }),
    ...(uri.length === 0 ? {} : { uri }),
    ...(txt.length === 0 ? {} : { txt }),
  };
}

function toJsRecord(record: ZoneRecord): JsRecord {
  const head = { name: record.label, ...(record.ttl === null ? {} : { ttl: record.ttl }) };
  if (record.type === 'URI') return { ...head, priority: record.priority, weight: record.weight, target: record.target };
  const [only, ...more] = record.strings;
  return { ...head, txt: only !== undefined && more.length === 0 ? only : record.strings };
}

function fromJs(json: JsZoneFile): Pick<ZoneFile, 'origin' | 'ttl' | 'records'> {
  const txt = (json.txt ?? []).map((one): ZoneRecord => ({ type: 'TXT', label: one.name ?? '@', ttl: one.ttl ?? null, strings: [one.txt ?? []].flat() }));
  const uri = (json.uri ?? []).map((one): ZoneRecord => ({
    type: 'URI',
    label: one.name ?? '@',
    ttl: one.ttl ?? null,
    priority: one.priority ?? 10,
    weight: one.weight ?? 1,
    target: one.target ?? '',
  }));
  return { origin: json.$origin ?? null, ttl: json.$ttl ?? null, records: [...txt, ...uri] };
}

interface ParseCase {
  readonly description: string;
  readonly text: string;
  readonly expected?: JsZoneFile;
  readonly recommended?: JsZoneFile;
}

const zonefileParse: Suite = (file) =>
  parseVectors<{ cases: ParseCase[] }>(file).cases.map((one): Case => ({
    title: one.description,
    check: () => {
      // A case with both is a deliberate deviation from the peers (atlas.md c.4).
      assert.deepEqual(toJs(parseZoneFile(one.text)), one.recommended ?? one.expected);
      assert.deepEqual(toJs(parseZoneFile(fromUtf8(one.text))), one.recommended ?? one.expected);
    },
  }));

interface RealCase {
  readonly hash: string;
  readonly text: string;
  readonly js: JsZoneFile;
}

const realZonefiles: Suite = (file) =>
  parseVectors<{ cases: RealCase[] }>(file).cases.map((one): Case => ({
    title: one.hash,
    check: () => {
      const bytes = fromUtf8(one.text);
      assert.equal(verifyZoneFile(bytes, fromHex(one.hash) as Hash160), bytes);
      assert.deepEqual(toJs(parseZoneFile(one.text)), one.js);
    },
  }));

interface SerialiseCase {
  readonly kind: string;
  readonly description?: string;
  readonly json?: JsZoneFile;
  readonly template_name?: string;
  readonly origin?: string;
  readonly token_file_url?: string;
  readonly expected_text?: string | null;
  readonly expected_hash160?: string | null;
  readonly expected_error?: string | null;
  readonly quirk?: boolean;
}

const zonefileSerialise: Suite = (file) =>
  parseVectors<{ cases: SerialiseCase[] }>(file).cases.map((one): Case => ({
    title: one.description ?? `${one.kind} ${String(one.token_file_url)}`,
    check: () => {
      const write = (): string =>
        one.kind === 'serialise'
          ? formatZoneFile(fromJs(one.json ?? {}), one.template_name === 'profile' ? 'profile' : 'registrar')
          : formatProfileZoneFile(one.origin ?? '', one.token_file_url ?? '');
      // The peers' writer changed the target: "a new writer must refuse" (atlas.md c.2).
      const mangled = typeof one.token_file_url === 'string' && typeof one.expected_text === 'string' && !one.expected_text.includes(one.token_file_url);
      if (one.quirk === true || one.expected_error || mangled) {
        assert.throws(write);
        return;
      }
      assert.equal(write(), one.expected_text);
      if (one.expected_hash160) assert.equal(toHex(hashZoneFile(fromUtf8(write()))), one.expected_hash160);
    },
  }));

interface HashCase {
  readonly description: string;
  readonly utf8?: string;
  readonly hex?: string;
  readonly repeat?: { readonly byte: number; readonly count: number };
  readonly hash160: string;
  readonly legacy_size_ok?: boolean;
}

function bytesOf(one: HashCase): Uint8Array {
  if (one.utf8 !== undefined) {
    const texts = uncut(one.utf8).map(fromUtf8);
    return texts.find((text) => toHex(hashZoneFile(text)) === one.hash160) ?? fromUtf8(one.utf8);
  }
  if (one.hex !== undefined) return fromHex(one.hex);
  return new Uint8Array(one.repeat?.count ?? 0).fill(one.repeat?.byte ?? 0);
}

const zonefileHash: Suite = (file) =>
  parseVectors<{ cases: HashCase[] }>(file).cases.map((one, at): Case => ({
    title: `${at} ${one.description}`,
    check: () => {
      const bytes = bytesOf(one);
      assert.equal(toHex(hashZoneFile(bytes)), one.hash160);
      const fits = one.legacy_size_ok ?? bytes.length <= MAX_ZONE_FILE_BYTES;
      if (fits) verifyZoneFile(bytes, fromHex(one.hash160) as Hash160);
      else assert.throws(() => verifyZoneFile(bytes, fromHex(one.hash160) as Hash160), { code: 'ZoneFileTooLarge' });
    },
  }));

interface InventoryCase {
  readonly kind: string;
  readonly description: string;
  readonly set?: boolean;
  readonly bits?: readonly number[];
  readonly inventory_hex?: string;
  readonly expected_hex?: string;
  readonly expected_base64?: string;
  readonly expected?: boolean | number;
  readonly peer_hex?: string;
  readonly ours_hex?: string;
  readonly present?: readonly number[];
  readonly available_indexes?: readonly number[];
  readonly page_index?: number;
  readonly expected_inventory?: readonly number[];
  readonly body?: unknown;
  readonly hash160?: string;
  readonly expected_available?: readonly number[];
}

function checkInventory(one: InventoryCase): void {
  const inventory = fromHex(one.inventory_hex ?? '');
  const bits = one.bits ?? [];
  switch (one.kind) {
    case 'v1_flip':
      checkBytes(one.set ? setBits(inventory, bits) : clearBits(inventory, bits), one);
      return;
    case 'v1_pack':
      checkBytes(packInventory((one.present ?? []).map((flag) => flag === 1)), one);
      return;
    case 'v1_test_all':
      assert.equal(hasBits(inventory, bits), one.expected);
      return;
    case 'v1_count_missing':
      assert.equal(countMissing(fromHex(one.ours_hex ?? ''), fromHex(one.peer_hex ?? '')), one.expected);
      return;
    case 'v2_page':
      assert.deepEqual(formatAttachmentPage(one.available_indexes ?? [], one.page_index ?? 0), one.expected_inventory);
      return;
    case 'v2_response':
      assert.deepEqual(parseAttachmentInventory(one.body), one.expected_available);
      return;
    case 'v2_attachment_response': {
      const bytes = parseAttachment(String(one.body));
      assert.equal(toHex(hashZoneFile(bytes)), one.hash160);
      assert.equal(toHex(bytes), one.expected_hex);
      return;
    }
    default:
      assert.fail(`nobody knows the kind ${one.kind}`);
      return;
  }
}

function checkBytes(bytes: Uint8Array, one: InventoryCase): void {
  assert.equal(toHex(bytes), one.expected_hex);
  if (one.expected_base64 !== undefined) assert.equal(toBase64(bytes), one.expected_base64);
}

const inventory: Suite = (file) =>
  parseVectors<{ cases: InventoryCase[] }>(file).cases.map((one, at): Case => ({
    title: `${at} ${one.description}`,
    check: () => {
      checkInventory(one);
    },
  }));

const profileUrl: Suite = (file) =>
  parseVectors<{ cases: { description: string; text: string; recommended_candidates: string[] }[] }>(file).cases.map((one): Case => ({
    title: one.description,
    check: () => {
      // The candidates before hosts are judged; the default also leaves out private ones.
      assert.deepEqual(
        profileUrls(parseZoneFile(one.text), () => true),
        one.recommended_candidates,
      );
    },
  }));

interface RpcCase {
  readonly description: string;
  readonly method: string;
  readonly params: readonly XmlRpcValue[];
  readonly request_body: string;
  readonly response_body: string;
  readonly response_json: unknown;
  readonly expected: {
    readonly ok?: Readonly<Record<string, string>>;
    readonly rejected?: readonly string[];
    readonly error?: number;
    readonly present_bits?: readonly number[];
    readonly saved?: readonly boolean[];
    readonly peers?: readonly string[];
    readonly alive?: boolean;
    readonly stale?: boolean;
    readonly rows?: number;
  };
}

function checkRpc(one: RpcCase): void {
  const { expected } = one;
  assert.equal(encodeCall(one.method, one.params), one.request_body);
  assert.deepEqual(parseCall(one.request_body), { method: one.method, params: one.params });
  const text = parseResponse(one.response_body);
  assert.equal(typeof text, 'string');
  assert.equal(encodeResponse(text), one.response_body);
  const answer: unknown = JSON.parse(text as string);
  assert.deepEqual(answer, one.response_json);
  assert.equal(refusalOf(answer)?.status, expected.error);
  if (expected.ok) checkFiles(answer, one);
  if (expected.present_bits) assert.deepEqual(listBits(parseInventory(answer)), expected.present_bits);
  if (expected.saved) assert.deepEqual(parseSaved(answer, expected.saved.length), expected.saved);
  if (expected.peers) assert.deepEqual(parsePeers(answer), expected.peers);
  if (expected.alive !== undefined) assert.deepEqual(parsePing(answer), { alive: expected.alive, stale: expected.stale ?? false });
  if (expected.rows !== undefined) assert.equal(parseZoneFileRows(answer).length, expected.rows);
}

function checkFiles(answer: unknown, one: RpcCase): void {
  const asked = [one.params[0] ?? []].flat().map((hash) => fromHex(hash as string) as Hash160);
  const { found, rejected } = openZoneFiles(answer, asked);
  assert.deepEqual(Object.fromEntries([...found].map(([hash, bytes]) => [hash, toUtf8(bytes)])), one.expected.ok);
  assert.deepEqual(rejected, one.expected.rejected ?? []);
}

const rpc: Suite = (file) =>
  parseVectors<{ cases: RpcCase[] }>(file).cases.map((one): Case => ({
    title: one.description,
    check: () => {
      checkRpc(one);
    },
  }));

export const atlasSuites: Readonly<Record<string, Suite>> = {
  'atlas/zonefile-parse.json': zonefileParse,
  'atlas/zonefile-serialise.json': zonefileSerialise,
  'atlas/zonefile-hash.json': zonefileHash,
  'atlas/inventory.json': inventory,
  'atlas/profile-url.json': profileUrl,
  'atlas/atlas-v1-rpc.json': rpc,
  'atlas/real-zonefiles/parsed.json': realZonefiles,
};
