/** What a benchmark found. Only ratios of rates from one and the same run are kept: they travel between machines, rates do not. */
export interface BenchResult {
  readonly suite: string;
  /** Ours over theirs: above 1 is faster. */
  readonly ratios: Readonly<Record<string, number>>;
  /** What is asked for in absolute numbers, beside the ratios. */
  readonly figures?: Readonly<Record<string, number>>;
}

export interface BenchContext {
  /** Writes a line of progress. */
  readonly log: (line: string) => void;
  /** The folder `bench/`. */
  readonly folder: string;
}

/** Each file of `suites/` exports one as `run`. It is bundled before it runs, so that it measures what users run. */
export type Bench = (context: BenchContext) => Promise<BenchResult>;

/** A package of bench/package.json. It is not there when the rest of the repository is type-checked, so the suite says what it uses of it. */
export async function loadPeer<T>(name: string): Promise<T> {
  return (await import(name)) as T;
}

/** The best rate of `rounds`, in calls a second; the first call of each round is not counted. */
export async function rateOf(work: () => unknown, { rounds = 5, seconds = 0.4 } = {}): Promise<number> {
  let best = 0;
  for (let round = 0; round < rounds; round++) {
    await work();
    const start = performance.now();
    let calls = 0;
    let elapsed = 0;
    while (elapsed < seconds * 1000) {
      const result = work();
      if (result instanceof Promise) await result;
      calls++;
      elapsed = performance.now() - start;
    }
    best = Math.max(best, (calls * 1000) / elapsed);
  }
  return best;
}
