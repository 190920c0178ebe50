import { isNamesteadError, NamesteadError } from '../../lib/errors.js';
import { wrapped, type AnySource, type Ports } from './wrapped.js';

/**
 * Asks one source after the other until one answers: the next when one fails or says absent. Null only when all say so; what
 * the others said absent and one could not tell is an error, and so is a transaction that a node refused.
 * @throws NamesteadError as the last that failed, which is its cause
 * @throws TypeError without a source
 * @example
 * const bitcoin = fallback([esplora({ url: near }), esplora({ url: far })]);
 */
export function fallback<S extends AnySource>(sources: readonly S[]): Ports<S> {
  if (sources.length === 0) throw new TypeError('there is nothing to fall back to: no source was given');
  const operator = sources.map((source) => source.operator).join(', else ');
  return wrapped(sources, operator, async ({ method, options }, asked) => {
    const failed: NamesteadError[] = [];
    for (const { ask } of asked) {
      try {
        const answer = await ask(options);
        if (answer !== null) return answer;
      } catch (error) {
        if (!isNamesteadError(error) || isNamesteadError(error, 'BroadcastRejected') || options?.signal?.aborted) throw error;
        failed.push(error);
      }
    }
    const last = failed.at(-1);
    if (last) throw new NamesteadError(last.code, `${method}: none of ${asked.length} sources could tell; the last error: ${last.message}`, { cause: last });
    return null;
  });
}
