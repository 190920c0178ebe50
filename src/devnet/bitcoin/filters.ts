import { parseBlock } from '../../names/bitcoin/block.js';
import { encodeFilter, filterElements, filterHeader } from '../../names/bitcoin/filter.js';
import type { Chain, Entry } from './chain.js';

/** A block's BIP 158 basic filter and BIP 157 filter header (display hex). */
export interface Filtered {
  readonly filter: Uint8Array;
  readonly header: string;
}

/** The filters of every block that was ever part of the best chain, made when first asked for; null for one that never was. */
export function createFilters(chain: Chain): (entry: Entry) => Filtered | null {
  const made = new Map<Entry, Filtered>();
  return (entry) => {
    const missing: Entry[] = [];
    for (let at: Entry | null = entry; at && !made.has(at); at = at.previous) missing.unshift(at);
    for (const next of missing) {
      const spent = chain.spentBy(next);
      if (!spent) return null;
      const filter = encodeFilter(filterElements(parseBlock(next.block.raw), spent), next.header.hash);
      const before = next.previous && made.get(next.previous);
      made.set(next, { filter, header: filterHeader(filter, before?.header ?? '00'.repeat(32)) });
    }
    return made.get(entry) ?? null;
  };
}
