import { concat, fromHex, reversed, toHex, toUtf8 } from '../../../lib/bytes.js';
import type { CallOptions } from '../../../lib/clock.js';
import { NamesteadError } from '../../../lib/errors.js';
import { sha256 } from '../../../lib/hash.js';
import { expectOk, http as platformHttp, parseJson, type Http, type HttpAnswer, type HttpRequest } from '../../../lib/http.js';
import { inParallel } from '../../../lib/parallel.js';
import { asCount, asFields, asHex, asList } from '../../../lib/shape.js';
import { hostOf } from '../../../lib/url.js';
import { MOST_BLOCK_BYTES } from '../block.js';
import type { BitcoinSource, HistorySource } from '../source.js';

/** Blocks in one answer of `/blocks/:start_height`. */
const PAGE = 10;
const WIDTH = 4;
const MOST_COINS = 20_000;
/** Transactions in one answer of `/scripthash/:hash/txs/chain`; their JSON takes four times their bytes. */
const HISTORY_PAGE = 25;
const MOST_HISTORY = 10_000;

/**
 * A server of Esplora's REST API (Blockstream, mempool.space, the devnet) as a source: headers are put together from the JSON of
 * blocks, so a server that changes a field gives a header without work.
 * @throws NamesteadError from each call: `HttpMalformed`, `HttpStatus`, `Http…`, `Aborted`
 * @example
 * const bitcoin = esplora({ url: 'https://blockstream.info/api' });
 */
export function esplora({ url, http = platformHttp() }: { readonly url: string; readonly http?: Http }): BitcoinSource & HistorySource {
  const root = url.replace(/\/+$/, '');
  const operator = hostOf(url);
  const say = (path: string): string => `${operator}${path}`;
  const ask = (path: string, options: CallOptions | undefined, request: HttpRequest = {}): Promise<HttpAnswer> =>
    http(root + path, { ...request, signal: options?.signal });
  const get = async (path: string, options: CallOptions | undefined, limit = 1 << 20): Promise<Uint8Array> =>
    expectOk(await ask(path, options, { limit }), say(path)).body;
  const getJson = async (path: string, options: CallOptions | undefined, limit?: number): Promise<unknown> =>
    parseJson(await get(path, options, limit), say(path));
  /** Null where the server says 404. */
  const find = async (path: string, options: CallOptions | undefined, limit: number): Promise<Uint8Array | null> => {
    const answer = await ask(path, options, { limit });
    return answer.status === 404 ? null : expectOk(answer, say(path)).body;
  };
  const page = async (start: number, options: CallOptions | undefined): Promise<[number, Uint8Array][]> => {
    const path = `/blocks/${start}`;
    return asList(await getJson(path, options), say(path), 100).map((block) => readHeader(block, say(path)));
  };

  return {
    operator,
    headers: async (from, count, options) => {
      const tip = asCount(Number(toUtf8(await get('/blocks/tip/height', options, 64))), say('/blocks/tip/height'));
      const last = Math.min(from + count - 1, tip);
      const starts = Array.from({ length: Math.max(0, Math.ceil((last - from + 1) / PAGE)) }, (_, i) => Math.min(from + PAGE * (i + 1) - 1, last));
      const found = new Map((await inParallel(starts, WIDTH, (start) => page(start, options))).flat());
      const headers: Uint8Array[] = [];
      for (let next = found.get(from); next; next = found.get(from + headers.length)) headers.push(next);
      return headers.slice(0, count);
    },
    transaction: (txid, options) => find(`/tx/${txid}/raw`, options, MOST_BLOCK_BYTES),
    inclusion: async (txid, options) => {
      const path = `/tx/${txid}/merkle-proof`;
      const body = await find(path, options, 1 << 16);
      if (!body) return null;
      const { block_height: height, pos, merkle } = asFields(parseJson(body, say(path)), say(path));
      const branch = asList(merkle, say(path), 64).map((hash) => reversed(fromHex(asHex(hash, say(path), 32))));
      return { height: asCount(height, say(path)), index: asCount(pos, say(path)), branch };
    },
    block: (hash, options) => find(`/block/${hash}/raw`, options, MOST_BLOCK_BYTES),
    unspent: async (script, options) => {
      const path = `/scripthash/${toHex(sha256(script))}/utxo`;
      return asList(await getJson(path, options, 8 << 20), say(path), MOST_COINS).map((coin) => {
        const { txid, vout, value, status } = asFields(coin, say(path));
        const { confirmed, block_height: height } = asFields(status, say(path));
        return {
          txid: asHex(txid, say(path), 32),
          vout: asCount(vout, say(path)),
          value: BigInt(asCount(value, say(path), 21e14)),
          height: confirmed === true ? asCount(height, say(path)) : 0,
        };
      });
    },
    history: async (script, options) => {
      const path = `/scripthash/${toHex(sha256(script))}`;
      const { tx_count: total } = asFields(asFields(await getJson(path, options), say(path))['chain_stats'], say(path));
      const count = asCount(total, say(path));
      if (count > MOST_HISTORY) throw new NamesteadError('HttpTooLarge', `${say(path)} has ${count} transactions, more than ${MOST_HISTORY}`);
      const found = new Map<string, number>();
      for (let pages = 0, last = ''; pages * HISTORY_PAGE < count; pages++) {
        const page = asList(await getJson(`${path}/txs/chain${last}`, options, 16 << 20), say(path), HISTORY_PAGE);
        for (const item of page) {
          const { txid, status } = asFields(item, say(path));
          last = `/${asHex(txid, say(path), 32)}`;
          found.set(last.slice(1), asCount(asFields(status, say(path))['block_height'], say(path)));
        }
      }
      // A block that comes or goes between two pages makes them miss or repeat one.
      if (found.size !== count) throw new NamesteadError('HttpMalformed', `${say(path)} counts ${count} transactions and listed ${found.size}; ask again`);
      return [...found].reverse().map(([txid, height]) => ({ txid, height }));
    },
    feeRate: async (options) => {
      // Estimates by the number of blocks to wait; a quiet network gives none.
      const estimates = asFields(await getJson('/fee-estimates', options), say('/fee-estimates'));
      const rates = ['6', '4', '10', '3', '2', '1', '25', '144']
        .map((blocks) => estimates[blocks])
        .filter((rate) => typeof rate === 'number' && rate > 0 && rate < 1e5);
      return Math.max(1, Number(rates[0] ?? 1));
    },
    broadcast: async (transaction, options) => {
      const answer = await ask('/tx', options, { method: 'POST', body: toHex(transaction), headers: { 'content-type': 'text/plain' } });
      const text = toUtf8(answer.body.subarray(0, 400)).trim();
      if (answer.status === 400) throw new NamesteadError('BroadcastRejected', `${operator} refused the transaction: ${text}`);
      expectOk(answer, say('/tx'));
      return asHex(text, say('/tx'), 32);
    },
  };
}

function readHeader(value: unknown, what: string): [height: number, header: Uint8Array] {
  const { height, version, previousblockhash, merkle_root: merkleRoot, timestamp, bits, nonce } = asFields(value, what);
  const hash = (field: unknown): Uint8Array => reversed(fromHex(asHex(field, what, 32)));
  const header = concat(
    le32(typeof version === 'number' ? version >>> 0 : version, what),
    previousblockhash === null || previousblockhash === undefined ? new Uint8Array(32) : hash(previousblockhash),
    hash(merkleRoot),
    ...[timestamp, bits, nonce].map((field) => le32(field, what)),
  );
  return [asCount(height, what), header];
}

function le32(value: unknown, what: string): Uint8Array {
  const number = asCount(value, what);
  return Uint8Array.of(number, number >>> 8, number >>> 16, number >>> 24);
}
