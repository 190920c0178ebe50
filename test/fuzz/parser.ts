import { isDeepStrictEqual } from 'node:util';
import { getHeapStatistics } from 'node:v8';
import { concat, equal, fromUtf8, toHex, toUtf8 } from '../../src/lib/bytes.js';
import { isNamesteadError, type ErrorCode } from '../../src/lib/errors.js';
import { mutate, type Form, type Kit, type Random } from './mutate.js';

/** A parser of what others send, with samples and its laws. */
export interface Parser {
  readonly name: string;
  /** Where it stands, under `src/`. */
  readonly file: string;
  readonly form: Form;
  /** Samples, each of which it takes. */
  readonly seeds: () => readonly Uint8Array[];
  readonly words: readonly Uint8Array[];
  /** The most bytes of an input. */
  readonly most: number;
  /** How many inputs the tests make; never less than 10,000 for all that it reads, but for what is large. */
  readonly cases: number;
  /** What it reads out of an input. Promises are waited for. */
  readonly run: (input: Uint8Array) => unknown;
  /** All codes of the refusals that it documents. */
  readonly refuses: readonly ErrorCode[];
  /** Refusals of another kind. */
  readonly refusal: (error: unknown) => boolean;
  /** Throws when what was read breaks a law. */
  readonly laws: (value: never, input: Uint8Array) => void;
  /** Makes sums and roots right again behind a change, so that what lies behind them is reached: half of all inputs go through it. */
  readonly mend: ((input: Uint8Array) => Uint8Array) | null;
  /** What no message may repeat. */
  readonly secrets: readonly string[];
}

type Given<T> = Pick<Parser, 'name' | 'file' | 'seeds'> &
  Partial<Omit<Parser, 'words' | 'laws' | 'run'>> & {
    readonly words?: readonly (string | Uint8Array)[];
    readonly run: (input: Uint8Array) => T;
    readonly laws?: (value: Awaited<NoInfer<T>>, input: Uint8Array) => void;
  };

export function parser<T>({ words = [], laws = () => undefined, ...given }: Given<T>): Parser {
  return {
    form: 'bytes',
    most: 4096,
    cases: 10_000,
    refuses: ['Malformed'],
    refusal: () => false,
    mend: null,
    secrets: [],
    words: words.map((word) => (typeof word === 'string' ? fromUtf8(word) : word)),
    laws,
    ...given,
  };
}

/** A law of a parser that an input breaks. */
export interface LawBroken extends Error {
  readonly law: string;
  readonly input: Uint8Array;
}

function lawBroken(parser: string, law: string, input: Uint8Array, cause?: unknown): LawBroken {
  const head = input.subarray(0, 400);
  const message = `${parser}: ${law}, of ${input.length} bytes ${toHex(head)}${input.length > 400 ? '…' : ''} ${JSON.stringify(toUtf8(head))}`;
  return Object.assign(new Error(message, { cause }), { law, input });
}

export function isLawBroken(error: unknown): error is LawBroken {
  return error instanceof Error && 'law' in error && 'input' in error;
}

export type Verdict = 'taken' | 'refused';

/** Far above what any input of a test takes; a machine that is busy must not break a law. */
const LONGEST = 2000;
/** Bytes that one input may cost, and what each of its own bytes may. */
const MOST_MEMORY = 48 << 20;
const MEMORY_PER_BYTE = 2000;
const DEEPEST = 100;
const MARGIN = 16;
const FILLING = 0xa5;

let judged = 0;

/** Runs a parser over an input. @throws LawBroken */
export function judge(parser: Parser, input: Uint8Array): Verdict | Promise<Verdict> {
  const room = lent(input, FILLING);
  const end = start(parser, input, room);
  let value: unknown;
  try {
    value = parser.run(within(room));
  } catch (error) {
    return end(error, true);
  }
  if (!(value instanceof Promise)) return twice(parser, input, value, end(value, false));
  return value.then(
    (answer: unknown) => end(answer, false),
    (error: unknown) => end(error, true),
  );
}

/** What stands beside the input says nothing: now and then it is read again with other neighbours. */
function twice(parser: Parser, input: Uint8Array, value: unknown, verdict: Verdict): Verdict {
  if (judged++ % 16 === 0 && !isDeepStrictEqual(parser.run(within(lent(input, ~FILLING))), value))
    throw lawBroken(parser.name, 'it read beside its input, or reads the same bytes in two ways', input);
  return verdict;
}

function start(parser: Parser, input: Uint8Array, room: Uint8Array): (outcome: unknown, isRefusal: boolean) => Verdict {
  const memory = held();
  const began = performance.now();
  return (outcome, isRefusal) => {
    const broken = (law: string, cause?: unknown): LawBroken => lawBroken(parser.name, law, input, cause);
    const took = performance.now() - began;
    const cost = held() - memory;
    if (took > LONGEST) throw broken(`it took ${Math.round(took)} ms`);
    if (cost > MOST_MEMORY + MEMORY_PER_BYTE * input.length) throw broken(`it took ${cost >> 20} MiB`);
    if (!equal(within(room), input)) throw broken('it changed its input');
    if (room.subarray(0, MARGIN).some(isWritten) || room.subarray(MARGIN + input.length).some(isWritten)) throw broken('it wrote beside its input');
    if (isRefusal) {
      checkRefusal(parser, outcome, broken);
      return 'refused';
    }
    checkAnswer(parser, outcome, input, broken);
    return 'taken';
  };
}

function checkRefusal({ refuses, refusal, secrets }: Parser, error: unknown, broken: (law: string, cause?: unknown) => LawBroken): void {
  if (!refusal(error) && !(isNamesteadError(error) && refuses.includes(error.code)))
    throw broken(`it threw ${isNamesteadError(error) ? error.code : String(error instanceof Error ? error.stack : error).slice(0, 600)}`, error);
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    const { message } = cause;
    if (secrets.some((secret) => tells(message, secret))) throw broken(`it told a secret: ${message}`, error);
  }
}

/** Eight characters on end are more than chance. */
function tells(message: string, secret: string): boolean {
  for (let at = 0; at + 8 <= message.length; at++) if (secret.includes(message.slice(at, at + 8))) return true;
  return false;
}

function checkAnswer(parser: Parser, value: unknown, input: Uint8Array, broken: (law: string, cause?: unknown) => LawBroken): void {
  if (input.length > DEEPEST && depthOf(value) > DEEPEST) throw broken('what it read is nested so deep that whoever walks it overflows his stack');
  try {
    parser.laws(value as never, input);
  } catch (error) {
    throw broken(error instanceof Error ? error.message : String(error), error);
  }
}

const isWritten = (byte: number): boolean => byte !== FILLING;

/** The input in the midst of other bytes. */
function lent(input: Uint8Array, filling: number): Uint8Array {
  const room = new Uint8Array(input.length + 2 * MARGIN).fill(filling);
  room.set(input, MARGIN);
  return room;
}

function within(room: Uint8Array): Uint8Array {
  return room.subarray(MARGIN, room.length - MARGIN);
}

function held(): number {
  const { used_heap_size: used, external_memory: external } = getHeapStatistics();
  return used + external;
}

function depthOf(value: unknown): number {
  let depth = 0;
  let row = [value];
  for (; row.length > 0 && depth <= DEEPEST + 1; depth++) {
    row = row.flatMap((item) => (typeof item === 'object' && item !== null && !ArrayBuffer.isView(item) ? (Object.values(item) as unknown[]) : []));
    if (row.length > 100_000) return depth;
  }
  return depth;
}

/** The next input for a parser. */
export function inputOf(parser: Parser, kit: Kit, next: Random): Uint8Array {
  const input = mutate(kit, next);
  return parser.mend && next() % 2 === 0 ? parser.mend(input) : input;
}

export function kitOf({ form, seeds, words, most }: Parser): Kit {
  return { form, seeds: seeds(), words, most };
}

/** The same broken law, by the smallest input found. */
export async function minimised(parser: Parser, error: LawBroken): Promise<LawBroken> {
  return lawBroken(parser.name, error.law, await minimise(parser, error.input), error.cause);
}

async function minimise(parser: Parser, input: Uint8Array, tries = 2000): Promise<Uint8Array> {
  const law = (await lawBrokenBy(parser, input)) ?? '';
  let [smallest, left] = [input, tries];
  const take = async (candidate: Uint8Array): Promise<boolean> => {
    left--;
    if ((await lawBrokenBy(parser, candidate)) !== law) return false;
    smallest = candidate;
    return true;
  };
  for (let size = input.length >> 1; size > 0 && left > 0; size >>= 1) {
    for (let at = 0; at < smallest.length && left > 0;) {
      const shorter = concat(smallest.subarray(0, at), smallest.subarray(at + size));
      if (!(await take(shorter))) at += size;
    }
  }
  return smallest;
}

/** Which law, without what of it is this input's own. */
export async function lawBrokenBy(parser: Parser, input: Uint8Array): Promise<string | null> {
  try {
    await judge(parser, input);
    return null;
  } catch (error) {
    if (isLawBroken(error)) return error.law.replace(/\d+|"[^"]*"/g, '#').slice(0, 80);
    throw error;
  }
}
