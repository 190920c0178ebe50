import { http as platformHttp, type Http } from '../lib/http.js';
import { esplora } from '../names/bitcoin/adapters/esplora.js';
import { indexer } from '../names/bitcoin/adapters/indexer.js';
import { bitcoinNames, type Anchor } from '../names/bitcoin/names.js';
import type { Network } from '../names/bitcoin/network.js';
import type { BitcoinSource, Indexer } from '../names/bitcoin/source.js';
import type { Names } from '../names/names.js';
import { atlas } from '../zones/adapters/atlas.js';
import { publishing } from '../zones/publish.js';
import type { ZonePublisher, ZoneSource } from '../zones/zones.js';
import type { DevnetUrls } from './devnet.js';
import { devnetNetwork } from './network.js';

export interface DevnetPorts {
  readonly bitcoin: BitcoinSource;
  readonly indexer: Indexer;
  readonly zones: readonly ZoneSource[];
  readonly publish: ZonePublisher;
  /** Names proved against an anchor that came outside the servers' path. */
  names(anchor: Anchor): Names;
}

/** The ports that a devnet's URLs stand for: what a client on it is made of. */
export function devnetPorts(
  urls: DevnetUrls,
  { network = devnetNetwork, http = platformHttp() }: { readonly network?: Network; readonly http?: Http } = {},
): DevnetPorts {
  const bitcoin = esplora({ url: urls.esplora, http });
  const node = indexer({ url: urls.node, http });
  const peers = urls.atlas.map((url) => atlas({ url, http }));
  return {
    bitcoin,
    indexer: node,
    zones: peers.map((peer) => peer.get),
    publish: publishing(...peers.map((peer) => peer.put)),
    names: (anchor) => bitcoinNames({ network, anchor, headers: bitcoin, transactions: bitcoin, indexer: node }),
  };
}
