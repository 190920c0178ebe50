import { equal } from '../../lib/bytes.js';
import type { CallOptions } from '../../lib/clock.js';
import { NamesteadError } from '../../lib/errors.js';
import { fundingAddress, lockScript, type Account } from './account.js';
import type { Recipe } from './builder.js';
import { coinsOf, draftPayment, MAX_FEE_RATE, outpoint, virtualSize, type Coin, type Draft } from './coin.js';
import type { Network } from './network.js';
import type { CoinsAt } from './purse.js';
import { preparePayment, signDraft, type Payment } from './payment.js';
import type { PaymentSource, TransactionSource, Unspent } from './source.js';

/** Who pays, and whose name it is where another key owns it. Signers only; a private key never comes this far. */
export interface Parties {
  readonly payer: Account;
  readonly owner: Account;
}

/** What paying asks; none of it is believed. */
export interface PaymentWorld {
  readonly network: Network;
  readonly transactions: TransactionSource;
  readonly payments: PaymentSource;
}

export interface PayOptions extends CallOptions {
  /** Satoshi per virtual byte; default the payment source's word. */
  readonly feeRate?: number | undefined;
  /** The highest rate taken from the source; default 1000, which no rate may exceed. */
  readonly maxFeeRate?: number | undefined;
  /** Satoshi that the change must hold for the steps that follow. */
  readonly reserve?: bigint | undefined;
}

/** What a payment is drawn up with. */
export interface DraftTerms {
  readonly network: Network;
  readonly feeRate: number;
  /** Satoshi that the change must hold for the steps that follow. */
  readonly reserve?: bigint | undefined;
  /**
   * The output that input 0 must spend: `always`, so that this transaction and an earlier one exclude each other; else where it
   * is still there, so that this one cannot be mined without the one before.
   */
  readonly spends?: (Pick<Unspent, 'txid' | 'vout'> & { readonly always: boolean }) | undefined;
}

/**
 * Chooses coins for a recipe, checks them and has them signed.
 * @throws NamesteadError `InputForbidden`, `FundsTooLow`, `FeeTooHigh`, `TransactionMismatch`, `TransactionMissing`, `SignatureMissing`, `BroadcastRejected`
 */
export async function pay(recipe: Recipe, parties: Parties, world: PaymentWorld, options: PayOptions = {}): Promise<Payment> {
  checkSenders(recipe, parties);
  const draft = draftRecipe(recipe, parties, await listCoins(parties, world, options), await termsOf(world, options));
  return signDraft(draft, [...parties.owner.signers, ...parties.payer.signers], world.transactions, { signal: options.signal });
}

/** As {@link pay}, but answers the unsigned PSBT: for hardware wallets, and for multisig accounts whose keys lie apart. */
export async function proposePayment(recipe: Recipe, parties: Parties, world: PaymentWorld, options: PayOptions = {}): Promise<Uint8Array> {
  checkSenders(recipe, parties);
  const draft = draftRecipe(recipe, parties, await listCoins(parties, world, options), await termsOf(world, options));
  return preparePayment(draft, world.transactions, { signal: options.signal });
}

/** The source's fee rate, or the caller's. @throws NamesteadError `FeeTooHigh` */
export async function feeRateOf(payments: PaymentSource, { feeRate, maxFeeRate = MAX_FEE_RATE, signal }: PayOptions): Promise<number> {
  const rate = feeRate ?? (await payments.feeRate({ signal }));
  if (!(rate <= maxFeeRate))
    throw new NamesteadError(
      'FeeTooHigh',
      `${payments.operator} asks for ${rate} satoshi per virtual byte, above the ${maxFeeRate} allowed: wait, ask another source, or give feeRate`,
    );
  return rate;
}

/** Satoshi that a later transaction of this payer takes at the most, should fees double until then. */
export function reserveFor(outputs: bigint, payer: Account, feeRate: number): bigint {
  const coin: Coin = { txid: '', vout: 0, value: 0n, height: 1, lock: payer.lock };
  const output = { value: 0n, script: new Uint8Array(83) };
  return outputs + BigInt(Math.ceil(2 * Math.max(1, feeRate) * virtualSize([coin, coin], [output, output, output])));
}

async function termsOf({ network, payments }: PaymentWorld, options: PayOptions): Promise<DraftTerms> {
  return { network, feeRate: await feeRateOf(payments, options), reserve: options.reserve };
}

async function listCoins({ payer, owner }: Parties, { payments }: PaymentWorld, { signal }: PayOptions): Promise<CoinsAt> {
  const of = async (account: Account): Promise<readonly Coin[]> => coinsOf(account.lock, await payments.unspent(lockScript(account.lock), { signal }));
  const paying = await of(payer);
  const owned = equal(lockScript(payer.lock), lockScript(owner.lock)) ? paying : await of(owner);
  return (account) => (equal(lockScript(account.lock), lockScript(payer.lock)) ? paying : owned);
}

/** Chooses among coins and places the change: pure. @throws NamesteadError as {@link pay} does before it signs */
export function draftRecipe(recipe: Recipe, { payer, owner }: Parties, coinsAt: CoinsAt, terms: DraftTerms): Draft {
  const { reserve = 0n, feeRate, network, spends } = terms;
  const script = lockScript(payer.lock);
  const sender = lockScript(owner.lock);
  const apart = recipe.sender === 'owner' && !equal(script, sender);
  const coins = coinsAt(payer);
  const first = firstCoin(apart ? coinsAt(owner) : coins, apart, spends, purposeOf(recipe), fundingAddress(apart ? sender : script, network.bitcoin));
  // The owner's coin comes back whole: it is there to sign with, not to pay with.
  const outputs = apart && first ? recipe.outputs.toSpliced(recipe.back, 0, { value: first.value, script: sender }) : recipe.outputs;
  const least = recipe.backRequired && !apart ? max(recipe.least, reserve) : reserve > 0n ? reserve : undefined;
  return draftPayment({
    first: first ? [first] : [],
    coins,
    outputs,
    change: { script, at: apart ? undefined : recipe.back, least },
    feeRate,
    purpose: purposeOf(recipe),
    address: fundingAddress(script, network.bitcoin),
  });
}

/** Input 0 shows the sender (spec a.4). Where owner and payer differ it is the owner's smallest coin that is no dust. */
function firstCoin(coins: readonly Coin[], apart: boolean, spends: DraftTerms['spends'], purpose: string, address: string): Coin | null {
  const again = spends && coins.find((coin) => outpoint(coin) === outpoint(spends));
  if (again) return again;
  if (spends?.always)
    throw new NamesteadError(
      'BroadcastRejected',
      `${purpose} was refused before, and its coin ${outpoint(spends)} is no longer there: if another transaction spent it, give a history source that proves it, or remove the journal entry and start again`,
    );
  if (!apart) return null;
  const smallest = coins.filter((coin) => coin.value >= 600n).sort((a, b) => Number(a.value - b.value))[0];
  if (smallest) return smallest;
  throw new NamesteadError('FundsTooLow', `${purpose} must spend a coin of the owner, who has none confirmed at ${address}: send 5500 satoshi or more to it`);
}

/** Every input must be p2pkh or p2sh, else the whole transaction is void (spec a.4); some operations take p2pkh alone (b.5). */
export function checkSenders(recipe: Recipe, parties: Parties): void {
  const used = recipe.sender === 'owner' ? [parties.owner, parties.payer] : [parties.payer];
  for (const { lock } of used) {
    if (lock.kind === 'p2wpkh')
      throw new NamesteadError('InputForbidden', `a native segwit (p2wpkh) input makes ${purposeOf(recipe)} void: pay from a p2pkh or p2sh address`);
  }
  if (recipe.plainSender && used[0]?.lock.kind !== 'p2pkh')
    throw new NamesteadError('InputForbidden', `${purposeOf(recipe)} counts only from a p2pkh address: pay from one`);
}

export function purposeOf(recipe: Recipe): string {
  return `${recipe.opcode} of ${recipe.name}`;
}

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
