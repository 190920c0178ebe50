import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isNamespaceValid, isNameValid, isSubdomainValid, parseName, parseSubdomain } from '../../src/names/name.js';

const part = (most: number) => fc.string({ unit: fc.constantFrom(...'abcxyz0189-_'.split('')), minLength: 1, maxLength: most });

test('a name is two parts of at most 37 characters', () => {
  fc.assert(
    fc.property(part(17), part(19), (label, namespace) => {
      expect(parseName(`${label}.${namespace}`)).toEqual({ name: `${label}.${namespace}`, label, namespace });
      expect(isNamespaceValid(namespace)).toBe(true);
    }),
    { seed: 1 },
  );
});

test('any text is a name or refused with NameInvalid, and nothing is trimmed or folded', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        part(40),
        fc.tuple(part(40), part(25)).map(([a, b]) => `${a}.${b}`),
      ),
      (text) => {
        if (isNameValid(text)) expect(parseName(text).name).toBe(text);
        else expect(() => parseName(text)).toThrow(expect.objectContaining({ code: 'NameInvalid' }));
      },
    ),
    { seed: 2 },
  );
});

test.each(['', '.', 'a', 'a.', '.id', 'a.b.c', 'A.id', 'a.id\n', 'a\n.id', ' a.id', 'a+b.id', 'é.id', `${'a'.repeat(35)}.id`, `a.${'b'.repeat(20)}`])(
  '%j is no name',
  (text) => {
    expect(isNameValid(text)).toBe(false);
  },
);

test('a subdomain is a label under a name', () => {
  expect(parseSubdomain('bob+1.alice.id')).toEqual({ subdomain: 'bob+1.alice.id', label: 'bob+1', name: 'alice.id' });
  for (const text of ['alice.id', '.alice.id', 'bob.alice.id.', 'a.b.c.d', 'Bob.alice.id']) expect(isSubdomainValid(text)).toBe(false);
});
