import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { executablePath, startBrowser, startExample } from './kit.js';

interface Served {
  readonly page: string;
  readonly owner: string;
}

describe.runIf(executablePath)('a light client in a page', () => {
  let served: Served;
  let child: ChildProcess;
  let browser: Browser;
  let page: Page;
  const problems: string[] = [];
  const sockets: string[] = [];

  beforeAll(async () => {
    const started = await startExample('examples/explorer/serve.ts');
    child = started.child;
    served = started.served as Served;
    browser = await startBrowser();
    const context = await browser.newContext();
    context.setDefaultTimeout(20_000);
    context.on('weberror', (error) => problems.push(String(error.error())));
    context.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
    page = await context.newPage();
    page.on('websocket', (socket) => sockets.push(socket.url()));
    await page.goto(served.page);
  }, 180_000);

  afterAll(async () => {
    await browser.close();
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
    expect(problems).toEqual([]);
  });

  const lookUp = async (name: string, level: string): Promise<void> => {
    await page.getByLabel('Name').fill(name);
    await page.getByLabel('How sure').selectOption(level);
    await page.getByRole('button', { name: 'Look up' }).click();
  };

  it.each(['snv', 'history', 'replay'])('syncs headers over a WebSocket and proves a name at level %s', async (level) => {
    await lookUp('alice.id', level);
    await page.getByText(`Proved in this page, level ${level}`).waitFor();
    expect(await page.getByText(served.owner).isVisible()).toBe(true);
    expect(sockets.some((url) => url.startsWith('ws://127.0.0.1:'))).toBe(true);
    await page.getByText(/ checks$/).click();
    expect(await page.locator('.checks li').count()).toBeGreaterThan(2);
  });

  it('proves by a replay that nobody owns a name, which no lesser level can', async () => {
    await lookUp('nobody.id', 'snv');
    await page.getByRole('alert').filter({ hasText: 'AbsenceNotProved' }).waitFor();
    await lookUp('nobody.id', 'replay');
    await page.getByText('Proved in this page: nobody owns nobody.id').waitFor();
  });

  it('keeps its headers over a reload', async () => {
    await page.reload();
    await page.getByText(/^[1-9]\d* headers kept from before$/).waitFor();
  });

  it('hands out a proof, takes it back offline, and refuses it with one byte changed', async () => {
    await lookUp('alice.id', 'snv');
    await page.getByText('Proved in this page, level snv').waitFor();
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Download a proof' }).click()]);
    const path = await download.path();
    await page.getByLabel('Check a proof').setInputFiles(path);
    await page.getByText('This file proves it').waitFor();
    const bytes = await readFile(path);
    bytes.fill((bytes[bytes.length >> 1] ?? 0) ^ 1, bytes.length >> 1, (bytes.length >> 1) + 1);
    await writeFile(path, bytes);
    await page.getByLabel('Check a proof').setInputFiles([]);
    await page.getByLabel('Check a proof').setInputFiles(path);
    await page.getByRole('alert').waitFor();
  });
});
