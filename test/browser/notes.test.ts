import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { executablePath, startBrowser, startExample } from './kit.js';

interface Served {
  readonly app: string;
  readonly wallet: string;
  readonly files: string;
}

describe.runIf(executablePath)('the notes and the wallet of the examples', () => {
  let served: Served;
  let child: ChildProcess;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  const problems: string[] = [];

  beforeAll(async () => {
    const started = await startExample('examples/notes/serve.ts');
    child = started.child;
    served = started.served as Served;
    browser = await startBrowser();
    context = await browser.newContext();
    context.setDefaultTimeout(20_000);
    context.on('weberror', (error) => problems.push(String(error.error())));
    context.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
    page = await context.newPage();
    await page.goto(served.app);
  }, 180_000);

  afterAll(async () => {
    await browser.close();
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    // It ends by itself, with its devnet: nothing was left open.
    expect(await ended).toEqual([0, null]);
    expect(problems).toEqual([]);
  });

  const button = (name: string | RegExp) => page.getByRole('button', { name });
  const signIn = () => button('Sign in with your wallet');
  const noteOf = (text: string) => page.getByRole('listitem').filter({ hasText: text });

  it('prove a name in the page, and say what was checked', async () => {
    await button('Resolve').click();
    await page.getByText('alice, signed by the owner').waitFor();
    await page.getByText('What was checked').click();
    expect(await page.getByText('headers 0 to').isVisible()).toBe(true);
    await page.getByRole('textbox', { name: 'Name' }).fill('nobody.id');
    await button('Resolve').click();
    await page.getByRole('alert').filter({ hasText: 'AbsenceNotProved' }).waitFor();
  });

  it('tell who asks for what, and take a no', async () => {
    await signIn().click();
    await page.getByRole('heading', { name: 'Sign in?' }).waitFor();
    expect(new URL(page.url()).origin).toBe(served.wallet);
    expect(page.url()).not.toContain('authRequest');
    const shown = await page.getByRole('main').innerText();
    for (const text of [new URL(served.app).origin, 'Notes', 'Keep its own files in your storage', 'alice.id']) expect(shown).toContain(text);
    await button('Deny').click();
    await page.getByRole('alert').filter({ hasText: 'You said no in the wallet' }).waitFor();
    expect(page.url()).toBe(`${served.app}/`);
    expect(await signIn().isVisible()).toBe(true);
  });

  it('answer no request that is not one', async () => {
    await page.goto(`${served.wallet}/?authRequest=garbage`);
    await page.getByRole('alert').filter({ hasText: 'This request was not answered' }).waitFor();
    expect(await button('Allow').isVisible()).toBe(false);
    await page.goto(served.wallet);
    await page.getByRole('heading', { name: 'Nobody is asking' }).waitFor();
    await page.goto(served.app);
  });

  it('sign in, and keep notes that only their owner reads', async () => {
    await signIn().click();
    await button('Allow').click();
    await page.getByText('Nothing yet').waitFor();
    expect(page.url()).toBe(`${served.app}/`);
    await page.getByLabel('New note').fill('Buy bread,\nand <b>oats</b>.');
    await button('Save').click();
    await noteOf('and <b>oats</b>.').waitFor();

    const files: string[] = [];
    page.on('response', (response) => files.push(response.url()));
    await page.reload();
    await noteOf('Buy bread').waitFor();
    const [file] = files.filter((url) => url.startsWith(served.files) && url.includes('/notes/'));
    expect(await (await fetch(file ?? '')).text()).not.toContain('bread');

    await button(/^Edit/).click();
    await page.getByRole('textbox', { name: 'Note', exact: true }).fill('Buy rolls.');
    await noteOf('Cancel').getByRole('button', { name: 'Save' }).click();
    await noteOf('Buy rolls.').waitFor();
  });

  it('refuse to write over what another window changed', async () => {
    const other = await context.newPage();
    await other.goto(served.app);
    await other.getByRole('button', { name: /^Edit/ }).click();
    await other.getByRole('textbox', { name: 'Note', exact: true }).fill('Changed there.');

    await button(/^Edit/).click();
    await page.getByRole('textbox', { name: 'Note', exact: true }).fill('Changed here.');
    await noteOf('Cancel').getByRole('button', { name: 'Save' }).click();
    await noteOf('Changed here.').waitFor();

    await other.getByRole('listitem').getByRole('button', { name: 'Save' }).click();
    await other.getByRole('alert').filter({ hasText: 'changed somewhere else' }).waitFor();
    await other.close();
    // The hub's refusal, as the browser's console tells it.
    expect(problems.splice(0)).toEqual([expect.stringContaining('412')]);
  });

  it('delete a note, sign out, and forget everything', async () => {
    await button(/^Delete/).click();
    await page.getByText('Nothing yet').waitFor();
    await button('Sign out').click();
    await signIn().waitFor();
    expect(await page.evaluate(() => JSON.stringify(localStorage))).toBe('{}');
    await page.reload();
    await signIn().waitFor();
  });
});
