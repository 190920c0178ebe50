import { mainnet, replayNames } from 'namestead';
import { esplora } from 'namestead/names/bitcoin/esplora';

export const names = (url) => {
  const bitcoin = esplora({ url });
  return replayNames({ network: mainnet, headers: bitcoin, blocks: bitcoin, transactions: bitcoin });
};
