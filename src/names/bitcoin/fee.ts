import type { Party } from './claim.js';
import { epochAt } from './epoch.js';
import { balanceOf } from './operationRecord.js';
import { BURN_ADDRESS, namePrice, namePriceInStacks } from './price.js';
import type { AccountRow, NamespaceRow, State } from './state.js';
import { put } from './undo.js';

/** What was paid for a name, to whom and at which height; its price is that of this height; BNS (b.2). */
interface Payment {
  readonly satoshi: number;
  readonly paidTo: string;
  /** Micro-STACKS; null: bitcoin pays. */
  readonly tokens: bigint | null;
  readonly height: number;
}

/** Why a payment does not buy a name in `namespace` at `height`; false when it does; BNS (b.4). */
export function feeRefusal(state: State, namespace: NamespaceRow, label: string, payment: Payment, height: number): string | false {
  const { satoshi, paidTo, tokens } = payment;
  const creatorPaid = paysCreator(state, namespace, height);
  const expected = creatorPaid ? namespace.address : BURN_ADDRESS;
  if (paidTo !== expected) return `the fee went to ${paidTo} and is due to ${expected}`;
  const priced = epochAt(state.network, payment.height);
  if (tokens === null) {
    const price = namePrice(label, namespace, priced);
    if (namespace.version === 3) return 'the namespace takes STACKS only';
    // A price may have a fraction: bigint against double compares exactly, so 46 does not pay 46.67.
    return BigInt(satoshi) >= price ? false : `the price is ${price} satoshi and ${satoshi} were paid`;
  }
  if (creatorPaid) return 'STACKS are not taken while the creator is paid';
  const price = namePriceInStacks(label, namespace, priced);
  return tokens >= price ? false : `the price is ${price} micro-STACKS and ${tokens} were paid`;
}

/** Whether names of a namespace pay its creator at `height`: version 2, for a year from its reveal; BNS (b.4). */
function paysCreator(state: State, namespace: NamespaceRow, height: number): boolean {
  const { updateWithRegistration, receiveFeesPeriod } = epochAt(state.network, height);
  return updateWithRegistration && namespace.version === 2 && namespace.revealBlock + receiveFeesPeriod >= height;
}

/** Why an address cannot spend micro-STACKS; false when it can. */
export function balanceRefusal(state: State, address: string, amount: bigint): string | false {
  const account = state.accounts.get(address);
  if (!account) return `${address} has no STACKS account`;
  return balanceOf(account) >= amount ? false : `${address} has ${balanceOf(account)} micro-STACKS and ${amount} are needed`;
}

const EMPTY: AccountRow = { credit: 0n, debit: 0n, lockedUntil: 0, receives: true };

export function debit(state: State, { address }: Pick<Party, 'address'>, amount: bigint): void {
  const account = state.accounts.get(address) ?? EMPTY;
  put(state, state.accounts, address, { ...account, debit: account.debit + amount });
}

export function credit(state: State, { address }: Pick<Party, 'address'>, amount: bigint): void {
  const account = state.accounts.get(address) ?? EMPTY;
  put(state, state.accounts, address, { ...account, credit: account.credit + amount });
}
