import type { CallOptions, Clock } from '../../lib/clock.js';
import type { Journal } from '../journal.js';
import type { Book } from './book.js';
import type { Recipe } from './builder.js';
import type { Parties, PaymentWorld, PayOptions } from './pay.js';
import type { Plan, Receipt } from './plan.js';
import type { StepProgress } from './progress.js';
import type { HeaderSource, HistorySource, Indexer } from './source.js';

/** What a plan asks while it runs, and where it writes itself down. */
export interface PlanWorld extends PaymentWorld {
  readonly headers: HeaderSource;
  readonly indexer: Indexer;
  /** Tells what spent a coin that is gone, so that a plan can go on without help; what it tells is checked by proofs of inclusion. */
  readonly history?: HistorySource | undefined;
  readonly journal: Journal;
  readonly clock: Clock;
}

export interface RunOptions extends Pick<PayOptions, 'feeRate' | 'maxFeeRate'>, CallOptions {
  readonly onProgress?: ((progress: StepProgress) => void) | undefined;
}

/** One transaction of a plan: drawn up when its turn comes, with what the world says then. */
export interface Step {
  readonly opcode: string;
  /** Satoshi of its outputs, which the steps before it must leave over. */
  readonly outputs: bigint;
  readonly draw: (receipts: readonly Receipt[]) => Promise<Recipe>;
  /** For which plans its outputs are kept, by their place; the change is kept for this one while steps follow. */
  readonly holds?: ReadonlyMap<number, string> | undefined;
  /** False: no operation of BNS, so there are no rules to take it. */
  readonly judged?: boolean | undefined;
  /** After the rules refused it: whether the same may be tried again for nothing but its fee. */
  readonly again?: ((receipts: readonly Receipt[]) => Promise<boolean>) | undefined;
}

export interface Script {
  /** The journal's key. */
  readonly key: string;
  readonly terms: Plan['terms'];
  readonly steps: readonly Step[];
  /** After the last step; must be safe to repeat. */
  readonly finish: () => Promise<void>;
}

/** What every part of a run needs. */
export interface Run {
  readonly script: Script;
  readonly parties: Parties;
  readonly world: PlanWorld;
  readonly options: RunOptions;
  readonly book: Book;
}
