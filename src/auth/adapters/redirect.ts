import { NamesteadError } from '../../lib/errors.js';
import type { Channel } from '../channel.js';
import { requestUrl, takeFromPage } from '../transport.js';
import type { Page } from '../transport.js';

export type { Page };

export interface Redirect {
  /** Leaves for the wallet's page. The answer comes to another page, so this one never hears of it: it waits until it is gone, or aborted. */
  readonly ask: Channel;
  /** The answer in this page's URL, which is cleaned of it; null when there is none. */
  take(): string | null;
}

/**
 * Signing in by leaving the page and coming back.
 *
 * @example
 * const wallet = redirect({ authenticator: 'https://wallet.example/' });
 * const client = createClient({ ...world, channel: wallet.ask });
 * const response = wallet.take();
 * const user = response === null ? await client.user() : await client.signIn({ response });
 * button.onclick = () => client.signIn();
 */
export function redirect({ authenticator, page = window }: { readonly authenticator: string; readonly page?: Page }): Redirect {
  return {
    ask: (request, _finish, { signal } = {}) =>
      new Promise((_, reject) => {
        const stop = (): void => {
          reject(new NamesteadError('Aborted', 'the sign-in was cancelled', { cause: signal?.reason }));
        };
        if (signal?.aborted) {
          stop();
          return;
        }
        signal?.addEventListener('abort', stop, { once: true });
        page.location.assign(requestUrl(authenticator, request));
      }),
    take: () => takeFromPage(page, 'authResponse'),
  };
}

/** The wallet's side: the request in this page's URL, which is cleaned of it. */
export function takeRequest(page: Page = window): string | null {
  return takeFromPage(page, 'authRequest');
}
