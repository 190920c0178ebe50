import { equal } from '../../lib/bytes.js';
import { throwIfAborted, type CallOptions } from '../../lib/clock.js';
import { isNamesteadError, NamesteadError } from '../../lib/errors.js';
import { MOST_FILTER_BYTES, nextFilterHeader } from './filter.js';
import type { FilterJury } from './filterJury.js';
import type { BlockId } from './source.js';

/** A filter that hashes to the filter header agreed on for its block. */
export interface CheckedFilter {
  readonly block: BlockId;
  readonly filter: Uint8Array;
  /** 32 bytes, wire order. */
  readonly header: Uint8Array;
}

export interface FilterRange {
  readonly from: number;
  readonly to: number;
  /** The header before `from`, where all agreed on it before. */
  readonly before: Uint8Array | null;
  /** A header known beforehand, from outside the sources. */
  readonly pinned: { readonly height: number; readonly header: Uint8Array } | null;
}

/** Filter headers asked for at once. */
const SPAN = 1000;
/** Filters asked for at once, and how many such requests are under way: about 6 MB on mainnet. */
const PART = 100;
const WIDTH = 3;

interface Part {
  readonly blocks: readonly BlockId[];
  /** Begins one block before `blocks`. */
  readonly headers: readonly Uint8Array[];
}

/**
 * The filters of a range of blocks in order, in parts, each checked against the filter headers that the jury agrees on (BIP 157). Memory is bounded by the
 * parts under way, not by the range.
 * @throws NamesteadError `SourcesDisagree`, `LevelNotReached`, `FilterMismatch`, `Aborted`
 */
export async function* checkedFilters(
  jury: FilterJury,
  blockAt: (height: number, options: CallOptions) => Promise<BlockId>,
  range: FilterRange,
  options: CallOptions,
): AsyncGenerator<readonly CheckedFilter[], void, undefined> {
  let turn = 0;
  const under = agreedParts(jury, blockAt, range, options);
  yield* inOrder(under, WIDTH, (part) => findFilters(jury, part, turn++, options));
}

async function* agreedParts(
  jury: FilterJury,
  blockAt: (height: number, options: CallOptions) => Promise<BlockId>,
  { from, to, before, pinned }: FilterRange,
  options: CallOptions,
): AsyncGenerator<Part, void, undefined> {
  if (pinned && pinned.height >= from && pinned.height <= to) await jury.hold(await blockAt(pinned.height, options), pinned.header, options);
  let last = before;
  for (let start = from; start <= to; start += SPAN) {
    throwIfAborted(options.signal, 'following filters');
    const blocks: BlockId[] = [];
    for (let height = start - 1; height < start + SPAN && height <= to; height++) blocks.push(await blockAt(height, options));
    const headers = await jury.headers(blocks, options);
    // What was agreed on before must still hold, or the sources told two stories.
    if ((last && !isSame(headers[0], last)) || !keeps(headers, start - 1, pinned))
      throw new NamesteadError('SourcesDisagree', `the operators' filter headers do not go on from those known up to block ${start - 1}`);
    last = headers.at(-1) ?? null;
    for (let at = 1; at < blocks.length; at += PART) yield { blocks: blocks.slice(at, at + PART), headers: headers.slice(at - 1, at + PART) };
  }
}

function keeps(headers: readonly Uint8Array[], first: number, pinned: FilterRange['pinned']): boolean {
  const header = pinned && headers[pinned.height - first];
  return !header || isSame(header, pinned.header);
}

/** One operator after the other, beginning with another each time: all of them are asked for some, and one who has not what he agreed to, is dismissed. */
async function findFilters(jury: FilterJury, part: Part, turn: number, options: CallOptions): Promise<readonly CheckedFilter[]> {
  const sources = jury.sources();
  const { height = 0 } = part.blocks[0] ?? {};
  let reason: unknown;
  for (let i = 0; i < sources.length; i++) {
    throwIfAborted(options.signal, 'following filters');
    const source = sources[(i + turn) % sources.length];
    if (!source) continue;
    try {
      const checked = check(part, await source.filters(part.blocks, options));
      if (checked) return checked;
      jury.dismiss(source, true);
    } catch (error) {
      if (!isNamesteadError(error) || options.signal?.aborted) throw error;
      reason = error;
    }
  }
  throw new NamesteadError('FilterMismatch', `no operator has the filters from block ${height} on that hash to the filter headers agreed on`, {
    cause: reason,
  });
}

function check({ blocks, headers }: Part, filters: readonly Uint8Array[]): readonly CheckedFilter[] | null {
  const checked: CheckedFilter[] = [];
  for (const [i, block] of blocks.entries()) {
    const [filter, before, header] = [filters[i], headers[i], headers[i + 1]];
    if (!filter || !before || !header || filter.length > MOST_FILTER_BYTES || !isSame(nextFilterHeader(filter, before), header)) return null;
    checked.push({ block, filter, header });
  }
  return checked;
}

function isSame(a: Uint8Array | undefined, b: Uint8Array): boolean {
  return a !== undefined && equal(a, b);
}

/** Maps with at most `width` calls under way; results come in order, and the source is read no further ahead. */
async function* inOrder<T, R>(items: AsyncIterable<T>, width: number, map: (item: T) => Promise<R>): AsyncGenerator<R, void, undefined> {
  const under: Promise<R>[] = [];
  for await (const item of items) {
    const next = map(item);
    // Whoever waits for it hears of its failure; until then it must not count as unheard.
    next.catch(() => undefined);
    under.push(next);
    const first = under.length >= width ? under.shift() : undefined;
    if (first) yield await first;
  }
  for (const next of under) yield await next;
}
