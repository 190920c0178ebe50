import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { encodePins } from '../src/names/bitcoin/anchor.ts';
import { root } from './entries.ts';

// npx tsx scripts/anchors.ts: writes src/names/bitcoin/anchors/mainnet.ts out of the real headers in test/vectors/bitcoin. Whoever has a synced
// bitcoind makes a newer and fuller one with `namestead anchor --bitcoind URL`.

interface CheckpointHeader {
  readonly height: number;
  readonly hash: string;
  readonly header: string;
  readonly chainwork: string;
}

const list = JSON.parse(readFileSync(resolve(root, 'test/vectors/bitcoin/mainnet-checkpoint-headers.json'), 'utf8')) as readonly CheckpointHeader[];
const last = list.at(-1);
if (!last) throw new Error('no checkpoints');
const anchor = {
  network: 'mainnet',
  height: last.height,
  header: last.header,
  prevTimes: null,
  chainWork: last.chainwork,
  filterHeader: null,
  headersRoot: null,
  consensusHash: null,
};
const fields = Object.entries(anchor).map(([name, value]) => `  ${name}: ${typeof value === 'string' ? `'${value}'` : String(value)},\n`);
writeFileSync(
  resolve(root, 'src/names/bitcoin/anchors/mainnet.ts'),
  `import { parsePins, type NetworkAnchor } from '../anchor.js';
import type { BlockId } from '../source.js';

// Written by scripts/anchors.ts. The headers were taken from bitcoinj's checkpoints (Apache License 2.0) and agree with Electrum's; see NOTICE.

/**
 * Bitcoin's main chain up to block ${last.height}. The ten times before it are asked of any source (\`openAnchor\`). There is no consensus hash until
 * our own node has recomputed one, and no root or filter header until a full node has made them (\`namestead anchor\`).
 */
export const mainnetAnchor: NetworkAnchor = {
${fields.join('')}};

/** Every 2016th block up to the anchor: where headers from below it must lead (\`findHeader\`). */
export function mainnetPins(): readonly BlockId[] {
  return parsePins(PINS);
}

const PINS =
  '${encodePins(list)}';
`,
);
