import { toHex } from '../lib/bytes.js';
import { isNamesteadError, printable } from '../lib/errors.js';

/** What a step tells: a line for people, figures for scripts. */
export type Figures = Readonly<Record<string, unknown>>;

export interface Step {
  /** One line of what just happened, with the figures that belong to it. */
  say(line: string, figures?: Figures): void;
  /** What is being waited for; overwritten by the next, and never part of the transcript. */
  progress(line: string): void;
  /** A row of its own in `steps`, e.g. a lie and how it was refused. */
  note(name: string, figures: Figures): void;
}

export interface StepResult extends Record<string, unknown> {
  readonly name: string;
  readonly ok: boolean;
  readonly ms: number;
}

export interface Transcript {
  readonly steps: readonly StepResult[];
  run<T>(name: string, title: string, work: (step: Step) => Promise<T>): Promise<T>;
}

export interface Terminal {
  readonly out: NodeJS.WritableStream & { isTTY?: boolean };
  readonly err: NodeJS.WritableStream & { isTTY?: boolean };
}

/** Runs steps one after another and tells of them: to people on `out`, or with `json` to scripts (progress then goes to `err`). */
export function transcript(terminal: Terminal, json: boolean, now: () => number): Transcript {
  const steps: StepResult[] = [];
  const lines = json ? terminal.err : terminal.out;
  const live = lines.isTTY === true;
  const clear = live ? '\r\x1b[2K' : '';
  return {
    steps,
    run: async (name, title, work) => {
      const started = now();
      const figures: Record<string, unknown> = {};
      const rows: StepResult[] = [];
      lines.write(`${clear}\n${steps.filter((step) => !('lie' in step)).length + 1}. ${title}\n`);
      const finish = (ok: boolean, more: Figures = {}): void => {
        steps.push({ name, ok, ms: Math.round(now() - started), ...figures, ...more }, ...rows);
      };
      try {
        const result = await work({
          say: (line, more = {}) => {
            Object.assign(figures, more);
            lines.write(`${clear}   ${printable(line)}\n`);
          },
          progress: (line) => {
            if (live) lines.write(`${clear}   … ${printable(line)}`);
          },
          note: (row, more) => rows.push({ name: row, ok: true, ms: 0, ...more }),
        });
        finish(true);
        return result;
      } catch (error) {
        finish(false, { error: describe(error) });
        throw error;
      }
    },
  };
}

/** An error as people read it: its code, then what it says, then what caused it. Others' words in it cannot steer the terminal. */
export function describe(error: unknown, depth = 4): string {
  if (!(error instanceof Error)) return printable(String(error));
  const head = printable(`${isNamesteadError(error) ? error.code : error.name}: ${error.message}`);
  return error.cause instanceof Error && depth > 0 ? `${head} (${describe(error.cause, depth - 1)})` : head;
}

/**
 * A value as one line of JSON. JSON lets most controls stand as they are; here they are escaped, since others' words may hold them. Satoshi are
 * numbers: all there are fit. Bytes are hex.
 */
export function jsonLine(value: unknown): string {
  const escaped = (text: string): string => `\\u${text.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return `${JSON.stringify(value, plain).replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu, escaped)}\n`;
}

function plain(_: string, part: unknown): unknown {
  if (typeof part === 'bigint') return Number(part);
  return part instanceof Uint8Array ? toHex(part) : part;
}
