import { isNamesteadError } from '../../lib/errors.js';
import { parseBounded } from '../../lib/json.js';
import { toHex } from '../../lib/bytes.js';
import { historyOf, statusOf } from './electrumHistory.js';
import { serveLines } from './electrumLines.js';
import { electrumMethods, type ElectrumClient, type ElectrumMethod } from './electrumMethods.js';
import type { Visit } from './electrumVisit.js';
import { RpcError } from './errors.js';
import type { Rpc } from './node.js';
import { createOutputIndex, type OutputIndex } from './outputs.js';
import { serveWebSocket } from './websocket.js';

/** How often the node is asked what is new while somebody wants to be told. */
const LOOK_MS = 100;
const MOST_BATCH = 100;

export interface ElectrumServer {
  /** `tcp://127.0.0.1:port` */
  readonly tcpUrl: string;
  /** `ws://127.0.0.1:port` */
  readonly wsUrl: string;
  close(): Promise<void>;
}

interface Guest extends ElectrumClient {
  readonly send: (text: string) => void;
}

/** Serves the Electrum protocol 1.4 over any node's RPC with a transaction index: lines over TCP, messages over WebSocket. */
export async function createElectrum(rpc: Rpc, index: OutputIndex = createOutputIndex(rpc)): Promise<ElectrumServer> {
  const guests = new Set<Guest>();
  let ports: readonly [tcp: number, ws: number] = [0, 0];
  const methods = electrumMethods(rpc, index, () => ({ '127.0.0.1': { tcp_port: ports[0], ssl_port: null, ws_port: ports[1] } }));
  const visit: Visit = (send) => {
    const guest: Guest = { send, tip: null, scripts: new Map() };
    guests.add(guest);
    return {
      message: async (text) => {
        const reply = await answer(methods, index, text, guest);
        if (reply !== null) send(JSON.stringify(reply));
      },
      gone: () => guests.delete(guest),
    };
  };
  const [tcp, ws] = [await serveLines(visit), await serveWebSocket(visit)];
  ports = [tcp.port, ws.port];
  const stop = tellNews(index, guests);
  return {
    tcpUrl: `tcp://127.0.0.1:${tcp.port}`,
    wsUrl: `ws://127.0.0.1:${ws.port}`,
    close: async () => {
      await stop();
      await Promise.all([tcp.close(), ws.close()]);
    },
  };
}

/** One message: a call or a batch of them. Null where nothing is to be answered. */
async function answer(methods: Readonly<Record<string, ElectrumMethod>>, index: OutputIndex, text: string, guest: Guest): Promise<unknown> {
  let asked: unknown;
  try {
    asked = parseBounded(text);
  } catch {
    return failure(null, -32700, 'invalid JSON');
  }
  if (!Array.isArray(asked)) return answerCall(methods, index, asked, guest);
  if (asked.length === 0 || asked.length > MOST_BATCH) return failure(null, -32600, `a batch has 1 to ${MOST_BATCH} calls`);
  const answers: unknown[] = [];
  for (const call of asked as unknown[]) {
    const one = await answerCall(methods, index, call, guest);
    if (one !== null) answers.push(one);
  }
  return answers.length === 0 ? null : answers;
}

async function answerCall(methods: Readonly<Record<string, ElectrumMethod>>, index: OutputIndex, call: unknown, guest: Guest): Promise<unknown> {
  const { id, method, params = [] } = typeof call === 'object' && call !== null ? (call as Record<string, unknown>) : {};
  if (typeof method !== 'string') return failure(id ?? null, -32600, 'a call has a method');
  const known = Object.hasOwn(methods, method) ? methods[method] : undefined;
  try {
    if (!known) throw new RpcError(-32601, `unknown method ${JSON.stringify(method.slice(0, 60))}`);
    if (!Array.isArray(params)) throw new RpcError(-32602, 'parameters go by position');
    await index.refresh();
    const result = await known(params as unknown[], guest);
    return id === undefined ? null : { jsonrpc: '2.0', id, result };
  } catch (error) {
    if (id === undefined) return null;
    if (error instanceof RpcError) return failure(id, error.code, error.message);
    return failure(id, -32603, isNamesteadError(error) ? error.message : 'the server failed');
  }
}

function failure(id: unknown, code: number, message: string): unknown {
  return { jsonrpc: '2.0', id, error: { code, message } };
}

/** Looks for news as long as somebody wants to be told. Answers what ends it. */
function tellNews(index: OutputIndex, guests: ReadonlySet<Guest>): () => Promise<void> {
  let seen = '';
  let timer: NodeJS.Timeout | undefined;
  let looking: Promise<void> = Promise.resolve();
  const look = async (): Promise<void> => {
    if (![...guests].some(({ tip, scripts }) => tip !== null || scripts.size > 0)) return;
    await index.refresh();
    const tip = index.length() - 1;
    const now = [index.block(tip)?.hash, ...index.waiting().map(({ txid }) => txid)].join();
    if (now === seen) return;
    seen = now;
    for (const guest of guests) tell(index, guest);
  };
  const again = (): void => {
    // A node that is gone for a moment is asked again.
    looking = look()
      .catch(() => undefined)
      .then(() => void (timer = setTimeout(again, LOOK_MS)));
  };
  timer = setTimeout(again, LOOK_MS);
  return async () => {
    clearTimeout(timer);
    await looking;
    clearTimeout(timer);
  };
}

function tell(index: OutputIndex, guest: Guest): void {
  const notify = (method: string, params: readonly unknown[]): void => guest.send(JSON.stringify({ jsonrpc: '2.0', method, params }));
  const height = index.length() - 1;
  const best = index.block(height);
  if (best && guest.tip !== null && guest.tip !== best.hash) {
    guest.tip = best.hash;
    notify('blockchain.headers.subscribe', [{ height, hex: toHex(best.header) }]);
  }
  for (const [hash, before] of guest.scripts) {
    const status = statusOf(historyOf(index, hash));
    if (status === before) continue;
    guest.scripts.set(hash, status);
    notify('blockchain.scripthash.subscribe', [hash, status]);
  }
}
