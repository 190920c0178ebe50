// A devnet, the notes app and a wallet, each page on an origin of its own:   npm run example:notes
// With --port 0 (or another number) the app takes that port and the wallet the next; --json prints one line for scripts.

import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { seedName, startDevnet } from 'namestead/devnet';
import type { NotesConfig, WalletConfig } from './config.js';

const { values } = parseArgs({ options: { port: { type: 'string', default: '8760' }, json: { type: 'boolean', default: false } } });
const examples = resolve(import.meta.dirname, '..');
const name = 'alice.id';

interface Page {
  readonly type: string;
  readonly body: () => string | Promise<string>;
}

type Site = Readonly<Record<string, Page>>;

/** As an app's own build does it: esbuild, and the package by its name, which is `dist/`. */
async function bundle(entry: string): Promise<Page> {
  // Without this repository's paths, which lead to the sources.
  const options = { tsconfigRaw: '{}', bundle: true, write: false, minify: true, format: 'esm', target: 'es2022' } as const;
  const { outputFiles } = await build({ ...options, entryPoints: [resolve(examples, entry)] });
  const script = outputFiles[0]?.text ?? '';
  return { type: 'text/javascript', body: () => script };
}

async function file(path: string, type: string): Promise<Page> {
  const text = await readFile(resolve(examples, path), 'utf8');
  return { type, body: () => text };
}

function json(value: () => object | Promise<object>): Page {
  return { type: 'application/json', body: async () => JSON.stringify(await value()) };
}

/** Serves a page's few files to itself alone: framed by nobody, running nothing but its own script. */
function serve(port: number, site: () => Site): Promise<Server> {
  const server = createServer((request, response) => {
    const { port: mine } = server.address() as AddressInfo;
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    const page = request.headers.host === `127.0.0.1:${mine}` && Object.hasOwn(site(), path) ? site()[path] : undefined;
    const headers = {
      'content-security-policy': "default-src 'self'; img-src data:; connect-src http://127.0.0.1:*; frame-ancestors 'none'; base-uri 'none'",
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

function originOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const [app, wallet, style] = await Promise.all([bundle('notes/app.ts'), bundle('wallet/wallet.ts'), file('page.css', 'text/css')]);
const [appPage, walletPage] = await Promise.all([file('notes/index.html', 'text/html'), file('wallet/index.html', 'text/html')]);
console.error('Starting a devnet and registering a name …');
const devnet = await startDevnet();
const { words } = await seedName(devnet, name);
await devnet.mine(5);

const notesConfig = async (): Promise<NotesConfig> => {
  const { esplora, node, atlas } = devnet.urls;
  // The anchor goes with the app, not with the servers' answers. Here this program asks the devnet's own node; for a real app
  // somebody you trust recomputes it, and it is built into the release.
  return { wallet: `${originOf(walletServer)}/`, esplora, node, atlas, anchor: await devnet.anchor() };
};
const walletConfig = (): WalletConfig => ({ words, name, hub: devnet.urls.hub });

const common = { '/page.css': style };
const appSite: Site = {
  ...common,
  '/': appPage,
  '/page.js': app,
  '/config.json': json(notesConfig),
  '/manifest.json': json(() => ({ name: 'Notes', start_url: '/' })),
};
const walletSite: Site = { ...common, '/': walletPage, '/page.js': wallet, '/config.json': json(walletConfig) };
const port = Number(values.port);
const appServer = await serve(port, () => appSite);
const walletServer = await serve(port === 0 ? 0 : port + 1, () => walletSite);

if (values.json) console.log(JSON.stringify({ app: originOf(appServer), wallet: originOf(walletServer), files: devnet.urls.files }));
else console.log(`\nNotes   ${originOf(appServer)}/    open this one\nWallet  ${originOf(walletServer)}/\n\nCtrl-C ends it; nothing is kept.`);

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    for (const server of [appServer, walletServer]) {
      server.close();
      server.closeAllConnections();
    }
    void devnet.close();
  });
}
