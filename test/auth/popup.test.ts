import { afterEach, describe, expect, it, vi } from 'vitest';
import { answerOpener, popup } from '../../src/auth/adapters/popup.js';
import type { Clock } from '../../src/lib/clock.js';

const origin = 'https://app.example';

/** A window that opens another; `closed` and messages are steered by the test. */
function browser(blocked = false) {
  const page = { closed: false, close: vi.fn() };
  const target = new EventTarget();
  const window = Object.assign(target, { location: { origin, href: `${origin}/` }, open: vi.fn(() => (blocked ? null : page)) });
  const say = (data: unknown, from: { origin?: string; source?: unknown } = {}): void => {
    target.dispatchEvent(Object.assign(new Event('message'), { origin, source: page, data, ...from }));
  };
  vi.stubGlobal('window', window);
  return { page, window, say };
}

/** Time stands still until the page is closed. */
const waiting = (page: { closed: boolean }): Clock => ({
  now: () => 0,
  sleep: (_, signal) =>
    new Promise((resolve, reject) => {
      if (page.closed) resolve();
      else
        signal?.addEventListener(
          'abort',
          () => {
            reject(new Error('aborted'));
          },
          { once: true },
        );
    }),
});

afterEach(() => {
  vi.unstubAllGlobals();
});

describe('a sign-in in a second window', () => {
  it('takes the answer of that window at our origin, and closes it', async () => {
    const { page, window, say } = browser();
    const asked = popup({ authenticator: 'https://wallet.example/', clock: waiting(page) })('request', (response) => Promise.resolve(`took ${response}`));
    expect(window.open.mock.calls).toHaveLength(1);
    say({ authResponse: 'forged' }, { origin: 'https://evil.example' });
    say({ authResponse: 'stray' }, { source: {} });
    say({ other: 1 });
    say('text');
    say({ authResponse: 'honest' });
    expect(await asked).toBe('took honest');
    expect(page.close).toHaveBeenCalled();
  });

  it('is rejected when its window is blocked or closed, and when it is cancelled', async () => {
    browser(true);
    await expect(
      popup({ authenticator: 'https://wallet.example/', clock: waiting({ closed: true }) })('request', () => Promise.resolve(1)),
    ).rejects.toMatchObject({ code: 'SignInRejected' });
    const { page } = browser();
    page.closed = true;
    const ask = popup({ authenticator: 'https://wallet.example/', clock: waiting(page) });
    await expect(ask('request', () => Promise.resolve(1))).rejects.toMatchObject({ code: 'SignInRejected' });
    page.closed = false;
    await expect(ask('request', () => Promise.resolve(1), { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'Aborted' });
  });
});

describe('the page that the wallet sends back to', () => {
  it('hands the answer to its opener alone, at our own origin', () => {
    const { window } = browser();
    const opener = { postMessage: vi.fn() };
    const close = vi.fn();
    const history = { replaceState: vi.fn() };
    Object.assign(window, { opener, close, history, location: { origin, href: `${origin}/?authResponse=token` } });
    expect(answerOpener()).toBe(true);
    expect(opener.postMessage).toHaveBeenCalledWith({ authResponse: 'token' }, origin);
    expect(close).toHaveBeenCalled();
    Object.assign(window, { opener: null });
    expect(answerOpener()).toBe(false);
  });
});
