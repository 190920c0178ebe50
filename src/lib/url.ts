/** A URL as errors may show it: tokens travel in query strings, and before the host. */
export function withoutSecrets(url: string): string {
  return url.replace(/[?#].*$/s, '').replace(/(^|\/\/)[^/@]*@/, '$1');
}

/** Ports that need not be named: Electrum's by custom, the others' by their schemes. */
const DEFAULTS: Readonly<Record<string, string>> = { 'tcp:': '50001', 'ssl:': '50002' };

/**
 * Who answers at a URL, under one name however it is spelled (case, a last dot, the default port, numbers for an address), so that nobody counts as two.
 * @throws TypeError for what is no URL
 */
export function hostOf(url: string): string {
  const { protocol, hostname, port } = new URL(url);
  const host = new URL(`http://${hostname}`).hostname.replace(/\.$/, '');
  return port === '' || port === DEFAULTS[protocol] ? host : `${host}:${port}`;
}
