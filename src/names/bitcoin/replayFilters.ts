import { equal } from '../../lib/bytes.js';
import { throwIfAborted, type CallOptions } from '../../lib/clock.js';
import { isNamesteadError, NamesteadError } from '../../lib/errors.js';
import type { HeaderChain } from './chain.js';
import { matchesFilter, nextFilterHeader } from './filter.js';
import type { BlockFeed } from './replayFold.js';
import { operationsAt, watchedScripts } from './rules.js';
import type { BlockId, FilterSource } from './source.js';
import { readRuleBlock, type BlockWorld } from './wholeBlock.js';

/** Filters of blocks that follow one another, each held against a filter header that was agreed on. */
export type CheckedFilters = (blocks: readonly BlockId[], options: CallOptions) => Promise<readonly Uint8Array[]>;

/** Filters held in memory at once; on mainnet 20 kB each. */
const AT_ONCE = 500;

/**
 * Of a filterable network the blocks whose filter matches what the next operation must touch, read whole; the others are known to change nothing. What to
 * watch follows from the state before each block, so a block that changed something is folded before the next filter is looked at; BNS (h).
 */
export function matchingBlocks(world: BlockWorld, filtersOf: CheckedFilters): BlockFeed {
  return async function* (blocks, state, call) {
    let watched: readonly Uint8Array[] | null = null;
    for (let from = 0; from < blocks.length; from += AT_ONCE) {
      const some = blocks.slice(from, from + AT_ONCE);
      const filters = await filtersOf(some, call);
      for (const [at, block] of some.entries()) {
        const filter = filters[at];
        watched ??= [...watchedScripts(state)];
        if (filter && !matchesFilter(filter, block.hash, watched)) yield { height: block.height, transactions: [] };
        else {
          yield await readRuleBlock(world, block, call);
          if (operationsAt(state, block.height).length > 0) watched = null;
        }
      }
    }
  };
}

/**
 * Filters whose headers `agree` operators tell alike, so that one honest operator among them suffices. One that tells another header ends it: somebody
 * lies, and who is not known. The filters themselves come from any of them.
 * @throws NamesteadError `SourcesDisagree`, `FilterMismatch`
 */
export function agreedFilters(
  sources: readonly FilterSource[],
  agree: number,
  chain: Pick<HeaderChain, 'hashAt'>,
  onLie: (operator: string) => void,
): CheckedFilters {
  return async (blocks, options) => {
    const [first] = blocks;
    const parent = first && chain.hashAt(first.height - 1);
    if (!first || parent === null || parent === undefined) return [];
    const headers = await agreedHeaders(sources, agree, [{ height: first.height - 1, hash: parent }, ...blocks], options);
    for (const source of sources) {
      throwIfAborted(options.signal, 'the replay');
      const filters = await orNull(source.filters(blocks, options), options);
      if (filters && fits(filters, headers)) return filters;
      if (filters) onLie(source.operator);
    }
    throw new NamesteadError(
      'FilterMismatch',
      `no operator has the filters of blocks ${first.height} to ${first.height + blocks.length - 1} that hash to the filter headers agreed on`,
    );
  };
}

/** `headers` begin one block before. */
function fits(filters: readonly Uint8Array[], headers: readonly Uint8Array[]): boolean {
  const follows = (filter: Uint8Array, i: number): boolean => {
    const [before, here] = [headers[i], headers[i + 1]];
    return before !== undefined && here !== undefined && equal(nextFilterHeader(filter, before), here);
  };
  return filters.length === headers.length - 1 && filters.every(follows);
}

async function agreedHeaders(
  sources: readonly FilterSource[],
  agree: number,
  blocks: readonly BlockId[],
  options: CallOptions,
): Promise<readonly Uint8Array[]> {
  const told = await Promise.all(sources.map(async (source) => ({ source, headers: await orNull(source.filterHeaders(blocks, options), options) })));
  const answers = told.flatMap(({ source: { operator }, headers }) => (headers?.length === blocks.length ? [{ operator, headers }] : []));
  const [first, ...others] = answers;
  const { height = 0 } = blocks.at(-1) ?? {};
  if (!first || answers.length < agree)
    throw new NamesteadError(
      'SourcesDisagree',
      `${answers.length} of ${sources.length} operators tell the filter headers up to block ${height}; ${agree} must tell the same`,
    );
  for (const { operator, headers } of others) {
    const at = headers.findIndex((header, i) => !equal(header, first.headers[i] ?? header.subarray(1)));
    if (at >= 0)
      throw new NamesteadError(
        'SourcesDisagree',
        `${first.operator} and ${operator} tell different filter headers of block ${blocks[at]?.height ?? height}: one of them lies`,
      );
  }
  return first.headers;
}

/** A source that fails is as one that is silent. */
async function orNull<T>(asked: Promise<T>, { signal }: CallOptions): Promise<T | null> {
  try {
    return await asked;
  } catch (error) {
    if (!isNamesteadError(error) || signal?.aborted) throw error;
    return null;
  }
}
