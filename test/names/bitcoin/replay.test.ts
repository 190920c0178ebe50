import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toHex } from '../../../src/lib/bytes.js';
import { createHeaderChain, syncHeaders } from '../../../src/names/bitcoin/chain.js';
import { createReplayFold, type BlockFeed } from '../../../src/names/bitcoin/replayFold.js';
import { decodeSnapshot, type ReplayStore } from '../../../src/names/bitcoin/replaySnapshot.js';
import { consensusHashAt } from '../../../src/names/bitcoin/rules.js';
import { createChainWorld } from './chainWorld.js';
import { alice, bob, carol, networkIn, preorder, registration, renewal, revoke, transfer, update, type Person } from './fold.js';
import { give, network, open, replay, worldWith } from './replayKit.js';

const code = (value: string): unknown => expect.objectContaining({ code: value });
describe('a replay', () => {
  test('tells what the last operation made of a name, and what it rests on', async () => {
    const world = worldWith((at) => give(at, 'a.id', carol));
    const height = world.height();
    const found = await replay(world).lookup('a.id', { level: 'replay' });
    expect(found?.record).toMatchObject({ name: 'a.id', owner: carol.address, height: height - 1, chain: 'bitcoin' });
    expect(toHex(found?.record.zoneFileHash ?? new Uint8Array())).toBe('ab'.repeat(20));
    expect(found?.evidence).toMatchObject({
      level: 'replay',
      asOf: { height: height - 1, hash: world.hashAt(height - 1) },
      tip: { height, hash: world.hashAt(height) },
      completeTo: height - 1,
      confirmations: 2,
      work: 'none',
      operators: ['headers', 'blocks', 'transactions'],
      disagreed: [],
      pending: [],
    });
  });

  test('proves that a name does not exist', async () => {
    const names = replay(worldWith((at) => give(at, 'a.id', carol)));
    expect(await names.lookup('never.id')).toBeNull();
    expect(await names.lookup('a.never')).toBeNull();
    await expect(names.lookup('No.Name')).rejects.toThrow(code('NameInvalid'));
  });

  test('follows a name through all its operations, and knows each height', async () => {
    const world = createChainWorld(network);
    open(world, { imports: [['i.id', carol]] });
    give(world, 'a.id', alice);
    const steps: [number, string, string | null][] = [[world.height(), alice.address, 'ab'.repeat(20)]];
    const step = (owner: Person, hash: string | null): number => steps.push([world.height(), owner.address, hash]);
    world.mine(update('a.id', alice, world.fresh(), 'cd'.repeat(20)));
    step(alice, 'cd'.repeat(20));
    world.mine(transfer('a.id', alice, bob, world.fresh(), false), update('a.id', bob, world.fresh(), 'ef'.repeat(20)));
    step(bob, 'ef'.repeat(20));
    world.mine({ ...renewal('a.id', bob, carol), operation: { opcode: 'NAME_RENEWAL', name: 'a.id', valueHash: '12'.repeat(20), tokens: null } });
    step(carol, '12'.repeat(20));
    world.mineTo(world.height() + 3);
    const names = replay(world);
    for (const [height, owner, hash] of steps) {
      const found = await names.lookup('a.id', { at: height });
      expect(found).toMatchObject({ record: { owner, height }, evidence: { asOf: { height, hash: world.hashAt(height) }, completeTo: height } });
      expect(found?.record.zoneFileHash && toHex(found.record.zoneFileHash)).toBe(hash);
    }
    expect(await names.lookup('a.id', { at: (steps[0]?.[0] ?? 0) - 1 })).toBeNull();
    expect(await names.lookup('i.id')).toMatchObject({ record: { owner: carol.address } });
    await expect(names.lookup('a.id', { at: 9 })).rejects.toThrow(TypeError);
    await expect(names.lookup('a.id', { at: world.height() + 1 })).rejects.toThrow(TypeError);
    await expect(names.lookup('a.id', { at: world.height() })).rejects.toThrow(code('NotConfirmed'));
  });

  test('answers as of the last confirmed block, and tells of later ones', async () => {
    const world = worldWith((at) => give(at, 'a.id', alice));
    world.mine(transfer('a.id', alice, bob, world.fresh()));
    const names = replay(world);
    const txid = world.state.operations.get(world.height())?.[0]?.txid;
    expect(await names.lookup('a.id')).toMatchObject({ record: { owner: alice.address }, evidence: { pending: [txid], asOf: { height: world.height() - 1 } } });
    world.mine();
    expect(await names.lookup('a.id')).toMatchObject({ record: { owner: bob.address }, evidence: { pending: [] } });
  });

  test('calls a revoked name revoked, and a lapsed one absent once that is settled', async () => {
    const short = createChainWorld(networkIn(1, { firstBlock: 10, genesisConsensusHashes: network.genesisConsensusHashes, confirmations: 2 }));
    open(short, { lifetime: 10 });
    give(short, 'a.id', alice, null);
    give(short, 'b.id', bob, null);
    short.mine(revoke('b.id', bob));
    short.mine();
    const names = replay(short);
    const { record } = (await names.lookup('a.id')) ?? {};
    await expect(names.lookup('b.id')).rejects.toThrow(code('NameRevoked'));
    short.mineTo(record?.expiresAt ?? 0);
    await expect(names.lookup('a.id')).rejects.toThrow(code('NameExpired'));
    short.mine();
    expect(await names.lookup('a.id')).toBeNull();
    short.mineTo(short.height() + 10);
    expect(await names.lookup('b.id')).toBeNull();
  });

  test('reads each block once, however often it is asked', async () => {
    const world = worldWith((at) => give(at, 'a.id', alice));
    const names = replay(world);
    await Promise.all([names.lookup('a.id'), names.lookup('a.id')]);
    world.mine();
    await names.lookup('a.id');
    expect(new Set(world.blocks.asked).size).toBe(world.blocks.asked.length);
    expect(world.blocks.asked.length).toBe(world.height() - network.firstBlock + 1);
  });

  test('tells how far it is, stops when it is cancelled, and goes on where it was', async () => {
    const world = worldWith((at) => give(at, 'a.id', alice));
    world.mineTo(80);
    const names = replay(world);
    const stop = new AbortController();
    const seen: number[] = [];
    const half = names.lookup('a.id', {
      signal: stop.signal,
      onProgress: ({ stage, done, total }) => {
        if (stage === 'replay') seen.push(done, total ?? 0);
        if (stage === 'replay' && done === 40) stop.abort();
      },
    });
    await expect(half).rejects.toThrow(code('Aborted'));
    expect(seen.slice(-2)).toEqual([40, 71]);
    await names.lookup('a.id', { onProgress: ({ stage, done }) => stage === 'replay' && seen.push(done) });
    expect(seen.slice(80, 82)).toEqual([41, 42]);
    expect(seen.at(-1)).toBe(71);
  });

  test('holds an anchor against what it computed, where one is given', async () => {
    const world = worldWith((at) => give(at, 'a.id', alice));
    const anchor = world.anchor(20 < world.height() ? 20 : 14);
    const found = await replay(world, { anchor }).lookup('a.id');
    expect(found?.evidence.checked.join()).toContain(`consensus hash at ${anchor.height}: the anchor's`);
    await expect(replay(world, { anchor: { ...anchor, consensusHash: 'ff'.repeat(16) } }).lookup('a.id')).rejects.toThrow(code('ConsensusMismatch'));
    await expect(replay(world, { anchor: { ...anchor, hash: 'ff'.repeat(32) } }).lookup('a.id')).rejects.toThrow(code('AnchorMismatch'));
  });

  test('needs its sources, and a chain with the first block in it', async () => {
    const world = worldWith();
    expect(() => replay(world, { blocks: [] })).toThrow(TypeError);
    const chain = createHeaderChain(network.bitcoin);
    await syncHeaders(chain, [world.headers]);
    expect(() => replay(world, { chain: { ...chain, base: 11 } })).toThrow(TypeError);
    expect(await replay(world, { chain }).lookup('a.id')).toBeNull();
    await expect(replay(world).lookup('a.id', { level: 'proven' as never })).rejects.toThrow(code('LevelNotReached'));
  });

  test('of a network too young for a settled block says so', async () => {
    const world = createChainWorld(network);
    await expect(replay(world).lookup('a.id')).rejects.toThrow(code('NotConfirmed'));
    world.mine();
    await expect(replay(world).lookup('a.id')).rejects.toThrow(code('NotConfirmed'));
    world.mine();
    expect(await replay(world).lookup('a.id')).toBeNull();
  });
});

describe('where balances from before the first block are missing', () => {
  const gapped = { ...networkIn(4, { firstBlock: 10, genesisConsensusHashes: network.genesisConsensusHashes, confirmations: 2 }), genesisKnown: false };

  test('the answer says so, and nothing is proved absent', async () => {
    const world = createChainWorld(gapped);
    world.mineTo(20);
    await expect(replay(world).lookup('a.id')).rejects.toThrow(code('AbsenceNotProved'));
    expect(await replay(world, { anchor: world.anchor() }).lookup('a.id')).toBeNull();
    await expect(replay(world, { anchor: world.anchor(18) }).lookup('a.id')).rejects.toThrow(code('AbsenceNotProved'));
    expect(await replay(createKnown()).lookup('a.id')).toBeNull();
  });

  function createKnown(): ReturnType<typeof createChainWorld> {
    const world = createChainWorld({ ...gapped, genesisKnown: true });
    world.mineTo(20);
    return world;
  }
});

describe('a replay that is kept', () => {
  function memory(): { bytes: Uint8Array | null; store: ReplayStore } {
    const kept = { bytes: null as Uint8Array | null };
    const store: ReplayStore = { load: () => Promise.resolve(kept.bytes), save: (bytes) => Promise.resolve(void (kept.bytes = bytes)) };
    return Object.assign(kept, { store });
  }

  test('is gone on with by the next, through a reorganisation, as if it had never ended', async () => {
    const world = createChainWorld({ ...network, genesisBalances: { [alice.address]: '77' } });
    open(world, { imports: [['i.id', carol]] });
    give(world, 'a.id', alice);
    world.mine(preorder('b.id', bob, world.fresh()));
    const { store } = memory();
    await replay(world, { store }).lookup('a.id');
    const before = world.blocks.asked.length;
    world.mine(registration('b.id', bob));
    world.mine();
    expect(await replay(world, { store, anchor: world.anchor() }).lookup('b.id')).toMatchObject({ record: { owner: bob.address } });
    expect(world.blocks.asked.length).toBe(before + 2);
    world.drop(4);
    world.mineTo(world.height() + 6);
    expect(await replay(world, { store, anchor: world.anchor() }).lookup('b.id')).toBeNull();
    expect(world.blocks.asked.length).toBe(before + 8);
  });

  test('is not gone on with when it is damaged, or another network is asked for', async () => {
    const world = worldWith((at) => give(at, 'a.id', alice));
    const kept = memory();
    await replay(world, { store: kept.store }).lookup('a.id');
    const whole = world.blocks.asked.length;
    const bytes = kept.bytes ?? new Uint8Array();
    for (const wrong of [bytes.map((byte, i) => (i === 100 ? byte ^ 1 : byte)), bytes.subarray(0, 20), new Uint8Array()]) {
      kept.bytes = wrong;
      world.blocks.asked.length = 0;
      expect(await replay(world, { store: kept.store }).lookup('a.id')).toMatchObject({ record: { owner: alice.address } });
      expect(world.blocks.asked.length).toBe(whole);
    }
    expect(decodeSnapshot(network, bytes)).not.toBeNull();
    expect(decodeSnapshot({ ...network, receiveFeesPeriod: 1 }, bytes)).toBeNull();
  });
});

describe('a reorganisation', () => {
  test('takes a name with it, and gives it to whom the longer chain gives it', async () => {
    const world = worldWith((at) => give(at, 'a.id', alice));
    const names = replay(world);
    expect(await names.lookup('a.id')).toMatchObject({ record: { owner: alice.address } });
    world.drop(3);
    give(world, 'a.id', bob);
    world.mine();
    world.mine();
    expect(await names.lookup('a.id')).toMatchObject({ record: { owner: bob.address }, evidence: { asOf: { hash: world.hashAt(world.height() - 1) } } });
  });

  test('deeper than what is remembered begins anew, and one as deep does not', async () => {
    const world = worldWith((at) => give(at, 'a.id', alice));
    world.mineTo(40);
    const chain = createHeaderChain(network.bitcoin);
    const asked: number[] = [];
    const feed: BlockFeed = async function* (blocks) {
      for (const { height, hash } of blocks) {
        asked.push(height);
        const { candidates } = world.blockOf(hash);
        yield await Promise.resolve({ height, transactions: candidates, mark: '' });
      }
    };
    const fold = createReplayFold(network, chain, feed, { undoDepth: 5 });
    const follow = async (): Promise<number[]> => {
      asked.length = 0;
      await syncHeaders(chain, [world.headers]);
      await fold.follow({});
      expect(consensusHashAt(fold.state(), world.height())).toBe(world.fresh());
      return [asked[0] ?? 0, asked.at(-1) ?? 0];
    };
    expect(await follow()).toEqual([10, 40]);
    world.drop(5);
    world.mineTo(41);
    expect(await follow()).toEqual([36, 41]);
    world.drop(6);
    world.mineTo(42);
    expect(await follow()).toEqual([10, 42]);
    expect(fold.blockAt(42)).toMatchObject({ hash: world.hashAt(42) });
    expect([fold.blockAt(43), fold.blockAt(9)]).toEqual([null, null]);
  });

  test('of any depth leaves what a fresh replay gives', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ drop: fc.integer({ min: 0, max: 12 }), mine: fc.array(fc.constantFrom('none', 'a', 'b', 'c'), { minLength: 1, maxLength: 8 }) }), {
          minLength: 2,
          maxLength: 6,
        }),
        async (storms) => {
          const world = worldWith();
          const base = world.height();
          const names = replay(world);
          for (const { drop, mine } of storms) {
            const dropped = Math.min(drop, world.height() - base);
            world.drop(dropped);
            for (const label of mine) {
              if (label === 'none') world.mine();
              else give(world, `${label}.id`, [alice, bob, carol][world.height() % 3] ?? alice);
            }
            // A longer chain wins: it has more work.
            world.mineTo(world.height() + dropped + 1);
            const fresh = replay(world);
            for (const label of ['a', 'b', 'c']) expect(await names.lookup(`${label}.id`)).toEqual(await fresh.lookup(`${label}.id`));
            await replay(world, { anchor: world.anchor() }).lookup('a.id');
          }
        },
      ),
      { seed: 7, numRuns: 12 },
    );
  }, 60_000);
});
