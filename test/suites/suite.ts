/** One case of a vector file. `check` throws (node:assert) when the code does not do what the case expects. */
export interface Case {
  readonly title: string;
  readonly check: () => void | Promise<void>;
}

/** What a suite may ask for besides its own file: another vector file of the same folder tree, e.g. `bns-v1/chain_all_epochs.json`. */
export interface SuiteContext {
  readonly json: (path: string) => Promise<unknown>;
  readonly bytes: (path: string) => Promise<Uint8Array>;
}

/**
 * Turns one vector file into its cases. A case is each element of `cases` and of every other top-level array of tests;
 * in `bitcoin/`, each block file and each header file is one. It runs in vitest and in `npm run vectors` alike, and must not
 * depend on how many cases there are, in what order, or on any value that stands only in the known file.
 */
export type Suite = (file: Uint8Array, context: SuiteContext) => Promise<readonly Case[]> | readonly Case[];

/** The JSON of a vector file, its `cases` typed by the suite. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the suite knows its file's shape, and a wrong one fails its cases
export function parseVectors<T>(file: Uint8Array): T {
  return JSON.parse(new TextDecoder().decode(file)) as T;
}
