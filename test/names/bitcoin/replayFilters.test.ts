import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createHeaderChain, syncHeaders } from '../../../src/names/bitcoin/chain.js';
import { preorderHash } from '../../../src/names/bitcoin/commitment.js';
import type { Network } from '../../../src/names/bitcoin/network.js';
import { matchingBlocks } from '../../../src/names/bitcoin/replayFilters.js';
import { createReplayFold } from '../../../src/names/bitcoin/replayFold.js';
import type { State } from '../../../src/names/bitcoin/rules.js';
import { createChainWorld, type ChainWorld } from './chainWorld.js';
import {
  bob,
  carol,
  nameImport,
  namespacePreorder,
  networkIn,
  person,
  preorder,
  registration,
  renewal,
  revoke,
  statusOf,
  terms,
  transfer,
  update,
  type Person,
  type Sent,
} from './fold.js';
import { give, network, replay, worldOn } from './replayKit.js';
import { childOf, createCrowd, people, randomOf } from './randomChain.js';

type Six = [Person, Person, Person, Person, Person, Person];
const GENESIS = { 9: '17ac43c1d8549c3181b200f1bf97eb7d' };
const balances = Object.fromEntries(people.slice(0, 4).map(({ address }) => [address, '2000000000000']));

/** Ten accounts that get tokens while nothing happens. */
const vesting = Object.fromEntries(people.slice(40, 50).map(({ address }, i) => [220 + 15 * i, { [address]: '100000' }]));

/** All rules one after the other, in a hundred blocks each. */
const allEpochs: Network = {
  ...networkIn(3, { firstBlock: 10, genesisConsensusHashes: GENESIS, genesisBalances: balances, receiveFeesPeriod: 40 }),
  vesting,
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
  const from = {
    network,
    chain,
    blocks: [blocks],
    transactions: [transactions],
    filters: [filters],
    least: 1,
    pinned: null,
    onLie: () => expect.unreachable(),
  };
  const fold = createReplayFold(network, chain, matchingBlocks(from));
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

  test('sees tokens spent in the block in which they come free', async () => {
    const { alice, bob } = { alice: people[0] ?? person('a'), bob: people[1] ?? person('b') };
    const world = createChainWorld({
      ...networkIn(4, { firstBlock: 10, genesisConsensusHashes: GENESIS }),
      filterable: true,
      vesting: { 30: { [alice.address]: '100' } },
    });
    world.mineTo(29);
    const sent: Sent = {
      from: alice,
      operation: { opcode: 'TOKEN_TRANSFER', consensusHash: world.fresh(), units: 'STACKS', amount: 60n, scratch: '' },
      outputs: [[bob.address, 5500]],
    };
    expect(statusOf(world.mine(sent))).toBe('accepted');
    world.mine();
    expect(known(await replayed(world))).toEqual(known(world.state));
  });

  test('sees each kind of operation where nothing but itself shows it', async () => {
    const world = createChainWorld({ ...networkIn(3, { firstBlock: 10, genesisConsensusHashes: GENESIS }), filterable: true });
    const [creator, revealer, payer, first, second, heir] = ['creator', 'revealer', 'payer', 'first', 'second', 'heir'].map(person) as Six;
    const alone = (sent: Sent): void => {
      expect([sent.operation.opcode, statusOf(world.mine(sent))]).toEqual([sent.operation.opcode, 'accepted']);
      world.mine();
    };
    alone({ ...namespacePreorder(preorderHash('id', creator.script, revealer.address), world.fresh()), from: creator });
    alone({
      from: creator,
      operation: { opcode: 'NAMESPACE_REVEAL', namespace: 'id', ...terms, version: 2 },
      outputs: [
        [revealer.address, 5500],
        [payer.address, 1],
      ],
    });
    alone(nameImport('own.id', heir, revealer));
    alone(nameImport('child.id', person('another heir'), childOf(revealer.key ?? '', 299)));
    alone({ from: revealer, operation: { opcode: 'NAMESPACE_READY', namespace: 'id' }, outputs: [] });
    alone(preorder('a.id', first, world.fresh(), { from: payer, paidTo: creator.address }));
    alone(registration('a.id', first, { from: payer }));
    alone(update('a.id', first, world.fresh()));
    alone(transfer('a.id', first, second, world.fresh()));
    alone({
      ...renewal('a.id', second, second, { paidTo: creator.address }),
      operation: { opcode: 'NAME_RENEWAL', name: 'a.id', valueHash: null, tokens: null },
    });
    alone(revoke('a.id', second));
    expect(known(await replayed(world))).toEqual(known(world.state));
    expect(world.blocks.asked.length).toBe(11);
  });

  test('is looked up in as any other, and fewer blocks are read', async () => {
    const world = worldOn({ ...network, filterable: true }, (at) => give(at, 'a.id', carol));
    world.mineTo(150);
    const names = replay(world, { filters: [world.filters, { ...world.filters, operator: 'other' }] });
    const whole = replay(world);
    const found = await names.lookup('a.id');
    expect(found).toMatchObject({
      record: (await whole.lookup('a.id'))?.record,
      evidence: { level: 'filters', operators: ['headers', 'blocks', 'transactions', 'filters', 'other'] },
    });
    expect(found?.evidence.unchecked.join()).toContain('one of the operators of filters is honest');
    expect(await names.lookup('never.id')).toBeNull();
    const before = world.blocks.asked.length;
    world.mineTo(200);
    world.mine(transfer('a.id', carol, bob, world.fresh()));
    world.mine();
    expect(await names.lookup('a.id')).toMatchObject({ record: { owner: bob.address } });
    expect(world.blocks.asked.length).toBe(before + 1);
    world.drop(2);
    world.mineTo(210);
    expect(await names.lookup('a.id')).toMatchObject({ record: { owner: carol.address } });
  });

  test('needs operators, each once, and to be filterable', () => {
    const world = worldOn({ ...network, filterable: true });
    expect(() => replay(world, { filters: [world.filters] })).toThrow(TypeError);
    expect(() => replay(world, { filters: [world.filters, world.filters] })).toThrow(TypeError);
    expect(() => replay(world, { filters: [world.filters], least: 1 })).not.toThrow();
    expect(() => replay(world, { filters: [world.filters], least: 1, network })).toThrow(TypeError);
    expect(() => replay(world, { filters: [world.filters], least: 1, pinned: { height: 5, filterHeader: 'ab' } })).toThrow(TypeError);
  });
});
