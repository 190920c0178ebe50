import { describe, expect, test } from 'vitest';
import { NamesteadError } from '../../src/lib/errors.js';
import { byFilters } from '../../src/names/bitcoin/byFilters.js';
import { encodeFilter } from '../../src/names/bitcoin/filter.js';
import type { FilterStore } from '../../src/names/bitcoin/filterPosition.js';
import { bitcoinNames } from '../../src/names/bitcoin/names.js';
import { quorumNames } from '../../src/names/bitcoin/quorumNames.js';
import type { FilterSource, Indexer } from '../../src/names/bitcoin/source.js';
import type { Names } from '../../src/names/names.js';
import * as fold from '../names/bitcoin/fold.js';
import * as kit from '../names/bitcoin/replayKit.js';
import { hiding, watchersOf, type Forge } from '../names/bitcoin/watchers.js';
import { alice, bob, createWorld, give, openNamespace, person, transfer, valueHash } from '../names/bitcoin/world.js';

// Two operators lie alike while the honest one does not answer. What was kept of that must not outlive his silence.

const carol = person(7);

/** Answers when it is told to. */
function sometimes(source: FilterSource): FilterSource & { silent: boolean } {
  const self: FilterSource & { silent: boolean } = {
    silent: true,
    operator: source.operator,
    filterHeaders: (...asked) => (self.silent ? Promise.reject(new NamesteadError('HttpTimeout', 'no answer')) : source.filterHeaders(...asked)),
    filters: (...asked) => source.filters(...asked),
  };
  return self;
}

describe('an honest operator of filters who answers again', () => {
  test('undoes a kept place that liars agreed on without him', async () => {
    const world = createWorld();
    openNamespace(world);
    give(world, 'alice.id', alice, valueHash('one'));
    const registered = world.height();
    world.mine(transfer(world, 'alice.id', alice, bob));
    const moved = world.height();
    for (let i = 0; i < 3; i++) world.mine();
    const watchers = watchersOf(world);
    const kept = new Map<string, Uint8Array>();
    const store: FilterStore = { load: (name) => Promise.resolve(kept.get(name) ?? null), save: (name, bytes) => Promise.resolve(void kept.set(name, bytes)) };
    const lie: Forge = (height, hash) => (height === moved ? encodeFilter([carol.script], hash) : null);
    const honest = sometimes(watchers.filters('honest'));
    const watch = byFilters({ sources: [watchers.filters('liar', lie), watchers.filters('friend', lie), honest], blocks: watchers.blocks, store });
    const names = (): Names => {
      const { network, headers, transactions, indexer } = world;
      return bitcoinNames({ network, anchor: world.anchor(), headers, transactions, indexer: hiding(indexer, registered), watch });
    };
    expect(await names().lookup('alice.id')).toMatchObject({ record: { owner: alice.address } });
    expect(kept.size).toBe(1);
    world.mine();
    honest.silent = false;
    expect(await names().lookup('alice.id')).toMatchObject({
      record: { owner: bob.address },
      evidence: { disagreed: expect.arrayContaining(['liar', 'friend']) as unknown },
    });
  });

  test('undoes what a replay folded without him', async () => {
    const world = kit.worldOn({ ...kit.network, filterable: true }, (at) => kit.give(at, 'a.id', fold.alice));
    world.mine(fold.transfer('a.id', fold.alice, fold.bob, world.fresh()));
    const moved = world.height();
    world.mineTo(moved + 5);
    const liar = (operator: string): FilterSource => world.filtersOver(operator, (height) => (height === moved ? Uint8Array.of(0) : null));
    const honest = sometimes(world.filters);
    let bytes: Uint8Array | null = null;
    const store = { load: () => Promise.resolve(bytes), save: (saved: Uint8Array) => Promise.resolve(void (bytes = saved)) };
    const filters = [liar('liar'), liar('friend'), honest];
    const [names, stored] = [kit.replay(world, { filters }), kit.replay(world, { filters, store })];
    for (const each of [names, stored]) expect(await each.lookup('a.id')).toMatchObject({ record: { owner: fold.alice.address } });
    world.mineTo(moved + 8);
    honest.silent = false;
    const later = kit.replay(world, { filters, store });
    for (const each of [names, later, stored])
      expect(await each.lookup('a.id')).toMatchObject({
        record: { owner: fold.bob.address },
        evidence: { disagreed: expect.arrayContaining(['liar', 'friend']) as unknown },
      });
  });

  test('is heard without a new block too', async () => {
    const world = kit.worldOn({ ...kit.network, filterable: true }, (at) => kit.give(at, 'a.id', fold.alice));
    world.mine(fold.transfer('a.id', fold.alice, fold.bob, world.fresh()));
    const moved = world.height();
    world.mineTo(moved + 5);
    const liar = (operator: string): FilterSource => world.filtersOver(operator, (height) => (height === moved ? Uint8Array.of(0) : null));
    const honest = sometimes(world.filters);
    const names = kit.replay(world, { filters: [liar('liar'), liar('friend'), honest] });
    expect(await names.lookup('a.id')).toMatchObject({ record: { owner: fold.alice.address } });
    honest.silent = false;
    expect(await names.lookup('a.id')).toMatchObject({ record: { owner: fold.bob.address } });
  });

  test('does not make a replay of filters one of whole blocks', async () => {
    const world = kit.worldOn({ ...kit.network, filterable: true }, (at) => kit.give(at, 'a.id', fold.alice));
    world.mine(fold.transfer('a.id', fold.alice, fold.bob, world.fresh()));
    const moved = world.height();
    world.mineTo(moved + 5);
    let bytes: Uint8Array | null = null;
    const store = { load: () => Promise.resolve(bytes), save: (saved: Uint8Array) => Promise.resolve(void (bytes = saved)) };
    const liar = world.filtersOver('liar', (height) => (height === moved ? Uint8Array.of(0) : null));
    const believed = await kit.replay(world, { filters: [liar], least: 1, store }).lookup('a.id');
    expect(believed).toMatchObject({ record: { owner: fold.alice.address }, evidence: { level: 'filters' } });
    expect(await kit.replay(world, { store }).lookup('a.id')).toMatchObject({ record: { owner: fold.bob.address }, evidence: { level: 'replay' } });
  });
});

describe('a node of two that says it is behind', () => {
  test('does not lead the other back to what was', async () => {
    const world = createWorld();
    openNamespace(world);
    give(world, 'alice.id', alice, valueHash('one'));
    for (let i = 0; i < 3; i++) world.mine();
    const before = world.height();
    world.mine(transfer(world, 'alice.id', alice, bob));
    for (let i = 0; i < 200; i++) world.mine();
    const { network, headers, indexer } = world;
    const behind: Indexer = { ...indexer, operator: 'behind', tip: async () => ({ ...(await indexer.tip()), height: before }) };
    const names = quorumNames({ network, headers, indexers: [indexer, behind], least: 2 });
    await expect(names.lookup('alice.id')).rejects.toThrow(expect.objectContaining({ code: 'TipStale' }));
    expect(await names.lookup('alice.id', { at: before })).toMatchObject({ record: { owner: alice.address } });
    const third: Indexer = { ...indexer, operator: 'third' };
    expect(await quorumNames({ network, headers, indexers: [indexer, behind, third], least: 2 }).lookup('alice.id')).toMatchObject({
      record: { owner: bob.address },
    });
  });
});
