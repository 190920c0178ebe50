import fc from 'fast-check';
import { expect, test } from 'vitest';
import { concat, fromHex, fromUtf8, toHex } from '../../../src/lib/bytes.js';
import { decodeBase40, encodeBase40 } from '../../../src/names/bitcoin/base40.js';
import { decodeOperation, encodeOperation, type Operation } from '../../../src/names/bitcoin/operation.js';

const hex = (bytes: number) => fc.uint8Array({ minLength: bytes, maxLength: bytes }).map(toHex);
const text = (most: number) => fc.string({ unit: fc.constantFrom(...'abcz059-_'.split('')), minLength: 1, maxLength: most });
const name = fc.tuple(text(17), text(19)).map(([label, namespace]) => `${label}.${namespace}`);
const u64 = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
const nibble = fc.integer({ min: 0, max: 15 });
const discount = fc.integer({ min: 1, max: 15 });
const byte = fc.integer({ min: 0, max: 255 });

/** Every operation in a form that epoch 4 carries. */
const operations: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({
    opcode: fc.constant('NAME_PREORDER' as const),
    preorderHash: hex(20),
    consensusHash: hex(16),
    tokens: fc.option(fc.record({ amount: u64, units: fc.constant('STACKS') })),
  }),
  fc.record({ opcode: fc.constant('NAME_REGISTRATION' as const), name, valueHash: hex(20), tokens: fc.constantFrom(null, 0n) }),
  fc.record({ opcode: fc.constant('NAME_REGISTRATION' as const), name, valueHash: fc.constant(null), tokens: fc.constant(0n) }),
  fc.record({ opcode: fc.constant('NAME_RENEWAL' as const), name, valueHash: hex(20), tokens: u64 }),
  fc.record({ opcode: fc.constant('NAME_UPDATE' as const), nameConsensusHash: hex(16), valueHash: hex(20) }),
  fc.record({ opcode: fc.constant('NAME_TRANSFER' as const), keepData: fc.boolean(), nameHash128: hex(16), consensusHash: hex(16) }),
  fc.record({ opcode: fc.constantFrom('NAME_REVOKE' as const, 'NAME_IMPORT' as const), name }),
  fc.record({ opcode: fc.constant('NAMESPACE_PREORDER' as const), preorderHash: hex(20), consensusHash: hex(16), tokens: u64 }),
  fc.record({
    opcode: fc.constant('NAMESPACE_REVEAL' as const),
    namespace: text(19),
    lifetime: fc.integer({ min: 0, max: 0xffffffff }),
    coeff: byte,
    base: byte,
    buckets: fc.array(nibble, { minLength: 16, maxLength: 16 }),
    nonalphaDiscount: discount,
    noVowelDiscount: discount,
    version: fc.integer({ min: 1, max: 3 }),
  }),
  fc.record({ opcode: fc.constant('NAMESPACE_READY' as const), namespace: text(19) }),
  fc.record({ opcode: fc.constant('ANNOUNCE' as const), messageHash: hex(20) }),
  fc.record({
    opcode: fc.constant('TOKEN_TRANSFER' as const),
    consensusHash: hex(16),
    units: fc.constant('STACKS'),
    amount: u64,
    scratch: fc.uint8Array({ maxLength: 34 }).map(toHex),
  }),
);

test('what encodes decodes to itself, in at most 80 bytes', () => {
  fc.assert(
    fc.property(operations, (operation) => {
      const data = encodeOperation(operation, { magic: 'id' });
      expect(data.length).toBeLessThanOrEqual(80);
      expect(decodeOperation(data, { magic: 'id', epoch: 4, outputs: operation.opcode === 'NAME_RENEWAL' ? 4 : 3 })).toEqual(operation);
    }),
    { seed: 3, numRuns: 500 },
  );
});

test('any bytes decode or are none of ours, and what decodes encodes to the same bytes where names hold no line feed', () => {
  const opcode = fc.constantFrom(...'?:+>~;*&!#$'.split('')).map((character) => fromUtf8(`id${character}`));
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 100 }),
    fc.tuple(opcode, fc.uint8Array({ maxLength: 90 })).map(([head, rest]) => concat(head, rest)),
  );
  fc.assert(
    fc.property(bytes, fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 6 }), (data, epoch, outputs) => {
      const operation = decodeOperation(data, { magic: 'id', epoch, outputs });
      if (
        operation === null ||
        toHex(data).endsWith('0a') ||
        (operation.opcode === 'NAME_PREORDER' && operation.tokens) ||
        operation.opcode === 'TOKEN_TRANSFER'
      )
        return;
      expect(toHex(encodeOperation(operation, { magic: 'id' }))).toBe(toHex(data));
    }),
    { seed: 4, numRuns: 2000 },
  );
});

test('another magic, an unknown opcode, nothing at all and a megabyte are none of ours', () => {
  const context = { magic: 'id', epoch: 3, outputs: 3 };
  for (const data of ['', '69', '6964', '69644021', '7878212e6964']) expect(decodeOperation(fromHex(data), context)).toBeNull();
  expect(decodeOperation(concat(fromUtf8('id~'), new Uint8Array(1_000_000).fill(97)), context)).toBeNull();
});

const preorder: Operation = { opcode: 'NAME_PREORDER', preorderHash: 'ab'.repeat(20), consensusHash: 'cd'.repeat(16), tokens: null };
const reveal: Operation = {
  opcode: 'NAMESPACE_REVEAL',
  namespace: 'id',
  lifetime: 1,
  coeff: 1,
  base: 1,
  buckets: new Array<number>(16).fill(1),
  nonalphaDiscount: 1,
  noVowelDiscount: 1,
  version: 1,
};

test.each<[string, Operation, string]>([
  ['a name that is none', { opcode: 'NAME_REVOKE', name: 'Alice.id' }, 'NameInvalid'],
  ['a name with a line feed', { opcode: 'NAME_REGISTRATION', name: 'alice.id\n', valueHash: null, tokens: null }, 'NameInvalid'],
  ['a namespace that is none', { opcode: 'NAMESPACE_READY', namespace: '' }, 'NameInvalid'],
  ['a hash of another length', { ...preorder, preorderHash: 'ab' }, 'OperationInvalid'],
  ['an amount beyond 64 bits', { ...preorder, tokens: { amount: 1n << 64n, units: 'STACKS' } }, 'OperationInvalid'],
  ['units of 20 characters', { ...preorder, tokens: { amount: 1n, units: 'X'.repeat(20) } }, 'OperationInvalid'],
  ['a discount of 0', { ...reveal, noVowelDiscount: 0 }, 'OperationInvalid'],
  ['15 buckets', { ...reveal, buckets: new Array<number>(15).fill(1) }, 'OperationInvalid'],
  ['a lifetime beyond 32 bits', { ...reveal, lifetime: 2 ** 32 }, 'OperationInvalid'],
  ['a version that is none', { ...reveal, version: 4 }, 'OperationInvalid'],
  [
    'a scratch area of 35 bytes',
    { opcode: 'TOKEN_TRANSFER', consensusHash: 'cd'.repeat(16), units: 'STACKS', amount: 1n, scratch: '00'.repeat(35) },
    'OperationInvalid',
  ],
])('%s is not encoded', (_, operation, code) => {
  expect(() => encodeOperation(operation, { magic: 'id' })).toThrow(expect.objectContaining({ code }));
});

test('base 40 forgets zeros in front and nothing else', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'0123456789abcdefghijklmnopqrstuvwxyz-_.+'.split('')), minLength: 1, maxLength: 40 }), (given) => {
      expect(decodeBase40(encodeBase40(given))).toBe(given.replace(/^0+(?=.)/, ''));
    }),
    { seed: 5 },
  );
  expect(() => encodeBase40('A')).toThrow(expect.objectContaining({ code: 'NameInvalid' }));
});
