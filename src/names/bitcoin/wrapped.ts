import type { CallOptions } from '../../lib/clock.js';
import type { BlockSource, FilterSource, HeaderProofSource, HeaderSource, HistorySource, Indexer, PaymentSource, TransactionSource } from './source.js';

/** Every method of every source, with the number of its arguments before the options. */
const METHODS = {
  headers: 2,
  transaction: 1,
  inclusion: 1,
  block: 1,
  filterHeaders: 1,
  filters: 1,
  history: 1,
  headerProof: 2,
  unspent: 1,
  feeRate: 0,
  broadcast: 1,
  tip: 0,
  consensusHashes: 1,
  operationsHashes: 1,
  operations: 1,
  nameRecord: 1,
  namespaceRecord: 1,
} as const satisfies Readonly<
  Record<
    Exclude<keyof (HeaderSource & TransactionSource & BlockSource & FilterSource & HistorySource & HeaderProofSource & PaymentSource & Indexer), 'operator'>,
    number
  >
>;
export type SourceMethod = keyof typeof METHODS;

/** Any source: what else it has than the ports' methods (a `close`) stays with it. */
export interface AnySource {
  readonly operator: string;
}

/** The ports of a source, and nothing else. */
export type Ports<S extends AnySource> = Pick<S, Extract<keyof S, SourceMethod | 'operator'>>;

export interface SourceCall {
  readonly method: SourceMethod;
  readonly args: readonly unknown[];
  readonly options: CallOptions | undefined;
}

/** One of the sources behind a wrapper, to be asked the call at hand. */
export interface Asked {
  readonly operator: string;
  readonly ask: (options: CallOptions | undefined) => Promise<unknown>;
}

type Method = (...args: unknown[]) => Promise<unknown>;

/**
 * An object of the ports that all of `sources` have, each of whose calls `around` answers by asking them.
 * What it answers is of the method's own type: it comes from one of them.
 */
export function wrapped<S extends AnySource>(
  sources: readonly S[],
  operator: string,
  around: (call: SourceCall, asked: readonly [Asked, ...Asked[]]) => Promise<unknown>,
): Ports<S> {
  const made: Record<string, unknown> = { operator };
  for (const [method, count] of Object.entries(METHODS) as [SourceMethod, number][]) {
    const methods = sources.map((source) => [source, (source as Partial<Record<SourceMethod, unknown>>)[method]] as const);
    if (!methods.every((pair): pair is readonly [S, Method] => typeof pair[1] === 'function')) continue;
    made[method] = async (...given: unknown[]): Promise<unknown> => {
      const args = given.slice(0, count);
      const [first, ...others] = methods.map(([source, ask]): Asked => ({ operator: source.operator, ask: (options) => ask.call(source, ...args, options) }));
      if (!first) throw new TypeError('there is no source to ask');
      return around({ method, args, options: given[count] as CallOptions | undefined }, [first, ...others]);
    };
  }
  return made as unknown as Ports<S>;
}
