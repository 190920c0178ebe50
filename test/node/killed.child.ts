import { readFileSync } from 'node:fs';
import { createLedger } from '../../src/node/ledger.js';
import { diskStore } from '../../src/node/store.js';
import { candidatesOf, networkOf, type ChainFile } from '../suites/bnsChain.js';

// Folds a chain to its end, forth and back and forth, and commits whenever it likes. It is killed while it does.
const [path = '', directory = '', seed = '1'] = process.argv.slice(2);
const chain = JSON.parse(readFileSync(path, 'utf8')) as ChainFile;
const network = networkOf(chain);
const blocks = chain.cases.map((block) => ({ height: block.height, hash: `${block.height}`, time: 0, transactions: candidatesOf(block) }));
let random = Number(seed);
const roll = (below: number): number => (random = (random * 48271) % 2147483647) % below;

const ledger = createLedger(network, await diskStore(directory, network));
const start = ledger.height();
for (const block of chain.cases) {
  if (start === null || block.height > start) break;
  const held = ledger.at(block.height);
  if (held?.consensusHash !== block.consensus_hash || held.operationsHash !== block.ops_hash || held.operations.length !== block.serialized_ops.length)
    throw new Error(`block ${block.height} is not as it was`);
}
if (start !== null && ledger.hashAt(start + 1) !== null) throw new Error('a block stands above the last');
process.stdout.write(`${start ?? 0}\n`);

while (ledger.height() !== blocks.at(-1)?.height) {
  for (let forth = roll(12); forth >= 0; forth--) {
    const next = blocks[(ledger.height() ?? network.firstBlock - 1) + 1 - network.firstBlock];
    if (!next) break;
    ledger.apply(next);
    if (ledger.at(next.height)?.consensusHash !== chain.cases[next.height - network.firstBlock]?.consensus_hash)
      throw new Error(`block ${next.height} has another hash`);
    if (roll(3) === 0) ledger.commit();
  }
  for (let back = roll(10); back > 0; back--) {
    ledger.undo();
    if (roll(3) === 0) ledger.commit();
  }
}
ledger.commit();
process.stdout.write('done\n');
process.exit(0);
