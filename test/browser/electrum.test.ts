import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startDevnet, type Devnet } from '../../src/devnet/devnet.js';
import { seedName, type Seeded } from '../../src/devnet/seed.js';
import type * as script from './electrum.page.js';
import { browserFile, executablePath, pageScript, serveOrigin, startBrowser, type Origin } from './kit.js';

declare const page: typeof script;

describe.runIf(executablePath)('an Electrum server read from a page, over its own WebSocket', () => {
  let devnet: Devnet;
  let seeded: Seeded;
  let app: Origin;
  let browser: Browser;
  let tab: Page;
  let config: script.Config;

  beforeAll(async () => {
    const [file, own] = await Promise.all([browserFile(), pageScript('electrum.page.ts')]);
    [devnet, app, browser] = await Promise.all([startDevnet(), serveOrigin({ '/namestead.browser.js': file, '/page.js': own }), startBrowser()]);
    seeded = await seedName(devnet, 'alice.id');
    await devnet.mine(3);
    config = { urls: devnet.urls, anchor: await devnet.anchor() };
    await devnet.mine(5);
    tab = await browser.newPage();
    await tab.goto(`${app.origin}/`);
  }, 120_000);

  afterAll(async () => {
    await browser.close();
    await app.close();
    await devnet.close();
  });

  it('proves a name to the tip at level history', async () => {
    expect(await tab.evaluate((given) => page.prove(given, 'alice.id'), config)).toEqual({
      owner: seeded.owner,
      level: 'history',
      asOf: config.anchor.height + 5,
      height: config.anchor.height + 5,
    });
  });

  it('is refused when it serves another chain, is not there, or does not speak WebSocket', async () => {
    expect(await tab.evaluate((given) => page.refusals(given), config)).toEqual(['NetworkMismatch', 'HttpFailed', 'TypeError']);
  });
});
