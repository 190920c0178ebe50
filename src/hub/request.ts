import type { IncomingMessage } from 'node:http';
import { concat, toUtf8 } from '../lib/bytes.js';
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

export async function readFile(request: IncomingMessage, limit: number, megabytes: number): Promise<Uint8Array> {
  const tooLarge = (what: string, size: number): Fault =>
    fault('PayloadTooLargeError', `Max file upload size is ${megabytes} megabytes. Rejected ${what} of ${size} megabytes`);
  const announced = Number(request.headers['content-length'] ?? 0);
  // Clients know this text, in which bytes are called megabytes.
  if (announced > limit) throw tooLarge('Content-Length', announced);
  return readBody(request, limit, (size) => tooLarge('POST body stream', size));
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
function readBody(request: IncomingMessage, limit: number, tooLarge: (size: number) => Error): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const parts: Uint8Array[] = [];
    let size = 0;
    const take = (part: Uint8Array): void => {
      size += part.length;
      parts.push(part);
      if (size <= limit) return;
      request.off('data', take);
      reject(tooLarge(size));
    };
    request.on('data', take);
    request.once('end', () => {
      resolve(concat(...parts));
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
