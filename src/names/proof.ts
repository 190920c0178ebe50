/** How far a record was proved, weakest first; `docs/trust.md` says what each level holds. */
export const levels = ['server', 'quorum', 'snv', 'history', 'filters', 'replay'] as const;

export type Level = (typeof levels)[number];

/** The block a result is true as of. */
export interface AsOf {
  readonly height: number;
  /** Display hex. */
  readonly hash: string;
  /** Seconds since 1970, from the header. */
  readonly time: number;
}

/** What was asked and shown for a record. */
export interface Evidence {
  readonly level: Level;
  readonly asOf: AsOf;
  /** The last block of the headers that were shown. A source may withhold newer ones; that this one is old, it cannot hide. */
  readonly tip: AsOf;
  /** Every consensus hash up to this height was recomputed and every later operation looked at (level `snv`). */
  readonly completeTo: number | null;
  /** Blocks on top of the operation's block, itself included. */
  readonly confirmations: number;
  /** `none` on networks where blocks cost nothing (regtest, testnets, signet). */
  readonly work: 'proved' | 'none';
  /** The sources that were asked, by name. */
  readonly operators: readonly string[];
  /** Sources that said otherwise. */
  readonly disagreed: readonly string[];
  /** What was checked, in words, in order. */
  readonly checked: readonly string[];
  /** What was not checked, in words. */
  readonly unchecked: readonly string[];
  /** Operations on the name, or by its owner, in blocks that may yet be reorganised away: txids, display hex. */
  readonly pending: readonly string[];
  /** What looks odd and proves nothing, in words; it never raises a level nor fails a lookup. */
  readonly warnings: readonly string[];
}

export function atLeast(level: Level, least: Level): boolean {
  return levels.includes(least) && levels.indexOf(level) >= levels.indexOf(least);
}
