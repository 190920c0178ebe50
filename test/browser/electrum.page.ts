import type * as index from '../../src/index.js';
import type * as networkModule from '../../src/devnet/network.js';
import type * as electrumModule from '../../src/names/bitcoin/adapters/electrum.js';
import type * as webSocketModule from '../../src/names/bitcoin/adapters/electrumWebSocket.js';
import type * as esploraModule from '../../src/names/bitcoin/adapters/esplora.js';
import type * as indexerModule from '../../src/names/bitcoin/adapters/indexer.js';
import type { DevnetUrls } from '../../src/devnet/devnet.js';

// Runs in a page that loaded the built library; of its modules only types are known here.
declare const Namestead: typeof index & typeof networkModule & typeof electrumModule & typeof webSocketModule & typeof esploraModule & typeof indexerModule;

export interface Config {
  readonly urls: DevnetUrls;
  readonly anchor: index.Anchor;
}

/** Headers, transactions and one of two histories over the browser's own WebSocket. */
export async function prove({ urls, anchor }: Config, name: string) {
  const { bitcoinNames, byHistory, devnetNetwork, electrum, electrumWebSocket, esplora, indexer } = Namestead;
  const bitcoin = electrum({ url: urls.electrumWs, connect: electrumWebSocket(), params: devnetNetwork.bitcoin });
  const watch = byHistory({ histories: [bitcoin, esplora({ url: urls.esplora })] });
  const names = bitcoinNames({ network: devnetNetwork, anchor, headers: bitcoin, transactions: bitcoin, indexer: indexer({ url: urls.node }), watch });
  const found = await names.lookup(name, { level: 'history' });
  const { height } = await bitcoin.tip();
  bitcoin.close();
  return { owner: found?.record.owner, level: found?.evidence.level, asOf: found?.evidence.asOf.height, height };
}

/** The code of the error that a server of another chain, a dead port and a wrong scheme end with. */
export function refusals({ urls }: Config) {
  const { electrum, electrumWebSocket, bitcoinMainnet, bitcoinRegtest, isNamesteadError } = Namestead;
  const tries = [
    { url: urls.electrumWs, params: bitcoinMainnet },
    { url: 'ws://127.0.0.1:1', params: bitcoinRegtest },
    { url: urls.electrumTcp, params: bitcoinRegtest },
  ];
  return Promise.all(
    tries.map(async (options) => {
      const error: unknown = await electrum({ ...options, connect: electrumWebSocket() })
        .tip()
        .catch((refused: unknown) => refused);
      return isNamesteadError(error) ? error.code : error instanceof TypeError ? 'TypeError' : 'none';
    }),
  );
}
