import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';
import { expect, test } from 'vitest';
import type { breaches } from './indexeddb.page.js';

const executablePath = process.env['CHROMIUM'];

test.runIf(executablePath)(
  'a database in a real browser keeps every law of a store',
  async () => {
    const entry = fileURLToPath(new URL('indexeddb.page.ts', import.meta.url));
    const bundle = await build({ entryPoints: [entry], bundle: true, write: false, format: 'iife', globalName: 'page', target: 'es2022' });
    const script = bundle.outputFiles[0]?.text ?? '';
    const server = createServer((_, response) => response.setHeader('content-type', 'text/html').end('<!doctype html><title>stores</title>'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const browser = await chromium.launch({ ...(executablePath ? { executablePath } : {}), args: ['--no-sandbox'] });
    try {
      const page = await browser.newPage();
      await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
      await page.addScriptTag({ content: script });
      const { laws, broken } = await page.evaluate(() => (globalThis as unknown as { page: { breaches: typeof breaches } }).page.breaches());
      expect(broken).toEqual([]);
      expect(laws).toBeGreaterThan(15);
    } finally {
      await browser.close();
      server.close();
      server.closeAllConnections();
    }
  },
  60_000,
);
