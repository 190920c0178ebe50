import { equal } from '../../lib/bytes.js';
import type { CallOptions } from '../../lib/clock.js';
import { NamesteadError } from '../../lib/errors.js';
import { lockScript } from './account.js';
import type { Coin } from './coin.js';
import type { Parties } from './pay.js';
import type { TransactionSource } from './source.js';
import { openTransaction, type Transaction } from './transaction.js';

/**
 * The coins that a transaction of ours spends, for another version of it: while it waits, sources list them no more.
 * @throws NamesteadError `TransactionMissing`, `TransactionMismatch`, `Malformed`
 */
export async function coinsSpentBy(
  transaction: Transaction,
  { payer, owner }: Parties,
  { transactions }: { readonly transactions: TransactionSource },
  { signal }: CallOptions,
): Promise<readonly Coin[]> {
  return Promise.all(
    transaction.inputs.map(async ({ txid, vout }) => {
      const bytes = await transactions.transaction(txid, { signal });
      const output = bytes ? openTransaction(bytes, txid).outputs[vout] : undefined;
      const account = output && [payer, owner].find(({ lock }) => equal(lockScript(lock), output.script));
      if (!output || !account)
        throw new NamesteadError(
          'TransactionMissing',
          `${transactions.operator} does not show the coin ${txid}:${vout} at the payer or the owner: give the accounts that signed`,
        );
      return { txid, vout, value: output.value, height: 1, lock: account.lock };
    }),
  );
}
