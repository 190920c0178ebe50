import { concat, fromHex, reader, reversed, toHex, type ByteReader } from '../../lib/bytes.js';
import { NamesteadError } from '../../lib/errors.js';
import { hash256 } from '../../lib/hash.js';

/** Consensus weight allows no transaction more bytes without its witnesses (BIP 141). */
const MOST_STRIPPED = 1_000_000;
/** Far more witness items than any transaction has; each empty one takes a byte of an answer and a hundred of memory. */
const MOST_ITEMS = 100_000;

export interface Input {
  /** The transaction whose output is spent, display hex. */
  readonly txid: string;
  readonly vout: number;
  readonly script: Uint8Array;
  readonly sequence: number;
  readonly witness: readonly Uint8Array[];
}

export interface Output {
  /** Satoshi. */
  readonly value: bigint;
  readonly script: Uint8Array;
}

export interface Transaction {
  /** Unsigned, as the four bytes read. */
  readonly version: number;
  readonly inputs: readonly Input[];
  readonly outputs: readonly Output[];
  readonly lockTime: number;
}

/**
 * Reads exactly one transaction (BIP 144 witness form or not) from the whole of `bytes`.
 * @throws NamesteadError `Malformed`
 */
export function parseTransaction(bytes: Uint8Array): Transaction {
  const from = reader(bytes, 'transaction');
  const transaction = readTransaction(from);
  from.end();
  return transaction;
}

/** Reads one transaction and leaves the cursor behind it. */
export function readTransaction(from: ByteReader): Transaction {
  return readWhole(from).transaction;
}

/**
 * Reads one transaction together with its id (display hex) and the bytes that the id hashes (BIP 144).
 * @throws NamesteadError `Malformed`
 */
export function readWhole(from: ByteReader): { readonly transaction: Transaction; readonly txid: string; readonly stripped: Uint8Array } {
  const start = from.offset;
  const version = from.u32le();
  let count = from.compactSize();
  const segwit = count === 0;
  if (segwit) {
    if (from.u8() !== 1) throw new NamesteadError('Malformed', 'transaction has no input, or an unknown witness flag');
    count = from.compactSize();
  }
  // An input takes 41 bytes and an output 9 at the least: a count above what is left is refused before anything is allocated.
  if (count === 0 || count > Math.min(from.left, MOST_STRIPPED) / 41) throw new NamesteadError('Malformed', `transaction claims ${count} inputs`);
  const plain = Array.from({ length: count }, () => ({
    txid: toHex(reversed(from.take(32))),
    vout: from.u32le(),
    script: from.take(from.compactSize()).slice(),
    sequence: from.u32le(),
  }));
  const outs = from.compactSize();
  if (outs > Math.min(from.left, MOST_STRIPPED) / 9) throw new NamesteadError('Malformed', `transaction claims ${outs} outputs`);
  const outputs = Array.from({ length: outs }, () => ({ value: from.u64le(), script: from.take(from.compactSize()).slice() }));
  const bodyEnd = from.offset;
  let room = MOST_ITEMS;
  const inputs = plain.map((input) => {
    const witness = segwit ? readWitness(from, room) : [];
    room -= witness.length;
    return { ...input, witness };
  });
  if (segwit && inputs.every((input) => input.witness.length === 0)) throw new NamesteadError('Malformed', 'transaction has the witness flag and no witness');
  const lockTime = from.u32le();
  const { bytes, offset } = from;
  const stripped = segwit
    ? concat(bytes.subarray(start, start + 4), bytes.subarray(start + 6, bodyEnd), bytes.subarray(offset - 4, offset))
    : bytes.subarray(start, offset);
  return { transaction: { version, inputs, outputs, lockTime }, txid: toHex(reversed(hash256(stripped))), stripped };
}

/**
 * A transaction that a source gave for an id. 64 bytes without witness are refused: such a transaction can pass for an inner
 * node of a block's merkle tree, and an inner node for a transaction (Bitcoin Core, validation of `bad-txns-too-small`).
 * @throws NamesteadError `Malformed`, `TransactionMismatch` when the bytes are another transaction's
 */
export function openTransaction(bytes: Uint8Array, txid: string): Transaction {
  const from = reader(bytes, 'transaction');
  const whole = readWhole(from);
  from.end();
  if (whole.txid !== txid) throw new NamesteadError('TransactionMismatch', `the bytes given for transaction ${txid} are those of ${whole.txid}`);
  if (whole.stripped.length === 64)
    throw new NamesteadError('TransactionMismatch', `transaction ${txid} has 64 bytes and cannot be told from an inner node of a merkle tree`);
  return whole.transaction;
}

function readWitness(from: ByteReader, room: number): Uint8Array[] {
  const count = from.compactSize();
  if (count > Math.min(from.left, room)) throw new NamesteadError('Malformed', `transaction claims ${count} witness items`);
  return Array.from({ length: count }, () => from.take(from.compactSize()).slice());
}

/** The bytes of a transaction; without witnesses (`stripped`) they are what the txid hashes. */
export function serializeTransaction(transaction: Transaction, form: 'whole' | 'stripped' = 'whole'): Uint8Array {
  const segwit = form === 'whole' && transaction.inputs.some((input) => input.witness.length > 0);
  return concat(
    le(BigInt(transaction.version), 4),
    ...(segwit ? [Uint8Array.of(0, 1)] : []),
    compactSize(transaction.inputs.length),
    ...transaction.inputs.flatMap((input) => [
      reversed(fromHex(input.txid)),
      le(BigInt(input.vout), 4),
      compactSize(input.script.length),
      input.script,
      le(BigInt(input.sequence), 4),
    ]),
    compactSize(transaction.outputs.length),
    ...transaction.outputs.flatMap((output) => [le(output.value, 8), compactSize(output.script.length), output.script]),
    ...(segwit
      ? transaction.inputs.flatMap((input) => [compactSize(input.witness.length), ...input.witness.flatMap((item) => [compactSize(item.length), item])])
      : []),
    le(BigInt(transaction.lockTime), 4),
  );
}

/** The id over the stripped bytes, display hex (BIP 144). */
export function txidOf(transaction: Transaction): string {
  return toHex(reversed(hash256(serializeTransaction(transaction, 'stripped'))));
}

export function compactSize(value: number): Uint8Array {
  if (value < 0xfd) return Uint8Array.of(value);
  return value <= 0xffff ? concat(Uint8Array.of(0xfd), le(BigInt(value), 2)) : concat(Uint8Array.of(0xfe), le(BigInt(value), 4));
}

function le(value: bigint, bytes: number): Uint8Array {
  const out = new Uint8Array(bytes);
  for (let i = 0; i < bytes; i++) out[i] = Number((value >> BigInt(8 * i)) & 0xffn);
  return out;
}
