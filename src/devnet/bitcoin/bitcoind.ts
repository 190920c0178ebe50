import { spawn, type ChildProcess } from 'node:child_process';
import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../lib/adapters/clock.js';
import { fromUtf8, toBase64, toHex, toUtf8 } from '../../lib/bytes.js';
import { isNamesteadError, NamesteadError } from '../../lib/errors.js';
import { http, parseJson } from '../../lib/http.js';
import { randomBytes } from '../../lib/key.js';
import { createEsplora } from './esplora.js';
import { createMiner } from './miner.js';
import { RpcError, type BitcoinNode, type Rpc } from './node.js';

const FIRST_BLOCKS = 120;
const START_MS = 30_000;
const STOP_MS = 10_000;
/** `getblock` with details of a full block. */
const MAX_ANSWER = 64 << 20;

export interface BitcoindOptions {
  /** Of the program. */
  readonly path: string;
  /** Where it keeps its chain; default a temporary folder that goes when it closes. */
  readonly directory?: string;
  /** Blocks mined before it is handed over; default 120. */
  readonly blocks?: number;
}

/**
 * Starts a real bitcoind on a regtest of its own, on free loopback ports. It ends with `close`, and with this process however that ends short of SIGKILL.
 * @throws NamesteadError `ServerFailed` when it does not come up
 */
export async function startBitcoind({ path, directory, blocks = FIRST_BLOCKS }: BitcoindOptions): Promise<BitcoinNode> {
  const folder = directory ?? (await mkdtemp(join(tmpdir(), 'namestead-bitcoind-')));
  const credentials = { user: 'devnet', password: toHex(randomBytes(16)) };
  const [rpcPort, port] = [await freePort(), await freePort()];
  const child = spawn(path, flags(folder, rpcPort, port, credentials), { stdio: ['ignore', 'ignore', 'pipe'] });
  const release = endWithProcess(child, directory === undefined ? folder : null);
  const stop = async (): Promise<void> => {
    await end(child);
    release();
    if (directory === undefined) await rm(folder, { recursive: true, force: true });
  };
  try {
    const rpcUrl = `http://127.0.0.1:${rpcPort}`;
    const rpc = remoteRpc(rpcUrl, credentials);
    await ready(child, rpc);
    const esplora = await createEsplora(rpc);
    const miner = createMiner(rpc);
    if (Number(await rpc('getblockcount')) < blocks) await miner.mine(blocks - Number(await rpc('getblockcount')));
    const close = async (): Promise<void> => {
      await esplora.close();
      await stop();
    };
    return { kind: 'bitcoind', rpcUrl, ...credentials, esploraUrl: esplora.url, rpc, ...miner, close };
  } catch (error) {
    await stop();
    throw error;
  }
}

function flags(folder: string, rpcPort: number, port: number, { user, password }: { readonly user: string; readonly password: string }): string[] {
  return [
    '-regtest', `-datadir=${folder}`, '-server', '-rest', '-txindex', '-blockfilterindex=basic', '-peerblockfilters',
    `-rpcuser=${user}`, `-rpcpassword=${password}`, `-rpcport=${rpcPort}`, `-port=${port}`, '-bind=127.0.0.1', '-rpcbind=127.0.0.1', '-rpcallowip=127.0.0.1',
    '-listenonion=0', '-dnsseed=0', '-fixedseeds=0', '-natpmp=0', '-discover=0', '-checkblockindex=0', '-checkmempool=0',
    // Knots and Core differ in their default; 83 bytes of script are 80 of data.
    '-printtoconsole=0', '-datacarriersize=83', '-fallbackfee=0.0002',
  ];
}

/** A node's JSON-RPC over HTTP. */
export function remoteRpc(url: string, { user, password }: { readonly user: string; readonly password: string }): Rpc {
  const ask = http();
  const headers = { authorization: `Basic ${toBase64(fromUtf8(`${user}:${password}`))}`, 'content-type': 'application/json' };
  return async (method, params = []) => {
    const answer = await ask(url, { method: 'POST', headers, body: JSON.stringify({ id: 0, method, params }), limit: MAX_ANSWER, timeout: 60_000 });
    const { result, error } = parseJson(answer.body, `bitcoind (${method}, status ${answer.status})`) as { result?: unknown; error?: { code: number; message: string } | null };
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

/** Children outlive a parent that just exits: this ends them whenever node gets to say so. */
function endWithProcess(child: ChildProcess, folder: string | null): () => void {
  const kill = (): void => {
    child.kill('SIGKILL');
    if (folder !== null) rmSync(folder, { recursive: true, force: true });
  };
  const signalled = (signal: NodeJS.Signals): void => {
    kill();
    release();
    // Whoever else listens decides what the signal means for this process.
    if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
  };
  const signals: NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  const release = (): void => {
    process.off('exit', kill);
    for (const signal of signals) process.off(signal, signalled);
  };
  process.on('exit', kill);
  for (const signal of signals) process.on(signal, signalled);
  return release;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await gone;
  clearTimeout(late);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
