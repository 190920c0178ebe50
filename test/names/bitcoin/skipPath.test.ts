import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { consensusHash, skipHeights } from '../../../src/names/bitcoin/consensus.js';
import { skipPath, type Hop } from '../../../src/names/bitcoin/skipPath.js';
import { ownVectors } from '../../vectors.js';

const heights = fc.tuple(fc.integer({ min: 1, max: 1_000_000 }), fc.nat(600_000)).chain(([first, span]) => {
  const at = fc.integer({ min: first, max: first + span });
  return fc.record({ first: fc.constant(first), trusted: fc.constant(first + span), targets: fc.array(at, { minLength: 1, maxLength: 4 }) });
});

describe('a walk down the skip list', () => {
  test('ends at its target, each hop on a height that an earlier one showed', () => {
    fc.assert(
      fc.property(heights, ({ first, trusted, targets }) => {
        const walk = skipPath(trusted, first);
        const shown = new Set([trusted]);
        const visited = new Set<number>();
        for (const target of targets) {
          for (const { height, heights: all, fresh } of walk(target)) {
            expect(shown.has(height) && !visited.has(height) && height >= target).toBe(true);
            expect(all).toEqual(skipHeights(height, first));
            expect(fresh).toEqual(all.filter((at) => !shown.has(at)));
            for (const at of all) shown.add(at);
            visited.add(height);
          }
          expect(visited.has(target)).toBe(true);
        }
      }),
      { seed: 11, numRuns: 1_000 },
    );
  });

  test('to one target and then another takes a mainnet proof no more than 6 kB', () => {
    const size = (hops: readonly Hop[]): number => hops.reduce((sum, { fresh }) => sum + 32 + 16 * fresh.length, 0);
    for (const target of [929_990, 900_000, 820_000, 700_123, 600_000, 450_001]) {
      const walk = skipPath(930_000, 373_601);
      expect(size(walk(target)) + size(walk(373_640))).toBeLessThan(6000);
    }
  });

  test('goes nowhere above the trusted height or below the first block', () => {
    expect(() => skipPath(20, 10)(21)).toThrow(TypeError);
    expect(() => skipPath(20, 10)(9)).toThrow(TypeError);
  });

  test("shows what the reference's chain commits to at every height", () => {
    const { first_block: first, cases } = JSON.parse(readFileSync(join(ownVectors, 'bns-v1/chain_all_epochs.json'), 'utf8')) as {
      readonly first_block: number;
      readonly cases: readonly { readonly height: number; readonly consensus_hash: string; readonly ops_hash: string }[];
    };
    const at = (height: number): (typeof cases)[number] => cases[height - first] ?? { height, consensus_hash: '', ops_hash: '' };
    const trusted = first + cases.length - 1;
    for (let target = first; target <= trusted; target += 7) {
      const hops = skipPath(trusted, first)(target);
      expect(hops.at(-1)?.height).toBe(target);
      for (const { height, heights: all } of hops) {
        const hash = consensusHash(
          at(height).ops_hash,
          all.map((below) => at(below).consensus_hash),
        );
        expect(hash).toBe(at(height).consensus_hash);
      }
    }
  });
});
