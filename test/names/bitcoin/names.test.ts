import { expect, test } from 'vitest';
import { toHex } from '../../../src/lib/bytes.js';
import type { Fields } from '../../../src/lib/shape.js';
import { createHeaderChain } from '../../../src/names/bitcoin/chain.js';
import { openCheckpoint } from '../../../src/names/bitcoin/checkpoint.js';
import { findHeader } from '../../../src/names/bitcoin/headerProof.js';
import { bitcoinNames } from '../../../src/names/bitcoin/names.js';
import type { Indexer } from '../../../src/names/bitcoin/source.js';
import { parseTransaction } from '../../../src/names/bitcoin/transaction.js';
import { oddHashes } from '../../../src/names/bitcoin/warning.js';
import type { Watch } from '../../../src/names/bitcoin/watch.js';
import type { Lookup } from '../../../src/names/names.js';
import { alice, bob, createWorld, give, openNamespace, renew, revoke, transfer, update, valueHash, type World } from './world.js';

const code = (value: string): unknown => expect.objectContaining({ code: value });

function worldWith(...steps: readonly ((world: World) => void)[]): World {
  const world = createWorld();
  openNamespace(world);
  for (const step of steps) step(world);
  world.mine();
  return world;
}

async function lookup(world: World, name = 'alice.id', anchor = world.anchor()): Promise<Lookup | null> {
  const { network, headers, transactions, indexer } = world;
  return bitcoinNames({ network, anchor, headers, transactions, indexer }).lookup(name);
}

test('a name is what its last operation made it, whatever that operation is', async () => {
  const steps: readonly [title: string, step: (world: World) => void, owner: string, hash: string | null][] = [
    ['registered with a zone file', (world) => give(world, 'alice.id', alice, valueHash('one')), alice.address, valueHash('one')],
    ['registered without', (world) => give(world, 'alice.id', alice, null), alice.address, null],
    ['updated', (world) => world.mine(update(world, 'alice.id', alice, valueHash('two'))), alice.address, valueHash('two')],
    ['transferred with its zone file', (world) => world.mine(transfer(world, 'alice.id', alice, bob)), bob.address, valueHash('two')],
    ['renewed', (world) => world.mine(renew('alice.id', bob, bob, null)), bob.address, valueHash('two')],
    ['renewed to another', (world) => world.mine(renew('alice.id', bob, alice, valueHash('three'))), alice.address, valueHash('three')],
    ['transferred without', (world) => world.mine(transfer(world, 'alice.id', alice, bob, false)), bob.address, null],
  ];
  const world = createWorld();
  openNamespace(world);
  for (const [index, [title, step, owner, hash]] of steps.entries()) {
    if (index === 1) continue;
    step(world);
    const height = world.height();
    world.mine();
    const found = await lookup(world);
    expect(found?.record, title).toMatchObject({ name: 'alice.id', owner, height, chain: 'bitcoin' });
    expect(found?.record.zoneFileHash ? toHex(found.record.zoneFileHash) : null, title).toBe(hash);
    expect(found?.evidence).toMatchObject({
      level: 'snv',
      completeTo: height + 1,
      confirmations: 2,
      work: 'none',
      disagreed: [],
      asOf: { height: height + 1 },
    });
  }
  const plain = await lookup(worldWith((other) => give(other, 'alice.id', alice, null)));
  expect(plain?.record.zoneFileHash).toBeNull();
});

test('the answer tells until when it holds: one block beyond the deadline that is counted in', async () => {
  const world = createWorld();
  openNamespace(world, 20);
  give(world, 'alice.id', alice, null);
  const registered = world.height();
  world.mine();
  const found = await lookup(world);
  expect(found?.record.expiresAt).toBe(registered + 2 * 20 + 5000 + 1);
});

test('a name that is for ever says so', async () => {
  const world = createWorld();
  openNamespace(world, 0xffffffff);
  give(world, 'alice.id', alice, null);
  world.mine();
  expect((await lookup(world))?.record.expiresAt).toBeNull();
});

test('two operations in one block leave what the later one made', async () => {
  const world = worldWith(
    (at) => give(at, 'alice.id', alice, valueHash('one')),
    (at) => at.mine(update(at, 'alice.id', alice, valueHash('two')), transfer(at, 'alice.id', alice, bob)),
  );
  expect((await lookup(world))?.record).toMatchObject({ owner: bob.address });
});

test('an anchor in the past shows the name as it was, and says what it leaves out', async () => {
  const world = worldWith((at) => give(at, 'alice.id', alice, valueHash('one')));
  const anchor = world.anchor();
  world.mine(transfer(world, 'alice.id', alice, bob));
  world.mine();
  const found = await lookup(world, 'alice.id', anchor);
  expect(found?.record.owner).toBe(alice.address);
  expect(found?.evidence.unchecked.join()).toContain(`from height ${anchor.height + 1}`);
});

test('a name nobody knows is not proved absent', async () => {
  const world = worldWith((at) => give(at, 'alice.id', alice, null));
  await expect(lookup(world, 'nobody.id')).rejects.toThrow(code('AbsenceNotProved'));
  const anchor = world.anchor();
  give(world, 'late.id', bob, null);
  await expect(lookup(world, 'late.id', anchor)).rejects.toThrow(code('AbsenceNotProved'));
  await expect(lookup(world, 'No.Name')).rejects.toThrow(code('NameInvalid'));
});

test('a revoked name is refused as revoked', async () => {
  await expect(
    lookup(
      worldWith(
        (at) => give(at, 'alice.id', alice, null),
        (at) => at.mine(revoke('alice.id', alice)),
      ),
    ),
  ).rejects.toThrow(code('NameRevoked'));
});

test('an operation with too few confirmations is refused', async () => {
  const world = createWorld();
  openNamespace(world);
  give(world, 'alice.id', alice, null);
  await expect(lookup(world)).rejects.toThrow(code('NotConfirmed'));
  world.mine();
  expect((await lookup(world))?.evidence.confirmations).toBe(2);
});

test('more than snv is refused when it is demanded', async () => {
  const world = worldWith((at) => give(at, 'alice.id', alice, null));
  const { network, headers, transactions, indexer } = world;
  const names = bitcoinNames({ network, anchor: world.anchor(), headers: [headers], transactions, indexer });
  for (const level of ['history', 'filters', 'replay'] as const) await expect(names.lookup('alice.id', { level })).rejects.toThrow(code('LevelNotReached'));
  for (const level of ['server', 'quorum', 'snv'] as const) expect((await names.lookup('alice.id', { level }))?.evidence.level).toBe('snv');
});

test('an expired name is refused as expired', async () => {
  const world = createWorld();
  openNamespace(world, 1);
  give(world, 'alice.id', alice, null);
  while (world.height() < 5030) world.mine();
  await expect(lookup(world)).rejects.toThrow(code('NameExpired'));
}, 60_000);

test('two lookups at once, and one after another, give the same', async () => {
  const world = worldWith(
    (at) => give(at, 'alice.id', alice, null),
    (at) => give(at, 'bob.id', bob, null),
  );
  const { network, headers, transactions, indexer } = world;
  const names = bitcoinNames({ network, anchor: world.anchor(), headers, transactions, indexer });
  const both = await Promise.all([names.lookup('alice.id'), names.lookup('bob.id')]);
  expect(both.map((found) => found?.record.owner)).toEqual([alice.address, bob.address]);
  expect(await names.lookup('alice.id')).toEqual(both[0]);
});

test('cancelling ends with Aborted, and the next call is whole', async () => {
  const world = worldWith((at) => give(at, 'alice.id', alice, null));
  const { network, headers, transactions, indexer } = world;
  const names = bitcoinNames({ network, anchor: world.anchor(), headers, transactions, indexer });
  await expect(names.lookup('alice.id', { signal: AbortSignal.abort() })).rejects.toThrow(code('Aborted'));
  const stages = new Set<string>();
  await names.lookup('alice.id', { onProgress: ({ stage }) => stages.add(stage) });
  expect([...stages]).toEqual(['headers', 'consensus']);
});

test('an anchor is demanded, and stands where the network has begun', () => {
  const { network, headers, transactions, indexer, ...world } = worldWith();
  const without = { network, headers, transactions, indexer } as unknown as Parameters<typeof bitcoinNames>[0];
  expect(() => bitcoinNames(without)).toThrow(code('AnchorRequired'));
  expect(() => bitcoinNames({ ...without, anchor: { ...world.anchor(), height: 3 } })).toThrow(TypeError);
  // A release whose anchor has no consensus hash yet, and one cut short.
  for (const consensusHash of [null as unknown as string, world.anchor().consensusHash.slice(2)])
    expect(() => bitcoinNames({ ...without, anchor: { ...world.anchor(), consensusHash } })).toThrow(code('AnchorRequired'));
});

test('a name is looked up as of a height: the record, its asOf and what is covered are of that height', async () => {
  const world = worldWith((at) => give(at, 'alice.id', alice, valueHash('one')));
  const before = world.height();
  world.mine(transfer(world, 'alice.id', alice, bob));
  world.mine();
  const { network, headers, transactions, indexer } = world;
  const names = bitcoinNames({ network, anchor: world.anchor(), headers, transactions, indexer });
  const past = await names.lookup('alice.id', { at: before });
  expect(past?.record.owner).toBe(alice.address);
  expect(past?.evidence).toMatchObject({ asOf: { height: before, hash: world.anchor(before).hash }, completeTo: before });
  expect((await names.lookup('alice.id'))?.record.owner).toBe(bob.address);
  await expect(names.lookup('alice.id', { at: before - 5 })).rejects.toThrow(code('AbsenceNotProved'));
  const old = bitcoinNames({ network, anchor: world.anchor(before), headers, transactions, indexer });
  await expect(old.lookup('alice.id', { at: before + 1 })).rejects.toThrow(code('AnchorRequired'));
  for (const at of [world.height() + 1, 1, 1.5]) await expect(names.lookup('alice.id', { at })).rejects.toThrow(TypeError);
});

test('a name that was only preordered then is not proved absent, and one given anew after that is what it was before', async () => {
  const world = worldWith((at) => give(at, 'alice.id', alice, valueHash('one')));
  const registered = world.height() - 1;
  world.mine(transfer(world, 'alice.id', alice, bob));
  world.mine();
  const last = world.height() - 1;
  const { network, headers, transactions, anchor } = world;
  const preorder = { opcode: 'NAME_PREORDER', op: '?', preorder_hash: '11'.repeat(20) };
  const indexer: Indexer = {
    ...world.indexer,
    nameRecord: async (name) => {
      const record = await world.indexer.nameRecord(name);
      const history = record?.['history'] as Fields;
      const given = history[String(registered)] as readonly Fields[];
      return { ...record, history: { ...history, [registered - 1]: [preorder], [registered]: [...given, preorder], [last - 1]: [preorder] } };
    },
  };
  const names = bitcoinNames({ network, anchor: anchor(), headers, transactions, indexer });
  await expect(names.lookup('alice.id', { at: registered - 1 })).rejects.toThrow(code('AbsenceNotProved'));
  expect((await names.lookup('alice.id', { at: registered }))?.record).toMatchObject({ owner: alice.address, height: registered });
  expect((await names.lookup('alice.id', { at: last - 1 }))?.record).toMatchObject({ owner: alice.address, height: registered });
  expect((await names.lookup('alice.id'))?.record).toMatchObject({ owner: bob.address, height: last });
});

test('a chain that starts at a checkpoint proves names of before, where earlier headers can be shown', async () => {
  const world = createWorld();
  openNamespace(world);
  give(world, 'alice.id', alice, valueHash('one'));
  while (world.height() < 2018) world.mine();
  const { network, headers, transactions, indexer } = world;
  const [header] = await headers.headers(2016, 1);
  if (!header) throw new Error('no header');
  const checkpoint = await openCheckpoint({ height: 2016, header, chainWork: 4034n }, headers);
  const chain = createHeaderChain(network.bitcoin, { checkpoint });
  const terms = { network, anchor: world.anchor(), headers, transactions, indexer, chain };
  await expect(bitcoinNames(terms).lookup('alice.id')).rejects.toThrow(code('AnchorRequired'));
  const names = bitcoinNames({ ...terms, headerBelow: (height, options) => findHeader(chain, height, { headers }, options) });
  expect((await names.lookup('alice.id'))?.record.owner).toBe(alice.address);
  const wrong = { ...headers, headers: async (from: number, count: number) => (await headers.headers(from, count)).map(() => header) };
  const lied = bitcoinNames({ ...terms, headerBelow: (height, options) => findHeader(chain, height, { headers: wrong }, options) });
  await expect(lied.lookup('alice.id')).rejects.toThrow(code('HeaderLinkage'));
});

test('without recomputing, a proof says that nothing later was looked at', async () => {
  const world = worldWith((at) => give(at, 'alice.id', alice, valueHash('one')));
  const { network, headers, transactions, indexer } = world;
  const asked: number[] = [];
  const counting = { ...indexer, operationsHashes: (heights: readonly number[]) => (asked.push(...heights), indexer.operationsHashes(heights)) };
  const names = bitcoinNames({ network, anchor: world.anchor(), headers, transactions, indexer: counting, complete: false });
  const found = await names.lookup('alice.id');
  expect(found?.evidence).toMatchObject({ level: 'snv', completeTo: null });
  expect(found?.evidence.unchecked.join()).toContain(`from height ${(found?.record.height ?? 0) + 1}`);
  expect(new Set(asked).size).toBeLessThan(world.height() - network.firstBlock);
});

test('what recomputing fetched is kept, taken up again, and computed anew when it was damaged', async () => {
  const world = worldWith((at) => give(at, 'alice.id', alice, valueHash('one')));
  const { network, headers, transactions, indexer } = world;
  let kept: Uint8Array | null = null;
  const store = {
    load: () => Promise.resolve(kept),
    save: (bytes: Uint8Array) => {
      kept = bytes.slice();
      return Promise.resolve();
    },
  };
  const lookupCounting = async (): Promise<number> => {
    let asked = 0;
    const counting = { ...indexer, operationsHashes: (heights: readonly number[]) => ((asked += heights.length), indexer.operationsHashes(heights)) };
    const names = bitcoinNames({ network, anchor: world.anchor(), headers, transactions, indexer: counting, store });
    expect((await names.lookup('alice.id'))?.record.owner).toBe(alice.address);
    return asked;
  };
  const first = await lookupCounting();
  const second = await lookupCounting();
  expect(second).toBeLessThan(first);
  world.mine();
  expect(await lookupCounting()).toBeLessThanOrEqual(second + 4);
  (kept as unknown as Uint8Array).fill(1, 40, 41);
  expect(await lookupCounting()).toBeGreaterThan(second + 4);
});

test('a transaction whose consensus hash the history does not have is warned of, and only that', async () => {
  const world = worldWith((at) => give(at, 'alice.id', alice, valueHash('one')));
  world.mine(transfer(world, 'alice.id', alice, bob));
  const height = world.height();
  world.mine();
  expect((await lookup(world))?.evidence.warnings).toEqual([]);
  const operation = world.result(height).operations[0] as Readonly<Record<string, unknown>>;
  const transaction = parseTransaction((await world.transactions.transaction(String(operation['txid']))) ?? new Uint8Array());
  const proved = { transaction, sender: alice.script };
  const history = { bytes: new Uint8Array(), operationsHashAt: () => null, consensusHashAt: world.consensusHash };
  expect(oddHashes(operation, proved, height, history)).toEqual([]);
  expect(oddHashes(operation, proved, height, { ...history, consensusHashAt: () => 'cd'.repeat(16) })).toHaveLength(1);
  expect(oddHashes(operation, proved, height, null)).toEqual([]);
});

test('a watch carries a record on: its level, its block and what it found are in the answer', async () => {
  const world = worldWith((at) => give(at, 'alice.id', alice, valueHash('one')));
  const anchor = world.anchor();
  world.mine();
  const { network, headers, transactions, indexer } = world;
  const watch: Watch = {
    level: 'history',
    follow: async (sighting, until, { committedAt, bound, headerAt }, options) => {
      expect(toHex(sighting.owner)).toBe(toHex(alice.script));
      expect(await committedAt(sighting.height, options)).not.toBeNull();
      expect(await committedAt(until.height, options)).toBeNull();
      expect(bound).toBe(false);
      const { time } = await headerAt(until.height, options);
      return {
        sighting,
        through: { ...until, time },
        pending: ['00'],
        operators: ['watcher'],
        disagreed: ['liar'],
        checked: ['watched'],
        unchecked: ['a little'],
      };
    },
  };
  const names = bitcoinNames({ network, anchor, headers, transactions, indexer, watch });
  const found = await names.lookup('alice.id', { level: 'history' });
  expect(found?.evidence).toMatchObject({ level: 'history', asOf: { height: world.height() }, completeTo: null, pending: ['00'], disagreed: ['liar'] });
  expect(found?.evidence.operators).toContain('watcher');
  await expect(names.lookup('alice.id', { level: 'filters' })).rejects.toThrow(code('LevelNotReached'));
  expect((await names.lookup('alice.id', { at: world.height() }))?.evidence.asOf.height).toBe(world.height());
});
