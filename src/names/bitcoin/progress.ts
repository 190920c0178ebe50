import type { Progress } from '../../lib/clock.js';
import type { Receipt } from './plan.js';

/**
 * Told at every turn: `done` of `total` steps; while `confirming`, blocks; while `accepting`, heights. `receipt` comes with
 * `confirmed`: the step is mined deep enough and the indexer says the rules took it.
 */
export interface StepProgress extends Progress {
  readonly stage: 'signing' | 'sent' | 'confirming' | 'accepting' | 'confirmed' | 'reorganised' | 'publishing' | 'done';
  readonly operation: string;
  readonly txid?: string | undefined;
  readonly receipt?: Receipt | undefined;
  /** Milliseconds of this wait so far. */
  readonly waited?: number | undefined;
  /** Seconds that are left at ten minutes a block, where blocks cost work. */
  readonly about?: number | undefined;
}
