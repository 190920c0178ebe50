import type { CallOptions } from '../lib/clock.js';

/**
 * Brings a request to the user's wallet and its answers to `finish`; what `finish` makes of the first it accepts is the result.
 * What comes in is asked for, never believed: anybody may send an answer.
 *
 * @throws NamesteadError `SignInRejected` when the user turned away, `Aborted`
 */
export type Channel = <T>(request: string, finish: (response: string) => Promise<T>, options?: CallOptions) => Promise<T>;
