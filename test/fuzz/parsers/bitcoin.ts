import { concat, equal, fromHex, fromUtf8, reversed, toHex, toUtf8 } from '../../../src/lib/bytes.js';
import { hash256 } from '../../../src/lib/hash.js';
import { merkleRoot } from '../../../src/lib/merkle.js';
import { encodePins, parsePins } from '../../../src/names/bitcoin/anchor.js';
import { decodeBase40, encodeBase40 } from '../../../src/names/bitcoin/base40.js';
import { parseBlock } from '../../../src/names/bitcoin/block.js';
import { readClaim } from '../../../src/names/bitcoin/claim.js';
import { decodeFilter, matchesFilter } from '../../../src/names/bitcoin/filter.js';
import { hashHeader, parseHeader, serializeHeader } from '../../../src/names/bitcoin/header.js';
import { parseMerkleBlock } from '../../../src/names/bitcoin/merkleBlock.js';
import { mainnet } from '../../../src/names/bitcoin/network.js';
import { decodeOperation, encodeOperation, type Operation } from '../../../src/names/bitcoin/operation.js';
import {
  addressOfScript,
  classifyScript,
  nulldataOfScript,
  nulldataScript,
  pushedKey,
  scriptOfAddress,
  scriptTokens,
} from '../../../src/names/bitcoin/script.js';
import { parseSerialized } from '../../../src/names/bitcoin/serializedOperation.js';
import { serializeOperation } from '../../../src/names/bitcoin/serialization.js';
import {
  compactSize,
  openTransaction,
  parseTransaction,
  serializeTransaction,
  txidOf,
  type Output,
  type Transaction,
} from '../../../src/names/bitcoin/transaction.js';
import { isNameValid, isNamespaceValid, isSubdomainValid, parseName, parseSubdomain } from '../../../src/names/name.js';
import { decodeFilter as naiveDecodeFilter } from '../../names/bitcoin/naiveFilter.js';
import { parser, type Parser } from '../parser.js';
import { canonical, need, rawVector, some, texts, vector } from '../samples.js';

const bigBlock = '0000000000000000009ec33d9f9fd4c6dc4e3dba97ab15aabdd30ae0fc1b7c6d';
const segwit =
  '02000000000101' +
  '11'.repeat(32) +
  '0100000000fdffffff0110270000000000001600141234567890123456789012345678901234567890' +
  '0247' +
  '30'.repeat(71) +
  '21' +
  '02'.repeat(33) +
  '00000000';

let known: readonly Uint8Array[] | undefined;

/** Transactions of the reference chain and of a real block, up to a few hundred bytes each. */
function transactions(): readonly Uint8Array[] {
  known ??= [
    ...some(
      vector<{ cases: { txs: { raw_tx: string }[] }[] }>('bns-v1/chain_all_epochs.json').cases.flatMap(({ txs }) => txs),
      60,
    ).map(({ raw_tx }) => fromHex(raw_tx)),
    ...some(parseBlock(rawVector('bitcoin/block300025.raw')).transactions, 20).map((transaction) => serializeTransaction(transaction)),
    fromHex(segwit),
  ].filter(({ length }) => length < 1500);
  return known;
}

const headers = (): Uint8Array[] =>
  some(
    Array.from({ length: 439 }, (_, at) => rawVector('bitcoin/mainnet-headers-0-438.bin').subarray(80 * at, 80 * at + 80)),
    40,
  );
const coinbase = fromHex(
  '01000000010000000000000000000000000000000000000000000000000000000000000000ffffffff0704ffff001d0104ffffffff0100f2052a0100000043410496b538e853519c726a2c91e61ec11600ae1390813a627c66fb8be7947be63c52da7589379515d4e0a604f8141781e62294721166bf621e73a82cbf2342c858eeac00000000',
);

/** Blocks of one to nine transactions, whose headers have no work: that is the chain's to ask. */
function smallBlocks(): Uint8Array[] {
  return [0, 1, 2, 5, 8].map((count) => {
    const inside = transactions().slice(0, count);
    return mendBlock(concat(headers()[0] ?? new Uint8Array(80), compactSize(count + 1), coinbase, ...inside));
  });
}

/** The root of whatever transactions can be read. */
function mendBlock(input: Uint8Array): Uint8Array {
  const ids: Uint8Array[] = [];
  for (let at = 80 + 1; at < input.length;) {
    const length = lengthOf(input.subarray(at));
    if (length === 0) break;
    ids.push(reversed(fromHex(txidOf(parseTransaction(input.subarray(at, at + length))))));
    at += length;
  }
  if (ids.length === 0) return input;
  const out = input.slice();
  out.set(merkleRoot(ids), 36);
  return out;
}

/** How many bytes the first transaction in these takes, found by the way the parser refuses what is too long. */
function lengthOf(bytes: Uint8Array): number {
  try {
    parseTransaction(bytes);
    return bytes.length;
  } catch (error) {
    const [, more = ''] = /hold (\d+) bytes too many/.exec(error instanceof Error ? error.message : '') ?? [];
    return more === '' ? 0 : bytes.length - Number(more);
  }
}

function merkleBlocks(): Uint8Array[] {
  // The other sample goes on behind its end.
  return [rawVector('bitcoin/merkle300025.raw')];
}

/** A tree of one transaction, whose root is its hash. */
function mendMerkleBlock(input: Uint8Array): Uint8Array {
  if (input.length < 120) return input;
  const out = input.slice(0, 120);
  out.set(out.subarray(85, 117), 36);
  out.set([1, 0, 0, 0, 1], 80);
  out.set([1, (input[117] ?? 0) & 1], 117);
  return out.subarray(0, 119);
}

function filters(): Uint8Array[] {
  const rows = vector<readonly (readonly unknown[])[]>('bitcoin/filter-valid.json').filter((row) => row.length > 6);
  return rows.map((row) => fromHex(String(row[5])));
}

const outputsOf = ({ outputs }: Transaction): readonly Output[] => outputs;

const chain: readonly Parser[] = [
  parser({
    name: 'header',
    file: 'names/bitcoin/header.ts',
    seeds: headers,
    run: parseHeader,
    laws: (header, input) => {
      canonical(serializeHeader)(header, input);
      need(header.hash === toHex(reversed(hash256(input))) && header.hash === hashHeader(input), 'it has another hash than its bytes');
    },
  }),
  parser({
    name: 'transaction',
    file: 'names/bitcoin/transaction.ts',
    seeds: transactions,
    words: ['\0\x01', Uint8Array.of(0xfd, 0xff, 0xff), Uint8Array.of(0xfe, 0, 0, 0, 2), Uint8Array.of(0xff, 1, 0, 0, 0, 0, 0, 0, 0)],
    run: parseTransaction,
    laws: (transaction, input) => {
      canonical((value: Transaction) => serializeTransaction(value))(transaction, input);
      const stripped = serializeTransaction(transaction, 'stripped');
      need(txidOf(transaction) === toHex(reversed(hash256(stripped))), 'its id is not the hash of its stripped bytes');
      if (stripped.length !== 64) openTransaction(input, txidOf(transaction));
    },
  }),
  parser({
    name: 'block',
    file: 'names/bitcoin/block.ts',
    seeds: smallBlocks,
    refuses: ['Malformed', 'MerkleMismatch'],
    run: parseBlock,
    mend: mendBlock,
    laws: canonical(blockBytes),
  }),
  parser({
    name: 'mainnetBlock',
    file: 'names/bitcoin/block.ts',
    seeds: () => [rawVector('bitcoin/block300025.raw')],
    refuses: ['Malformed', 'MerkleMismatch'],
    most: 400_000,
    cases: 150,
    run: parseBlock,
    laws: canonical(blockBytes),
  }),
  parser({
    name: 'merkleBlock',
    file: 'names/bitcoin/merkleBlock.ts',
    seeds: merkleBlocks,
    refuses: ['Malformed', 'MerkleMismatch'],
    run: parseMerkleBlock,
    mend: mendMerkleBlock,
    laws: ({ header, count, matches }) => {
      for (const { txid, index, branch } of matches) {
        need(index < count, 'a place outside the block');
        const root = branch.reduce((node, other, row) => hash256((index >> row) & 1 ? concat(other, node) : concat(node, other)), reversed(fromHex(txid)));
        need(toHex(reversed(root)) === header.merkleRoot, 'a branch that does not lead to the root');
      }
    },
  }),
  parser({
    name: 'filter',
    file: 'names/bitcoin/filter.ts',
    seeds: filters,
    words: [new Uint8Array(8).fill(0xff), new Uint8Array(8)],
    run: (filter) => ({ values: decodeFilter(filter), found: matchesFilter(filter, bigBlock, [fromHex('51'), fromHex('00')]) }),
    laws: ({ values }, input) => {
      need(
        values.every((value, at) => Number.isSafeInteger(value) && value >= (values[at - 1] ?? 0)),
        'its values do not rise, or are more than doubles hold',
      );
      if (input.length < 200) need(naiveDecodeFilter(input).join() === values.join(), 'big integers read other values');
    },
  }),
  parser({
    name: 'pins',
    file: 'names/bitcoin/anchor.ts',
    form: 'text',
    seeds: () => texts(encodePins(pins)),
    run: (input: Uint8Array) => parsePins(toUtf8(input)),
    laws: (value) => need(parsePins(encodePins(value)).length === value.length, 'pins are lost'),
  }),
];

const pins = [1, 2, 3].map((at) => ({ height: 2016 * at, hash: `00000000${'ab'.repeat(28)}` }));

function blockBytes({ header, transactions: inside }: ReturnType<typeof parseBlock>): Uint8Array {
  return concat(serializeHeader(header), compactSize(inside.length), ...inside.map((transaction) => serializeTransaction(transaction)));
}

/** OP_RETURN data, behind two bytes for epoch and outputs. */
function operations(): Uint8Array[] {
  const { cases } = vector<{ cases: { op_return: string }[] }>('bns-v1/op_return_parse.json');
  return cases.flatMap(({ op_return: data }, at) => [concat(Uint8Array.of(at % 6, 2 + (at % 3)), fromHex(data)), concat(Uint8Array.of(5, 4), fromHex(data))]);
}

const contextOf = (input: Uint8Array): { magic: string; epoch: number; outputs: number } => ({
  magic: 'id',
  epoch: 1 + ((input[0] ?? 0) % 6),
  outputs: (input[1] ?? 0) % 8,
});

/** The written form of an operation, where the writer takes it: names that only the old decoder takes (a line feed at the end) it refuses. */
function writtenAs(operation: Operation): Uint8Array | null {
  try {
    return encodeOperation(operation, { magic: 'id' });
  } catch {
    return null;
  }
}

function sameOperation(operation: Operation | null, input: Uint8Array): void {
  const written = operation && writtenAs(operation);
  // Before epoch 4 no tokens are written; the writer knows no epochs.
  if (!operation || !written || ('valueHash' in operation && 'tokens' in operation && operation.tokens === 0n)) return;
  const again = decodeOperation(written, contextOf(input));
  need(JSON.stringify(again, asText) === JSON.stringify(operation, asText), 'the operation is another when written and read again');
  // Token units may be padded on either side, a name may be padded or not, and a renewal with no tokens is spelled in two ways.
  if (!('tokens' in operation) && operation.opcode !== 'TOKEN_TRANSFER') need(equal(written, input.subarray(2)), 'the operation is written as other bytes');
}

const asText = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? value.toString() : value);

function scripts(): Uint8Array[] {
  const { cases } = vector<{ cases: { script: string }[] }>('bns-v1/scripts.json');
  return [...cases.map(({ script }) => fromHex(script)), ...transactions().flatMap((bytes) => outputsOf(parseTransaction(bytes)).map(({ script }) => script))];
}

const names: readonly Parser[] = [
  parser({
    name: 'operation',
    file: 'names/bitcoin/operation.ts',
    seeds: operations,
    words: ['id', ...'? : + > ~ ; * & ! # $'.split(' '), '.id', 'a.id', '\n', Uint8Array.of(0, 0, 0)],
    most: 300,
    refuses: [],
    run: (input: Uint8Array) => decodeOperation(input.subarray(2), contextOf(input)),
    laws: sameOperation,
  }),
  parser({
    name: 'claim',
    file: 'names/bitcoin/claim.ts',
    seeds: transactions,
    words: ['id?', 'id:', Uint8Array.of(0x6a), Uint8Array.of(0x76, 0xa9, 0x14), Uint8Array.of(0x88, 0xac)],
    run: (input: Uint8Array) => {
      const transaction = parseTransaction(input);
      const script = scriptOfAddress('1J8JNSi9KTNi1vHcYYceZLfsCNTS9UPoA6');
      const candidate = { index: 1, txid: txidOf(transaction), transaction, previous: transaction.inputs.map(() => ({ value: 0n, script })) };
      return [373_700, 440_000, 490_000, 550_000, 600_000].map((height) => readClaim(candidate, height, mainnet));
    },
    laws: (claims) =>
      need(
        claims.every((claim) => claim === null || (claim.payment?.satoshi ?? 0) <= 21e14),
        'more money than there is',
      ),
  }),
  parser({
    name: 'script',
    file: 'names/bitcoin/script.ts',
    seeds: scripts,
    words: [
      Uint8Array.of(0x4c),
      Uint8Array.of(0x4d),
      Uint8Array.of(0x4e, 0xff, 0xff, 0xff, 0xff),
      Uint8Array.of(0x6a),
      Uint8Array.of(0xae),
      Uint8Array.of(0x51),
    ],
    refuses: [],
    run: (script) => ({
      tokens: scriptTokens(script),
      type: classifyScript(script),
      address: addressOfScript(script),
      data: nulldataOfScript(script),
      key: pushedKey(script),
    }),
    laws: ({ tokens, type, address, data }, script) => {
      need(
        tokens.reduce<number>((sum, token) => sum + (typeof token === 'number' ? 1 : token.length + 1), 0) <= script.length + tokens.length,
        'its tokens are more than its bytes',
      );
      if (address !== null) need(equal(scriptOfAddress(address), script) && (type === 'p2pkh' || type === 'p2sh'), 'its address stands for another script');
      if (data && data.length <= 80)
        need(equal(nulldataOfScript(nulldataScript(data)) ?? new Uint8Array(), data) || data.length === 0, 'its data are others when written again');
    },
  }),
  parser({
    name: 'base40',
    file: 'names/bitcoin/base40.ts',
    seeds: () => some(vector<{ cases: { hex: string }[] }>('bns-v1/b40.json').cases, 40).map(({ hex }) => fromHex(hex)),
    most: 256,
    refuses: [],
    run: decodeBase40,
    laws: (text, input) => {
      const [written, given] = [toHex(encodeBase40(text)), toHex(input)];
      need(written.replace(/^(00)+/, '') === given.replace(/^(00)+/, ''), 'its text stands for another number');
    },
  }),
  parser({
    name: 'name',
    file: 'names/name.ts',
    form: 'text',
    seeds: () => texts('alice.id', 'a.b', '0-_.z-_9', `${'a'.repeat(34)}.id`),
    words: ['.id', '.', '+', 'A', '\n'],
    refuses: ['NameInvalid'],
    run: (input: Uint8Array) => parseName(toUtf8(input)),
    laws: ({ name, label, namespace }, input) => {
      canonical(() => fromUtf8(`${label}.${namespace}`))(name, input);
      need(isNameValid(name) && isNamespaceValid(namespace) && isSubdomainValid(`x.${name}`), 'two judges of names differ');
    },
  }),
  parser({
    name: 'subdomain',
    file: 'names/name.ts',
    form: 'text',
    seeds: () => texts('bob.alice.id', 'a+b.c.d'),
    words: ['.', '+', '\n'],
    refuses: ['NameInvalid'],
    run: (input: Uint8Array) => parseSubdomain(toUtf8(input)),
    laws: canonical(({ label, name }) => fromUtf8(`${label}.${name}`)),
  }),
  parser({
    name: 'serializedOperation',
    file: 'names/bitcoin/serializedOperation.ts',
    form: 'text',
    seeds: () => some(vector<{ cases: { serialized: string }[] }>('bns-v1/op_serialize.json').cases, 40).flatMap(({ serialized }) => texts(serialized)),
    words: ['?:', '::', ',', '0:', '1:', '4:True', '5:False', '3:1.5', '-1', '1e5', '.0'],
    refuses: ['ProofInvalid'],
    run: (input: Uint8Array) => parseSerialized(toUtf8(input)),
    laws: canonical((fields) => fromUtf8(serializeOperation(fields))),
  }),
];

export const bitcoinParsers: readonly Parser[] = [...chain, ...names];
export { transactions, headers, coinbase, smallBlocks };
