import { NamesteadError } from './errors.js';

/** The time of day and waiting for it. `now` answers milliseconds since 1970; `sleep` rejects with the signal's reason when aborted. */
export interface Clock {
  now(): number;
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Every call that may wait takes these. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

/** What long work tells while it runs: `done` of `total` in `unit`s, at `stage`. */
export interface Progress {
  readonly stage: string;
  readonly done: number;
  readonly total?: number;
  readonly unit?: string;
}

/** As {@link CallOptions}, for calls that may take long: `onProgress` is told as they go. */
export interface LongCallOptions extends CallOptions {
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** Stops work that its caller has cancelled. @throws NamesteadError `Aborted` */
export function throwIfAborted(signal: AbortSignal | undefined, what: string): void {
  if (signal?.aborted) throw new NamesteadError('Aborted', `${what} was cancelled`, { cause: signal.reason });
}

/** Settles as the promise does, or as soon as the caller gives up; what was under way goes on. @throws NamesteadError `Aborted` */
export async function orAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined, what: string): Promise<T> {
  const done = new AbortController();
  const given = new Promise<never>((_, reject) => {
    const stop = (): void => reject(new NamesteadError('Aborted', `${what} was cancelled`, { cause: signal?.reason }));
    if (signal?.aborted) stop();
    else signal?.addEventListener('abort', stop, { signal: done.signal });
  });
  return Promise.race([promise, given]).finally(() => done.abort());
}
