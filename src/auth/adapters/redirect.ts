import { requestUrl, takeFromPage } from '../transport.js';
import type { Page } from '../transport.js';

export interface Redirect {
  /** Leaves for the wallet's page. */
  leave(request: string): void;
  /** The answer in this page's URL, which is cleaned of it; null when there is none. */
  take(): string | null;
}

/**
 * Signing in by leaving the page and coming back.
 *
 * @example
 * const wallet = redirect({ authenticator: 'https://wallet.example/' });
 * const response = wallet.take();
 * if (response) await me.finish(response);
 * else button.onclick = async () => wallet.leave(await me.begin());
 */
export function redirect({ authenticator, page = window }: { readonly authenticator: string; readonly page?: Page }): Redirect {
  return {
    leave: (request) => {
      page.location.assign(requestUrl(authenticator, request));
    },
    take: () => takeFromPage(page, 'authResponse'),
  };
}

/** The wallet's side: the request in this page's URL, which is cleaned of it. */
export function takeRequest(page: Page = window): string | null {
  return takeFromPage(page, 'authRequest');
}
