import type * as index from '../../src/index.js';
import type * as networkModule from '../../src/devnet/network.js';
import type * as coreModule from '../../src/names/bitcoin/adapters/core.js';
import type * as esploraModule from '../../src/names/bitcoin/adapters/esplora.js';
import type * as indexerModule from '../../src/names/bitcoin/adapters/indexer.js';
import type { DevnetUrls } from '../../src/devnet/devnet.js';

// Runs in a page that loaded the built library; of its modules only types are known here.
declare const Namestead: typeof index & typeof networkModule & typeof coreModule & typeof esploraModule & typeof indexerModule;

export interface Config {
  readonly urls: DevnetUrls;
  readonly anchor: index.Anchor;
  /** The REST of two nodes, which give the filters. */
  readonly nodes: readonly { readonly url: string; readonly user: string; readonly password: string }[];
}

function ports({ urls, nodes }: Config) {
  const { core, devnetNetwork, esplora } = Namestead;
  const bitcoin = esplora({ url: urls.esplora });
  const read: string[] = [];
  const blocks: index.BlockSource = {
    operator: bitcoin.operator,
    block: (hash, options) => {
      read.push(hash);
      return bitcoin.block(hash, options);
    },
  };
  const network = { ...devnetNetwork, name: 'filterable devnet', filterable: true };
  return { network, bitcoin, blocks, read, filters: nodes.map((node) => core(node)) };
}

/** A filterable network, replayed from filters and the blocks that match: no core node is asked, and no consensus hash is held. */
export async function replay(config: Config, name: string) {
  const { network, bitcoin, blocks, read, filters } = ports(config);
  const names = Namestead.replayNames({ network, headers: bitcoin, blocks, transactions: bitcoin, filters });
  const found = await names.lookup(name);
  return { owner: found?.record.owner ?? null, level: found?.evidence.level ?? null, read: read.length, absent: await names.lookup('nobody.id') };
}

/** Any network: a name proved beneath an anchor, and followed to the tip by filters. */
export async function follow(config: Config, name: string) {
  const { bitcoinNames, byFilters, indexer } = Namestead;
  const { network, bitcoin, blocks, filters } = ports(config);
  const watch = byFilters({ sources: filters, blocks });
  const node = indexer({ url: config.urls.node });
  const names = bitcoinNames({ network, anchor: config.anchor, headers: bitcoin, transactions: bitcoin, indexer: node, watch });
  const found = await names.lookup(name);
  return { owner: found?.record.owner, level: found?.evidence.level, asOf: found?.evidence.asOf.height };
}
