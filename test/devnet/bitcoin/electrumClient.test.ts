import { execFile, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startMemoryBitcoin } from '../../../src/devnet/bitcoin/memory.js';
import type { BitcoinNode } from '../../../src/devnet/bitcoin/node.js';
import { http } from '../../../src/lib/http.js';
import { toBase64, fromUtf8, toHex } from '../../../src/lib/bytes.js';

// Debian's Electrum (package `electrum`), a client we had no hand in, holds the devnet's server to the protocol.
const installed = spawnSync('electrum', ['--help'], { timeout: 20_000 }).status === 0;
if (!installed) console.warn('Electrum is not installed (apt-get install electrum): the devnet is not checked with it');

/** Made by Electrum itself; regtest coins are worth nothing. */
const SEED = 'siren february slice suit toe trap trouble quarter mansion salt walk disease';
const COIN = 100_000_000n;

describe.skipIf(!installed)("Debian's Electrum on the devnet", () => {
  let node: BitcoinNode;
  let folder: string;
  let daemon: ChildProcess;
  let call: (method: string, ...params: readonly unknown[]) => Promise<unknown>;
  let address: string;

  beforeAll(async () => {
    node = await startMemoryBitcoin();
    folder = mkdtempSync(join(tmpdir(), 'namestead-electrum-'));
    const port = await freePort();
    const base = ['--regtest', '-D', folder, '--rpcuser', 'user', '--rpcpassword', 'password'];
    await promisify(execFile)('electrum', [...base, '--offline', 'restore', SEED], { timeout: 20_000 });
    const server = `${new URL(node.electrumTcp).host}:t`;
    daemon = spawn('electrum', [...base, 'daemon', '-1', '-s', server, '--rpchost', '127.0.0.1', '--rpcport', String(port)], { stdio: 'ignore' });
    const ask = http();
    const headers = { authorization: `Basic ${toBase64(fromUtf8('user:password'))}` };
    call = async (method, ...params) => {
      const { body } = await ask(`http://127.0.0.1:${port}`, { method: 'POST', headers, body: JSON.stringify({ id: 1, jsonrpc: '2.0', method, params }) });
      const { result, error } = JSON.parse(new TextDecoder().decode(body)) as { result: unknown; error?: unknown };
      if (error) throw new Error(JSON.stringify(error));
      return result;
    };
    await until('its interface answers', () => call('getinfo'));
    await call('load_wallet');
    [address = ''] = (await call('listaddresses')) as string[];
  }, 40_000);

  afterAll(async () => {
    const gone = new Promise((resolve) => daemon.once('exit', resolve));
    if (daemon.exitCode === null && daemon.signalCode === null) {
      await call('stop').catch(() => daemon.kill());
      await gone;
    }
    rmSync(folder, { recursive: true, force: true });
    await node.close();
  });

  const agrees = async (): Promise<void> => {
    const height = Number(await node.rpc('getblockcount'));
    await until(`it follows to height ${height}`, async () => {
      const info = (await call('getinfo')) as { connected: boolean; blockchain_height: number; server_height: number };
      return info.connected && info.blockchain_height === height && info.server_height === height;
    });
  };
  const balance = (confirmed: string, unconfirmed?: string): Promise<unknown> =>
    until(`its balance is ${confirmed} and ${unconfirmed ?? 'nothing'} that waits`, async () => {
      const told = (await call('getbalance')) as { confirmed: string; unconfirmed?: string };
      return told.confirmed === confirmed && told.unconfirmed === unconfirmed;
    });

  /** It counts confirmations once it has checked the merkle branch against its own headers. */
  const proved = (txid: string): Promise<unknown> =>
    until(`${txid} stands in its history, proved`, async () => {
      const { transactions } = (await call('onchain_history')) as { transactions: { txid: string; confirmations: number; height: number }[] };
      const tip = Number(await node.rpc('getblockcount'));
      return transactions.some((one) => one.txid === txid && one.height === tip && one.confirmations === 1);
    });

  test('connects, and checks the same headers', async () => {
    await agrees();
    await node.mine(30);
    await agrees();
    const height = Number(await node.rpc('getblockcount'));
    // It writes down what it has checked.
    const path = join(folder, 'regtest', 'blockchain_headers');
    await until('its headers are written', () => readFileSync(path).length === 80 * (height + 1));
    const written = readFileSync(path);
    for (const at of [0, 1, 119, height]) {
      const hash = await node.rpc('getblockhash', [at]);
      expect(toHex(written.subarray(80 * at, 80 * at + 80))).toBe(await node.rpc('getblockheader', [hash, false]));
    }
  });

  test('sees a payment wait, confirmed with a proof it checks itself, and lost in a reorganization', async () => {
    const txid = await node.fund(address, COIN);
    await balance('0', '1');
    await node.mine(1);
    await balance('1');
    await proved(txid);
    await node.reorg(1);
    await balance('0', '1');
    await node.mine(1);
    await balance('1');
    await proved(txid);
    await agrees();
  });

  test('pays with a transaction that lands', async () => {
    const [, other = ''] = (await call('listaddresses')) as string[];
    const signed = String(await call('payto', other, '0.25'));
    const txid = String(await call('broadcast', signed));
    expect(await node.rpc('getrawmempool')).toEqual([txid]);
    await node.mine(1);
    expect(await node.rpc('getrawtransaction', [txid, 1])).toMatchObject({ confirmations: 1 });
    await proved(txid);
    await expect(call('broadcast', signed)).rejects.toThrow();
  });
});

async function until(what: string, holds: () => unknown): Promise<unknown> {
  const end = Date.now() + 20_000;
  let failed: unknown = null;
  while (Date.now() < end) {
    try {
      const found = await holds();
      if (found) return found;
    } catch (error) {
      failed = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`not within 20 s: ${what}`, { cause: failed });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
