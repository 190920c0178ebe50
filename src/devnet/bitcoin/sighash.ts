import { concat, reversed } from '../../lib/bytes.js';
import { hash256 } from '../../lib/hash.js';
import { compactSize, serializeTransaction, type Input, type Output, type Transaction } from '../../names/bitcoin/transaction.js';
import { inner } from './tx.js';

export const SIGHASH = { ALL: 1, NONE: 2, SINGLE: 3, ANYONECANPAY: 0x80 } as const;

/** What one input signs: its place, the script code, and the value it spends (BIP 143 alone commits to that). */
export interface Signing {
  readonly transaction: Transaction;
  readonly index: number;
  readonly scriptCode: Uint8Array;
  readonly value: bigint;
}

/** The digest of inputs without witness, its two old oddities included: SINGLE without an output signs the number one. */
export function legacyDigest({ transaction, index, scriptCode }: Signing, hashType: number): Uint8Array {
  const base = hashType & 31;
  if (base === SIGHASH.SINGLE && index >= transaction.outputs.length) return Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? 1 : 0));
  const others = base === SIGHASH.NONE || base === SIGHASH.SINGLE;
  const inputs = transaction.inputs.map((input, i): Input => ({
    ...input,
    witness: [],
    script: i === index ? scriptCode : new Uint8Array(),
    sequence: others && i !== index ? 0 : input.sequence,
  }));
  const form: Transaction = {
    ...transaction,
    inputs: hashType & SIGHASH.ANYONECANPAY ? inputs.slice(index, index + 1) : inputs,
    outputs: outputsSigned(transaction.outputs, index, base),
  };
  return hash256(concat(serializeTransaction(form, 'stripped'), le(hashType, 4)));
}

function outputsSigned(outputs: readonly Output[], index: number, base: number): readonly Output[] {
  if (base === SIGHASH.NONE) return [];
  if (base !== SIGHASH.SINGLE) return outputs;
  return outputs.slice(0, index + 1).map((output, i) => (i === index ? output : { value: 0xffffffffffffffffn, script: new Uint8Array() }));
}

/** BIP 143, version 0 programs. */
export function witnessDigest({ transaction, index, scriptCode, value }: Signing, hashType: number): Uint8Array {
  const base = hashType & 31;
  const alone = (hashType & SIGHASH.ANYONECANPAY) !== 0;
  const partial = base === SIGHASH.NONE || base === SIGHASH.SINGLE;
  const zero = new Uint8Array(32);
  const { inputs, outputs } = transaction;
  const input = inputs[index];
  const own = outputs[index];
  if (!input) throw new TypeError(`no input ${index}`);
  return hash256(
    concat(
      le(transaction.version, 4),
      alone ? zero : hash256(concat(...inputs.map(pointBytes))),
      alone || partial ? zero : hash256(concat(...inputs.map((other) => le(other.sequence, 4)))),
      pointBytes(input),
      compactSize(scriptCode.length),
      scriptCode,
      le64(value),
      le(input.sequence, 4),
      !partial ? hash256(concat(...outputs.map(outputBytes))) : base === SIGHASH.SINGLE && own ? hash256(outputBytes(own)) : zero,
      le(transaction.lockTime, 4),
      le(hashType, 4),
    ),
  );
}

function pointBytes(input: Input): Uint8Array {
  return concat(inner(input.txid), le(input.vout, 4));
}

function outputBytes(output: Output): Uint8Array {
  return concat(le64(output.value), compactSize(output.script.length), output.script);
}

export function le(value: number, bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, i) => Math.floor(value / 2 ** (8 * i)) & 0xff);
}

export function le64(value: bigint): Uint8Array {
  return reversed(Uint8Array.from({ length: 8 }, (_, i) => Number((value >> BigInt(8 * (7 - i))) & 0xffn)));
}
