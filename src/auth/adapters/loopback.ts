import { createServer } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { NamesteadError } from '../../lib/errors.js';
import type { Channel } from '../channel.js';
import { isDeclined, requestUrl, takeParameter } from '../transport.js';

const HOST = '127.0.0.1';

export interface LoopbackOptions {
  readonly authenticator: string;
  /** Shows the wallet's page to the user: opens a browser, or prints the URL. */
  readonly open: (url: string) => void | Promise<void>;
  /** The port of the origin; it stays the same for as long as the app key is to. Default: any free one. */
  readonly port?: number;
  /** The app's name in its manifest. */
  readonly name?: string;
}

export interface Loopback {
  /** The app's origin and, with `/`, its redirect: `http://127.0.0.1:<port>`. */
  readonly origin: string;
  readonly ask: Channel;
  close(): Promise<void>;
}

interface Waiting {
  take(response: string): Promise<void>;
}

/**
 * Signing in from a program without pages (RFC 8252 §7.3): the browser brings the answer to a listener on this machine. Whatever else
 * arrives there is refused and the wait goes on; only a no ends it.
 *
 * @throws NamesteadError `PortInUse`
 * @example
 * const wallet = await loopback({ authenticator: 'https://wallet.example/', open: (url) => console.log(url), port: 8766 });
 * const me = session({ domain: wallet.origin, store: memorySession(), clock, ownerOf });
 * const user = await wallet.ask(await me.begin(), (response) => me.finish(response));
 */
export async function loopback({ authenticator, open, port = 0, name = 'Namestead' }: LoopbackOptions): Promise<Loopback> {
  let waiting: Waiting | null = null;
  const server = createServer({ maxHeaderSize: 1 << 18, requestTimeout: 10_000 }, (request, answer) => {
    replyTo(request, origin, name, waiting).then(
      ({ status, headers, body }) => answer.writeHead(status, headers).end(body),
      () => answer.destroy(),
    );
  });
  server.maxConnections = 64;
  server.setTimeout(10_000);
  const origin = `http://${HOST}:${String(await listen(server, port))}`;
  // What fails on one connection ends none but it.
  server.on('error', () => undefined);
  const ask: Channel = async (request, finish, { signal } = {}) => {
    if (waiting !== null) throw new TypeError('a sign-in is under way on this loopback');
    const done = new AbortController();
    try {
      return await new Promise((resolve, reject) => {
        const stop = (): void => {
          reject(new NamesteadError('Aborted', 'the sign-in was cancelled', { cause: signal?.reason }));
        };
        if (signal?.aborted) stop();
        signal?.addEventListener('abort', stop, { once: true, signal: done.signal });
        waiting = {
          take: async (response) => {
            const signedIn = finish(response);
            if (isDeclined(response)) signedIn.catch(reject);
            resolve(await signedIn);
          },
        };
        Promise.resolve(open(requestUrl(authenticator, request))).catch(reject);
      });
    } finally {
      waiting = null;
      done.abort();
    }
  };
  return { origin, ask, close: () => close(server) };
}

interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

async function replyTo(request: IncomingMessage, origin: string, name: string, waiting: Waiting | null): Promise<Reply> {
  // A page of another host that resolves to this machine (DNS rebinding) has another Host.
  if (`http://${request.headers.host ?? ''}` !== origin) return page(421, 'This is another host.');
  if (request.method !== 'GET') return page(405, 'Only GET is answered here.');
  const target = origin + (request.url ?? '/');
  const path = URL.canParse(target) ? new URL(target).pathname : '';
  if (path === '/manifest.json') return manifest(origin, name);
  if (path === '/done') return page(200, 'You are signed in. You can close this page.');
  const found = path === '/' ? takeParameter(target, 'authResponse') : null;
  if (found === null || waiting === null) return page(404, 'No sign-in is under way here.');
  try {
    await waiting.take(found.token);
    // Off the URL that carries the token.
    return { status: 303, headers: { location: '/done', 'cache-control': 'no-store' }, body: '' };
  } catch {
    if (isDeclined(found.token)) return page(200, 'You said no. You can close this page.');
    return page(400, 'This answer does not belong to the sign-in under way.');
  }
}

function manifest(origin: string, name: string): Reply {
  const headers = { 'content-type': 'application/json', 'access-control-allow-origin': '*' };
  return { status: 200, headers, body: JSON.stringify({ name, start_url: `${origin}/` }) };
}

function page(status: number, text: string): Reply {
  const headers = {
    'content-type': 'text/plain; charset=utf-8',
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  };
  return { status, headers, body: `${text}\n` };
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      reject(cause.code === 'EADDRINUSE' ? new NamesteadError('PortInUse', `port ${String(port)} is taken on this machine`, { cause }) : cause);
    });
    server.listen(port, HOST, () => {
      resolve((server.address() as AddressInfo).port);
    });
  });
}

function close(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => {
    server.close(() => {
      resolve();
    });
  });
}
