import { fromHex, fromUtf8, reversed, toHex } from '../../lib/bytes.js';
import { NamesteadError } from '../../lib/errors.js';
import { hash160, hash256 } from '../../lib/hash.js';
import { merkleRoot } from '../../lib/merkle.js';

/** The operations hash of a block without operations: that of one empty string; BNS (c.3). */
export const EMPTY_OPERATIONS_HASH = '5df6e0e2761359d30a8275058e299fcc0381534545f55cf43e41983f5d4c9456';

/**
 * Commits to the operations of one block, given serialized, in any order; 64 hex digits; BNS (c.3).
 * The tree repeats the last leaf of an odd row, so a list with that leaf twice has the same hash: a repeated operation is refused
 * here, whoever sends it.
 * @throws NamesteadError `OperationDuplicate`
 */
export function operationsHash(serialized: readonly string[]): string {
  if (serialized.length === 0) return EMPTY_OPERATIONS_HASH;
  const leaves = serialized.map((operation) => toHex(hash256(fromUtf8(operation))));
  if (new Set(leaves).size !== leaves.length) throw new NamesteadError('OperationDuplicate', 'an operation stands twice in the list of its block');
  return treeOf(leaves);
}

/**
 * The consensus hash of a block, 32 hex digits, from its operations hash and the consensus hashes at {@link skipHeights} before it,
 * in any order; BNS (c.3).
 */
export function consensusHash(operationsHashOfBlock: string, previous: readonly string[]): string {
  return toHex(hash160(fromHex(treeOf([operationsHashOfBlock, ...previous]))).subarray(0, 16));
}

/** The root over hex leaves of any length, sorted as text; each goes in and the root comes out in reversed byte order; BNS (c.3). */
function treeOf(leaves: readonly string[]): string {
  return toHex(reversed(merkleRoot([...leaves].sort().map((leaf) => reversed(fromHex(leaf))))));
}

/** The earlier heights a consensus hash commits to: `height - (2^i - 1)` for i = 1, 2, … down to the network's first block; BNS (c.3). */
export function skipHeights(height: number, firstBlock: number): number[] {
  const heights: number[] = [];
  for (let back = 1; height - back >= firstBlock; back = 2 * back + 1) heights.push(height - back);
  return heights;
}
