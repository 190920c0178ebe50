// A devnet, the notes app and a wallet, each page on an origin of its own:   npm run example:notes
// With --port 0 (or another number) the app takes that port and the wallet the next; --json prints one line for scripts.

import { parseArgs } from 'node:util';
import { seedName, startDevnet } from 'namestead/devnet';
import { bundle, endOnSignal, file, json, originOf, serve, type Site } from '../pages.js';
import type { NotesConfig, WalletConfig } from './config.js';

const { values } = parseArgs({ options: { port: { type: 'string', default: '8760' }, json: { type: 'boolean', default: false } } });
const name = 'alice.id';

const [app, wallet, style] = await Promise.all([bundle('notes/app.ts'), bundle('wallet/wallet.ts'), file('page.css', 'text/css')]);
const [appPage, walletPage] = await Promise.all([file('notes/index.html', 'text/html'), file('wallet/index.html', 'text/html')]);
console.error('Starting a devnet and registering a name …');
const devnet = await startDevnet();
const { words } = await seedName(devnet, name);
await devnet.mine(5);

const notesConfig = async (): Promise<NotesConfig> => {
  const { esplora, node, atlas } = devnet.urls;
  // The anchor goes with the app, not with the servers' answers. Here this program asks the devnet's own node; for a real app
  // somebody you trust recomputes it, and it is built into the release.
  return { wallet: `${originOf(walletServer)}/`, esplora, node, atlas, anchor: await devnet.anchor() };
};
const walletConfig = (): WalletConfig => ({ words, name, hub: devnet.urls.hub });

const common = { '/page.css': style };
const appSite: Site = {
  ...common,
  '/': appPage,
  '/page.js': app,
  '/config.json': json(notesConfig),
  '/manifest.json': json(() => ({ name: 'Notes', start_url: '/' })),
};
const walletSite: Site = { ...common, '/': walletPage, '/page.js': wallet, '/config.json': json(walletConfig) };
const port = Number(values.port);
const appServer = await serve(port, () => appSite);
const walletServer = await serve(port === 0 ? 0 : port + 1, () => walletSite);

if (values.json) console.log(JSON.stringify({ app: originOf(appServer), wallet: originOf(walletServer), files: devnet.urls.files }));
else console.log(`\nNotes   ${originOf(appServer)}/    open this one\nWallet  ${originOf(walletServer)}/\n\nCtrl-C ends it; nothing is kept.`);

endOnSignal([appServer, walletServer], () => devnet.close());
