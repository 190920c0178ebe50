import { equal, toHex } from '../../lib/bytes.js';
import { throwIfAborted, type CallOptions } from '../../lib/clock.js';
import { isNamesteadError, NamesteadError } from '../../lib/errors.js';
import { nextFilterHeader } from './filter.js';
import type { BlockId, FilterSource } from './source.js';

export interface JuryWorld {
  readonly sources: readonly FilterSource[];
  /** How many operators must answer; those whom a block showed to lie have answered. */
  readonly least: number;
  /** The block of the checked chain at a height. */
  readonly blockAt: (height: number, options: CallOptions) => Promise<BlockId>;
  /** The filter that a block has, made from the block and all it spends. */
  readonly rebuild: (block: BlockId, options: CallOptions) => Promise<Uint8Array>;
}

/** Operators of filters held against each other. Who was shown to lie is asked no more. */
export interface FilterJury {
  /** Those who are still believed, as far as the others agree. */
  sources(): readonly FilterSource[];
  /**
   * The filter headers of blocks that follow one another, as all tell them who are left; where they differ, the block decides.
   * @throws NamesteadError `SourcesDisagree`, `LevelNotReached`
   */
  headers(blocks: readonly BlockId[], options: CallOptions): Promise<readonly Uint8Array[]>;
  /** Holds what everybody tells of a block against a header known beforehand. @throws NamesteadError `SourcesDisagree`, `LevelNotReached` */
  hold(block: BlockId, header: Uint8Array, options: CallOptions): Promise<void>;
  /** Asks an operator no more; with `lied`, since he was shown to lie. */
  dismiss(source: FilterSource, lied: boolean): void;
  readonly disagreed: ReadonlySet<string>;
}

interface Answer {
  readonly source: FilterSource;
  readonly headers: readonly Uint8Array[];
}

interface Panel {
  left(): readonly FilterSource[];
  ask(blocks: readonly BlockId[], options: CallOptions): Promise<readonly Answer[]>;
  judge(answers: readonly Answer[], index: number, block: BlockId, header: Uint8Array): void;
  dismiss(source: FilterSource, lied: boolean): void;
  readonly disagreed: ReadonlySet<string>;
}

/** Who is asked, who has answered so far, and who lied. */
function openPanel(sources: readonly FilterSource[], least: number): Panel {
  const silent = new Set<FilterSource>();
  const liars = new Set<FilterSource>();
  const left = (): readonly FilterSource[] => sources.filter((source) => !silent.has(source) && !liars.has(source));
  const disagreed = new Set<string>();
  const dismiss = (source: FilterSource, lied: boolean): void => {
    (lied ? liars : silent).add(source);
    if (lied) disagreed.add(source.operator);
  };

  const ask = async (blocks: readonly BlockId[], options: CallOptions): Promise<readonly Answer[]> => {
    let reason: unknown;
    const answers = await Promise.all(
      left().map(async (source): Promise<Answer | null> => {
        try {
          const headers = await source.filterHeaders(blocks, options);
          if (headers.length === blocks.length && headers.every(({ length }) => length === 32)) return { source, headers };
          reason = new NamesteadError('FilterMismatch', `${source.operator} gave no ${blocks.length} filter headers of 32 bytes`);
        } catch (error) {
          if (!isNamesteadError(error) || options.signal?.aborted) throw error;
          reason = error;
        }
        dismiss(source, false);
        return null;
      }),
    );
    const answered = sources.length - silent.size;
    if (answered < least)
      throw new NamesteadError(
        'LevelNotReached',
        `${answered} of ${sources.length} operators tell the filter headers up to block ${blocks.at(-1)?.height ?? 0}, ${least} are to`,
        { cause: reason },
      );
    return answers.filter((answer) => answer !== null);
  };

  /** Dismisses who tells another header; somebody is to be left. */
  const judge = (answers: readonly Answer[], index: number, { height }: BlockId, header: Uint8Array): void => {
    const wrong = answers.filter(({ headers }) => !isSame(headers[index], header));
    for (const { source } of wrong) dismiss(source, true);
    if (left().length > 0) return;
    throw new NamesteadError('SourcesDisagree', `the filter header of block ${height} is ${toHex(header)}; what operators tell is another`);
  };

  return { left, ask, judge, dismiss, disagreed };
}

export function createJury({ sources, least, blockAt, rebuild }: JuryWorld): FilterJury {
  const panel = openPanel(sources, least);
  const { ask } = panel;

  /** A header beneath a wrong one is as good as any: the first that differs is sought, and all differ from there on. */
  const findFirst = async (height: number, options: CallOptions): Promise<number> => {
    let [same, different] = [-1, height];
    while (different - same > 1) {
      throwIfAborted(options.signal, 'the comparison of filters');
      const middle = (same + different) >> 1;
      const block = await blockAt(middle, options).catch(undecided(`block ${height} already, and block ${middle} is not known here`, options));
      const answers = await ask([block], options);
      if (firstDifference(answers) === null) same = middle;
      else different = middle;
    }
    return different;
  };

  /** Judges by the block what was told of it and of the one before, on which all agree. */
  const decide = async (answers: readonly Answer[], index: number, block: BlockId, options: CallOptions): Promise<void> => {
    const previous = index > 0 ? answers[0]?.headers[index - 1] : new Uint8Array(32);
    const filter = await rebuild(block, options).catch(undecided(`block ${block.height}, and the block with all it spends is not there to decide`, options));
    panel.judge(answers, index, block, nextFilterHeader(filter, previous ?? new Uint8Array(32)));
  };

  /** They differ already before the first block asked for: the block where that began decides. */
  const decideEarlier = async (height: number, options: CallOptions): Promise<void> => {
    const first = await findFirst(height, options);
    const blocks = await Promise.all([first - 1, first].filter((at) => at >= 0).map((at) => blockAt(at, options)));
    const answers = await ask(blocks, options);
    const index = blocks.length - 1;
    const block = blocks[index];
    // Who tells one thing now and another then is caught by the count of rounds; he must not choose what the block is held against.
    if (block && firstDifference(answers) === index) await decide(answers, index, block, options);
  };

  return {
    sources: panel.left,
    disagreed: panel.disagreed,
    dismiss: panel.dismiss,
    headers: async (blocks, options) => {
      for (let round = 0; round <= sources.length; round++) {
        throwIfAborted(options.signal, 'the comparison of filters');
        const answers = await ask(blocks, options);
        const [first] = answers;
        if (!first) throw new NamesteadError('SourcesDisagree', 'no operator of filters is left');
        const index = firstDifference(answers);
        if (index === null) return first.headers;
        const block = blocks[index];
        if (block && index > 0) await decide(answers, index, block, options);
        else if (block) await decideEarlier(block.height, options);
      }
      throw new NamesteadError('SourcesDisagree', 'an operator tells other filter headers each time he is asked');
    },
    hold: async (block, header, options) => panel.judge(await ask([block], options), 0, block, header),
  };
}

/** Makes of a failure that leaves a difference standing the error that says so. */
function undecided(what: string, { signal }: CallOptions): (cause: unknown) => never {
  return (cause) => {
    if (!isNamesteadError(cause) || signal?.aborted) throw cause;
    throw new NamesteadError('SourcesDisagree', `operators tell different filter headers of ${what}`, { cause });
  };
}

function firstDifference(answers: readonly Answer[]): number | null {
  const [first, ...others] = answers;
  if (!first) return null;
  const index = first.headers.findIndex((header, i) => others.some(({ headers }) => !isSame(headers[i], header)));
  return index < 0 ? null : index;
}

function isSame(a: Uint8Array | undefined, b: Uint8Array): boolean {
  return a !== undefined && equal(a, b);
}
