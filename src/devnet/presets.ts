import type { Clock } from '../lib/clock.js';
import { http as platformHttp, type Http } from '../lib/http.js';
import { keyAgreementOf, signerOf } from '../lib/key.js';
import { esplora } from '../names/bitcoin/adapters/esplora.js';
import { indexer } from '../names/bitcoin/adapters/indexer.js';
import { bitcoinNames, type Anchor } from '../names/bitcoin/names.js';
import type { Network } from '../names/bitcoin/network.js';
import type { BitcoinSource, Indexer } from '../names/bitcoin/source.js';
import type { Names } from '../names/names.js';
import { appKeyOfUser, type UserData } from '../auth/session.js';
import { gaia } from '../storage/adapters/gaia.js';
import { encrypted } from '../storage/encrypted.js';
import { enveloped } from '../storage/enveloped.js';
import { optimistic } from '../storage/optimistic.js';
import type { Store } from '../storage/store.js';
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

/** A signed-in user's private files: encrypted to the app key and signed by it, and never overwritten unseen. */
export function privateBucket(user: UserData, clock: Clock, http: Http = platformHttp()): Store {
  const key = appKeyOfUser(user);
  const signer = signerOf(key);
  const hub = gaia({ hub: user.hubUrl, signer, clock, http, associationToken: user.gaiaAssociationToken ?? undefined });
  return optimistic(encrypted(enveloped(hub, signer), keyAgreementOf(key)));
}
