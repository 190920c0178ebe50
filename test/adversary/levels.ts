import { byFilters } from '../../src/names/bitcoin/byFilters.js';
import { byHistory } from '../../src/names/bitcoin/byHistory.js';
import { createHeaderChain } from '../../src/names/bitcoin/chain.js';
import { bitcoinNames } from '../../src/names/bitcoin/names.js';
import type { Network } from '../../src/names/bitcoin/network.js';
import { quorumNames, serverNames } from '../../src/names/bitcoin/quorumNames.js';
import { replayNames } from '../../src/names/bitcoin/replay.js';
import type { Watch } from '../../src/names/bitcoin/watch.js';
import type { Names } from '../../src/names/names.js';
import type { Operator, Scene } from './liars.js';

/** The ways to look a name up, weakest first; `quick` is `snv` without recomputing every consensus hash. */
export const ways = ['server', 'quorum', 'quick', 'snv', 'history', 'filters', 'replay'] as const;
export type Way = (typeof ways)[number];

/**
 * A lookup that asks these operators, and says so to the first of them where only one can be asked: the one core node, the one source of transactions,
 * and for `server` and `quorum` the one source of headers.
 */
export function lookupBy(way: Way, scene: Scene, operators: readonly Operator[], network: Network = scene.network): Names {
  const { anchor, now } = scene;
  const [first] = operators;
  if (!first) throw new TypeError('nobody to ask');
  const { indexer, transactions, headers } = first;
  const all = <K extends keyof Operator>(port: K): Operator[K][] => operators.map((operator) => operator[port]);
  // The last block may be half an hour old.
  const chain = createHeaderChain(network.bitcoin, { clock: { now: () => now, sleep: () => Promise.resolve() } });
  const following = { network, chain, sync: { maxTipAge: 1800 } };
  const proving = (more: { readonly watch?: Watch; readonly complete?: boolean }): Names =>
    bitcoinNames({ ...following, anchor, headers: all('headers'), transactions, indexer, ...more });
  switch (way) {
    case 'server':
      return serverNames({ ...following, indexer, headers });
    case 'quorum':
      return quorumNames({ ...following, indexers: all('indexer'), least: 2, headers });
    case 'quick':
      return proving({ complete: false });
    case 'snv':
      return proving({});
    case 'history':
      return proving({ watch: byHistory({ histories: all('history') }) });
    case 'filters':
      return proving({ watch: byFilters({ sources: all('filters'), blocks: all('blocks') }) });
    case 'replay':
      return replayNames({ ...following, anchor, headers: all('headers'), blocks: all('blocks'), transactions: all('transactions') });
  }
}
