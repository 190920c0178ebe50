import { equal, fromUtf8, toHex } from '../../lib/bytes.js';
import type { CallOptions } from '../../lib/clock.js';
import { openInclusion } from './confirmation.js';
import type { Network } from './network.js';
import type { Signed } from './plan.js';
import { nulldataOf } from './script.js';
import type { HeaderSource, HistorySource, PaymentSource, TransactionSource, Unspent } from './source.js';
import { openTransaction, parseTransaction, type Transaction } from './transaction.js';

export interface ConflictWorld {
  readonly network: Network;
  readonly headers: HeaderSource;
  readonly transactions: TransactionSource;
  /** Tells what spent a coin that is gone, so that a plan can go on; each answer is checked by its proof of inclusion. */
  readonly history?: HistorySource | undefined;
}

/** A mined transaction that spends the first coin of a planned one, which therefore can never be mined beside it. */
export interface Conflict {
  /** The same operation under another fee: what the plan wanted is done. Null: something else spent the coin. */
  readonly same: Signed | null;
  readonly height: number;
  readonly confirmations: number;
}

/** So many of the latest transactions of a script are looked through. */
const MOST = 2000;

/**
 * Looks for what spent the first coin of a transaction that nodes refuse. Null: nothing mined that the source knows of, or no
 * history to ask.
 */
export async function findConflict(
  transaction: Signed,
  script: Uint8Array,
  depth: number,
  world: ConflictWorld,
  { signal }: CallOptions,
): Promise<Conflict | null> {
  const planned = parseTransaction(transaction.bytes);
  const [coin] = planned.inputs;
  if (!world.history || !coin) return null;
  const past = [...(await world.history.history(script, { signal }))].reverse().slice(0, MOST);
  for (const { txid } of past) {
    const bytes = await world.transactions.transaction(txid, { signal });
    if (!bytes || txid === transaction.txid) continue;
    const found = openTransaction(bytes, txid);
    if (!found.inputs.some((input) => isSame(input, coin))) continue;
    const place = await openInclusion(txid, depth, world, { signal });
    if (!place) return null;
    const same = isSame(found.inputs[0] ?? coin, coin) && doesSame(found, planned, transaction.change);
    return { ...place, same: same ? { ...transaction, txid, bytes, fee: await feeOf(found, world, { signal }) } : null };
  }
  return null;
}

/** Where a preorder's change stands. */
const PREORDER_CHANGE = 1;
/** So many coins are looked through where there is no history. */
const MOST_COINS = 16;

/** The id of a mined transaction of a script that preorders with a hash; null: none that the history source knows of or, without one, whose change lies there. */
export async function findPreorder(
  hash: string,
  script: Uint8Array,
  world: ConflictWorld & { readonly payments: PaymentSource },
  { signal }: CallOptions,
): Promise<string | null> {
  const past = world.history
    ? [...(await world.history.history(script, { signal }))].reverse().slice(0, MOST)
    : (await world.payments.unspent(script, { signal }))
        .filter(({ vout, height }) => vout === PREORDER_CHANGE && height > 0)
        .sort((a, b) => b.height - a.height)
        .slice(0, MOST_COINS);
  for (const { txid } of past) {
    const bytes = await world.transactions.transaction(txid, { signal });
    const data = bytes && nulldataOf(openTransaction(bytes, txid).outputs);
    if (data && toHex(data).startsWith(toHex(fromUtf8(`${world.network.magic}?`)) + hash)) return txid;
  }
  return null;
}

/** The same payload and, but for the change, the same outputs in their places. */
function doesSame(found: Transaction, planned: Transaction, change: number | null): boolean {
  const [a, b] = [nulldataOf(found.outputs), nulldataOf(planned.outputs)];
  if (!a || !b || !equal(a, b) || found.outputs.length !== planned.outputs.length) return false;
  return planned.outputs.every((output, at) => {
    const other = found.outputs[at];
    return other !== undefined && equal(other.script, output.script) && (at === change || other.value === output.value);
  });
}

/** Satoshi; the previous outputs are read out of their own transactions. */
async function feeOf(transaction: Transaction, { transactions }: ConflictWorld, { signal }: CallOptions): Promise<bigint> {
  let fee = 0n;
  for (const { txid, vout } of transaction.inputs) {
    const bytes = await transactions.transaction(txid, { signal });
    fee += bytes ? (openTransaction(bytes, txid).outputs[vout]?.value ?? 0n) : 0n;
  }
  for (const { value } of transaction.outputs) fee -= value;
  return fee > 0n ? fee : 0n;
}

function isSame(a: Pick<Unspent, 'txid' | 'vout'>, b: Pick<Unspent, 'txid' | 'vout'>): boolean {
  return a.txid === b.txid && a.vout === b.vout;
}
