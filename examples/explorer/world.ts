import {
  bitcoinNames,
  byHistory,
  createHeaderChain,
  loadHeaders,
  proveName,
  replayNames,
  verifyProof,
  type HeaderChain,
  type Level,
  type Lookup,
  type Names,
  type Progress,
  type VerifiedProof,
} from 'namestead';
import { systemClock } from 'namestead/clock';
import { devnetNetwork } from 'namestead/devnet/network';
import { electrum } from 'namestead/names/bitcoin/electrum';
import { electrumWebSocket } from 'namestead/names/bitcoin/electrumWebSocket';
import { esplora } from 'namestead/names/bitcoin/esplora';
import { indexer } from 'namestead/names/bitcoin/indexer';
import { indexeddbHeaders } from 'namestead/names/bitcoin/indexeddbHeaders';
import type { ExplorerConfig } from './config.js';

type Tell = (progress: Progress) => void;

/** A light client in a page: headers over a WebSocket, kept in IndexedDB; names proved at the level one asks for; proofs made and checked. */
export interface Explorer {
  readonly chain: HeaderChain;
  lookup(name: string, level: Level, onProgress: Tell): Promise<Lookup | null>;
  prove(name: string, onProgress: Tell): Promise<Uint8Array>;
  /** Offline: against the headers already here. */
  verify(file: Uint8Array): VerifiedProof;
}

/** For Bitcoin's main chain put `mainnet` for the devnet's network, a checkpoint into the chain, and servers of your choice. */
export async function openExplorer({ electrumWs, esplora: url, node, anchor }: ExplorerConfig): Promise<Explorer> {
  const network = devnetNetwork;
  const clock = systemClock();
  const wire = electrum({ url: electrumWs, connect: electrumWebSocket(), params: network.bitcoin });
  const rest = esplora({ url });
  const core = indexer({ url: node });
  // A devnet is another each time, so its headers get a database of their own.
  const store = indexeddbHeaders({ name: `explorer-${anchor.hash}` });
  const chain = createHeaderChain(network.bitcoin, { clock });
  await loadHeaders(chain, store);
  const sources = { network, anchor, headers: wire, transactions: wire, indexer: core, chain, sync: { store } };
  const names: Partial<Record<Level, Names>> = {
    snv: bitcoinNames(sources),
    history: bitcoinNames({ ...sources, watch: byHistory({ histories: [wire, rest] }) }),
    replay: replayNames({ network, headers: wire, blocks: rest, transactions: wire, chain }),
  };
  return {
    chain,
    lookup: async (name, level, onProgress) => {
      const chosen = names[level];
      if (!chosen) throw new TypeError(`this page proves at the levels ${Object.keys(names).join(', ')}`);
      return chosen.lookup(name, { level, onProgress });
    },
    prove: (name, onProgress) => proveName(name, sources, { onProgress }),
    verify: (file) => verifyProof(file, { network, anchor, chain, now: clock.now() / 1000, maxAge: 86_400 }),
  };
}
