import { fromHex, toHex } from '../../../lib/bytes.js';
import { orAborted, type CallOptions } from '../../../lib/clock.js';
import { isNamesteadError, NamesteadError } from '../../../lib/errors.js';
import { openSession, type Connect, type JsonRpcSession } from '../../../lib/jsonrpc.js';
import { asCount, asFields, asHex, asList } from '../../../lib/shape.js';
import { MOST_BLOCK_BYTES } from '../block.js';
import { electrumScriptHash, MOST_HEADERS, parseFeeRate, parseHeaderPage, parseHeaderProof, parseHistory, parseInclusion, parseUnspent } from '../electrum.js';
import { HEADER_BYTES, hashHeader } from '../header.js';
import type { BitcoinParams } from '../network.js';
import type { HeaderProofSource, HeaderSource, HistorySource, Inclusion, PaymentSource, TransactionSource } from '../source.js';
import { openTransaction } from '../transaction.js';

export type { Connect, Connection, Receiver } from '../../../lib/jsonrpc.js';

/** The version spoken; servers agree to it or refuse (protocol, "server.version"). */
const PROTOCOL = '1.4';
/** The most bytes of long answers; histories are as long as servers tell them. */
const HISTORY = 24 << 20;
const COINS = 8 << 20;
const HEADERS = 2 * HEADER_BYTES * MOST_HEADERS + 8192;
/** In hex. */
const TRANSACTION = 2 * MOST_BLOCK_BYTES + 1024;
/** Scripts whose history is asked to find one transaction's height. */
const MOST_SCRIPTS = 8;
/** A connection left alone for so long (ms) may be dead without telling. */
const IDLE = 60_000;
const OP_RETURN = 0x6a;
/** Codes of servers that have had enough of us for now, or of everybody (aiorpcX). */
const BUSY = /* @__PURE__ */ new Set([-101, -102]);
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
  const operator = new URL(url).host;
  const { call, close } = caller(url, connect, params, timeout);
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

  /** The scripts that a transaction pays to, then those it spends from: in the history of each it stands with its height. */
  async function* scriptsOf(txid: string, bytes: Uint8Array, options: CallOptions | undefined): AsyncGenerator<Uint8Array> {
    const { inputs, outputs } = openTransaction(bytes, txid);
    for (const { script } of outputs) if (script[0] !== OP_RETURN) yield script;
    for (const input of inputs) {
      const before = await transaction(input.txid, options);
      const spent = before && openTransaction(before, input.txid).outputs[input.vout];
      if (spent) yield spent.script;
    }
  }

  /** Null where it waits, or no history asked has it. Some scripts are paid too often to be told: then the next is asked. */
  const heightOf = async (txid: string, bytes: Uint8Array, options: CallOptions | undefined): Promise<number | null> => {
    let failed: NamesteadError | null = null;
    let asked = 0;
    for await (const script of scriptsOf(txid, bytes, options)) {
      if (asked++ === MOST_SCRIPTS) break;
      try {
        const found = (await history(script, options)).find((one) => one.txid === txid);
        if (found) return found.height === 0 ? null : found.height;
      } catch (error) {
        if (!isNamesteadError(error, 'ServerFailed') && !isNamesteadError(error, 'HttpTooLarge')) throw error;
        failed = error;
      }
    }
    if (failed) throw failed;
    return null;
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
      const height = bytes && (await heightOf(txid, bytes, options));
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

/** `limit`: of a long answer, in bytes. */
type Call = (method: string, params: readonly unknown[], options: CallOptions | undefined, limit?: number) => Promise<unknown>;

/** Calls over one session that stands, or is opened: whoever needs it meanwhile waits for the same opening. */
function caller(url: string, connect: Connect, params: ElectrumOptions['params'], timeout: number): { call: Call; close(): void } {
  let opening: Promise<JsonRpcSession> | null = null;
  let used = 0;

  const open = async (): Promise<JsonRpcSession> => {
    const session = await openSession(connect, url, { deadline: (ms) => AbortSignal.timeout(ms) });
    used = Date.now();
    try {
      await greet(session, url, params, timeout);
      return session;
    } catch (error) {
      session.close();
      throw error;
    }
  };
  const isAlive = async (session: JsonRpcSession): Promise<boolean> => {
    // A connection may be dead without having ended; an answer too late ends it.
    if (!session.over() && Date.now() - used > IDLE) await session.call('server.ping', [], { timeout: 5_000 }).catch(() => undefined);
    return !session.over();
  };
  const standing = async (): Promise<JsonRpcSession> => {
    for (let fresh = opening === null; ; fresh = true) {
      const mine = (opening ??= open());
      const session = await mine.catch((error: unknown) => {
        if (opening === mine) opening = null;
        throw error;
      });
      if (await isAlive(session)) return session;
      if (opening === mine) opening = null;
      // One that ends as soon as it is open would be opened for ever.
      if (fresh) throw session.over() ?? new NamesteadError('HttpFailed', `${url} ended the connection`);
    }
  };
  return {
    call: async (method, args, options, limit) => {
      const session = await orAborted(standing(), options?.signal, `${url} ${method}`);
      used = Date.now();
      try {
        return await session.call(method, args, { limit, timeout: limit === undefined ? timeout : 4 * timeout, signal: options?.signal });
      } catch (error) {
        const { code, reason } = reasonOf(error);
        if (!BUSY.has(code)) throw error;
        throw new NamesteadError('HttpStatus', `${url} is busy: ${reason}`, { cause: { status: 429, retryAfter: null } });
      }
    },
    close: () => {
      void opening?.then((session) => session.close()).catch(() => undefined);
      opening = null;
    },
  };
}

/** The version and the chain, before anything is asked. */
async function greet(session: JsonRpcSession, url: string, { name, genesisHash }: ElectrumOptions['params'], timeout: number): Promise<void> {
  const what = `${url} server.version`;
  const [, version] = asList(await session.call('server.version', ['namestead', PROTOCOL], { timeout }), what, 2);
  if (version !== PROTOCOL) throw new NamesteadError('HttpMalformed', `${what} speaks ${String(version).slice(0, 20)}, and ${PROTOCOL} was asked for`);
  const told = await genesisOf(session, url, timeout);
  if (told !== genesisHash) throw new NamesteadError('NetworkMismatch', `${url} serves another chain than ${name}: its genesis block is ${told}`);
}

/** Some servers have no features to tell; block 0 they have all. */
async function genesisOf(session: JsonRpcSession, url: string, timeout: number): Promise<string> {
  try {
    const features = asFields(await session.call('server.features', [], { timeout }), `${url} server.features`);
    return asHex(features['genesis_hash'], `${url} server.features`, 32);
  } catch (error) {
    if (!isNamesteadError(error, 'ServerFailed')) throw error;
    const header = await session.call('blockchain.block.header', [0], { timeout });
    return hashHeader(fromHex(asHex(header, `${url} blockchain.block.header`, HEADER_BYTES)));
  }
}

function reasonOf(error: unknown): { readonly code: number; readonly reason: string } {
  return isNamesteadError(error, 'ServerFailed') ? (error.cause as { code: number; reason: string }) : { code: 0, reason: '' };
}
