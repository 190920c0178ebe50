import { throwIfAborted, type CallOptions } from '../lib/clock.js';
import { NamesteadError } from '../lib/errors.js';
import { inParallel } from '../lib/parallel.js';
import { accountOf, type Account } from './bitcoin/account.js';
import { MARK } from './bitcoin/builder.js';
import { openInclusion } from './bitcoin/confirmation.js';
import { fundKey, fundPlans, readShares, type Share } from './bitcoin/fund.js';
import { feeRateOf, reserveFor } from './bitcoin/pay.js';
import { decodePlan } from './bitcoin/planCodec.js';
import { poll } from './bitcoin/poll.js';
import { freeCoins, release } from './bitcoin/purse.js';
import { quoteName } from './bitcoin/quote.js';
import { MAX_NAMES_PER_SENDER } from './bitcoin/rule.js';
import type { RunOptions, StepProgress } from './bitcoin/run.js';
import { findName, findNextHeight } from './bitcoin/standing.js';
import { together } from './bitcoin/together.js';
import { parseName } from './name.js';
import { ownerAddress, register, registrationKey, type Registered, type RegisterTerms } from './registration.js';

/** One name of a batch. */
export type BatchName = Pick<RegisterTerms, 'name' | 'zoneFile' | 'owner'>;

export interface RegisterAllTerms extends Omit<RegisterTerms, 'name' | 'zoneFile' | 'owner'> {
  readonly names: readonly BatchName[];
  /** How many names an address owns already, where the caller can tell: an owner of 25 gets no more. */
  readonly namesOwned?: ((address: string, options: CallOptions) => Promise<number>) | undefined;
}

/** What became of one name. What failed may be tried again with the same journal. */
export type BatchOutcome = ({ readonly kind: 'registered' } & Registered) | { readonly kind: 'failed'; readonly name: string; readonly error: unknown };

export interface BatchProgress {
  /** The name it is about; null: the transaction that splits the coins. */
  readonly name: string | null;
  readonly progress: StepProgress;
  /** Names registered, failed, and in all. */
  readonly registered: number;
  readonly failed: number;
  readonly total: number;
}

export interface BatchOptions extends Omit<RunOptions, 'onProgress'> {
  readonly onProgress?: ((progress: BatchProgress) => void) | undefined;
}

/** So many names are under way at once; each chunk has one transaction that splits the coins. */
const CHUNK = 100;
/** A waiting transaction may have so many others stand on it in mempools, itself counted (Bitcoin Core). */
const MOST_CHILDREN = 24;

/**
 * Registers many names from one payer. Each has its own journal entry and fails alone; where the payer has fewer coins than names,
 * one transaction splits them first, so that all preorders go out at once. Call it again with the same journal after a
 * crash: what is done is answered, what is under way goes on, nothing is paid twice.
 *
 * @returns what became of each name, in the order given
 * @throws NamesteadError `FundsTooLow` and `FeeTooHigh` from splitting the coins, `OwnerFull`, `Aborted`
 * @throws TypeError for a name given twice, and when more than 25 names are to go to one owner
 * @example
 * const outcomes = await registerAll({ ...world, names, payer: payment.signer, publish, maxPrice: 100_000n });
 */
export async function registerAll(terms: RegisterAllTerms, options: BatchOptions = {}): Promise<readonly BatchOutcome[]> {
  const { names } = terms;
  await checkBatch(terms, options);
  const shared = together(terms, { signal: options.signal });
  const tally = { registered: 0, failed: 0 };
  const outcomes: BatchOutcome[] = [];
  for (let from = 0; from < names.length; from += CHUNK) {
    throwIfAborted(options.signal, 'the batch (its journal holds it: call again to go on)');
    outcomes.push(...(await registerChunk(names.slice(from, from + CHUNK), shared, tally, options)));
  }
  return outcomes;
}

interface Tally {
  registered: number;
  failed: number;
}

async function checkBatch(terms: RegisterAllTerms, options: BatchOptions): Promise<void> {
  const { names, namesOwned } = terms;
  const seen = new Set<string>();
  const owners = new Map<string, number>();
  for (const { name, owner } of names) {
    if (seen.has(parseName(name).name)) throw new TypeError(`${name} is given twice`);
    seen.add(name);
    const address = ownerAddress(owner);
    owners.set(address, (owners.get(address) ?? 0) + 1);
  }
  for (const [address, count] of owners) {
    if (count > MAX_NAMES_PER_SENDER)
      throw new TypeError(`${count} names are to go to ${address}: the network gives an owner ${MAX_NAMES_PER_SENDER} at the most`);
    const has = (await namesOwned?.(address, { signal: options.signal })) ?? 0;
    if (has + count > MAX_NAMES_PER_SENDER)
      throw new NamesteadError(
        'OwnerFull',
        `${address} owns ${has} names and would get ${count}: the network gives an owner ${MAX_NAMES_PER_SENDER} at the most; spread them over more addresses`,
      );
  }
}

async function registerChunk(names: readonly BatchName[], terms: RegisterAllTerms, tally: Tally, options: BatchOptions): Promise<readonly BatchOutcome[]> {
  const { onProgress, ...rest } = options;
  const tell =
    (name: string | null) =>
    (progress: StepProgress): void =>
      onProgress?.({ name, progress, ...tally, total: terms.names.length });
  const keyOf = (name: string): string => registrationKey(name, terms.network);
  const funding = await startFunding(names, terms, { ...rest, onProgress: tell(null) });
  const one = async (entry: BatchName, at: number): Promise<BatchOutcome> => {
    try {
      await funding?.ready(at);
      const registered = await register({ ...terms, ...entry }, { ...rest, onProgress: tell(entry.name) });
      tally.registered++;
      return { kind: 'registered', ...registered };
    } catch (error) {
      tally.failed++;
      // A journal that fails here would end the whole batch, with others under way.
      await forget(keyOf(entry.name), terms).catch(() => undefined);
      return { kind: 'failed', name: entry.name, error };
    }
  };
  const outcomes = await inParallel(names, CHUNK, one);
  throwIfAborted(options.signal, 'the batch (its journal holds it: call again to go on)');
  // What became of the split shows in the names.
  const split = await funding?.done.then(
    () => true,
    () => false,
  );
  if (split)
    await terms.journal.remove(
      fundKey(
        names.map(({ name }) => keyOf(name)),
        terms.network,
      ),
    );
  return outcomes;
}

/** A name that failed before anything was paid for it leaves no entry, and its coin is free. */
async function forget(key: string, terms: RegisterAllTerms): Promise<void> {
  const bytes = await terms.journal.load(key);
  const plan = bytes && decodePlan(bytes, key);
  if (plan && (plan.receipts.length > 0 || plan.state.kind !== 'planned' || plan.state.former.length > 0)) return;
  if (plan) await terms.journal.remove(key);
  await release(key, terms);
}

interface Funding {
  /** Resolves when the coin of the nth name can be spent. */
  readonly ready: (at: number) => Promise<void>;
  readonly done: Promise<void>;
}

/** Null: nothing is to split. */
async function startFunding(names: readonly BatchName[], terms: RegisterAllTerms, options: RunOptions): Promise<Funding | null> {
  const { journal, network } = terms;
  const payer = accountOf(terms.payer);
  const keys = names.map(({ name }) => registrationKey(name, network));
  const key = fundKey(keys, network);
  const begun = await readShares(key, terms);
  if (begun) return runFunding(key, begun, payer, terms, options);
  if (await journal.load(key)) return null;
  const shares = await sharesOf(names, payer, terms, options);
  if (shares.length < 2 || (await freeCoins(payer, shares, terms, options)) >= shares.length) return null;
  return runFunding(key, shares, payer, terms, options);
}

async function runFunding(key: string, shares: readonly Share[], payer: Account, terms: RegisterAllTerms, options: RunOptions): Promise<Funding> {
  let txid = '';
  let started: () => void = () => undefined;
  const sent = new Promise<void>((resolve) => (started = resolve));
  const done = fundPlans(key, shares, payer, terms, {
    ...options,
    onProgress: (progress) => {
      options.onProgress?.(progress);
      if (progress.stage !== 'sent') return;
      txid = progress.txid ?? '';
      started();
    },
  });
  let over = false;
  const end = (): void => void (over = true);
  done.then(end, end);
  await Promise.race([sent, done]);
  let mined: Promise<unknown> | null = null;
  return {
    done,
    ready: async (at) => {
      if (at < MOST_CHILDREN) return;
      await (mined ??= Promise.race([done, poll<unknown>(terms, options, async () => over || openInclusion(txid, 1, terms, options))]));
    },
  };
}

/** What each name that is not begun needs: price, marks and fees, should these double until it is registered. */
async function sharesOf(names: readonly BatchName[], payer: Account, terms: RegisterAllTerms, options: RunOptions): Promise<readonly Share[]> {
  const { journal, network, maxPrice } = terms;
  const feeRate = await feeRateOf(terms.payments, options);
  const nextHeight = await findNextHeight(terms, options);
  const shares = await inParallel(names, 8, async ({ name }): Promise<Share | null> => {
    const key = registrationKey(name, network);
    if (await journal.load(key)) return null;
    // What cannot be had fails by itself, later and alone.
    const price = await quoteName(name, nextHeight, terms, options).then(
      (quote) => quote.price,
      () => null,
    );
    if (price === null || (maxPrice !== undefined && price > maxPrice) || (await findName(terms, name, options))) return null;
    return { key, value: price + reserveFor(MARK, payer, feeRate) + reserveFor(0n, payer, feeRate) + MARK };
  });
  return shares.flatMap((share) => (share ? [share] : []));
}
