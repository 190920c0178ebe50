export interface Interruption {
  /** Resolves at the next Ctrl-C, which from now on ends nothing by itself. */
  wait(): Promise<void>;
}

/** Ctrl-C (or SIGTERM) ends the process in order: what is to be removed at its end is removed. */
export function exitOnInterrupt(): Interruption {
  let act = (): void => process.exit(130);
  // Listening anew would lose a signal that came in between.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => act());
  return {
    wait: () =>
      new Promise((resolve) => {
        act = resolve;
      }),
  };
}

export interface Interruptible {
  /** Aborted at the first Ctrl-C. */
  readonly signal: AbortSignal;
  /** Leaves signals to whoever listens now. */
  leave(): void;
}

/** Milliseconds for work to end by itself. */
const PATIENCE = 3000;

/** The first Ctrl-C aborts a signal, so that work ends where it stands; the second, or work that does not end, ends the process with 130. */
export function interruptible(): Interruptible {
  const stop = new AbortController();
  const interrupt = (): void => {
    if (stop.signal.aborted) process.exit(130);
    stop.abort(new Error('interrupted'));
    setTimeout(() => process.exit(130), PATIENCE).unref();
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, interrupt);
  return {
    signal: stop.signal,
    leave: () => {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.removeListener(signal, interrupt);
    },
  };
}
