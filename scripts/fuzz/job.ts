/** What a worker is asked to do. */
export interface Job {
  readonly parser: string;
  readonly seconds: number;
  readonly seed: number;
  /** False: changes to the samples alone, for comparison. */
  readonly guided: boolean;
  /** Without samples, words and the corpus: to see what guidance alone finds. */
  readonly bare: boolean;
  /** Four numbers (count of inputs, length of the last, whether it is under way), then its bytes. */
  readonly bench: SharedArrayBuffer;
}

export interface Crash {
  readonly law: string;
  /** Under the root of the repository. */
  readonly path: string;
}

export interface Report {
  readonly parser: string;
  readonly executions: number;
  readonly perSecond: number;
  /** Of our sources, reached by all inputs so far. */
  readonly blocks: number;
  /** Those that neither samples nor the corpus of earlier runs reached. */
  readonly fresh: number;
  readonly known: number;
  readonly corpus: number;
  readonly crashes: readonly Crash[];
}

export type Progress =
  | { readonly kind: 'begun'; readonly blocks: number; readonly corpus: number; readonly useful: number }
  | { readonly kind: 'going'; readonly executions: number; readonly blocks: number; readonly corpus: number }
  | { readonly kind: 'crash'; readonly law: string; readonly path: string; readonly message: string }
  | { readonly kind: 'done'; readonly report: Report };
