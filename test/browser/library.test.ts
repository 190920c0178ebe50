import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startDevnet, type Devnet } from '../../src/devnet/devnet.js';
import { startLiar, type Lie } from '../../src/devnet/liar.js';
import { forgedHeader, otherFile, wrongRecord, wrongZoneFile } from '../../src/devnet/lies.js';
import { seedName, type Seeded } from '../../src/devnet/seed.js';
import { fromUtf8 } from '../../src/lib/bytes.js';
import { signProfile } from '../../src/profiles/profile.js';
import { generateWords } from '../../src/wallet/mnemonic.js';
import { openWallet } from '../../src/wallet/wallet.js';
import { browserFile, executablePath, pageScript, serveOrigin, startBrowser, type Origin } from './kit.js';
import type * as script from './library.page.js';

declare const page: typeof script;

describe.runIf(executablePath)('the built library in a real browser', () => {
  let devnet: Devnet;
  let seeded: Seeded;
  let app: Origin;
  let wallet: Origin;
  let browser: Browser;
  let context: BrowserContext;
  let tab: Page;
  let config: script.Config;
  let alice: script.WalletConfig;
  let errors: string[];
  let anothers: Uint8Array;

  beforeAll(async () => {
    const [file, own] = await Promise.all([browserFile(), pageScript('library.page.ts')]);
    const scripts = { '/namestead.browser.js': file, '/page.js': own };
    [devnet, app, wallet, browser] = await Promise.all([startDevnet(), serveOrigin(scripts), serveOrigin(scripts), startBrowser()]);
    seeded = await seedName(devnet, 'alice.id');
    await devnet.mine(3);
    config = { urls: devnet.urls, anchor: await devnet.anchor(), wallet: `${wallet.origin}/` };
    const mallory = await (await openWallet(generateWords())).identity(0);
    anothers = fromUtf8(await signProfile({ '@type': 'Person', name: 'alice' }, mallory.signer, { clock: { now: () => Date.now() } }));
    alice = { words: seeded.words, username: seeded.name, hub: devnet.urls.hub };
  }, 120_000);

  afterAll(async () => {
    await browser.close();
    await Promise.all([app.close(), wallet.close()]);
    await devnet.close();
  });

  beforeEach(async () => {
    context = await browser.newContext();
    context.setDefaultTimeout(20_000);
    errors = [];
    context.on('weberror', (error) => errors.push(String(error.error())));
    tab = await context.newPage();
    await tab.goto(`${app.origin}/`);
  });

  afterEach(async () => {
    await context.close();
    expect(errors).toEqual([]);
  });

  const goToWallet = async (): Promise<void> => {
    await Promise.all([tab.waitForURL(`${wallet.origin}/**`), tab.evaluate((given) => page.leave(given), config)]);
  };

  const comeBack = async (as: script.WalletConfig | null): Promise<void> => {
    await Promise.all([tab.waitForURL(`${app.origin}/**`), tab.evaluate((given) => void (given ? page.answer(given) : page.decline()), as)]);
  };

  const finish = () => tab.evaluate((given) => page.finish(given), config);

  const signIn = async (as: script.WalletConfig = alice) => {
    await goToWallet();
    await comeBack(as);
    return finish();
  };

  it('needs nothing of Node.js, and resolves a name with proof', async () => {
    expect(await tab.evaluate(() => ['Buffer', 'process', 'global', 'require', 'setImmediate'].filter((name) => name in globalThis))).toEqual([]);
    expect(await tab.evaluate((given) => page.resolve(given, 'alice.id'), config)).toEqual({
      ok: true,
      value: { owner: seeded.owner, level: 'snv', completeTo: config.anchor.height, profileName: 'alice' },
    });
  });

  it.each<[string, keyof script.Config['urls'] | 'profile', () => Lie, string]>([
    ['a header without work', 'esplora', () => forgedHeader(config.anchor.height - 2), 'HeaderWork'],
    ['another owner', 'node', () => wrongRecord('1BoatSLRHtKNngkdXEeobR76b53LETtpyT'), 'RecordMismatch'],
    ['another zone file', 'atlas', () => wrongZoneFile('$ORIGIN alice.id\n'), 'ZoneFileMismatch'],
    ["another's profile", 'profile', () => otherFile('/profile.json', anothers), 'ProfileMismatch'],
  ])('refuses a server that shows %s', async (_, where, lie, code) => {
    const { urls } = config;
    const target = where === 'profile' ? new URL(urls.files).origin : where === 'atlas' ? urls.atlas[0] : urls[where];
    const liar = await startLiar(target, lie());
    try {
      if (where === 'profile') await tab.route(seeded.profileUrl, (route) => route.continue({ url: seeded.profileUrl.replace(target, liar.url) }));
      const lied = where === 'profile' ? urls : { ...urls, [where]: where === 'atlas' ? [liar.url, liar.url] : liar.url };
      const refused = await tab.evaluate(([given, other]) => page.resolve({ ...given, urls: other }, 'alice.id'), [config, lied] as const);
      expect(refused).toMatchObject({ ok: false, code });
      expect(liar.told()).toBeGreaterThan(0);
    } finally {
      await liar.close();
    }
  });

  it('signs in through a redirect to another origin, and keeps an encrypted file', async () => {
    expect(await signIn()).toEqual({ ok: true, value: { username: 'alice.id', identityAddress: seeded.owner, href: `${app.origin}/` } });
    const written = await tab.evaluate((given) => page.put(given, 'notes/1.txt', 'Only the owner reads this: ✓'), config);
    expect(written).toMatchObject({ ok: true });
    const url = written.ok ? written.value.url : null;
    const raw = await (await fetch(url ?? '')).text();
    expect(raw).toContain('cipherText');
    expect(raw).not.toContain('Only the owner');

    await tab.reload();
    expect(await tab.evaluate((given) => page.user(given), config)).toBe('alice.id');
    expect(await tab.evaluate((given) => page.get(given, 'notes/1.txt'), config)).toEqual({ ok: true, value: 'Only the owner reads this: ✓' });
    expect(await tab.evaluate((given) => page.get(given, 'notes/2.txt'), config)).toEqual({ ok: true, value: null });
    // Another tab that never read it does not write over it.
    expect(await tab.evaluate((given) => page.put(given, 'notes/1.txt', 'unseen'), config)).toMatchObject({ ok: false, code: 'PreconditionFailed' });

    await tab.evaluate((given) => page.signOut(given), config);
    expect(await tab.evaluate((given) => page.get(given, 'notes/1.txt'), config)).toMatchObject({ ok: false, code: 'SessionMissing' });
    expect(await tab.evaluate(() => JSON.stringify(localStorage))).toBe('{}');
  });

  it('refuses to sign in with a name that is not of the key, and stays signed out', async () => {
    const mallory = { ...alice, words: generateWords() };
    expect(await signIn(mallory)).toMatchObject({ ok: false, code: 'NameNotOwned' });
    expect(await tab.evaluate((given) => page.user(given), config)).toBe(null);
  });

  it('hears a no from the wallet, and can ask again', async () => {
    await goToWallet();
    await comeBack(null);
    expect(await finish()).toMatchObject({ ok: false, code: 'SignInRejected' });
    expect(tab.url()).toBe(`${app.origin}/`);
    expect(await signIn()).toMatchObject({ ok: true });
  });

  it('refuses an answer that was made for another request', async () => {
    await goToWallet();
    await comeBack(alice);
    const stolen = tab.url();
    await tab.goto(`${app.origin}/`);
    await goToWallet();
    await tab.goto(stolen);
    expect(await finish()).toMatchObject({ ok: false, code: 'ResponseUnbound' });
  });

  describe('in a second window', () => {
    const openPopup = async (): Promise<Page> => {
      await tab.evaluate((given) => page.armPopup(given), config);
      const [popup] = await Promise.all([tab.waitForEvent('popup'), tab.getByRole('button').click()]);
      await popup.waitForURL(`${wallet.origin}/**`);
      return popup;
    };

    it('signs in, and the window closes', async () => {
      const popup = await openPopup();
      const closed = popup.waitForEvent('close');
      await popup.evaluate((given) => void page.answer(given), alice);
      expect(await tab.evaluate(() => page.popupDone())).toEqual({ ok: true, value: 'alice.id' });
      await closed;
      expect(await tab.evaluate((given) => page.user(given), config)).toBe('alice.id');
    });

    it('hears a no', async () => {
      const popup = await openPopup();
      await popup.evaluate(() => {
        page.decline();
      });
      expect(await tab.evaluate(() => page.popupDone())).toMatchObject({ ok: false, code: 'SignInRejected' });
    });

    it('notices that the user closed it', async () => {
      const popup = await openPopup();
      await popup.close();
      expect(await tab.evaluate(() => page.popupDone())).toMatchObject({ ok: false, code: 'SignInRejected' });
    });
  });

  it('lets one of many writers of a journal entry through, as it stands and when there is none', async () => {
    for (let round = 0; round < 3; round++) expect(await tab.evaluate(() => page.raceEntry('race', 8))).toBe(1);
  });

  it('keeps a journal that outlives the page', async () => {
    const load = () => tab.evaluate(() => page.loadEntry('laws'));
    expect(await load()).toEqual({ ok: true, value: null });
    await tab.evaluate(() => page.removeEntry('laws'));
    await tab.evaluate(() => page.saveEntry('laws', [1, 2, 3]));
    await tab.evaluate(() => page.saveEntry('laws', [4, 5]));
    await tab.reload();
    expect(await load()).toEqual({ ok: true, value: [4, 5] });
    await tab.evaluate(() => page.spoilEntry('laws'));
    expect(await load()).toMatchObject({ ok: false, code: 'JournalCorrupt' });
    await tab.evaluate(() => page.removeEntry('laws'));
    expect(await load()).toEqual({ ok: true, value: null });
  });
});
