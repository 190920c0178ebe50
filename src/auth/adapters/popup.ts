import type { Clock } from '../../lib/clock.js';
import { NamesteadError } from '../../lib/errors.js';
import { isFields } from '../../lib/shape.js';
import type { Channel } from '../channel.js';
import { requestUrl, takeFromPage } from '../transport.js';

/** `authenticator`: the wallet's page, absolute http or https. */
export interface PopupOptions {
  readonly authenticator: string;
  readonly clock: Clock;
}

/**
 * Signing in through a second window: the wallet sends it back to the app's redirect page, which calls {@link answerOpener}. Call it from
 * a click, else browsers block the window. A wallet whose pages cut the link to their opener (COOP) needs `redirect`.
 */
export function popup({ authenticator, clock }: PopupOptions): Channel {
  return async (request, finish, { signal } = {}) => {
    const page = window.open(requestUrl(authenticator, request), 'namestead-sign-in', 'popup,width=440,height=680');
    if (page === null) throw new NamesteadError('SignInRejected', 'the browser blocked the window of the wallet: open it from a click');
    const done = new AbortController();
    try {
      const response = await Promise.race([messageFrom(page, done.signal), closed(page, clock, done.signal), aborted(signal, done.signal)]);
      return await finish(response);
    } finally {
      done.abort();
      page.close();
    }
  };
}

/** On the app's redirect page: hands the answer in the URL to the window that opened this one, and closes. False when there is neither. */
export function answerOpener(): boolean {
  const response = window.opener === null ? null : takeFromPage(window, 'authResponse');
  if (response === null) return false;
  (window.opener as Window).postMessage({ authResponse: response }, window.location.origin);
  window.close();
  return true;
}

function messageFrom(page: Window, signal: AbortSignal): Promise<string> {
  return new Promise((resolve) => {
    const listen = ({ origin, source, data }: MessageEvent<unknown>): void => {
      if (origin !== window.location.origin || source !== page || !isFields(data)) return;
      if (typeof data.authResponse === 'string') resolve(data.authResponse);
    };
    window.addEventListener('message', listen, { signal });
  });
}

async function closed(page: Window, clock: Clock, signal: AbortSignal): Promise<never> {
  while (!page.closed && !signal.aborted) await clock.sleep(250, signal).catch(() => undefined);
  // The answer may have been posted just before the window went.
  await clock.sleep(250, signal).catch(() => undefined);
  throw new NamesteadError('SignInRejected', 'the window of the wallet was closed without an answer');
}

function aborted(signal: AbortSignal | undefined, done: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const stop = (): void => {
      reject(new NamesteadError('Aborted', 'the sign-in was cancelled', { cause: signal?.reason }));
    };
    if (signal?.aborted) stop();
    else signal?.addEventListener('abort', stop, { once: true, signal: done });
  });
}
