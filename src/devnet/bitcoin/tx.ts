import { concat, equal, reader, reversed, toHex } from '../../lib/bytes.js';
import { hash256 } from '../../lib/hash.js';
import { compactSize, readTransaction, serializeTransaction, type Transaction } from '../../names/bitcoin/transaction.js';

/** A transaction with what the node asks of it again and again. Ids are display hex, sizes bytes. */
export interface Tx {
  readonly transaction: Transaction;
  readonly txid: string;
  readonly wtxid: string;
  readonly raw: Uint8Array;
  readonly size: number;
  readonly strippedSize: number;
  /** BIP 141. */
  readonly weight: number;
  readonly vsize: number;
}

export interface Block {
  readonly header: Uint8Array;
  readonly transactions: readonly Tx[];
  readonly raw: Uint8Array;
  readonly strippedSize: number;
  readonly weight: number;
}

/** @throws NamesteadError `Malformed` */
export function parseTx(raw: Uint8Array): Tx {
  const from = reader(raw, 'transaction');
  const tx = wrap(readTransaction(from), raw);
  from.end();
  return tx;
}

export function txOf(transaction: Transaction): Tx {
  return wrap(transaction, serializeTransaction(transaction));
}

/** @throws NamesteadError `Malformed` */
export function parseBlock(raw: Uint8Array): Block {
  const from = reader(raw, 'block');
  const header = from.take(80).slice();
  const count = from.compactSize();
  const transactions: Tx[] = [];
  while (transactions.length < count) {
    const start = from.offset;
    const transaction = readTransaction(from);
    transactions.push(wrap(transaction, raw.slice(start, from.offset)));
  }
  from.end();
  return measured(header, transactions, raw);
}

export function blockOf(header: Uint8Array, transactions: readonly Tx[]): Block {
  return measured(header, transactions, concat(header, compactSize(transactions.length), ...transactions.map((tx) => tx.raw)));
}

/** The 36 bytes of an outpoint as a key: `txid:vout`. */
export function outpoint(input: { readonly txid: string; readonly vout: number }): string {
  return `${input.txid}:${input.vout}`;
}

export function isCoinbase(transaction: Transaction): boolean {
  const [input] = transaction.inputs;
  return transaction.inputs.length === 1 && input !== undefined && isNull(input);
}

export function isNull(input: { readonly txid: string; readonly vout: number }): boolean {
  return input.vout === 0xffffffff && /^0{64}$/.test(input.txid);
}

/** A display id in the order it has inside blocks. */
export function inner(id: string): Uint8Array {
  const out = new Uint8Array(32);
  for (let i = 0; i < 32; i++) out[31 - i] = Number.parseInt(id.slice(2 * i, 2 * i + 2), 16);
  return out;
}

function wrap(transaction: Transaction, raw: Uint8Array): Tx {
  const stripped = serializeTransaction(transaction, 'stripped');
  const txid = toHex(reversed(hash256(stripped)));
  const wtxid = equal(stripped, raw) ? txid : toHex(reversed(hash256(raw)));
  const weight = 3 * stripped.length + raw.length;
  return { transaction, txid, wtxid, raw, size: raw.length, strippedSize: stripped.length, weight, vsize: Math.ceil(weight / 4) };
}

function measured(header: Uint8Array, transactions: readonly Tx[], raw: Uint8Array): Block {
  const strippedSize = transactions.reduce((sum, tx) => sum + tx.strippedSize, 80 + compactSize(transactions.length).length);
  return { header, transactions, raw, strippedSize, weight: 3 * strippedSize + raw.length };
}
