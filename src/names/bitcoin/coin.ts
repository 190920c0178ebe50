import { NamesteadError } from '../../lib/errors.js';
import { redeemScript, type Lock } from './account.js';
import type { Unspent } from './source.js';
import { compactSize, type Output } from './transaction.js';

/** An output that somebody can spend, and how. */
export interface Coin extends Unspent {
  readonly lock: Lock;
}

/** A transaction before its signatures. The inputs are worth exactly the outputs and the fee. */
export interface Draft {
  readonly inputs: readonly Coin[];
  readonly outputs: readonly Output[];
  /** Satoshi. */
  readonly fee: bigint;
  /** Where among the outputs the change stands; null: there is none. */
  readonly change: number | null;
}

export interface DraftRequest {
  /** Spent in this order before all others: input 0 names the sender of a BNS operation. */
  readonly first?: readonly Coin[];
  /** To choose from; worth nothing where spending costs more than it brings. */
  readonly coins: readonly Coin[];
  readonly outputs: readonly Output[];
  readonly change: {
    readonly script: Uint8Array;
    /** The index it must have; by default it comes last, and only when it is no dust. */
    readonly at?: number | undefined;
    /** Satoshi it must hold at the least; with this it is never left out. */
    readonly least?: bigint | undefined;
  };
  /** Satoshi per virtual byte; below 1 counts as 1. */
  readonly feeRate: number;
  /** What is paid, and from which address: words for the error. */
  readonly purpose?: string;
  readonly address?: string;
}

/** Satoshi per virtual byte beyond which nobody pays on purpose. */
export const MAX_FEE_RATE = 1000;
const MAX_INPUTS = 200;

/**
 * Chooses coins, largest first, and places the change. Pure; what is left below the dust limit goes to the fee.
 * @throws NamesteadError `FundsTooLow` (with what is needed, what is there, and where to send more), `FeeTooHigh`, `OutputDust`
 */
export function draftPayment(request: DraftRequest): Draft {
  const { first = [], outputs, change } = request;
  const rate = checkedRate(request.feeRate);
  for (const output of outputs) refuseDust(output);
  const least = change.least === undefined ? null : change.least > dustLimit(change.script) ? change.least : dustLimit(change.script);
  const paid = sum(outputs.map((output) => output.value));
  const withChange = [...outputs, { script: change.script, value: 0n }];
  const feeOf = (inputs: readonly Coin[], to: readonly Output[]): bigint => BigInt(Math.ceil(virtualSize(inputs, to) * rate));
  const needed = (inputs: readonly Coin[]): bigint => paid + (least === null ? feeOf(inputs, outputs) : least + feeOf(inputs, withChange));

  const inputs = [...first];
  for (const coin of worthwhile(request.coins, first, rate)) {
    if (inputs.length > 0 && total(inputs) >= needed(inputs)) break;
    inputs.push(coin);
  }
  if (inputs.length === 0 || total(inputs) < needed(inputs)) throw tooLow(request, needed(inputs), total(inputs));
  if (inputs.length > MAX_INPUTS)
    throw new NamesteadError('FundsTooLow', `more than ${MAX_INPUTS} coins would be needed${forPurpose(request)}: gather them into one first`);

  const rest = total(inputs) - paid - feeOf(inputs, withChange);
  if (least === null && rest < dustLimit(change.script)) return { inputs, outputs, fee: total(inputs) - paid, change: null };
  const at = Math.min(change.at ?? outputs.length, outputs.length);
  const placed = [...outputs.slice(0, at), { script: change.script, value: rest }, ...outputs.slice(at)];
  return { inputs, outputs: placed, fee: total(inputs) - paid - rest, change: at };
}

/** Satoshi below which nodes do not relay an output, at their usual 3 satoshi per virtual byte (Bitcoin Core policy.cpp). */
export function dustLimit(script: Uint8Array): bigint {
  if (script[0] === 0x6a) return 0n;
  const witness =
    script.length >= 4 && script.length <= 42 && (script[0] === 0 || ((script[0] ?? 0) >= 0x51 && (script[0] ?? 0) <= 0x60)) && script[1] === script.length - 2;
  return BigInt(3 * (8 + 1 + script.length + (witness ? 67 : 148)));
}

/** Virtual bytes of the signed transaction at the most: signatures count 72 bytes, as low S makes them. */
export function virtualSize(inputs: readonly Coin[], outputs: readonly Output[]): number {
  const segwit = inputs.some((coin) => coin.lock.kind.endsWith('p2wpkh'));
  const base =
    8 +
    compactSize(inputs.length).length +
    compactSize(outputs.length).length +
    outputs.reduce((size, { script }) => size + 8 + compactSize(script.length).length + script.length, 0);
  const weight = inputs.reduce((size, { lock }) => size + inputWeight(lock) + (segwit && !lock.kind.endsWith('p2wpkh') ? 1 : 0), 4 * base + (segwit ? 2 : 0));
  return Math.ceil(weight / 4);
}

const SIGNATURE = 73;
const WITNESS = 1 + SIGNATURE + 34;

function inputWeight(lock: Lock): number {
  const scripts = (size: number): number => 4 * (40 + compactSize(size).length + size);
  switch (lock.kind) {
    case 'p2pkh':
      return scripts(SIGNATURE + 34);
    case 'p2sh-p2wpkh':
      return scripts(23) + WITNESS;
    case 'p2wpkh':
      return scripts(0) + WITNESS;
    case 'p2sh-multisig': {
      const redeem = redeemScript(lock)?.length ?? 0;
      return scripts(1 + lock.required * SIGNATURE + (redeem > 255 ? 3 : redeem > 75 ? 2 : 1) + redeem);
    }
  }
}

/** Largest first, without what is spent already and what costs more than it brings. */
function worthwhile(coins: readonly Coin[], first: readonly Coin[], rate: number): Coin[] {
  const taken = new Set(first.map(outpoint));
  const listed = new Map(coins.map((coin) => [outpoint(coin), coin]));
  return [...listed.values()]
    .filter((coin) => !taken.has(outpoint(coin)) && Number(coin.value) > (inputWeight(coin.lock) / 4) * rate)
    .sort((a, b) => (a.value === b.value ? (outpoint(a) < outpoint(b) ? -1 : 1) : a.value > b.value ? -1 : 1));
}

export function outpoint(coin: Pick<Unspent, 'txid' | 'vout'>): string {
  return `${coin.txid}:${coin.vout}`;
}

function checkedRate(rate: number): number {
  if (!(rate <= MAX_FEE_RATE))
    throw new NamesteadError(
      'FeeTooHigh',
      `a fee rate of ${rate} satoshi per virtual byte is above ${MAX_FEE_RATE}: ask another source, or give feeRate yourself`,
    );
  return Math.max(1, rate);
}

function refuseDust({ script, value }: Output): void {
  if (value < dustLimit(script)) throw new NamesteadError('OutputDust', `an output of ${value} satoshi is below the ${dustLimit(script)} that nodes relay`);
}

/** What is missing includes the fee of spending the coin that brings it. */
function tooLow(request: DraftRequest, needed: bigint, there: bigint): NamesteadError {
  const missing = needed - there + BigInt(Math.ceil(148 * Math.max(1, request.feeRate)));
  const where = request.address === undefined ? '' : ` at ${request.address}: send ${missing} or more to it`;
  const kept = request.change.least ?? 0n;
  const back = kept > dustLimit(request.change.script) ? ` (${kept} of them stay yours, as change for what follows)` : '';
  return new NamesteadError('FundsTooLow', `${needed} satoshi are needed${forPurpose(request)}${back} and ${there} confirmed are there${where}`);
}

function forPurpose({ purpose }: DraftRequest): string {
  return purpose === undefined ? '' : ` for ${purpose}`;
}

function total(coins: readonly Coin[]): bigint {
  return sum(coins.map((coin) => coin.value));
}

function sum(values: readonly bigint[]): bigint {
  return values.reduce((a, b) => a + b, 0n);
}

/** The coins of an account out of what a source lists. Unconfirmed ones may vanish and are left out. */
export function coinsOf(lock: Lock, unspent: readonly Unspent[]): Coin[] {
  return unspent.filter((output) => output.height > 0).map((output) => ({ ...output, lock }));
}
