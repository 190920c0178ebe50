// A devnet and a page that is a light client of it:   npm run example:explorer
// With --port 0 (or another number) the page takes that port; --json prints one line for scripts.

import { parseArgs } from 'node:util';
import { seedName, startDevnet } from 'namestead/devnet';
import { bundle, endOnSignal, file, json, originOf, serve } from '../pages.js';
import type { ExplorerConfig } from './config.js';

const { values } = parseArgs({ options: { port: { type: 'string', default: '8765' }, json: { type: 'boolean', default: false } } });

const [script, html, style] = await Promise.all([bundle('explorer/app.ts'), file('explorer/index.html', 'text/html'), file('page.css', 'text/css')]);
console.error('Starting a devnet and registering a name …');
const devnet = await startDevnet();
const { owner } = await seedName(devnet, 'alice.id');
await devnet.mine(5);

const config = async (): Promise<ExplorerConfig> => {
  const { electrumWs, esplora, node } = devnet.urls;
  // The anchor goes with the page, not with the servers' answers.
  return { electrumWs, esplora, node, anchor: await devnet.anchor() };
};
const server = await serve(Number(values.port), () => ({ '/': html, '/page.js': script, '/page.css': style, '/config.json': json(config) }));

if (values.json) console.log(JSON.stringify({ page: originOf(server), owner }));
else console.log(`\nLight client   ${originOf(server)}/\n\nCtrl-C ends it; nothing is kept.`);

endOnSignal([server], () => devnet.close());
