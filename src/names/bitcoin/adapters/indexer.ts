import type { CallOptions } from '../../../lib/clock.js';
import { isNamesteadError, NamesteadError } from '../../../lib/errors.js';
import { http as platformHttp, type Http } from '../../../lib/http.js';
import { inParallel } from '../../../lib/parallel.js';
import { asCount, asFields, asHex, asList, type Fields } from '../../../lib/shape.js';
import { hostOf } from '../../../lib/url.js';
import { callJson, type XmlRpcValue } from '../../../lib/xmlrpc.js';
import type { Indexer } from '../source.js';

/** What the reference node allows in one call; BNS (e). */
const OPERATIONS_PAGE = 10;
const HASHES_PAGE = 32;
/** What our node gives in one call of its own, `get_blockstack_ops_hashes`. */
const OPERATIONS_HASHES_PAGE = 2000;
const WIDTH = 8;
/** The million bytes of a block that are no witnesses hold no more: an operation takes a hundred. */
const MOST_OPERATIONS = 10_000;
/** Ten operations take a fifth of it. All pages of a block are held at once. */
const PAGE_BYTES = 1 << 16;

/**
 * A core node's XML-RPC, as the Blockstack nodes spoke it on port 6264; BNS (e). Asked, never believed.
 * @throws NamesteadError from each call: `ServerFailed` with the node's reason, `HttpMalformed`, `Http…`, `Aborted`
 * @example
 * const node = indexer({ url: 'http://127.0.0.1:6264' });
 */
export function indexer({ url, http = platformHttp() }: { readonly url: string; readonly http?: Http }): Indexer {
  const operator = hostOf(url);
  const call = async (method: string, params: readonly XmlRpcValue[], options: CallOptions | undefined, limit = 4 << 20): Promise<Fields> =>
    asFields(await callJson(http, url, method, params, { signal: options?.signal, limit }), `${operator} ${method}`);
  /** Null when the node says that it has none. */
  const find = async (...args: Parameters<typeof call>): Promise<Fields | null> => {
    const [method] = args;
    const answer = await call(...args);
    const { error, http_status: status } = answer;
    if (error === undefined) return answer;
    const reason = typeof error === 'string' ? error.slice(0, 200) : 'no reason';
    if (status === 404 || /not found/i.test(reason)) return null;
    throw new NamesteadError('ServerFailed', `${operator} ${method}: ${reason}`);
  };
  const ask = async (...args: Parameters<typeof find>): Promise<Fields> => {
    const answer = await find(...args);
    if (!answer) throw new NamesteadError('ServerFailed', `${operator} does not know ${args[0]}`);
    return answer;
  };
  const findRecord = async (...args: Parameters<typeof find>): Promise<Fields | null> => {
    const answer = await find(...args);
    return answer && asFields(answer['record'], `${operator} ${args[0]}`);
  };
  const hashOrNull = (value: unknown, what: string, bytes: number): string | null => (value === null || value === undefined ? null : asHex(value, what, bytes));

  const oneHash = async (height: number, options: CallOptions | undefined): Promise<string | null> =>
    hashOrNull((await ask('get_blockstack_ops_hash_at', [height], options))['ops_hash'], `${operator} get_blockstack_ops_hash_at`, 32);

  let givesRanges = true;
  /** Null when the node has no such method, as the reference node has none. */
  const rangeOfHashes = async ([from, count]: Run, options: CallOptions | undefined): Promise<(string | null)[] | null> => {
    if (!givesRanges) return null;
    const method = 'get_blockstack_ops_hashes';
    const what = `${operator} ${method}`;
    try {
      const answer = await find(method, [from, count], options);
      const hashes = answer && asList(answer['ops_hashes'], what, count);
      if (hashes?.length === count) return hashes.map((hash) => hashOrNull(hash, what, 32));
    } catch (error) {
      // The reference names no status for a method it lacks. One that is busy must not be asked two thousand times instead.
      if (!isNamesteadError(error, 'ServerFailed') || /overloaded/i.test(error.message)) throw error;
    }
    givesRanges = false;
    return null;
  };

  return {
    operator,
    tip: async (options) => {
      const info = await ask('getinfo', [], options);
      return { height: asCount(info['last_block_processed'], `${operator} getinfo`), consensusHash: asHex(info['consensus'], `${operator} getinfo`, 16) };
    },
    consensusHashes: async (heights, options) => {
      const pages = Array.from({ length: Math.ceil(heights.length / HASHES_PAGE) }, (_, i) => heights.slice(i * HASHES_PAGE, (i + 1) * HASHES_PAGE));
      const what = `${operator} get_consensus_hashes`;
      const answers = await inParallel(pages, WIDTH, async (page) => {
        const hashes = asFields((await ask('get_consensus_hashes', [page], options))['consensus_hashes'], what);
        return page.map((height) => hashOrNull(hashes[String(height)], what, 16));
      });
      return answers.flat();
    },
    operationsHashes: async (heights, options) => {
      const known = new Map<number, string | null>();
      const runs = runsOf(heights, OPERATIONS_HASHES_PAGE).filter(([, count]) => count > 1);
      await inParallel(runs, WIDTH, async (run) => {
        const hashes = await rangeOfHashes(run, options);
        hashes?.forEach((hash, at) => known.set(run[0] + at, hash));
      });
      return inParallel(heights, WIDTH, async (height) => {
        const hash = known.get(height);
        return hash === undefined ? oneHash(height, options) : hash;
      });
    },
    operations: async (height, options) => {
      const count = asCount((await ask('get_num_blockstack_ops_at', [height], options))['count'], `${operator} get_num_blockstack_ops_at`, MOST_OPERATIONS);
      const offsets = Array.from({ length: Math.ceil(count / OPERATIONS_PAGE) }, (_, i) => i * OPERATIONS_PAGE);
      const pages = await inParallel(offsets, WIDTH, async (offset) => {
        const { nameops } = await ask('get_blockstack_ops_at', [height, offset, OPERATIONS_PAGE], options, PAGE_BYTES);
        return asList(nameops, `${operator} get_blockstack_ops_at`, OPERATIONS_PAGE).map((operation) =>
          asFields(operation, `${operator} get_blockstack_ops_at`),
        );
      });
      return pages.flat();
    },
    nameRecord: (name, options) => findRecord('get_name_blockchain_record', [name], options),
    namespaceRecord: (id, options) => findRecord('get_namespace_blockchain_record', [id], options),
  };
}

/** A first height, and how many follow one another from it. */
type Run = readonly [from: number, count: number];

/** Heights that follow one another, taken together, at most `most` at a time. */
function runsOf(heights: readonly number[], most: number): Run[] {
  const runs: [number, number][] = [];
  for (const height of heights) {
    const last = runs.at(-1);
    if (last && height === last[0] + last[1] && last[1] < most) last[1]++;
    else runs.push([height, 1]);
  }
  return runs;
}
