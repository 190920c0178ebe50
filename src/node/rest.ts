import { fromBase64, fromUtf8, toUtf8 } from '../lib/bytes.js';
import { isNameValid } from '../names/name.js';
import { MAX_ZONE_FILE_BYTES } from '../zones/zonefile.js';
import { SERVER_VERSION, type Context } from './context.js';
import { formatJson, type Json } from './json.js';
import { info } from './methods.js';
import { accountJson, balanceText } from './accountJson.js';
import {
  didOf,
  historyJson,
  isLive,
  liveNames,
  nameJson,
  namespaceJson,
  operationJson,
  priceOfName,
  priceOfNamespace,
  announced,
  readyNamespaces,
  transactionJson,
  viewName,
  type NameView,
  type Price,
} from './records.js';
import { refusal, statusOf } from './refusal.js';

export interface RestRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: Uint8Array;
}

export interface RestAnswer {
  readonly status: number;
  readonly type: string;
  readonly body: Uint8Array;
}

type Groups = readonly string[];
type Handler = (context: Context, groups: Groups, request: RestRequest) => Json | RestAnswer | Promise<Json | RestAnswer>;

const PAGE = 100;
const HISTORY_PAGE = 20;

/** Paths of the reference node's REST (bns-v1.md e); the text in braces is what a group must look like. */
const routes: readonly (readonly [method: string, path: string, handler: Handler])[] = [
  ['GET', '/v1/ping', (context) => ping(context)],
  ['GET', '/v1/node/ping', (context) => ping(context)],
  ['GET', '/v1/info', (context) => info(context)],
  ['GET', '/v1/names', (context, _, { query }) => pageOf(liveNames(context), query, PAGE)],
  ['GET', '/v1/names/{name}', getName],
  ['GET', '/v1/names/{name}/history', getHistory],
  ['GET', '/v1/names/{name}/zonefile', getZoneFileOfName],
  ['GET', '/v1/names/{name}/zonefile/{hash}', getOldZoneFile],
  ['GET', '/v1/zonefiles/{hash}', (context, [hash = '']) => rawZoneFile(context, hash)],
  ['POST', '/v1/zonefile', postZoneFile],
  ['GET', '/v1/addresses/bitcoin/{address}', (context, [address = '']) => ({ names: context.ledger.lookups().namesOf(address) })],
  ['GET', '/v1/accounts/{address}/tokens', (context, [address = '']) => ({ tokens: context.ledger.lookups().account(address) ? ['STACKS'] : [] })],
  ['GET', '/v1/accounts/{address}/STACKS/balance', (context, [address = '']) => ({ balance: balanceText(context.ledger.lookups().account(address)) })],
  [
    'GET',
    '/v1/accounts/{address}/STACKS/status',
    (context, [address = '']) => accountJson(context.ledger.lookups().account(address) ?? missing('No such account')),
  ],
  [
    'GET',
    '/v1/accounts/{address}/history',
    (context, [address = ''], { query }) => {
      const start = pageNumber(query) * HISTORY_PAGE;
      return context.ledger
        .lookups()
        .accountHistory(address)
        .slice(start, start + HISTORY_PAGE)
        .map(accountJson);
    },
  ],
  [
    'GET',
    '/v1/accounts/{address}/history/{height}',
    (context, [address = '', height]) =>
      context.ledger
        .lookups()
        .accountHistory(address)
        .filter((row) => row.height === Number(height))
        .map(accountJson),
  ],
  ['GET', '/v1/namespaces', (context) => readyNamespaces(context)],
  ['GET', '/v1/namespaces/{id}', (context, [id = '']) => namespaceJson(context, id)],
  ['GET', '/v1/namespaces/{id}/names', (context, [id = ''], { query }) => pageOf(namesIn(context, id), query, PAGE)],
  ['GET', '/v1/namespaces/{id}/name_count', (context, [id = '']) => ({ names_count: namesIn(context, id).length })],
  ['GET', '/v{version}/prices/names/{name}', (context, [, name = '']) => ({ name_price: priceJson(priceOfName(context, name)) })],
  ['GET', '/v{version}/prices/namespaces/{id}', (context, [, id = '']) => priceJson(priceOfNamespace(context, id))],
  ['GET', '/v1/blockchains/bitcoin/consensus', (context) => ({ consensus_hash: context.ledger.at(context.ledger.height() ?? -1)?.consensusHash ?? null })],
  ['GET', '/v1/blockchains/bitcoin/consensus/{height}', (context, [height]) => ({ consensus_hash: entryAt(context, height).consensusHash })],
  [
    'GET',
    '/v1/blockchains/bitcoin/consensus-block/{consensus}',
    (context, [hash = '']) => ({ block_height: context.ledger.lookups().heightOfConsensus(hash) ?? missing('No such consensus hash') }),
  ],
  ['GET', '/v1/blockchains/bitcoin/operations/{height}', (context, [height]) => entryAt(context, height).operations.map(operationJson)],
  ['GET', '/v1/blockchains/bitcoin/names/{name}', async (context, [name = '']) => nameJson(context, known(context, name))],
  ['GET', '/v1/blockchains/bitcoin/name_count', (context) => ({ names_count: liveNames(context).length })],
  ['GET', '/v1/blockchains/bitcoin/transactions/{txid}', getTransaction],
];

const shapes: Readonly<Record<string, string>> = {
  name: '([^/]{1,80})',
  id: '([a-z0-9_-]{1,19})',
  hash: '([0-9a-f]{40})',
  consensus: '([0-9a-f]{32})',
  txid: '([0-9a-f]{64})',
  height: '(\\d{1,9})',
  address: '([1-9A-HJ-NP-Za-km-z]{26,35})',
  version: '([12])',
};

/** Answers a REST request; null when no route has its path. */
export async function answerRest(context: Context, request: RestRequest): Promise<RestAnswer | null> {
  for (const [method, path, handler] of routes) {
    const match = method === request.method ? patternOf(path).exec(request.path) : null;
    if (!match) continue;
    try {
      const answer = await handler(context, match.slice(1), request);
      return isAnswer(answer) ? answer : json(200, answer);
    } catch (error) {
      const status = statusOf(error);
      if (status === null || !(error instanceof Error)) throw error;
      return json(status, { error: error.message });
    }
  }
  return null;
}

export function json(status: number, value: Json): RestAnswer {
  return { status, type: 'application/json', body: fromUtf8(formatJson(value)) };
}

function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replace(/\{(\w+)\}/g, (_, group: string) => shapes[group] ?? '([^/]+)')}/?$`);
}

function isAnswer(value: Json | RestAnswer): value is RestAnswer {
  return typeof value === 'object' && value !== null && 'body' in value && value.body instanceof Uint8Array;
}

function missing(message: string): never {
  throw refusal(404, message);
}

function ping(context: Context): Json {
  return { status: context.standing().stale ? 'stale' : 'alive', version: SERVER_VERSION };
}

function pageOf(all: readonly string[], query: URLSearchParams, size: number): readonly string[] {
  const start = pageNumber(query) * size;
  return all.slice(start, start + size);
}

function pageNumber(query: URLSearchParams): number {
  const page = query.get('page') ?? '0';
  if (!/^\d{1,6}$/.test(page)) throw refusal(400, 'invalid page');
  return Number(page);
}

function known(context: Context, name: string): NameView {
  if (!isNameValid(name)) throw refusal(400, 'invalid name');
  return viewName(context, name) ?? missing('No such name');
}

async function getName(context: Context, [name = '']: Groups): Promise<Json | RestAnswer> {
  if (!isNameValid(name)) throw refusal(400, 'invalid name');
  const view = viewName(context, name);
  if (!view || view.expired) return json(404, { status: 'available' });
  const bytes = view.zoneFileHash === null ? null : await context.atlas.get(view.zoneFileHash);
  const { address, txid } = view.record;
  return {
    status: view.revoked ? 'revoked' : 'registered',
    blockchain: 'bitcoin',
    address: String(address),
    zonefile: bytes ? toUtf8(bytes) : null,
    zonefile_hash: view.zoneFileHash,
    last_txid: String(txid),
    expire_block: view.expireBlock,
    renewal_deadline: view.renewalDeadline,
    grace_period: view.grace,
    resolver: null,
    did: didOf(context, name),
  };
}

function getHistory(context: Context, [name = '']: Groups, { query }: RestRequest): Json {
  const newest = [...context.ledger.lookups().nameHistory(known(context, name).name)].reverse();
  const start = pageNumber(query) * HISTORY_PAGE;
  return historyJson(newest.slice(start, start + HISTORY_PAGE));
}

async function getZoneFileOfName(context: Context, [name = '']: Groups, { query }: RestRequest): Promise<Json | RestAnswer> {
  const view = known(context, name);
  if (!isLive(view) || view.zoneFileHash === null) return missing('No zone file');
  return givenZoneFile(context, view.zoneFileHash, query);
}

/** A zone file that the name has, or had. */
async function getOldZoneFile(context: Context, [name = '', hash = '']: Groups, { query }: RestRequest): Promise<Json | RestAnswer> {
  if (!announced(context, name, hash)) return missing('No such zone file');
  return givenZoneFile(context, hash, query);
}

async function givenZoneFile(context: Context, hash: string, query: URLSearchParams): Promise<Json | RestAnswer> {
  if (query.get('raw')) return rawZoneFile(context, hash);
  return { zonefile: toUtf8((await context.atlas.get(hash)) ?? missing('No such zone file')) };
}

async function rawZoneFile(context: Context, hash: string): Promise<RestAnswer> {
  const bytes = (await context.atlas.get(hash)) ?? missing('No such zone file');
  return { status: 200, type: 'application/octet-stream', body: bytes };
}

async function postZoneFile(context: Context, _: Groups, { body }: RestRequest): Promise<Json> {
  const bytes = postedBytes(body);
  if (bytes.length > MAX_ZONE_FILE_BYTES) throw refusal(400, `a zone file has at most ${MAX_ZONE_FILE_BYTES} bytes`);
  if (!(await context.atlas.put(bytes))) throw refusal(400, 'no transaction names this zone file');
  return { status: true, saved: 1 };
}

function postedBytes(body: Uint8Array): Uint8Array {
  try {
    const { zonefile, zonefile_b64: base64 } = JSON.parse(toUtf8(body)) as { zonefile?: unknown; zonefile_b64?: unknown };
    if (typeof zonefile === 'string') return fromUtf8(zonefile);
    if (typeof base64 === 'string') return fromBase64(base64);
  } catch {
    // Told below.
  }
  throw refusal(400, 'the body is JSON with zonefile (text) or zonefile_b64');
}

function namesIn(context: Context, namespace: string): string[] {
  namespaceJson(context, namespace);
  return liveNames(context, namespace);
}

function priceJson({ amount, units }: Price): Json {
  return { units, amount: String(amount), ...(units === 'BTC' ? { satoshis: amount } : {}) };
}

function entryAt(context: Context, height: string | undefined): NonNullable<ReturnType<Context['ledger']['at']>> {
  return context.ledger.at(Number(height)) ?? missing('No such block');
}

function getTransaction({ ledger }: Context, [txid = '']: Groups): Json {
  const found = ledger.lookups().transaction(txid) ?? missing('No such transaction');
  return transactionJson(found);
}
