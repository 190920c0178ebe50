import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fromUtf8 } from '../../lib/bytes.js';

export interface Request {
  readonly method: string;
  /** Decoded, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly authorization: string;
  readonly body: Uint8Array;
}

export interface Reply {
  readonly status: number;
  readonly body: Uint8Array | string;
  readonly type: 'application/json' | 'application/octet-stream' | 'text/plain';
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Server {
  readonly url: string;
  close(): Promise<void>;
}

const CORS = {
  'access-control-allow-origin': '*',
  'access-control-allow-methods': 'GET, HEAD, POST, OPTIONS',
  'access-control-allow-headers': 'authorization, content-type',
  'access-control-max-age': '600',
};

/**
 * Serves on a free loopback port. A request's body is bounded by `limit` bytes, its time by half a minute; what the handler throws
 * is answered with 500 and nothing of it.
 */
export async function serve(handler: (request: Request) => Promise<Reply>, limit: number): Promise<Server> {
  const server = createServer((incoming, outgoing) => {
    answer(handler, limit, incoming)
      .catch(() => text(500, 'the server failed'))
      .then((reply) => send(outgoing, reply, incoming.method))
      .catch(() => outgoing.destroy());
  });
  server.requestTimeout = 30_000;
  server.headersTimeout = 10_000;
  server.maxConnections = 1024;
  server.setTimeout(60_000);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  // Too many open files, say: the devnet outlives it.
  server.on('error', () => undefined);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(handler: (request: Request) => Promise<Reply>, limit: number, incoming: IncomingMessage): Promise<Reply> {
  if (incoming.method === 'OPTIONS') return { status: 204, body: '', type: 'text/plain' };
  const body = await bodyOf(incoming, limit);
  if (!body) return { ...text(413, `more than ${limit} bytes`), headers: { connection: 'close' } };
  const url = URL.canParse(incoming.url ?? '/', 'http://127.0.0.1') ? new URL(incoming.url ?? '/', 'http://127.0.0.1') : null;
  const path = url && decoded(url.pathname);
  if (!url || path === null) return text(400, 'the path cannot be read');
  return handler({ method: incoming.method ?? 'GET', path, query: url.searchParams, authorization: incoming.headers.authorization ?? '', body });
}

function decoded(path: string): string | null {
  try {
    return decodeURIComponent(path);
  } catch {
    return null;
  }
}

async function bodyOf(incoming: IncomingMessage, limit: number): Promise<Uint8Array | null> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of incoming as AsyncIterable<Uint8Array>) {
    size += part.length;
    if (size > limit) return null;
    parts.push(part);
  }
  const body = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    body.set(part, at);
    at += part.length;
  }
  return body;
}

function send(outgoing: ServerResponse, { status, body, type, headers = {} }: Reply, method: string | undefined): void {
  const bytes = typeof body === 'string' ? fromUtf8(body) : body;
  outgoing.writeHead(status, { ...CORS, 'content-type': type, 'content-length': bytes.length, 'cache-control': 'no-store', ...headers });
  outgoing.end(method === 'HEAD' ? undefined : bytes);
}

export function json(value: unknown, status = 200): Reply {
  return { status, body: JSON.stringify(value), type: 'application/json' };
}

export function text(status: number, body: string): Reply {
  return { status, body, type: 'text/plain' };
}

export function binary(body: Uint8Array): Reply {
  return { status: 200, body, type: 'application/octet-stream' };
}
