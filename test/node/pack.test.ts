import fc from 'fast-check';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { fromHex, toHex } from '../../src/lib/bytes.js';
import { addressOfScript } from '../../src/names/bitcoin/script.js';
import { bounded } from '../../src/node/bounded.js';
import { openDatabase } from '../../src/node/database.js';
import { diskIndex } from '../../src/node/diskTable.js';
import { packer, type Shapes } from '../../src/node/pack.js';

function shapes(): Shapes {
  const lists: (readonly string[])[] = [];
  return {
    at: (number) => lists[number],
    numberOf: (fields) => {
      const known = lists.findIndex((list) => list.join() === fields.join());
      return known < 0 ? lists.push(fields) - 1 : known;
    },
  };
}

const hex = (bytes: number): fc.Arbitrary<string> => fc.uint8Array({ minLength: bytes, maxLength: bytes }).map(toHex);
const script = fc.oneof(
  hex(20).map((hash) => `76a914${hash}88ac`),
  hex(20).map((hash) => `a914${hash}87`),
);
const text = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  ...[16, 20, 32, 33, 65, 7].map(hex),
  script,
  fc.constantFrom('NAME_UPDATE', '?', '0', 'names', 'deadbeefdeadbeef'),
);
const { row } = fc.letrec((tie) => ({
  row: fc.oneof(
    { maxDepth: 3 },
    text,
    fc.constantFrom(null, undefined, true, false),
    fc.double({ noNaN: true }),
    fc.maxSafeNat(),
    fc.bigInt({ min: 0n, max: 1n << 80n }),
    fc.array(tie('row'), { maxLength: 4 }),
    fc.dictionary(fc.stringMatching(/^[a-z_]{1,8}$/), tie('row'), { maxKeys: 4, noNullPrototype: true }),
    script.map((sender) => ({ sender, address: addressOfScript(fromHex(sender)) })),
  ),
}));

const codec = packer(shapes(), (of) => addressOfScript(fromHex(of)));

test('what is packed unpacks to the same', () => {
  fc.assert(
    fc.property(row, (value) => {
      expect(codec.unpack(codec.pack(value))).toEqual(value);
    }),
    { seed: 5, numRuns: 2000 },
  );
});

test('bytes nobody packed are refused as a corrupt store, or are some row', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      try {
        codec.unpack(bytes);
      } catch (error) {
        expect(error).toMatchObject({ code: 'StoreCorrupt' });
      }
    }),
    { seed: 5, numRuns: 10_000 },
  );
});

test('an address behind its script takes one byte', () => {
  const sender = `76a914${'ab'.repeat(20)}88ac`;
  const [alone, both] = [codec.pack([sender]).length, codec.pack([sender, addressOfScript(fromHex(sender))]).length];
  expect(both - alone).toBe(1);
});

test('a bounded cache gives what was put last or nothing, and never holds more than it may', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(20), fc.option(fc.nat(), { nil: undefined })), { maxLength: 200 }), (steps) => {
      const cache = bounded<number, number>(8);
      const model = new Map<number, number>();
      for (const [key, value] of steps) {
        if (value === undefined) {
          cache.delete(key);
          model.delete(key);
        } else {
          cache.set(key, value);
          model.set(key, value);
          expect(cache.get(key)).toBe(value);
        }
        const held = [...Array(21).keys()].filter((one) => {
          const found = cache.get(one);
          if (found !== undefined) expect(found).toBe(model.get(one));
          return found !== undefined;
        });
        expect(held.length).toBeLessThanOrEqual(9);
      }
    }),
    { seed: 5, numRuns: 200 },
  );
});

test('members of an index whose keys begin alike are found under their own, also when one moves between them', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'namestead-index-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const database = await openDatabase(directory, ['index']);
  onTestFinished(() => database.close());
  const owner = new Map<string, string>();
  const keyOf = (member: string): string | undefined => owner.get(member);
  const index = diskIndex({ name: 'index', database, keys: 'hex', members: 'text', cached: 4, keyOf });
  const settle = (): void => {
    database.write(index.flush);
    index.settle();
    index.forget();
  };
  const give = (member: string, key: string): void => {
    const before = owner.get(member);
    owner.set(member, key);
    if (before !== undefined) index.remove(before, member);
    index.add(key, member);
  };
  const [a, b] = ['0', '1'].map((end) => 'ab'.repeat(12) + `0${end}`) as [string, string];
  give('one', a);
  give('two', b);
  settle();
  expect([[...index.members(a)], [...index.members(b)]]).toEqual([['one'], ['two']]);
  // Coming before going: both are one row of the database.
  owner.set('one', b);
  index.add(b, 'one');
  index.remove(a, 'one');
  settle();
  expect([[...index.members(a)], [...index.members(b)].sort()]).toEqual([[], ['one', 'two']]);
  expect([...index.keys()]).toEqual([b]);
  give('one', a);
  settle();
  expect([...index.members(a)]).toEqual(['one']);
});
