import { skipHeights } from './consensus.js';

/** One step down the skip list: a height whose consensus hash is known, and the earlier heights whose hashes it shows. */
export interface Hop {
  readonly height: number;
  /** Every height that its consensus hash commits to, nearest first. */
  readonly heights: readonly number[];
  /** Those of them that no hop before it has shown. */
  readonly fresh: readonly number[];
}

/**
 * The steps from a trusted height down to others, one after the other; each walk begins where those before it came nearest. They follow
 * from the heights alone, so that a file of them names none; BNS (d.1).
 * @example const walk = skipPath(900000, 373601); walk(850000); walk(373650);
 */
export function skipPath(trusted: number, firstBlock: number): (target: number) => readonly Hop[] {
  const known = new Set([trusted]);
  const visited = new Set<number>();
  return (target) => {
    if (target < firstBlock || target > trusted) throw new TypeError(`height ${target} is not between ${firstBlock} and ${trusted}`);
    const hops: Hop[] = [];
    for (;;) {
      const height = [...known].reduce((least, at) => (at >= target && at < least ? at : least), trusted);
      if (!visited.has(height)) {
        const heights = skipHeights(height, firstBlock);
        hops.push({ height, heights, fresh: heights.filter((at) => !known.has(at)) });
        visited.add(height);
        heights.forEach((at) => known.add(at));
      }
      if (height === target) return hops;
    }
  };
}
