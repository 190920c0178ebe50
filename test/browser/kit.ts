import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { chromium, type Browser } from 'playwright-core';
import { rollup } from 'rollup';
import { browserOptions } from '../../rollup.config.js';

/** Where Chromium is; test/tools.ts looks for it, and tells of it when it is missing. */
export const executablePath = process.env['CHROMIUM'] || undefined;

const quiet = ['--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

export function startBrowser(): Promise<Browser> {
  if (executablePath === undefined) throw new TypeError('there is no Chromium: set CHROMIUM');
  return chromium.launch({ executablePath, args: ['--no-sandbox', ...quiet] });
}

/** The library as one classic script, as the build makes it. */
export async function browserFile(): Promise<string> {
  const { output: outputs, ...options } = browserOptions('dist', false);
  const bundle = await rollup(options);
  const { output } = await bundle.generate(outputs[0] ?? {});
  await bundle.close();
  return output[0].code;
}

/** A script of our own for pages: nothing of the library goes into it. What it exports is the page's global `page`. */
export async function pageScript(name: string): Promise<string> {
  const entry = fileURLToPath(new URL(name, import.meta.url));
  const { outputFiles } = await build({ entryPoints: [entry], bundle: true, write: false, format: 'iife', globalName: 'page', target: 'es2022' });
  return outputFiles[0]?.text ?? '';
}

export interface Origin {
  readonly origin: string;
  close(): Promise<void>;
}

/** An origin of its own on loopback; `/` and every unknown path is a page with all the scripts and a button. */
export async function serveOrigin(scripts: Readonly<Record<string, string>>): Promise<Origin> {
  const tags = Object.keys(scripts).map((path) => `<script src="${path}"></script>`);
  const html = `<!doctype html><meta charset="utf-8"><title>page</title><link rel="icon" href="data:,"><button>go</button>${tags.join('')}`;
  const server = createServer(({ url = '/' }, response) => {
    const script = scripts[url];
    response.setHeader('content-type', `${script === undefined ? 'text/html' : 'text/javascript'}; charset=utf-8`).end(script ?? html);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

const root = resolve(import.meta.dirname, '../..');

function tsx(...words: readonly string[]): ChildProcess {
  return spawn(process.execPath, ['--import', 'tsx', ...words], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
}

/** An example's server as its npm script starts it, on free ports; `served` is the line of JSON it prints. */
export async function startExample(script: string): Promise<{ readonly served: unknown; readonly child: ChildProcess }> {
  const [code] = (await once(tsx('scripts/build.ts', 'if-stale'), 'exit')) as [number | null];
  if (code !== 0) throw new Error('the library could not be built');
  const child = tsx(script, '--port', '0', '--json');
  if (!child.stdout) throw new TypeError('no stdout');
  for await (const line of createInterface(child.stdout)) return { served: JSON.parse(line) as unknown, child };
  throw new Error('the example ended before it served anything');
}
