import { parseBounded } from '../lib/json.js';
import type { ZoneFile } from './zonefile.js';

/** More candidates than this are not tried: a zone file must not make its reader knock at a thousand doors. */
const MAX_URLS = 16;

/** Says whether a host may be asked; it gets the host as the URL parser writes it, e.g. `127.0.0.1`, `[::1]`, `a.example`. */
export type HostPredicate = (host: string) => boolean;

/**
 * Where the profile may lie: the `_http._tcp` and `_https._tcp` records in file order, http and https only, a bare host
 * over https (atlas.md c.6). Priority and weight are not looked at, as no client ever did. Hosts that are private, loopback
 * or link-local are left out unless `allowHost` says otherwise: a zone file is written by strangers and read inside one's own
 * network. A public name may still resolve to a private address: who fetches on a server's behalf checks that too.
 *
 * @example
 * profileUrls(parseZoneFile(text))
 * profileUrls(parseZoneFile(text), (host) => isPublicHost(host) || isLoopbackHost(host)) // on a devnet
 */
export function profileUrls(zoneFile: ZoneFile, allowHost: HostPredicate = isPublicHost): string[] {
  const urls = zoneFile.records.flatMap((record) => (record.type === 'URI' && /^_https?\._tcp$/i.test(record.label) ? [toUrl(record.target)] : []));
  return [...new Set(urls.filter((url) => url !== null && isAllowed(url, allowHost)))].slice(0, MAX_URLS) as string[];
}

function toUrl(target: string): string | null {
  if (/^https?:\/\//i.test(target)) return target;
  // `host:443/p` looks like a scheme but for the digits.
  const hasScheme = /^[a-z][a-z0-9+.-]*:(?!\d)/i.test(target) || target.includes('://');
  return hasScheme || !/^[a-z0-9[]/i.test(target) ? null : `https://${target}`;
}

function isAllowed(url: string, allowHost: HostPredicate): boolean {
  if (!URL.canParse(url)) return false;
  const { username, password, hostname } = new URL(url);
  return username === '' && password === '' && hostname !== '' && allowHost(hostname);
}

/** True for a host of the machine itself: `localhost`, 127.0.0.0/8, `[::1]`. */
export function isLoopbackHost(host: string): boolean {
  const name = host.toLowerCase().replace(/\.$/, '');
  return name === 'localhost' || name.endsWith('.localhost') || name === '[::1]' || ipv4(name)?.[0] === 127;
}

/** False for loopback, private, link-local, multicast and reserved addresses (RFC 6890) and for names that only mean something inside a network. */
export function isPublicHost(host: string): boolean {
  const name = host.toLowerCase().replace(/\.$/, '');
  if (name.startsWith('[')) return isPublicIpv6(name.slice(1, -1));
  const address = ipv4(name);
  if (address) return isPublicIpv4(address);
  return name.includes('.') && !/\.(?:localhost|localdomain|local|internal|intranet|lan|home|corp|private|home\.arpa)$/.test(name);
}

/** The URL parser has already turned `0x7f.1` and its kin into four decimal numbers. */
function ipv4(name: string): readonly number[] | null {
  return /^\d{1,3}(?:\.\d{1,3}){3}$/.test(name) ? name.split('.').map(Number) : null;
}

function isPublicIpv4([a = 0, b = 0, c = 0]: readonly number[]): boolean {
  if (a === 0 || a === 10 || a === 127 || a >= 224) return false;
  if (a === 100) return b < 64 || b > 127;
  if (a === 169) return b !== 254;
  if (a === 172) return b < 16 || b > 31;
  if (a === 192) return b !== 168 && !(b === 0 && (c === 0 || c === 2));
  if (a === 198) return b !== 18 && b !== 19 && !(b === 51 && c === 100);
  return !(a === 203 && b === 0 && c === 113);
}

/** Only global unicast, 2000::/3, without the parts that carry an IPv4 address (6to4, Teredo) or are for documentation. */
function isPublicIpv6(name: string): boolean {
  const [first = '', second = ''] = name.split(':');
  const high = first === '' ? 0 : Number.parseInt(first, 16);
  if (high < 0x2000 || high > 0x3fff || high === 0x2002) return false;
  return !(high === 0x2001 && [0, 0xdb8].includes(second === '' ? 0 : Number.parseInt(second, 16)));
}

/**
 * The profile that a Onename name kept in its zone file as JSON, before there were zone files proper; null for any other text.
 * Nobody signed it: its only proof is the hash on the chain, so show it as unsigned (atlas.md c.6).
 */
export function legacyProfile(text: string): Readonly<Record<string, unknown>> | null {
  if (/\$ORIGIN/i.test(text) || !/^\s*\{/.test(text)) return null;
  try {
    const value: unknown = parseBounded(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Readonly<Record<string, unknown>>) : null;
  } catch {
    return null;
  }
}
