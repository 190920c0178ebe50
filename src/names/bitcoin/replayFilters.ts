import { fromHex, toHex } from '../../lib/bytes.js';
import type { CallOptions } from '../../lib/clock.js';
import { NamesteadError } from '../../lib/errors.js';
import { rebuildFilter } from './blockFilter.js';
import type { HeaderChain } from './chain.js';
import { matchesFilter } from './filter.js';
import { checkedFilters, type FilterRange } from './filterChain.js';
import { createJury } from './filterJury.js';
import type { BlockFeed } from './replayFold.js';
import { watchedSet } from './rules.js';
import type { BlockId, FilterSource } from './source.js';
import { readRuleBlock, type BlockWorld } from './wholeBlock.js';

export interface FilterWorld extends BlockWorld {
  readonly filters: readonly FilterSource[];
  /** How many of them must answer. */
  readonly least: number;
  readonly pinned: FilterRange['pinned'];
  readonly chain: Pick<HeaderChain, 'hashAt'>;
}

/**
 * Of a filterable network the blocks whose filter matches what the next operation must touch, read whole; the others are known to change nothing. What to
 * watch follows from the state before each block, so a block that changed something is folded before the next filter is looked at; BNS (h).
 */
export function matchingBlocks(world: FilterWorld): BlockFeed {
  const { filters: sources, least, pinned, chain, onLie } = world;
  return async function* (blocks, state, before, call) {
    const { height: below } = state;
    const blockAt = (height: number): Promise<BlockId> => Promise.resolve(blocks[height - below - 1] ?? heldAt(chain, height));
    const jury = createJury({ sources, least, blockAt, rebuild: (block, asked: CallOptions) => rebuildFilter(world, block, asked) });
    const range = { from: below + 1, to: below + blocks.length, before: before === '' ? null : fromHex(before), pinned };
    const watched = watchedSet(state);
    try {
      if (before !== '') {
        // Who was silent when the blocks beneath were folded may tell another story of them.
        const [told] = await jury.headers([await blockAt(below)], call);
        if (!told || toHex(told) !== before) {
          yield 'anew';
          return;
        }
      }
      for await (const checked of checkedFilters(jury, blockAt, range, call)) {
        for (const { block, filter, header } of checked) {
          const matches = matchesFilter(filter, block.hash, watched.scripts());
          const { transactions } = matches ? await readRuleBlock(world, block, call) : { transactions: [] };
          yield { height: block.height, transactions, mark: toHex(header) };
          // The fold has taken the block by now.
          watched.follow();
        }
      }
    } finally {
      for (const operator of jury.disagreed) onLie(operator);
    }
  };
}

function heldAt(chain: Pick<HeaderChain, 'hashAt'>, height: number): BlockId {
  const hash = chain.hashAt(height);
  if (hash === null)
    throw new NamesteadError('SourcesDisagree', `operators tell different filter headers of blocks before ${height}, where no header is held to decide`);
  return { height, hash };
}
