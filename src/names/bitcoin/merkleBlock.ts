import { concat, equal, reader, reversed, toHex, type ByteReader } from '../../lib/bytes.js';
import { NamesteadError } from '../../lib/errors.js';
import { hash256 } from '../../lib/hash.js';
import { HEADER_BYTES, parseHeader, type Header } from './header.js';

export interface MerkleBlock {
  readonly header: Header;
  /** How many transactions the block has, as the sender says: no hash commits to it. */
  readonly count: number;
  /** The transactions it proves, each with its place and branch (inner order, bottom up). */
  readonly matches: readonly { readonly txid: string; readonly index: number; readonly branch: readonly Uint8Array[] }[];
}

/** A block of the smallest transactions holds no more. */
const MOST_TRANSACTIONS = 16_666;

/** Reads a `merkleblock` (BIP 37), as `gettxoutproof` gives it, from the whole of `bytes`. @throws NamesteadError `Malformed`, `MerkleMismatch` */
export function parseMerkleBlock(bytes: Uint8Array): MerkleBlock {
  const from = reader(bytes, 'merkle block');
  const block = readMerkleBlock(from);
  from.end();
  return block;
}

/** Reads one and leaves the cursor behind it. Rules of BIP 37 and Bitcoin Core's `CPartialMerkleTree::ExtractMatches`. */
export function readMerkleBlock(from: ByteReader): MerkleBlock {
  const malformed = (what: string): NamesteadError => new NamesteadError('Malformed', `the merkle block ${what}`);
  const header = parseHeader(from.take(HEADER_BYTES));
  const count = from.u32le();
  if (count === 0 || count > MOST_TRANSACTIONS) throw malformed(`claims ${count} transactions`);
  const hashCount = from.compactSize();
  if (hashCount > count || hashCount > from.left / 32) throw malformed(`claims ${hashCount} hashes`);
  const hashes = Array.from({ length: hashCount }, () => from.take(32).slice());
  const flags = from.take(from.compactSize()).slice();

  const width = (row: number): number => (count + (1 << row) - 1) >> row;
  let top = 0;
  while (width(top) > 1) top++;
  let bitsUsed = 0;
  let hashesUsed = 0;
  const nodes = new Map<string, Uint8Array>();
  const leaves: number[] = [];
  const walk = (row: number, at: number): Uint8Array => {
    if (bitsUsed >= flags.length * 8) throw malformed('has too few flags');
    const flag = ((flags[bitsUsed >> 3] as number) >> (bitsUsed & 7)) & 1;
    bitsUsed++;
    const node = row > 0 && flag ? join(row, at) : hashes[hashesUsed++];
    if (!node) throw malformed('has too few hashes');
    if (row === 0 && flag) leaves.push(at);
    nodes.set(`${row},${at}`, node);
    return node;
  };
  const join = (row: number, at: number): Uint8Array => {
    const left = walk(row - 1, 2 * at);
    if (2 * at + 1 >= width(row - 1)) return hash256(concat(left, left));
    const right = walk(row - 1, 2 * at + 1);
    if (equal(left, right)) throw new NamesteadError('MerkleMismatch', 'the merkle block gives a repeated node a place of its own (CVE-2012-2459)');
    return hash256(concat(left, right));
  };
  const root = walk(top, 0);
  if (hashesUsed !== hashes.length || (bitsUsed + 7) >> 3 !== flags.length) throw malformed('holds hashes or flags that lead nowhere');
  if (toHex(reversed(root)) !== header.merkleRoot)
    throw new NamesteadError('MerkleMismatch', `the merkle block does not lead to the merkle root of block ${header.hash}`);

  const nodeAt = (row: number, at: number): Uint8Array => nodes.get(`${row},${at}`) ?? (nodes.get(`${row},${at ^ 1}`) as Uint8Array);
  const matches = leaves.map((index) => ({
    txid: toHex(reversed(nodeAt(0, index))),
    index,
    branch: Array.from({ length: top }, (_, row) => nodeAt(row, (index >> row) ^ 1)),
  }));
  return { header, count, matches };
}
