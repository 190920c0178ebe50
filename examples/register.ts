// Registers a name by real Bitcoin transactions, on a devnet of its own:   npm run example:register [-- NAME]

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatProfileZoneFile, fromUtf8, generateWords, openNamespace, openWallet, parseName, publishing, register } from 'namestead';
import { systemClock } from 'namestead/clock';
import { mineWhenNeeded, namespaceRules, startDevnet } from 'namestead/devnet';
import { esplora } from 'namestead/names/bitcoin/esplora';
import { indexer } from 'namestead/names/bitcoin/indexer';
import { fileJournal } from 'namestead/names/fileJournal';
import { atlas } from 'namestead/zones/atlas';

const { name, namespace } = parseName(process.argv[2] ?? 'alice.id');

// Bitcoin in memory, two core nodes and a Gaia hub, all in this process. On mainnet these are somebody's servers.
const devnet = await startDevnet({ onProgress: ({ stage }) => console.log(`  devnet: ${stage}`) });
// On mainnet others mine, and a confirmation takes ten minutes instead of a moment.
const stopMining = mineWhenNeeded(devnet);
// What is needed to finish is written here before anything is paid. Keep this folder, and a crash costs nothing: register goes on from it.
const directory = await mkdtemp(join(tmpdir(), 'namestead-register-'));

try {
  const wallet = await openWallet(generateWords());
  const identity = await wallet.identity(0);
  const payer = (await wallet.payment(0)).signer;
  await devnet.fund((await wallet.payment(0)).script, 4_100_000_000n);

  const bitcoin = esplora({ url: devnet.urls.esplora });
  const world = {
    network: devnet.network,
    headers: bitcoin,
    transactions: bitcoin,
    payments: bitcoin,
    indexer: indexer({ url: devnet.urls.node }),
    journal: fileJournal({ directory }),
    clock: systemClock(),
  };
  const onProgress = ({ operation, stage, done, total }: { operation: string; stage: string; done: number; total?: number }): void =>
    console.log(`  ${operation.padEnd(18)} ${stage} (${done} of ${total ?? '?'} done)`);

  console.log(`\nOpening .${namespace}, which a new chain does not have yet`);
  await openNamespace({ ...world, namespace, rules: namespaceRules, owner: (await wallet.payment(1)).signer, payer }, { onProgress });

  console.log(`\nRegistering ${name} for ${identity.address}`);
  const { receipts } = await register(
    {
      ...world,
      name,
      zoneFile: fromUtf8(formatProfileZoneFile(name, `${devnet.urls.files}${identity.address}/profile.json`)),
      owner: identity.address,
      payer,
      publish: publishing(...devnet.urls.atlas.map((url) => atlas({ url }).put)),
      maxPrice: 10_000_000n,
    },
    { onProgress },
  );

  console.log();
  for (const { operation, height, fee, price, txid } of receipts)
    console.log(`${operation.padEnd(18)} block ${height}, fee ${fee} sat, price ${price} sat, txid ${txid}`);
  const record = await world.indexer.nameRecord(name);
  console.log(`\nThe core node now says: ${name} belongs to ${String(record?.['address'])}, zone file ${String(record?.['value_hash'])}.`);
  console.log('That is its word. examples/resolve.ts shows how a client proves it.');
} finally {
  await stopMining();
  await devnet.close();
  await rm(directory, { recursive: true, force: true });
}
