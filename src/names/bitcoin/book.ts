import { isNamesteadError, NamesteadError } from '../../lib/errors.js';
import { isSame, type Journal } from '../journal.js';
import { createPlan, type Plan } from './plan.js';
import { decodePlan, encodePlan } from './planCodec.js';

/** A plan's journal entry, of which at most one process is the writer: whoever finds another's hand in it stops. */
export interface Book {
  plan(): Plan;
  /** @throws NamesteadError `JournalBusy` when the entry is no longer what was written or read last */
  write(plan: Plan): Promise<void>;
  /** Takes over a fee bump that was written meanwhile, and answers whether there was one. @throws NamesteadError `JournalBusy` for any other change */
  refresh(): Promise<boolean>;
}

/** Opens the entry of a plan, or begins it. @throws TypeError when it is under way with other terms */
export async function openBook(key: string, terms: Plan['terms'], journal: Journal): Promise<Book> {
  const held = await journal.load(key);
  if (held) return bookOf(key, held, openPlan(key, terms, held), journal);
  const plan = createPlan(terms);
  const book = bookOf(key, null, plan, journal);
  await book.write(plan);
  return book;
}

/** The entry as it stands, whatever its terms; null: there is none. */
export async function readBook(key: string, journal: Journal): Promise<Book | null> {
  const held = await journal.load(key);
  return held && bookOf(key, held, decodePlan(held, key), journal);
}

function bookOf(key: string, first: Uint8Array | null, plan: Plan, journal: Journal): Book {
  let held = first;
  let now = plan;
  return {
    plan: () => now,
    write: async (next) => {
      const bytes = encodePlan(next);
      if (isSame(held, bytes) ? !isSame(await journal.load(key), held) : !(await journal.replace(key, held, bytes))) throw busy(key);
      [held, now] = [bytes, next];
    },
    refresh: async () => {
      const bytes = await journal.load(key);
      if (isSame(bytes, held)) return false;
      const next = bytes && decodePlan(bytes, key);
      if (!next || !isBump(now, next)) throw busy(key);
      [held, now] = [bytes, next];
      return true;
    },
  };
}

function isBump(before: Plan, after: Plan): boolean {
  const [was, is] = [before.state, after.state];
  return was.kind === 'signed' && is.kind === 'signed' && is.former.some(({ txid }) => txid === was.current.txid);
}

function openPlan(key: string, terms: Plan['terms'], bytes: Uint8Array): Plan {
  const plan = decodePlan(bytes, key);
  if (isUntouched(plan)) return { ...plan, terms };
  for (const [term, value] of Object.entries(terms)) {
    if (plan.terms[term] !== value)
      throw new TypeError(`${key} is under way with another ${term}: call with the same, or remove the journal entry to give up what was paid`);
  }
  return plan;
}

/** Nothing was signed yet: a mistake in the terms binds nobody. */
function isUntouched({ receipts, state }: Plan): boolean {
  return receipts.length === 0 && state.kind === 'planned' && state.former.length === 0 && state.later.length === 0;
}

function busy(key: string): NamesteadError {
  return new NamesteadError(
    'JournalBusy',
    `the journal entry ${key} was changed meanwhile: another process runs this plan, or somebody removed it; call again when nobody does`,
  );
}

/** Whether an error means only that somebody else was quicker. */
export function isBusy(error: unknown): boolean {
  return isNamesteadError(error, 'JournalBusy');
}
