import { parseTransaction } from './transaction.js';

/** A transaction of a plan that is confirmed and that the network's rules took. */
export interface Receipt {
  /** E.g. `NAME_PREORDER`. */
  readonly operation: string;
  /** The name, or the namespace's id. */
  readonly name: string;
  /** What the operation carries: preorder hash, zone file hash; hex. */
  readonly hash: string | null;
  /** Satoshi the miner got. */
  readonly fee: bigint;
  /** Satoshi burned or paid to the namespace's creator. */
  readonly price: bigint;
  /** Display hex. */
  readonly txid: string;
  readonly height: number;
}

/** A transaction that is written down, and so may be on the network. */
export interface Signed extends Omit<Receipt, 'height'> {
  readonly bytes: Uint8Array;
  /** Which output is the payer's change; null: none, or written by an older version. */
  readonly change: number | null;
  /** The last height at which the rules take it: it names a consensus hash that is fresh for so long. Null: any. */
  readonly until?: number | null | undefined;
}

/** A confirmed transaction. Its bytes stay until the plan is done, since a reorg may drop it; null in journals of an older version. */
export interface Paid extends Receipt, Pick<Signed, 'change' | 'until'> {
  readonly bytes: Uint8Array | null;
}

/**
 * Where a plan stands; step n is number `receipts.length`. A name goes planned → planned with coins (funded) → signed (preordered) →
 * planned (confirmed) → signed (registered) → settled (its zone file is to publish) → done.
 * `coins`: outputs set aside for the step, `txid:vout`. `former`: transactions of this same step that nodes refused or that a
 * higher fee replaced; each shares an input with its successor, so that at most one confirms. `later`: transactions of the steps
 * after this one, signed before a reorg took this one out of the chain.
 */
export type State =
  | { readonly kind: 'planned'; readonly former: readonly Signed[]; readonly later: readonly Signed[]; readonly coins: readonly string[] }
  | { readonly kind: 'signed'; readonly current: Signed; readonly former: readonly Signed[]; readonly later: readonly Signed[] }
  | { readonly kind: 'settled' }
  | { readonly kind: 'done' };

/** What a journal holds of a registration or another plan: no key, only what is or may become public. */
export interface Plan {
  /** What must not change between runs: owner, payer's script, zone file. */
  readonly terms: Readonly<Record<string, string>>;
  readonly receipts: readonly Paid[];
  readonly state: State;
}

const nothing = { former: [], later: [], coins: [] } as const;
/** So many of the latest refused transactions are watched. */
const WATCHED = 16;

export function createPlan(terms: Plan['terms']): Plan {
  return { terms, receipts: [], state: { kind: 'planned', ...nothing } };
}

/** Coins are set aside for the step. */
export function funded(plan: Plan, coins: readonly string[]): Plan {
  return plan.state.kind === 'planned' ? { ...plan, state: { ...plan.state, coins } } : plan;
}

export function signed(plan: Plan, current: Signed): Plan {
  const { former, later } = plan.state.kind === 'planned' ? plan.state : nothing;
  return { ...plan, state: { kind: 'signed', current, former, later } };
}

/** Nodes refused the current transaction: the step is planned anew. */
export function refused(plan: Plan): Plan {
  if (plan.state.kind !== 'signed') return plan;
  const { current, former, later } = plan.state;
  return { ...plan, state: { kind: 'planned', former: watchedBefore(current, former), later, coins: [] } };
}

/** None of the step's transactions can be mined any more, since their first coin is spent elsewhere for good: the step is planned anew. */
export function dropped(plan: Plan): Plan {
  return { ...plan, state: { kind: 'planned', ...nothing } };
}

/** Another version of the current transaction, with a higher fee, is written down beside it. */
export function bumped(plan: Plan, current: Signed): Plan {
  if (plan.state.kind !== 'signed') return plan;
  return { ...plan, state: { ...plan.state, current, former: watchedBefore(plan.state.current, plan.state.former) } };
}

export function confirmed(plan: Plan, transaction: Signed, height: number, steps: number): Plan {
  const receipts = [...plan.receipts, { ...transaction, height }];
  const [next, ...later] = plan.state.kind === 'signed' ? survivors(plan.state, transaction.txid) : [];
  if (receipts.length >= steps) return { ...plan, receipts, state: { kind: 'settled' } };
  return { ...plan, receipts, state: next ? { kind: 'signed', current: next, former: [], later } : { kind: 'planned', ...nothing } };
}

/** Of what was signed for the steps after, all before the first that spends a version of this step which can no longer be mined. */
function survivors({ current, former, later }: State & { readonly kind: 'signed' }, mined: string): readonly Signed[] {
  const gone = new Set([current, ...former].map(({ txid }) => txid).filter((txid) => txid !== mined));
  const cut = gone.size === 0 ? -1 : later.findIndex(({ bytes }) => parseTransaction(bytes).inputs.some(({ txid }) => gone.has(txid)));
  return cut < 0 ? later : later.slice(0, cut);
}

/** A reorg took the step's transaction out of the chain: it waits again, and what was signed after it is kept for its turn. */
export function reopened(plan: Plan, index: number, bytes: Uint8Array): Plan {
  const [lost, ...after] = plan.receipts.slice(index);
  if (!lost) return plan;
  const { state } = plan;
  const later = [
    ...after.flatMap(({ height: _, bytes: kept, ...rest }) => (kept ? [{ ...rest, bytes: kept }] : [])),
    ...(state.kind === 'signed' ? [state.current] : []),
    ...(state.kind === 'signed' || state.kind === 'planned' ? state.later : []),
  ];
  const { height: _, ...rest } = lost;
  return { ...plan, receipts: plan.receipts.slice(0, index), state: { kind: 'signed', current: { ...rest, bytes }, former: [], later } };
}

export function finished(plan: Plan): Plan {
  return { ...plan, receipts: plan.receipts.map((receipt) => ({ ...receipt, bytes: null })), state: { kind: 'done' } };
}

/** A receipt as callers get it. */
export function receiptOf({ operation, name, hash, fee, price, txid, height }: Paid): Receipt {
  return { operation, name, hash, fee, price, txid, height };
}

function watchedBefore(current: Signed, former: readonly Signed[]): readonly Signed[] {
  return [current, ...former.filter(({ txid }) => txid !== current.txid)].slice(0, WATCHED);
}
