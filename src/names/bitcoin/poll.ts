import { throwIfAborted, type CallOptions, type Clock } from '../../lib/clock.js';
import { isNamesteadError } from '../../lib/errors.js';

const WAITING = 'waiting for confirmations (the journal holds the plan: call again to go on)';

/** Asks until there is an answer, ever more slowly; a server that cannot be reached is asked again, ten times in a row at the most. */
export async function poll<T>({ clock }: { readonly clock: Clock }, { signal }: CallOptions, ask: (waited: number) => Promise<T | null>): Promise<T> {
  let failures = 0;
  const since = clock.now();
  for (let pause = 50; ; pause = Math.min(1.5 * pause, 15_000)) {
    throwIfAborted(signal, WAITING);
    try {
      const answer = await ask(clock.now() - since);
      if (answer !== null) return answer;
      failures = 0;
    } catch (error) {
      if (!isPassing(error) || ++failures > 10) throw error;
    }
    await clock.sleep(pause, signal).catch(() => throwIfAborted(signal, WAITING));
  }
}

function isPassing(error: unknown): boolean {
  return isNamesteadError(error, 'HttpFailed') || isNamesteadError(error, 'HttpTimeout') || isNamesteadError(error, 'HttpStatus');
}
