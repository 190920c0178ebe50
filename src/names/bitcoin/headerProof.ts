import { concat, equal, fromHex, reversed, toHex } from '../../lib/bytes.js';
import { throwIfAborted, type LongCallOptions } from '../../lib/clock.js';
import { isNamesteadError, NamesteadError } from '../../lib/errors.js';
import { hash256 } from '../../lib/hash.js';
import { merkleBranch, merkleRoot } from '../../lib/merkle.js';
import { parseHeader, type Header } from './header.js';
import type { HeaderChain } from './headerChain.js';
import type { BlockId, HeaderProofSource, HeaderSource } from './source.js';

/** One hash that stands for every block up to a height. */
export interface HeadersRoot {
  readonly height: number;
  /** Of the merkle tree over the block hashes 0 to `height`; display hex, as Electrum's `root`. */
  readonly root: string;
}

/**
 * The root over block hashes (display hex) from the genesis block on: Electrum's `cp_height` tree, SHA-256 twice over pairs, an odd
 * row repeating its last.
 */
export function headersRoot(hashes: readonly string[]): string {
  return toHex(reversed(merkleRoot(hashes.map(leafOf))));
}

/** The branch (inner order, bottom up) from the block at `height` to the {@link headersRoot} of `hashes`. */
export function headerBranch(hashes: readonly string[], height: number): Uint8Array[] {
  return merkleBranch(hashes.map(leafOf), height);
}

/**
 * Checks that an 80-byte header stands at `height` beneath a root. The tree's shape follows from its height alone, so that each header
 * has one branch and no other.
 * @throws NamesteadError `MerkleMismatch`, `Malformed`
 * @example verifyHeaderBranch(header, 500000, branch, { height: 878975, root })
 */
export function verifyHeaderBranch(header: Uint8Array, height: number, branch: readonly Uint8Array[], { height: last, root }: HeadersRoot): Header {
  const parsed = parseHeader(header);
  const refuse = (what: string): never => {
    throw new NamesteadError('MerkleMismatch', `the proof for the header at height ${height} ${what}`);
  };
  if (!Number.isInteger(height) || height < 0 || height > last) refuse(`is to lead to a root that ends at height ${last}`);
  let node = leafOf(parsed.hash);
  let row = 0;
  for (let at = height, end = last; end > 0; at >>>= 1, end >>>= 1) {
    const sibling = branch[row++];
    if (sibling?.length !== 32) refuse(`has no node of 32 bytes in row ${row - 1}`);
    else if ((at ^ 1) > end && !equal(sibling, node)) refuse('does not repeat the last node of an odd row');
    else node = hash256(at & 1 ? concat(sibling, node) : concat(node, sibling));
  }
  if (branch.length !== row) refuse(`has ${branch.length} rows where the tree has ${row}`);
  if (toHex(reversed(node)) !== root) refuse('does not lead to the root');
  return parsed;
}

/** What can prove a header below a chain's first: a root with somebody who has branches, or blocks known beforehand with somebody who has headers. */
export interface EarlierHeaders {
  readonly anchor?: { readonly height: number; readonly headersRoot: string } | undefined;
  readonly proofs?: HeaderProofSource | undefined;
  readonly headers?: HeaderSource | undefined;
  /** Blocks known beforehand, such as a release's checkpoints, in any order; the chain's first block is one anyway. */
  readonly pins?: readonly BlockId[] | undefined;
}

/** Ten periods, 1.6 MB: who must go further is to bring pins or a root. */
const MOST_LINKED = 20_160;
const BATCH = 2000;

/**
 * The header at a height of the best chain: held, or, below the chain's base, proved by its branch to the anchor's root (about 0.7 KB),
 * else by the headers that lead from it to the next block known beforehand, linked backwards by their hashes (at most 20,160).
 * @throws NamesteadError `NotConfirmed` above the tip, `AnchorRequired` when nothing given reaches it, `MerkleMismatch`, `HeaderLinkage`,
 * `Malformed`, or what a source threw
 */
export async function findHeader(chain: HeaderChain, height: number, world: EarlierHeaders, options: LongCallOptions = {}): Promise<Header> {
  const held = chain.at(height);
  if (held) return held;
  if (height > chain.tip().height) throw new NamesteadError('NotConfirmed', `no block is known at height ${height}: the headers end at ${chain.tip().height}`);
  const byBranch = await findByBranch(height, world, options);
  if (byBranch) return byBranch;
  const { headers, pins = [] } = world;
  const base = { height: chain.base, hash: chain.hashAt(chain.base) ?? '' };
  const pin = [base, ...pins].filter((block) => block.height >= height).reduce((a, b) => (b.height < a.height ? b : a));
  if (!headers || pin.height - height > MOST_LINKED)
    throw new NamesteadError(
      'AnchorRequired',
      `the block at height ${height} lies below the first header held (${chain.base}): give proofs with an anchor's headersRoot, or headers with pins`,
    );
  return findByLinkage(height, pin, headers, options);
}

/** Null where it cannot be tried, or where it failed and headers may show it. */
async function findByBranch(height: number, { anchor, proofs, headers }: EarlierHeaders, { signal }: LongCallOptions): Promise<Header | null> {
  if (!anchor || !proofs || height > anchor.height) return null;
  try {
    const proof = await proofs.headerProof(height, anchor.height, { signal });
    if (!proof) throw new NamesteadError('MerkleMismatch', `${proofs.operator} has no proof for the header at height ${height}`);
    return verifyHeaderBranch(proof.header, height, proof.branch, { height: anchor.height, root: anchor.headersRoot });
  } catch (error) {
    if (!headers || !isNamesteadError(error) || signal?.aborted) throw error;
    return null;
  }
}

/** From the pin downwards, so that a forged header is found in the first batch, and no more than one batch is held. */
async function findByLinkage(height: number, pin: BlockId, source: HeaderSource, { signal, onProgress }: LongCallOptions): Promise<Header> {
  const total = pin.height - height + 1;
  let expected = pin.hash;
  for (let top = pin.height; ;) {
    throwIfAborted(signal, 'fetching earlier headers');
    const from = Math.max(height, top - BATCH + 1);
    const batch = (await source.headers(from, top - from + 1, { signal })).slice(0, top - from + 1).map(parseHeader);
    for (; top >= from; top--) {
      const header = batch[top - from];
      if (header?.hash !== expected)
        throw new NamesteadError('HeaderLinkage', `${source.operator} has another header at height ${top} than leads to block ${pin.hash}, or none`);
      if (top === height) return header;
      expected = header.previous;
    }
    onProgress?.({ stage: 'headers', done: pin.height - top, total, unit: 'blocks' });
  }
}

function leafOf(hash: string): Uint8Array {
  return reversed(fromHex(hash));
}
