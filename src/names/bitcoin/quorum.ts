import { fromUtf8, toHex } from '../../lib/bytes.js';
import { isNamesteadError, NamesteadError } from '../../lib/errors.js';
import { sha256 } from '../../lib/hash.js';
import { wrapped, type AnySource, type Asked, type Ports, type SourceCall } from './wrapped.js';

/** What a source said, or why it said nothing. */
interface Said {
  readonly operator: string;
  readonly answer?: unknown;
  readonly failed?: NamesteadError;
  /** The answer in one form, so that equal ones are equal. */
  readonly form: string;
}

/**
 * Answers what `least` of the sources say alike, as soon as they do. Headers: as far as so many agree, since one may be a block behind; a fee rate: the middle
 * one, of so many at least. Histories are better united than compared: that is `byHistories`.
 * @throws NamesteadError `SourcesDisagree`, whose message names who said what; when too few answered, the first one's error
 * @throws TypeError when there are fewer sources than must agree, or an operator twice
 * @example
 * const bitcoin = quorum(2, [esplora({ url: one }), esplora({ url: other }), core({ url: own })]);
 */
export function quorum<S extends AnySource>(least: number, sources: readonly S[]): Ports<S> {
  const operators = sources.map(({ operator }) => operator);
  if (!(least >= 1 && least <= sources.length)) throw new TypeError(`${least} of ${sources.length} sources cannot agree`);
  if (new Set(operators).size !== operators.length) throw new TypeError('each operator counts once');
  return wrapped(sources, `${least} of ${operators.join(', ')}`, async (call, asked) => {
    const { agreed, all } = await poll(call, asked, call.method === 'feeRate' ? Infinity : least);
    if (agreed) return agreed.answer;
    const answers = all.filter(({ failed }) => !failed);
    const [failed] = all.flatMap((said) => said.failed ?? []);
    if (call.method === 'feeRate' && answers.length >= least) return middle(answers);
    if (call.method === 'headers' && answers.length >= least) {
      const common = commonHeaders(answers, least);
      if (common) return common;
    }
    if (failed && new Set(answers.map(({ form }) => form)).size <= 1) throw tooFew(call, answers, failed);
    throw new NamesteadError('SourcesDisagree', `${call.method}: no ${least} of ${all.length} sources say the same: ${all.map(inWords).join('; ')}`, {
      cause: failed,
    });
  });
}

/** Asks all at once; `agreed` as soon as `least` said the same, whom the others need not tell any more. */
async function poll({ method, options }: SourceCall, asked: readonly Asked[], least: number): Promise<{ agreed: Said | null; all: readonly Said[] }> {
  const enough = new AbortController();
  const signal = options?.signal ? AbortSignal.any([options.signal, enough.signal]) : enough.signal;
  const all: Said[] = [];
  const agreed = await new Promise<Said | null>((resolve, reject) => {
    const hear = (said: Said): void => {
      all.push(said);
      if (!said.failed && all.filter(({ failed, form }) => !failed && form === said.form).length >= least) resolve(said);
      if (all.length === asked.length) resolve(null);
    };
    for (const { operator, ask } of asked) say(method, operator, () => ask({ ...options, signal })).then(hear, reject);
  });
  // A transaction goes to everybody.
  if (method !== 'broadcast') enough.abort();
  return { agreed, all };
}

async function say(method: SourceCall['method'], operator: string, ask: () => Promise<unknown>): Promise<Said> {
  try {
    const answer = await ask();
    return { operator, answer, form: formOf(inOrder(method, answer)) };
  } catch (error) {
    if (isNamesteadError(error)) return { operator, failed: error, form: '' };
    throw error;
  }
}

/** Coins and histories are sets: servers list them in an order of their own. */
function inOrder(method: SourceCall['method'], answer: unknown): unknown {
  return (method === 'unspent' || method === 'history') && Array.isArray(answer) ? answer.map(formOf).sort() : answer;
}

/** Bytes as their hash, fields in order of their names; lists keep theirs. */
function formOf(answer: unknown): string {
  return JSON.stringify(answer, (_, value: unknown) => {
    if (value instanceof Uint8Array) return toHex(sha256(value));
    if (typeof value === 'bigint') return String(value);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

function middle(answers: readonly Said[]): unknown {
  const rates = answers.map(({ answer }) => Number(answer)).sort((a, b) => a - b);
  return rates[Math.floor(rates.length / 2)];
}

/** The longest run of headers that so many begin with; null when the sources contradict each other before the first. */
function commonHeaders(answers: readonly Said[], least: number): readonly Uint8Array[] | null {
  let among = answers.map(({ answer }) => answer as readonly Uint8Array[]);
  for (let at = 0; ; at++) {
    const groups = new Map<string, (readonly Uint8Array[])[]>();
    for (const headers of among) {
      const header = headers[at];
      if (header) groups.set(toHex(header), [...(groups.get(toHex(header)) ?? []), headers]);
    }
    const next = [...groups.values()].find((group) => group.length >= least);
    if (!next) return at === 0 && groups.size > 1 ? null : (among[0]?.slice(0, at) ?? null);
    among = next;
  }
}

function tooFew({ method }: SourceCall, answers: readonly Said[], failed: NamesteadError): NamesteadError {
  const who = answers.length === 0 ? 'nobody' : answers.map(({ operator }) => operator).join(', ');
  return new NamesteadError(failed.code, `${method}: too few sources answered (${who}); the first error: ${failed.message}`, { cause: failed });
}

function inWords({ operator, answer, failed, form }: Said): string {
  if (failed) return `${operator} failed (${failed.code})`;
  if (answer === null) return `${operator} says absent`;
  const mark = toHex(sha256(fromUtf8(form))).slice(0, 8);
  const size = Array.isArray(answer) || answer instanceof Uint8Array ? ` of ${answer.length}` : '';
  return `${operator} says ${mark}${size}`;
}
