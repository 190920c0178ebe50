import { createServer } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemClock } from '../lib/adapters/clock.js';
import { parseAddress } from '../lib/address.js';
import type { Clock } from '../lib/clock.js';
import { isNamesteadError, NamesteadError } from '../lib/errors.js';
import { disk } from '../storage/adapters/disk.js';
import { encodePath } from '../storage/path.js';
import type { Store } from '../storage/store.js';
import { json, page, PREFLIGHT, respond } from './answer.js';
import type { Answer, Router } from './answer.js';
import { authenticate, challengeText } from './authentication.js';
import type { Authority } from './authentication.js';
import { buckets } from './bucket.js';
import { fault } from './fault.js';
import { decodePath, makeRoom, parseCondition, readFile, readJson } from './request.js';
import { isArchival, requireScope } from './scope.js';

const MEBIBYTE = 1 << 20;
const DAY = 86_400;
/** Milliseconds after which a connection on which nothing moves is ended: a client that reads no answer holds it in our memory. */
const IDLE = 60_000;
const HEADERS_TIMEOUT = 15_000;
const MOST_CONNECTIONS = 1024;

export interface HubOptions {
  /** Where the buckets lie: any store, or the folder of a hub's disk driver. One of the two is needed. */
  readonly store?: Store;
  readonly directory?: string;
  /** Default 0: any free one. */
  readonly port?: number;
  /** Default `127.0.0.1`. */
  readonly host?: string;
  /** Stands in the text that clients sign; a token for one name is refused by hubs of another. Default `gaia-0`. */
  readonly serverName?: string;
  /** Mebibytes. Default 20. */
  readonly maxFileUploadSizeMegabytes?: number;
  /** Mebibytes of uploads that are held in memory at once; whoever comes above is told to come back. At least that of one file. Default 512. */
  readonly maxUploadMegabytes?: number;
  /** The addresses that may write; those of identities when clients carry association tokens. Default: everybody. */
  readonly whitelist?: readonly string[];
  /** Refuses tokens that were made for another hub's URL. Default false, since old clients name none. */
  readonly requireCorrectHubUrl?: boolean;
  /** Besides the own URL and `https://{serverName}`. */
  readonly validHubUrls?: readonly string[];
  /** Names per page of a listing, 1 to 4,096. Default 100. */
  readonly pageSize?: number;
  /** Default `no-cache`. */
  readonly cacheControl?: string;
  /** What clients read from, when a CDN or proxy stands before `/read/`. */
  readonly readUrl?: string;
  readonly clock?: Clock;
  /** Told what went wrong where the client hears only "Server Error". */
  readonly onError?: (error: unknown) => void;
}

/** Files are of strangers: a browser that opens one as a page runs nothing of it in the name of the hub. */
const INERT = { 'content-security-policy': 'sandbox', 'x-content-type-options': 'nosniff' } as const;

export interface Hub {
  readonly url: string;
  /** Files stand at `{readUrl}{address}/{path}`; ends in a slash. */
  readonly readUrl: string;
  /** `host:port`. */
  readonly address: string;
  readonly close: () => Promise<void>;
}

/**
 * A Gaia hub over any store, with the reader on the same port. Endpoints, errors and file layout are those of the hubs that peers run
 * (`/hub_info`, `/store`, `/delete`, `/list-files`, `/revoke-all`), so their clients and folders keep working.
 *
 * Where those hubs are weak, this one is not: a write is visible whole or not at all, a revocation also ends tokens of the first kind and is
 * never lowered, and conditions hold against every writer of the same store.
 *
 * @throws NamesteadError `PortInUse`, `ServerFailed`
 * @example
 * const hub = await startHub({ directory: './buckets', port: 3000 });
 */
export async function startHub(options: HubOptions): Promise<Hub> {
  const { host = '127.0.0.1', port = 0 } = options;
  const server = createServer({ headersTimeout: HEADERS_TIMEOUT, connectionsCheckingInterval: 5000 });
  server.maxConnections = MOST_CONNECTIONS;
  server.setTimeout(IDLE);
  await listening(server, port, host);
  // Too many open files, say: the hub outlives it.
  server.on('error', (error) => options.onError?.(error));
  const bound = (server.address() as AddressInfo).port;
  const address = `${host.includes(':') ? `[${host}]` : host}:${bound}`;
  const url = `http://${address}`;
  const readUrl = (options.readUrl ?? `${url}/read/`).replace(/\/*$/, '/');
  const answer = router({ ...options, url, readUrl });
  server.on('request', (request, response) => {
    respond(request, response, answer, options.onError).catch((error: unknown) => {
      options.onError?.(error);
      response.destroy();
    });
  });
  return { url, readUrl, address, close: () => closed(server) };
}

function router(options: HubOptions & { readonly url: string; readonly readUrl: string }): Router {
  const {
    serverName = 'gaia-0',
    maxFileUploadSizeMegabytes: megabytes = 20,
    cacheControl = 'no-cache',
    clock = systemClock(),
    whitelist,
    url,
    readUrl,
  } = options;
  const store = storeOf(options);
  const limit = Math.floor(megabytes * MEBIBYTE);
  const all = buckets(store, options.pageSize ?? 100, () => clock.now());
  const hubUrls = options.requireCorrectHubUrl ? [...(options.validHubUrls ?? []), `https://${serverName}`, url] : null;
  const busy = new Set<string>();
  const room = makeRoom(Math.max(limit, Math.floor((options.maxUploadMegabytes ?? 512) * MEBIBYTE)));

  const admit = async (request: IncomingMessage, address: string, oldest: number): Promise<Authority> => {
    const gate = { serverName, address, now: clock.now() / 1000, oldest, hubUrls };
    const authority = authenticate(request.headers.authorization, gate);
    if (whitelist && !whitelist.includes(authority.signer)) throw fault('ValidationError', `Address ${authority.signer} not authorized for writes`);
    return authority;
  };

  /** One operation on a path at a time; the second is refused at once, it does not wait. */
  const alone = async (operation: string, endpoint: string, work: () => Promise<Answer>): Promise<Answer> => {
    if (busy.has(endpoint)) throw fault('ConflictError', `Concurrent operation (${operation}) attempted on ${endpoint}`);
    busy.add(endpoint);
    try {
      return await work();
    } finally {
      busy.delete(endpoint);
    }
  };

  const put = async (request: IncomingMessage, address: string, path: string): Promise<Answer> => {
    const { scopes } = await admit(request, address, await all.oldestToken(address));
    requireScope(scopes, 'put', address, path);
    const condition = parseCondition(request);
    await all.requireCondition(address, path, condition);
    const contentType = request.headers['content-type'] ?? 'application/octet-stream';
    if (contentType.length > 1024) throw new Error('the content type has more than 1,024 characters');
    const share = room();
    try {
      const body = await readFile(request, { limit, megabytes, hold: share.hold });
      if (isArchival(scopes)) await all.archive(address, path);
      const etag = await all.put(address, path, body, contentType, condition);
      return json(202, { publicURL: `${readUrl}${address}/${encodePath(path)}`, etag });
    } finally {
      share.free();
    }
  };

  const remove = async (request: IncomingMessage, address: string, path: string): Promise<Answer> => {
    const { scopes } = await admit(request, address, await all.oldestToken(address));
    requireScope(scopes, 'delete', address, path);
    if (isArchival(scopes)) await all.archive(address, path);
    await all.remove(address, path, parseCondition(request));
    return { status: 202 };
  };

  const list = async (request: IncomingMessage, address: string): Promise<Answer> => {
    const body = await readJson(request);
    const { scopes } = await admit(request, address, await all.oldestToken(address));
    const page = typeof body.page === 'string' && body.page !== '' ? body.page : null;
    return json(202, await all.list(address, page, Boolean(body.stat), !isArchival(scopes)));
  };

  const revoke = async (request: IncomingMessage, address: string): Promise<Answer> => {
    const { oldestValidTimestamp } = await readJson(request);
    if (!oldestValidTimestamp) return json(400, { message: 'Invalid JSON: missing oldestValidTimestamp' });
    const oldest = typeof oldestValidTimestamp === 'string' || typeof oldestValidTimestamp === 'number' ? Number.parseInt(`${oldestValidTimestamp}`, 10) : NaN;
    // Far in the future it would close the bucket for good.
    if (!(oldest >= 0 && oldest <= clock.now() / 1000 + DAY)) return json(400, { message: 'Invalid JSON: oldestValidTimestamp is not a valid integer' });
    await admit(request, address, 0);
    return alone('revoke', `${address}-auth`, async () => {
      await all.revoke(address, oldest);
      return json(202, { status: 'success' });
    });
  };

  const read = async (address: string, path: string): Promise<Answer> => {
    const reading = isAddress(address) ? store.get(`${address}/${path}`) : Promise.resolve(null);
    const file = await reading.catch((error: unknown) => {
      if (isNamesteadError(error, 'PathInvalid')) return null;
      throw error;
    });
    if (file === null) return { status: 404, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: 'File not found' };
    const head = await store.head(`${address}/${path}`);
    const modified = typeof head?.modified !== 'number' ? {} : { 'last-modified': new Date(head.modified).toUTCString() };
    const etag = file.etag === null ? {} : { etag: file.etag };
    const headers = { 'content-type': file.contentType, 'cache-control': cacheControl, ...etag, ...modified };
    return { status: 200, headers: { ...headers, ...INERT, 'access-control-expose-headers': 'Content-Type, ETag' }, body: file.body };
  };

  const info = {
    challenge_text: challengeText(serverName),
    latest_auth_version: 'v1',
    max_file_upload_size_megabytes: megabytes,
    read_url_prefix: readUrl,
  };

  return async (request) => {
    const method = request.method ?? 'GET';
    const raw = (request.url ?? '/').replace(/[?#].*$/s, '');
    if (method === 'OPTIONS') return { status: 204, headers: PREFLIGHT };
    const [, first = '', address = '', rest = ''] = /^\/([a-z_-]+)(?:\/([A-Za-z0-9]+))?(?:\/(.*))?$/s.exec(raw) ?? [];
    const path = decodePath(rest);
    if (path === null) return page(400, `URIError: Failed to decode param '${rest}'`);
    if (/^\/hub_info\/?$/.test(raw) && (method === 'GET' || method === 'HEAD')) return json(200, info);
    if (address !== '' && path !== '') {
      if (first === 'store' && method === 'POST') return alone('store', `${address}/${path}`, () => put(request, address, path));
      if (first === 'delete' && method === 'DELETE') return alone('delete', `${address}/${path}`, () => remove(request, address, path));
      if (first === 'read' && (method === 'GET' || method === 'HEAD')) return read(address, path);
    }
    if (address !== '' && first === 'list-files' && method === 'POST') return list(request, address);
    if (address !== '' && first === 'revoke-all' && method === 'POST') return revoke(request, address);
    return page(404, `Cannot ${method} ${raw}`);
  };
}

function isAddress(text: string): boolean {
  try {
    parseAddress(text);
    return true;
  } catch {
    return false;
  }
}

function storeOf({ store, directory }: HubOptions): Store {
  if (store && directory === undefined) return store;
  if (directory !== undefined && !store) return disk({ directory });
  throw new TypeError('a hub needs either a store or a directory');
}

function listening(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const inUse = cause.code === 'EADDRINUSE';
      const message = inUse ? `port ${port} of ${host} is taken by another program` : `the hub cannot listen on ${host}:${port}`;
      reject(new NamesteadError(inUse ? 'PortInUse' : 'ServerFailed', message, { cause }));
    });
    server.listen(port, host, () => {
      server.removeAllListeners('error');
      resolve();
    });
  });
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => {
      resolve();
    });
    server.closeAllConnections();
  });
}
