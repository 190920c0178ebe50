import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { copyBlocks } from '../../src/devnet/bitcoin/copy.js';
import { startMemoryBitcoin } from '../../src/devnet/bitcoin/memory.js';
import type { BitcoinNode } from '../../src/devnet/bitcoin/node.js';
import { startDevnet, type Devnet } from '../../src/devnet/devnet.js';
import { devnetNetwork } from '../../src/devnet/network.js';
import { seedName, type Seeded } from '../../src/devnet/seed.js';
import type * as script from './filters.page.js';
import { browserFile, executablePath, pageScript, serveOrigin, startBrowser, type Origin } from './kit.js';

declare const page: typeof script;

describe.runIf(executablePath)('filters of two nodes, read in a page', () => {
  let devnet: Devnet;
  let other: BitcoinNode;
  let seeded: Seeded;
  let app: Origin;
  let browser: Browser;
  let tab: Page;
  let config: script.Config;
  let tip: number;

  beforeAll(async () => {
    const network = { ...devnetNetwork, name: 'filterable devnet', filterable: true };
    const [file, own] = await Promise.all([browserFile(), pageScript('filters.page.ts')]);
    [devnet, other, app, browser] = await Promise.all([
      startDevnet({ network }),
      startMemoryBitcoin({ blocks: 0 }),
      serveOrigin({ '/namestead.browser.js': file, '/page.js': own }),
      startBrowser(),
    ]);
    await devnet.mine(40);
    seeded = await seedName(devnet, 'alice.id');
    const anchor = await devnet.anchor();
    tip = await devnet.mine(3);
    await copyBlocks(devnet.bitcoin, other);
    const nodes = [devnet.bitcoin, other].map(({ rpcUrl: url, user, password }) => ({ url, user, password }));
    config = { urls: devnet.urls, anchor, nodes };
    tab = await browser.newPage();
    await tab.goto(`${app.origin}/`);
  }, 120_000);

  afterAll(async () => {
    await browser.close();
    await Promise.all([app.close(), other.close()]);
    await devnet.close();
  });

  it('replay a filterable network from its first block, without a core node and without a consensus hash', async () => {
    const found = await tab.evaluate((given) => page.replay(given, 'alice.id'), config);
    expect(found).toMatchObject({ owner: seeded.owner, level: 'filters', absent: null });
    expect(found.read).toBeGreaterThan(0);
    expect(found.read).toBeLessThan((tip - devnet.network.firstBlock) / 2);
  });

  it('follow a name past the anchor to the tip', async () => {
    expect(await tab.evaluate((given) => page.follow(given, 'alice.id'), config)).toEqual({ owner: seeded.owner, level: 'filters', asOf: tip });
  });
});
