import { bitcoinNames, findZoneFile } from 'namestead';
import { systemClock } from 'namestead/clock';
import { esplora } from 'namestead/names/bitcoin/esplora';
import { indexer } from 'namestead/names/bitcoin/indexer';
import { atlas } from 'namestead/zones/atlas';

export async function resolve(name, network, anchor, urls) {
  const bitcoin = esplora({ url: urls.esplora });
  const names = bitcoinNames({ network, anchor, headers: [bitcoin], transactions: bitcoin, indexer: indexer({ url: urls.indexer }) });
  const found = await names.lookup(name);
  return { ...found, zoneFile: await findZoneFile(found.record.zoneFileHash, [atlas({ url: urls.atlas }).get], { clock: systemClock() }) };
}
