import { toHex } from '../../lib/bytes.js';
import type { CallOptions } from '../../lib/clock.js';
import { NamesteadError } from '../../lib/errors.js';
import type { Signer } from '../../lib/key.js';
import type { Journal } from '../journal.js';
import { accountOf, fundingAddress, lockScript, type Account } from './account.js';
import { readBook } from './book.js';
import { draftPayment, outpoint, type Coin, type Draft } from './coin.js';
import { feeRateOf, type Parties, type PaymentWorld } from './pay.js';
import { signDraft } from './payment.js';
import { bumped, type Signed } from './plan.js';
import { dependentsOf, noteMade, setAside, type CoinsAt } from './purse.js';
import { send } from './send.js';
import { rateToReplace } from './signing.js';
import { coinsSpentBy } from './spent.js';
import { parseTransaction } from './transaction.js';

export interface BumpTerms extends PaymentWorld {
  readonly journal: Journal;
  /** Under which the journal holds the plan: `registrationKey`, `changeKey`, `namespaceKey`, `importKey`. */
  readonly key: string;
  readonly payer: Signer | Account;
  /** Who signs input 0 where it is not the payer. */
  readonly owner?: Signer | Account | undefined;
}

export interface BumpOptions extends CallOptions {
  /** Satoshi per virtual byte of the new version. */
  readonly feeRate: number;
  /** Default 1000. */
  readonly maxFeeRate?: number | undefined;
}

/** What waits now. Both versions are watched: either may be mined, never both. */
export interface Bumped {
  readonly operation: string;
  /** Display hex. */
  readonly txid: string;
  /** Satoshi, in all. */
  readonly fee: bigint;
  /** The version it is to take the place of. */
  readonly replaced: string;
}

/**
 * Raises the fee of a plan's transaction that waits (BIP 125): the same inputs first and so the same sender, the same operation,
 * the same outputs in their places; only the change shrinks, and confirmed coins of the payer join where it does not suffice. A
 * process that runs the plan meanwhile goes on with both versions.
 * @throws NamesteadError `NotFound` when the journal holds no transaction that waits, `FeeTooHigh`, `FundsTooLow`, `BroadcastRejected`, `JournalBusy` when other plans
 *   stand on its change, `TransactionMissing`, `SignatureMissing`
 * @throws TypeError when the rate is not above the present one
 * @example
 * await bumpFee({ ...world, key: registrationKey('alice.id', network), payer: payment.signer }, { feeRate: 40 });
 */
export async function bumpFee(terms: BumpTerms, options: BumpOptions): Promise<Bumped> {
  const { key, journal } = terms;
  const payer = accountOf(terms.payer);
  const parties: Parties = { payer, owner: accountOf(terms.owner ?? terms.payer) };
  const book = await readBook(key, journal);
  const plan = book?.plan();
  if (!book || plan?.state.kind !== 'signed') throw new NamesteadError('NotFound', `the journal holds no transaction of ${key} that waits`);
  if (plan.terms['payer'] !== undefined && plan.terms['payer'] !== toHex(lockScript(payer.lock))) throw new TypeError(`${key} is paid by another payer`);
  const { current, former, later } = plan.state;
  for (const { txid } of [current, ...former]) await checkWaiting(txid, terms, options);
  const [other] = (await Promise.all([current, ...former].map(({ txid }) => dependentsOf(key, txid, terms)))).flat();
  if (other !== undefined) throw new NamesteadError('JournalBusy', `${other} stands on the change of ${current.txid}: bump that one, which pays for both`);
  const feeRate = await feeRateOf(terms.payments, options);
  const least = rateToReplace(current, later);
  if (feeRate < least)
    throw new TypeError(`a rate of ${feeRate} satoshi per virtual byte is no bump: nodes take ${least.toFixed(2)} or more in place of ${current.txid}`);
  const inputs = await coinsSpentBy(parseTransaction(current.bytes), parties, terms, options);
  const draft = await setAside(key, [payer], terms, options, (coinsAt) => redraft(current, inputs, coinsAt, payer, feeRate, terms));
  const { bytes, txid, fee } = await signDraft(draft, [...parties.owner.signers, ...payer.signers], terms.transactions, { signal: options.signal });
  const next: Signed = { ...current, bytes, txid, fee, change: draft.change };
  await book.write(bumped(plan, next));
  await noteMade(key, next, new Map(draft.change === null ? [] : [[draft.change, key]]), terms);
  await send(next, terms, options);
  return { operation: next.operation, txid, fee, replaced: current.txid };
}

async function checkWaiting(txid: string, { transactions }: PaymentWorld, { signal }: CallOptions): Promise<void> {
  if ((await transactions.inclusion(txid, { signal })) === null) return;
  throw new NamesteadError('NotFound', `${txid} is mined already, says ${transactions.operator}: no fee is left to raise`);
}

/** The same outputs but the change; to the coins it spends, confirmed ones may come (BIP 125 takes no new waiting ones). */
function redraft(current: Signed, inputs: readonly Coin[], coinsAt: CoinsAt, payer: Account, feeRate: number, { network }: PaymentWorld): Draft {
  const { outputs } = parseTransaction(current.bytes);
  const script = lockScript(payer.lock);
  const taken = new Set(inputs.map(outpoint));
  const draft = draftPayment({
    first: inputs,
    coins: coinsAt(payer).filter((coin) => coin.height > 0 && !taken.has(outpoint(coin))),
    outputs: outputs.filter((_, at) => at !== current.change),
    // Without it the number of outputs would change, and with it what the operation means (spec a.4).
    change: { script, at: current.change ?? undefined, least: current.change === null ? undefined : 0n },
    feeRate,
    purpose: `a higher fee for ${current.operation} of ${current.name}`,
    address: fundingAddress(script, network.bitcoin),
  });
  if ((draft.change === null) === (current.change === null)) return draft;
  throw new NamesteadError('FundsTooLow', `${current.operation} of ${current.name} has no change to pay a higher fee with`);
}
