import { fromHex } from '../../lib/bytes.js';
import { orAborted, throwIfAborted, type CallOptions } from '../../lib/clock.js';
import { isNamesteadError, NamesteadError } from '../../lib/errors.js';
import { openSession, type Connect, type JsonRpcSession } from '../../lib/jsonrpc.js';
import { asFields, asHex, asList, wordOf } from '../../lib/shape.js';
import { withoutSecrets } from '../../lib/url.js';
import { HEADER_BYTES, hashHeader } from './header.js';
import type { BitcoinParams } from './network.js';

/** The version spoken; servers agree to it or refuse (protocol, "server.version"). */
const PROTOCOL = '1.4';
/** A connection left alone for so long (ms) may be dead without telling. */
const IDLE = 60_000;
/** Codes of servers that have had enough of us for now, or of everybody (aiorpcX). */
const BUSY = /* @__PURE__ */ new Set([-101, -102]);

export interface ElectrumServer {
  readonly url: string;
  readonly connect: Connect;
  readonly params: Pick<BitcoinParams, 'name' | 'genesisHash'>;
  readonly timeout: number;
  /** Milliseconds, of any clock. */
  readonly now: () => number;
  /** A signal that is aborted after so many milliseconds. */
  readonly deadline: (ms: number) => AbortSignal;
}

/** `limit`: of a long answer, in bytes. */
export type ElectrumCall = (method: string, params: readonly unknown[], options: CallOptions | undefined, limit?: number) => Promise<unknown>;

/** Calls over one session that stands, or is opened: whoever needs it meanwhile waits for the same opening. */
export function electrumCalls(server: ElectrumServer): { call: ElectrumCall; close(): void } {
  const { connect, timeout, now, deadline } = server;
  const url = withoutSecrets(server.url);
  let opening: Promise<JsonRpcSession> | null = null;
  let used = 0;

  const open = async (): Promise<JsonRpcSession> => {
    const session = await openSession(connect, server.url, { deadline });
    used = now();
    try {
      await greet(session, url, server);
      return session;
    } catch (error) {
      session.close();
      throw error;
    }
  };
  const isAlive = async (session: JsonRpcSession): Promise<boolean> => {
    // A connection may be dead without having ended; an answer too late ends it.
    if (!session.over() && now() - used > IDLE) await session.call('server.ping', [], { timeout: 5_000 }).catch(() => undefined);
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
      throwIfAborted(options?.signal, `${url} ${method}`);
      const session = await orAborted(standing(), options?.signal, `${url} ${method}`);
      used = now();
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
async function greet(session: JsonRpcSession, url: string, { params: { name, genesisHash }, timeout }: ElectrumServer): Promise<void> {
  const what = `${url} server.version`;
  const [, version] = asList(await session.call('server.version', ['namestead', PROTOCOL], { timeout }), what, 2);
  if (version !== PROTOCOL) throw new NamesteadError('HttpMalformed', `${what} speaks ${wordOf(version).slice(0, 20)}, and ${PROTOCOL} was asked for`);
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

/** The code and the words of a refusal; 0 and none where it is another error. */
export function reasonOf(error: unknown): { readonly code: number; readonly reason: string } {
  return isNamesteadError(error, 'ServerFailed') ? (error.cause as { code: number; reason: string }) : { code: 0, reason: '' };
}
