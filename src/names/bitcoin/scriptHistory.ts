import { isHex, toHex } from '../../lib/bytes.js';
import { throwIfAborted, type LongCallOptions } from '../../lib/clock.js';
import { isNamesteadError, NamesteadError } from '../../lib/errors.js';
import { inParallel } from '../../lib/parallel.js';
import { verifyInclusion } from './block.js';
import { isCandidate } from './claim.js';
import { hashHeader, type Header } from './header.js';
import type { Mined } from './laterOperation.js';
import type { BlockId, HeaderSource, HistorySource, Inclusion, TransactionSource } from './source.js';
import { openTransaction, type Transaction } from './transaction.js';
import type { WatchWorld } from './watch.js';

/** Who lists a script's transactions, and can show each of them and the block it listed them up to. */
export type HistoryOperator = HistorySource & TransactionSource & HeaderSource;

export interface Placed extends Mined {
  readonly height: number;
}

/** What the operators know of scripts up to a block. Who fails once, is asked no more. */
export interface Histories {
  /**
   * The possible operations among all that any operator lists of a script above `from` and up to `to`, each proved in its block.
   * @throws NamesteadError `LevelNotReached`, `TooLarge`
   */
  minedBy(script: Uint8Array, from: number, to: number): Promise<readonly Placed[]>;
  /** The outputs of a transaction, opened by its id. @throws NamesteadError `TransactionMissing` */
  outputsOf(txid: string): Promise<Transaction['outputs']>;
  /** Asks each once more whether he still has the block: who left it meanwhile listed another chain's transactions. @throws NamesteadError `LevelNotReached` */
  settle(): Promise<void>;
  /** Those who answered all they were asked. */
  operators(): readonly string[];
  readonly disagreed: ReadonlySet<string>;
}

/** More than that an owner's script is not followed: its filters are cheaper. */
const MOST_TRANSACTIONS = 20_000;
/** Of all scripts that are followed, by one operator. */
const MOST_LISTED = 100_000;
/** Listed and not shown, by one operator: whoever lists more of that would keep everybody busy. A block that comes or goes meanwhile excuses a few. */
const MOST_UNSHOWN = 16;
const WIDTH = 4;

type Listed = ReadonlyMap<string, readonly number[]>;

interface Listing {
  readonly source: HistoryOperator;
  readonly listed: Listed;
}

/** What a source has to say of a transaction: shown is what its bytes and its branch prove; `silent` when it could not be asked. */
type Shown = { readonly transaction: Transaction; readonly place: Inclusion | null } | 'nothing' | 'silent';

interface Book {
  left(): readonly HistoryOperator[];
  silence(source: HistoryOperator, why: unknown): void;
  /** @throws NamesteadError `LevelNotReached` when too few answer */
  demandEnough(): void;
  settle(): Promise<void>;
  list(script: Uint8Array): Promise<readonly Listing[]>;
}

/** Asks each operator for each script once; who fails is silent from then on. */
function openBook(sources: readonly HistoryOperator[], least: number, until: BlockId, call: LongCallOptions): Book {
  const silent = new Set<HistoryOperator>();
  const listings = new Map<string, Promise<readonly Listing[]>>();
  const tips = new Map<HistoryOperator, Promise<void>>();
  const lengths = new Map<HistoryOperator, number>();
  let reason: unknown;
  const left = (): readonly HistoryOperator[] => sources.filter((source) => !silent.has(source));
  const silence = (source: HistoryOperator, why: unknown): void => {
    silent.add(source);
    reason ??= why;
  };
  const demandEnough = (): void => {
    if (left().length >= least) return;
    const message = `${left().length} of ${sources.length} operators tell the history of a script up to block ${until.height}, ${least} are to`;
    throw new NamesteadError('LevelNotReached', message, { cause: reason });
  };

  /** An operator who has not the block yet cannot list what is in it. */
  const checkTip = async (source: HistoryOperator): Promise<void> => {
    const [header] = await source.headers(until.height, 1, call);
    if (!header || hashHeader(header) !== until.hash)
      throw new NamesteadError('LevelNotReached', `${source.operator} has not block ${until.hash} at height ${until.height}`);
  };
  const checkTipOnce = async (source: HistoryOperator): Promise<void> => {
    const checked = tips.get(source) ?? checkTip(source);
    tips.set(source, checked);
    return checked;
  };
  const settle = async (): Promise<void> => {
    await Promise.all(
      left().map(async (source) => {
        const told = await orFailure(() => checkTip(source), call);
        if ('failure' in told) silence(source, told.failure);
      }),
    );
    demandEnough();
  };
  const listingOf = async (source: HistoryOperator, script: Uint8Array): Promise<Listing | null> => {
    const told = await orFailure(async () => {
      await checkTipOnce(source);
      const history = await source.history(script, call);
      const all = (lengths.get(source) ?? 0) + history.length;
      lengths.set(source, all);
      if (all > MOST_LISTED) throw new NamesteadError('TooLarge', `${source.operator} lists more than ${MOST_LISTED} transactions`);
      return gathered(history);
    }, call);
    if ('answer' in told) return { source, listed: told.answer };
    silence(source, told.failure);
    return null;
  };
  const list = (script: Uint8Array): Promise<readonly Listing[]> => {
    const key = toHex(script);
    const listing = listings.get(key) ?? Promise.all(left().map((source) => listingOf(source, script))).then((all) => all.filter((one) => one !== null));
    listings.set(key, listing);
    return listing;
  };

  return { left, silence, demandEnough, settle, list };
}

export function openHistories(sources: readonly HistoryOperator[], least: number, until: BlockId, world: WatchWorld, call: LongCallOptions): Histories {
  const { left, silence, demandEnough, settle, list } = openBook(sources, least, until, call);
  const disagreed = new Set<string>();
  const unshown = new Map<HistoryOperator, number>();
  const lies = (source: HistoryOperator): boolean => (unshown.get(source) ?? 0) >= MOST_UNSHOWN;
  const showsNothing = (source: HistoryOperator): void => {
    disagreed.add(source.operator);
    unshown.set(source, (unshown.get(source) ?? 0) + 1);
    if (lies(source)) silence(source, new NamesteadError('TransactionMissing', `${source.operator} lists ${MOST_UNSHOWN} transactions that it does not show`));
  };

  /** An operator can show what he lists: who shows nothing lies, who cannot be asked has not answered. */
  const findMined = async (txid: string, answers: readonly Listing[], isWithin: (height: number) => boolean): Promise<Placed | null> => {
    if (answers.every(({ listed, source }) => !listed.has(txid) || lies(source))) return null;
    let shown = await show(world.transactions, txid, { world, isWithin }, call);
    const listers = answers.filter(({ listed, source }) => listed.get(txid)?.some(isWithin) && left().includes(source));
    for (const { source } of listers) {
      if (isShown(shown, world)) break;
      shown = await show(source, txid, { world, isWithin }, call);
      if (shown === 'silent') silence(source, new NamesteadError('TransactionMissing', `${source.operator} cannot show transaction ${txid}, which it lists`));
      if (shown === 'nothing') showsNothing(source);
    }
    if (typeof shown === 'string' || !shown.place) return null;
    for (const { source, listed } of answers) if (!listed.has(txid)) disagreed.add(source.operator);
    return { txid, index: shown.place.index, height: shown.place.height, transaction: shown.transaction };
  };

  return {
    operators: () => left().map(({ operator }) => operator),
    disagreed,
    settle,
    outputsOf: async (txid) => {
      for (const source of [world.transactions, ...left()]) {
        const told = await orFailure(async () => openOrNull(await source.transaction(txid, call), txid), call);
        if ('answer' in told && told.answer) return told.answer.outputs;
      }
      throw new NamesteadError('TransactionMissing', `no operator has transaction ${txid}, which another spends from`);
    },
    minedBy: async (script, from, to) => {
      throwIfAborted(call.signal, 'following histories');
      const answers = await list(script);
      demandEnough();
      const isWithin = (height: number): boolean => height > from && height <= to;
      const txids = new Set(answers.flatMap(({ listed }) => [...listed].filter(([, heights]) => heights.some(isWithin)).map(([txid]) => txid)));
      if (txids.size > MOST_TRANSACTIONS) throw new NamesteadError('TooLarge', `the owner's script has ${txids.size} transactions: follow it by filters`);
      let done = 0;
      call.onProgress?.({ stage: 'history', done, total: txids.size, unit: 'transactions' });
      const found = await inParallel([...txids], WIDTH, async (txid) => {
        throwIfAborted(call.signal, 'following histories');
        const mined = await findMined(txid, answers, isWithin);
        call.onProgress?.({ stage: 'history', done: ++done, total: txids.size, unit: 'transactions' });
        return mined;
      });
      demandEnough();
      return found.filter((mined) => mined !== null);
    },
  };
}

/** What no BNS operation can be needs no place; all else does. */
function isShown(shown: Shown, { network }: WatchWorld): boolean {
  return typeof shown !== 'string' && (shown.place !== null || !isCandidate(shown.transaction, network));
}

interface Sought {
  readonly world: WatchWorld;
  readonly isWithin: (height: number) => boolean;
}

async function show(source: TransactionSource, txid: string, { world, isWithin }: Sought, call: LongCallOptions): Promise<Shown> {
  if (!isHex(txid, 32)) return 'nothing';
  const bytes = await orFailure(() => source.transaction(txid, call), call);
  if (!('answer' in bytes)) return 'silent';
  const opened = await orFailure(() => Promise.resolve(openOrNull(bytes.answer, txid)), call);
  if (!('answer' in opened) || !opened.answer) return 'nothing';
  const { answer: transaction } = opened;
  if (!isCandidate(transaction, world.network)) return { transaction, place: null };
  const inclusion = await orFailure(() => source.inclusion(txid, call), call);
  if (!('answer' in inclusion)) return 'silent';
  const { answer: place } = inclusion;
  if (!place || !isWithin(place.height)) return 'nothing';
  // That a header is not there is nobody's lie, and must not hide what stands beneath it.
  const header = await world.headerAt(place.height, call);
  return isIn(header, txid, place) ? { transaction, place } : 'nothing';
}

function isIn(header: Header, txid: string, place: Inclusion): boolean {
  try {
    verifyInclusion(txid, place, header);
    return true;
  } catch (error) {
    if (!isNamesteadError(error)) throw error;
    return false;
  }
}

/** Each transaction with the heights told of it; listing one twice changes nothing. */
function gathered(history: readonly { readonly txid: string; readonly height: number }[]): Listed {
  const heights = new Map<string, number[]>();
  for (const { txid, height } of history) {
    const told = heights.get(txid);
    if (told) told.push(height);
    else heights.set(txid, [height]);
  }
  return heights;
}

function openOrNull(bytes: Uint8Array | null, txid: string): Transaction | null {
  return bytes && openTransaction(bytes, txid);
}

/** A failure of the source's, told apart from its answer; what the caller did wrong, and that he gave up, is thrown. */
async function orFailure<T>(ask: () => Promise<T>, { signal }: LongCallOptions): Promise<{ readonly answer: T } | { readonly failure: unknown }> {
  try {
    return { answer: await ask() };
  } catch (failure) {
    if (!isNamesteadError(failure) || signal?.aborted) throw failure;
    return { failure };
  }
}
