import type { EpochRules } from './epoch.js';
import type { OperationRecord } from './operationRecord.js';
import { ownedBy, type State } from './state.js';

/** What one script may own before it may get no more; BNS (b.5). */
export const MAX_NAMES_PER_SENDER = 25;
/** Consensus hashes this many blocks back still count as fresh; BNS (b.5). */
export const FRESHNESS_WINDOW = 24;

/** What every rule of one block looks at. */
export interface BlockContext {
  readonly height: number;
  /** The block before: names exist as of it. */
  readonly last: number;
  readonly epoch: EpochRules;
  /** The last 24 consensus hashes, latest first. */
  readonly fresh: readonly string[];
  /** By script: registrations of this block that count against its quota. */
  readonly registrations: Map<string, number>;
}

/** A rule answers why not, or how: `grant` changes the state and tells the record. Asking changes nothing. */
export type Verdict = { readonly refusal: string } | { readonly grant: () => OperationRecord };

export function refuse(refusal: string): Verdict {
  return { refusal };
}

/** The first demand that does not hold, as a refusal. Later ones are not evaluated. */
export function firstRefusal(...demands: readonly (() => string | false)[]): string | null {
  for (const demand of demands) {
    const refusal = demand();
    if (refusal !== false) return refusal;
  }
  return null;
}

/** The consensus hashes an operation at `height` may name, latest first, each once; BNS (b.5). */
export function freshHashes(state: State, height: number): readonly string[] {
  const hashes = Array.from({ length: FRESHNESS_WINDOW }, (_, back) => state.consensusHashes.get(height - 1 - back));
  return [...new Set(hashes)].filter((hash) => hash !== undefined);
}

/** Names a script owns as of the last block, and those registered to it in this one; BNS (b.6). */
export function isAtQuota(state: State, script: string, block: BlockContext): boolean {
  const registered = block.registrations.get(script) ?? 0;
  return ownedBy(state, script, block.last, MAX_NAMES_PER_SENDER).length + registered >= MAX_NAMES_PER_SENDER;
}
