import { equal } from '../../lib/bytes.js';
import { NamesteadError } from '../../lib/errors.js';
import type { Recipe } from './builder.js';
import { lockScript, type Account } from './account.js';
import { outpoint, type Coin } from './coin.js';
import { checkSenders, draftRecipe, feeRateOf, reserveFor, type DraftTerms } from './pay.js';
import { signDraft } from './payment.js';
import { funded, receiptOf, type Plan, type Signed } from './plan.js';
import { setAside } from './purse.js';
import type { Run, Step } from './step.js';
import { isKnown } from './send.js';
import { isStale } from './waiting.js';
import { coinsSpentBy } from './spent.js';
import { parseTransaction, serializeTransaction } from './transaction.js';

type Planned = Plan['state'] & { readonly kind: 'planned' };

/** Draws up, funds and signs a step. A former transaction that made it to the network after all is taken instead of a new one. */
export async function signStep(run: Run, step: Step, { former, later }: Planned): Promise<Signed> {
  const { script, parties, world, options, book } = run;
  let rate = options.feeRate;
  let again: readonly Coin[] = [];
  for (const transaction of former) {
    if (!(await isKnown(transaction.txid, world, options))) continue;
    if (!(await isStale(transaction, world, options))) return transaction;
    // It waits still, and would be mined for nothing: nodes must take this one in its place.
    rate = Math.max(rate ?? (await feeRateOf(world.payments, options)), rateToReplace(transaction, later));
    again = await coinsSpentBy(parseTransaction(transaction.bytes), parties, world, options);
  }
  const { receipts } = book.plan();
  const feeRate = await feeRateOf(world.payments, { ...options, feeRate: rate });
  const reserve = script.steps.slice(receipts.length + 1).reduce((sum, next) => sum + reserveFor(next.outputs, parties.payer, feeRate), 0n);
  const recipe = await step.draw(receipts.map(receiptOf));
  checkSenders(recipe, parties);
  const terms: DraftTerms = { network: world.network, feeRate, reserve, spends: spendsOf(recipe, former, book.plan()) };
  const accounts = recipe.sender === 'owner' ? [parties.payer, parties.owner] : [parties.payer];
  const draft = await setAside(script.key, accounts, world, options, (coins) =>
    draftRecipe(recipe, parties, (account) => united(coins(account), again, account), terms),
  );
  await book.write(funded(book.plan(), draft.inputs.map(outpoint)));
  const signers = [...parties.owner.signers, ...parties.payer.signers];
  const { bytes, txid, fee } = await signDraft(draft, signers, world.transactions, { signal: options.signal });
  return {
    operation: recipe.opcode,
    name: recipe.name,
    hash: recipe.hash,
    price: recipe.price,
    fee,
    txid,
    bytes,
    change: draft.change,
    until: recipe.until ?? null,
  };
}

/**
 * Input 0 of a step that nodes refused is spent again, so that both cannot be mined; else it is the change of the step before,
 * so that this one cannot be mined without it, whatever a reorg does.
 */
function spendsOf(recipe: Recipe, [last]: readonly Signed[], { receipts }: Plan): DraftTerms['spends'] {
  if (last) return { ...firstInput(last), always: true };
  const before = receipts.at(-1);
  if (recipe.sender !== 'payer' || before?.change === null || before?.change === undefined) return undefined;
  return { txid: before.txid, vout: before.change, always: false };
}

/** With the account's coins among those of a transaction that is to be replaced. */
function united(coins: readonly Coin[], again: readonly Coin[], { lock }: Account): readonly Coin[] {
  const listed = new Set(coins.map(outpoint));
  return [...coins, ...again.filter((coin) => !listed.has(outpoint(coin)) && equal(lockScript(coin.lock), lockScript(lock)))];
}

/**
 * Satoshi per virtual byte with which nodes take a transaction in another's place (BIP 125): what goes with it is made up for, and
 * its own relay comes besides.
 */
export function rateToReplace({ fee, bytes }: Pick<Signed, 'fee' | 'bytes'>, later: readonly Pick<Signed, 'fee'>[] = []): number {
  const lost = later.reduce((sum, next) => sum + next.fee, fee);
  return Number(lost) / virtualSizeOf(bytes) + 1.2;
}

/** Virtual bytes (BIP 141). */
function virtualSizeOf(bytes: Uint8Array): number {
  const stripped = serializeTransaction(parseTransaction(bytes), 'stripped').length;
  return Math.ceil((3 * stripped + bytes.length) / 4);
}

function firstInput({ bytes }: Signed): { readonly txid: string; readonly vout: number } {
  const [input] = parseTransaction(bytes).inputs;
  if (!input) throw new NamesteadError('Malformed', 'a transaction has no input');
  return input;
}
