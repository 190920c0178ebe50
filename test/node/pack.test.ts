import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromHex, toHex } from '../../src/lib/bytes.js';
import { addressOfScript } from '../../src/names/bitcoin/script.js';
import { bounded } from '../../src/node/bounded.js';
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
