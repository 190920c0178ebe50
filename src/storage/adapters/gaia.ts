import { addressOf } from '../../lib/address.js';
import { toHex, toUtf8 } from '../../lib/bytes.js';
import type { CallOptions, Clock } from '../../lib/clock.js';
import { NamesteadError } from '../../lib/errors.js';
import { http as platformHttp, parseJson } from '../../lib/http.js';
import type { Http, HttpAnswer, HttpRequest } from '../../lib/http.js';
import { randomBytes } from '../../lib/key.js';
import type { Signer } from '../../lib/key.js';
import { parseToken, signToken } from '../../lib/token.js';
import { sameEtag } from '../condition.js';
import { encodePath } from '../path.js';
import type { Condition, File, Head, Reader, Store } from '../store.js';

const MEBIBYTE = 1 << 20;
const FILE_LIMIT = 64 * MEBIBYTE;
const FILE_TIMEOUT = 60_000;
const TOKEN_SECONDS = 3600;
/** Pages of a listing without a name, one after another; more lead nowhere. */
const EMPTY_PAGES = 1000;

export interface GaiaOptions {
  /** The hub's URL, e.g. `https://hub.hiro.so`. */
  readonly hub: string;
  /** The bucket's key: the app key for an app's files, the identity key for a profile. */
  readonly signer: Signer;
  readonly clock: Clock;
  readonly http?: Http | undefined;
  /** From the sign-in response: the identity vouches for the app key, for hubs that admit identities only. */
  readonly associationToken?: string | undefined;
  /** The most bytes of a file that is read. Default 64 MiB. */
  readonly limit?: number | undefined;
}

export interface Bucket {
  readonly address: string;
  /** What others read from; ends in a slash. A profile's `apps` carries it. */
  readonly url: string;
  /** Bytes. */
  readonly maxFileSize: number;
}

/** A bucket of a Gaia hub: a store, where it lies, and the way to void every token made so far. */
export interface GaiaStore extends Store {
  bucket(options?: CallOptions): Promise<Bucket>;
  /** Every token issued before now is refused from here on, also those of other devices; this store goes on with new ones. */
  revokeTokens(options?: CallOptions): Promise<void>;
}

interface HubInfo {
  readonly challenge: string;
  readonly readUrl: string;
  readonly maxFileSize: number;
}

interface Connection extends HubInfo {
  readonly token: string;
  /** Seconds since 1970. */
  readonly expires: number;
}

/**
 * The bucket of `signer` on a Gaia hub. The hub is asked, never believed: what it answers is bounded, and whether a file is what its author
 * wrote is for the wrappers to say ({@link enveloped}, {@link signed}).
 *
 * Tokens carry `iat` and last an hour; after a 401 a new one is tried once. The hub compares etags as text, so `If-Match` is sent as kept,
 * and in its other quoting where the hub names the same etag.
 *
 * @throws NamesteadError `Unauthorized`, `SessionExpired` (sign in again: the association token has ended), `PreconditionFailed`, `Conflict`
 * (another write on the path runs: retry), `TooLarge`, `PathInvalid`, `StorageFull`, `StorageFailed`, `HttpStatus`, `HttpMalformed`, and those of `Http`
 * @example
 * const store = encrypted(enveloped(retrying(gaia({ hub, signer, clock }), { clock, random }), signer), keys);
 * await store.put('notes/1.json', bytes, { condition: { kind: 'create' } });
 */
export function gaia({ hub, signer, clock, http = platformHttp(), associationToken, limit = FILE_LIMIT }: GaiaOptions): GaiaStore {
  const url = parseUrl(hub, 'the hub').slice(0, -1);
  const address = addressOf(signer.publicKey);
  const seconds = (): number => Math.floor(clock.now() / 1000);
  /** The hub's last word on how old a token may be; its clock may run ahead of ours. */
  let notBefore = 0;
  let connection: Promise<Connection> | null = null;

  const connect = async (options?: CallOptions): Promise<Connection> => {
    requireAssociation(associationToken, seconds());
    const info = parseHubInfo(await http(`${url}/hub_info`, { signal: options?.signal, limit: 1 << 16 }));
    const iat = Math.max(seconds(), notBefore);
    const claims = { gaiaChallenge: info.challenge, hubUrl: url, iss: toHex(signer.publicKey), salt: toHex(randomBytes(16)) };
    const payload = { ...claims, ...(associationToken === undefined ? {} : { associationToken }), iat, exp: iat + TOKEN_SECONDS };
    return { ...info, token: `v1:${await signToken(payload, signer)}`, expires: payload.exp };
  };

  const connected = async (options?: CallOptions): Promise<Connection> => {
    const held = connection;
    const fresh = await held?.catch(() => null);
    if (fresh && fresh.expires - 60 > seconds()) return fresh;
    if (connection === held) connection = connect(options);
    return connection ?? connected(options);
  };

  /** Sends with a token; after a 401 once more with a new one. */
  const send = async (endpoint: string, request: HttpRequest, what: string): Promise<HttpAnswer> => {
    const attempt = async (): Promise<HttpAnswer> => {
      const { token } = await connected(request);
      return http(`${url}${endpoint}`, { timeout: FILE_TIMEOUT, ...request, headers: { ...request.headers, authorization: `bearer ${token}` } });
    };
    const first = await attempt();
    if (first.status !== 401) return first;
    const revoked = Number(/issued after (\d{1,11})\b/.exec(messageOf(first))?.[1] ?? 0);
    // A day bounds what a lying hub can do with our tokens' dates.
    if (revoked <= seconds() + 86_400) notBefore = Math.max(notBefore, revoked);
    connection = null;
    const second = await attempt();
    if (second.status === 401) throw refusal(second, what);
    return second;
  };

  const readerOf = async (options?: CallOptions): Promise<Reader> => {
    const { readUrl } = await connected(options);
    return readGaia({ url: `${readUrl}${address}/`, http, limit });
  };

  const self: GaiaStore = {
    bucket: async (options) => {
      const { readUrl, maxFileSize } = await connected(options);
      return { address, url: `${readUrl}${address}/`, maxFileSize };
    },
    revokeTokens: async ({ signal } = {}) => {
      const now = seconds();
      const body = JSON.stringify({ oldestValidTimestamp: now });
      const answer = await send(`/revoke-all/${address}`, { method: 'POST', headers: JSON_HEADERS, body, signal }, 'revoking tokens');
      if (answer.status !== 202) throw refusal(answer, 'revoking tokens');
      notBefore = Math.max(notBefore, now);
      connection = null;
    },
    get: async (path, options) => (await readerOf(options)).get(path, options),
    head: async (path, options) => (await readerOf(options)).head(path, options),
    put: async (path, body, { contentType = 'application/octet-stream', condition, signal } = {}) => {
      const what = `writing ${path}`;
      const endpoint = `/store/${address}/${encodePath(path)}`;
      const { maxFileSize } = await connected({ signal });
      if (body.length > maxFileSize) throw new NamesteadError('TooLarge', `${path} has ${body.length} bytes, the hub takes ${maxFileSize}`);
      const attempt = (headers: Readonly<Record<string, string>>): Promise<HttpAnswer> =>
        send(endpoint, { method: 'POST', headers: { 'content-type': contentType, ...headers }, body, signal }, what);
      const answer = await attempt(conditionHeaders(condition));
      if (answer.status === 412 && condition?.kind === 'match' && sameEtag(condition.etag, (await self.head(path, { signal }))?.etag ?? null)) {
        return parseStored(await attempt(conditionHeaders({ kind: 'match', etag: requoted(condition.etag) })), what);
      }
      return parseStored(answer, what);
    },
    remove: async (path, { condition, signal } = {}) => {
      const what = `removing ${path}`;
      // Hubs ignore conditions on a delete, so this one is checked here: another's write in between is not noticed.
      if (condition && condition.kind !== 'any') await requireHead(self, path, condition, signal);
      const answer = await send(`/delete/${address}/${encodePath(path)}`, { method: 'DELETE', headers: conditionHeaders(condition), signal }, what);
      if (answer.status === 404) return false;
      if (answer.status < 200 || answer.status > 299) throw refusal(answer, what);
      return true;
    },
    async *list(prefix = '', { signal } = {}) {
      let page: string | null = null;
      let empty = 0;
      do {
        const request: HttpRequest = { method: 'POST', headers: JSON_HEADERS, body: JSON.stringify({ page }), limit: 32 * MEBIBYTE, signal };
        const listing = parseListing(await send(`/list-files/${address}`, request, 'listing'));
        // The disk driver names a next page for ever.
        if (listing.entries.length === 0) return;
        const names = listing.entries.flatMap((entry) => (entry === null || entry === '' ? [] : [entry]));
        empty = names.length > 0 ? 0 : empty + 1;
        if (empty > EMPTY_PAGES) throw new NamesteadError('HttpMalformed', `listing: the hub answered ${empty} pages on end without a name`);
        for (const name of names) if (name.startsWith(prefix)) yield name;
        if (listing.page === page && page !== null) throw new NamesteadError('HttpMalformed', 'listing: the hub answered the same page twice');
        page = listing.page;
      } while (page !== null);
    },
  };
  return self;
}

export interface ReadGaiaOptions {
  /** A bucket's URL, as a profile's `apps` names it. */
  readonly url: string;
  readonly http?: Http | undefined;
  /** The most bytes of a file. Default 64 MiB. */
  readonly limit?: number | undefined;
}

/**
 * Anybody's public files, straight from the bucket's URL. What comes is the host's word: put {@link signedBy} or {@link envelopedBy} around it.
 *
 * @throws NamesteadError `PathInvalid`, `StorageFailed`, `HttpStatus`, and those of `Http`
 */
export function readGaia({ url, http = platformHttp(), limit = FILE_LIMIT }: ReadGaiaOptions): Reader {
  const base = parseUrl(url, 'the bucket');
  const ask = async (method: 'GET' | 'HEAD', path: string, options?: CallOptions): Promise<HttpAnswer | null> => {
    const answer = await http(base + encodePath(path), { method, limit, timeout: FILE_TIMEOUT, signal: options?.signal });
    if (answer.status === 404) return null;
    if (answer.status !== 200 && !(method === 'HEAD' && NO_HEAD.includes(answer.status))) throw refusal(answer, `reading ${path}`);
    return answer;
  };
  const get = async (path: string, options?: CallOptions): Promise<File | null> => {
    const answer = await ask('GET', path, options);
    return answer && { body: answer.body, contentType: typeOf(answer), etag: etagOf(answer) };
  };
  return {
    get,
    head: async (path, options): Promise<Head | null> => {
      const answer = await ask('HEAD', path, options);
      if (answer === null) return null;
      if (answer.status === 200) return { contentType: typeOf(answer), etag: etagOf(answer), size: sizeOf(answer), modified: modifiedOf(answer) };
      const file = await get(path, options);
      return file && { contentType: file.contentType, etag: file.etag, size: file.body.length, modified: null };
    },
  };
}

const JSON_HEADERS = { 'content-type': 'application/json' } as const;
/** Hosts that know no HEAD. */
const NO_HEAD: readonly number[] = [405, 501];

/** With one slash at the end. */
function parseUrl(url: string, what: string): string {
  if (!isPlainUrl(url)) throw new TypeError(`${what} needs a URL that starts with http:// or https://, without user, password, query or fragment`);
  let end = url.length;
  while (url[end - 1] === '/') end--;
  return `${url.slice(0, end)}/`;
}

function isPlainUrl(url: string): boolean {
  if (!/^https?:\/\/[^\s?#]+$/i.test(url) || !URL.canParse(url)) return false;
  const { username, password } = new URL(url);
  return username + password === '';
}

function parseHubInfo(answer: HttpAnswer): HubInfo {
  if (answer.status !== 200) throw refusal(answer, 'connecting to the hub');
  const info = parseJson(answer.body, 'hub_info') as Record<string, unknown> | null;
  const { challenge_text: challenge, latest_auth_version: version, read_url_prefix: readUrl, max_file_upload_size_megabytes: megabytes } = info ?? {};
  if (typeof challenge !== 'string' || typeof readUrl !== 'string' || !isPlainUrl(readUrl)) {
    throw new NamesteadError('HttpMalformed', 'hub_info lacks challenge_text or read_url_prefix: this is no Gaia hub');
  }
  // The token of older hubs is one signature per key and server, never expires and survives a revocation: it is not made here.
  if (typeof version !== 'string' || !(Number(/^v(\d+)$/.exec(version)?.[1] ?? 0) >= 1)) {
    throw new NamesteadError('Unauthorized', 'the hub knows no v1 tokens; older ones never expire and are not made');
  }
  const maxFileSize = typeof megabytes === 'number' && megabytes > 0 ? Math.floor(megabytes * MEBIBYTE) : 20 * MEBIBYTE;
  return { challenge, readUrl: parseUrl(readUrl, 'hub_info'), maxFileSize };
}

function requireAssociation(token: string | undefined, now: number): void {
  if (token === undefined) return;
  const { exp } = parseToken(token).payload;
  if (typeof exp === 'number' && exp <= now) throw new NamesteadError('SessionExpired', 'the association token of this sign-in has expired: sign in again');
}

function conditionHeaders(condition: Condition | undefined): Record<string, string> {
  if (condition?.kind === 'create') return { 'if-none-match': '*' };
  if (condition?.kind === 'match') return { 'if-match': condition.etag };
  return {};
}

async function requireHead(reader: Reader, path: string, condition: Condition, signal: AbortSignal | undefined): Promise<void> {
  const head = await reader.head(path, { signal });
  const fits = condition.kind === 'create' ? head === null : head !== null && condition.kind === 'match' && sameEtag(condition.etag, head.etag);
  if (!fits) throw new NamesteadError('PreconditionFailed', `${path} is not the version this removal was meant for: read it again, then decide`);
}

function requoted(etag: string): string {
  const strong = etag.replace(/^W\//, '');
  return /^".*"$/s.test(strong) ? strong.slice(1, -1) : `"${strong}"`;
}

function parseStored(answer: HttpAnswer, what: string): { etag: string | null; url: string | null } {
  if (answer.status < 200 || answer.status > 299) throw refusal(answer, what);
  const { publicURL, etag } = (parseJson(answer.body, what) as Record<string, unknown> | null) ?? {};
  return { etag: typeof etag === 'string' && etag !== '' ? etag : null, url: typeof publicURL === 'string' ? publicURL : null };
}

function parseListing(answer: HttpAnswer): { entries: readonly (string | null)[]; page: string | null } {
  if (answer.status < 200 || answer.status > 299) throw refusal(answer, 'listing');
  const { entries, page } = (parseJson(answer.body, 'listing') as Record<string, unknown> | null) ?? {};
  if (!Array.isArray(entries) || !entries.every((entry) => entry === null || typeof entry === 'string')) {
    throw new NamesteadError('HttpMalformed', 'listing: the hub answered no list of names');
  }
  return { entries: entries as (string | null)[], page: typeof page === 'string' && page !== '' ? page : null };
}

function refusal(answer: HttpAnswer, what: string): NamesteadError {
  const said = messageOf(answer);
  const fail = (code: NamesteadError['code'], meaning: string): NamesteadError =>
    new NamesteadError(code, `${what}: ${meaning}${said === '' ? '' : `; the hub says ${JSON.stringify(said)}`}`);
  switch (answer.status) {
    case 401:
      return /expired association token/i.test(said) ? fail('SessionExpired', 'sign in again') : fail('Unauthorized', 'the hub refuses the token');
    case 402:
      return fail('Unauthorized', 'the hub wants proofs of identity first');
    case 403:
      return fail('PathInvalid', 'the hub refuses the path');
    case 409:
      return fail('Conflict', 'another write on this path is running: try again');
    case 412:
      return fail('PreconditionFailed', 'the file is not the version this write was meant to replace: read it again, then decide');
    case 413:
      return fail('TooLarge', 'the hub refuses the size');
    case 507:
      return fail('StorageFull', 'the hub has no room left');
    case 429:
      return fail('StorageFailed', 'the hub is asked too often');
    default:
      return answer.status >= 500
        ? fail('StorageFailed', `the hub failed with status ${answer.status}`)
        : fail('HttpStatus', `status ${answer.status} was not expected`);
  }
}

/** The hub's own words, short and printable; an HTML page has none worth showing. */
function messageOf(answer: HttpAnswer): string {
  try {
    const { message } = JSON.parse(toUtf8(answer.body.subarray(0, 4096))) as { message?: unknown };
    return typeof message === 'string' ? message.slice(0, 200).replace(/[^\x20-\x7e]+/g, ' ') : '';
  } catch {
    return '';
  }
}

function typeOf(answer: HttpAnswer): string {
  return answer.headers.get('content-type') ?? 'application/octet-stream';
}

/** Without the `W/` that proxies add when they compress: hubs know only the strong form. */
function etagOf(answer: HttpAnswer): string | null {
  return answer.headers.get('etag')?.replace(/^W\//, '') ?? null;
}

function sizeOf(answer: HttpAnswer): number | null {
  const size = answer.headers.get('content-length');
  return size !== null && /^\d{1,15}$/.test(size) ? Number(size) : null;
}

function modifiedOf(answer: HttpAnswer): number | null {
  const modified = Date.parse(answer.headers.get('last-modified') ?? '');
  return Number.isNaN(modified) ? null : modified;
}
