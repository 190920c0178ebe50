import type { IncomingMessage } from 'node:http';
import { gather, toUtf8 } from '../lib/bytes.js';
import type { Condition } from '../storage/store.js';
import { fault, pageFault } from './fault.js';
import type { Fault } from './fault.js';

const JSON_LIMIT = 4096;
const DRAIN_LIMIT = 64 << 20;

/** One trailing slash is dropped, as hubs do; null when the escapes are broken. */
export function decodePath(raw: string): string | null {
  try {
    return decodeURIComponent(raw).replace(/(?<=.)\/$/s, '');
  } catch {
    return null;
  }
}

export function parseCondition({ headers }: IncomingMessage): Condition {
  const match = headers['if-match'];
  const noneMatch = headers['if-none-match'];
  const refuse = (message: string): Fault => fault('PreconditionFailedError', message);
  if (match && noneMatch) throw refuse('Request should not contain both if-match and if-none-match headers');
  if (noneMatch && noneMatch !== '*') throw refuse('Misuse of the if-none-match header. Expected to be * on write requests.');
  if (noneMatch) return { kind: 'create' };
  return match && match !== '*' ? { kind: 'match', etag: match } : { kind: 'any' };
}

export interface FileLimits {
  /** Bytes. */
  readonly limit: number;
  /** The same, as the answer tells it. */
  readonly megabytes: number;
  /** Takes room for so many bytes more; false when there is none. */
  readonly hold: (bytes: number) => boolean;
}

/** One upload's part of the room that all uploads share. */
export interface Share {
  /** False when the room is full. */
  hold(bytes: number): boolean;
  free(): void;
}

/** Room for `most` bytes of uploads at once: many clients that send slowly must not fill the memory. */
export function makeRoom(most: number): () => Share {
  let held = 0;
  return () => {
    let mine = 0;
    return {
      hold: (bytes) => {
        if (held + bytes > most) return false;
        held += bytes;
        mine += bytes;
        return true;
      },
      free: () => {
        held -= mine;
        mine = 0;
      },
    };
  };
}

export async function readFile(request: IncomingMessage, { limit, megabytes, hold }: FileLimits): Promise<Uint8Array> {
  const tooLarge = (what: string, size: number): Fault =>
    fault('PayloadTooLargeError', `Max file upload size is ${megabytes} megabytes. Rejected ${what} of ${size} megabytes`);
  const announced = Number(request.headers['content-length'] ?? 0);
  // Clients know this text, in which bytes are called megabytes.
  if (announced > limit) throw tooLarge('Content-Length', announced);
  return readBody(request, limit, (size) => tooLarge('POST body stream', size), hold);
}

export async function readJson(request: IncomingMessage): Promise<Readonly<Record<string, unknown>>> {
  const tooLarge = (): Fault => pageFault(413, 'PayloadTooLargeError: request entity too large');
  if (Number(request.headers['content-length'] ?? 0) > JSON_LIMIT) throw tooLarge();
  const body = await readBody(request, JSON_LIMIT, tooLarge);
  if (body.length === 0 || !/^application\/json\b/i.test(request.headers['content-type'] ?? '')) return {};
  try {
    const value = JSON.parse(toUtf8(body)) as unknown;
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Broken JSON and JSON that is no object have one answer.
  }
  throw pageFault(400, 'SyntaxError: the body is not a JSON object');
}

/** The whole body or nothing: a client that goes away in the middle has sent no file. */
function readBody(
  request: IncomingMessage,
  limit: number,
  tooLarge: (size: number) => Error,
  hold: (bytes: number) => boolean = () => true,
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const gathered = gather();
    const take = (part: Uint8Array): void => {
      const size = gathered.size + part.length;
      if (size <= limit && hold(part.length)) return void gathered.add(part);
      request.off('data', take);
      reject(size > limit ? tooLarge(size) : fault('OverloadedError', 'Too many uploads at once, try again'));
    };
    request.on('data', take);
    request.once('end', () => {
      resolve(gathered.bytes());
    });
    request.once('error', reject);
    request.once('close', () => {
      reject(new Error('the client went away'));
    });
  });
}

/** Reads and forgets what a client still sends, up to a bound. */
export function drain(request: IncomingMessage): void {
  let left = DRAIN_LIMIT;
  request.on('error', () => undefined);
  request.on('data', (part: Uint8Array) => {
    left -= part.length;
    if (left < 0) request.destroy();
  });
  request.resume();
}
