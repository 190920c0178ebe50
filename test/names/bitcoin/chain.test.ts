import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromHex } from '../../../src/lib/bytes.js';
import { createHeaderChain, syncHeaders } from '../../../src/names/bitcoin/chain.js';
import { hashHeader, parseHeader, PERIOD, retarget } from '../../../src/names/bitcoin/header.js';
import type { BitcoinParams } from '../../../src/names/bitcoin/network.js';
import { mineHeader, mineHeaders, regtest, sourceOf } from './regtest.js';

const genesis = fromHex(regtest.genesisHeader);
const code = (value: string): unknown => expect.objectContaining({ code: value });
const main = mineHeaders(60);
const last = main.at(-1) ?? genesis;
const anchorAt = (height: number, headers: readonly Uint8Array[] = main): { height: number; hash: string } => ({
  height,
  hash: hashHeader(headers[height - 1] ?? genesis),
});

test('a chain takes headers that follow its tip, and tells each again', () => {
  const chain = createHeaderChain(regtest);
  chain.extend(main.slice(0, 20));
  chain.extend(main.slice(20));
  expect(chain.tip()).toEqual({ height: 60, hash: hashHeader(last), time: parseHeader(last).time, work: 122n });
  for (let height = 1; height <= 60; height++) {
    expect(chain.at(height)).toEqual(parseHeader(main[height - 1] ?? genesis));
    expect(chain.hashAt(height)).toBe(hashHeader(main[height - 1] ?? genesis));
  }
  expect(chain.at(61)).toBeNull();
  expect(chain.at(-1)).toBeNull();
});

test('a header that does not follow, has no work, other bits or an old time is refused, and nothing of the batch is kept', () => {
  const chain = createHeaderChain(regtest);
  chain.extend(main.slice(0, 30));
  const previous = hashHeader(main[30] ?? genesis);
  const time = parseHeader(main[30] ?? genesis).time;
  const median = parseHeader(main[25] ?? genesis).time;
  const refused: [string, Uint8Array][] = [
    ['HeaderLinkage', main[32] ?? genesis],
    ['HeaderWork', mineHeader({ previous, time: time + 1, workless: true })],
    ['HeaderBits', mineHeader({ previous, time: time + 1, bits: 0x207ffffe })],
    ['HeaderTime', mineHeader({ previous, time: median })],
    ['Malformed', new Uint8Array(79)],
  ];
  for (const [expected, header] of refused) {
    expect(() => chain.extend([main[30] ?? genesis, header]), expected).toThrow(code(expected));
    expect(chain.tip().height).toBe(30);
  }
  chain.extend([main[30] ?? genesis, mineHeader({ previous, time: median + 1 })]);
  expect(chain.tip().height).toBe(32);
});

test('the median of the first blocks is taken of those there are', () => {
  const { time } = parseHeader(genesis);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -3, max: 8 }), { minLength: 1, maxLength: 16 }), (steps) => {
      const chain = createHeaderChain(regtest);
      const times = [time];
      for (const step of steps) {
        const next = time + step;
        const sorted = times.slice(-11).sort((a, b) => a - b);
        const header = mineHeader({ previous: chain.tip().hash, time: next });
        if (next > (sorted[sorted.length >> 1] ?? 0)) {
          chain.extend([header]);
          times.push(next);
        } else expect(() => chain.extend([header])).toThrow(code('HeaderTime'));
      }
      expect(chain.tip().height).toBe(times.length - 1);
    }),
    { seed: 11, numRuns: 200 },
  );
});

test('a chain starts at the genesis block of its network, or at a checkpoint that is one', () => {
  expect(() => createHeaderChain({ ...regtest, genesisHash: '00'.repeat(32) })).toThrow(TypeError);
  expect(() => createHeaderChain(regtest, { checkpoint: { height: PERIOD, header: last, previousTimes: [], chainWork: 1n } })).toThrow(TypeError);
});

test('more headers than the limit are refused', () => {
  const chain = createHeaderChain(regtest, { limit: 40 });
  expect(() => chain.extend(main)).toThrow(code('TooLarge'));
  expect(chain.tip().height).toBe(0);
});

test('a heavier branch replaces the tip, a lighter or equal one does not', () => {
  const chain = createHeaderChain(regtest);
  chain.extend(main.slice(0, 50));
  const fork = mineHeaders(12, main[39], 7);
  const branch = chain.branch(41);
  branch.extend(fork.slice(0, 10));
  expect(chain.adopt(branch)).toBe(false);
  branch.extend(fork.slice(10));
  expect(chain.adopt(branch)).toBe(true);
  expect(chain.tip()).toMatchObject({ height: 52, hash: hashHeader(fork.at(-1) ?? genesis), work: 106n });
  expect(chain.hashAt(40)).toBe(hashHeader(main[39] ?? genesis));
  expect(chain.hashAt(41)).toBe(hashHeader(fork[0] ?? genesis));
  expect(() => chain.adopt(Object.assign({}, branch, { parent: { ...branch.parent, hash: 'ff'.repeat(32) } }))).toThrow(code('ReorgTooDeep'));
});

test('nothing at or below a pinned height is replaced', () => {
  const chain = createHeaderChain(regtest);
  chain.extend(main);
  chain.pin(30);
  expect(() => chain.branch(30)).toThrow(code('CheckpointReorg'));
  expect(() => chain.branch(62)).toThrow(code('ReorgTooDeep'));
  expect(chain.branch(31).parent.height).toBe(30);
});

// A network that changes its target like mainnet, at a difficulty a test can mine.
const cheap: BitcoinParams = { ...regtest, noRetargeting: false };

test('bits change every 2016 blocks, by the time between the first and the last block of the period', () => {
  const chain = createHeaderChain(cheap);
  const headers: Uint8Array[] = [genesis];
  let bits = cheap.powLimitBits;
  let { hash, time } = parseHeader(genesis);
  const grow = (): void => {
    const header = mineHeader({ previous: hash, time: (time += 100), bits });
    hash = hashHeader(header);
    headers.push(header);
  };
  while (headers.length < PERIOD) grow();
  chain.extend(headers.slice(1));
  const kept = bits;
  bits = retarget(bits, time - parseHeader(genesis).time, cheap.powLimitBits);
  expect(bits).toBe(0x201fffff);
  expect(() => chain.extend([mineHeader({ previous: hash, time: time + 1, bits: kept })])).toThrow(code('HeaderBits'));
  while (headers.length < PERIOD + 30) grow();
  chain.extend(headers.slice(PERIOD));
  expect(chain.tip().height).toBe(PERIOD + 29);

  const at = parseHeader(headers[PERIOD] ?? genesis);
  const previousTimes = headers.slice(PERIOD - 10, PERIOD).map((header) => parseHeader(header).time);
  const checkpoint = { height: PERIOD, header: headers[PERIOD] ?? genesis, previousTimes, chainWork: 2n * 2016n + 8n };
  const short = createHeaderChain(cheap, { checkpoint });
  short.extend(headers.slice(PERIOD + 1));
  expect(short.tip()).toEqual(chain.tip());
  expect(short.at(PERIOD)).toEqual(at);
  expect(short.at(PERIOD - 1)).toBeNull();
  const early = mineHeader({ previous: at.hash, time: previousTimes[5] ?? 0, bits });
  expect(() => createHeaderChain(cheap, { checkpoint }).extend([early])).toThrow(code('HeaderTime'));
  expect(() => createHeaderChain(cheap, { checkpoint: { ...checkpoint, height: 2000 } })).toThrow(TypeError);
});

test('headers are followed from the genesis block to the tip, and a second call asks only for what is new', async () => {
  const chain = createHeaderChain(regtest);
  const done: number[] = [];
  await syncHeaders(chain, [sourceOf([genesis, ...main.slice(0, 40)])], { anchor: anchorAt(30), onProgress: (progress) => done.push(progress.done) });
  expect(chain.tip().height).toBe(40);
  expect(done).toEqual([40]);
  const source = sourceOf([genesis, ...main]);
  const { tip, agreed } = await syncHeaders(chain, [source], { anchor: anchorAt(30) });
  expect(tip.height).toBe(60);
  expect(agreed).toEqual(['memory']);
  expect(source.asked).toEqual([[40, 2000]]);
});

test('long chains come in batches, and what was checked before a failure stays', async () => {
  const long = mineHeaders(4500, last, 3);
  const whole = [genesis, ...main, ...long];
  const chain = createHeaderChain(regtest);
  let left = 2;
  const failing = {
    operator: 'failing',
    headers: (from: number, count: number) => (left-- > 0 ? Promise.resolve(whole.slice(from, from + count)) : Promise.reject(new Error('gone'))),
  };
  await expect(syncHeaders(chain, [failing])).rejects.toThrow('gone');
  expect(chain.tip().height).toBe(3999);
  const source = sourceOf(whole);
  await syncHeaders(chain, [source]);
  expect(chain.tip().height).toBe(4560);
  expect(source.asked).toEqual([[3999, 2000]]);
});

test('the heaviest of several sources wins, in any order', async () => {
  const fork = [genesis, ...main.slice(0, 40), ...mineHeaders(30, main[39], 9)];
  for (const order of [
    [0, 1, 2],
    [2, 1, 0],
    [1, 2, 0],
  ]) {
    const sources = [sourceOf([genesis, ...main], 'lighter'), sourceOf(fork, 'heavier'), sourceOf(fork.slice(0, 65), 'behind')];
    const chain = createHeaderChain(regtest);
    const result = await syncHeaders(
      chain,
      order.map((i) => sources[i] ?? sourceOf([])),
    );
    expect(result.tip.hash).toBe(hashHeader(fork.at(-1) ?? genesis));
    expect(result.agreed).toContain('behind');
    expect(chain.tip().work).toBe(142n);
  }
});

test('a source that is only behind the chain held agrees with it', async () => {
  const chain = createHeaderChain(regtest);
  chain.extend(main);
  const result = await syncHeaders(chain, [sourceOf([genesis, ...main.slice(0, 35)])], { anchor: anchorAt(30) });
  expect(result).toMatchObject({ agreed: ['memory'], disagreed: [], tip: { height: 60 } });
});

test('cancelling ends with Aborted', async () => {
  await expect(syncHeaders(createHeaderChain(regtest), [sourceOf([genesis, ...main])], { signal: AbortSignal.abort() })).rejects.toThrow(code('Aborted'));
});
