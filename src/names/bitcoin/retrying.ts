import type { Clock } from '../../lib/clock.js';
import { isNamesteadError } from '../../lib/errors.js';
import { sleep } from '../../lib/gate.js';
import { refusalOf } from '../../lib/http.js';
import { wrapped, type AnySource, type Ports } from './wrapped.js';

/** Milliseconds. */
const LONGEST = 60_000;

export interface RetryingSourceOptions {
  readonly clock: Clock;
  /** A number from 0 up to 1, so that clients that met once do not meet again: `Math.random`. */
  readonly random: () => number;
  /** How often in all. Default 4. */
  readonly attempts?: number;
  /** Milliseconds before the second attempt, at most; doubled for each further one, up to a minute. Default 500. */
  readonly delay?: number;
}

/**
 * Asks again what may be answered the next time: after a connection that failed or was late, a server that is busy (status 429 and 5xx), an answer of
 * the wrong shape. Not `broadcast`: the second attempt would meet the first.
 * @throws NamesteadError the last attempt's
 * @example
 * const bitcoin = retrying(esplora({ url }), { clock: systemClock(), random: Math.random });
 */
export function retrying<S extends AnySource>(source: S, { clock, random, attempts = 4, delay = 500 }: RetryingSourceOptions): Ports<S> {
  return wrapped([source], source.operator, async ({ method, options }, [{ ask }]) => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await ask(options);
      } catch (error) {
        if (attempt >= attempts || method === 'broadcast' || !mayPass(error)) throw error;
        await sleep(clock, Math.min(delay * 2 ** (attempt - 1), LONGEST) * (0.5 + random() / 2), options);
      }
    }
  });
}

function mayPass(error: unknown): boolean {
  const { status = 0 } = refusalOf(error) ?? {};
  return status === 429 || status >= 500 || (['HttpFailed', 'HttpTimeout', 'HttpMalformed'] as const).some((code) => isNamesteadError(error, code));
}
