import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { headerStoreLaws } from '../conformance/headerStore.js';
import { executablePath, pageScript, serveOrigin, startBrowser, type Origin } from './kit.js';
import type * as script from './headers.page.js';

declare const page: typeof script;

describe.runIf(executablePath)('headers in IndexedDB, in a real browser', () => {
  let app: Origin;
  let browser: Browser;
  let tab: Page;

  beforeAll(async () => {
    [app, browser] = await Promise.all([serveOrigin({ '/page.js': await pageScript('headers.page.ts') }), startBrowser()]);
    tab = await browser.newPage();
    await tab.goto(`${app.origin}/`);
  }, 60_000);

  afterAll(async () => {
    await browser.close();
    await app.close();
  });

  it.each(Object.keys(headerStoreLaws))(
    'a store %s',
    async (title) => {
      expect(await tab.evaluate((law) => page.check(law), title)).toBeNull();
    },
    60_000,
  );

  it('a chain goes on after the page was loaded anew', async () => {
    expect(await tab.evaluate(() => page.goOn(50))).toEqual([0, 50]);
    await tab.reload();
    expect(await tab.evaluate(() => page.goOn(70))).toEqual([50, 70]);
  });

  it('a database that holds something else is StoreCorrupt', async () => {
    expect(await tab.evaluate(() => page.corrupted())).toBe('StoreCorrupt');
  });
});
