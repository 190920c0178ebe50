import type { Progress } from '../lib/clock.js';
import { printable } from '../lib/errors.js';
import type { Terminal } from './transcript.js';

/** Tells people on stderr how it goes; stdout holds answers only. */
export interface Teller {
  /** What is going on now: a bar on a terminal, nothing else where. */
  progress(now: Progress, what?: string): void;
  /** What just happened: a line. */
  say(line: string): void;
  /** Takes the bar away. */
  clear(): void;
}

const CLEAR = '\r\x1b[2K';
const BAR = 24;
/** Milliseconds between two looks of the bar. */
const PACE = 60;

export function teller({ err }: Terminal, quiet = false): Teller {
  const live = err.isTTY === true && !quiet;
  let shown = false;
  let stage = '';
  let last = 0;
  const clear = (): void => {
    if (shown) err.write(CLEAR);
    shown = false;
  };
  return {
    clear,
    progress: (now, what) => {
      if (!live) return;
      const time = performance.now();
      if (now.stage === stage && time - last < PACE && now.done !== now.total) return;
      [stage, last, shown] = [now.stage, time, true];
      const columns = 'columns' in err && typeof err.columns === 'number' && err.columns > 0 ? err.columns : 80;
      err.write(`${CLEAR}${printable(barOf(now, what)).slice(0, columns - 1)}`);
    },
    say: (line) => {
      if (quiet) return;
      clear();
      err.write(`${printable(line)}\n`);
    },
  };
}

function barOf({ stage, done, total, unit = '' }: Progress, what = ''): string {
  const head = `${what}${what === '' ? '' : ' '}${stage}`;
  if (total === undefined || total <= 0) return `${head} ${done} ${unit}`;
  const share = Math.min(1, Math.max(0, done / total));
  const full = Math.round(share * BAR);
  return `${head} [${'#'.repeat(full)}${'-'.repeat(BAR - full)}] ${Math.floor(share * 100)}% ${done}/${total} ${unit}`;
}
