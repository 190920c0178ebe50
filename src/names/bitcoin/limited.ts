import { createGate, type Limits } from '../../lib/gate.js';
import { refusalOf } from '../../lib/http.js';
import { wrapped, type AnySource, type Ports } from './wrapped.js';

/**
 * Asks a source at a bounded rate. A server that says it is busy (status 429 or 503) is left alone for as long as it wishes (`Retry-After`), ten minutes
 * at the most; the call that it refused fails, and `retrying` around this one asks again when the time has come. Calls are counted: of one that
 * makes many requests (`headers` of an explorer), each is counted by `limitedHttp`.
 * @throws TypeError for limits that let nothing through
 * @example
 * const bitcoin = retrying(limited(esplora({ url }), { clock, perSecond: 5, burst: 10, concurrent: 4 }), { clock, random: Math.random });
 */
export function limited<S extends AnySource>(source: S, limits: Limits): Ports<S> {
  const gate = createGate(limits);
  return wrapped([source], source.operator, async ({ options }, [{ ask }]) =>
    gate.pass(async () => {
      try {
        return await ask(options);
      } catch (error) {
        const refusal = refusalOf(error);
        if (refusal) gate.heed(refusal);
        throw error;
      }
    }, options),
  );
}
