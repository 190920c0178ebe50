import { isNamesteadError } from '../lib/errors.js';
import type { Receipt } from '../names/bitcoin/plan.js';
import { answer } from './answer.js';
import type { Call } from './command.js';
import { receiptRows } from './steps.js';
import { describe } from './transcript.js';
import { usage } from './usage.js';

/** What became of one name of several. */
export type Outcome =
  | { readonly kind: 'registered'; readonly name: string; readonly owner: string; readonly receipts: readonly Receipt[] }
  | { readonly kind: 'failed'; readonly name: string; readonly error: unknown };

/** Tells what became of each name, and answers the exit code. A single one fails as a command does. */
export function tellOutcomes(call: Call, outcomes: readonly Outcome[], what: 'registered' | 'imported'): number {
  const failed = outcomes.flatMap((outcome) => (outcome.kind === 'failed' ? [outcome] : []));
  const [first] = failed;
  if (first && outcomes.length === 1) throw first.error instanceof TypeError ? usage(first.error.message) : first.error;
  const names = outcomes.map((outcome) =>
    outcome.kind === 'failed'
      ? { name: outcome.name, ok: false, code: codeOf(outcome.error), error: describe(outcome.error) }
      : { name: outcome.name, ok: true, owner: outcome.owner, receipts: outcome.receipts },
  );
  const lines = outcomes.flatMap((outcome) =>
    outcome.kind === 'failed'
      ? [`${outcome.name} was not ${what}: ${describe(outcome.error)}`]
      : [`${outcome.name} is ${what} ${what === 'imported' ? 'for' : 'to'} ${outcome.owner}`, ...receiptRows(outcome.receipts)],
  );
  const error = `${failed.length} of ${outcomes.length} names were not ${what}; the same command tries them again`;
  answer(call, { ok: !first, ...(first ? { code: codeOf(first.error), error } : {}), names }, first ? [...lines, error] : lines);
  return first ? 1 : 0;
}

function codeOf(error: unknown): string | null {
  return isNamesteadError(error) ? error.code : null;
}
