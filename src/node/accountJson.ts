import type { AccountRowAt } from './accounts.js';
import type { Json } from './json.js';

/** An account as the node's answers hold it; amounts are text, since JSON readers round. */
export function accountJson(row: AccountRowAt): { readonly [field: string]: Json } {
  return {
    address: row.address,
    type: 'STACKS',
    credit_value: row.credit.toString(),
    debit_value: row.debit.toString(),
    lock_transfer_block_id: row.lockedUntil,
    block_id: row.height,
    vtxindex: row.index,
    txid: row.txid,
  };
}

/** Decimal micro-STACKS; 0 for who has no account. */
export function balanceText(row: AccountRowAt | null): string {
  return (row ? row.credit - row.debit : 0n).toString();
}
