import assert from 'node:assert/strict';
import { formatAddress } from '../../src/lib/address.js';
import { concat, equal, fromHex, reader, reversed, toHex } from '../../src/lib/bytes.js';
import { hash160, hash256, ripemd160, sha256 } from '../../src/lib/hash.js';
import { verifyInclusion } from '../../src/names/bitcoin/block.js';
import { hashHeader, HEADER_BYTES, parseHeader, retarget, targetOf, verifyWork, type Header } from '../../src/names/bitcoin/header.js';
import { bitcoinMainnet } from '../../src/names/bitcoin/network.js';
import { classifyScript, nulldataOf } from '../../src/names/bitcoin/script.js';
import { openTransaction, parseTransaction, serializeTransaction, txidOf, type Input, type Output } from '../../src/names/bitcoin/transaction.js';
import { parseVectors, type Case, type Suite } from './suite.js';

/** Hex with 0x in front, as all of these files have it. */
const bytes = (hex: string): Uint8Array => {
  assert.ok(hex.startsWith('0x'));
  return fromHex(hex.slice(2));
};
const hex = (value: Uint8Array): string => `0x${toHex(value)}`;
const display = (inner: string): string => toHex(reversed(bytes(inner)));

interface SpvProof {
  readonly version: string;
  readonly vin: string;
  readonly vout: string;
  readonly locktime: string;
  readonly tx_id: string;
  readonly index: number;
  readonly intermediate_nodes: string;
  readonly confirming_header: StatedHeader;
}

/** Hashes in inner order, or in display order with the inner one beside it as `…_le`. */
interface StatedHeader {
  readonly raw: string;
  readonly hash: string;
  readonly hash_le?: string;
  readonly prevhash: string;
  readonly prevhash_le?: string;
  readonly merkle_root: string;
  readonly merkle_root_le?: string;
}

function verifyStatedHeader(stated: StatedHeader): Header {
  const header = parseHeader(bytes(stated.raw));
  verifyWork(header, bitcoinMainnet.powLimitBits);
  if (stated.hash_le !== undefined) assert.equal(stated.hash, `0x${display(stated.hash_le)}`);
  assert.deepEqual(
    [header.hash, header.previous, header.merkleRoot],
    [display(stated.hash_le ?? stated.hash), display(stated.prevhash_le ?? stated.prevhash), display(stated.merkle_root_le ?? stated.merkle_root)],
  );
  return header;
}

function verifyProof(proof: SpvProof): void {
  const transaction = concat(...[proof.version, proof.vin, proof.vout, proof.locktime].map(bytes));
  const txid = display(proof.tx_id);
  openTransaction(transaction, txid);
  verifyInclusion(txid, { height: 0, index: proof.index, branch: hashes(bytes(proof.intermediate_nodes)) }, verifyStatedHeader(proof.confirming_header));
}

function hashes(list: Uint8Array): Uint8Array[] {
  assert.equal(list.length % 32, 0);
  return Array.from({ length: list.length / 32 }, (_, i) => list.subarray(32 * i, 32 * i + 32));
}

interface ProofFile {
  readonly valid: readonly string[];
  readonly validHeader: readonly string[];
  readonly badHeaders: readonly { readonly comment: string; readonly header: StatedHeader }[];
  readonly badSPVProofs: readonly { readonly comment: string; readonly proof: SpvProof }[];
  readonly [name: string]: unknown;
}

export const summaProofs: Suite = (file) => {
  const parts = parseVectors<ProofFile>(file);
  // These break the JSON form of a proof; the ones about lengths of bare hashes have no counterpart here.
  const broken = Object.entries(parts).flatMap(([name, text]) =>
    name.startsWith('err') && typeof text === 'string' && text.includes('intermediate_nodes') ? [[name, text] as const] : [],
  );
  return [
    ...parts.valid.map((text, i) => ({ title: `valid ${i}`, check: () => verifyProof(JSON.parse(text) as SpvProof) })),
    ...parts.validHeader.map((text, i) => ({ title: `valid header ${i}`, check: () => void verifyStatedHeader(JSON.parse(text) as StatedHeader) })),
    ...parts.badHeaders.map(({ comment, header }) => ({ title: comment, check: () => assert.throws(() => verifyStatedHeader(header)) })),
    ...parts.badSPVProofs.map(({ comment, proof }) => ({ title: comment, check: () => assert.throws(() => verifyProof(proof)) })),
    ...broken.map(([name, text]) => ({ title: name, check: () => assert.throws(() => verifyProof(JSON.parse(text) as SpvProof)) })),
  ];
};

interface Item {
  readonly input: never;
  readonly output: never;
  readonly comment?: string;
  readonly [peer: string]: unknown;
}

const spent = '01'.repeat(36) + '00' + 'ffffffff';
const openInputs = (vin: Uint8Array): readonly Input[] =>
  parseTransaction(concat(fromHex('01000000'), vin, fromHex('01000000000000000000'), fromHex('00000000'))).inputs;
const openOutputs = (vout: Uint8Array): readonly Output[] => parseTransaction(concat(fromHex(`0100000001${spent}`), vout, fromHex('00000000'))).outputs;
const openInput = (input: string): Input => openInputs(concat(Uint8Array.of(1), bytes(input)))[0] ?? assert.fail('no input');
const openOutput = (output: string): Output => openOutputs(concat(Uint8Array.of(1), bytes(output)))[0] ?? assert.fail('no output');
const inputBytes = (input: Input): Uint8Array => serializeTransaction({ version: 1, inputs: [input], outputs: [], lockTime: 0 }, 'stripped').slice(5, -5);
const outputBytes = (output: Output): Uint8Array => serializeTransaction({ version: 1, inputs: [], outputs: [output], lockTime: 0 }, 'stripped').slice(6, -4);
const accepts = (read: () => unknown): boolean => {
  try {
    read();
    return true;
  } catch {
    return false;
  }
};
const le = (value: bigint, size: number): Uint8Array => Uint8Array.from({ length: size }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn));
const hashOf = (script: Uint8Array): Uint8Array => {
  const type = classifyScript(script);
  const from = { p2pkh: 3, p2sh: 2, p2wpkh: 2, p2wsh: 2 }[type as 'p2pkh'] as number | undefined;
  return script.subarray(from ?? assert.fail(`no hash in ${String(type)}`)).subarray(0, type === 'p2wsh' ? 32 : 20);
};
const run = (chain: string): Header[] => {
  const list = bytes(chain);
  assert.equal(list.length % HEADER_BYTES, 0);
  const headers = Array.from({ length: list.length / HEADER_BYTES }, (_, i) => parseHeader(list.subarray(i * HEADER_BYTES, (i + 1) * HEADER_BYTES)));
  headers.forEach((header, i) => {
    verifyWork(header);
    if (i > 0) assert.equal(header.previous, headers[i - 1]?.hash);
  });
  return headers;
};
const provesTo = (leaf: string, branch: string, index: number, root: string): boolean =>
  accepts(() => verifyInclusion(display(leaf), { height: 0, index, branch: hashes(bytes(branch)) }, { merkleRoot: display(root), hash: '' } as Header));
const readInteger = (input: string): number => {
  const from = reader(bytes(input));
  const value = from.compactSize();
  from.end();
  return value;
};
/** What this reader refuses, since Bitcoin does: a longer encoding than needed (serialize.h). One of the peers refuses it too. */
const longForm = (item: Item): boolean => item['solidityError'] === 'Non-minimal var int';

/** What the library's functions are held against, by the name of the group; the other groups test helpers of the peers alone. */
const groups: Readonly<Record<string, (input: never, output: never, item: Item) => void>> = {
  hash160: (input: string, output: string) => assert.equal(hex(hash160(bytes(input))), output),
  hash256: (input: string, output: string) => assert.equal(hex(hash256(bytes(input))), output),
  sha256: (input: string, output: string) => assert.equal(hex(sha256(bytes(input))), output),
  ripemd160: (input: string, output: string) => assert.equal(hex(ripemd160(bytes(input))), output),
  hash256MerkleStep: (input: readonly string[], output: string) => assert.equal(hex(hash256(concat(...input.map(bytes)))), output),
  reverseEndianness: (input: string, output: string) => assert.equal(hex(reversed(bytes(input))), output),
  concatUint8Arrays: (input: Readonly<Record<string, string>>, output: string) => assert.equal(hex(concat(...Object.values(input).map(bytes))), output),
  typedArraysAreEqual: ({ arr1, arr2 }: { arr1: string; arr2: string }, output: boolean) => assert.equal(equal(bytes(arr1), bytes(arr2)), output),
  parseVarInt: (input: string, output: readonly number[], item) =>
    longForm(item) ? assert.throws(() => readInteger(input)) : assert.equal(readInteger(input), output[1]),
  parseVarIntError: (input: string) => assert.throws(() => readInteger(input)),
  validateVin: (input: string, output: boolean) =>
    assert.equal(
      accepts(() => openInputs(bytes(input))),
      output,
    ),
  validateVout: (input: string, output: boolean) =>
    assert.equal(
      accepts(() => openOutputs(bytes(input))),
      output,
    ),
  tryAsVin: (input: string, output: boolean) =>
    assert.equal(
      accepts(() => openInputs(bytes(input))),
      output,
    ),
  tryAsVout: (input: string, output: boolean) =>
    assert.equal(
      accepts(() => openOutputs(bytes(input))),
      output,
    ),
  tryAsVinError: (input: string) => assert.throws(() => openInputs(bytes(input))),
  tryAsVoutError: (input: string) => assert.throws(() => openOutputs(bytes(input))),
  extractInputAtIndex: ({ vin, index }: { vin: string; index: number }, output: string) =>
    assert.equal(hex(inputBytes(openInputs(bytes(vin))[index] ?? assert.fail())), output),
  extractInputAtIndexError: ({ vin, index }: { vin: string; index: number }) => assert.throws(() => inputBytes(openInputs(bytes(vin))[index] ?? assert.fail())),
  indexVinError: ({ vin, index }: { vin: string; index: number }) => assert.throws(() => inputBytes(openInputs(bytes(vin))[index] ?? assert.fail())),
  extractOutputAtIndex: ({ vout, index }: { vout: string; index: number }, output: string) =>
    assert.equal(hex(outputBytes(openOutputs(bytes(vout))[index] ?? assert.fail())), output),
  extractOutputAtIndexError: ({ vout, index }: { vout: string; index: number }) =>
    assert.throws(() => outputBytes(openOutputs(bytes(vout))[index] ?? assert.fail())),
  indexVoutError: ({ vout, index }: { vout: string; index: number }) => assert.throws(() => outputBytes(openOutputs(bytes(vout))[index] ?? assert.fail())),
  extractSequenceLELegacy: (input: string, output: string) => assert.equal(hex(le(BigInt(openInput(input).sequence), 4)), output),
  extractSequenceLEWitness: (input: string, output: string) => assert.equal(hex(le(BigInt(openInput(input).sequence), 4)), output),
  extractSequenceLegacy: (input: string, output: number) => assert.equal(openInput(input).sequence, output),
  extractSequenceWitness: (input: string, output: number) => assert.equal(openInput(input).sequence, output),
  extractSequenceLELegacyError: (input: string) => assert.throws(() => openInput(input)),
  extractSequenceLegacyError: (input: string) => assert.throws(() => openInput(input)),
  isLegacyInput: (input: string, output: boolean) => assert.equal(openInput(input).script.length > 0, output),
  extractScriptSig: (input: string, output: string) => assert.equal(hex(inputBytes(openInput(input)).slice(36, -4)), output),
  scriptSig: (input: string, output: string) => assert.equal(hex(inputBytes(openInput(input)).slice(36, -4)), output),
  extractScriptSigError: (input: string) => assert.throws(() => openInput(input)),
  scriptSigError: (input: string) => assert.throws(() => openInput(input)),
  extractOutpoint: (input: string, output: string) => assert.equal(hex(inputBytes(openInput(input)).slice(0, 36)), output),
  extractInputTxIdLE: (input: string, output: string) => assert.equal(openInput(input).txid, display(output)),
  extractTxIndexLE: (input: string, output: string) => assert.equal(hex(le(BigInt(openInput(input).vout), 4)), output),
  extractTxIndex: (input: string, output: number) => assert.equal(openInput(input).vout, output),
  extractValueLE: (input: string, output: string) => assert.equal(hex(le(openOutput(input).value, 8)), output),
  extractValue: (input: string, output: number) => assert.equal(openOutput(input).value, BigInt(output)),
  scriptPubkey: (input: string, output: string) => assert.equal(hex(outputBytes(openOutput(input)).slice(8)), output),
  extractOpReturnData: (input: string, output: string) => assert.equal(hex(nulldataOf([openOutput(input)]) ?? assert.fail()), output),
  extractOpReturnDataError: (input: string) => assert.throws(() => nulldataOf([openOutput(input)]) ?? assert.fail()),
  extractHash: (input: string, output: string) => assert.equal(hex(hashOf(openOutput(input).script)), output),
  extractHashError: (input: string) => assert.throws(() => hashOf(openOutput(input).script)),
  extractMerkleRootLE: (input: string, output: string) => assert.equal(parseHeader(bytes(input)).merkleRoot, display(output)),
  extractPrevBlockLE: (input: string, output: string) => assert.equal(parseHeader(bytes(input)).previous, display(output)),
  extractTimestamp: (input: string, output: number) => assert.equal(parseHeader(bytes(input)).time, output),
  extractTarget: (input: string, output: string) => assert.equal(targetOf(parseHeader(bytes(input)).bits), BigInt(output)),
  workHash: (input: string, output: string) => assert.equal(hashHeader(bytes(input)), display(output)),
  checkWork: ({ header, target }: { header: string; target: string }, output: boolean) =>
    assert.equal(BigInt(`0x${hashHeader(bytes(header))}`) <= BigInt(target), output),
  validateHeaderPrevHash: ({ header, prevHash }: { header: string; prevHash: string }, output: boolean) =>
    assert.equal(parseHeader(bytes(header)).previous === display(prevHash), output),
  validateHeaderChain: (input: string, output: number) =>
    assert.equal(
      run(input).reduce((sum, { bits }) => sum + difficulty(bits), 0n),
      BigInt(output),
    ),
  validateHeaderChainError: (input: string) => assert.throws(() => run(input)),
  prove: ({ txIdLE, merkleRootLE, proof, index }: { txIdLE: string; merkleRootLE: string; proof: string; index: number }, output: boolean) =>
    assert.equal(provesTo(txIdLE, proof, index, merkleRootLE), output),
  calculateTxId: ({ version, vin, vout, locktime }: SpvProof, output: string) =>
    assert.equal(txidOf(parseTransaction(concat(...[version, vin, vout, locktime].map(bytes)))), display(output)),
  retargetAlgorithm: ([first, last, next]: readonly { timestamp: number; nbits: string }[]) => {
    const bits = (header?: { nbits: string }): number => Number.parseInt(display(header?.nbits ?? ''), 16);
    assert.equal(retarget(bits(last), (last?.timestamp ?? 0) - (first?.timestamp ?? 0), bitcoinMainnet.powLimitBits), bits(next));
  },
  encodeP2SH: (input: string, output: string) => assert.equal(formatAddress(5, bytes(input)), output),
  encodeP2PKH: (input: string, output: string) => assert.equal(formatAddress(0, bytes(input)), output),
};

function difficulty(bits: number): bigint {
  return targetOf(0x1d00ffff) / targetOf(bits);
}

export const summaVectors: Suite = (file) =>
  Object.entries(parseVectors<Readonly<Record<string, readonly Item[]>>>(file)).flatMap(([name, items]): Case[] => {
    const verify = groups[name];
    if (!verify || !Array.isArray(items)) return [];
    return (items as readonly Item[]).map((item, i) => ({ title: `${name} ${i}`, check: () => verify(item.input, item.output, item) }));
  });
