import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { committedFields, python2FloatText, serializeOperation } from '../../../src/names/bitcoin/serialization.js';

interface Sample {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly serialized: string;
}

const { cases } = JSON.parse(readFileSync('test/vectors/bns-v1/op_serialize.json', 'utf8')) as { cases: readonly Sample[] };
const importOf = cases.find(({ fields }) => fields['op'] === ';') ?? { fields: {}, serialized: '' };

test('every committed field moves the text, and no other does', () => {
  for (const { fields, serialized } of cases) {
    const committed = committedFields[serialized.slice(0, 1)] ?? [];
    for (const field of Object.keys(fields)) {
      if (field === 'op' || field === 'importer') continue;
      const value = typeof fields[field] === 'number' ? fields[field] + 1 : `${String(fields[field])}x`;
      const changed = committed.includes(field) && fields[field] !== value;
      expect(serializeOperation({ ...fields, [field]: value }) !== serialized, field).toBe(changed);
    }
  }
});

test('the fee of an imported name is a float whether or not JSON kept its point', () => {
  expect(serializeOperation({ ...importOf.fields, op_fee: 6250 })).toContain('6:6250.0');
  expect(serializeOperation({ ...importOf.fields, op_fee: 6250, importer: null })).toContain('4:6250,');
});

test.each([
  ['a missing field', { txid: undefined }],
  ['text beyond ASCII', { name: 'é.id' }],
  ['a fraction', { block_number: 1.5 }],
  ['a number beyond 2^53', { block_number: 2 ** 53 }],
  ['an object', { sender: {} }],
  ['a fee that is no number', { op_fee: '6250.0' }],
  ['an unknown opcode', { op: 'x' }],
  ['no opcode', { op: null }],
  ['an opcode named like a property of all objects', { op: 'constructor' }],
])('%s is not committable', (_, edit) => {
  expect(() => serializeOperation({ ...importOf.fields, ...edit })).toThrow(expect.objectContaining({ code: 'Malformed' }));
});

test('any fields serialize or are refused as malformed', () => {
  fc.assert(
    fc.property(fc.constantFrom(...cases), fc.string(), fc.anything(), (sample, key, value) => {
      const field = Object.keys(sample.fields)[key.length % Object.keys(sample.fields).length] ?? key;
      try {
        expect(typeof serializeOperation({ ...sample.fields, [field]: value })).toBe('string');
      } catch (error) {
        expect(error).toMatchObject({ code: 'Malformed' });
      }
    }),
    { seed: 9, numRuns: 500 },
  );
});

test('a float keeps 12 digits, rounds ties to even, and turns to an exponent at 1e+11', () => {
  expect(python2FloatText(0)).toBe('0.0');
  expect(python2FloatText(1234567890125)).toBe('1.23456789012e+12');
  expect(python2FloatText(1234567890135)).toBe('1.23456789014e+12');
  expect(python2FloatText(99999999999)).toBe('99999999999.0');
  expect(python2FloatText(99999999999.99)).toBe('1e+11');
  expect(python2FloatText(0.0001)).toBe('0.0001');
  expect(python2FloatText(0.00001)).toBe('1e-05');
  fc.assert(
    fc.property(fc.double({ min: 0.0001, max: 1e30, noNaN: true }), (value) => {
      expect(Math.abs(Number(python2FloatText(value)) - value) / value).toBeLessThan(1e-11);
    }),
    { seed: 10 },
  );
});
