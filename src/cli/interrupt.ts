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
