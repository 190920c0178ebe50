import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromHex } from '../../../src/lib/bytes.js';
import { createHeaderChain, type HeaderChain } from '../../../src/names/bitcoin/chain.js';
import { createDifficulty } from '../../../src/names/bitcoin/difficulty.js';
import { compactOf, hashHeader, parseHeader, PERIOD, retarget, targetOf, verifyWork, workOf } from '../../../src/names/bitcoin/header.js';
import { bitcoinMainnet, bitcoinRegtest, bitcoinSignet, bitcoinTestnet3, bitcoinTestnet4, type BitcoinParams } from '../../../src/names/bitcoin/network.js';
import { mineHeader, mineHeaders, regtest, type Draft } from './regtest.js';

const code = (value: string): unknown => expect.objectContaining({ code: value });
const genesis = fromHex(regtest.genesisHeader);
const main = mineHeaders(40);

test.each([bitcoinMainnet, bitcoinTestnet3, bitcoinTestnet4, bitcoinSignet, bitcoinRegtest])(
  'the genesis block of $name hashes to its hash, with work',
  (params) => {
    const header = parseHeader(fromHex(params.genesisHeader));
    expect(header.hash).toBe(params.genesisHash);
    expect(header.bits).toBe(params.powLimitBits);
    verifyWork(header, params.powLimitBits);
    expect(createHeaderChain(params).tip().height).toBe(0);
  },
);

/** A chain of `length` regtest headers under other rules, and one header more. */
function offer(params: Partial<BitcoinParams>, length: number, draft: (before: ReturnType<typeof parseHeader>) => Partial<Draft>, now?: number): HeaderChain {
  const clock = now === undefined ? undefined : { now: () => now * 1000, sleep: () => Promise.resolve() };
  const chain = createHeaderChain({ ...regtest, ...params }, { clock });
  chain.extend(main.slice(0, length));
  const before = parseHeader(main[length - 1] ?? genesis);
  chain.extend([mineHeader({ previous: before.hash, time: before.time + 600, ...draft(before) })]);
  return chain;
}

test('from its height on, an older version is refused; one below zero is older than all', () => {
  const versions = [10, 20, 30] as const;
  const lowest = [
    [9, -1],
    [10, 2],
    [19, 2],
    [20, 3],
    [29, 3],
    [30, 4],
  ] as const;
  const old = (height: number, version: number): void => {
    const chain = createHeaderChain({ ...regtest, versions });
    const { hash, time } = parseHeader(main[height - 2] ?? genesis);
    chain.extend(main.slice(0, height - 1));
    chain.extend([mineHeader({ previous: hash, time: time + 600, version })]);
  };
  for (const [height, version] of lowest) {
    expect(() => old(height, version)).not.toThrow();
    if (version > 1) expect(() => old(height, version - 1), `${height}`).toThrow(code('HeaderVersion'));
    if (version > 1) expect(() => old(height, -0x80000000)).toThrow(code('HeaderVersion'));
  }
});

test('mainnet demands version 2, 3 and 4 from blocks 227,931, 363,725 and 388,381', () => {
  expect(bitcoinMainnet.versions).toEqual([227_931, 363_725, 388_381]);
});

test('a header more than two hours ahead of the clock is refused; without a clock it is not known', () => {
  const time = 2_000_000_000;
  expect(offer({}, 20, () => ({ time }), time - 7200).tip().height).toBe(21);
  expect(() => offer({}, 20, () => ({ time }), time - 7201)).toThrow(code('HeaderTime'));
  expect(offer({}, 20, () => ({ time })).tip().height).toBe(21);
});

test('bits that are negative, zero, above 256 bits, above the limit or merely others are refused', () => {
  for (const bits of [0x20ffffff, 0x1d80ffff, 0x20000000, 0, 0x23000001, 0xff123456, 0x2100ffff, 0x207ffffe, 0x1d00ffff]) {
    const chain = createHeaderChain(regtest);
    const header = mineHeader({ previous: hashHeader(genesis), time: parseHeader(genesis).time + 600 });
    new DataView(header.buffer).setUint32(72, bits, true);
    expect(() => chain.extend([header]), bits.toString(16)).toThrow(code('HeaderBits'));
  }
  const checkpoint = { height: PERIOD, previousTimes: new Array<number>(10).fill(0), chainWork: 1n };
  for (const bits of [0x20ffffff, 0x2100ffff]) {
    const header = genesis.slice();
    new DataView(header.buffer).setUint32(72, bits, true);
    expect(() => createHeaderChain(regtest, { checkpoint: { ...checkpoint, header } })).toThrow(code('HeaderBits'));
  }
});

// Regtest's target with retargets: whole periods can be mined. Each block takes `step` seconds.
function period(params: BitcoinParams, step: number): { chain: HeaderChain; last: ReturnType<typeof parseHeader> } {
  const chain = createHeaderChain(params);
  const headers: Uint8Array[] = [];
  let { hash, time } = parseHeader(genesis);
  while (headers.length < PERIOD - 1) {
    const header = mineHeader({ previous: hash, time: (time += step) });
    headers.push(header);
    hash = hashHeader(header);
  }
  chain.extend(headers);
  return { chain, last: parseHeader(headers.at(-1) ?? genesis) };
}

describe('the first block of a period', () => {
  const rules = { ...regtest, noRetargeting: false, twentyMinuteRule: false };

  test('may lie long before the last of the one before: the time warp of mainnet is valid, only work bounds it', () => {
    const { chain, last } = period(rules, 700);
    chain.extend([mineHeader({ previous: last.hash, time: last.time - 3000 })]);
    expect(chain.tip()).toMatchObject({ height: PERIOD, time: last.time - 3000 });
  });

  test('may under BIP 94 be 600 seconds older, and no more', () => {
    const { chain, last } = period({ ...rules, bip94: true }, 700);
    const warped = (by: number): Uint8Array => mineHeader({ previous: last.hash, time: last.time - by });
    expect(() => chain.extend([warped(601)])).toThrow(code('HeaderTime'));
    chain.extend([warped(600)]);
    expect(chain.tip().height).toBe(PERIOD);
  });

  test('any other block may be older under BIP 94 too', () => {
    expect(offer({ bip94: true }, 30, ({ time }) => ({ time: time - 2400 })).tip().height).toBe(31);
  });
});

describe('on testnets', () => {
  const rules = { ...regtest, noRetargeting: false, twentyMinuteRule: true };

  test('a block after more than twenty minutes has the easiest target, one after twenty has not', () => {
    const { chain, last } = period(rules, 300);
    const bits = retarget(regtest.powLimitBits, last.time - parseHeader(genesis).time, regtest.powLimitBits);
    chain.extend([mineHeader({ previous: last.hash, time: last.time + 300, bits })]);
    const { hash, time } = chain.tip();
    const next = (after: number, with_: number): Uint8Array => mineHeader({ previous: hash, time: time + after, bits: with_ });
    expect(() => chain.extend([next(1201, bits)])).toThrow(code('HeaderBits'));
    expect(() => chain.extend([next(1200, regtest.powLimitBits)])).toThrow(code('HeaderBits'));
    chain.extend([next(1201, regtest.powLimitBits)]);
    // And the one after it has the period's own again.
    const easy = chain.tip();
    expect(() => chain.extend([mineHeader({ previous: easy.hash, time: easy.time + 5 })])).toThrow(code('HeaderBits'));
    chain.extend([mineHeader({ previous: easy.hash, time: easy.time + 5, bits })]);
    expect(chain.tip().work - easy.work).toBe(workOf(bits));
  });
});

/** Bitcoin Core's rule as it is written there, block by block, to hold ours against. */
function asInCore(params: BitcoinParams, times: readonly number[], bits: readonly number[], time: number): number {
  const last = bits.length - 1;
  const bitsAt = (height: number): number => bits[height] ?? 0;
  const timeAt = (height: number): number => times[height] ?? 0;
  if ((last + 1) % PERIOD !== 0) {
    if (!params.twentyMinuteRule) return bitsAt(last);
    if (time > timeAt(last) + 1200) return params.powLimitBits;
    let at = last;
    while (at > 0 && at % PERIOD !== 0 && bitsAt(at) === params.powLimitBits) at--;
    return bitsAt(at);
  }
  if (params.noRetargeting) return bitsAt(last);
  const start = last - (PERIOD - 1);
  const span = Math.min(Math.max(timeAt(last) - timeAt(start), 302_400), 4_838_400);
  const target = (targetOf(bitsAt(params.bip94 ? start : last)) * BigInt(span)) / 1_209_600n;
  const limit = targetOf(params.powLimitBits);
  return compactOf(target > limit ? limit : target);
}

test.each([bitcoinMainnet, bitcoinTestnet3, bitcoinTestnet4, bitcoinSignet, bitcoinRegtest])(
  'the bits demanded on $name are those of Bitcoin Core',
  (params) => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -2000, max: 2500 }), { minLength: 5, maxLength: 40 }), fc.integer({ min: 0, max: 3 * PERIOD }), (steps, start) => {
        const times = [1_296_688_602];
        const bits = [params.powLimitBits];
        const past = { time: (height: number) => times[height] ?? -1, bits: (height: number) => bits[height] ?? 0 };
        let demanded = createDifficulty(params, 0, past);
        for (let height = 1; height < 3 * PERIOD + 5; height++) {
          const before = times[height - 1] ?? 0;
          const time = before + (steps[height % steps.length] ?? 0) + (height % 7 === 0 ? 400 : 60);
          if (height === start) demanded = createDifficulty(params, height - 1, past);
          const expected = asInCore(params, times, bits, time);
          const ours = demanded(height, time, before);
          if (ours !== expected) expect([height, ours]).toEqual([height, expected]);
          times.push(time);
          bits.push(ours);
        }
      }),
      { seed: 94, numRuns: 12 },
    );
  },
);
