import { isNamesteadError } from '../../lib/errors.js';
import type { CallOptions } from '../../lib/clock.js';
import { equal } from '../../lib/bytes.js';
import { lockScript, type Account } from './account.js';
import type { Recipe } from './builder.js';
import { coinsOf, virtualSize, type Coin, type Draft } from './coin.js';
import type { Network } from './network.js';
import { checkSenders, draftRecipe, reserveFor, type Parties } from './pay.js';
import type { PaymentSource } from './source.js';

/** One transaction as it would be sent. */
export interface Rehearsed {
  readonly operation: string;
  /** At the most; signatures may be a byte or two shorter. */
  readonly virtualSize: number;
  /** Satoshi. */
  readonly fee: bigint;
  readonly price: bigint;
  /** Satoshi in outputs that only mark an address. */
  readonly marks: bigint;
}

export interface Rehearsal {
  readonly transactions: readonly Rehearsed[];
  /** Why the payer's coins do not suffice; null: they do. */
  readonly funds: string | null;
  /** Why an input is forbidden; null: none is. */
  readonly inputs: string | null;
}

/** Draws up transactions that follow one another, and signs none. Where coins are missing, they are counted as if they were there. */
export async function rehearse(
  recipes: readonly Recipe[],
  parties: Parties,
  feeRate: number,
  { network, payments }: { readonly network: Network; readonly payments: PaymentSource },
  { signal }: CallOptions,
): Promise<Rehearsal> {
  const list = async ({ lock }: Account): Promise<readonly Coin[]> => coinsOf(lock, await payments.unspent(lockScript(lock), { signal }));
  const apart = !equal(lockScript(parties.payer.lock), lockScript(parties.owner.lock));
  let paying = await list(parties.payer);
  let owned = apart ? await list(parties.owner) : [];
  const ownerScript = lockScript(parties.owner.lock);
  let funds: string | null = null;
  let inputs: string | null = null;
  const transactions: Rehearsed[] = [];
  recipes.forEach((recipe, at) => {
    inputs ??= refusalOf(() => checkSenders(recipe, parties), 'InputForbidden');
    const reserve = recipes.slice(at + 1).reduce((sum, next) => sum + reserveFor(spentOn(next), parties.payer, feeRate), 0n);
    const spends = recipe.sender === 'payer' && at > 0 ? { txid: idOf(at - 1), vout: 0, always: false } : undefined;
    const draw = (coins: readonly Coin[], own: readonly Coin[]): Draft =>
      draftRecipe(recipe, parties, (account) => (apart && account === parties.owner ? own : coins), { network, feeRate, reserve, spends });
    let draft: Draft;
    try {
      draft = draw(paying, owned);
    } catch (error) {
      if (!isNamesteadError(error, 'FundsTooLow')) throw error;
      funds ??= error.message;
      draft = draw([...paying, pretended(parties.payer, 1n << 50n)], owned.length > 0 ? owned : [pretended(parties.owner, 5500n)]);
    }
    const spent = new Set(draft.inputs);
    const change = draft.change === null ? undefined : draft.outputs[draft.change];
    const next = change && { ...pretended(parties.payer, change.value), txid: idOf(at) };
    paying = [...paying.filter((coin) => !spent.has(coin)), ...(next ? [next] : [])];
    // A reveal marks the address that must then spend for the namespace to be ready.
    const given = apart ? draft.outputs.filter(({ script }) => equal(script, ownerScript)) : [];
    owned = [
      ...owned.filter((coin) => !spent.has(coin)),
      ...given.map(({ value }, vout) => ({ ...pretended(parties.owner, value), txid: idOf(at), vout: vout + 1 })),
    ];
    transactions.push({
      operation: recipe.opcode,
      virtualSize: virtualSize(draft.inputs, draft.outputs),
      fee: draft.fee,
      price: recipe.price,
      marks: spentOn(recipe) - recipe.price,
    });
  });
  return { transactions, funds, inputs };
}

function idOf(at: number): string {
  return at.toString(16).padStart(64, '0');
}

function spentOn({ outputs }: Recipe): bigint {
  return outputs.reduce((sum, { value }) => sum + value, 0n);
}

function pretended({ lock }: Account, value: bigint): Coin {
  return { txid: 'ff'.repeat(32), vout: 0, value, height: 1, lock };
}

/** What an error of a code says; null: none came. */
export function refusalOf(act: () => unknown, ...codes: readonly Parameters<typeof isNamesteadError>[1][]): string | null {
  try {
    act();
    return null;
  } catch (error) {
    if (error instanceof Error && codes.some((code) => isNamesteadError(error, code))) return error.message;
    throw error;
  }
}
