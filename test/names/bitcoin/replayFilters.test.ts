import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createHeaderChain, syncHeaders } from '../../../src/names/bitcoin/chain.js';
import type { Network } from '../../../src/names/bitcoin/network.js';
import { replayNames } from '../../../src/names/bitcoin/replay.js';
import { agreedFilters, matchingBlocks } from '../../../src/names/bitcoin/replayFilters.js';
import { createReplayFold } from '../../../src/names/bitcoin/replayFold.js';
import type { State } from '../../../src/names/bitcoin/rules.js';
import { createChainWorld, type ChainWorld } from './chainWorld.js';
import { networkIn } from './fold.js';
import { createCrowd, people, randomOf } from './randomChain.js';

const GENESIS = { 9: '17ac43c1d8549c3181b200f1bf97eb7d' };
const balances = Object.fromEntries(people.slice(0, 4).map(({ address }) => [address, '2000000000000']));

/** All rules one after the other, in a hundred blocks each. */
const allEpochs: Network = {
  ...networkIn(3, { firstBlock: 10, genesisConsensusHashes: GENESIS, genesisBalances: balances, receiveFeesPeriod: 40 }),
  filterable: true,
  epochs: [60, 110, 210, 310, 360, Infinity].map((endBlock, i) => ({ number: i + 1, endBlock })),
};

interface Rows {
  keys(): Iterable<string | number>;
  get(key: never): unknown;
}

/** What the rules know, without the order in which it came. */
function known({ names, namespaces, preorders, namespacePreorders, accounts, keychains, consensusHashes, height }: State): unknown {
  const tables: readonly Rows[] = [names, namespaces, preorders, namespacePreorders, accounts, keychains, consensusHashes];
  return { height, tables: tables.map((table) => [...table.keys()].sort().map((key) => [key, table.get(key as never)])) };
}

async function replayed(world: ChainWorld): Promise<State> {
  const { network, headers, blocks, transactions, filters } = world;
  const chain = createHeaderChain(network.bitcoin);
  await syncHeaders(chain, [headers]);
  const source = { network, blocks: [blocks], transactions: [transactions], onLie: () => expect.unreachable() };
  const fold = createReplayFold(network, chain, matchingBlocks(source, agreedFilters([filters], 1, chain, source.onLie)));
  await fold.follow({});
  return fold.state();
}

describe('a filterable network', () => {
  test('replayed from filters is as it is replayed from all blocks, whatever was sent', async () => {
    const accepted = new Map<string, number>();
    let [all, read] = [0, 0];
    await fc.assert(
      fc.asyncProperty(fc.integer(), async (seed) => {
        const world = createChainWorld(allEpochs);
        const crowd = createCrowd(world, randomOf(seed));
        while (world.height() < 400) {
          for (const { opcode } of world.mine(...crowd.next()).operations) accepted.set(opcode, (accepted.get(opcode) ?? 0) + 1);
        }
        expect(known(await replayed(world))).toEqual(known(world.state));
        all += world.height() - world.network.firstBlock + 1;
        read += world.blocks.asked.length;
      }),
      { seed: 3, numRuns: 10 },
    );
    if (process.env['SHOW']) console.log([...accepted], all, read);
    expect(read).toBeLessThan(all * 0.8);
    for (const opcode of [
      'NAME_PREORDER',
      'NAME_REGISTRATION',
      'NAME_RENEWAL',
      'NAME_UPDATE',
      'NAME_TRANSFER',
      'NAME_REVOKE',
      'NAME_IMPORT',
      'NAMESPACE_READY',
      'TOKEN_TRANSFER',
    ])
      expect([opcode, (accepted.get(opcode) ?? 0) > 10]).toEqual([opcode, true]);
  }, 120_000);
});

void replayNames;
