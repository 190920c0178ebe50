import type { LongCallOptions } from '../lib/clock.js';
import type { Evidence, Level } from './proof.js';
import type { NameRecord } from './record.js';

export interface LookupOptions extends LongCallOptions {
  /** Less than this is the error `LevelNotReached`, never a silent downgrade. */
  readonly level?: Level | undefined;
  /** The record as it stood after the block of this height; default the newest that can be proved. */
  readonly at?: number | undefined;
}

/** A record and how far it was proved. */
export interface Lookup {
  readonly record: NameRecord;
  readonly evidence: Evidence;
}

/**
 * Answers only what it proved, and says how. `null`: proved absent, which only a replay can; else not found is the
 * error `AbsenceNotProved`. Any other throw: cannot tell.
 */
export interface Names {
  lookup(name: string, options?: LookupOptions): Promise<Lookup | null>;
}
