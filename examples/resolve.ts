// Resolves a name and proves what it finds, on a devnet of its own:   npm run example:resolve [-- NAME]

import { allowLoopback, bitcoinNames, createClient, http, toHex } from 'namestead';
import { systemClock } from 'namestead/clock';
import { seedName, startDevnet } from 'namestead/devnet';
import { esplora } from 'namestead/names/bitcoin/esplora';
import { indexer } from 'namestead/names/bitcoin/indexer';
import { atlas } from 'namestead/zones/atlas';

const name = process.argv[2] ?? 'alice.id';
const devnet = await startDevnet();

try {
  console.log(`Registering ${name} on a devnet, so that there is something to resolve …`);
  await seedName(devnet, name);
  await devnet.mine(5);

  // Height, block hash and consensus hash of a block that one trusts. It must not come from the servers that are asked below:
  // ship it with a release, or get it from somebody you trust. Here the devnet's own node hands it over, in this process.
  const anchor = await devnet.anchor();

  // These are asked, never believed. On mainnet: network: mainnet, and anybody's servers.
  const bitcoin = esplora({ url: devnet.urls.esplora });
  const client = createClient({
    clock: systemClock(),
    http: http(),
    names: bitcoinNames({ network: devnet.network, anchor, headers: bitcoin, transactions: bitcoin, indexer: indexer({ url: devnet.urls.node }) }),
    zones: devnet.urls.atlas.map((url) => atlas({ url }).get),
    allowHost: allowLoopback,
  });

  const { record, evidence, zoneFile, profile, profileUrl } = await client.resolve(name, { level: 'snv' });

  console.log(`\n${record.name} belongs to ${record.owner}`);
  console.log(`  set in block ${record.height} by ${record.txid}`);
  console.log(`  zone file ${record.zoneFileHash === null ? '(none)' : toHex(record.zoneFileHash)}`);
  for (const line of zoneFile?.text.trimEnd().split('\n') ?? []) console.log(`    ${line}`);
  console.log(`  profile   ${profileUrl ?? '(none)'}`);
  console.log(`    ${JSON.stringify(profile?.claim ?? null)}`);

  console.log(`\nHow sure: ${evidence.level}, complete to block ${evidence.completeTo ?? '-'}, as of block ${evidence.asOf.height} ${evidence.asOf.hash}`);
  console.log(`  ${evidence.confirmations} confirmations; work: ${evidence.work}; asked: ${evidence.operators.join(', ')}`);
  for (const line of evidence.checked) console.log(`  checked:     ${line}`);
  for (const line of evidence.unchecked) console.log(`  not checked: ${line}`);
} finally {
  await devnet.close();
}
