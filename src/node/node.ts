import { systemClock } from '../lib/adapters/clock.js';
import type { CallOptions, Clock } from '../lib/clock.js';
import { http as platformHttp } from '../lib/http.js';
import type { Network } from '../names/bitcoin/network.js';
import { atlasPeer, type AtlasPeer } from './atlas.js';
import { bitcoind, type BitcoindAddress } from './bitcoind.js';
import { follow, type Follower } from './follower.js';
import { holdFolder } from './holder.js';
import { createLedger, type Ledger } from './ledger.js';
import { startServer, type NodeServer } from './server.js';
import { diskShelf, memoryShelf, type Shelf } from './shelf.js';
import { diskStore, memoryStore, type Store } from './store.js';
import { join } from 'node:path';

export type { BitcoindAddress };

export interface NodeOptions {
  /** The bitcoind it follows and trusts: JSON-RPC, with `-txindex`. */
  readonly bitcoin: BitcoindAddress;
  readonly network: Network;
  /** Atlas neighbours: URLs, or `host:port`. */
  readonly peers?: readonly string[] | undefined;
  /**
   * Where names (package lmdb) and zone files are kept, so that a node that ends, however it ends, goes on where it stood. Default in memory.
   */
  readonly directory?: string | undefined;
  /** Names whose owners' announcements count as accepted in `get_transaction_status`; default none. They never enter consensus. */
  readonly announcers?: readonly string[] | undefined;
  /** Default 0: any free port. */
  readonly port?: number | undefined;
  /** Default `127.0.0.1`. */
  readonly host?: string | undefined;
  readonly clock?: Clock | undefined;
  /** Milliseconds between two looks at the tip. Default 200. */
  readonly interval?: number | undefined;
  /** Milliseconds without an answer from bitcoind after which the node calls itself stale. Default two hours, as the old nodes had it. */
  readonly staleAfter?: number | undefined;
  /** Told what goes wrong while the node goes on: bitcoind or a neighbour that fails. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

export interface CoreNode {
  /** XML-RPC (POST) and REST (`/v1/…`), CORS on. */
  readonly url: string;
  /** The last block folded; null before the network's first. */
  height(): number | null;
  waitForHeight(height: number, options?: CallOptions): Promise<void>;
  /** 32 hex digits; null where none was folded. */
  consensusHashAt(height: number): string | null;
  close(): Promise<void>;
}

const TWO_HOURS = 2 * 60 * 60 * 1000;

/**
 * Starts a core node of BNS: it follows bitcoind, folds the rules, answers XML-RPC and REST on one port, and is an Atlas peer. It
 * survives reorganisations, and a bitcoind that comes and goes.
 *
 * @example
 * const node = await startNode({ bitcoin: { url: 'http://127.0.0.1:8332', user, password }, network: mainnet, directory: 'zonefiles' });
 * await node.waitForHeight(426884);
 * @throws NamesteadError `PortInUse`, `ServerFailed`; for a directory `StorageFailed` (another node holds it, it cannot be written to, or the package lmdb is missing), `StoreCorrupt`, `NetworkMismatch`
 */
export async function startNode(options: NodeOptions): Promise<CoreNode> {
  const { bitcoin, network, peers = [], port = 0, host = '127.0.0.1', clock = systemClock(), interval = 200, staleAfter = TWO_HOURS } = options;
  const onError = options.onError ?? ((): void => undefined);
  const http = platformHttp();
  const { ledger, shelf, store } = await openLedger(options);
  const born = clock.now();
  const atlas = atlasPeer({ ledger, shelf, clock, http, peers, onError });
  const follower = follow({ bitcoin: bitcoind(bitcoin, http), ledger, network, clock, interval, onChange: atlas.wake, onError });
  const standing = (): ReturnType<Parameters<typeof startServer>[0]['context']['standing']> => ({
    seen: follower.seen(),
    indexing: follower.indexing(),
    stale: clock.now() - (follower.lastContact() ?? born) > staleAfter,
  });
  try {
    const server = await startServer({ context: { network, ledger, atlas, standing }, host, port, onError });
    const address = `${host.includes(':') ? `[${host}]` : host}:${server.port}`;
    atlas.greet(address);
    return coreNode(`http://${address}`, ledger, follower, atlas, server, store);
  } catch (error) {
    await Promise.all([follower.close(), atlas.close()]);
    await store.close();
    throw error;
  }
}

interface Kept {
  readonly ledger: Ledger;
  readonly shelf: Shelf;
  readonly store: Store;
}

async function openLedger({ network, directory, announcers }: NodeOptions): Promise<Kept> {
  const options = announcers ? { announcers } : {};
  if (directory === undefined) {
    const store = memoryStore();
    return { store, ledger: createLedger(network, store, options), shelf: memoryShelf() };
  }
  const names = join(directory, 'names');
  const open: (() => Promise<void>)[] = [await holdFolder(names)];
  const close = async (): Promise<void> => {
    for (const each of open.splice(0).reverse()) await each();
  };
  try {
    const shelf = await diskShelf(directory);
    const store = await diskStore(names, network);
    open.push(() => store.close());
    return { store: { ...store, close }, ledger: createLedger(network, store, options), shelf };
  } catch (error) {
    await close();
    throw error;
  }
}

function coreNode(url: string, ledger: Ledger, follower: Follower, atlas: AtlasPeer, server: NodeServer, store: Store): CoreNode {
  return {
    url,
    height: ledger.height,
    waitForHeight: follower.waitForHeight,
    consensusHashAt: (height) => ledger.at(height)?.consensusHash ?? null,
    close: async () => {
      await Promise.all([server.close(), follower.close(), atlas.close()]);
      ledger.commit();
      await store.close();
    },
  };
}
