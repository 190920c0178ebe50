import type { IncomingMessage, ServerResponse } from 'node:http';
import { isNamesteadError } from '../lib/errors.js';
import { isFault } from './fault.js';
import { drain } from './request.js';

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | number>>;
  readonly body?: Uint8Array | string;
}

export type Router = (request: IncomingMessage) => Promise<Answer>;

const CORS = { 'access-control-allow-origin': '*' } as const;
/** What a browser is told that asks before it asks. */
export const PREFLIGHT = {
  'access-control-allow-methods': 'GET,HEAD,PUT,PATCH,POST,DELETE',
  'access-control-allow-headers': 'Authorization, Content-Type, If-Match, If-None-Match',
  'access-control-max-age': 86_400,
} as const;

export async function respond(request: IncomingMessage, response: ServerResponse, answer: Router, onError?: (error: unknown) => void): Promise<void> {
  const { status, headers = {}, body = '' } = await answer(request).catch((error: unknown) => answerOf(error, onError));
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body;
  // What the client still sends is read, up to a bound: a client that is cut off while it sends never sees the answer.
  const unread = !request.complete;
  if (unread) drain(request);
  const length = status === 204 ? {} : { 'content-length': bytes.length };
  response.writeHead(status, { ...CORS, ...length, ...(unread ? { connection: 'close' } : {}), ...headers });
  response.end(request.method === 'HEAD' ? undefined : bytes);
}

function answerOf(error: unknown, onError?: (error: unknown) => void): Answer {
  if (isFault(error)) return error.form === 'page' ? page(error.status, error.message) : json(error.status, { message: error.message, error: error.name });
  onError?.(error);
  if (isNamesteadError(error, 'StorageFull')) return json(507, { message: 'Server Error' });
  return json(500, { message: 'Server Error' });
}

export function json(status: number, value: unknown): Answer {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) };
}

export function page(status: number, text: string): Answer {
  const escaped = text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
  const body = `<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>Error</title>\n</head>\n<body>\n<pre>${escaped}</pre>\n</body>\n</html>\n`;
  return { status, headers: { 'content-type': 'text/html; charset=utf-8' }, body };
}
