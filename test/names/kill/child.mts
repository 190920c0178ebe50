import { systemClock } from '../../../src/lib/adapters/clock.js';
import { fromHex, fromUtf8 } from '../../../src/lib/bytes.js';
import { parsePrivateKey, signerOf } from '../../../src/lib/key.js';
import { devnetNetwork } from '../../../src/devnet/network.js';
import { fileJournal } from '../../../src/names/adapters/fileJournal.js';
import { esplora } from '../../../src/names/bitcoin/adapters/esplora.js';
import { indexer } from '../../../src/names/bitcoin/adapters/indexer.js';
import { register } from '../../../src/names/registration.js';
import { pointsOf } from './points.js';

/** Registers a name, and dies at the nth of its points. */
const [esploraUrl = '', nodeUrl = '', directory = '', name = '', owner = '', key = '', at = ''] = process.argv.slice(2);
const source = esplora({ url: esploraUrl });
const { world, publish, passed } = pointsOf(
  {
    network: devnetNetwork,
    headers: source,
    transactions: source,
    payments: source,
    indexer: indexer({ url: nodeUrl }),
    journal: fileJournal({ directory }),
    clock: systemClock(),
  },
  Number(at),
  () => process.kill(process.pid, 'SIGKILL'),
);
await register(
  { ...world, publish, name, zoneFile: fromUtf8('zone file'), owner, payer: signerOf(parsePrivateKey(fromHex(key))) },
  // The parent mines.
  { onProgress: ({ stage }) => (stage === 'sent' ? process.stdout.write('sent\n') : undefined) },
);
process.stdout.write(`done ${passed()}\n`);
