// Serves the examples' pages on loopback, each on an origin of its own.

import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { build } from 'esbuild';

export interface Page {
  readonly type: string;
  readonly body: () => string | Promise<string>;
}

export type Site = Readonly<Record<string, Page>>;

/** As an app's own build does it: esbuild, and the package by its name, which is `dist/`. */
export async function bundle(entry: string): Promise<Page> {
  // Without this repository's paths, which lead to the sources.
  const options = { tsconfigRaw: '{}', bundle: true, write: false, minify: true, format: 'esm', target: 'es2022' } as const;
  const { outputFiles } = await build({ ...options, entryPoints: [resolve(import.meta.dirname, entry)] });
  const script = outputFiles[0]?.text ?? '';
  return { type: 'text/javascript', body: () => script };
}

export async function file(path: string, type: string): Promise<Page> {
  const text = await readFile(resolve(import.meta.dirname, path), 'utf8');
  return { type, body: () => text };
}

export function json(value: () => object | Promise<object>): Page {
  return { type: 'application/json', body: async () => JSON.stringify(await value()) };
}

/** Serves a page's few files to itself alone: framed by nobody, running nothing but its own script. */
export function serve(port: number, site: () => Site): Promise<Server> {
  const server = createServer((request, response) => {
    const { port: mine } = server.address() as AddressInfo;
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    const page = request.headers.host === `127.0.0.1:${mine}` && Object.hasOwn(site(), path) ? site()[path] : undefined;
    const headers = {
      'content-security-policy':
        "default-src 'self'; img-src data:; connect-src 'self' http://127.0.0.1:* ws://127.0.0.1:*; frame-ancestors 'none'; base-uri 'none'",
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
      // A wallet reads the manifest of an app that asks.
      ...(path === '/manifest.json' ? { 'access-control-allow-origin': '*' } : {}),
    };
    Promise.resolve(page?.body()).then(
      (body) =>
        response
          .writeHead(body === undefined ? 404 : 200, { ...headers, 'content-type': `${page?.type ?? 'text/plain'}; charset=utf-8` })
          .end(body ?? 'Not here.\n'),
      () => response.writeHead(500, headers).end(),
    );
  });
  return new Promise((done, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', () => {
      done(server);
    });
  });
}

export function originOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Ends the program on Ctrl-C: the servers first, then what stands behind them. */
export function endOnSignal(servers: readonly Server[], close: () => Promise<void>): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      for (const server of servers) {
        server.close();
        server.closeAllConnections();
      }
      void close();
    });
  }
}
