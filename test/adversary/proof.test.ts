import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { formatAddress } from '../../src/lib/address.js';
import { concat, fromHex, reversed, toHex } from '../../src/lib/bytes.js';
import { hash256 } from '../../src/lib/hash.js';
import { merkleBranch, merkleRoot } from '../../src/lib/merkle.js';
import { parseBlock, verifyInclusion } from '../../src/names/bitcoin/block.js';
import { parseHeader } from '../../src/names/bitcoin/header.js';
import { parseMerkleBlock } from '../../src/names/bitcoin/merkleBlock.js';
import { bitcoinNames } from '../../src/names/bitcoin/names.js';
import { consensusHash, EMPTY_OPERATIONS_HASH, skipHeights } from '../../src/names/bitcoin/consensus.js';
import { proveOperationsHash } from '../../src/names/bitcoin/snv.js';
import type { Indexer, TransactionSource } from '../../src/names/bitcoin/source.js';
import { compactSize, openTransaction, parseTransaction, serializeTransaction, txidOf, type Transaction } from '../../src/names/bitcoin/transaction.js';
import { mineHeader, regtest } from '../names/bitcoin/regtest.js';
import {
  alice,
  bob,
  createWorld,
  creator,
  give,
  openNamespace,
  preorder,
  register,
  renew,
  revoke,
  transfer,
  update,
  valueHash,
  type World,
} from '../names/bitcoin/world.js';

type Fields = Readonly<Record<string, unknown>>;

const code = (value: string): unknown => expect.objectContaining({ code: value });
const hashTwo = valueHash('two');
let world: World;
/** The height of alice.id's registration, of its update, and of a block with operations on other names alone. */
let registered: number;
let updated: number;

beforeAll(() => {
  world = createWorld();
  openNamespace(world);
  world.mine(preorder(world, 'alice.id', creator, alice));
  world.mine(register('alice.id', creator, alice, valueHash('one')));
  registered = world.height();
  for (let i = 0; i < 5; i++) world.mine();
  world.mine(update(world, 'alice.id', alice, hashTwo), preorder(world, 'bob.id', creator, bob), preorder(world, 'carol.id', creator, bob));
  updated = world.height();
  world.mine(register('bob.id', creator, bob, null), register('carol.id', creator, bob, null));
  for (let i = 0; i < 9; i++) world.mine();
  const honest = { world, registered, updated };
  restore = () => ({ world, registered, updated } = honest);
});
/** Some tests go on in a world of their own. */
let restore: () => void;
afterEach(() => restore());

interface Lies {
  readonly indexer?: Partial<Indexer>;
  readonly transactions?: Partial<TransactionSource>;
}

function resolve({ indexer = {}, transactions = {} }: Lies, name = 'alice.id'): Promise<unknown> {
  const lying = { ...world, indexer: { ...world.indexer, ...indexer }, transactions: { ...world.transactions, ...transactions } };
  return bitcoinNames({
    network: world.network,
    anchor: world.anchor(),
    headers: world.headers,
    indexer: lying.indexer,
    transactions: lying.transactions,
  }).lookup(name);
}

const editedRecord = (edit: (record: Fields) => Fields): Lies => ({
  indexer: { nameRecord: async (name) => edit((await world.indexer.nameRecord(name)) ?? {}) },
});
const editedOperations = (edit: (operations: readonly Fields[], height: number) => readonly Fields[]): Lies => ({
  indexer: { operations: async (height) => edit(await world.indexer.operations(height), height) },
});
const editedTransaction = (edit: (transaction: Transaction, txid: string) => Transaction): Lies => ({
  transactions: {
    transaction: async (txid) => {
      const bytes = await world.transactions.transaction(txid);
      return bytes && serializeTransaction(edit(parseTransaction(bytes), txid));
    },
  },
});
/** The record as it stood at `height`, its history cut there. */
const oldRecord = (height: number): Lies =>
  editedRecord((record) => {
    const history = Object.fromEntries(Object.entries(record['history'] as Record<string, Fields[]>).filter(([at]) => Number(at) <= height));
    return { ...history[String(height)]?.at(-1), history };
  });
const merged = (...lies: readonly Lies[]): Lies => ({
  indexer: Object.assign({}, ...lies.map((lie) => lie.indexer)) as Partial<Indexer>,
  transactions: Object.assign({}, ...lies.map((lie) => lie.transactions)) as Partial<TransactionSource>,
});

/** Everything from the first block with one block's operations replaced by others, hashed anew: honest in itself, of another history. */
function otherHistory(at: number, operationsHash: string): Lies {
  const { firstBlock } = world.network;
  const hashes = new Map<number, string>();
  const operationsHashOf = (height: number): string => (height === at ? operationsHash : world.result(height).operationsHash);
  for (let height = firstBlock; height <= world.height(); height++)
    hashes.set(
      height,
      consensusHash(
        operationsHashOf(height),
        skipHeights(height, firstBlock).map((before) => hashes.get(before) ?? ''),
      ),
    );
  return {
    indexer: {
      consensusHashes: (heights) => Promise.resolve(heights.map((height) => hashes.get(height) ?? null)),
      operationsHashes: (heights) => Promise.resolve(heights.map(operationsHashOf)),
    },
  };
}

test('the honest world resolves', async () => {
  expect(await resolve({})).toMatchObject({ record: { owner: alice.address, height: updated } });
});

describe('a lie of the node that is asked for names', () => {
  const lies: Readonly<Record<string, readonly [code: string, lie: () => Lies]>> = {
    'another owner in the record': ['RecordMismatch', () => editedRecord((record) => ({ ...record, address: bob.address }))],
    'another zone file hash in the record': ['RecordMismatch', () => editedRecord((record) => ({ ...record, value_hash: valueHash('forged') }))],
    'another transaction in the record': ['RecordMismatch', () => editedRecord((record) => ({ ...record, txid: 'ab'.repeat(32) }))],
    'a height at which the name was not touched': [
      'RecordMismatch',
      () => editedRecord((record) => ({ ...record, history: { [String(updated + 1)]: [record] } })),
    ],
    'a height before the network began': ['RecordMismatch', () => editedRecord((record) => ({ ...record, history: { 5: [record] } }))],
    'another opcode label': ['UncommittedField', () => editedRecord((record) => ({ ...record, opcode: 'NAME_TRANSFER' }))],
    'another preorder hash': ['UncommittedField', () => editedRecord((record) => ({ ...record, preorder_hash: 'ab'.repeat(20) }))],
    'a longer life': ['UncommittedField', () => editedRecord((record) => ({ ...record, expire_block: Number(record['expire_block']) + 1 }))],
    'a later deadline': ['UncommittedField', () => editedRecord((record) => ({ ...record, renewal_deadline: 1e6 }))],
    'a zone file of its own': ['UncommittedField', () => editedRecord((record) => ({ ...record, zonefile: btoa('forged') }))],
    'the namespace of another name': ['UncommittedField', () => editedRecord((record) => ({ ...record, namespace_id: 'co' }))],
    'an uncommitted field of the operation itself': [
      'UncommittedField',
      () =>
        editedOperations((list, at) =>
          list.map((item) => (at === updated && item['name'] === 'alice.id' ? { ...item, preorder_hash: 'ab'.repeat(20) } : item)),
        ),
    ],
    'an older record, to hide the latest operation': ['OperationHidden', () => oldRecord(registered)],
    'an older record, and the later operation left out of its block': [
      'OperationsMismatch',
      () =>
        merged(
          oldRecord(registered),
          editedOperations((list) => list.filter(({ op }) => op !== '+')),
        ),
    ],
    'an older record, and the later block shown as empty': [
      'ConsensusMismatch',
      () => merged(oldRecord(registered), otherHistory(updated, EMPTY_OPERATIONS_HASH)),
    ],
    'an owner edited in the operation too': [
      'OperationsMismatch',
      () =>
        merged(
          editedRecord((record) => ({ ...record, address: bob.address })),
          editedOperations((list) => list.map((item) => (item['name'] === 'alice.id' ? { ...item, address: bob.address } : item))),
        ),
    ],
    'an operation more than there are': [
      'OperationsMismatch',
      () => editedOperations((list, at) => (at === updated ? [...list, { ...list[0], txid: 'ab'.repeat(32) }] : list)),
    ],
    'no namespace': ['NamespaceNotReady', () => ({ indexer: { namespaceRecord: () => Promise.resolve(null) } })],
    'a namespace made ready where nothing was': [
      'NamespaceNotReady',
      () => ({ indexer: { namespaceRecord: async (id) => ({ ...(await world.indexer.namespaceRecord(id)), ready_block: updated }) } }),
    ],
    'no record at all': ['AbsenceNotProved', () => ({ indexer: { nameRecord: () => Promise.resolve(null) } })],
    'no consensus hashes': ['ConsensusMismatch', () => ({ indexer: { consensusHashes: (heights) => Promise.resolve(heights.map(() => null)) } })],
    'no operations hashes': ['ConsensusMismatch', () => ({ indexer: { operationsHashes: (heights) => Promise.resolve(heights.map(() => null)) } })],
    'a record without a history': ['HttpMalformed', () => editedRecord(({ history: _, ...record }) => record)],
    'a history of nonsense': ['HttpMalformed', () => editedRecord((record) => ({ ...record, history: { x: [] } }))],
  };
  test.each(Object.keys(lies))('%s is refused', async (title) => {
    const [expected, lie] = lies[title] ?? ['', () => ({})];
    await expect(resolve(lie())).rejects.toThrow(code(expected));
  });

  test('every operation that sorts last in an odd set, given twice, is refused though the hash is the same', async () => {
    const twice = (list: readonly Fields[], height: number): readonly Fields[] =>
      height === updated ? list.flatMap((item) => [item, { ...item, opcode: 'COPY' }]) : list;
    await expect(resolve(editedOperations(twice))).rejects.toThrow(code('OperationDuplicate'));
  });

  test('two consensus hashes with their heights swapped are refused, whichever two they are', async () => {
    const { firstBlock } = world.network;
    for (let low = firstBlock; low < world.height(); low++) {
      for (let high = low + 1; high < world.height(); high++) {
        const swap = (height: number): number => (height === low ? high : height === high ? low : height);
        const { consensusHashes, operationsHashes, operations } = world.indexer;
        const lie: Lies = {
          indexer: {
            consensusHashes: (heights) => consensusHashes(heights.map(swap)),
            operationsHashes: (heights) => operationsHashes(heights.map(swap)),
            operations: (height) => operations(swap(height)),
          },
        };
        const same = world.result(low).operationsHash === world.result(high).operationsHash;
        const outcome = await resolve(lie).then(
          () => 'resolved',
          (error: unknown) => (error as { code: string }).code,
        );
        // Blocks that are both empty have the same operations hash: only the labels of the skip list then differ, where it looks at them.
        if (same) expect(['resolved', 'ConsensusMismatch']).toContain(outcome);
        else expect(['ConsensusMismatch', 'PositionMismatch', 'RecordMismatch', 'OperationsMismatch']).toContain(outcome);
      }
    }
  });

  test('a later operation hidden behind swapped heights is refused with ConsensusMismatch', async () => {
    const { operationsHashes, operations } = world.indexer;
    const swap = (height: number): number => (height === updated ? updated + 3 : height === updated + 3 ? updated : height);
    const lie = merged(oldRecord(registered), {
      indexer: {
        operationsHashes: (heights) => operationsHashes(heights.length > 1 ? heights.map(swap) : heights),
        operations: (height) => operations(swap(height)),
      },
    });
    await expect(resolve(lie)).rejects.toThrow(code('ConsensusMismatch'));
  });
});

describe('a lie of the headers', () => {
  test('a chain without the anchor in it is refused before anything else is asked', async () => {
    const other = createWorld();
    for (let i = 0; i < 40; i++) other.mine();
    const { network, transactions, indexer } = world;
    await expect(bitcoinNames({ network, anchor: world.anchor(), headers: other.headers, transactions, indexer }).lookup('alice.id')).rejects.toThrow(
      code('AnchorMismatch'),
    );
  });
});

describe('the skip list by itself', () => {
  test('an operations hash or a consensus hash that is not beneath the trusted one is refused, at every step', async () => {
    const { firstBlock } = world.network;
    const trusted = { height: world.height(), consensusHash: world.consensusHash() };
    const { operationsHashes, consensusHashes } = world.indexer;
    for (let target = firstBlock; target <= world.height(); target++) {
      const asked: number[] = [];
      const honest = { ...world.indexer, operationsHashes: (heights: readonly number[]) => (asked.push(...heights), operationsHashes(heights)) };
      expect(await proveOperationsHash(honest, trusted, target, firstBlock)).toBe(world.result(target).operationsHash);
      for (const lied of asked) {
        const operationsLie = {
          ...world.indexer,
          operationsHashes: async (heights: readonly number[]) => (heights.includes(lied) ? ['ab'.repeat(32)] : operationsHashes(heights)),
        };
        await expect(proveOperationsHash(operationsLie, trusted, target, firstBlock)).rejects.toThrow(code('ConsensusMismatch'));
      }
      if (target === firstBlock) continue;
      const consensusLie = {
        ...world.indexer,
        consensusHashes: async (heights: readonly number[]) => (await consensusHashes(heights)).map(() => 'ab'.repeat(16)),
      };
      await expect(proveOperationsHash(consensusLie, trusted, target, firstBlock)).rejects.toThrow(code('ConsensusMismatch'));
    }
  });
});

describe('a lie of the source that is asked for transactions', () => {
  const txidAt = (height: number): string => String(world.result(height).operations.find((record) => record['name'] === 'alice.id')?.txid);
  const editedInclusion = (edit: (inclusion: { height: number; index: number; branch: readonly Uint8Array[] }) => object): Lies => ({
    transactions: {
      inclusion: async (txid) => {
        const inclusion = await world.transactions.inclusion(txid);
        return inclusion && { ...inclusion, ...edit(inclusion) };
      },
    },
  });
  const lies: Readonly<Record<string, readonly [code: string, lie: () => Lies]>> = {
    'no transaction': ['TransactionMissing', () => ({ transactions: { transaction: () => Promise.resolve(null) } })],
    'no proof': ['TransactionMissing', () => ({ transactions: { inclusion: () => Promise.resolve(null) } })],
    'another transaction for the operation': [
      'TransactionMismatch',
      () => editedTransaction((transaction, txid) => (txid === txidAt(updated) ? { ...transaction, lockTime: 1 } : transaction)),
    ],
    'another transaction for the sender': [
      'TransactionMismatch',
      () =>
        editedTransaction((transaction, txid) =>
          txid === txidAt(updated) ? transaction : { ...transaction, outputs: transaction.outputs.map((output) => ({ ...output, script: bob.script })) },
        ),
    ],
    'bytes that are no transaction': ['Malformed', () => ({ transactions: { transaction: () => Promise.resolve(new Uint8Array(70)) } })],
    'another place in the block': ['MerkleMismatch', () => editedInclusion(({ index }) => ({ index: index ^ 1 }))],
    'another block': ['MerkleMismatch', () => editedInclusion(({ height }) => ({ height: height - 1 }))],
    'a block nobody has': ['MerkleMismatch', () => editedInclusion(() => ({ height: 10_000 }))],
    'a branch cut short': ['MerkleMismatch', () => editedInclusion(({ branch }) => ({ branch: branch.slice(1) }))],
    'a branch without end': [
      'MerkleMismatch',
      () => editedInclusion(({ branch }) => ({ branch: [...branch, ...new Array<Uint8Array>(100).fill(new Uint8Array(32))] })),
    ],
    'a branch of odd pieces': ['MerkleMismatch', () => editedInclusion(({ branch }) => ({ branch: branch.map((hash) => hash.subarray(1)) }))],
  };
  test.each(Object.keys(lies))('%s is refused', async (title) => {
    const [expected, lie] = lies[title] ?? ['', () => ({})];
    await expect(resolve(lie())).rejects.toThrow(code(expected));
  });
});

/**
 * Worlds whose consensus hash commits to operations that no transaction made: what an anchor from a dishonest node would stand for.
 * The proof of the transaction must hold by itself.
 */
describe('an operation committed beneath the anchor, and not what its transaction says', () => {
  /** Replaces the committed record of alice.id's update and everything that follows from it. */
  function forged(edit: (record: Fields) => Fields, at = updated): Promise<unknown> {
    const { firstBlock } = world.network;
    const operationsOf = (height: number): readonly Fields[] =>
      world.result(height).operations.map((record) => (height === at && (record['name'] === 'alice.id' || record['op'] === '!') ? edit(record) : record));
    return resolveWith((height) => operationsOf(height), firstBlock);
  }
  async function resolveWith(operationsOf: (height: number) => readonly Fields[], firstBlock: number): Promise<unknown> {
    const { operationsHash } = await import('../../src/names/bitcoin/consensus.js');
    const { serializeOperation } = await import('../../src/names/bitcoin/serialization.js');
    const hashes = new Map<number, string>();
    const hashOf = (height: number): string => operationsHash(operationsOf(height).map(serializeOperation));
    for (let height = firstBlock; height <= world.height(); height++)
      hashes.set(
        height,
        consensusHash(
          hashOf(height),
          skipHeights(height, firstBlock).map((before) => hashes.get(before) ?? ''),
        ),
      );
    const all = Array.from({ length: world.height() - firstBlock + 1 }, (_, i) => firstBlock + i);
    const history = Object.fromEntries(
      all
        .map((height): [string, Fields[]] => [String(height), operationsOf(height).filter((record) => record['name'] === 'alice.id')])
        .filter(([, list]) => list.length > 0),
    );
    const indexer: Indexer = {
      ...world.indexer,
      consensusHashes: (heights) => Promise.resolve(heights.map((height) => hashes.get(height) ?? null)),
      operationsHashes: (heights) => Promise.resolve(heights.map(hashOf)),
      operations: (height) => Promise.resolve(operationsOf(height)),
      nameRecord: () => Promise.resolve({ ...Object.values(history).at(-1)?.at(-1), history }),
    };
    const anchor = { ...world.anchor(), consensusHash: hashes.get(world.height()) ?? '' };
    return bitcoinNames({ network: world.network, anchor, headers: world.headers, transactions: world.transactions, indexer }).lookup('alice.id');
  }

  async function txidInBlock(height: number, index: number): Promise<string> {
    for (const txid of world.txids(height)) if ((await world.transactions.inclusion(txid))?.index === index) return txid;
    throw new Error('no such transaction');
  }

  test('unchanged, it resolves', async () => {
    expect(await forged((record) => record)).toMatchObject({ record: { owner: alice.address } });
  });

  const script = toHex(bob.script);
  const cases: Readonly<Record<string, readonly [code: string, edit: (record: Fields) => Fields]>> = {
    'another zone file hash': ['PayloadMismatch', (record) => ({ ...record, value_hash: valueHash('forged') })],
    'another opcode': ['PayloadMismatch', (record) => ({ ...record, op: '~', revoked: false })],
    'another opcode with the same payload': ['PayloadMismatch', (record) => ({ ...record, op: '>>', keep_data: true })],
    'another consensus hash named': ['PayloadMismatch', (record) => ({ ...record, consensus_hash: 'ab'.repeat(16) })],
    'another owner than its sender': ['SenderMismatch', (record) => ({ ...record, sender: script, address: bob.address })],
    'an address that is not its owner’s': ['RecordMismatch', (record) => ({ ...record, address: bob.address })],
    'a place further on': ['PositionMismatch', (record) => ({ ...record, vtxindex: Number(record['vtxindex']) + 1 })],
    'a transaction that was never mined': ['TransactionMissing', (record) => ({ ...record, txid: 'ab'.repeat(32) })],
    'no transaction': ['RecordMismatch', (record) => ({ ...record, txid: 'none' })],
    'the transaction of another operation': ['PositionMismatch', (record) => ({ ...record, txid: world.result(registered).operations[0]?.txid })],
  };
  test.each(Object.keys(cases))('%s is refused', async (title) => {
    const [expected, edit] = cases[title] ?? ['', (record: Fields) => record];
    await expect(forged(edit)).rejects.toThrow(code(expected));
  });

  test('two operations in one place are refused, also where the anchor commits to both', async () => {
    const twice = (height: number): readonly Fields[] => {
      const { operations } = world.result(height);
      return height === updated
        ? [...operations, ...operations.filter(({ op }) => op === '+').map((record) => ({ ...record, value_hash: valueHash('forged') }))]
        : operations;
    };
    await expect(resolveWith(twice, world.network.firstBlock)).rejects.toThrow(code('OperationDuplicate'));
  });

  test('an operation sent from a script without an address is refused', async () => {
    const { operations } = world.result(updated);
    const witness = { ...alice, script: fromHex(`0014${'00'.repeat(20)}`) };
    const { verdicts } = world.mine(transfer(world, 'alice.id', witness, bob));
    expect(verdicts).toEqual([]);
    world.mine();
    const height = world.height() - 1;
    const txid = await txidInBlock(height, 2);
    const record = {
      ...operations.find(({ op }) => op === '+'),
      op: '>>',
      opcode: 'NAME_TRANSFER',
      keep_data: true,
      sender: script,
      address: bob.address,
      txid,
      vtxindex: 2,
    };
    await expect(resolveWith((at) => (at === height ? [record] : world.result(at).operations), world.network.firstBlock)).rejects.toThrow(
      code('SenderMismatch'),
    );
  });

  test('an operation of the right block at another height is refused with PositionMismatch', async () => {
    const moved = updated + 4;
    const operationsOf = (height: number): readonly Fields[] => world.result(height === moved ? updated : height === updated ? moved : height).operations;
    await expect(resolveWith(operationsOf, world.network.firstBlock)).rejects.toThrow(code('PositionMismatch'));
  });

  test('a registration under another sender’s key, or to another than its output names, is refused', async () => {
    const alone = createWorld();
    openNamespace(alone);
    give(alone, 'alice.id', alice, null);
    alone.mine();
    [world, registered, updated] = [alone, alone.height() - 1, alone.height() - 1];
    expect(await forged((record) => record)).toMatchObject({ record: { owner: alice.address } });
    await expect(forged((record) => ({ ...record, sender_pubkey: toHex(bob.publicKey) }))).rejects.toThrow(code('SenderMismatch'));
    await expect(forged((record) => ({ ...record, sender: script, address: bob.address }))).rejects.toThrow(code('PayloadMismatch'));
    await expect(forged((record) => ({ ...record, name: 'alicf.id' }), updated)).rejects.toThrow();
    world.mine(transfer(world, 'alice.id', alice, bob));
    world.mine();
    await expect(forged((record) => ({ ...record, sender: toHex(alice.script), address: alice.address }), world.height() - 1)).rejects.toThrow(
      code('PayloadMismatch'),
    );
    await expect(forged((record) => ({ ...record, op: '>~', keep_data: false }), world.height() - 1)).rejects.toThrow(code('PayloadMismatch'));
  });

  test('a transfer that drops the zone file leaves none, and one that keeps it says so', async () => {
    const other = createWorld();
    openNamespace(other);
    give(other, 'alice.id', alice, valueHash('one'));
    other.mine(transfer(other, 'alice.id', alice, bob, false));
    other.mine(transfer(other, 'alice.id', bob, alice));
    other.mine();
    world = other;
    const [dropped, kept] = [other.height() - 2, other.height() - 1];
    await expect(forged((record) => ({ ...record, keep_data: false }), kept)).rejects.toThrow(code('PayloadMismatch'));
    const until = { ...other, height: () => dropped, anchor: () => other.anchor(dropped), consensusHash: () => other.consensusHash(dropped) };
    world = until;
    await expect(forged((record) => ({ ...record, value_hash: valueHash('one') }), dropped)).rejects.toThrow(code('PayloadMismatch'));
    expect(await forged((record) => record, dropped)).toMatchObject({ record: { owner: bob.address, zoneFileHash: null } });
  });

  test('a renewal to another owner, and a registration told as a renewal, are refused', async () => {
    const other = createWorld();
    openNamespace(other);
    give(other, 'alice.id', alice, valueHash('one'));
    other.mine();
    [world, updated] = [other, other.height() - 1];
    await expect(forged((record) => ({ ...record, op: '::' }))).rejects.toThrow(code('PayloadMismatch'));
    world.mine(renew('alice.id', alice, alice, null));
    world.mine();
    updated = world.height() - 1;
    expect(await forged((record) => record)).toMatchObject({ record: { owner: alice.address } });
    await expect(forged((record) => ({ ...record, sender: script, address: bob.address }))).rejects.toThrow(code('PayloadMismatch'));
    await expect(forged((record) => ({ ...record, op: ':' }))).rejects.toThrow(code('PayloadMismatch'));
  });

  test('an import sent by another than its importer, to another, or of another zone file, is refused', async () => {
    const other = createWorld();
    const reveal = openNamespace(other, 1000, (at, from) =>
      at.mine({
        from,
        operation: { opcode: 'NAME_IMPORT', name: 'alice.id' },
        outputs: [
          [alice.address, 5500n],
          [formatAddress(0, fromHex(valueHash('one'))), 5500n],
          [from.address, 5500n],
        ],
      }),
    );
    other.mine();
    [world, updated] = [other, other.network.firstBlock + 2];
    expect(await forged((record) => record)).toMatchObject({ record: { owner: alice.address, height: updated } });
    await expect(forged((record) => ({ ...record, importer: script }))).rejects.toThrow(code('SenderMismatch'));
    await expect(forged((record) => ({ ...record, sender: script, address: bob.address }))).rejects.toThrow(code('PayloadMismatch'));
    await expect(forged((record) => ({ ...record, value_hash: valueHash('two') }))).rejects.toThrow(code('PayloadMismatch'));
    expect(reveal.address).not.toBe(alice.address);
  });

  test('a revocation that does not revoke, or names another name, is refused', async () => {
    const other = createWorld();
    openNamespace(other);
    give(other, 'alice.id', alice, null);
    other.mine(revoke('alice.id', alice));
    other.mine();
    [world, updated] = [other, other.height() - 1];
    await expect(forged((record) => record)).rejects.toThrow(code('NameRevoked'));
    await expect(forged((record) => ({ ...record, revoked: false }))).rejects.toThrow(code('PayloadMismatch'));
    await expect(forged((record) => ({ ...record, sender: script, address: bob.address }))).rejects.toThrow(code('SenderMismatch'));
  });

  test('a namespace made ready by another than its reveal named is refused', async () => {
    const ready = world.network.firstBlock + 2;
    await expect(forged((record) => ({ ...record, sender: script }), ready)).rejects.toThrow(code('SenderMismatch'));
    await expect(forged((record) => ({ ...record, lifetime: 1 }), ready)).resolves.toBeDefined();
  });
});

describe('merkle trees that lie', () => {
  const leaf = (n: number): Uint8Array => hash256(Uint8Array.of(n));
  const headerOf = (root: Uint8Array) => parseHeader(mineHeader({ previous: regtest.genesisHash, time: 1, merkleRoot: root }));
  const display = (inner: Uint8Array): string => toHex(reversed(inner));

  test('a repeated last node has no place of its own', () => {
    const three = [leaf(1), leaf(2), leaf(3)];
    const header = headerOf(merkleRoot(three));
    const branch = merkleBranch([...three, leaf(3)], 3);
    expect(merkleRoot([...three, leaf(3)])).toEqual(merkleRoot(three));
    expect(() => verifyInclusion(display(leaf(3)), { height: 1, index: 2, branch }, header)).not.toThrow();
    expect(() => verifyInclusion(display(leaf(3)), { height: 1, index: 3, branch }, header)).toThrow(code('MerkleMismatch'));
  });

  test('a place outside the tree is refused, also where its low bits would lead to the root', () => {
    const four = [leaf(1), leaf(2), leaf(3), leaf(4)];
    const branch = merkleBranch(four, 1);
    expect(() => verifyInclusion(display(leaf(2)), { height: 1, index: 5, branch }, headerOf(merkleRoot(four)))).toThrow(code('MerkleMismatch'));
  });

  test('more rows than a block can have are refused', () => {
    const rows = (n: number): [Uint8Array[], Uint8Array] => {
      const branch = Array.from({ length: n }, (_, i) => leaf(i));
      return [branch, branch.reduce((node, sibling) => hash256(concat(node, sibling)), leaf(99))];
    };
    const [deep, deepRoot] = rows(16);
    const [most, mostRoot] = rows(15);
    expect(() => verifyInclusion(display(leaf(99)), { height: 1, index: 0, branch: deep }, headerOf(deepRoot))).toThrow(code('MerkleMismatch'));
    expect(() => verifyInclusion(display(leaf(99)), { height: 1, index: 0, branch: most }, headerOf(mostRoot))).not.toThrow();
  });

  /** 64 bytes that are a transaction, the last of them free enough to be half of a hash. */
  const short: Transaction = {
    version: 1,
    inputs: [{ txid: 'cd'.repeat(32), vout: 7, script: new Uint8Array(0), sequence: 0, witness: [] }],
    outputs: [{ value: 9n, script: fromHex('51525354') }],
    lockTime: 0,
  };

  test('an inner node that reads as a transaction leads to nothing below it', () => {
    const bytes = serializeTransaction(short);
    expect(bytes).toHaveLength(64);
    const [forgedLeaf, sibling] = [bytes.slice(0, 32), bytes.slice(32)];
    const header = headerOf(merkleRoot([leaf(1), hash256(bytes)]));
    expect(() => verifyInclusion(display(forgedLeaf), { height: 1, index: 2, branch: [sibling, leaf(1)] }, header)).toThrow(code('MerkleMismatch'));
  });

  test('a transaction of 64 bytes is refused, since an inner node could be one', () => {
    expect(() => openTransaction(serializeTransaction(short), txidOf(short))).toThrow(code('TransactionMismatch'));
  });

  const coinbase: Transaction = {
    version: 1,
    inputs: [{ txid: '00'.repeat(32), vout: 0xffffffff, script: Uint8Array.of(1, 1), sequence: 0, witness: [] }],
    outputs: [{ value: 9n, script: fromHex('51') }],
    lockTime: 0,
  };
  const plain = (n: number): Transaction => ({
    ...coinbase,
    inputs: [{ txid: 'cd'.repeat(32), vout: n, script: new Uint8Array(0), sequence: 0, witness: [] }],
  });
  const inner = (transaction: Transaction): Uint8Array => reversed(fromHex(txidOf(transaction)));
  const blockBytes = (list: readonly Transaction[], committed = list): Uint8Array =>
    concat(
      mineHeader({ previous: regtest.genesisHash, time: 1, merkleRoot: merkleRoot(committed.map(inner)) }),
      compactSize(list.length),
      ...list.map((transaction) => serializeTransaction(transaction)),
    );

  test('a block with its last transactions repeated is refused though the root is the same', () => {
    const three = [coinbase, plain(1), plain(2)];
    const six = [coinbase, plain(1), plain(2), plain(3), plain(4), plain(5)];
    expect(() => parseBlock(blockBytes([...three, plain(2)], three))).toThrow(code('MerkleMismatch'));
    expect(() => parseBlock(blockBytes([...six, plain(4), plain(5)], six))).toThrow(code('MerkleMismatch'));
    expect(parseBlock(blockBytes(six)).txids).toHaveLength(6);
  });

  test('a block with other transactions than its header commits to, or a coinbase elsewhere, is refused', () => {
    expect(() => parseBlock(blockBytes([coinbase, plain(2)], [coinbase, plain(1)]))).toThrow(code('MerkleMismatch'));
    expect(() => parseBlock(blockBytes([plain(1), coinbase]))).toThrow(code('Malformed'));
  });

  test('a merkle block with a hash, a flag or a count changed is refused', () => {
    const header = mineHeader({ previous: regtest.genesisHash, time: 1, merkleRoot: merkleRoot([leaf(1), leaf(2), leaf(3)]) });
    const pair = hash256(concat(leaf(1), leaf(2)));
    // Three leaves, the third matched: root, left pair given, right branch walked to its leaf.
    const honest = concat(header, Uint8Array.of(3, 0, 0, 0, 2), pair, leaf(3), Uint8Array.of(1, 0b1101));
    expect(parseMerkleBlock(honest).matches).toEqual([{ txid: display(leaf(3)), index: 2, branch: [leaf(3), pair] }]);
    for (let at = 80; at < honest.length; at++) {
      const lie = honest.slice();
      lie[at] = (lie[at] ?? 0) ^ 1;
      // Padding bits behind the last flag say nothing.
      expect(() => parseMerkleBlock(lie), String(at)).toThrow();
    }
    const four = concat(header, Uint8Array.of(4, 0, 0, 0, 3), pair, leaf(3), leaf(3), Uint8Array.of(1, 0b11101));
    expect(() => parseMerkleBlock(four)).toThrow(code('MerkleMismatch'));
    const more = concat(header, Uint8Array.of(3, 0, 0, 0, 3), pair, leaf(3), leaf(9), Uint8Array.of(1, 0b1101));
    expect(() => parseMerkleBlock(more)).toThrow(code('Malformed'));
    expect(() => parseMerkleBlock(concat(honest, Uint8Array.of(0)))).toThrow(code('Malformed'));
    expect(() => parseMerkleBlock(honest.subarray(0, 100))).toThrow(code('Malformed'));
  });
});
