import { concat, fromHex, fromUtf8, toHex, toUtf8 } from '../../../src/lib/bytes.js';
import { hash256 } from '../../../src/lib/hash.js';
import { parseJson, type Http } from '../../../src/lib/http.js';
import { encodeResponse } from '../../../src/lib/xmlrpc.js';
import { core } from '../../../src/names/bitcoin/adapters/core.js';
import { esplora } from '../../../src/names/bitcoin/adapters/esplora.js';
import { indexer } from '../../../src/names/bitcoin/adapters/indexer.js';
import { parseFeeRate, parseHeaderPage, parseHeaderProof, parseHistory, parseInclusion, parseUnspent } from '../../../src/names/bitcoin/electrum.js';
import { electrum } from '../../../src/names/bitcoin/adapters/electrum.js';
import { hashHeader } from '../../../src/names/bitcoin/header.js';
import { parseMerkleBlock } from '../../../src/names/bitcoin/merkleBlock.js';
import { bitcoinRegtest, defineNetwork } from '../../../src/names/bitcoin/network.js';
import { readMessages, type Wire } from '../../../src/names/bitcoin/peer.js';
import { encodeMessage, FRAME_BYTES, peerNetworks } from '../../../src/names/bitcoin/peerMessage.js';
import {
  encodeBlockFilter,
  encodeFilterHashes,
  encodeFiltersRequest,
  encodeHeaders,
  encodeHeadersRequest,
  encodeInventory,
  encodeVersion,
  parseBlockFilter,
  parseFilterHashes,
  parseFiltersRequest,
  parseHeaders,
  parseHeadersRequest,
  parseInventory,
  parseVersion,
  WITNESS_BLOCK,
} from '../../../src/names/bitcoin/peerPayload.js';
import { peerSource } from '../../../src/names/bitcoin/peerSource.js';
import { formatProof, parseProof } from '../../../src/names/bitcoin/portableProof.js';
import { verifyProof } from '../../../src/names/bitcoin/verifyProof.js';
import { CUT } from '../mutate.js';
import { parser, type Parser } from '../parser.js';
import { canonical, isCount, jsons, need, once, rawVector, some, texts, vector } from '../samples.js';
import { headers, smallBlocks, transactions } from './bitcoin.js';

const hash = 'ab'.repeat(32);
const smallBlock = once(() => smallBlocks()[0] ?? new Uint8Array());
const smallHash = once(() => hashHeader(smallBlock().subarray(0, 80)));
const header = (): Uint8Array => headers()[0] ?? new Uint8Array(80);
const { magic } = peerNetworks.regtest;
const count = Uint8Array.of(0xfd, 0xd0, 0x07);
const wireErrors = ['HttpMalformed', 'HttpStatus', 'HttpTooLarge', 'ServerFailed'] as const;

const payloads: readonly Parser[] = [
  parser({
    name: 'peerVersion',
    file: 'names/bitcoin/peerPayload.ts',
    seeds: () => [
      encodeVersion({
        protocol: 70016,
        services: 1097n,
        time: 1_600_000_000,
        nonce: new Uint8Array(8),
        userAgent: '/Satoshi:25.0.0/',
        height: 800_000,
        relay: true,
      }),
    ],
    run: parseVersion,
    laws: ({ time, height, userAgent }) => need(Number.isFinite(time) && isCount(height) && userAgent.length <= 256, 'a version that is none'),
  }),
  parser({
    name: 'peerHeadersRequest',
    file: 'names/bitcoin/peerPayload.ts',
    seeds: () => [encodeHeadersRequest({ protocol: 70016, locator: [hash, hash] })],
    words: [Uint8Array.of(101), Uint8Array.of(102)],
    run: parseHeadersRequest,
  }),
  parser({
    name: 'peerHeaders',
    file: 'names/bitcoin/peerPayload.ts',
    seeds: () => [encodeHeaders(headers().slice(0, 3)), encodeHeaders([])],
    words: [count],
    run: parseHeaders,
    laws: canonical(encodeHeaders),
  }),
  parser({
    name: 'peerInventory',
    file: 'names/bitcoin/peerPayload.ts',
    seeds: () => [
      encodeInventory([
        { type: 2, hash },
        { type: 0x40000002, hash },
      ]),
      encodeInventory([]),
    ],
    words: [Uint8Array.of(0xfd, 0x50, 0xc3)],
    run: parseInventory,
    laws: canonical(encodeInventory),
  }),
  parser({
    name: 'peerFiltersRequest',
    file: 'names/bitcoin/peerPayload.ts',
    seeds: () => [encodeFiltersRequest({ start: 100, stop: hash })],
    run: parseFiltersRequest,
    laws: canonical(encodeFiltersRequest),
  }),
  parser({
    name: 'peerFilter',
    file: 'names/bitcoin/peerPayload.ts',
    seeds: () => [encodeBlockFilter({ block: hash, filter: fromHex('019dfca8') })],
    run: parseBlockFilter,
    laws: canonical(encodeBlockFilter),
  }),
  parser({
    name: 'peerFilterHashes',
    file: 'names/bitcoin/peerPayload.ts',
    seeds: () => [encodeFilterHashes({ stop: hash, previous: fromHex(hash), hashes: [fromHex(hash), fromHex(hash)] })],
    words: [count],
    run: parseFilterHashes,
    laws: canonical(encodeFilterHashes),
  }),
];

/** What an honest node says to `peerSource` below, as one run of bytes. */
function talk(...messages: readonly (readonly [command: string, payload?: Uint8Array | undefined])[]): Uint8Array {
  return concat(...messages.map(([command, payload]) => encodeMessage(magic, command, payload)));
}

const hello = (): Uint8Array =>
  talk(
    ['version', encodeVersion({ protocol: 70016, services: 1097n, time: 0, nonce: new Uint8Array(8), userAgent: '/x/', height: 9, relay: false })],
    ['verack'],
  );

/** The checksum of each message that is there to its last byte. */
function mendMessages(input: Uint8Array): Uint8Array {
  const out = input.slice();
  const view = new DataView(out.buffer);
  for (let at = 0; at + FRAME_BYTES <= out.length;) {
    const end = at + FRAME_BYTES + view.getUint32(at + 16, true);
    if (end > out.length) break;
    out.set(hash256(out.subarray(at + FRAME_BYTES, end)).subarray(0, 4), at + 20);
    at = end;
  }
  return out;
}

/** The bytes in pieces of every size, then the end. */
function wireOf(input: Uint8Array): Wire {
  let at = 0;
  return {
    read: () => {
      const size = 1 + ((at * 7) % 200);
      const piece = input.subarray(at, at + size);
      at += size;
      return Promise.resolve(piece.length === 0 ? null : piece);
    },
    write: () => undefined,
    close: () => undefined,
  };
}

const stopped = {
  now: () => 1_600_000_000_000,
  sleep: (_: number, signal?: AbortSignal): Promise<void> => new Promise((resolve) => signal?.addEventListener('abort', () => resolve())),
};
const peerErrors = [
  'HttpFailed',
  'HttpTooLarge',
  'Malformed',
  'NetworkMismatch',
  'HttpMalformed',
  'ServerFailed',
  'FilterMismatch',
  'TransactionMismatch',
  'HeaderLinkage',
] as const;

const peers: readonly Parser[] = [
  parser({
    name: 'peerMessages',
    file: 'names/bitcoin/peer.ts',
    seeds: () => [talk(['ping', new Uint8Array(8)], ['verack'], ['headers', encodeHeaders(headers().slice(0, 2))])],
    words: ['verack\0\0\0\0\0\0', 'cfilter\0\0\0\0\0', 'toString\0\0\0\0', fromHex(magic)],
    refuses: ['HttpFailed', 'HttpTooLarge', 'Malformed', 'NetworkMismatch'],
    mend: mendMessages,
    run: async (input: Uint8Array) => {
      const next = readMessages(wireOf(input), magic);
      const read: Uint8Array[] = [];
      for (let size = 0; size < input.length; size += FRAME_BYTES + (read.at(-1)?.length ?? 0)) read.push((await next()).payload);
      return read;
    },
    laws: (read, input) => need(read.reduce((sum, { length }) => sum + FRAME_BYTES + length, 0) === input.length, 'its messages are more than its bytes'),
  }),
  parser({
    name: 'peerSource',
    file: 'names/bitcoin/peerSource.ts',
    seeds: () => [
      concat(Uint8Array.of(0), hello(), talk(['headers', encodeHeaders([])])),
      concat(Uint8Array.of(1), hello(), talk(['notfound', encodeInventory([{ type: WITNESS_BLOCK, hash: smallHash() }])])),
      concat(Uint8Array.of(1), hello(), talk(['block', smallBlock()])),
      concat(Uint8Array.of(2), hello(), talk(['cfilter', encodeBlockFilter({ block: hash, filter: fromHex('019dfca8') })])),
      concat(Uint8Array.of(3), hello(), talk(['cfheaders', encodeFilterHashes({ stop: hash, previous: fromHex(hash), hashes: [fromHex(hash)] })])),
    ],
    words: ['verack\0\0\0\0\0\0', 'block\0\0\0\0\0\0\0', 'cfilter\0\0\0\0\0', 'headers\0\0\0\0\0', 'notfound\0\0\0\0'],
    refuses: peerErrors,
    mend: (input) => concat(input.subarray(0, 1), mendMessages(input.subarray(1))),
    run: (input: Uint8Array) => {
      const source = peerSource({ operator: 'peer', network: bitcoinRegtest, clock: stopped, connect: () => Promise.resolve(wireOf(input.subarray(1))) });
      const block = { height: 1, hash };
      return asked(input, [() => source.headers(1, 3), () => source.block(smallHash()), () => source.filters([block]), () => source.filterHeaders([block])]);
    },
  }),
];

/** Asks the question that the first byte names, and answers with its place. */
async function asked(input: Uint8Array, asks: readonly (() => Promise<unknown>)[]): Promise<readonly [at: number, answer: unknown]> {
  const at = (input[0] ?? 0) % asks.length;
  return [at, await asks[at]?.()];
}

const what = 'the server';
const coin = { tx_hash: hash, tx_pos: 1, value: 5000, height: 10 };

const electrumAnswers: readonly Parser[] = [
  parser({
    name: 'electrumHeaders',
    file: 'names/bitcoin/electrum.ts',
    form: 'json',
    seeds: () => jsons({ count: 2, hex: toHex(concat(header(), header())), max: 2016 }),
    refuses: ['HttpMalformed'],
    run: (input: Uint8Array) => parseHeaderPage(parseJson(input, what), 3, what),
    laws: ({ headers: read, max }) => need(read.length <= 3 && max > 0 && read.every(({ length }) => length === 80), 'headers of another size'),
  }),
  parser({
    name: 'electrumHeaderProof',
    file: 'names/bitcoin/electrum.ts',
    form: 'json',
    seeds: () => jsons({ header: toHex(header()), branch: [hash, hash], root: hash }),
    refuses: ['HttpMalformed'],
    run: (input: Uint8Array) => parseHeaderProof(parseJson(input, what), what),
    laws: ({ branch }) => need(branch.length <= 32, 'a branch too deep'),
  }),
  parser({
    name: 'electrumInclusion',
    file: 'names/bitcoin/electrum.ts',
    form: 'json',
    seeds: () => jsons({ block_height: 10, pos: 2, merkle: [hash, hash] }),
    refuses: ['HttpMalformed'],
    run: (input: Uint8Array) => parseInclusion(parseJson(input, what), what),
    laws: ({ height, index }) => need(isCount(height) && isCount(index), 'a place that is no number'),
  }),
  parser({
    name: 'electrumUnspent',
    file: 'names/bitcoin/electrum.ts',
    form: 'json',
    seeds: () => jsons([coin, { ...coin, height: -1 }], []),
    refuses: ['HttpMalformed'],
    run: (input: Uint8Array) => parseUnspent(parseJson(input, what), what),
    laws: (coins) =>
      need(
        coins.every(({ vout, value, height }) => isCount(vout) && isCount(height) && value >= 0n && value <= 2_100_000_000_000_000n),
        'a coin that is none',
      ),
  }),
  parser({
    name: 'electrumHistory',
    file: 'names/bitcoin/electrum.ts',
    form: 'json',
    seeds: () =>
      jsons(
        [
          { tx_hash: hash, height: 1 },
          { tx_hash: 'cd'.repeat(32), height: 5 },
          { tx_hash: 'ef'.repeat(32), height: -1 },
        ],
        [],
      ),
    refuses: ['HttpMalformed'],
    run: (input: Uint8Array) => parseHistory(parseJson(input, what), what),
    laws: (found) => need(new Set(found.map(({ txid }) => txid)).size === found.length && found.every(({ height }) => isCount(height)), 'a transaction twice'),
  }),
  parser({
    name: 'electrumFeeRate',
    file: 'names/bitcoin/electrum.ts',
    form: 'json',
    seeds: () => jsons(0.0001, -1),
    refuses: ['HttpMalformed'],
    run: (input: Uint8Array) => parseFeeRate(parseJson(input, 'it')),
    laws: (rate) => need(rate === null || (rate > 0 && Number.isFinite(rate)), 'a rate that is none'),
  }),
];

/** An HTTP server that answers each request with the next part of the input behind the first: a digit for the status, then the body up to a line of dots. */
function scripted(input: Uint8Array, wrap: (body: string) => Uint8Array): Http {
  const [, ...parts] = toUtf8(input).split(CUT);
  let at = 0;
  return (_, { limit = 1 << 20 } = {}) => {
    const part = parts[at++ % Math.max(1, parts.length)] ?? '';
    const status = [200, 200, 404, 500, 400, 429, 401, 204, 301, 503][part.charCodeAt(0) - 48] ?? 200;
    const body = wrap(part.slice(1));
    return Promise.resolve({ status, headers: new Headers({ 'retry-after': '1' }), body: body.subarray(0, limit) });
  };
}

/** Hex is sent as bytes where it stands in place of a body that is none of text. */
function bodyOf(text: string): Uint8Array {
  const [, hex] = /^!([0-9a-f]*)$/.exec(text) ?? [];
  return hex !== undefined && hex.length % 2 === 0 ? fromHex(hex) : fromUtf8(text);
}

/** The number of a question, then what is answered: text with its status, or JSON. */
const script = (ask: number, ...parts: readonly unknown[]): Uint8Array[] =>
  texts([String.fromCharCode(ask), ...parts.map((part) => (typeof part === 'string' ? part : `0${JSON.stringify(part)}`))].join(CUT));
const result = (value: unknown): unknown => ({ result: value, error: null });
const listed = { height: 1, version: 1, previousblockhash: null, merkle_root: hash, timestamp: 1, bits: 1, nonce: 1 };
const spent = { txid: hash, vout: 0, value: 1, amount: 0.5, height: 3, status: { confirmed: true, block_height: 3 } };
const absent = { result: null, error: { code: -5, message: 'No such' } };
const strange = ['{"code":{"toString":1},"message":1}', '"error":{"toString":1,"valueOf":1}', '{"valueOf":1,"toString":1}', CUT, '1', '2', '!', '-0', '1e400'];
const script76 = fromHex('76a914' + '11'.repeat(20) + '88ac');

const greeting = [['x', '1.4'], { genesis_hash: bitcoinRegtest.genesisHash }] as const;
const merkle = once(() => rawVector('bitcoin/merkle300025.raw'));
const proved = once(() => parseMerkleBlock(merkle()).matches[0]?.txid ?? '');

const sources: readonly Parser[] = [
  parser({
    name: 'esplora',
    file: 'names/bitcoin/adapters/esplora.ts',
    form: 'script',
    seeds: () => [
      ...script(0, '01', [listed]),
      ...script(1, `0!${toHex(transactions()[0] ?? header())}`),
      ...script(2, { block_height: 1, pos: 1, merkle: [hash] }),
      ...script(3, '2'),
      ...script(4, [spent]),
      ...script(5, { chain_stats: { tx_count: 1 } }, [spent]),
      ...script(6, { 6: 1.5, 4: 1 }),
      ...script(7, `0${hash}`),
    ],
    words: strange,
    refuses: [...wireErrors, 'BroadcastRejected'],
    run: (input: Uint8Array) => {
      const source = esplora({ url: 'http://a.example', http: scripted(input, bodyOf) });
      return asked(input, [
        () => source.headers(1, 3),
        () => source.transaction(hash),
        () => source.inclusion(hash),
        () => source.block(hash),
        () => source.unspent(script76),
        () => source.history(script76),
        () => source.feeRate(),
        () => source.broadcast(script76),
      ]);
    },
    laws: ([at, answer]) => need(at !== 6 || (Number(answer) >= 1 && Number(answer) < 1e5), 'a rate of fees that nobody pays'),
  }),
  parser({
    name: 'core',
    file: 'names/bitcoin/adapters/core.ts',
    form: 'script',
    seeds: () => [
      ...script(0, result(hash), `0!${toHex(header())}`),
      ...script(1, result(toHex(transactions()[0] ?? header()))),
      ...script(1, absent),
      ...script(2, result(toHex(merkle())), result({ height: 300_025 })),
      ...script(3, result('00ff')),
      ...script(4, result({ unspents: [spent] })),
      ...script(5, result({ feerate: 0.0001 })),
      ...script(5, result({}), result({ mempoolminfee: 0.00001 })),
      ...script(6, result(hash)),
      ...script(7, `0!00${hash}04019dfca8`),
      ...script(7, '2', result({ filter: '019dfca8', header: hash })),
      ...script(8, `0!${hash}`),
    ],
    words: [...strange, '"code":-5', '"code":-26', '3{"result":null,"error":{"code":-26,"message":"dust"}}'],
    most: 8192,
    refuses: [...wireErrors, 'BroadcastRejected', 'Malformed', 'MerkleMismatch'],
    run: (input: Uint8Array) => {
      const source = core({ url: 'http://a.example', http: scripted(input, bodyOf) });
      const block = { height: 1, hash };
      return asked(input, [
        () => source.headers(1, 3),
        () => source.transaction(hash),
        () => source.inclusion(proved()),
        () => source.block(hash),
        () => source.unspent(script76),
        () => source.feeRate(),
        () => source.broadcast(script76),
        () => source.filters([block]),
        () => source.filterHeaders([block]),
      ]);
    },
    laws: ([at, answer]) => need(at !== 5 || (Number(answer) >= 1 && Number(answer) <= 1e5), 'a rate of fees that nobody pays'),
  }),
  parser({
    name: 'indexer',
    file: 'names/bitcoin/adapters/indexer.ts',
    form: 'script',
    seeds: () => [
      ...script(0, { last_block_processed: 9, consensus: 'ab'.repeat(16) }),
      ...script(1, { consensus_hashes: { 1: 'ab'.repeat(16), 2: null } }),
      ...script(2, { ops_hashes: [hash, null, hash] }),
      ...script(3, { count: 2 }, { nameops: [{ op: ':' }, { op: '?' }] }),
      ...script(4, { record: { name: 'a.id' } }),
      ...script(5, { error: 'not found', http_status: 404 }),
    ],
    words: [...strange, '"error":"x"', '"http_status":404', '"count":10000'],
    refuses: wireErrors,
    run: (input: Uint8Array) => {
      const source = indexer({ url: 'http://a.example', http: scripted(input, (text) => fromUtf8(encodeResponse(text))) });
      return asked(input, [
        () => source.tip(),
        () => source.consensusHashes([1, 2]),
        () => source.operationsHashes([1, 2, 3]),
        () => source.operations(5),
        () => source.nameRecord('a.id'),
        () => source.namespaceRecord('id'),
      ]);
    },
  }),
  parser({
    name: 'electrum',
    file: 'names/bitcoin/adapters/electrum.ts',
    form: 'script',
    seeds: () => [
      ...script(0, ...greeting, { count: 1, hex: toHex(header()), max: 2016 }),
      ...script(1, ...greeting, `0${JSON.stringify(toHex(transactions()[0] ?? header()))}`),
      ...script(2, ...greeting, [coin]),
      ...script(3, ...greeting, [{ tx_hash: hash, height: 1 }]),
      ...script(4, ...greeting, 0.0001),
      ...script(5, ...greeting, `0"${hash}"`),
    ],
    words: [...strange, '9{"code":1,"message":"excessive resource usage"}', '9{"code":-32601,"message":"unknown method"}', '"1.4"', '[]'],
    refuses: [...wireErrors, 'HttpFailed', 'NetworkMismatch', 'BroadcastRejected', 'Malformed'],
    run: (input: Uint8Array) => {
      const source = electrum({ url: 'tcp://a.example', params: bitcoinRegtest, connect: answeringLines(input) });
      const asks = [
        () => source.headers(1, 2),
        () => source.transaction(hash),
        () => source.unspent(script76),
        () => source.history(script76),
        () => source.feeRate(),
        () => source.broadcast(script76),
      ];
      return asked(input, asks).finally(() => source.close());
    },
  }),
];

/** A connection that answers each call with the next part of the input: `9` is an error, all else a result. */
function answeringLines(input: Uint8Array): Parameters<typeof electrum>[0]['connect'] {
  const [, ...parts] = toUtf8(input).split(CUT);
  let at = 0;
  return (_, receiver) =>
    Promise.resolve({
      close: () => undefined,
      send: (text: string) => {
        const { id } = JSON.parse(text) as { id: number };
        const part = parts[at++] ?? '9{"code":1,"message":"no"}';
        queueMicrotask(() => receiver.message(`{"id":${id},"${part.startsWith('9') ? 'error' : 'result'}":${part.slice(1)}}`));
      },
    });
}

interface ProofVectors {
  readonly network: { readonly name: string; readonly magic: string; readonly first_block: number; readonly epoch: number; readonly confirmations: number };
  readonly cases: readonly {
    readonly file: string;
    readonly anchor: { height: number; hash: string; consensus_hash: string };
    readonly headers_root: { height: number; root: string } | null;
    readonly now: number;
    readonly expect: object;
    readonly with_headers: boolean;
    readonly max_age: number;
  }[];
}

const proofs = once(() => vector<ProofVectors>('proofs/regtest.json'));
const proofCodes = [
  ...([
    'ProofInvalid',
    'ProofExpired',
    'NetworkMismatch',
    'AnchorMismatch',
    'AnchorRequired',
    'HeaderLinkage',
    'HeaderTime',
    'HeaderWork',
    'HeaderBits',
    'MerkleMismatch',
    'ConsensusMismatch',
  ] as const),
  ...([
    'OperationsMismatch',
    'OperationDuplicate',
    'RecordMismatch',
    'NamespaceNotReady',
    'TransactionMismatch',
    'PayloadMismatch',
    'SenderMismatch',
    'NameRevoked',
    'NameExpired',
  ] as const),
  ...(['NotConfirmed', 'ZoneFileMismatch', 'ZoneFileTooLarge', 'NameInvalid', 'Malformed', 'PositionMismatch'] as const),
];

const portable: readonly Parser[] = [
  parser({
    name: 'proof',
    file: 'names/bitcoin/portableProof.ts',
    seeds: () =>
      some(
        proofs().cases.filter(({ expect }) => 'record' in expect),
        8,
      ).map(({ file }) => fromHex(file)),
    words: ['bnsp\x01', Uint8Array.of(0xfd, 0xff, 0xff), Uint8Array.of(15), Uint8Array.of(16)],
    most: 20_000,
    refuses: ['ProofInvalid'],
    run: parseProof,
    laws: canonical(formatProof),
  }),
  parser({
    name: 'verifiedProof',
    file: 'names/bitcoin/verifyProof.ts',
    seeds: () => rooted().map(({ file }) => fromHex(file)),
    most: 20_000,
    refuses: proofCodes,
    run: (file: Uint8Array) => {
      const { network: told } = proofs();
      const network = defineNetwork({
        name: told.name,
        magic: told.magic,
        firstBlock: told.first_block,
        epochs: [{ number: told.epoch, endBlock: Infinity }],
        confirmations: told.confirmations,
        bitcoin: bitcoinRegtest,
      });
      const [first] = rooted();
      if (!first) throw new TypeError('no proof');
      const { anchor, headers_root: root, now } = first;
      return verifyProof(file, {
        network,
        anchor: { height: anchor.height, hash: anchor.hash, consensusHash: anchor.consensus_hash },
        headersRoot: root ?? undefined,
        now,
        maxAge: Infinity,
      });
    },
    laws: ({ record }, input) =>
      need(
        rooted().some(({ file }) => file === toHex(input)),
        `a proof that nobody made shows ${record.owner}`,
      ),
  }),
];

const rooted = once(() =>
  proofs()
    .cases.filter(({ expect, headers_root: root, with_headers: by, max_age: age }) => 'record' in expect && root !== null && !by && age > 1e5)
    .slice(0, 1),
);

export const wireParsers: readonly Parser[] = [...payloads, ...peers, ...electrumAnswers, ...sources, ...portable];
