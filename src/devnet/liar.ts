import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { concat, fromUtf8, toUtf8 } from '../lib/bytes.js';
import { http, type HttpAnswer } from '../lib/http.js';

/** One exchange as it passes a liar: what was asked, and the honest answer. */
export interface Exchange {
  readonly method: string;
  /** Path and query, e.g. `/blocks/9`. */
  readonly path: string;
  readonly asked: Uint8Array;
  readonly status: number;
  readonly contentType: string;
  readonly body: Uint8Array;
  /** Asks the honest server something else in place of `asked`. */
  readonly ask: (asked: Uint8Array) => Promise<Uint8Array>;
}

/** Answers another body, or null to pass the honest one on. */
export type Lie = (exchange: Exchange) => Uint8Array | null | Promise<Uint8Array | null>;

export interface Liar {
  readonly url: string;
  /** How many answers were changed. */
  readonly told: () => number;
  close(): Promise<void>;
}

/**
 * A server in the path: it forwards every request to `target` and lets `lie` change the answer. For demonstrations and tests
 * of what a client refuses; it listens on loopback alone.
 */
export async function startLiar(target: string, lie: Lie): Promise<Liar> {
  const ask = http();
  const { origin, pathname } = new URL(target);
  let told = 0;
  const server = createServer((request, response) => {
    void (async () => {
      const { method = 'GET', url = '/' } = request;
      if (method === 'OPTIONS') {
        // What a page's browser asks before it asks.
        response.writeHead(204, { 'access-control-allow-origin': '*', 'access-control-allow-methods': '*', 'access-control-allow-headers': '*' }).end();
        return;
      }
      const asked = await read(request);
      const headers = Object.fromEntries(
        ['authorization', 'content-type', 'if-match', 'if-none-match'].flatMap((name) =>
          typeof request.headers[name] === 'string' ? [[name, request.headers[name]]] : [],
        ),
      );
      const forward = (body: Uint8Array): Promise<HttpAnswer> =>
        ask(origin + url, { method: method as 'GET', headers, limit: 64 << 20, ...(body.length > 0 ? { body } : {}) });
      const honest = await forward(asked);
      const contentType = honest.headers.get('content-type') ?? 'application/octet-stream';
      const forged = await lie({
        method,
        path: url,
        asked,
        status: honest.status,
        contentType,
        body: honest.body,
        ask: async (other) => (await forward(other)).body,
      });
      if (forged) told++;
      const etag = honest.headers.get('etag');
      response.writeHead(honest.status, { 'content-type': contentType, 'access-control-allow-origin': '*', ...(etag ? { etag } : {}) });
      response.end(forged ?? honest.body);
    })().catch((error: unknown) => {
      if (response.headersSent) return void response.destroy();
      response.writeHead(502, { 'content-type': 'text/plain' }).end(error instanceof Error ? error.message : 'the server behind did not answer');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${pathname.replace(/\/$/, '')}`,
    told: () => told,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** A lie about JSON: `edit` gets the parsed answer and gives another, or null. */
export function jsonLie(matches: (path: string) => boolean, edit: (value: unknown, exchange: Exchange) => unknown): Lie {
  return (exchange) => {
    if (exchange.status !== 200 || !matches(exchange.path)) return null;
    const edited = edit(JSON.parse(toUtf8(exchange.body)), exchange);
    return edited === null || edited === undefined ? null : fromUtf8(JSON.stringify(edited));
  };
}

async function read(request: IncomingMessage): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of request) parts.push(part as Uint8Array);
  return concat(...parts);
}
