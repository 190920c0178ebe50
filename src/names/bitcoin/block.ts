import { concat, equal, fromHex, reader, reversed, toHex } from '../../lib/bytes.js';
import { NamesteadError } from '../../lib/errors.js';
import { hash256 } from '../../lib/hash.js';
import { merkleTree } from '../../lib/merkle.js';
import { HEADER_BYTES, parseHeader, type Header } from './header.js';
import type { Inclusion } from './source.js';
import { parseTransaction, readWhole, type Transaction } from './transaction.js';

/** Consensus weight allows no block more bytes (BIP 141). */
export const MOST_BLOCK_BYTES = 4_000_000;
/** A block of the smallest transactions (60 bytes) has 16,666 of them: a tree of 15 rows above the leaves. */
const DEEPEST = 15;

export interface Block {
  readonly header: Header;
  readonly transactions: readonly Transaction[];
  /** Display hex, in block order. */
  readonly txids: readonly string[];
}

/**
 * Reads a whole block to its last byte, and checks that its transactions are those its header commits to: merkle root without
 * twins, one coinbase and that first. Whether the header has work and a place in the chain is the caller's to check.
 * @throws NamesteadError `Malformed`, `MerkleMismatch`
 */
export function parseBlock(bytes: Uint8Array): Block {
  if (bytes.length > MOST_BLOCK_BYTES) throw new NamesteadError('Malformed', `the block has ${bytes.length} bytes, more than any block may have`);
  const from = reader(bytes, 'block');
  const header = parseHeader(from.take(HEADER_BYTES));
  const count = from.compactSize();
  if (count > from.left / 60) throw new NamesteadError('Malformed', `the block claims ${count} transactions`);
  const read = Array.from({ length: count }, () => readWhole(from));
  from.end();
  if (read.length === 0) throw new NamesteadError('Malformed', `block ${header.hash} has no transaction`);
  const { root, twins } = merkleTree(read.map(({ txid }) => reversed(fromHex(txid))));
  if (toHex(reversed(root)) !== header.merkleRoot)
    throw new NamesteadError('MerkleMismatch', `the transactions given for block ${header.hash} are not those its header commits to`);
  if (twins) throw new NamesteadError('MerkleMismatch', `block ${header.hash} was given with transactions repeated (CVE-2012-2459)`);
  const transactions = read.map(({ transaction }) => transaction);
  if (transactions.some((transaction, index) => isCoinbase(transaction) !== (index === 0)))
    throw new NamesteadError('Malformed', `block ${header.hash} has its coinbase in the wrong place, or two`);
  return { header, transactions, txids: read.map(({ txid }) => txid) };
}

export function isCoinbase(transaction: Transaction): boolean {
  const [first, ...more] = transaction.inputs;
  return more.length === 0 && first?.vout === 0xffffffff && /^0{64}$/.test(first.txid);
}

/** A block's first transaction and its way up: it shows how deep the leaves of the tree lie. */
export interface CoinbaseProof {
  readonly transaction: Uint8Array;
  /** Inner order, bottom up. */
  readonly branch: readonly Uint8Array[];
}

/**
 * Checks that a transaction stands in the block at the place claimed. The transaction itself is opened with `openTransaction`.
 * Refused are: an index outside the tree, a right node equal to its left (it has another place: CVE-2012-2459), and an inner node
 * that reads as a transaction, since a leaf would then hang below a leaf. About one node in a thousand million reads so by chance: who has
 * the coinbase shows by its path how deep leaves lie, and nothing else is then asked of the nodes. (No inner node reads as a coinbase: 27
 * bytes of its left hash would have to be zero.)
 * @param txid display hex
 * @throws NamesteadError `MerkleMismatch`, `Malformed`
 */
export function verifyInclusion(txid: string, inclusion: Inclusion, header: Header, coinbase?: CoinbaseProof): void {
  const refuse = (what: string): never => {
    throw new NamesteadError('MerkleMismatch', `the proof for transaction ${txid} in block ${header.hash} ${what}`);
  };
  climb(txid, inclusion, header, coinbase === undefined, refuse);
  if (!coinbase) return;
  const from = reader(coinbase.transaction, 'coinbase');
  const first = readWhole(from);
  from.end();
  if (!isCoinbase(first.transaction)) refuse('comes with a coinbase that is none');
  if (coinbase.branch.length !== inclusion.branch.length) refuse('is not as deep as the coinbase');
  climb(first.txid, { index: 0, branch: coinbase.branch }, header, false, refuse);
}

function climb(txid: string, { branch, index }: Omit<Inclusion, 'height'>, header: Header, wary: boolean, refuse: (what: string) => never): void {
  if (branch.length > DEEPEST) refuse(`is ${branch.length} rows deep, more than any block`);
  if (!Number.isInteger(index) || index < 0 || index >= 2 ** branch.length) refuse(`names place ${index}, outside its own tree`);
  let node = reversed(fromHex(txid));
  branch.forEach((sibling, row) => {
    const right = (index >> row) & 1;
    if (right && equal(sibling, node)) refuse('gives a repeated node a place of its own');
    const pair = right ? concat(sibling, node) : concat(node, sibling);
    if (wary && isTransaction(pair)) refuse('leads through a transaction');
    node = hash256(pair);
  });
  if (toHex(reversed(node)) !== header.merkleRoot) refuse('does not lead to its merkle root');
}

function isTransaction(bytes: Uint8Array): boolean {
  try {
    // One without outputs is none: without this, chance would make every ten-millionth node one.
    return parseTransaction(bytes).outputs.length > 0;
  } catch {
    return false;
  }
}
