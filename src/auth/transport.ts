import { NamesteadError } from '../lib/errors.js';

/** The longest token that is taken from a URL. */
const LIMIT = 1 << 18;

/** Where an app sends its user: the wallet's page with the request. @throws TypeError when the page is not absolute http or https */
export function requestUrl(authenticator: string, request: string): string {
  return withParameter(authenticator, 'authRequest', request);
}

/** Where a wallet sends its user back: the verified request's redirect with the response, in place of an earlier one. */
export function responseUrl(redirectUri: string, response: string): string {
  return withParameter(redirectUri, 'authResponse', response);
}

/** What stands in place of an answer when the user said no; Connect's wallets say it in the same word. Nothing signs it. */
const DECLINED = 'cancel';

/** Where a wallet sends its user back who said no: the app then meets `SignInRejected`. */
export function declineUrl(redirectUri: string): string {
  return responseUrl(redirectUri, DECLINED);
}

export function isDeclined(response: string): boolean {
  return response === DECLINED;
}

/**
 * The token that a page's URL brings, and the URL without it: tokens in URLs end up in histories, logs and referrers.
 *
 * @returns null when there is none
 * @throws NamesteadError `Malformed` when it is too long
 */
export function takeParameter(url: string, name: 'authRequest' | 'authResponse'): { readonly token: string; readonly rest: string } | null {
  const rest = new URL(url);
  const token = rest.searchParams.get(name);
  if (token === null || token === '') return null;
  if (token.length > LIMIT) throw new NamesteadError('Malformed', `${name} has more than ${LIMIT} characters`);
  rest.searchParams.delete(name);
  return { token, rest: rest.href };
}

/** The part of a browser's window that a sign-in reads and cleans. */
export interface Page {
  readonly location: { readonly href: string; assign(url: string): void };
  readonly history: { replaceState(data: unknown, unused: string, url: string): void };
}

/** As {@link takeParameter}, from a page's own URL, which is cleaned of it. */
export function takeFromPage({ location, history }: Page, name: 'authRequest' | 'authResponse'): string | null {
  const found = takeParameter(location.href, name);
  if (found === null) return null;
  history.replaceState(null, '', found.rest);
  return found.token;
}

function withParameter(page: string, name: string, token: string): string {
  const url = URL.canParse(page) ? new URL(page) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) throw new TypeError(`${JSON.stringify(page)} is not an absolute http or https URL`);
  url.searchParams.set(name, token);
  return url.href;
}
