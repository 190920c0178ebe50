import { fromUtf8, toHex } from '../../lib/bytes.js';
import { sha256 } from '../../lib/hash.js';
import { lockScript, type Account } from './account.js';
import type { Recipe } from './builder.js';
import { decodeEntry, decodePlan, list, text } from './planCodec.js';
import { runPlan } from './run.js';
import type { PlanWorld, RunOptions, Step } from './step.js';

/** One coin for each plan of a batch. */
export interface Share {
  /** The plan's journal key. */
  readonly key: string;
  /** Satoshi. */
  readonly value: bigint;
}

/** Under which key the journal holds the transaction that splits coins for a batch. */
export function fundKey(keys: readonly string[], network: { readonly name: string }): string {
  return `fund ${network.name} ${toHex(sha256(fromUtf8(keys.join('\n')))).slice(0, 32)}`;
}

/**
 * Splits the payer's coins into one for each plan, in one transaction, so that they can all be sent at once and none stands on
 * another. Each output is set aside for its plan.
 */
export async function fundPlans(key: string, shares: readonly Share[], payer: Account, world: PlanWorld, options: RunOptions): Promise<void> {
  const script = lockScript(payer.lock);
  const recipe: Recipe = {
    opcode: 'PAYMENT',
    name: `${shares.length} plans`,
    hash: null,
    price: 0n,
    sender: 'payer',
    plainSender: false,
    outputs: shares.map(({ value }) => ({ value, script })),
    back: shares.length,
    backRequired: false,
    least: 0n,
  };
  const step: Step = {
    opcode: recipe.opcode,
    outputs: 0n,
    judged: false,
    holds: new Map(shares.map(({ key }, at) => [at, key])),
    draw: () => Promise.resolve(recipe),
  };
  const terms = { payer: toHex(script), shares: JSON.stringify(shares.map((share) => [share.key, share.value.toString()])) };
  await runPlan({ key, terms, steps: [step], finish: () => Promise.resolve() }, { payer, owner: payer }, world, options);
}

/** The shares of a split that is under way; null: none is, or it is done. */
export async function readShares(key: string, { journal }: Pick<PlanWorld, 'journal'>): Promise<readonly Share[] | null> {
  const bytes = await journal.load(key);
  const plan = bytes && decodePlan(bytes, key);
  if (!plan || plan.state.kind === 'done') return null;
  return decodeEntry(fromUtf8(plan.terms['shares'] ?? ''), key, (value) =>
    list(value, 1000).map((share) => {
      const [plan, satoshi] = list(share, 2);
      return { key: text(plan), value: BigInt(text(satoshi)) };
    }),
  );
}
