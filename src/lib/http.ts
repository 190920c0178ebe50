import { fromUtf8, gather, toUtf8 } from './bytes.js';
import { orAborted, type CallOptions } from './clock.js';
import { isNamesteadError, NamesteadError } from './errors.js';
import { parseBounded } from './json.js';
import { withoutSecrets } from './url.js';

/** The shape of the platform's `fetch`, as far as it is used. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface HttpRequest extends CallOptions {
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
  /** The most bytes of an answer's body, counted while they stream in. Default 1 MiB. */
  readonly limit?: number;
  /** The most milliseconds from the call to the last byte. Default 15,000. */
  readonly timeout?: number;
}

/** What a server answered, whatever its status; the body is whole and within the limit. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

/** Asks one URL once. Whatever status comes is an answer; the port is asked, never believed. */
export type Http = (url: string, request?: HttpRequest) => Promise<HttpAnswer>;

/**
 * The one door to the network: native `fetch`, else `cross-fetch`; size is bounded while streaming, and time. A redirect is
 * refused, since it may lead where the caller would not go.
 * @throws NamesteadError `HttpFailed`, `HttpTimeout`, `HttpTooLarge`, `Aborted`
 * @throws TypeError for a URL that is not absolute http or https, or that carries a user and password
 */
export function http(fetch: Fetch = platformFetch): Http {
  return async (url, request = {}) => {
    const { method = 'GET', headers = {}, body, limit = 1 << 20, timeout = 15_000, signal } = request;
    requireUrl(url);
    const late = AbortSignal.timeout(timeout);
    // Node.js forgets the signal of a fetch once nothing but its stream is left; these listeners it keeps, so that nobody drips for ever.
    const stop = new AbortController();
    const done = new AbortController();
    for (const each of [late, signal]) each?.addEventListener('abort', () => stop.abort(), { signal: done.signal });
    if (signal?.aborted) stop.abort();
    const where = `${method} ${withoutSecrets(url)}`;
    const ask = async (): Promise<HttpAnswer> => {
      const init: RequestInit = { method, headers, redirect: 'error', signal: stop.signal, credentials: 'omit', referrerPolicy: 'no-referrer' };
      if (body !== undefined) init.body = typeof body === 'string' ? (fromUtf8(body) as Uint8Array<ArrayBuffer>) : (body as Uint8Array<ArrayBuffer>);
      const response = await fetch(url, init);
      return { status: response.status, headers: response.headers, body: await bounded(response, limit, where, stop.signal) };
    };
    try {
      return await orAborted(ask(), stop.signal, where);
    } catch (cause) {
      if (signal?.aborted) throw new NamesteadError('Aborted', `${where} was cancelled`, { cause });
      if (late.aborted) throw new NamesteadError('HttpTimeout', `${where} had no whole answer after ${timeout} ms`, { cause });
      if (cause instanceof NamesteadError) throw cause;
      throw new NamesteadError('HttpFailed', `${where} could not be reached, or answered a redirect, which is not followed`, { cause });
    } finally {
      done.abort();
    }
  };
}

/** As {@link Http}, but any status outside 200–299 is the error `HttpStatus`. */
export function expectOk(answer: HttpAnswer, where: string): HttpAnswer {
  if (answer.status >= 200 && answer.status < 300) return answer;
  const cause: HttpRefusal = { status: answer.status, retryAfter: answer.headers.get('retry-after') };
  throw new NamesteadError('HttpStatus', `${where} answered status ${answer.status}: ${excerpt(answer.body)}`, { cause });
}

/** What a server said when it refused, the cause of `HttpStatus`. */
export interface HttpRefusal {
  readonly status: number;
  /** The header of that name as it came: seconds, or a date (RFC 9110, 10.2.3). */
  readonly retryAfter: string | null;
}

/** Null for any other error than `HttpStatus`. */
export function refusalOf(error: unknown): HttpRefusal | null {
  return isNamesteadError(error, 'HttpStatus') ? (error.cause as HttpRefusal) : null;
}

/** Parses a JSON body. @throws NamesteadError `HttpMalformed` */
export function parseJson(body: Uint8Array, where: string): unknown {
  try {
    return parseBounded(toUtf8(body));
  } catch (cause) {
    throw new NamesteadError('HttpMalformed', `${where} answered no JSON: ${excerpt(body)}`, { cause });
  }
}

async function bounded(response: Response, limit: number, where: string, stop: AbortSignal): Promise<Uint8Array> {
  const tooLarge = (): NamesteadError => new NamesteadError('HttpTooLarge', `${where} answered more than ${limit} bytes`);
  if (Number(response.headers.get('content-length') ?? 0) > limit) {
    await response.body?.cancel();
    throw tooLarge();
  }
  const gathered = gather();
  // Leaving the loop by a throw cancels the stream. Safari has no async iteration of streams, cross-fetch no getReader.
  for await (const part of response.body ? chunks(response.body, stop) : []) {
    if (gathered.size + part.length > limit) throw tooLarge();
    gathered.add(part);
  }
  // A stream that was ended from here looks whole.
  if (stop.aborted) throw new NamesteadError('Aborted', `${where} was given up`);
  return gathered.bytes();
}

async function* chunks(body: ReadableStream<Uint8Array>, stop: AbortSignal): AsyncGenerator<Uint8Array> {
  if (typeof body.getReader !== 'function') return yield* body;
  const stream = body.getReader();
  stop.addEventListener('abort', () => void stream.cancel().catch(() => undefined));
  try {
    for (let part = await stream.read(); !part.done; part = await stream.read()) yield part.value;
  } finally {
    await stream.cancel();
  }
}

function excerpt(body: Uint8Array): string {
  const text = toUtf8(body.subarray(0, 120))
    .replace(/[^\x20-\x7e]+/g, ' ')
    .trim();
  return text === '' ? '(nothing)' : JSON.stringify(text);
}

function requireUrl(url: string): void {
  const { protocol, username, password } = URL.canParse(url) ? new URL(url) : {};
  if ((protocol !== 'http:' && protocol !== 'https:') || username !== '' || password !== '')
    throw new TypeError(`${JSON.stringify(withoutSecrets(url))} is not an absolute http or https URL without user and password`);
}

async function platformFetch(url: string, init: RequestInit): Promise<Response> {
  if (typeof globalThis.fetch === 'function') return globalThis.fetch(url, init);
  const { default: crossFetch } = await import('cross-fetch');
  return crossFetch(url, init);
}
