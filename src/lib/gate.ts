import { orAborted, throwIfAborted, type CallOptions, type Clock } from './clock.js';
import type { Http, HttpRefusal } from './http.js';

/** What a busy server may ask for at the most, in milliseconds. */
const LONGEST_PAUSE = 600_000;
/** For one that names no time. */
const SHORT_PAUSE = 1000;

export interface Limits {
  readonly clock: Clock;
  /** Calls a second, in the long run. */
  readonly perSecond: number;
  /** Calls at once after a rest. Default 1: evenly spaced. */
  readonly burst?: number;
  /** Calls under way at a time. Default as many as there are. */
  readonly concurrent?: number;
}

/** Lets calls through at a bounded rate, in the order they came. */
export interface Gate {
  pass<T>(work: () => Promise<T>, options: CallOptions | undefined): Promise<T>;
  /** Lets nobody through for as long as a server that is busy wished (status 429 or 503); of other answers it takes no notice. */
  heed(refusal: HttpRefusal): void;
}

/** @throws TypeError for limits that let nothing through */
export function createGate({ clock, perSecond, burst = 1, concurrent = Infinity }: Limits): Gate {
  if (!(perSecond > 0 && burst >= 1 && concurrent >= 1)) throw new TypeError('limits are above 0 calls a second, and 1 or more at once and at a time');
  const interval = 1000 / perSecond;
  let due = 0;
  let closedUntil = 0;
  let free = concurrent;
  const waiting: (() => void)[] = [];
  const enter = async (options: CallOptions | undefined): Promise<void> => {
    if (free > 0) {
      free--;
      return;
    }
    let mine = (): void => undefined;
    const turn = new Promise<void>((resolve) => (mine = resolve));
    waiting.push(mine);
    try {
      await orAborted(turn, options?.signal, 'waiting for a turn');
    } catch (error) {
      const at = waiting.indexOf(mine);
      // A turn that came as the caller left is the next one's.
      if (at >= 0) waiting.splice(at, 1);
      else leave();
      throw error;
    }
  };
  const leave = (): void => {
    const next = waiting.shift();
    if (next) next();
    else free++;
  };
  const inRate = async (options: CallOptions | undefined): Promise<void> => {
    due = Math.max(due, clock.now() - burst * interval) + interval;
    const start = due;
    for (let wait = Infinity; wait > 0;) {
      wait = Math.max(start, closedUntil) - clock.now();
      if (wait > 0) await sleep(clock, wait, options);
    }
  };
  return {
    pass: async (work, options) => {
      throwIfAborted(options?.signal, 'waiting for a turn');
      await enter(options);
      try {
        await inRate(options);
        return await work();
      } finally {
        leave();
      }
    },
    heed: ({ status, retryAfter }) => {
      if (status !== 429 && status !== 503) return;
      const wished = retryAfter === null ? SHORT_PAUSE : /^\d+$/.test(retryAfter) ? 1000 * Number(retryAfter) : Date.parse(retryAfter) - clock.now();
      closedUntil = Math.max(closedUntil, clock.now() + Math.min(wished || SHORT_PAUSE, LONGEST_PAUSE));
    },
  };
}

/** As {@link Clock.sleep}. @throws NamesteadError `Aborted` */
export async function sleep(clock: Clock, ms: number, options: CallOptions | undefined): Promise<void> {
  try {
    await clock.sleep(ms, options?.signal);
  } catch (error) {
    throwIfAborted(options?.signal, 'waiting');
    throw error;
  }
}

/**
 * Every request at a bounded rate: what explorers and their rate limits count. A server that says it is busy is left alone for as long as it wishes, ten
 * minutes at the most; its answer is handed on. One for each server: of several that share it, one could keep the others waiting.
 * @throws TypeError for limits that let nothing through
 * @example
 * const bitcoin = esplora({ url, http: limitedHttp(http(), { clock: systemClock(), perSecond: 5, burst: 10, concurrent: 4 }) });
 */
export function limitedHttp(http: Http, limits: Limits): Http {
  const gate = createGate(limits);
  return async (url, request) => {
    const answer = await gate.pass(() => http(url, request), request);
    gate.heed({ status: answer.status, retryAfter: answer.headers.get('retry-after') });
    return answer;
  };
}
