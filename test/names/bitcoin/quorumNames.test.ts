import { beforeEach, expect, test } from 'vitest';
import { quorumNames, serverNames } from '../../../src/names/bitcoin/quorumNames.js';
import type { Indexer } from '../../../src/names/bitcoin/source.js';
import type { Lookup } from '../../../src/names/names.js';
import { alice, bob, createWorld, give, openNamespace, transfer, valueHash, type World } from './world.js';

const code = (value: string): unknown => expect.objectContaining({ code: value });

let world: World;
beforeEach(() => {
  world = createWorld();
  openNamespace(world);
  give(world, 'alice.id', alice, valueHash('one'));
  world.mine();
});

const node = (operator: string, lie: Partial<Indexer> = {}): Indexer => ({ ...world.indexer, operator, ...lie });
const down = (operator: string): Indexer =>
  node(operator, { tip: () => Promise.reject(new Error('down')), consensusHashes: () => Promise.reject(new Error('down')) });
const behind = (operator: string, height: number): Indexer =>
  node(operator, { tip: () => Promise.resolve({ height, consensusHash: world.consensusHash(height) }) });

async function lookup(indexers: readonly Indexer[], least = 2, at?: number): Promise<Lookup | null> {
  const { network, headers } = world;
  return quorumNames({ network, headers, indexers, least }).lookup('alice.id', { at });
}

const forged = (operator: string): Indexer =>
  node(operator, {
    nameRecord: async (name) => {
      const record = await world.indexer.nameRecord(name);
      const theirs = { ...record, sender: bob.script, address: bob.address };
      return { ...theirs, history: { [String(record?.['block_number'])]: [theirs] } };
    },
  });

test('two nodes that say the same are a quorum; the third stands among those that disagree', async () => {
  const found = await lookup([node('one'), forged('liar'), node('two')]);
  expect(found?.record).toMatchObject({ owner: alice.address });
  expect(found?.evidence).toMatchObject({ level: 'quorum', disagreed: ['liar'], completeTo: null, asOf: { height: world.height() } });
  expect(found?.evidence.unchecked).not.toEqual([]);
});

test('nodes that differ on the record, or on the consensus hash beneath it, are no quorum', async () => {
  await expect(lookup([node('one'), forged('liar')])).rejects.toThrow(code('SourcesDisagree'));
  const other = node('other', { consensusHashes: () => Promise.resolve(['00'.repeat(16)]) });
  await expect(lookup([node('one'), other])).rejects.toThrow(code('SourcesDisagree'));
});

test('a node that lags holds nobody back, and one that claims a tip of its own drags nobody along', async () => {
  const indexers = [node('one'), behind('old', world.height() - 1), node('two'), behind('mad', world.height() + 1000)];
  expect((await lookup(indexers.slice(0, 3)))?.evidence.asOf.height).toBe(world.height());
  expect((await lookup([indexers[0] as Indexer, indexers[3] as Indexer, indexers[2] as Indexer]))?.evidence.asOf.height).toBe(world.height());
});

test('one node that answers is no quorum of two', async () => {
  await expect(lookup([node('one'), down('two')])).rejects.toThrow();
  await expect(lookup([node('one'), { ...node('two'), tip: world.indexer.tip, nameRecord: () => Promise.resolve(null) }])).rejects.toThrow(
    code('SourcesDisagree'),
  );
});

test('a name that a quorum does not know is still not proved absent', async () => {
  const { network, headers } = world;
  const names = quorumNames({ network, headers, indexers: [node('one'), node('two')], least: 2 });
  await expect(names.lookup('nobody.id')).rejects.toThrow(code('AbsenceNotProved'));
});

test('a height in the past is answered as of it; one above what the nodes folded is refused', async () => {
  const before = world.height();
  world.mine(transfer(world, 'alice.id', alice, bob));
  world.mine();
  expect((await lookup([node('one'), node('two')], 2, before))?.record.owner).toBe(alice.address);
  expect((await lookup([node('one'), node('two')]))?.record.owner).toBe(bob.address);
  await expect(lookup([node('one'), node('two')], 2, world.height() + 1)).rejects.toThrow(code('NotConfirmed'));
});

test('one node counts once, and a quorum is of two or more that are there', () => {
  const { network, headers } = world;
  expect(() => quorumNames({ network, headers, indexers: [node('one'), node('one')], least: 2 })).toThrow(TypeError);
  expect(() => quorumNames({ network, headers, indexers: [node('one')], least: 1 })).toThrow(TypeError);
  expect(() => quorumNames({ network, headers, indexers: [node('one')], least: 2 })).toThrow(TypeError);
});

test('the word of one node is level server, and no more is given when more is demanded', async () => {
  const { network, headers, indexer } = world;
  const names = serverNames({ network, headers, indexer });
  expect((await names.lookup('alice.id'))?.evidence.level).toBe('server');
  await expect(names.lookup('alice.id', { level: 'quorum' })).rejects.toThrow(code('LevelNotReached'));
});
