import type { Network } from '../names/bitcoin/network.js';
import type { AtlasPeer } from './atlas.js';
import type { Ledger } from './ledger.js';

/** What the answers of a node are made of. */
export interface Context {
  readonly network: Network;
  readonly ledger: Ledger;
  readonly atlas: AtlasPeer;
  standing(): Standing;
}

/** How the node stands to its bitcoind. */
export interface Standing {
  /** The tip as last seen; null before the first answer. */
  readonly seen: number | null;
  readonly indexing: boolean;
  /** True when bitcoind has not answered for so long that what is told here may be old. */
  readonly stale: boolean;
}

/** What `ping` and `getinfo` tell: the reference node whose interface this is. */
export const SERVER_VERSION = '21.0.0.0';

export function lastBlock({ ledger, network }: Context): number {
  return ledger.height() ?? network.firstBlock - 1;
}
