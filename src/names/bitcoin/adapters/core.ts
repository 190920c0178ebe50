import { fromHex, fromUtf8, toBase64, toHex } from '../../../lib/bytes.js';
import type { CallOptions } from '../../../lib/clock.js';
import { isNamesteadError, NamesteadError } from '../../../lib/errors.js';
import { expectOk, http as platformHttp, parseJson, type Http } from '../../../lib/http.js';
import { asCount, asFields, asHex, asList } from '../../../lib/shape.js';
import { hostOf } from '../../../lib/url.js';
import { MOST_BLOCK_BYTES } from '../block.js';
import { HEADER_BYTES } from '../header.js';
import { parseMerkleBlock } from '../merkleBlock.js';
import { restFilters } from '../restFilters.js';
import type { BitcoinSource, FilterSource } from '../source.js';

/** Bitcoin Core gives no more headers in one answer. */
const MOST_HEADERS = 2000;
const MOST_COINS = 20_000;
/** RPC error codes of Bitcoin Core (`rpc/protocol.h`): nothing by that id; height out of range. */
const ABSENT = /* @__PURE__ */ new Set([-5, -8]);
/** A transaction in conflict with the mempool or the chain, refused by policy or consensus, or already mined. */
const REJECTED = /* @__PURE__ */ new Set([-25, -26, -27]);
/** BTC per 1000 virtual bytes to satoshi per virtual byte. */
const RATE = 1e5;

/**
 * A bitcoind of one's own by JSON-RPC, and REST for headers (`-rest`). Transactions beyond the mempool need `-txindex`, filters `-blockfilterindex=basic`;
 * they come by REST where it is on.
 * @throws NamesteadError from each call: `ServerFailed` with the node's reason, `HttpMalformed`, `HttpStatus` (401: wrong user or password), `Http…`
 * @example
 * const bitcoin = core({ url: 'http://127.0.0.1:8332', user: 'u', password: 'p' });
 */
export function core({
  url,
  user,
  password,
  http = platformHttp(),
}: {
  readonly url: string;
  readonly user?: string;
  readonly password?: string;
  readonly http?: Http;
}): BitcoinSource & FilterSource {
  const root = url.replace(/\/+$/, '');
  const operator = hostOf(url);
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  if (user !== undefined) headers['authorization'] = `Basic ${toBase64(fromUtf8(`${user}:${password ?? ''}`))}`;

  const call = async (method: string, params: readonly unknown[], options: CallOptions | undefined, limit = 1 << 20, timeout = 15_000): Promise<unknown> => {
    const body = JSON.stringify({ jsonrpc: '1.0', id: 'namestead', method, params });
    const answer = await http(root + '/', { method: 'POST', headers, body, limit, timeout, signal: options?.signal });
    // bitcoind tells a method's own failure with status 500 or 404 and an error object.
    if (answer.status !== 500 && answer.status !== 404) expectOk(answer, `${operator} ${method}`);
    const { result, error } = asFields(parseJson(answer.body, `${operator} ${method}`), `${operator} ${method}`);
    if (error === null || error === undefined) return result;
    const { code, message } = asFields(error, `${operator} ${method}`);
    throw new NamesteadError('ServerFailed', `${operator} ${method}: ${typeof message === 'string' ? message.slice(0, 200) : 'no reason'}`, {
      cause: { code: typeof code === 'number' ? code : 0 },
    });
  };
  const find = async (...args: Parameters<typeof call>): Promise<unknown> => {
    try {
      return await call(...args);
    } catch (error) {
      if (ABSENT.has(codeOf(error))) return null;
      throw error;
    }
  };
  const findBytes = async (method: string, params: readonly unknown[], options: CallOptions | undefined): Promise<Uint8Array | null> => {
    const hex = await find(method, params, options, 2 * MOST_BLOCK_BYTES + 1024);
    return hex === null ? null : fromHex(asHex(hex, `${operator} ${method}`));
  };

  return {
    operator,
    ...restFilters({ root, operator, http, call }),
    headers: async (from, count, options) => {
      const hash = await find('getblockhash', [from], options);
      if (hash === null) return [];
      const wanted = Math.min(count, MOST_HEADERS);
      const path = `/rest/headers/${asHex(hash, `${operator} getblockhash`, 32)}.bin?count=${wanted}`;
      const { body } = expectOk(await http(root + path, { limit: wanted * HEADER_BYTES, signal: options?.signal }), operator + path);
      return Array.from({ length: Math.ceil(body.length / HEADER_BYTES) }, (_, i) => body.subarray(i * HEADER_BYTES, (i + 1) * HEADER_BYTES));
    },
    transaction: (txid, options) => findBytes('getrawtransaction', [txid, false], options),
    inclusion: async (txid, options) => {
      const bytes = await findBytes('gettxoutproof', [[txid]], options);
      if (!bytes) return null;
      const { header, matches } = parseMerkleBlock(bytes);
      const match = matches.find((found) => found.txid === txid);
      if (!match) throw new NamesteadError('HttpMalformed', `${operator} gettxoutproof proves other transactions than ${txid}`);
      const { height } = asFields(await call('getblockheader', [header.hash], options), `${operator} getblockheader`);
      return { height: asCount(height, `${operator} getblockheader`), index: match.index, branch: match.branch };
    },
    block: (hash, options) => findBytes('getblock', [hash, 0], options),
    unspent: async (script, options) => {
      const what = `${operator} scantxoutset`;
      // The node walks its whole set of unspent outputs: minutes on mainnet.
      const { unspents } = asFields(await call('scantxoutset', ['start', [`raw(${toHex(script)})`]], options, 8 << 20, 600_000), what);
      return asList(unspents, what, MOST_COINS).map((coin) => {
        const { txid, vout, amount, height } = asFields(coin, what);
        return {
          txid: asHex(txid, what, 32),
          vout: asCount(vout, what),
          value: BigInt(asCount(Math.round((typeof amount === 'number' ? amount : -1) * 1e8), what, 21e14)),
          height: asCount(height, what),
        };
      });
    },
    feeRate: async (options) => {
      const { feerate } = asFields(await call('estimatesmartfee', [6], options), `${operator} estimatesmartfee`);
      if (isRate(feerate)) return Math.max(1, feerate * RATE);
      // Too few blocks to estimate from: what the mempool asks at the least.
      const { mempoolminfee } = asFields(await call('getmempoolinfo', [], options), `${operator} getmempoolinfo`);
      return Math.max(1, isRate(mempoolminfee) ? mempoolminfee * RATE : 1);
    },
    broadcast: async (transaction, options) => {
      try {
        return asHex(await call('sendrawtransaction', [toHex(transaction)], options), `${operator} sendrawtransaction`, 32);
      } catch (error) {
        if (REJECTED.has(codeOf(error)))
          throw new NamesteadError('BroadcastRejected', `refused: ${error instanceof Error ? error.message : operator}`, { cause: error });
        throw error;
      }
    },
  };
}

/** A bitcoin for a thousand bytes is no fee: a node that says so is broken. */
function isRate(value: unknown): value is number {
  return typeof value === 'number' && value > 0 && value < 1;
}

function codeOf(error: unknown): number {
  return isNamesteadError(error, 'ServerFailed') ? (error.cause as { readonly code: number }).code : 0;
}
