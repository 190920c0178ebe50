import { PERIOD, retarget } from './header.js';
import type { BitcoinParams } from './network.js';

/** The blocks beneath a branch, by height. */
export interface Past {
  /** Seconds since 1970; -1 before the genesis block. */
  readonly time: (height: number) => number;
  readonly bits: (height: number) => number;
}

/** Seconds between two blocks beyond which testnets take a block at the easiest target. */
const TWENTY_MINUTES = 1200;

/**
 * What the rules demand of the bits of one block after another, the first of them at `height` + 1; each must then carry them
 * (Bitcoin Core `GetNextWorkRequired`, `CalculateNextWorkRequired`).
 */
export function createDifficulty(params: BitcoinParams, height: number, past: Past): (height: number, time: number, previousTime: number) => number {
  const { powLimitBits, noRetargeting, twentyMinuteRule, bip94 } = params;
  const start = height - (height % PERIOD);
  let periodStart = past.time(start);
  // Bitcoin walks back over blocks of the easiest target to one that has others, or to the period's first: that comes to the bits of the first.
  let first = past.bits(start);
  let last = past.bits(height);
  return (next, time, previousTime) => {
    if (next % PERIOD === 0) {
      // BIP 94: a period that ends with an easy block passes its own difficulty on, not that block's.
      last = noRetargeting ? last : retarget(bip94 ? first : last, previousTime - periodStart, powLimitBits);
      first = last;
      periodStart = time;
    } else last = twentyMinuteRule && time > previousTime + TWENTY_MINUTES ? powLimitBits : first;
    return last;
  };
}
