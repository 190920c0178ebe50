import { concat, equal } from './bytes.js';
import { hash256 } from './hash.js';

/** The merkle root of leaves in inner byte order: SHA-256 twice over pairs, an odd row repeats its last. One leaf is its own root. */
export function merkleRoot(leaves: readonly Uint8Array[]): Uint8Array {
  return merkleTree(leaves).root;
}

/**
 * As {@link merkleRoot}; `twins` tells whether two neighbours that make a pair are equal anywhere. Since an odd row repeats its
 * last node, such a list shares its root with a shorter one (CVE-2012-2459).
 */
export function merkleTree(leaves: readonly Uint8Array[]): { readonly root: Uint8Array; readonly twins: boolean } {
  let twins = false;
  let row = leaves;
  while (row.length > 1) {
    for (let i = 1; i < row.length; i += 2) twins ||= equal(row[i - 1] as Uint8Array, row[i] as Uint8Array);
    row = parents(row);
  }
  const [root] = row;
  if (!root) throw new TypeError('a merkle tree has at least one leaf');
  return { root, twins };
}

function parents(row: readonly Uint8Array[]): Uint8Array[] {
  const out: Uint8Array[] = [];
  for (let i = 0; i < row.length; i += 2) {
    const left = row[i] as Uint8Array;
    out.push(hash256(concat(left, row[i + 1] ?? left)));
  }
  return out;
}

/** The branch that leads from leaf `index` to the root, bottom up. */
export function merkleBranch(leaves: readonly Uint8Array[], index: number): Uint8Array[] {
  return merkleBranches(leaves, [index])[0] as Uint8Array[];
}

/** As {@link merkleBranch}, for several leaves at once: the tree is hashed once. */
export function merkleBranches(leaves: readonly Uint8Array[], indexes: readonly number[]): Uint8Array[][] {
  const lost = indexes.find((index) => !(index >= 0 && index < leaves.length));
  if (lost !== undefined) throw new TypeError(`no leaf ${lost} among ${leaves.length}`);
  const branches = indexes.map((): Uint8Array[] => []);
  let depth = 0;
  for (let row = leaves; row.length > 1; row = parents(row), depth++) {
    indexes.forEach((index, i) => branches[i]?.push(row[(index >> depth) ^ 1] ?? (row[index >> depth] as Uint8Array)));
  }
  return branches;
}
