import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toHex } from '../../src/lib/bytes.js';
import { drawn } from './mutate.js';
import { inputOf, isLawBroken, judge, kitOf, minimised } from './parser.js';
import { found } from './found.js';
import { allParsers } from './parsers.js';

const parsers = await allParsers();
/** What a case is drawn from: numbers that choose a sample and the changes to it. */
const numbers = fc.array(fc.integer({ min: 0, max: 0xffffffff }), { minLength: 6, maxLength: 24, size: 'max' });

describe.each(parsers)('$name', (parser) => {
  test('takes its samples', async () => {
    const seeds = parser.seeds();
    expect(seeds.length).toBeGreaterThan(0);
    for (const seed of seeds) expect(await judge(parser, seed), toHex(seed.subarray(0, 200))).toBe('taken');
  });

  test(`keeps its laws over ${parser.cases} inputs`, async () => {
    const kit = kitOf(parser);
    const cases = fc.sample(numbers, { seed: 1, numRuns: parser.cases });
    const seen = { taken: 0, refused: 0 };
    try {
      for (const drawing of cases) {
        const verdict = judge(parser, inputOf(parser, kit, drawn(drawing)));
        seen[typeof verdict === 'string' ? verdict : await verdict]++;
      }
    } catch (error) {
      throw isLawBroken(error) ? await minimised(parser, error) : error;
    }
    expect(seen.taken).toBeGreaterThan(0);
    expect(seen.taken + seen.refused).toBe(parser.cases);
  }, 120_000);
});

describe('what fuzzing found', () => {
  test.each(found)('$parser: $was', async ({ parser: name, input }) => {
    const parser = parsers.find((each) => each.name === name);
    expect(parser && (await judge(parser, input))).toMatch(/^(?:taken|refused)$/);
  });
});
