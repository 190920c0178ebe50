import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toHex } from '../../../src/lib/bytes.js';
import { formatProof, parseProof, type PortableBlock, type PortableOperation, type PortableProof } from '../../../src/names/bitcoin/portableProof.js';
import { skipPath } from '../../../src/names/bitcoin/skipPath.js';
import { dissect } from '../../naive/proof.js';

const hex = (bytes: number): fc.Arbitrary<string> => fc.uint8Array({ minLength: bytes, maxLength: bytes }).map(toHex);
const text = fc.string({ minLength: 1, maxLength: 40, unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)) });
const bytes = fc.uint8Array({ maxLength: 300 });
const node = fc.uint8Array({ minLength: 32, maxLength: 32 });

/** Heights in any order and equal to one another, as often as not. */
const heights = fc.tuple(fc.integer({ min: 1, max: 500_000 }), fc.constantFrom(0, 3, 40, 100_000)).chain(([first, span]) => {
  const at = fc.integer({ min: first, max: first + span });
  return fc.record({
    first: fc.constant(first),
    trusted: fc.constant(first + span),
    own: at,
    ready: at,
    root: fc.oneof(fc.constant(0), fc.nat(first + span + 5)),
  });
});

/** Any proof that has the shape of one: what its bytes are cut from follows from the heights. */
const proofs: fc.Arbitrary<PortableProof> = fc
  .record({
    at: heights,
    name: text,
    network: text,
    filler: fc.array(node, { minLength: 4, maxLength: 4 }),
    path: fc.array(node, { maxLength: 15 }),
    zoneFile: fc.option(bytes),
  })
  .chain(({ at, name, network, filler, path, zoneFile }) => {
    let used = 0;
    const next = (): Uint8Array => filler[used++ % filler.length] ?? new Uint8Array(32);
    const depth = at.root === 0 ? 0 : at.root.toString(2).length;
    const known = new Map<number, PortableBlock>();
    const block = (height: number): PortableBlock => {
      const header = new Uint8Array(80).map((_, i) => (next()[i % 32] ?? 0) ^ i);
      const made = known.get(height) ?? { height, header, branch: height <= at.root ? Array.from({ length: depth }, next) : [] };
      known.set(height, made);
      return made;
    };
    const walk = skipPath(at.trusted, at.first);
    const operations = fc.array(fc.string({ minLength: 100, maxLength: 400, unit: fc.constantFrom('a', ':', ',', '0') }), { maxLength: 4 });
    return fc.record({ transaction: bytes, previous: bytes, own: operations, other: operations, genesis: hex(32) }).map((drawn) => {
      const part = (height: number, texts: readonly string[]): PortableOperation => ({
        block: block(height),
        hops: walk(height).map(({ fresh }) => ({ operationsHash: toHex(next()), consensusHashes: fresh.map(() => toHex(next()).slice(0, 32)) })),
        operations: texts,
        transaction: drawn.transaction,
        path,
        previous: drawn.previous,
      });
      const anchor = { ...block(at.trusted), consensusHash: toHex(next()).slice(0, 32) };
      const operation = part(at.own, drawn.own);
      return {
        network: { name: network, magic: 'id', firstBlock: at.first, genesisHash: drawn.genesis },
        ...{ name, rootHeight: at.root, anchor, operation },
        ready: part(at.ready, at.ready === at.own ? drawn.own : drawn.other),
        zoneFile,
      };
    });
  });

test('a proof of any heights is read back as it was written, and by the naive reader too', () => {
  fc.assert(
    fc.property(proofs, (proof) => {
      const file = formatProof(proof);
      expect(toHex(formatProof(parseProof(file)))).toBe(toHex(file));
      const { network, name, rootHeight, operation, ready, zoneFile } = parseProof(file);
      expect({ network, name, rootHeight }).toEqual({ network: proof.network, name: proof.name, rootHeight: proof.rootHeight });
      expect([operation.hops, ready.hops]).toEqual([proof.operation.hops, proof.ready.hops]);
      expect([operation.operations, ready.operations]).toEqual([proof.operation.operations, proof.ready.operations]);
      expect(zoneFile && toHex(zoneFile)).toBe(proof.zoneFile && toHex(proof.zoneFile));
      expect(
        dissect(toHex(file))
          .map((field) => field.hex)
          .join(''),
      ).toBe(toHex(file));
    }),
    { seed: 42, numRuns: 1_000 },
  );
});
