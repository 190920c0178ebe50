import { beforeAll, describe, expect, test } from 'vitest';
import { fromHex, reversed, toHex } from '../../src/lib/bytes.js';
import { NamesteadError } from '../../src/lib/errors.js';
import type { BlockSource, FilterSource } from '../../src/names/bitcoin/source.js';
import type { ReplayNamesOptions } from '../../src/names/bitcoin/replay.js';
import type { Lookup } from '../../src/names/names.js';
import type { ChainWorld } from '../names/bitcoin/chainWorld.js';
import { alice, bob, carol, transfer } from '../names/bitcoin/fold.js';
import { give, network, replay, worldOn } from '../names/bitcoin/replayKit.js';

const code = (value: string): unknown => expect.objectContaining({ code: value });
const NOTHING = Uint8Array.of(0);
const failure = new NamesteadError('HttpFailed', 'nobody answers');

let world: ChainWorld;
/** Where the name went from alice to bob. */
let moved: number;

beforeAll(() => {
  world = worldOn({ ...network, filterable: true }, (at) => give(at, 'a.id', alice));
  // At an even height its coin is from elsewhere.
  if (world.height() % 2 === 0) world.mine();
  world.mine(transfer('a.id', alice, bob, world.fresh()));
  moved = world.height();
  world.mineTo(moved + 20);
});

const lookup = (edit: Partial<ReplayNamesOptions>, name = 'a.id'): Promise<Lookup | null> => replay(world, edit).lookup(name);

/** Gives other bytes for the block in which the name moved. */
function liar(answer: (bytes: Uint8Array) => Uint8Array | null | Promise<Uint8Array | null>): BlockSource {
  return {
    operator: 'liar',
    block: async (hash) => {
      const bytes = await world.blocks.block(hash);
      return bytes && hash === world.hashAt(moved) ? answer(bytes) : bytes;
    },
  };
}

const lies: readonly (readonly [string, string, () => BlockSource])[] = [
  ['has a transaction left out', 'MerkleMismatch', () => liar((bytes) => withoutLast(bytes))],
  ['is another block of the chain', 'MerkleMismatch', () => liar(() => world.blocks.block(world.hashAt(moved + 1)))],
  ['has a byte turned', 'MerkleMismatch', () => liar((bytes) => bytes.map((byte, i) => (i === bytes.length - 10 ? byte ^ 1 : byte)))],
  ['goes on behind its end', 'Malformed', () => liar((bytes) => Uint8Array.from([...bytes, 0]))],
  ['is withheld', 'BlockMissing', () => liar(() => null)],
];

/** The coinbase and the first transaction, under the same header. */
function withoutLast(bytes: Uint8Array): Uint8Array {
  const short = bytes.slice();
  short[80] = (short[80] ?? 1) - 1;
  return short;
}

describe('a block that hides a transfer', () => {
  test.each(lies)('%s: refused as %s', async (_, expected, source) => {
    await expect(lookup({ blocks: source() })).rejects.toThrow(expected === 'MerkleMismatch' ? /./ : code(expected));
  });

  test.each(lies)('%s: another source gives the true one', async (_, expected, source) => {
    expect(await lookup({ blocks: [source(), world.blocks] })).toMatchObject({
      record: { owner: bob.address },
      evidence: { disagreed: expected === 'BlockMissing' ? [] : ['liar'] },
    });
  });
});

describe('a spent transaction', () => {
  const wrong: ReplayNamesOptions['transactions'] = {
    operator: 'liar',
    // The same transaction, paying carol: her transfer it would then be.
    transaction: async (txid) => {
      const bytes = await world.transactions.transaction(txid);
      return bytes && fromHex(toHex(bytes).replaceAll(toHex(alice.script), toHex(carol.script)));
    },
  };
  const absent: ReplayNamesOptions['transactions'] = { operator: 'absent', transaction: () => Promise.resolve(null) };

  test('with another owner in it is refused', async () => {
    await expect(lookup({ transactions: wrong })).rejects.toThrow(code('TransactionMismatch'));
    expect(await lookup({ transactions: [wrong, world.transactions] })).toMatchObject({ record: { owner: bob.address }, evidence: { disagreed: ['liar'] } });
  });

  test('that is withheld ends the replay: an operation is never left out for it', async () => {
    await expect(lookup({ transactions: absent })).rejects.toThrow(code('TransactionMissing'));
    expect(await lookup({ transactions: [absent, world.transactions] })).toMatchObject({ record: { owner: bob.address } });
  });
});

describe('a filter that hides a transfer', () => {
  const hiding = (operator = 'liar'): FilterSource => world.filtersOver(operator, (height) => (height === moved ? NOTHING : null));

  test('is found out by one honest operator, and the block decides who lied', async () => {
    for (const filters of [
      [hiding(), world.filters],
      [world.filters, hiding()],
      [hiding(), hiding('friend'), world.filters],
    ]) {
      expect(await lookup({ filters })).toMatchObject({
        record: { owner: bob.address },
        evidence: { disagreed: filters.flatMap(({ operator }) => (operator === 'filters' ? [] : [operator])) },
      });
    }
  });

  test('is not believed where the block is not there to decide', async () => {
    await expect(lookup({ filters: [hiding(), world.filters], blocks: liar(() => null) })).rejects.toThrow(code('SourcesDisagree'));
  });

  test('does not hash to the header that its operator tells alike', async () => {
    const twoFaced: FilterSource = { ...hiding(), filterHeaders: (...asked) => world.filters.filterHeaders(...asked) };
    expect(await lookup({ filters: [twoFaced, world.filters] })).toMatchObject({ record: { owner: bob.address } });
    await expect(lookup({ filters: [twoFaced, { ...twoFaced, operator: 'friend' }] })).rejects.toThrow(code('FilterMismatch'));
  });

  test('passes only where every operator lies alike, and not beneath a pinned header', async () => {
    expect(await lookup({ filters: [hiding(), hiding('friend')] })).toMatchObject({ record: { owner: alice.address } });
    const [header = NOTHING] = await world.filters.filterHeaders([{ height: moved + 3, hash: world.hashAt(moved + 3) }]);
    const pinned = { height: moved + 3, filterHeader: toHex(reversed(header)) };
    await expect(lookup({ filters: [hiding(), hiding('friend')], pinned })).rejects.toThrow(code('SourcesDisagree'));
    expect(await lookup({ filters: [hiding(), world.filters], pinned })).toMatchObject({ record: { owner: bob.address } });
  });

  test('from too few operators is none', async () => {
    const silent: FilterSource = { operator: 'silent', filterHeaders: () => Promise.reject(failure), filters: () => Promise.reject(failure) };
    await expect(lookup({ filters: [hiding(), silent] })).rejects.toThrow(code('LevelNotReached'));
  });
});
