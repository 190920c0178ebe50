import { isNamesteadError } from '../../lib/errors.js';
import { isFields } from '../../lib/shape.js';
import type { NamespaceTerms } from '../../names/bitcoin/operation.js';
import type { Receipt } from '../../names/bitcoin/plan.js';
import { openNamespace } from '../../names/namespace.js';
import { answer } from '../answer.js';
import type { Command } from '../command.js';
import { showDryRuns } from '../dryRuns.js';
import { openKeys } from '../keys.js';
import { readJson } from '../networks.js';
import { paying } from '../options.js';
import { feesOf, payingWorld } from '../paying.js';
import { withSession, type Session } from '../session.js';
import { howToGoOn, receiptRows, tellSteps } from '../steps.js';
import { orUsage, satoshiOf, usage } from '../usage.js';
import { requireNamespace } from './price.js';

type Last = 'NAMESPACE_PREORDER' | 'NAMESPACE_REVEAL' | 'NAMESPACE_READY';

function stepCommand(last: Last, about: string): Command {
  return {
    synopsis: 'NAMESPACE --rules FILE --words-file FILE --esplora URL --node URL [options]',
    about: `${about}

The rules can never be changed: {"lifetime": blocks, "coeff": n, "base": n, "buckets": [16 numbers], "nonalphaDiscount": n, "noVowelDiscount": n,
"version": 1 or 2}. The payer is p2pkh. Of one journal, keys and rules the steps go on where the last command ended.`,
    options: [...paying, 'rules', 'max-price'],
    words: [1, 1],
    run: (call) => withSession(call, (session) => openTo(session, last)),
  };
}

export const namespaceOpenCommand: Command = /* @__PURE__ */ stepCommand(
  'NAMESPACE_READY',
  'Opens a namespace: preorder, reveal, ready, each confirmed before the next.',
);
export const namespacePreorderCommand: Command = /* @__PURE__ */ stepCommand(
  'NAMESPACE_PREORDER',
  'The first step of opening a namespace: pays its price, and shows nothing of its name.',
);
export const namespaceRevealCommand: Command = /* @__PURE__ */ stepCommand(
  'NAMESPACE_REVEAL',
  'Opens a namespace up to its reveal, and no further: from then on names can be imported, for a year at the most.',
);
export const namespaceReadyCommand: Command = /* @__PURE__ */ stepCommand(
  'NAMESPACE_READY',
  'The last step of opening a namespace: from then on anybody registers names in it.',
);

async function openTo(session: Session, last: Last): Promise<number> {
  const { call, network } = session;
  const { values, words } = call;
  const [namespace = ''] = words;
  requireNamespace(namespace);
  if (values.rules === undefined) throw usage('--rules FILE is needed');
  const rules = readRules(await readJson(values.rules, 'rules'), values.rules);
  const maxPrice = satoshiOf(values['max-price'], 'max-price');
  const fees = feesOf(values);
  const keys = await openKeys(values, network);
  const { owner, payer } = keys;
  if (values['dry-run']) return showDryRuns(session, keys, [{ operation: 'namespace', namespace, rules, owner, payer, maxPrice }]);
  const world = await payingWorld(session);
  call.hint = howToGoOn(call);
  const tell = tellSteps(call);
  const step = until(last, call.signal);
  const run = openNamespace(
    { ...world, namespace, rules, owner, payer, maxPrice },
    {
      ...fees,
      signal: step.signal,
      onProgress: (progress) => {
        tell(namespace, progress);
        if (progress.receipt) step.reached(progress.receipt);
      },
    },
  );
  const receipts = await orUsage(() => orReceipts(run, step));
  answer(call, { ok: true, namespace, receipts }, [`${namespace} is ${doneWords[last]}`, ...receiptRows(receipts)]);
  return 0;
}

const doneWords = { NAMESPACE_PREORDER: 'preordered', NAMESPACE_REVEAL: 'revealed', NAMESPACE_READY: 'ready' } as const;

interface Until {
  readonly signal: AbortSignal;
  readonly reached: (receipt: Receipt) => void;
  /** What was done when it was reached; null: it was not. */
  readonly receipts: () => readonly Receipt[] | null;
}

/** A signal that is aborted once a step is confirmed: what the plan does next is another command's. */
function until(last: Last, outer: AbortSignal): Until {
  const stop = new AbortController();
  const receipts: Receipt[] = [];
  return {
    signal: AbortSignal.any([outer, stop.signal]),
    reached: (receipt) => {
      receipts.push(receipt);
      if (receipt.operation === last && last !== 'NAMESPACE_READY') stop.abort(new Error(`${last} is confirmed`));
    },
    receipts: () => (stop.signal.aborted ? receipts : null),
  };
}

async function orReceipts(run: Promise<readonly Receipt[]>, step: Until): Promise<readonly Receipt[]> {
  try {
    return await run;
  } catch (error) {
    const receipts = isNamesteadError(error, 'Aborted') ? step.receipts() : null;
    if (receipts) return receipts;
    throw error;
  }
}

/** @throws {@link usage} */
function readRules(fields: unknown, path: string): NamespaceTerms {
  const count = (value: unknown, what: string, most: number): number => {
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > most)
      throw usage(`--rules: ${path}: ${what} is a whole number up to ${most}`);
    return value;
  };
  if (!isFields(fields)) throw usage(`--rules: ${path} is to hold an object`);
  const { lifetime, coeff, base, buckets, nonalphaDiscount, noVowelDiscount, version } = fields;
  if (!Array.isArray(buckets) || buckets.length !== 16) throw usage(`--rules: ${path}: buckets are 16 numbers`);
  return {
    lifetime: count(lifetime, 'lifetime', 0xffffffff),
    coeff: count(coeff, 'coeff', 255),
    base: count(base, 'base', 255),
    buckets: buckets.map((bucket) => count(bucket, 'a bucket', 15)),
    nonalphaDiscount: count(nonalphaDiscount, 'nonalphaDiscount', 15),
    noVowelDiscount: count(noVowelDiscount, 'noVowelDiscount', 15),
    version: count(version, 'version', 3),
  };
}
