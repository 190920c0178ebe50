import { fromUtf8, toHex, toUtf8 } from '../../../src/lib/bytes.js';
import { parseJson } from '../../../src/lib/http.js';
import { parseAttachment, parseAttachmentInventory } from '../../../src/zones/attachment.js';
import { clearBits, hasBits, listBits, packInventory, setBits } from '../../../src/zones/inventory.js';
import {
  isPeer,
  openZoneFiles,
  parseEnvelope,
  parseInventory,
  parsePeerBase64,
  parsePeers,
  parsePing,
  parseSaved,
  parseZoneFileRows,
} from '../../../src/zones/peer.js';
import { isPublicHost, legacyProfile, profileUrls } from '../../../src/zones/profileUrl.js';
import { hashZoneFile, parseZoneFile, verifyZoneFile } from '../../../src/zones/zonefile.js';
import { toBase64 } from '../../../src/lib/bytes.js';
import { parser, type Parser } from '../parser.js';
import { isCount, jsons, need, some, texts, vector } from '../samples.js';

const zoneFile = '$ORIGIN alice.id\n$TTL 3600\n_http._tcp\tIN\tURI\t10\t1\t"https://gaia.example.org/hub/1Abc/profile.json"\n\n';
const hash = hashZoneFile(fromUtf8(zoneFile));
const peerCodes = ['HttpMalformed', 'ServerFailed'] as const;

function samples(): Uint8Array[] {
  return some(
    vector<{ cases: { text: string }[] }>('atlas/zonefile-parse.json').cases.filter(({ text }) => typeof text === 'string' && !text.includes('\0')),
    60,
  ).flatMap(({ text }) => texts(text));
}

const answers: readonly Parser[] = [
  parser({
    name: 'peerEnvelope',
    file: 'zones/peer.ts',
    form: 'json',
    seeds: () => jsons({ status: true, zonefiles: {} }, { status: true }),
    refuses: peerCodes,
    run: (input: Uint8Array) => parseEnvelope(parseJson(input, 'it')),
  }),
  parser({
    name: 'peerZoneFiles',
    file: 'zones/peer.ts',
    form: 'json',
    seeds: () => jsons({ zonefiles: { [toHex(hash)]: toBase64(fromUtf8(zoneFile)), ['ab'.repeat(20)]: 'AAAA' } }),
    refuses: peerCodes,
    run: (input: Uint8Array) => openZoneFiles(parseJson(input, 'it'), [hash]),
    laws: ({ found }) =>
      need(
        [...found.values()].every((bytes) => verifyZoneFile(bytes, hash).length > 0),
        'a zone file that nobody asked for',
      ),
  }),
  parser({
    name: 'peerSaved',
    file: 'zones/peer.ts',
    form: 'json',
    seeds: () => jsons({ saved: [0, 1] }),
    refuses: peerCodes,
    run: (input: Uint8Array) => parseSaved(parseJson(input, 'it'), 2),
  }),
  parser({
    name: 'peerInventoryBits',
    file: 'zones/peer.ts',
    form: 'json',
    seeds: () => jsons({ inv: 'gAA=' }),
    refuses: [...peerCodes, 'Malformed'],
    run: (input: Uint8Array) => parseInventory(parseJson(input, 'it')),
  }),
  parser({
    name: 'peerNeighbours',
    file: 'zones/peer.ts',
    form: 'json',
    seeds: () => jsons({ peers: ['a.example:6264', '1.2.3.4:80'] }),
    refuses: peerCodes,
    run: (input: Uint8Array) => parsePeers(parseJson(input, 'it')),
    laws: (peers) => need(peers.every((peer) => isPeer(peer) && URL.canParse(`http://${peer}`)) && peers.length <= 80, 'a peer that is none'),
  }),
  parser({
    name: 'peerPing',
    file: 'zones/peer.ts',
    form: 'json',
    seeds: () => jsons({ status: 'alive' }, { status: 'stale' }),
    refuses: peerCodes,
    run: (input: Uint8Array) => parsePing(parseJson(input, 'it')),
  }),
  parser({
    name: 'peerRows',
    file: 'zones/peer.ts',
    form: 'json',
    seeds: () => jsons({ zonefile_info: [{ name: 'a.id', zonefile_hash: 'ab'.repeat(20), block_height: 5, txid: 'cd'.repeat(32), inv_index: 1 }] }),
    refuses: peerCodes,
    run: (input: Uint8Array) => parseZoneFileRows(parseJson(input, 'it')),
    laws: (rows) =>
      need(
        rows.every(({ height, invIndex }) => isCount(height) && isCount(invIndex)),
        'a row that is none',
      ),
  }),
  parser({
    name: 'peerBase64',
    file: 'zones/peer.ts',
    form: 'text',
    seeds: () => texts('AA==', toBase64(fromUtf8(zoneFile))),
    words: ['=', '\n'],
    refuses: ['Malformed', 'ZoneFileTooLarge'],
    run: (input: Uint8Array) => parsePeerBase64(toUtf8(input)),
    laws: (bytes, input) => need(toBase64(bytes) === toUtf8(input), 'two spellings of one file'),
  }),
  parser({ name: 'attachment', file: 'zones/attachment.ts', form: 'json', seeds: () => jsons('00ff', ''), run: (input: Uint8Array) => parseAttachment(input) }),
  parser({
    name: 'attachmentInventory',
    file: 'zones/attachment.ts',
    form: 'json',
    seeds: () =>
      jsons({
        pages: [
          { index: 0, inventory: new Array(64).fill(1) },
          { index: 3, inventory: new Array(64).fill(0) },
        ],
      }),
    refuses: ['Malformed', 'HttpMalformed'],
    run: (input: Uint8Array) => parseAttachmentInventory(parseJson(input, 'it')),
    laws: (indexes) => need(indexes.every(isCount) && indexes.length <= 512, 'an index that is none'),
  }),
];

const files: readonly Parser[] = [
  parser({
    name: 'zoneFile',
    file: 'zones/zonefile.ts',
    form: 'text',
    seeds: samples,
    words: ['$ORIGIN ', '$TTL ', '\tIN\tURI\t', ' TXT "', '\\"', '\\', ';', '\t', '_http._tcp', '"'],
    refuses: ['ZoneFileInvalid', 'ZoneFileTooLarge'],
    run: (input: Uint8Array) => {
      const read = parseZoneFile(input);
      return { read, urls: profileUrls(read) };
    },
    laws: ({ read, urls }, input) => {
      need(read.text === toUtf8(input), 'its text is another');
      need(
        read.records.every((record) => (record.type === 'TXT' ? record.strings.length > 0 : record.priority <= 99_999 && record.weight <= 99_999)),
        'a record that is none',
      );
      need(
        urls.length <= 16 && urls.every((url) => /^https?:$/.test(new URL(url).protocol) && isPublicHost(new URL(url).hostname)),
        'a URL that must not be asked',
      );
    },
  }),
  parser({
    name: 'legacyProfile',
    file: 'zones/profileUrl.ts',
    form: 'json',
    seeds: () => jsons({ v: '0.2', name: { formatted: 'A' } }),
    refuses: [],
    most: 40_960,
    run: (input: Uint8Array) => legacyProfile(toUtf8(input)),
  }),
  parser({
    name: 'inventory',
    file: 'zones/inventory.ts',
    seeds: () => [Uint8Array.of(0x80, 1), new Uint8Array(4).fill(255)],
    most: 512,
    refuses: [],
    run: listBits,
    laws: (bits, input) => {
      const present = Array.from({ length: 8 * input.length }, (_, bit) => hasBits(input, [bit]));
      need(toHex(packInventory(present)) === toHex(input), 'the bits are others when packed again');
      need(listBits(clearBits(input, bits)).length === 0 && toHex(setBits(input, bits)) === toHex(input), 'bits that cannot be cleared');
    },
  }),
];

export const zoneParsers: readonly Parser[] = [...answers, ...files];
