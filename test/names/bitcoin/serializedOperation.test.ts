import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { operationsHash } from '../../../src/names/bitcoin/consensus.js';
import { serializeOperation } from '../../../src/names/bitcoin/serialization.js';
import { parseSerialized } from '../../../src/names/bitcoin/serializedOperation.js';
import { ownVectors } from '../../vectors.js';

interface ChainFile {
  readonly cases: readonly {
    readonly serialized_ops: readonly string[];
    readonly ops_fields: readonly Readonly<Record<string, unknown>>[];
    readonly ops_hash: string;
  }[];
}

const chains = ['chain_epoch1', 'chain_all_epochs', 'chain_fuzz', 'chain_fuzz_11'].map(
  (file) => JSON.parse(readFileSync(join(ownVectors, `bns-v1/${file}.json`), 'utf8')) as ChainFile,
);
const blocks = chains.flatMap(({ cases }) => cases);
const texts = blocks.flatMap((block) => block.serialized_ops);

describe('a serialized operation', () => {
  test("of the reference's chains is read into the fields that spell it", () => {
    expect(texts.length).toBeGreaterThan(1000);
    for (const { serialized_ops: list, ops_fields: fields, ops_hash: hash } of blocks) {
      const read = list.map(parseSerialized);
      expect(read.map(serializeOperation)).toEqual(list);
      read.forEach((operation, i) => expect(fields[i]).toMatchObject(withoutEmpty(operation)));
      expect(operationsHash(read.map(serializeOperation))).toBe(hash);
    }
  });

  test('is read as it is spelled or not at all, whatever is changed in it', () => {
    fc.assert(
      fc.property(fc.constantFrom(...texts), fc.nat(), fc.string({ minLength: 1, maxLength: 3 }), fc.nat(3), (text, at, part, cut) => {
        const place = at % text.length;
        const changed = text.slice(0, place) + part + text.slice(place + cut);
        let read;
        try {
          read = parseSerialized(changed);
        } catch (error) {
          expect(error).toMatchObject({ code: 'ProofInvalid' });
          return;
        }
        expect(serializeOperation(read)).toBe(changed);
      }),
      { seed: 3, numRuns: 10_000 },
    );
  });

  test.each(['', '+', '+:', '!', '#:', 'x:1:a', '__proto__:0:', `~:${'9'.repeat(9)}:`])('%j is none', (text) => {
    expect(() => parseSerialized(text)).toThrow(expect.objectContaining({ code: 'ProofInvalid' }));
  });
});

/** Fields told as null or as an empty text are committed alike. */
function withoutEmpty(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
}
