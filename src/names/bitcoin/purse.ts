import { equal } from '../../lib/bytes.js';
import type { CallOptions } from '../../lib/clock.js';
import { isNamesteadError, NamesteadError } from '../../lib/errors.js';
import type { Journal } from '../journal.js';
import { lockScript, type Account } from './account.js';
import { coinsOf, outpoint, type Coin, type Draft } from './coin.js';
import type { Network } from './network.js';
import { decodePlan } from './planCodec.js';
import { changePurse, loadPurse, type Made, type Purse, type PurseEntry } from './purseEntry.js';
import type { PaymentSource } from './source.js';
import { parseTransaction, type Transaction } from './transaction.js';

export interface PurseWorld {
  readonly network: Network;
  readonly payments: PaymentSource;
  readonly journal: Journal;
}

/** The coins to choose from, of one account. */
export type CoinsAt = (account: Account) => readonly Coin[];

/** A node's mempool takes no longer chains of waiting transactions (Bitcoin Core, `DEFAULT_ANCESTOR_LIMIT`, `DEFAULT_DESCENDANT_LIMIT`). */
const MOST_IN_LINE = 25;
/**
 * Chooses coins for a plan and sets them aside. What is held for it already goes first, then whatever nobody holds; coins of the
 * source count when confirmed, those of one's own waiting transactions as far as mempools allow.
 * @throws NamesteadError as `choose`, foremost `FundsTooLow`; `JournalBusy`
 */
export async function setAside(
  key: string,
  accounts: readonly Account[],
  world: PurseWorld,
  { signal }: CallOptions,
  choose: (coins: CoinsAt) => Draft,
): Promise<Draft> {
  const listed = await Promise.all(
    accounts.map(async (account) => ({ account, coins: coinsOf(account.lock, await world.payments.unspent(lockScript(account.lock), { signal })) })),
  );
  return changePurse(world, async (before) => {
    const first = attempt(() => chooseFrom(key, listed, before, choose));
    // Plans that were given up hold nothing any more, and what stood on their change would send them after all.
    const doubtful = 'error' in first ? isNamesteadError(first.error, 'FundsTooLow') : first.draft.inputs.some(({ height }) => height === 0);
    const purse = doubtful ? await withoutGivenUp(before, key, world.journal) : before;
    const last = purse === before ? first : attempt(() => chooseFrom(key, listed, purse, choose));
    if ('error' in last) throw explained(last.error, purse, key);
    return [hold(key, purse, last.draft), last.draft];
  });
}

function attempt(choose: () => Draft): { readonly draft: Draft } | { readonly error: unknown } {
  try {
    return { draft: choose() };
  } catch (error) {
    return { error };
  }
}

interface Listed {
  readonly account: Account;
  readonly coins: readonly Coin[];
}

function chooseFrom(key: string, listed: readonly Listed[], purse: Purse, choose: (coins: CoinsAt) => Draft): Draft {
  const coinsWhere =
    (fits: (holder: string | undefined) => boolean): CoinsAt =>
    (account) => {
      const own = listed.find((entry) => equal(lockScript(entry.account.lock), lockScript(account.lock)))?.coins ?? [];
      return available(key, purse, account, own).filter((coin) => fits(purse.held.get(outpoint(coin))));
    };
  const free = coinsWhere((holder) => holder === undefined || holder === key);
  if (![...purse.held.values()].includes(key)) return choose(free);
  try {
    // The owner's coin is not set aside beforehand: where none is held, any will do.
    const kept = coinsWhere((holder) => holder === key);
    return choose((account) => (kept(account).length > 0 ? kept(account) : free(account)));
  } catch (error) {
    if (!isNamesteadError(error, 'FundsTooLow') && !isNamesteadError(error, 'BroadcastRejected')) throw error;
    return choose(free);
  }
}

/**
 * Confirmed coins that no transaction of ours spends, and our own waiting ones. A plan's own waiting transactions are those it is
 * about to draw up anew, with the same coins.
 */
function available(key: string, { made, held }: Purse, account: Account, confirmed: readonly Coin[]): readonly Coin[] {
  const others = made.filter((entry) => entry.mined || entry.key !== key).map((entry) => ({ ...entry, transaction: parseTransaction(entry.bytes) }));
  const spent = new Set(others.flatMap(({ transaction }) => transaction.inputs.map(outpoint)));
  const known = new Set(confirmed.map(outpoint));
  const seen = new Set(confirmed.map(({ txid }) => txid));
  const script = lockScript(account.lock);
  const young = lineOf(others.filter(({ txid, mined }) => !mined && !seen.has(txid)));
  const own = others.flatMap(({ txid, mined, transaction }) =>
    transaction.outputs.flatMap((output, vout) => {
      const coin = { txid, vout, value: output.value, height: 0, lock: account.lock };
      // What is mined the source lists, but it may be a moment behind with what this plan waits for.
      const counts = mined ? held.get(outpoint(coin)) === key : young(txid);
      return counts && equal(output.script, script) && !known.has(outpoint(coin)) ? [coin] : [];
    }),
  );
  return [...confirmed, ...own].filter((coin) => !spent.has(outpoint(coin)));
}

/** Whether one more transaction may stand on a waiting one. */
function lineOf(waiting: readonly { readonly txid: string; readonly transaction: Transaction }[]): (txid: string) => boolean {
  const parents = new Map(waiting.map(({ txid, transaction }) => [txid, transaction.inputs.map((input) => input.txid)]));
  const above = new Map<string, Set<string>>();
  const ancestors = (txid: string): Set<string> => {
    const known = above.get(txid);
    if (known) return known;
    const found = new Set((parents.get(txid) ?? []).filter((parent) => parents.has(parent)).flatMap((parent) => [parent, ...ancestors(parent)]));
    above.set(txid, found);
    return found;
  };
  const below = new Map<string, number>();
  for (const { txid } of waiting) for (const parent of ancestors(txid)) below.set(parent, (below.get(parent) ?? 0) + 1);
  return (txid) => {
    const line = [txid, ...ancestors(txid)];
    return line.length + 1 <= MOST_IN_LINE && line.every((each) => (below.get(each) ?? 0) + 2 <= MOST_IN_LINE);
  };
}

/**
 * Writes a signed transaction into the purse: `holds` tells for which plan each of its outputs is kept; the others are free to spend at once.
 */
export async function noteMade(
  key: string,
  { txid, bytes }: Pick<Made, 'txid' | 'bytes'>,
  holds: ReadonlyMap<number, string>,
  world: PurseWorld,
): Promise<void> {
  await changePurse(world, ({ held, made }) => {
    const kept = new Map(held);
    for (const [vout, holder] of holds) kept.set(outpoint({ txid, vout }), holder);
    const entry = { key, txid, bytes, mined: false };
    const known = made.some((other) => other.txid === txid);
    return Promise.resolve([{ held: kept, made: known ? made.map((other) => (other.txid === txid ? entry : other)) : [...made, entry] }, undefined]);
  });
}

/** The transaction is mined: it stands in no mempool's line any more. What the versions beside it would have made is forgotten, and what stood on them. */
export async function noteMined(key: string, txid: string, replaced: readonly string[], world: PurseWorld): Promise<void> {
  await changePurse(world, ({ held, made }) => {
    const gone = new Set(replaced);
    // Parents are written before their children.
    for (const entry of gone.size > 0 ? made : []) {
      if (entry.key === key && entry.txid !== txid && parseTransaction(entry.bytes).inputs.some((input) => gone.has(input.txid))) gone.add(entry.txid);
    }
    const kept = made.filter((entry) => !gone.has(entry.txid)).map((entry) => (entry.txid === txid && entry.key === key ? { ...entry, mined: true } : entry));
    return Promise.resolve([{ held: new Map([...held].filter(([point]) => !gone.has(point.slice(0, 64)))), made: kept }, undefined]);
  });
}

/** A plan is done: its coins are free, and what it stood on is mined too. */
export async function release(key: string, world: PurseEntry): Promise<void> {
  await changePurse(world, ({ held, made }) => {
    const own = made.filter((entry) => entry.key === key);
    const under = new Set(own.flatMap(({ bytes }) => parseTransaction(bytes).inputs.map(({ txid }) => txid)));
    const others = made.filter((entry) => entry.key !== key).map((entry) => (under.has(entry.txid) ? { ...entry, mined: true } : entry));
    return Promise.resolve([{ held: new Map([...held].filter(([, holder]) => holder !== key)), made: others }, undefined]);
  });
}

/** How many plans can be paid each from a coin of its own: confirmed, held by none, and large enough. */
export async function freeCoins(account: Account, shares: readonly { readonly value: bigint }[], world: PurseWorld, { signal }: CallOptions): Promise<number> {
  const { held } = await loadPurse(world);
  const coins = coinsOf(account.lock, await world.payments.unspent(lockScript(account.lock), { signal })).filter((coin) => !held.has(outpoint(coin)));
  const least = shares.reduce((most, { value }) => (value > most ? value : most), 0n);
  return coins.filter(({ value }) => value >= least).length;
}

/** The waiting transactions of ours that one stands on, the oldest first, so that they can be sent before it. */
export async function ancestorsOf(bytes: Uint8Array, world: PurseEntry): Promise<readonly Uint8Array[]> {
  const { made } = await loadPurse(world);
  const byId = new Map(made.map((entry) => [entry.txid, entry.bytes]));
  const found = new Map<string, Uint8Array>();
  const visit = (transaction: Transaction): void => {
    for (const { txid } of transaction.inputs) {
      const parent = byId.get(txid);
      if (!parent || found.has(txid)) continue;
      visit(parseTransaction(parent));
      found.set(txid, parent);
    }
  };
  visit(parseTransaction(bytes));
  return [...found.values()];
}

/** Plans other than `key` that stand on an unmined transaction, or are about to. */
export async function dependentsOf(key: string, txid: string, world: PurseEntry): Promise<readonly string[]> {
  const { made, held } = await loadPurse(world);
  const standing = made.filter(({ bytes }) => parseTransaction(bytes).inputs.some((input) => input.txid === txid)).map((entry) => entry.key);
  const holding = [...held].filter(([point]) => point.startsWith(txid)).map(([, holder]) => holder);
  return [...standing, ...holding].filter((other) => other !== key);
}

function hold(key: string, { held, made }: Purse, draft: Draft): Purse {
  return { made, held: new Map([...held, ...draft.inputs.map((coin) => [outpoint(coin), key] as const)]) };
}

async function withoutGivenUp(purse: Purse, own: string, journal: Journal): Promise<Purse> {
  const gone = new Set<string>();
  for (const key of new Set([...purse.held.values(), ...purse.made.map((entry) => entry.key)])) {
    if (key === own) continue;
    if (await isOver(key, journal)) gone.add(key);
  }
  if (gone.size === 0) return purse;
  return { held: new Map([...purse.held].filter(([, key]) => !gone.has(key))), made: purse.made.filter(({ key }) => !gone.has(key)) };
}

/** Removed by hand, or done. What cannot be read may be under way. */
async function isOver(key: string, journal: Journal): Promise<boolean> {
  try {
    const entry = await journal.load(key);
    return !entry || decodePlan(entry, key).state.kind === 'done';
  } catch (error) {
    if (isNamesteadError(error, 'JournalCorrupt')) return false;
    throw error;
  }
}

function explained(error: unknown, { held }: Purse, key: string): unknown {
  const others = new Set([...held.values()].filter((holder) => holder !== key)).size;
  if (!isNamesteadError(error, 'FundsTooLow') || others === 0) return error;
  return new NamesteadError('FundsTooLow', `${error.message} (coins set aside for ${others} other plan${others === 1 ? '' : 's'} under way are not counted)`);
}
