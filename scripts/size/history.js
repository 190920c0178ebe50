import { bitcoinNames, byHistory, mainnet } from 'namestead';
import { electrum } from 'namestead/names/bitcoin/electrum';
import { electrumWebSocket } from 'namestead/names/bitcoin/electrumWebSocket';
import { esplora } from 'namestead/names/bitcoin/esplora';
import { indexer } from 'namestead/names/bitcoin/indexer';

export const names = (anchor, url, wss, node) => {
  const wire = electrum({ url: wss, connect: electrumWebSocket(), params: mainnet.bitcoin });
  const watch = byHistory({ histories: [wire, esplora({ url })] });
  return bitcoinNames({ network: mainnet, anchor, headers: wire, transactions: wire, indexer: indexer({ url: node }), watch });
};
