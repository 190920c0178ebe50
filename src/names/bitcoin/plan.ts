import { fromHex, fromUtf8, isHex, toHex, toUtf8Strict } from '../../lib/bytes.js';
import { NamesteadError } from '../../lib/errors.js';

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
}

/**
 * Where a plan stands; step n is number `receipts.length`. A name goes planned → signed (preordered) → planned (confirmed) →
 * signed (registered) → settled (its zone file is to publish) → done.
 * `former`: transactions of this same step that nodes refused. Each shares an input with its successor, so that at most one confirms.
 */
export type State =
  | { readonly kind: 'planned'; readonly former: readonly Signed[] }
  | { readonly kind: 'signed'; readonly current: Signed; readonly former: readonly Signed[] }
  | { readonly kind: 'settled' }
  | { readonly kind: 'done' };

/** What a journal holds of a registration or another plan: no key, only what is or may become public. */
export interface Plan {
  /** What must not change between runs: owner, payer's script, zone file. */
  readonly terms: Readonly<Record<string, string>>;
  readonly receipts: readonly Receipt[];
  readonly state: State;
}

export function createPlan(terms: Plan['terms']): Plan {
  return { terms, receipts: [], state: { kind: 'planned', former: [] } };
}

export function signed(plan: Plan, current: Signed): Plan {
  return { ...plan, state: { kind: 'signed', current, former: plan.state.kind === 'planned' ? plan.state.former : [] } };
}

/** Nodes refused the current transaction: the step is planned anew. The latest few are watched. */
export function refused(plan: Plan): Plan {
  if (plan.state.kind !== 'signed') return plan;
  const { current, former } = plan.state;
  return { ...plan, state: { kind: 'planned', former: [current, ...former.filter(({ txid }) => txid !== current.txid)].slice(0, WATCHED) } };
}

export function confirmed(plan: Plan, { bytes: _, ...rest }: Signed, height: number, steps: number): Plan {
  const receipts = [...plan.receipts, { ...rest, height }];
  return { ...plan, receipts, state: receipts.length < steps ? { kind: 'planned', former: [] } : { kind: 'settled' } };
}

export function finished(plan: Plan): Plan {
  return { ...plan, state: { kind: 'done' } };
}

const VERSION = 1;
const WATCHED = 16;
const MOST = 4 << 20;

/** JSON in UTF-8: satoshi as decimal strings, transactions as hex. */
export function encodePlan(plan: Plan): Uint8Array {
  const plain = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? value.toString() : value instanceof Uint8Array ? toHex(value) : value);
  return fromUtf8(JSON.stringify({ version: VERSION, ...plan }, plain));
}

/** @throws NamesteadError `JournalCorrupt` */
export function decodePlan(bytes: Uint8Array, key: string): Plan {
  try {
    if (bytes.length > MOST) throw new TypeError('more than 4 MiB');
    const { version, terms, receipts, state } = object(JSON.parse(toUtf8Strict(bytes)));
    if (version !== VERSION) throw new TypeError(`version ${String(version)}, not ${VERSION}`);
    return {
      terms: Object.fromEntries(Object.entries(object(terms)).map(([name, value]) => [name, text(value)])),
      receipts: list(receipts).map(readReceipt),
      state: readState(state),
    };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : '';
    throw new NamesteadError(
      'JournalCorrupt',
      `the journal entry ${key} cannot be read (${why}): restore it from a backup; else look the payment up on the chain, then remove the entry and start again`,
      { cause },
    );
  }
}

function readState(value: unknown): State {
  const { kind, current, former } = object(value);
  switch (kind) {
    case 'planned':
      return { kind, former: list(former).map(readSigned) };
    case 'signed':
      return { kind, current: readSigned(current), former: list(former).map(readSigned) };
    case 'settled':
    case 'done':
      return { kind };
    default:
      throw new TypeError('unknown state');
  }
}

function readSigned(value: unknown): Signed {
  const { bytes, ...rest } = object(value);
  if (!isHex(bytes) || bytes.length === 0) throw new TypeError('a transaction is missing');
  return { ...readSpent(rest), bytes: fromHex(bytes) };
}

function readReceipt(value: unknown): Receipt {
  const { height } = object(value);
  if (!Number.isSafeInteger(height) || Number(height) < 0) throw new TypeError('a height is missing');
  return { ...readSpent(value), height: Number(height) };
}

function readSpent(value: unknown): Omit<Receipt, 'height'> {
  const { operation, name, hash, fee, price, txid } = object(value);
  if (hash !== null && !isHex(hash)) throw new TypeError('a hash is not hex');
  if (!isHex(txid, 32)) throw new TypeError('a txid is not 32 bytes of hex');
  return { operation: text(operation), name: text(name), hash, fee: satoshi(fee), price: satoshi(price), txid };
}

function object(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new TypeError('an object is missing');
  return value as Readonly<Record<string, unknown>>;
}

function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value) || value.length > 64) throw new TypeError('a list is missing or too long');
  return value;
}

function text(value: unknown): string {
  if (typeof value !== 'string') throw new TypeError('a text is missing');
  return value;
}

function satoshi(value: unknown): bigint {
  if (typeof value !== 'string' || !/^(?:0|[1-9]\d{0,18})$/.test(value)) throw new TypeError('an amount is missing');
  return BigInt(value);
}
