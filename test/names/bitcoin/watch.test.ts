import { describe, expect, test } from 'vitest';
import { addressOf, formatAddress } from '../../../src/lib/address.js';
import { reversed, toHex } from '../../../src/lib/bytes.js';
import { parsePublicKey } from '../../../src/lib/key.js';
import { hash160 } from '../../../src/lib/hash.js';
import type { Lookup } from '../../../src/names/names.js';
import { byFilters } from '../../../src/names/bitcoin/byFilters.js';
import { parseHeader } from '../../../src/names/bitcoin/header.js';
import type { FilterStore } from '../../../src/names/bitcoin/filterPosition.js';
import { byHistory } from '../../../src/names/bitcoin/byHistory.js';
import { importKey } from '../../../src/names/bitcoin/keychain.js';
import { bitcoinNames, type Anchor } from '../../../src/names/bitcoin/names.js';
import { scriptOfAddress } from '../../../src/names/bitcoin/script.js';
import type { Watch } from '../../../src/names/bitcoin/watch.js';
import { hiding, watchersOf, type Watchers } from './watchers.js';
import { alice, bob, createWorld, creator, give, openNamespace, person, renew, revoke, transfer, update, valueHash } from './world.js';
import type { Person, Sent, World } from './world.js';

const code = (value: string): unknown => expect.objectContaining({ code: value });

const watches: readonly [level: 'history' | 'filters', make: (kit: Watchers) => Watch][] = [
  ['history', (kit) => byHistory({ histories: [kit.history('a'), kit.history('b')] })],
  ['filters', (kit) => byFilters({ sources: [kit.filters('a'), kit.filters('b')], blocks: kit.blocks })],
];

interface Edit {
  readonly complete?: boolean;
  readonly anchor?: Anchor;
  /** The node tells of nothing above. */
  readonly hideAbove?: number;
  readonly at?: number;
}

async function lookup(world: World, watch: Watch, { complete, anchor = world.anchor(), hideAbove, at }: Edit = {}): Promise<Lookup | null> {
  const { network, headers, transactions } = world;
  const indexer = hideAbove === undefined ? world.indexer : hiding(world.indexer, hideAbove);
  return bitcoinNames({ network, anchor, headers, transactions, indexer, watch, complete }).lookup('alice.id', { at });
}

type Step = (world: World) => unknown;

function worldOf(...steps: readonly Step[]): World {
  const world = createWorld();
  openNamespace(world);
  give(world, 'alice.id', alice, valueHash('one'));
  for (const step of steps) step(world);
  return world;
}

const blocks =
  (count: number): Step =>
  (world) => {
    for (let i = 0; i < count; i++) world.mine();
  };
const carol = person(7);

describe.each(watches)('the level %s', (level, make) => {
  const follow = (world: World, edit?: Edit): Promise<Lookup | null> => lookup(world, make(watchersOf(world)), edit);

  test('carries a name on to the tip when nothing touched it', async () => {
    const world = worldOf(blocks(2));
    const anchor = world.anchor();
    blocks(5)(world);
    const found = await follow(world, { anchor });
    expect(found?.record.owner).toBe(alice.address);
    expect(found?.evidence).toMatchObject({ level, asOf: { height: world.height() }, pending: [], disagreed: [] });
    expect(found?.evidence.operators).toEqual(expect.arrayContaining(['a', 'b']));
  });

  test.each<[string, Step, Person, string | null]>([
    ['a transfer', (world) => world.mine(transfer(world, 'alice.id', alice, bob)), bob, valueHash('one')],
    ['a renewal to another', (world) => world.mine(renew('alice.id', alice, carol, valueHash('two'))), carol, valueHash('two')],
    ['a renewal', (world) => world.mine(renew('alice.id', alice, alice, valueHash('two'))), alice, valueHash('two')],
    ['an update', (world) => world.mine(update(world, 'alice.id', alice, valueHash('two'))), alice, valueHash('two')],
    [
      'two transfers in two blocks',
      (world) => {
        world.mine(transfer(world, 'alice.id', alice, bob));
        world.mine(transfer(world, 'alice.id', bob, carol, false));
      },
      carol,
      null,
    ],
    ['two in one', (world) => world.mine(transfer(world, 'alice.id', alice, bob), transfer(world, 'alice.id', bob, carol)), carol, valueHash('one')],
    [
      'there and back again',
      (world) => {
        world.mine(transfer(world, 'alice.id', alice, bob));
        blocks(2)(world);
        world.mine(transfer(world, 'alice.id', bob, alice));
        world.mine(update(world, 'alice.id', alice, valueHash('three')));
      },
      alice,
      valueHash('three'),
    ],
  ])('finds %s that the node hides beneath its anchor', async (_, step, owner, hash) => {
    const world = worldOf(blocks(1));
    const hideAbove = world.height();
    step(world);
    const { length } = world.result(world.height()).operations;
    expect(length).toBeGreaterThan(0);
    const height = world.height();
    blocks(3)(world);
    const found = await follow(world, { hideAbove });
    expect(found?.record).toMatchObject({ owner: owner.address, height });
    expect(found?.record.zoneFileHash ? toHex(found.record.zoneFileHash) : null).toBe(hash);
    expect(found?.evidence.level).toBe(level);
  });

  test('finds a revocation that the node hides', async () => {
    const world = worldOf(blocks(1));
    const hideAbove = world.height();
    world.mine(revoke('alice.id', alice));
    blocks(3)(world);
    await expect(follow(world, { hideAbove })).rejects.toThrow(code('NameRevoked'));
  });

  test.each<[string, (world: World) => Sent]>([
    ['transfer', (world) => transfer(world, 'alice.id', alice, bob)],
    ['renewal', () => renew('alice.id', alice, bob, null)],
    ['revocation', () => revoke('alice.id', alice)],
    ['update, whatever name it is on,', (world) => update(world, 'other.id', alice, valueHash('two'))],
  ])('a confirmed %s after the anchor is undecided; while it is new it is pending', async (_, sent) => {
    const world = worldOf(blocks(2));
    const anchor = world.anchor();
    world.mine(sent(world));
    const [txid] = world.txids(world.height()).slice(-1);
    expect(await follow(world, { anchor })).toMatchObject({ record: { owner: alice.address }, evidence: { pending: [txid] } });
    blocks(2)(world);
    await expect(follow(world, { anchor })).rejects.toThrow(code('UndecidedOperation'));
    await expect(follow(world, { anchor })).rejects.toThrow(txid);
    // Asked as of a height, nothing is new that has been buried since.
    await expect(follow(world, { anchor, at: world.height() - 1 })).rejects.toThrow(code('UndecidedOperation'));
  });

  test.each<[string, (world: World) => Sent]>([
    ['a transfer of another name', (world) => transfer(world, 'other.id', alice, bob)],
    ['a renewal of another name', () => renew('other.id', alice, bob, null)],
    [
      'a preorder by the owner',
      (world) => ({
        ...transfer(world, 'x.id', alice, bob),
        operation: preorderOf(world),
        outputs: [
          [alice.address, 1n],
          [bob.address, 1n],
        ],
      }),
    ],
    ['a transfer by somebody else', (world) => transfer(world, 'alice.id', carol, bob)],
    ['a revocation with the owner as recipient alone', () => ({ ...revoke('alice.id', carol), outputs: [[alice.address, 5500n]] })],
    ['a registration of the name, which has fewer outputs than a renewal', () => ({ ...renew('alice.id', alice, bob, null), outputs: [[bob.address, 1n]] })],
    ['a transfer without a recipient', (world) => ({ ...transfer(world, 'alice.id', alice, bob), outputs: [] })],
  ])('%s after the anchor changes nothing', async (_, sent) => {
    const world = worldOf(blocks(2));
    const anchor = world.anchor();
    world.mine(sent(world));
    blocks(3)(world);
    expect(await follow(world, { anchor })).toMatchObject({ record: { owner: alice.address }, evidence: { pending: [] } });
  });

  test('what the rules refused is ignored where the committed set is surely the block’s, and undecided where it may be another’s', async () => {
    const stale = (world: World): Sent => ({ ...transfer(world, 'alice.id', alice, bob), operation: { ...transferOf(world), consensusHash: '00'.repeat(16) } });
    const alone = worldOf(blocks(2));
    alone.mine(stale(alone));
    blocks(3)(alone);
    // An empty set is nobody's: a node may have swapped the labels of two blocks.
    await expect(follow(alone)).rejects.toThrow(code('UndecidedOperation'));
    expect((await follow(alone, { complete: true }))?.record.owner).toBe(alice.address);

    const beside = worldOf((world) => give(world, 'carol.id', carol, null), blocks(2));
    beside.mine(stale(beside), update(beside, 'carol.id', carol, valueHash('two')));
    blocks(3)(beside);
    expect((await follow(beside))?.record.owner).toBe(alice.address);
  });

  test('the owner may do what he likes with other names', async () => {
    const world = worldOf((at) => give(at, 'other.id', alice, null), blocks(1));
    world.mine(update(world, 'other.id', alice, valueHash('two')));
    world.mine(transfer(world, 'other.id', alice, bob));
    blocks(3)(world);
    const found = await follow(world);
    expect(found?.record).toMatchObject({ owner: alice.address });
  });

  test.each<[string, (reveal: Person) => Person]>([
    ['the reveal address', (reveal) => reveal],
    ['the last key of its keychain', (reveal) => keyOf(reveal, 299)],
  ])('an import by %s, before the namespace is ready, is found though the node hides it', async (_, from) => {
    const world = createWorld();
    let first = 0;
    openNamespace(world, 1000, (at, reveal) => {
      at.mine(nameImport('alice.id', alice, reveal));
      first = at.height();
      at.mine();
      at.mine(nameImport('alice.id', bob, from(reveal)));
    });
    blocks(3)(world);
    const found = await follow(world, { hideAbove: first });
    expect(found?.record).toMatchObject({ owner: bob.address, height: first + 2 });
  });

  test('a lookup that is given up ends', async () => {
    const world = worldOf(blocks(5));
    const { network, headers, transactions, indexer } = world;
    const names = bitcoinNames({ network, anchor: world.anchor(), headers, transactions, indexer, watch: make(watchersOf(world)) });
    const abort = new AbortController();
    const stages = new Set<string>();
    await names.lookup('alice.id', { onProgress: ({ stage }) => stages.add(stage) });
    expect(stages).toContain(level);
    await expect(
      names.lookup('alice.id', {
        signal: abort.signal,
        onProgress: ({ stage }) => (stage === 'headers' ? abort.abort() : undefined),
      }),
    ).rejects.toThrow(code('Aborted'));
  });
});

describe('a name that lapses on the way', () => {
  test.each(watches)('ends the level %s', async (_, make) => {
    const world = worldOf(blocks(4));
    const kit = watchersOf(world);
    const operation = world.result(world.height() - 4).operations[0] as Readonly<Record<string, unknown>>;
    const until = await kit.blockId(world.height());
    const sighting = {
      name: 'alice.id',
      height: world.height() - 4,
      index: Number(operation['vtxindex']),
      operation,
      owner: alice.script,
      life: { revealBlock: 5, readyBlock: 6, lifetime: 0 },
      importer: creator.script,
    };
    const walk = (lifetime: number, edit: object = {}): Promise<unknown> =>
      make(kit).follow(
        { ...sighting, operation: { ...operation, ...edit }, life: { ...sighting.life, lifetime } },
        until,
        {
          network: { ...world.network, epochs: [{ number: 1, endBlock: Infinity }] },
          transactions: world.transactions,
          headerAt: async (height) => parseHeader((await world.headers.headers(height, 1))[0] ?? new Uint8Array()),
          confirmedTo: world.height(),
          bound: false,
          committedAt: () => Promise.resolve(null),
          prove: () => Promise.reject(new Error('nothing is to prove')),
        },
        {},
      );
    await expect(walk(4)).resolves.toMatchObject({ through: { height: until.height } });
    await expect(walk(3)).rejects.toThrow(code('NameExpired'));
    await expect(walk(4, { revoked: true })).resolves.toMatchObject({ through: { height: until.height } });
    await expect(walk(3, { revoked: true })).rejects.toThrow(code('NameExpired'));
  });
});

describe('a watch by filters', () => {
  test('reads a block whose filter matches, and no other', async () => {
    const world = worldOf(blocks(1));
    const hideAbove = world.height();
    world.mine(transfer(world, 'alice.id', alice, bob));
    const height = world.height();
    blocks(4)(world);
    const kit = watchersOf(world);
    await lookup(world, byFilters({ sources: [kit.filters('a'), kit.filters('b')], blocks: kit.blocks }), { hideAbove });
    expect(kit.blocks.asked).toEqual([(await kit.blockId(height)).hash]);
  });

  test('goes on where it ended, and never trusts more than that', async () => {
    const world = worldOf(blocks(3));
    const anchor = world.anchor();
    const kept = new Map<string, Uint8Array>();
    const store: FilterStore = {
      load: (name) => Promise.resolve(kept.get(name) ?? null),
      save: (name, bytes) => Promise.resolve(void kept.set(name, bytes)),
    };
    const walked = async (edit: Edit = {}): Promise<readonly number[]> => {
      const kit = watchersOf(world);
      const [a, b] = [kit.filters('a'), kit.filters('b')];
      const found = await lookup(world, byFilters({ sources: [a, b], blocks: kit.blocks, store }), { anchor, ...edit });
      expect(found?.evidence.asOf.height).toBe(world.height());
      return [...a.asked, ...b.asked].sort((x, y) => x - y);
    };
    const from = anchor.height - 2;
    expect((await walked())[0]).toBe(from);
    blocks(4)(world);
    // The last blocks may be replaced, so they are looked at again.
    expect((await walked())[0]).toBe(anchor.height - world.network.confirmations + 1);
    expect(kept.get('alice.id')?.length).toBeLessThan(400);
    const good = kept.get('alice.id') ?? new Uint8Array();
    for (const bad of [new Uint8Array(), new Uint8Array(2000), good.subarray(1), good.subarray(0, -1)]) {
      kept.set('alice.id', bad);
      expect((await walked())[0]).toBe(from);
    }
    const text = new TextDecoder().decode(good);
    for (const [what, other] of [
      [/"hash":"../, '"hash":"00'],
      [/"txid":"../, '"txid":"00'],
      [/"version":1/, '"version":2'],
    ] as const) {
      kept.set('alice.id', new TextEncoder().encode(text.replace(what, other)));
      expect((await walked())[0], String(what)).toBe(from);
    }
    kept.set('alice.id', good);
    world.mine(transfer(world, 'alice.id', alice, bob));
    const height = world.height();
    blocks(4)(world);
    const newer = world.anchor();
    await walked({ anchor: newer, hideAbove: anchor.height });
    expect((await walked({ anchor: newer, hideAbove: anchor.height }))[0]).toBeGreaterThan(height);
    const kit = watchersOf(world);
    const watch = byFilters({ sources: [kit.filters('a'), kit.filters('b')], blocks: kit.blocks, store });
    expect((await lookup(world, watch, { anchor: newer, hideAbove: anchor.height }))?.record).toMatchObject({ owner: bob.address, height });
  });

  test('takes a pinned filter header for more than what one operator says', async () => {
    const world = worldOf(blocks(3));
    const kit = watchersOf(world);
    const [a] = [kit.filters('a')];
    const pinned = { height: world.height() - 1, filterHeader: toHex(reversed(await kit.headerOf(world.height() - 1))) };
    expect((await lookup(world, byFilters({ sources: [a], blocks: kit.blocks, least: 1, pinned })))?.evidence.level).toBe('filters');
    const wrong = { ...pinned, filterHeader: '00'.repeat(32) };
    await expect(lookup(world, byFilters({ sources: [a], blocks: kit.blocks, least: 1, pinned: wrong }))).rejects.toThrow(code('SourcesDisagree'));
  });
});

test('operators are counted by name, and enough of them demanded', () => {
  const kit = watchersOf(createWorld());
  expect(() => byFilters({ sources: [kit.filters('a')], blocks: kit.blocks })).toThrow(TypeError);
  expect(() => byFilters({ sources: [kit.filters('a'), kit.filters('a')], blocks: kit.blocks })).toThrow(TypeError);
  expect(() => byFilters({ sources: [], blocks: kit.blocks, least: 0 })).toThrow(TypeError);
  expect(() => byFilters({ sources: [kit.filters('a')], blocks: kit.blocks, least: 1, pinned: { height: 1, filterHeader: 'x' } })).toThrow(TypeError);
  expect(() => byHistory({ histories: [kit.history('a')] })).toThrow(TypeError);
  expect(() => byHistory({ histories: [kit.history('a'), kit.history('a')] })).toThrow(TypeError);
});

function transferOf(world: World): Extract<Sent['operation'], { opcode: 'NAME_TRANSFER' }> {
  const { operation } = transfer(world, 'alice.id', alice, bob);
  if (operation.opcode !== 'NAME_TRANSFER') throw new Error('no transfer');
  return operation;
}

function preorderOf(world: World): Sent['operation'] {
  return { opcode: 'NAME_PREORDER', preorderHash: '11'.repeat(20), consensusHash: world.consensusHash(), tokens: null };
}

function nameImport(name: string, owner: Person, from: Person): Sent {
  return {
    from,
    operation: { opcode: 'NAME_IMPORT', name },
    outputs: [
      [owner.address, 5500n],
      [formatAddress(0, hash160(new TextEncoder().encode(name))), 5500n],
    ],
  };
}

function keyOf(reveal: Person, index: number): Person {
  const publicKey = importKey(parsePublicKey(toHex(reveal.publicKey)), index);
  const address = addressOf(publicKey);
  return { address, publicKey, script: scriptOfAddress(address) };
}
