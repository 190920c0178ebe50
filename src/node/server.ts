import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { gzip as gzipCallback } from 'node:zlib';
import { fromUtf8, gather, toUtf8Strict } from '../lib/bytes.js';
import { isNamesteadError, NamesteadError } from '../lib/errors.js';
import { encodeFault, encodeResponse } from '../lib/xmlrpc.js';
import { peerLimits } from '../zones/peer.js';
import type { Context } from './context.js';
import { answerRest, json, type RestAnswer } from './rest.js';
import { answerCall, OVERLOADED } from './rpc.js';

export interface ServerOptions {
  readonly context: Context;
  readonly host: string;
  readonly port: number;
  readonly onError: (error: unknown) => void;
  /** Milliseconds after which a connection on which nothing moves is ended. Default 30,000. */
  readonly idle?: number | undefined;
}

export interface NodeServer {
  readonly port: number;
  close(): Promise<void>;
}

const gzip = /* @__PURE__ */ promisify(gzipCallback);

/** Requests under way at once, until the last byte of the answer has gone; more are told to come back. */
const BUSY = 64;
/** Milliseconds for a whole request. */
const REQUEST_TIMEOUT = 30_000;
/** Milliseconds after which a connection on which nothing moves is ended: a client that reads no answer holds it in our memory. */
const IDLE = 30_000;
const MOST_CONNECTIONS = 1024;
/** Bytes from which an answer is worth compressing. */
const COMPRESS = 1400;

/** What browsers and proxies add to what they bring. */
const PASSED_ON = ['origin', 'sec-fetch-site', 'forwarded', 'x-forwarded-for', 'x-real-ip', 'via'];

const CORS: Readonly<Record<string, string>> = {
  'access-control-allow-origin': '*',
  'access-control-allow-methods': 'GET, HEAD, POST, OPTIONS',
  'access-control-allow-headers': 'content-type',
  'access-control-max-age': '86400',
};

/** XML-RPC (POST / and /RPC2) and REST (/v1/…) on one port, open to browsers of every origin. @throws NamesteadError `PortInUse`, `ServerFailed` */
export async function startServer({ context, host, port, onError, idle = IDLE }: ServerOptions): Promise<NodeServer> {
  let busy = 0;
  const timeouts = { requestTimeout: REQUEST_TIMEOUT, headersTimeout: REQUEST_TIMEOUT, connectionsCheckingInterval: 5000 };
  const server = createServer({ ...timeouts, maxHeaderSize: 16_384 }, (request, response) => {
    busy++;
    response.once('close', () => busy--);
    respond(context, request, response, busy > BUSY).catch((error: unknown) => {
      onError(error);
      response.destroy();
    });
  });
  server.maxConnections = MOST_CONNECTIONS;
  server.setTimeout(idle);
  server.on('clientError', (_, socket) => socket.destroy());
  await listening(server, port, host);
  // Too many open files, say: the node outlives it.
  server.on('error', onError);
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listening(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const code = cause.code === 'EADDRINUSE' ? 'PortInUse' : 'ServerFailed';
      reject(new NamesteadError(code, `the node could not listen on ${host}:${port}: choose another port`, { cause }));
    });
    server.listen(port, host, resolve);
  });
}

async function respond(context: Context, request: IncomingMessage, response: ServerResponse, overloaded: boolean): Promise<void> {
  if (request.method === 'OPTIONS') return send(response, { status: 204, type: 'text/plain', body: new Uint8Array() });
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity') return void refuse(request, response, 501);
  const body = await readBody(request);
  if (body === null) return void refuse(request, response, 400);
  const target = request.url ?? '/';
  // `//` is a path here, and no host.
  const url = target.startsWith('/') && URL.canParse(`http://node${target}`) ? new URL(`http://node${target}`) : null;
  if (url === null) return void refuse(request, response, 400);
  const answer = await answerOf(context, request, url, body, overloaded);
  await send(response, answer, { head: request.method === 'HEAD', gzip: /\bgzip\b/.test(request.headers['accept-encoding'] ?? '') });
}

async function answerOf(context: Context, request: IncomingMessage, url: URL, body: Uint8Array, overloaded: boolean): Promise<RestAnswer> {
  const method = request.method === 'HEAD' ? 'GET' : (request.method ?? '');
  const isCall = method === 'POST' && (url.pathname === '/' || url.pathname === '/RPC2');
  if (overloaded) return isCall ? xml(encodeResponse(OVERLOADED)) : json(429, { error: 'overloaded' });
  try {
    if (isCall) return await answerRpc(context, request, body);
    return (await answerRest(context, { method, path: url.pathname, query: url.searchParams, body })) ?? json(404, { error: 'no such path' });
  } catch {
    // What went wrong inside is nobody's business outside.
    return isCall ? xml(encodeResponse('{"error": "internal error", "http_status": 500}')) : json(500, { error: 'internal error' });
  }
}

async function answerRpc(context: Context, request: IncomingMessage, body: Uint8Array): Promise<RestAnswer> {
  let text: string;
  try {
    text = toUtf8Strict(body);
  } catch (error) {
    if (isNamesteadError(error)) return xml(encodeFault(1, error.message));
    throw error;
  }
  return xml(await answerCall(context, text, { loopback: isOwnMachine(request) }));
}

/** A program on this machine, and neither a page in a browser on it nor a stranger behind a proxy on it. */
function isOwnMachine({ socket, headers }: IncomingMessage): boolean {
  return isLoopback(socket.remoteAddress) && PASSED_ON.every((name) => headers[name] === undefined);
}

function xml(text: string): RestAnswer {
  return { status: 200, type: 'text/xml', body: fromUtf8(text) };
}

function isLoopback(address: string | undefined): boolean {
  return address !== undefined && /^(?:::ffff:)?127\.|^::1$/.test(address);
}

/** Null when the body is larger than a node takes. */
async function readBody(request: IncomingMessage): Promise<Uint8Array | null> {
  const gathered = gather();
  for await (const part of request as AsyncIterable<Uint8Array>) {
    if (gathered.size + part.length > peerLimits.request) return null;
    gathered.add(part);
  }
  return gathered.bytes();
}

/** An empty answer to a request that is not read to its end. */
function refuse(request: IncomingMessage, response: ServerResponse, status: number): void {
  response.writeHead(status, { ...CORS, connection: 'close', 'content-length': 0 }).end(() => request.destroy());
}

async function send(
  response: ServerResponse,
  { status, type, body }: RestAnswer,
  how: { readonly head?: boolean; readonly gzip?: boolean } = {},
): Promise<void> {
  const packed = how.gzip && body.length >= COMPRESS ? await gzip(body) : body;
  const encoding: Record<string, string> = packed === body ? {} : { 'content-encoding': 'gzip' };
  response.writeHead(status, { ...CORS, ...encoding, vary: 'accept-encoding', 'content-type': type, 'content-length': packed.length });
  response.end(how.head ? undefined : packed);
}
