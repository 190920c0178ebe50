import { describe, expect, test } from 'vitest';
import { concat, reversed, toHex } from '../../src/lib/bytes.js';
import { NamesteadError } from '../../src/lib/errors.js';
import type { Lookup } from '../../src/names/names.js';
import { byFilters } from '../../src/names/bitcoin/byFilters.js';
import { byHistory } from '../../src/names/bitcoin/byHistory.js';
import { encodeFilter, nextFilterHeader } from '../../src/names/bitcoin/filter.js';
import { bitcoinNames } from '../../src/names/bitcoin/names.js';
import type { FilterStore } from '../../src/names/bitcoin/filterPosition.js';
import type { HistoryOperator } from '../../src/names/bitcoin/scriptHistory.js';
import type { BlockId, BlockSource, FilterSource, TransactionSource } from '../../src/names/bitcoin/source.js';
import { parseTransaction, txidOf } from '../../src/names/bitcoin/transaction.js';
import type { Watch, WatchWorld } from '../../src/names/bitcoin/watch.js';
import { hiding, watchersOf, type Forge, type Watchers } from '../names/bitcoin/watchers.js';
import { alice, bob, createWorld, give, openNamespace, person, transfer, update, valueHash, type Sent, type World } from '../names/bitcoin/world.js';

const code = (value: string): unknown => expect.objectContaining({ code: value });
const carol = person(7);
const down = (): Promise<never> => Promise.reject(new NamesteadError('HttpTimeout', 'no answer'));

/** alice.id goes from alice to bob; the core node tells of the registration alone, and is named for it where the transfer is found. */
interface Scene {
  readonly world: World;
  readonly kit: Watchers;
  readonly registered: number;
  /** The block of the transfer. */
  readonly height: number;
  readonly txid: string;
}

function scene(beside: (world: World) => readonly Sent[] = () => []): Scene {
  const world = createWorld();
  openNamespace(world);
  give(world, 'carol.id', carol, valueHash('one'));
  give(world, 'alice.id', alice, valueHash('one'));
  const registered = world.height();
  world.mine();
  world.mine(transfer(world, 'alice.id', alice, bob), ...beside(world));
  const height = world.height();
  const txid = String(world.result(height).operations[0]?.txid);
  for (let i = 0; i < 3; i++) world.mine();
  return { world, kit: watchersOf(world), registered, height, txid };
}

function lookup({ world, registered }: Scene, watch: Watch, transactions: TransactionSource = world.transactions): Promise<Lookup | null> {
  const { network, headers, indexer } = world;
  return bitcoinNames({ network, anchor: world.anchor(), headers, transactions, indexer: hiding(indexer, registered), watch }).lookup('alice.id');
}

describe('operators of histories', () => {
  const hides = (operator: HistoryOperator, txid: string): HistoryOperator => ({
    ...operator,
    history: async (script) => (await operator.history(script)).filter((one) => one.txid !== txid),
  });
  const by = (histories: readonly HistoryOperator[], least?: number): Watch => byHistory({ histories, least });

  test('one of two who hides a transfer is named, and the transfer found', async () => {
    const at = scene();
    const [honest, liar] = [at.kit.history('honest'), hides(at.kit.history('liar'), at.txid)];
    for (const histories of [
      [honest, liar],
      [liar, honest],
    ]) {
      const found = await lookup(at, by(histories));
      expect(found).toMatchObject({ record: { owner: bob.address, height: at.height }, evidence: { level: 'history', disagreed: ['node', 'liar'] } });
    }
  });

  test('who all hide it are believed: one of them must be honest', async () => {
    const at = scene();
    const found = await lookup(at, by([hides(at.kit.history('a'), at.txid), hides(at.kit.history('b'), at.txid)]));
    expect(found).toMatchObject({ record: { owner: alice.address }, evidence: { level: 'history', disagreed: [] } });
    expect(found?.evidence.unchecked).toContain('that the list of one of these operators is whole');
  });

  test('a transaction that nobody can show decides nothing, and names who listed it', async () => {
    const at = scene();
    const { kit, height } = at;
    const invented = 'ab'.repeat(32);
    const lists = (txid: string, edit: Partial<HistoryOperator> = {}): HistoryOperator => ({
      ...kit.history('liar'),
      ...edit,
      history: async (script) => [...(await kit.history('liar').history(script)), { txid, height: height + 1 }, { txid, height: height + 2 }],
    });
    const other = await at.world.transactions.transaction(at.txid);
    for (const liar of [
      lists(invented),
      lists('not a txid'),
      lists(invented, { transaction: (txid) => (txid === invented ? Promise.resolve(other) : kit.history('liar').transaction(txid)) }),
    ]) {
      const found = await lookup(at, by([kit.history('honest'), liar]));
      expect(found).toMatchObject({ record: { owner: bob.address }, evidence: { disagreed: ['node', 'liar'] } });
    }
  });

  test('a transaction in a block that is not its own decides nothing', async () => {
    const at = scene();
    const { world, kit, height } = at;
    // A transfer that was never mined: the same, but for a byte of its scriptSig.
    const raw = ((await world.transactions.transaction(at.txid)) ?? new Uint8Array()).slice();
    raw[50] = (raw[50] ?? 0) ^ 1;
    const forged = txidOf(parseTransaction(raw));
    const place = await world.transactions.inclusion(at.txid);
    const liar: HistoryOperator = {
      ...kit.history('liar'),
      history: async (script) => [...(await kit.history('liar').history(script)), { txid: forged, height: height + 1 }],
      transaction: (txid) => (txid === forged ? Promise.resolve(raw) : world.transactions.transaction(txid)),
      inclusion: (txid) => (txid === forged ? Promise.resolve(place && { ...place, height: height + 1 }) : world.transactions.inclusion(txid)),
    };
    const found = await lookup(at, by([kit.history('honest'), liar]));
    expect(found).toMatchObject({ record: { owner: bob.address, height }, evidence: { disagreed: ['node', 'liar'] } });
  });

  test('neither a header that is not there nor a place told elsewhere hides what an honest one lists', async () => {
    const at = scene();
    const { transactions } = at.world;
    const two = by([at.kit.history('a'), at.kit.history('b')]);
    const gone: Watch = {
      ...two,
      follow: (sighting, until, world, options) =>
        two.follow(
          sighting,
          until,
          {
            ...world,
            headerAt: (height, call) => (height === at.height ? Promise.reject(new NamesteadError('HttpTimeout', 'no answer')) : world.headerAt(height, call)),
          },
          options,
        ),
    };
    await expect(lookup(at, gone)).rejects.toThrow(code('HttpTimeout'));
    const elsewhere: Watch = {
      ...two,
      follow: (sighting, until, world, options) =>
        two.follow(
          sighting,
          until,
          {
            ...world,
            transactions: {
              ...transactions,
              inclusion: async (txid) => ({ ...((await transactions.inclusion(txid)) ?? { index: 0, branch: [] }), height: 1 }),
            },
          },
          options,
        ),
    };
    expect(await lookup(at, elsewhere)).toMatchObject({ record: { owner: bob.address }, evidence: { disagreed: ['node'] } });
  });

  test('the transaction source alone cannot hide it either', async () => {
    const at = scene();
    const { transactions } = at.world;
    const shows = (txid: string): boolean => txid !== at.txid;
    const withheld = [
      { ...transactions, inclusion: (txid: string) => (shows(txid) ? transactions.inclusion(txid) : Promise.resolve(null)) },
      { ...transactions, inclusion: (txid: string) => (shows(txid) ? transactions.inclusion(txid) : down()) },
      { ...transactions, transaction: (txid: string) => (shows(txid) ? transactions.transaction(txid) : Promise.resolve(null)) },
    ];
    // Found it is in each case; to prove the record, the caller's own source is to show it too.
    for (const source of withheld) await expect(lookup(at, by([at.kit.history('a'), at.kit.history('b')]), source)).rejects.toThrow();
  });

  test('too few who answer are an error, never an older record', async () => {
    const at = scene();
    const { world, kit } = at;
    const honest = kit.history('honest');
    const liar = hides(kit.history('liar'), at.txid);
    const noProof: HistoryOperator = { ...honest, inclusion: down };
    const behind: HistoryOperator = { ...honest, headers: async (from, count) => (from >= world.height() ? [] : honest.headers(from, count)) };
    const elsewhere: HistoryOperator = { ...honest, headers: () => honest.headers(1, 1) };
    const mute: TransactionSource = { ...world.transactions, inclusion: (txid) => (txid === at.txid ? down() : world.transactions.inclusion(txid)) };
    for (const operator of [{ ...honest, history: down }, behind, elsewhere])
      await expect(lookup(at, by([operator, liar]))).rejects.toThrow(code('LevelNotReached'));
    await expect(lookup(at, by([noProof, liar]), mute)).rejects.toThrow(code('LevelNotReached'));
    expect(await lookup(at, by([{ ...honest, operator: 'down', history: down }, honest, kit.history('b')]))).toMatchObject({ record: { owner: bob.address } });
  });

  test('a list without end is refused', async () => {
    const at = scene();
    const flood: HistoryOperator = {
      ...at.kit.history('flood'),
      history: () => Promise.resolve(Array.from({ length: 100_001 }, () => ({ txid: at.txid, height: at.height }))),
    };
    await expect(lookup(at, by([flood, at.kit.history('b')]))).rejects.toThrow(code('LevelNotReached'));
    const many = (i: number): string => i.toString(16).padStart(64, '0');
    const wide: HistoryOperator = {
      ...at.kit.history('flood'),
      history: () => Promise.resolve(Array.from({ length: 20_001 }, (_, i) => ({ txid: many(i), height: at.height }))),
    };
    await expect(lookup(at, by([wide, at.kit.history('b')]))).rejects.toThrow(code('TooLarge'));
  });
});

describe('operators of filters', () => {
  /** A filter of the block with the transfer in which nothing of the owner stands; the headers from there on fit it. */
  const hides =
    ({ height }: Scene): Forge =>
    (at, hash) =>
      at === height ? encodeFilter([carol.script], hash) : null;
  const by = (sources: readonly FilterSource[], blocks: BlockSource, least?: number): Watch => byFilters({ sources, blocks, least });

  test('one of two who hides a transfer is named by the block, and the transfer found', async () => {
    const at = scene();
    const [honest, liar] = [at.kit.filters('honest'), at.kit.filters('liar', hides(at))];
    for (const sources of [
      [honest, liar],
      [liar, honest],
    ]) {
      const found = await lookup(at, by(sources, at.kit.blocks));
      expect(found).toMatchObject({ record: { owner: bob.address, height: at.height }, evidence: { level: 'filters', disagreed: ['node', 'liar'] } });
      expect(found?.evidence.operators).not.toContain('liar');
    }
  });

  test('two liars of three are named in turn', async () => {
    const at = scene();
    const other: Forge = (height, hash) => (height === at.height - 1 ? encodeFilter([], hash) : null);
    const found = await lookup(at, by([at.kit.filters('b', other), at.kit.filters('a', hides(at)), at.kit.filters('honest')], at.kit.blocks));
    expect(found).toMatchObject({ record: { owner: bob.address }, evidence: { disagreed: ['node', 'b', 'a'] } });
  });

  test('a filter forged long before the name shows in every header since, and is found', async () => {
    const at = scene();
    const long: Forge = (height, hash) => (height === 3 || height === at.height ? encodeFilter([carol.script], hash) : null);
    const found = await lookup(at, by([at.kit.filters('liar', long), at.kit.filters('honest')], at.kit.blocks));
    expect(found).toMatchObject({ record: { owner: bob.address }, evidence: { disagreed: ['node', 'liar'] } });
    expect(at.kit.blocks.asked[0]).toBe((await at.kit.blockId(3)).hash);
  });

  test('who all forge alike are believed: one of them must be honest', async () => {
    const at = scene();
    const found = await lookup(at, by([at.kit.filters('a', hides(at)), at.kit.filters('b', hides(at))], at.kit.blocks));
    expect(found).toMatchObject({ record: { owner: alice.address }, evidence: { level: 'filters', disagreed: [] } });
  });

  test('where they differ and the block or what it spends is withheld, nothing is answered', async () => {
    const at = scene();
    const sources = [at.kit.filters('honest'), at.kit.filters('liar', hides(at))];
    const without: BlockSource = { operator: 'none', block: () => Promise.resolve(null) };
    await expect(lookup(at, by(sources, without))).rejects.toThrow(code('SourcesDisagree'));
    const { transactions } = at.world;
    const [input] = parseTransaction((await transactions.transaction(at.txid)) ?? new Uint8Array()).inputs;
    const funding = parseTransaction((await transactions.transaction(input?.txid ?? '')) ?? new Uint8Array()).inputs[0]?.txid;
    const poor = { ...transactions, transaction: (txid: string) => (txid === funding ? Promise.resolve(null) : transactions.transaction(txid)) };
    await expect(lookup(at, by(sources, at.kit.blocks), poor)).rejects.toThrow(code('SourcesDisagree'));
  });

  test('who agreed to the header and gives another filter is passed over, and named', async () => {
    const at = scene();
    const honest = at.kit.filters('honest');
    const forged = at.kit.filters('liar', hides(at));
    const liars = [forged.filters, () => Promise.resolve([]), () => Promise.resolve(Array.from({ length: 6 }, () => new Uint8Array(500_000)))];
    for (const filters of liars) {
      const liar = { ...honest, operator: 'liar', filters };
      const found = await lookup(at, by([liar, honest], at.kit.blocks));
      expect(found).toMatchObject({ record: { owner: bob.address }, evidence: { disagreed: ['node', 'liar'] } });
      await expect(lookup(at, by([liar, { ...liar, operator: 'second' }], at.kit.blocks))).rejects.toThrow(code('FilterMismatch'));
    }
  });

  test('who tells one header now and another then is judged by the first, or nothing is answered', async () => {
    const at = scene();
    const honest = at.kit.filters('honest');
    const lies =
      (when: (blocks: readonly BlockId[]) => boolean, forge: Forge, which = -1): FilterSource['filterHeaders'] =>
      async (blocks) => {
        const headers = await at.kit.filters('liar', forge).filterHeaders(blocks);
        return when(blocks) ? headers.with(which, new Uint8Array(32)) : headers;
      };
    const one = {
      ...honest,
      operator: 'liar',
      filterHeaders: lies(
        (blocks) => blocks.length > 2,
        () => null,
      ),
    };
    expect(await lookup(at, by([one, honest], at.kit.blocks))).toMatchObject({ record: { owner: bob.address }, evidence: { disagreed: ['node', 'liar'] } });
    // Of the blocks before the name he tells what is true whenever it is looked at.
    const early = {
      ...one,
      filterHeaders: lies(
        (blocks) => blocks.length > 2,
        () => null,
        0,
      ),
    };
    await expect(lookup(at, by([early, honest], at.kit.blocks))).rejects.toThrow(code('SourcesDisagree'));
    // Or he makes up what comes before the block that decides, so that his own header fits the honest filter and nobody else's does.
    const before = new Uint8Array(32).fill(9);
    const made = async (of: number): Promise<Uint8Array> => {
      let header = await at.kit.headerOf(Math.min(of, 2));
      for (let each = 3; each <= of; each++)
        header = nextFilterHeader(
          each === at.height ? encodeFilter([carol.script], '00'.repeat(32)) : await at.kit.filterOf(each),
          each === 3 ? before : header,
        );
      return header;
    };
    const poisoned: FilterSource = {
      ...honest,
      operator: 'liar',
      filterHeaders: (blocks) => Promise.all(blocks.map(({ height }) => (height === 2 && blocks.length === 2 ? Promise.resolve(before) : made(height)))),
    };
    await expect(lookup(at, by([poisoned, honest], at.kit.blocks))).rejects.toThrow(code('SourcesDisagree'));
    await expect(lookup(at, by([honest, poisoned], at.kit.blocks))).rejects.toThrow(code('SourcesDisagree'));
  });

  test('a pinned header names who tells another, and holds who tells it only when asked for it', async () => {
    const at = scene();
    const { kit, height } = at;
    const none: BlockSource = { ...kit.blocks, block: (hash) => (asked.includes(hash) ? kit.blocks.block(hash) : Promise.resolve(null)) };
    const asked = [(await kit.blockId(height)).hash];
    const pinned = { height: height + 1, filterHeader: toHex(reversed(await kit.headerOf(height + 1))) };
    const early: Forge = (of, hash) => (of === height - 1 ? encodeFilter([carol.script], hash) : null);
    const liar = kit.filters('liar', early);
    const found = await lookup(at, byFilters({ sources: [liar, kit.filters('honest')], blocks: none, pinned }));
    expect(found).toMatchObject({ record: { owner: bob.address }, evidence: { disagreed: ['node', 'liar'] } });
    const forged = kit.filters('liar', hides(at));
    const twoFaced: FilterSource = {
      ...forged,
      filterHeaders: async (blocks) => (blocks.length === 1 ? [await kit.headerOf(height + 1)] : forged.filterHeaders(blocks)),
    };
    await expect(lookup(at, byFilters({ sources: [twoFaced], blocks: kit.blocks, least: 1, pinned }))).rejects.toThrow(code('SourcesDisagree'));
  });

  test('what was agreed on at the last lookup is held against what is told at the next, and the block decides', async () => {
    const at = scene();
    const { kit, world } = at;
    const kept = new Map<string, Uint8Array>();
    const store: FilterStore = { load: (name) => Promise.resolve(kept.get(name) ?? null), save: (name, bytes) => Promise.resolve(void kept.set(name, bytes)) };
    const none: BlockSource = { operator: 'none', block: () => Promise.resolve(null) };
    await lookup(at, byFilters({ sources: [kit.filters('a'), kit.filters('b')], blocks: kit.blocks, store }));
    world.mine();
    const other: Forge = (of, hash) => (of === at.height ? encodeFilter([carol.script], hash) : null);
    const sources = [kit.filters('liar', other), kit.filters('honest')];
    await expect(lookup(at, byFilters({ sources, blocks: none, store }))).rejects.toThrow(code('SourcesDisagree'));
    expect(await lookup(at, byFilters({ sources, blocks: kit.blocks, store }))).toMatchObject({
      record: { owner: bob.address },
      evidence: { disagreed: ['node', 'liar'] },
    });
    const [position] = [...kept.values()];
    const last = (JSON.parse(new TextDecoder().decode(position)) as { height: number }).height;
    const twoFaced: FilterSource = {
      ...kit.filters('liar', other),
      filterHeaders: async (blocks) => (blocks.length === 1 ? [await kit.headerOf(last)] : ((await sources[0]?.filterHeaders(blocks)) ?? [])),
    };
    await expect(lookup(at, byFilters({ sources: [twoFaced], blocks: kit.blocks, least: 1, store }))).rejects.toThrow(code('SourcesDisagree'));
  });

  test('too few who answer are an error', async () => {
    const at = scene();
    const honest = at.kit.filters('honest');
    for (const filterHeaders of [
      down,
      () => Promise.resolve([]),
      async (blocks: Parameters<FilterSource['filterHeaders']>[0]) => blocks.map(() => new Uint8Array(31)),
    ])
      await expect(lookup(at, by([honest, { ...honest, operator: 'other', filterHeaders }], at.kit.blocks))).rejects.toThrow(code('LevelNotReached'));
  });
});

describe('blocks that match', () => {
  const with_ = (at: Scene, blocks: BlockSource, transactions?: TransactionSource): Promise<Lookup | null> =>
    lookup(at, byFilters({ sources: [at.kit.filters('a'), at.kit.filters('b')], blocks }), transactions);

  test('may not be withheld', async () => {
    await expect(with_(scene(), { operator: 'x', block: () => Promise.resolve(null) })).rejects.toThrow(code('BlockMissing'));
  });

  test('may not be shown empty, short, doubled, or as others', async () => {
    const at = scene();
    const raw = await at.kit.raw(at.height);
    const coinbase = (await at.world.transactions.transaction(at.world.txids(at.height)[0] ?? '')) ?? new Uint8Array();
    const last = (await at.world.transactions.transaction(at.txid)) ?? new Uint8Array();
    const liars: readonly [Uint8Array, string][] = [
      [concat(raw.subarray(0, 80), Uint8Array.of(1), coinbase), 'MerkleMismatch'],
      [await at.kit.raw(at.height - 1), 'MerkleMismatch'],
      [raw.subarray(0, -1), 'Malformed'],
      [concat(raw.subarray(0, 80), Uint8Array.of(4), raw.subarray(81), last), 'MerkleMismatch'],
    ];
    for (const [bytes, refusal] of liars) await expect(with_(at, { operator: 'x', block: () => Promise.resolve(bytes) })).rejects.toThrow(code(refusal));
    const found = await lookup(
      at,
      byFilters({ sources: [at.kit.filters('a'), at.kit.filters('b')], blocks: [{ operator: 'liar', block: () => at.kit.raw(1) }, at.kit.blocks] }),
    );
    expect(found).toMatchObject({ record: { owner: bob.address }, evidence: { disagreed: ['node', 'liar'] } });
  });

  test('are read by the outputs that are spent, out of the transactions that made them', async () => {
    // The coin was made in a block before, so it has to be asked for.
    const at = scene();
    const { transactions } = at.world;
    const block = parseTransaction((await transactions.transaction(at.txid)) ?? new Uint8Array());
    const coin = block.inputs[0]?.txid ?? '';
    const other = await transactions.transaction(at.world.txids(at.height)[0] ?? '');
    const histories = [at.kit.history('a'), at.kit.history('b')].map((source) => ({
      ...source,
      transaction: (txid: string) => (txid === coin ? Promise.resolve(other) : source.transaction(txid)),
    }));
    const swapped = { ...transactions, transaction: (txid: string) => (txid === coin ? Promise.resolve(other) : transactions.transaction(txid)) };
    await expect(lookup(at, byHistory({ histories }), swapped)).rejects.toThrow(code('TransactionMissing'));
  });
});

describe('what the node says was committed at a later height', () => {
  /** The watch as it is, in a world where something lies. */
  const within = (watch: Watch, edit: (world: WatchWorld) => Partial<WatchWorld>): Watch => ({
    level: watch.level,
    follow: (sighting, until, world, options) => watch.follow(sighting, until, { ...world, ...edit(world) }, options),
  });
  const honest = ({ kit }: Scene): readonly Watch[] => [
    byHistory({ histories: [kit.history('a'), kit.history('b')] }),
    byFilters({ sources: [kit.filters('a'), kit.filters('b')], blocks: kit.blocks }),
  ];

  test('may be another block’s, or none: then nothing is decided', async () => {
    const at = scene((world) => [update(world, 'carol.id', carol, valueHash('two'))]);
    for (const watch of honest(at)) {
      const swapped = (to: number | null): Watch =>
        within(watch, ({ committedAt }) => ({
          committedAt: (height, options) =>
            height === at.height ? (to === null ? Promise.resolve([]) : committedAt(to, options)) : committedAt(height, options),
        }));
      await expect(lookup(at, swapped(null))).rejects.toThrow(code('UndecidedOperation'));
      await expect(lookup(at, swapped(at.registered))).rejects.toThrow(code('UndecidedOperation'));
      expect((await lookup(at, watch))?.record.owner).toBe(bob.address);
    }
  });

  test('is this block’s only if a branch leads there', async () => {
    const at = scene((world) => [update(world, 'carol.id', carol, valueHash('two'))]);
    for (const watch of honest(at)) {
      // The set of another block, and a branch that claims this one for it.
      const lying = within(watch, ({ committedAt, transactions }) => ({
        committedAt: (height, options) => committedAt(height === at.height ? at.registered : height, options),
        transactions: {
          ...transactions,
          inclusion: async (txid, options) => {
            const place = await transactions.inclusion(txid, options);
            return place?.height === at.registered ? { ...place, height: at.height } : place;
          },
        },
      }));
      await expect(lookup(at, lying)).rejects.toThrow(code('MerkleMismatch'));
    }
  });

  test('is believed by its transaction alone', async () => {
    const at = scene();
    for (const watch of honest(at)) {
      const edited = within(watch, ({ committedAt }) => ({
        committedAt: async (height, options) =>
          ((await committedAt(height, options)) ?? []).map((operation) => (height === at.height ? { ...operation, sender: toHex(carol.script) } : operation)),
      }));
      await expect(lookup(at, edited)).rejects.toThrow(code('PayloadMismatch'));
    }
  });
});
