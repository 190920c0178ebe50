import { fromHex, toHex } from '../../../lib/bytes.js';
import type { CallOptions } from '../../../lib/clock.js';
import { isNamesteadError, NamesteadError } from '../../../lib/errors.js';
import type { Connect } from '../../../lib/jsonrpc.js';
import { asCount, asFields, asHex } from '../../../lib/shape.js';
import { hostOf } from '../../../lib/url.js';
import { MOST_BLOCK_BYTES } from '../block.js';
import { electrumScriptHash, MOST_HEADERS, parseFeeRate, parseHeaderPage, parseHeaderProof, parseHistory, parseInclusion, parseUnspent } from '../electrum.js';
import { electrumCalls, reasonOf } from '../electrumCalls.js';
import { findHeight } from '../electrumHeight.js';
import { HEADER_BYTES } from '../header.js';
import type { BitcoinParams } from '../network.js';
import type { HeaderProofSource, HeaderSource, HistorySource, Inclusion, PaymentSource, TransactionSource } from '../source.js';

export type { Connect, Connection, Receiver } from '../../../lib/jsonrpc.js';

/** The most bytes of long answers; histories are as long as servers tell them. */
const HISTORY = 24 << 20;
const COINS = 8 << 20;
const HEADERS = 2 * HEADER_BYTES * MOST_HEADERS + 8192;
/** In hex. */
const TRANSACTION = 2 * MOST_BLOCK_BYTES + 1024;
/** What servers say of a transaction that is not there, each in its own words. */
const ABSENT = /no such|not found|no transaction|missing transaction|unknown transaction/i;

export interface ElectrumOptions {
  /** `ssl://host:50002` or `tcp://…` for `electrumTcp`, `wss://…` or `ws://…` for `electrumWebSocket`. */
  readonly url: string;
  readonly connect: Connect;
  /** The chain that the server has to serve. */
  readonly params: Pick<BitcoinParams, 'name' | 'genesisHash'>;
  /** The most milliseconds from a call to its whole answer; a long answer (headers, coins, histories) may take four times as long. Default 15,000. */
  readonly timeout?: number;
}

/** An Electrum server as a source. It gives no whole blocks and no filters. */
export interface Electrum extends HeaderSource, TransactionSource, PaymentSource, HistorySource, HeaderProofSource {
  /** The server's host and port. */
  readonly operator: string;
  /** The height and header of the server's best block. */
  tip(options?: CallOptions): Promise<{ readonly height: number; readonly header: Uint8Array }>;
  /** Ends the connection, which else keeps a program of Node.js running; a later call opens another. */
  close(): void;
}

/**
 * A server of the Electrum protocol 1.4 (ElectrumX, Fulcrum, electrs, the devnet) as a source. One connection carries all calls: the first
 * opens it, and the next after it fell. Every answer is bounded in bytes and time; a server that breaks the rules loses the connection.
 * @throws NamesteadError from each call: `ServerFailed` with the server's reason (a history too large to tell, say), `NetworkMismatch` (another
 * chain's server), `HttpMalformed`, `HttpTooLarge`, `HttpTimeout`, `HttpFailed`, `Aborted`
 * @example
 * const bitcoin = electrum({ url: 'ssl://electrum.blockstream.info:50002', connect: electrumTcp(), params: bitcoinMainnet });
 * bitcoin.close();
 */
export function electrum({ url, connect, params, timeout = 15_000 }: ElectrumOptions): Electrum {
  const operator = hostOf(url);
  const { call, close } = electrumCalls({ url, connect, params, timeout, now: () => Date.now(), deadline: (ms) => AbortSignal.timeout(ms) });
  const say = (method: string): string => `${operator} ${method}`;
  /** Null where the server says that there is no such transaction. */
  const find = async (...asked: Parameters<typeof call>): Promise<unknown> => {
    try {
      return await call(...asked);
    } catch (error) {
      if (ABSENT.test(reasonOf(error).reason)) return null;
      throw error;
    }
  };
  const history: Electrum['history'] = async (script, options) => {
    const method = 'blockchain.scripthash.get_history';
    return parseHistory(await call(method, [electrumScriptHash(script)], options, HISTORY), say(method));
  };
  const tip: Electrum['tip'] = async (options) => {
    const method = 'blockchain.headers.subscribe';
    const { height, hex } = asFields(await call(method, [], options), say(method));
    return { height: asCount(height, say(method)), header: fromHex(asHex(hex, say(method), HEADER_BYTES)) };
  };
  /** Null where the server refuses what lies above its own tip; each has its own words for it. */
  const within = async (height: number, options: CallOptions | undefined, ask: () => Promise<unknown>): Promise<unknown> => {
    try {
      return await ask();
    } catch (error) {
      if (!isNamesteadError(error, 'ServerFailed') || height <= (await tip(options)).height) throw error;
      return null;
    }
  };
  const transaction: Electrum['transaction'] = async (txid, options) => {
    const method = 'blockchain.transaction.get';
    const hex = await find(method, [txid], options, TRANSACTION);
    return hex === null ? null : fromHex(asHex(hex, say(method)));
  };

  return {
    operator,
    close,
    tip,
    transaction,
    headers: async (from, count, options) => {
      const method = 'blockchain.block.headers';
      const headers: Uint8Array[] = [];
      for (let most = MOST_HEADERS; headers.length < count;) {
        const [start, wanted] = [from + headers.length, Math.min(most, count - headers.length)];
        const answer = await within(start, options, () => call(method, [start, wanted], options, HEADERS));
        if (answer === null) break;
        const page = parseHeaderPage(answer, wanted, say(method));
        headers.push(...page.headers);
        // Fewer than it gives at a time: its chain ends there.
        if (page.headers.length < Math.min(wanted, page.max)) break;
        most = Math.min(most, page.max);
      }
      return headers;
    },
    headerProof: async (height, checkpoint, options) => {
      const method = 'blockchain.block.header';
      const answer = await within(Math.max(height, checkpoint), options, () => call(method, [height, checkpoint], options));
      if (answer === null) return null;
      // With a `cp_height` of 0 servers answer the header alone, and a tree of one leaf has no branch.
      return checkpoint === 0 ? { header: fromHex(asHex(answer, say(method), HEADER_BYTES)), branch: [] } : parseHeaderProof(answer, say(method));
    },
    inclusion: async (txid, options): Promise<Inclusion | null> => {
      const bytes = await transaction(txid, options);
      const height = bytes && (await findHeight(txid, bytes, { transaction, history }, options));
      if (height === null) return null;
      const method = 'blockchain.transaction.get_merkle';
      const answer = await find(method, [txid, height], options);
      return answer === null ? null : parseInclusion(answer, say(method));
    },
    history: async (script, options) => (await history(script, options)).filter(({ height }) => height > 0),
    unspent: async (script, options) => {
      const method = 'blockchain.scripthash.listunspent';
      return parseUnspent(await call(method, [electrumScriptHash(script)], options, COINS), say(method));
    },
    feeRate: async (options) => {
      // A server that has seen too little to estimate answers -1; then what it relays at the least.
      const estimate = parseFeeRate(await call('blockchain.estimatefee', [6], options));
      return Math.max(1, estimate ?? parseFeeRate(await call('blockchain.relayfee', [], options)) ?? 1);
    },
    broadcast: async (bytes, options) => {
      const method = 'blockchain.transaction.broadcast';
      try {
        return asHex(await call(method, [toHex(bytes)], options), say(method), 32);
      } catch (error) {
        // 1 and 2: the server's own refusal and its node's; others are no judgement of the transaction.
        const { code, reason } = reasonOf(error);
        if (code !== 1 && code !== 2) throw error;
        throw new NamesteadError('BroadcastRejected', `${operator} refused the transaction: ${reason}`, { cause: error });
      }
    },
  };
}
