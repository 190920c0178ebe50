import { join } from 'node:path';
import type { LongCallOptions } from '../lib/clock.js';
import { startHub, type Hub } from '../hub/hub.js';
import type { Anchor } from '../names/bitcoin/names.js';
import type { Network } from '../names/bitcoin/network.js';
import { startNode, type CoreNode } from '../node/node.js';
import { startBitcoind } from './bitcoin/bitcoind.js';
import { startMemoryBitcoin } from './bitcoin/memory.js';
import type { BitcoinNode } from './bitcoin/node.js';
import { temporaryFolder } from './folder.js';
import { devnetNetwork } from './network.js';

export interface DevnetOptions extends LongCallOptions {
  /** Path of a real bitcoind to run instead of the chain in memory. */
  readonly bitcoind?: string | undefined;
  /** Where the hub keeps its files; default a temporary folder that `close` removes. */
  readonly directory?: string | undefined;
  readonly network?: Network | undefined;
}

/** Addresses of what a devnet serves, all on loopback. */
export interface DevnetUrls {
  /** bitcoind's JSON-RPC and REST. */
  readonly bitcoin: string;
  readonly esplora: string;
  /** The Electrum protocol over TCP and over WebSocket. */
  readonly electrumTcp: string;
  readonly electrumWs: string;
  /** The core node that clients ask: XML-RPC and REST on one port. It is the first Atlas peer too. */
  readonly node: string;
  readonly atlas: readonly [string, string];
  readonly hub: string;
  /** Where anybody reads the hub's files. */
  readonly files: string;
}

export interface Devnet {
  readonly network: Network;
  readonly urls: DevnetUrls;
  readonly bitcoin: BitcoinNode;
  /** Pays an address (or script) from the miner and mines the payment; default 1 BTC. Answers the txid. */
  fund(to: string | Uint8Array, satoshi?: bigint): Promise<string>;
  /** Mines `n` blocks and waits until both core nodes have folded them. Answers the new height. */
  mine(n?: number): Promise<number>;
  /** Replaces the last `n` blocks by `n + 1` others and waits until both core nodes follow. */
  reorg(n: number): Promise<number>;
  /** A block as its own core node folded it, default the tip: height, block hash, consensus hash. Hand it to clients outside the servers' path. */
  anchor(height?: number): Promise<Anchor>;
  close(): Promise<void>;
}

/**
 * Starts Bitcoin, two core nodes that are Atlas peers, and a Gaia hub in this process, on free loopback ports.
 *
 * @example
 * const devnet = await startDevnet();
 * await devnet.fund('1BoatSLRHtKNngkdXEeobR76b53LETtpyT');
 * await devnet.close();
 */
export async function startDevnet(options: DevnetOptions = {}): Promise<Devnet> {
  const { network = devnetNetwork, signal, onProgress } = options;
  const open: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const stop of open.splice(0).reverse()) await stop();
  };
  const tell = (stage: string, done: number): void => onProgress?.({ stage, done, total: 4 });
  try {
    const directory = options.directory ?? temporary(open);
    const bitcoin = options.bitcoind === undefined ? await startMemoryBitcoin() : await startBitcoind({ path: options.bitcoind });
    open.push(() => bitcoin.close());
    tell(`Bitcoin regtest (${bitcoin.kind}) is up`, 1);
    // Coins of the miner mature after 100 blocks, and BNS begins at the network's first block.
    const height = Number(await bitcoin.rpc('getblockcount', []));
    if (height < network.firstBlock) await bitcoin.mine(network.firstBlock - height);
    const rpc = { url: bitcoin.rpcUrl, user: bitcoin.user, password: bitcoin.password };
    const first = await startNode({ bitcoin: rpc, network, interval: 50 });
    open.push(() => first.close());
    const second = await startNode({ bitcoin: rpc, network, peers: [first.url], interval: 50 });
    open.push(() => second.close());
    const nodes = [first, second] as const;
    tell('two core nodes follow it', 2);
    const hub = await startHub({ directory: join(directory, 'hub') });
    open.push(() => hub.close());
    tell('a Gaia hub is up', 3);
    const devnet = assemble(network, bitcoin, nodes, hub, close);
    await devnet.settle(signal);
    tell('all agree on the tip', 4);
    return devnet;
  } catch (error) {
    await close();
    throw error;
  }
}

function assemble(
  network: Network,
  bitcoin: BitcoinNode,
  nodes: readonly [CoreNode, CoreNode],
  hub: Hub,
  close: () => Promise<void>,
): Devnet & { settle(signal?: AbortSignal): Promise<number> } {
  const settle = async (signal?: AbortSignal): Promise<number> => {
    // A chain changes only by growing, reorganisations too: who stands at its height stands on its tip.
    const height = Number(await bitcoin.rpc('getblockcount', []));
    await Promise.all(nodes.map((node) => node.waitForHeight(height, { signal })));
    return height;
  };
  return {
    network,
    bitcoin,
    urls: {
      bitcoin: bitcoin.rpcUrl,
      esplora: bitcoin.esploraUrl,
      electrumTcp: bitcoin.electrumTcp,
      electrumWs: bitcoin.electrumWs,
      node: nodes[0].url,
      atlas: [nodes[0].url, nodes[1].url],
      hub: hub.url,
      files: hub.readUrl,
    },
    settle,
    fund: async (to, satoshi = 100_000_000n) => {
      const txid = await bitcoin.fund(to, satoshi);
      await bitcoin.mine(1);
      await settle();
      return txid;
    },
    mine: async (n = 1) => {
      await bitcoin.mine(n);
      return settle();
    },
    reorg: async (n) => {
      await bitcoin.reorg(n);
      return settle();
    },
    anchor: async (at) => {
      const tip = await settle();
      const height = at ?? tip;
      const consensusHash = nodes[0].consensusHashAt(height);
      if (consensusHash === null) throw new Error(`the devnet's core node has no consensus hash at ${height}`);
      return { height, hash: String(await bitcoin.rpc('getblockhash', [height])), consensusHash };
    },
    close,
  };
}

function temporary(open: (() => Promise<void>)[]): string {
  const { path, remove } = temporaryFolder('namestead-');
  open.push(() => {
    remove();
    return Promise.resolve();
  });
  return path;
}
