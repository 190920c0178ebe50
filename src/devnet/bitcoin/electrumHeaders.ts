import { concat, reversed, toHex } from '../../lib/bytes.js';
import { hash256 } from '../../lib/hash.js';
import type { OutputIndex } from './outputs.js';
import { inner } from './tx.js';

/** The merkle tree over the block hashes from 0 to a checkpoint (`cp_height`). */
export interface HeaderTree {
  /** Display hex. Both heights are of blocks that are there. */
  prove(height: number, checkpoint: number): { readonly branch: string[]; readonly root: string };
}

/** Keeps the rows of the last tree: clients ask one header after another beneath one checkpoint. */
export function createHeaderTree(index: OutputIndex): HeaderTree {
  let kept: { readonly tip: string; readonly rows: readonly (readonly Uint8Array[])[] } | null = null;
  const rowsTo = (checkpoint: number): readonly (readonly Uint8Array[])[] => {
    const tip = index.block(checkpoint)?.hash ?? '';
    if (kept?.tip === tip) return kept.rows;
    const rows = [Array.from({ length: checkpoint + 1 }, (_, height) => inner(index.block(height)?.hash ?? ''))];
    for (let row = rows[0] ?? []; row.length > 1; rows.push(row)) row = parents(row);
    kept = { tip, rows };
    return rows;
  };
  return {
    prove: (height, checkpoint) => {
      const rows = rowsTo(checkpoint);
      const display = (hash: Uint8Array | undefined): string => toHex(reversed(hash ?? new Uint8Array()));
      const branch = rows.slice(0, -1).map((row, depth) => display(row[(height >> depth) ^ 1] ?? row[height >> depth]));
      return { branch, root: display(rows.at(-1)?.[0]) };
    },
  };
}

/** An odd row repeats its last. */
function parents(row: readonly Uint8Array[]): Uint8Array[] {
  return row.filter((_, i) => i % 2 === 0).map((left, i) => hash256(concat(left, row[2 * i + 1] ?? left)));
}
