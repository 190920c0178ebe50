import { systemClock } from '../../../src/lib/adapters/clock.js';
import { fromHex, fromUtf8 } from '../../../src/lib/bytes.js';
import { parsePrivateKey, signerOf } from '../../../src/lib/key.js';
import { devnetNetwork } from '../../../src/devnet/network.js';
import { fileJournal } from '../../../src/names/adapters/fileJournal.js';
import { esplora } from '../../../src/names/bitcoin/adapters/esplora.js';
import { indexer } from '../../../src/names/bitcoin/adapters/indexer.js';
import { register } from '../../../src/names/registration.js';

/** Registers a name, and dies at the nth of its steps into the world: right before or right after each write and each broadcast. */
const [esploraUrl = '', nodeUrl = '', directory = '', name = '', owner = '', key = '', at = ''] = process.argv.slice(2);
let points = 0;
const point = (): void => {
  if (++points === Number(at)) process.kill(process.pid, 'SIGKILL');
};
const between = async <T,>(act: () => Promise<T>): Promise<T> => {
  point();
  const answer = await act();
  point();
  return answer;
};
const source = esplora({ url: esploraUrl });
const journal = fileJournal({ directory });
await register(
  {
    network: devnetNetwork,
    headers: source,
    transactions: source,
    indexer: indexer({ url: nodeUrl }),
    clock: systemClock(),
    journal: { ...journal, replace: (entry, expected, bytes) => between(() => journal.replace(entry, expected, bytes)) },
    payments: { ...source, broadcast: (transaction, options) => between(() => source.broadcast(transaction, options)) },
    name,
    zoneFile: fromUtf8('zone file'),
    owner,
    payer: signerOf(parsePrivateKey(fromHex(key))),
    publish: () => between(() => Promise.resolve()),
  },
  // The parent mines.
  { onProgress: ({ stage }) => (stage === 'sent' ? process.stdout.write('sent\n') : undefined) },
);
process.stdout.write(`done ${points}\n`);
