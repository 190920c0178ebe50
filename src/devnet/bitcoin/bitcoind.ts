import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { systemClock } from '../../lib/adapters/clock.js';
import { fromUtf8, toBase64, toHex, toUtf8 } from '../../lib/bytes.js';
import { isNamesteadError, NamesteadError } from '../../lib/errors.js';
import { http, parseJson } from '../../lib/http.js';
import { randomBytes } from '../../lib/key.js';
import { createElectrum } from './electrum.js';
import { createEsplora } from './esplora.js';
import { createMiner } from './miner.js';
import { RpcError } from './errors.js';
import type { BitcoinNode, Rpc } from './node.js';
import { createOutputIndex } from './outputs.js';

const FIRST_BLOCKS = 120;
const START_MS = 30_000;
const STOP_MS = 10_000;
/** `getblock` with details of a full block. */
const MAX_ANSWER = 64 << 20;
/** Ports are chosen before they are bound. */
const PORT_TRIES = 5;

export interface BitcoindOptions {
  /** Of the program. */
  readonly path: string;
  /** Where it keeps its chain; default a temporary folder that goes when it closes. */
  readonly directory?: string;
  /** Blocks mined before it is handed over; default 120. */
  readonly blocks?: number;
}

/**
 * Starts a real bitcoind on a regtest of its own, on free loopback ports. It ends with `close`, and with this process however that ends.
 * @throws NamesteadError `ServerFailed` when it does not come up
 */
export async function startBitcoind(options: BitcoindOptions): Promise<BitcoinNode> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await launch(options);
    } catch (error) {
      // A port that was free when it was chosen may be another's when it is bound.
      if (attempt === PORT_TRIES || !(error instanceof Error && /unable to bind|failed to listen/i.test(error.message))) throw error;
    }
  }
}

async function launch({ path, directory, blocks = FIRST_BLOCKS }: BitcoindOptions): Promise<BitcoinNode> {
  const folder = directory ?? (await mkdtemp(join(tmpdir(), 'namestead-bitcoind-')));
  const credentials = { user: 'devnet', password: toHex(randomBytes(16)) };
  const [rpcPort, port] = [await freePort(), await freePort()];
  const child = watched(path, flags(folder, rpcPort, port, credentials), directory === undefined ? folder : '');
  try {
    const rpcUrl = `http://127.0.0.1:${rpcPort}`;
    const rpc = remoteRpc(rpcUrl, credentials);
    await ready(child, rpc);
    const index = createOutputIndex(rpc);
    const [esplora, electrum] = [await createEsplora(rpc, index), await createElectrum(rpc, index)];
    const miner = createMiner(rpc);
    if (Number(await rpc('getblockcount')) < blocks) await miner.mine(blocks - Number(await rpc('getblockcount')));
    const close = async (): Promise<void> => {
      await Promise.all([esplora.close(), electrum.close()]);
      await end(child);
    };
    return {
      kind: 'bitcoind',
      rpcUrl,
      ...credentials,
      esploraUrl: esplora.url,
      electrumTcp: electrum.tcpUrl,
      electrumWs: electrum.wsUrl,
      p2p: { host: '127.0.0.1', port },
      rpc,
      ...miner,
      close,
    };
  } catch (error) {
    await end(child);
    throw error;
  }
}

function flags(folder: string, rpcPort: number, port: number, { user, password }: { readonly user: string; readonly password: string }): string[] {
  return [
    '-regtest',
    `-datadir=${folder}`,
    '-server',
    '-rest',
    '-txindex',
    '-blockfilterindex=basic',
    '-peerblockfilters',
    `-rpcuser=${user}`,
    `-rpcpassword=${password}`,
    `-rpcport=${rpcPort}`,
    `-port=${port}`,
    '-bind=127.0.0.1',
    '-rpcbind=127.0.0.1',
    '-rpcallowip=127.0.0.1',
    // It answers 503 to what does not fit its queue, and 64 are soon asked at once.
    '-rpcworkqueue=1024',
    '-listenonion=0',
    '-dnsseed=0',
    '-fixedseeds=0',
    '-natpmp=0',
    '-discover=0',
    '-checkblockindex=0',
    '-checkmempool=0',
    // Knots and Core differ in their default; 83 bytes of script are 80 of data.
    '-printtoconsole=0',
    '-datacarriersize=83',
    '-fallbackfee=0.0002',
  ];
}

/** A node's JSON-RPC over HTTP. */
export function remoteRpc(url: string, { user, password }: { readonly user: string; readonly password: string }): Rpc {
  const ask = http();
  const headers = { authorization: `Basic ${toBase64(fromUtf8(`${user}:${password}`))}`, 'content-type': 'application/json' };
  return async (method, params = []) => {
    const answer = await ask(url, { method: 'POST', headers, body: JSON.stringify({ id: 0, method, params }), limit: MAX_ANSWER, timeout: 60_000 });
    const { result, error } = parseJson(answer.body, `bitcoind (${method}, status ${answer.status})`) as {
      result?: unknown;
      error?: { code: number; message: string } | null;
    };
    if (error) throw new RpcError(error.code, error.message);
    return result;
  };
}

async function ready(child: ChildProcess, rpc: Rpc): Promise<void> {
  const clock = systemClock();
  const until = clock.now() + START_MS;
  const told: string[] = [];
  const failures: string[] = [];
  child.stderr?.on('data', (part: Uint8Array) => told.push(toUtf8(part).slice(0, 500)));
  child.once('error', (error) => failures.push(error.message));
  child.once('exit', (code, signal) => failures.push(`it ended with ${String(signal ?? code)}: ${told.slice(-3).join('').trim()}`));
  while (clock.now() < until && failures.length === 0) {
    try {
      await rpc('getblockcount');
      return;
    } catch (error) {
      // -28: still warming up.
      if (!(error instanceof RpcError && error.code === -28) && !isNamesteadError(error)) throw error;
    }
    await clock.sleep(25);
  }
  throw new NamesteadError('ServerFailed', `bitcoind did not come up: ${failures[0] ?? `no answer within ${START_MS} ms`}`);
}

/**
 * A shell stands between: it ends the program when the pipe from this process closes, which happens however this process ends, and removes the temporary
 * folder. `detached`, so that Ctrl-C reaches this process alone.
 */
const WATCH = `
folder=$1; shift
"$@" </dev/null 3<&- & child=$!
{ cat <&3 >/dev/null
  kill -TERM $child 2>/dev/null
  for i in $(seq ${STOP_MS / 100}); do kill -0 $child 2>/dev/null || exit; sleep 0.1; done
  kill -KILL $child 2>/dev/null
} & watch=$!
wait $child; code=$?
kill $watch 2>/dev/null
[ -n "$folder" ] && rm -rf "$folder"
exit $code
`;

function watched(path: string, args: readonly string[], temporary: string): ChildProcess {
  return spawn('/bin/sh', ['-c', WATCH, 'watch', temporary, path, ...args], { stdio: ['ignore', 'ignore', 'pipe', 'pipe'], detached: true });
}

async function end(child: ChildProcess): Promise<void> {
  const over = child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
  const gone = over ? Promise.resolve() : new Promise<void>((resolve) => child.once('exit', () => resolve()));
  (child.stdio[3] as Duplex).destroy();
  await gone;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
