import { equal, fromHex, reader, reversed } from '../../lib/bytes.js';
import type { CallOptions } from '../../lib/clock.js';
import { NamesteadError } from '../../lib/errors.js';
import { expectOk, type Http } from '../../lib/http.js';
import { inParallel } from '../../lib/parallel.js';
import { asFields, asHex } from '../../lib/shape.js';
import { MOST_FILTER_BYTES } from './filter.js';
import type { BlockId, FilterSource } from './source.js';

/** Bitcoin Core gives no more filter headers in one answer. */
const PAGE = 2000;
const WIDTH = 8;
/** BIP 157's number for the basic filter. */
const BASIC = 0;

/** Filters from bitcoind's REST interface; where it says that there is none, from the RPC. */
export function restFilters({
  root,
  operator,
  http,
  call,
}: {
  readonly root: string;
  readonly operator: string;
  readonly http: Http;
  readonly call: (method: string, params: readonly unknown[], options: CallOptions | undefined, limit?: number) => Promise<unknown>;
}): Omit<FilterSource, 'operator'> {
  let isOff = false;
  /** Null where REST has no answer: it is off, or before Core 24. */
  const rest = async (path: string, limit: number, options: CallOptions | undefined): Promise<Uint8Array | null> => {
    if (isOff) return null;
    const answer = await http(root + path, { limit, signal: options?.signal });
    return answer.status === 404 ? null : expectOk(answer, operator + path).body;
  };
  const byRpc = async ({ hash }: BlockId, options: CallOptions | undefined): Promise<{ readonly filter: Uint8Array; readonly header: Uint8Array }> => {
    const what = `${operator} getblockfilter`;
    const { filter, header } = asFields(await call('getblockfilter', [hash, 'basic'], options, 2 * MOST_FILTER_BYTES + 1024), what);
    isOff = true;
    return { filter: fromHex(asHex(filter, what)), header: reversed(fromHex(asHex(header, what, 32))) };
  };
  const page = async (blocks: readonly BlockId[], options: CallOptions | undefined): Promise<readonly Uint8Array[]> => {
    const path = `/rest/blockfilterheaders/basic/${blocks[0]?.hash}.bin?count=${blocks.length}`;
    const body = await rest(path, 32 * blocks.length, options);
    if (!body) return inParallel(blocks, WIDTH, async (block) => (await byRpc(block, options)).header);
    if (body.length !== 32 * blocks.length)
      throw new NamesteadError('HttpMalformed', `${operator}${path} answered ${body.length} bytes instead of ${blocks.length} filter headers`);
    return blocks.map((_, i) => body.subarray(32 * i, 32 * (i + 1)));
  };
  return {
    filterHeaders: async (blocks, options) => {
      const starts = Array.from({ length: Math.ceil(blocks.length / PAGE) }, (_, i) => i * PAGE);
      return (await inParallel(starts, WIDTH, (start) => page(blocks.slice(start, start + PAGE), options))).flat();
    },
    filters: (blocks, options) =>
      inParallel(blocks, WIDTH, async (block) => {
        const path = `/rest/blockfilter/basic/${block.hash}.bin`;
        const body = await rest(path, MOST_FILTER_BYTES + 64, options);
        return body ? readFilter(body, block, operator + path) : (await byRpc(block, options)).filter;
      }),
  };
}

/** The kind, the block's hash, the filter with its length. */
function readFilter(body: Uint8Array, { hash }: BlockId, what: string): Uint8Array {
  try {
    const from = reader(body, what);
    if (from.u8() !== BASIC || !equal(from.take(32), reversed(fromHex(hash))))
      throw new NamesteadError('HttpMalformed', `${what} is the filter of another block`);
    const filter = from.take(from.compactSize());
    from.end();
    return filter;
  } catch (cause) {
    throw new NamesteadError('HttpMalformed', `${what} answered no block filter`, { cause });
  }
}
