import { throwIfAborted } from '../../lib/clock.js';
import { isNamesteadError, NamesteadError } from '../../lib/errors.js';
import { lockScript } from './account.js';
import { openBook } from './book.js';
import type { Parties } from './pay.js';
import { confirmed, dropped, finished, receiptOf, refused, reopened, signed, type Receipt, type Signed } from './plan.js';
import type { StepProgress } from './progress.js';
import { noteMade, noteMined, release } from './purse.js';
import { isKnown, send } from './send.js';
import { signStep } from './signing.js';
import type { PlanWorld, Run, RunOptions, Script } from './step.js';
import { openTransaction } from './transaction.js';
import { findLost, isStale, settleConflict, waitAccepted, waitConfirmed, type Outcome } from './waiting.js';

export type { PlanWorld, RunOptions, Script, Step } from './step.js';
export type { StepProgress } from './progress.js';

/**
 * Runs a plan from wherever the journal says it stands. Each signed transaction is saved before it is sent, so that a restart sends
 * the same bytes again and nothing is paid twice; before each next step, and while it waits, the steps before are held against the
 * chain, and what a reorg took out is sent again. Of two processes that run one plan, one stops with `JournalBusy`.
 */
export async function runPlan(script: Script, parties: Parties, world: PlanWorld, options: RunOptions): Promise<readonly Receipt[]> {
  const { key, steps } = script;
  const book = await openBook(key, script.terms, world.journal);
  const run: Run = { script, parties, world, options, book };
  const tell = (stage: StepProgress['stage'], what: Pick<StepProgress, 'operation' | 'txid' | 'receipt'>): void => {
    options.onProgress?.({ stage, done: book.plan().receipts.length, total: steps.length, ...what });
  };
  for (let [refusals, stale] = [0, 0]; ;) {
    throwIfAborted(options.signal, `${key} (the journal holds it: call again to go on)`);
    const { state, receipts } = book.plan();
    switch (state.kind) {
      case 'planned': {
        const step = steps[receipts.length];
        if (!step) throw new NamesteadError('JournalCorrupt', `the journal entry ${key} has more steps than the plan: remove it and start again`);
        if (await reopenLost(run, tell)) break;
        tell('signing', { operation: step.opcode });
        await book.write(signed(book.plan(), await signStep(run, step, state)));
        break;
      }
      case 'signed': {
        if (await reopenLost(run, tell)) break;
        await noteMade(key, state.current, holdsOf(run, state.current), world);
        const outcome =
          (await sendStep(run, state.current)) ?? (tell('sent', state.current), await waitConfirmed(book, lockScript(sender(run).lock), world, options));
        if (outcome.kind === 'stale') {
          if (++stale > MOST_STALE) throw neverFresh(state.current, world);
          await book.write(refused(book.plan()));
        }
        if (outcome.kind === 'gone') await book.write(dropped(book.plan()));
        else if (outcome.kind === 'reopened') await reopen(run, outcome.index, tell);
        else if (outcome.kind === 'confirmed' && (await takeStep(run, outcome, refusals, tell)) === 'refused') refusals++;
        break;
      }
      case 'settled':
        if (await reopenLost(run, tell)) break;
        tell('publishing', { operation: key });
        await script.finish();
        // First, so that a crash leaves nothing set aside for a plan that is done.
        await release(key, world);
        await book.write(finished(book.plan()));
        break;
      case 'done':
        tell('done', { operation: key });
        return receipts.map(receiptOf);
    }
  }
}

type Tell = (stage: StepProgress['stage'], what: Pick<StepProgress, 'operation' | 'txid' | 'receipt'>) => void;

function sender({ parties }: Run): Parties['payer'] {
  return parties.payer;
}

/** While steps follow, the change is theirs. */
function holdsOf({ script, book }: Run, { change }: Signed): ReadonlyMap<number, string> {
  const at = book.plan().receipts.length;
  const { holds = new Map<number, string>() } = script.steps[at] ?? {};
  return change !== null && at + 1 < script.steps.length ? new Map([...holds, [change, script.key]]) : holds;
}

/** Null: it is on its way. */
async function sendStep(run: Run, current: Signed): Promise<Outcome | null> {
  const { world, options, book } = run;
  // Another process may have gone on since; it would then have sent this, or another in its place.
  await book.refresh();
  // A price would be paid for what the rules no longer take.
  if (await isStale(current, world, options)) return { kind: 'stale' };
  try {
    await send(current, world, options);
    return null;
  } catch (error) {
    if (!isNamesteadError(error, 'BroadcastRejected')) throw error;
    // A version that it was to take the place of is there, or mined.
    const { state } = book.plan();
    for (const { txid } of state.kind === 'signed' ? state.former : []) if (await isKnown(txid, world, options)) return null;
    const outcome = await settleConflict(current, lockScript(sender(run).lock), error, world, options).catch(async (cause: unknown) => {
      if (cause === error) await book.write(refused(book.plan()));
      throw cause;
    });
    return outcome;
  }
}

/** The step is mined: whether the rules took it is asked, and it is written down. */
async function takeStep(
  run: Run,
  { transaction, height }: Outcome & { readonly kind: 'confirmed' },
  refusals: number,
  tell: Tell,
): Promise<'taken' | 'refused'> {
  const { script, world, options, book } = run;
  const { receipts, state } = book.plan();
  const step = script.steps[receipts.length];
  const verdict = step?.judged === false ? 'accepted' : await waitAccepted(transaction, height, world, options);
  if (verdict === 'moved') return 'taken';
  const candidates = state.kind === 'signed' ? [state.current, ...state.former] : [];
  await noteMined(
    script.key,
    transaction.txid,
    candidates.map(({ txid }) => txid).filter((txid) => txid !== transaction.txid),
    world,
  );
  if (verdict === 'accepted') {
    await book.write(confirmed(book.plan(), transaction, height, script.steps.length));
    const receipt = book.plan().receipts.at(-1);
    tell('confirmed', { operation: transaction.operation, txid: transaction.txid, receipt: receipt && receiptOf(receipt) });
    return 'taken';
  }
  if (refusals < MOST_TRIES && (await step?.again?.(receipts.map(receiptOf)))) {
    await book.write(dropped(book.plan()));
    return 'refused';
  }
  throw new NamesteadError(
    'RegistrationLost',
    `${transaction.operation} of ${transaction.name} was mined at ${height} but ${world.indexer.operator} says the rules refused it (${transaction.txid}): ask another indexer, or remove the journal entry ${script.key} and start again`,
  );
}

/** So often in one call a transaction is drawn anew, and dearer each time, since its time is over; three hours pass between two. */
const MOST_STALE = 8;

function neverFresh({ operation, name, txid }: Signed, { headers, indexer }: PlanWorld): NamesteadError {
  return new NamesteadError(
    'SourcesDisagree',
    `${operation} of ${name} was drawn up ${MOST_STALE} times, and each time ${headers.operator} and ${indexer.operator} said that its time was over (${txid}): ask other sources, or call again with a higher feeRate`,
  );
}

/** So often in one call the fee of an operation is risked again. */
const MOST_TRIES = 3;

/** Holds the steps that are paid against the chain before more is. */
async function reopenLost(run: Run, tell: Tell): Promise<boolean> {
  const index = await findLost(run.book.plan().receipts, run.world, run.options);
  if (index === null) return false;
  await reopen(run, index, tell);
  return true;
}

async function reopen({ book, world, options }: Run, index: number, tell: Tell): Promise<void> {
  const lost = book.plan().receipts[index];
  if (!lost) return;
  const bytes = lost.bytes ?? (await world.transactions.transaction(lost.txid, { signal: options.signal }));
  if (!bytes)
    throw new NamesteadError(
      'NotConfirmed',
      `${lost.operation} of ${lost.name} is no longer in the chain (${lost.txid}), and neither the journal, of an older version, nor ${world.transactions.operator} has its bytes: ask another source`,
    );
  openTransaction(bytes, lost.txid);
  await book.write(reopened(book.plan(), index, bytes));
  tell('reorganised', { operation: lost.operation, txid: lost.txid });
}
