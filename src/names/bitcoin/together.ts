import type { CallOptions, Clock } from '../../lib/clock.js';
import type { HeaderSource, Indexer, PaymentSource } from './source.js';

interface Asked {
  readonly headers: HeaderSource;
  readonly indexer: Indexer;
  readonly payments: PaymentSource;
  readonly clock: Clock;
}

/** Milliseconds for which plans that run together share one answer. */
const SHARED_MS = 400;
const MOST_KEPT = 200;

/** What many plans ask alike at the same time is asked once: headers, what the indexer processed, fee rates. Coins are not shared, since each plan takes some. */
export function together<W extends Asked>(world: W, options: CallOptions): W {
  const { clock, headers, indexer, payments } = world;
  const kept = new Map<string, { readonly at: number; readonly answer: Promise<unknown> }>();
  const share = <T>(key: string, ask: () => Promise<T>): Promise<T> => {
    const known = kept.get(key);
    if (known && clock.now() - known.at < SHARED_MS) return known.answer as Promise<T>;
    const answer = ask();
    kept.delete(key);
    kept.set(key, { at: clock.now(), answer });
    for (const oldest of kept.keys()) if (kept.size > MOST_KEPT) kept.delete(oldest);
    // A failure is told to those who wait, not to those who come after.
    answer.catch(() => kept.delete(key));
    return answer;
  };
  return {
    ...world,
    headers: { ...headers, headers: (from: number, count: number) => share(`headers ${from} ${count}`, () => headers.headers(from, count, options)) },
    indexer: {
      ...indexer,
      tip: () => share('tip', () => indexer.tip(options)),
      consensusHashes: (heights: readonly number[]) => share(`consensus ${heights.join()}`, () => indexer.consensusHashes(heights, options)),
      operations: (height: number) => share(`operations ${height}`, () => indexer.operations(height, options)),
      namespaceRecord: (id: string) => share(`namespace ${id}`, () => indexer.namespaceRecord(id, options)),
    },
    payments: { ...payments, feeRate: () => share('rate', () => payments.feeRate(options)) },
  };
}
