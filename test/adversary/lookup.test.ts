import { beforeAll, describe, expect, test } from 'vitest';
import { preorderHash } from '../../src/names/bitcoin/commitment.js';
import { createHeaderChain, syncHeaders } from '../../src/names/bitcoin/chain.js';
import { indexer } from '../../src/names/bitcoin/adapters/indexer.js';
import { hashHeader, parseHeader } from '../../src/names/bitcoin/header.js';
import { bitcoinNames } from '../../src/names/bitcoin/names.js';
import type { HeaderSource, Indexer } from '../../src/names/bitcoin/source.js';
import { parseTransaction } from '../../src/names/bitcoin/transaction.js';
import type { Level } from '../../src/names/proof.js';
import { fromHex, fromUtf8, toUtf8 } from '../../src/lib/bytes.js';
import type { Http } from '../../src/lib/http.js';
import { mineHeaders, regtest, sourceOf } from '../names/bitcoin/regtest.js';
import {
  alice,
  bob,
  BURN,
  createWorld,
  give,
  network,
  openNamespace,
  person,
  revoke,
  transfer,
  update,
  valueHash,
  type Person,
  type World,
} from '../names/bitcoin/world.js';

type Fields = Readonly<Record<string, unknown>>;

const code = (value: string): unknown => expect.objectContaining({ code: value });
const mallory = person(66);
const terms = { lifetime: 1000, coeff: 250, base: 4, buckets: new Array<number>(16).fill(0), nonalphaDiscount: 4, noVowelDiscount: 4, version: 1 };

/** Somebody's own namespace, whose preorder and reveal come from one address; answers the height at which it was made ready. */
function openOwn(world: World, id: string, from: Person): number {
  const [dust, rich] = [5500n, 40_0000_0000n];
  const hash = preorderHash(id, from.script, from.address);
  world.mine({
    from,
    operation: { opcode: 'NAMESPACE_PREORDER', preorderHash: hash, consensusHash: world.consensusHash(), tokens: null },
    outputs: [
      [from.address, dust],
      [BURN, rich],
    ],
  });
  world.mine({
    from,
    operation: { opcode: 'NAMESPACE_REVEAL', namespace: id, ...terms },
    outputs: [
      [from.address, dust],
      [from.address, dust],
    ],
  });
  world.mine({ from, operation: { opcode: 'NAMESPACE_READY', namespace: id }, outputs: [[from.address, dust]] });
  return world.height();
}

const names = (world: World, lie: Partial<Indexer> = {}, headers: HeaderSource = world.headers): ReturnType<typeof bitcoinNames> =>
  bitcoinNames({ network, anchor: world.anchor(), headers, transactions: world.transactions, indexer: { ...world.indexer, ...lie } });

describe('an operation on no name that a node dresses up as one', () => {
  let world: World;
  let ready: number;
  beforeAll(() => {
    world = createWorld();
    openNamespace(world);
    give(world, 'alice.id', alice, valueHash('one'));
    ready = openOwn(world, 'evil', mallory);
    world.mine();
    expect(world.result(ready).operations).toMatchObject([{ op: '!', address: mallory.address }]);
  });

  /** Fields that no hash commits to, beside those of another operation of the block: they make it look like the name's last one. */
  const dressed = (name: string): Partial<Indexer> => {
    const forged = { name, value_hash: valueHash('forged'), revoked: false, last_renewed: ready, first_registered: ready };
    return {
      operations: async (height) => (await world.indexer.operations(height)).map((record) => (height === ready ? { ...record, ...forged } : record)),
      nameRecord: () => Promise.resolve({ ...forged, history: { [String(ready)]: [forged] } }),
    };
  };

  test('does not give the name to the sender of that operation', async () => {
    await expect(names(world, dressed('alice.id')).lookup('alice.id')).rejects.toThrow(code('RecordMismatch'));
  });

  test('does not make a name exist that nobody ever registered', async () => {
    await expect(names(world, dressed('never.id')).lookup('never.id')).rejects.toThrow(code('RecordMismatch'));
  });
});

describe('values whose text is committed and whose type is not', () => {
  let world: World;
  beforeAll(() => {
    world = createWorld();
    openNamespace(world);
    give(world, 'alice.id', alice, valueHash('one'));
    world.mine(revoke('alice.id', alice));
    world.mine();
  });
  const retyped = (edit: Fields): Partial<Indexer> => ({
    operations: async (height) => (await world.indexer.operations(height)).map((record) => (record['name'] === 'alice.id' ? { ...record, ...edit } : record)),
  });

  test.each<[string, Fields]>([
    ['a revocation told as text', { revoked: 'True' }],
    ['a place told as text', { vtxindex: '2' }],
  ])('%s never makes the name live', async (_, edit) => {
    await expect(names(world, retyped(edit)).lookup('alice.id')).rejects.toThrow();
  });
});

describe('several operations on a name in one block', () => {
  let world: World;
  beforeAll(() => {
    world = createWorld();
    openNamespace(world);
    give(world, 'alice.id', alice, valueHash('one'));
    const { operations } = world.mine(transfer(world, 'alice.id', alice, bob), update(world, 'alice.id', bob, valueHash('two')));
    expect(operations).toHaveLength(2);
    world.mine();
  });
  const backwards = async (height: number): Promise<readonly Fields[]> => [...(await world.indexer.operations(height))].reverse();

  test('the last by its place is the record, in whatever order a node lists them', async () => {
    expect(await names(world, { operations: backwards }).lookup('alice.id')).toMatchObject({
      record: { owner: bob.address, zoneFileHash: fromHex(valueHash('two')) },
    });
  });

  test('one before it does not pass for it', async () => {
    const lie: Partial<Indexer> = {
      operations: backwards,
      nameRecord: async (name) => {
        const history = (await world.indexer.nameRecord(name))?.['history'] as Record<string, Fields[]>;
        const [at, [first]] = Object.entries(history).at(-1) ?? ['', []];
        return { ...first, history: { [at]: [first] } };
      },
    };
    await expect(names(world, lie).lookup('alice.id')).rejects.toThrow(code('RecordMismatch'));
  });
});

describe('a chain of headers that came from elsewhere', () => {
  const fork = mineHeaders(60, undefined, 9);
  const genesis = fromHex(regtest.genesisHeader);
  const liar = sourceOf([genesis, ...fork], 'liar');
  const honest = [genesis, ...mineHeaders(40)];
  const anchor = { height: 20, hash: hashHeader(honest[20] ?? genesis) };

  test('with another block at the anchor is refused, though its source has nothing else', async () => {
    const chain = createHeaderChain(regtest);
    await syncHeaders(chain, [liar]);
    await expect(syncHeaders(chain, [liar], { anchor })).rejects.toThrow(code('AnchorMismatch'));
    expect(chain.floor()).toBe(0);
  });

  test('does not become a proof when nobody is asked for headers', async () => {
    const world = createWorld();
    world.mine();
    expect(() => bitcoinNames({ network, anchor: world.anchor(), headers: [], transactions: world.transactions, indexer: world.indexer })).toThrow(TypeError);
  });
});

describe('a source that withholds the newest blocks', () => {
  test('makes a lapsed name look alive, and cannot hide how old its last block is', async () => {
    const world = createWorld();
    openNamespace(world, 1);
    give(world, 'alice.id', alice, null);
    world.mine();
    const anchor = world.anchor();
    const ask = (headers: HeaderSource): ReturnType<ReturnType<typeof names>['lookup']> =>
      bitcoinNames({ network, anchor, headers, transactions: world.transactions, indexer: world.indexer }).lookup('alice.id');
    const shown = await world.headers.headers(0, 2000);
    const { time } = parseHeader(shown.at(-1) ?? new Uint8Array(80));
    const later = [...shown, ...mineHeaders(network.firstBlock + 5100, shown.at(-1))];
    await expect(ask(sourceOf(later))).rejects.toThrow(code('NameExpired'));
    expect(await ask(sourceOf(shown))).toMatchObject({ evidence: { tip: { height: anchor.height, hash: anchor.hash, time } } });
  });
});

describe('a source that never answers', () => {
  test('does not keep a second lookup waiting after its caller gave it up', async () => {
    const world = createWorld();
    openNamespace(world);
    const silent: HeaderSource = { operator: 'silent', headers: () => new Promise(() => undefined) };
    const slow = names(world, {}, silent);
    void slow.lookup('alice.id').catch(() => undefined);
    await expect(slow.lookup('alice.id', { signal: AbortSignal.timeout(50) })).rejects.toThrow(code('Aborted'));
  }, 2000);
});

describe('a node that answers without end', () => {
  test.each([
    ['in long pages', 9_990, 100_000],
    ['in more operations than a block holds', 16_666, 1],
  ])(
    'is cut off long before its answers fill the memory: %s',
    async (_, count, length) => {
      let sent = 0;
      const flood: Http = (__, { body, limit = 1 << 20 } = {}) => {
        const method = /<methodName>(.*?)</.exec(typeof body === 'string' ? body : toUtf8(body ?? new Uint8Array()))?.[1];
        const answer = method === 'get_num_blockstack_ops_at' ? { count } : { nameops: new Array(10).fill({ op: '?', junk: 'x'.repeat(length) }) };
        const json = JSON.stringify({ status: true, ...answer });
        const bytes = fromUtf8(`<?xml version='1.0'?><methodResponse><params><param><value><string>${json}</string></value></param></params></methodResponse>`);
        sent += bytes.length;
        if (bytes.length > limit) return Promise.reject(Object.assign(new Error('HttpTooLarge'), { code: 'HttpTooLarge' }));
        return Promise.resolve({ status: 200, headers: new Headers({ 'content-type': 'text/xml' }), body: bytes });
      };
      await expect(indexer({ url: 'http://127.0.0.1:1', http: flood }).operations(10)).rejects.toThrow();
      expect(sent).toBeLessThan(64 << 20);
    },
    20_000,
  );
});

test('a level that is none is not taken for a low one', async () => {
  const world = createWorld();
  world.mine();
  await expect(names(world).lookup('alice.id', { level: 'proven' as Level })).rejects.toThrow(code('LevelNotReached'));
});

describe('a transaction of four million bytes', () => {
  /** One input, one output, and then `items` as the witness: the smallest things that take room. */
  const flood = (prefix: string, items: number, item: Uint8Array): Uint8Array => {
    const bytes = new Uint8Array(fromHex(prefix).length + 5 + items * item.length + 4);
    bytes.set(fromHex(prefix));
    bytes.set([0xfe, items & 255, (items >> 8) & 255, (items >> 16) & 255, 0], fromHex(prefix).length);
    for (let i = 0; i < items; i++) bytes.set(item, fromHex(prefix).length + 5 + i * item.length);
    return bytes;
  };
  const input = `${'11'.repeat(32)}0000000000ffffffff`;

  test.each<[string, Uint8Array]>([
    ['witness items', flood(`01000000000101${input}01000000000000000000`, 3_999_000, Uint8Array.of(0))],
    ['outputs', flood(`0100000001${input}`, 444_000, new Uint8Array(9))],
    ['inputs', flood('01000000', 97_000, fromHex(input))],
  ])('that is nothing but %s is refused before they are read', (_, bytes) => {
    const before = process.memoryUsage().heapUsed;
    expect(() => parseTransaction(bytes)).toThrow(code('Malformed'));
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(40 << 20);
  });
});
