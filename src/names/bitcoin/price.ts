import type { EpochRules } from './epoch.js';
import type { NamespaceTerms } from './operation.js';

/** The p2pkh address of twenty zero bytes, which is nobody's: names and namespaces are paid for by sending there; BNS (a.4). */
export const BURN_ADDRESS = '1111111111111111111114oLvT2';

/** Terms that set the price of names; BNS (b.3). */
export type PriceTerms = Pick<NamespaceTerms, 'coeff' | 'base' | 'buckets' | 'nonalphaDiscount' | 'noVowelDiscount' | 'version'>;

/** Micro-STACKS per 15 satoshi: the rate at which a bitcoin price may be paid in STACKS; BNS (b.3). */
const MICROSTACKS_PER_15_SATOSHI = 650n;

/**
 * What a label costs for one lifetime, in the namespace's own unit: satoshi, or micro-STACKS in a namespace of version 3; BNS (b.3).
 * Epochs 1 to 3 reckon in doubles, and a fee is enough when it is at least that double: 46 does not pay 46.67. From epoch 4 on
 * prices are whole.
 * @example namePrice('alice', terms, epochAt(mainnet, 600000)) // 10000n in .id
 */
export function namePrice(label: string, terms: PriceTerms, epoch: EpochRules): number | bigint {
  const bucket = terms.buckets[Math.min(label.length, 16) - 1] ?? 0;
  const base = BigInt(terms.coeff) * BigInt(terms.base) ** BigInt(bucket);
  const [discount, unit] = [discountOf(label, terms), terms.version === 3 ? 1733 : 100];
  return epoch.tokens ? wholePrice(base, discount, unit, terms.version === 3 ? 1n : 10n) : doublePrice(base, discount, unit, epoch.number === 3 ? 0.1 : 1);
}

/** The order of these operations is consensus: each rounds. */
function doublePrice(base: bigint, discount: number, unit: number, factor: number): number {
  return Math.max((Number(base) / discount) * unit, unit) * factor;
}

function wholePrice(base: bigint, discount: number, unit: number, divisor: bigint): bigint {
  const price = (base * BigInt(unit)) / BigInt(discount);
  return (price > BigInt(unit) ? price : BigInt(unit)) / divisor;
}

function discountOf(label: string, terms: PriceTerms): number {
  const noVowel = /[aeiouy]/.test(label) ? 1 : terms.noVowelDiscount;
  const nonalpha = /[0-9_-]/.test(label) ? terms.nonalphaDiscount : 1;
  return Math.max(noVowel, nonalpha, 1);
}

/** What a label costs in micro-STACKS where STACKS are taken, from epoch 4 on; BNS (b.3). */
export function namePriceInStacks(label: string, terms: PriceTerms, epoch: EpochRules): bigint {
  const exact = namePrice(label, terms, epoch);
  const price = typeof exact === 'bigint' ? exact : BigInt(Math.trunc(exact));
  return terms.version === 3 ? price : (price * MICROSTACKS_PER_15_SATOSHI) / 15n;
}

/** Satoshi for namespace ids of 1, 2-3, 4-7 and 8-19 characters in epochs 1 and 2; BNS (b.2). */
const bitcoinPrices = [40_000_000_000, 4_000_000_000, 400_000_000, 40_000_000] as const;
const stacksPrices = [640_000_000_000n, 64_000_000_000n, 6_400_000_000n, 640_000_000n] as const;

/**
 * What a namespace costs: satoshi (a double) up to epoch 3, micro-STACKS (whole) from epoch 4 on. Null where that unit is not taken
 * or the id has a length no id has; BNS (b.2).
 */
export function namespacePrice(id: string, units: 'BTC' | 'STACKS', epoch: EpochRules): number | bigint | null {
  const tier = tierOf(id.length);
  if (tier === null || (units === 'STACKS') !== epoch.tokens) return null;
  return units === 'STACKS' ? stacksPrices[tier] : bitcoinPrices[tier] * (epoch.number === 3 ? 0.1 : 1);
}

function tierOf(length: number): 0 | 1 | 2 | 3 | null {
  if (length < 1 || length > 19) return null;
  if (length === 1) return 0;
  if (length <= 3) return 1;
  return length <= 7 ? 2 : 3;
}
