import type { CallOptions } from '../../lib/clock.js';
import { isNamesteadError, NamesteadError } from '../../lib/errors.js';
import type { Journal } from '../journal.js';
import type { PaymentWorld } from './pay.js';
import type { Signed } from './plan.js';
import { ancestorsOf } from './purse.js';

type SendWorld = PaymentWorld & { readonly journal: Journal };

/**
 * Sends the same bytes however often: that a node has them already counts as success. Where it lacks what they stand on, the
 * waiting transactions of other plans are sent before them.
 * @throws NamesteadError `BroadcastRejected`, `TransactionMismatch`
 */
export async function send(transaction: Signed, world: SendWorld, options: CallOptions): Promise<void> {
  if (await isTaken(transaction, world, options)) return;
  for (const bytes of await ancestorsOf(transaction.bytes, world))
    await world.payments.broadcast(bytes, { signal: options.signal }).catch((error: unknown) => {
      if (!isNamesteadError(error, 'BroadcastRejected')) throw error;
    });
  await broadcast(transaction, world, options);
}

async function isTaken(transaction: Signed, world: SendWorld, options: CallOptions): Promise<boolean> {
  try {
    await broadcast(transaction, world, options);
    return true;
  } catch (error) {
    if (!isNamesteadError(error, 'BroadcastRejected')) throw error;
    if (await isKnown(transaction.txid, world, options)) return true;
    if ((await ancestorsOf(transaction.bytes, world)).length === 0) throw error;
    return false;
  }
}

async function broadcast(transaction: Signed, { payments }: SendWorld, { signal }: CallOptions): Promise<void> {
  const answer = await payments.broadcast(transaction.bytes, { signal });
  if (answer !== transaction.txid)
    throw new NamesteadError(
      'TransactionMismatch',
      `${payments.operator} took ${transaction.txid} but answered another id: ask another source; the journal holds the transaction`,
    );
}

/** Whether a node has the transaction, waiting or mined. */
export async function isKnown(txid: string, { transactions }: Pick<PaymentWorld, 'transactions'>, { signal }: CallOptions): Promise<boolean> {
  return (await transactions.transaction(txid, { signal })) !== null || (await transactions.inclusion(txid, { signal })) !== null;
}
