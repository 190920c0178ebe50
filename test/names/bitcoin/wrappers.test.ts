import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Clock } from '../../../src/lib/clock.js';
import { NamesteadError, type ErrorCode } from '../../../src/lib/errors.js';
import { createGate, limitedHttp } from '../../../src/lib/gate.js';
import { expectOk } from '../../../src/lib/http.js';
import { cached } from '../../../src/names/bitcoin/cached.js';
import { fallback } from '../../../src/names/bitcoin/fallback.js';
import { limited } from '../../../src/names/bitcoin/limited.js';
import { quorum } from '../../../src/names/bitcoin/quorum.js';
import { retrying } from '../../../src/names/bitcoin/retrying.js';
import type { BlockId, FilterSource, HeaderSource } from '../../../src/names/bitcoin/source.js';

const code = (value: string): unknown => expect.objectContaining({ code: value });
const fail = (kind: ErrorCode): Promise<never> => Promise.reject(new NamesteadError(kind, kind));
const answered = (status: number, headers: Record<string, string> = {}): Promise<never> =>
  Promise.resolve().then(() => {
    expectOk({ status, headers: new Headers(headers), body: new Uint8Array() }, 'x');
    throw new Error('not ok');
  });

/** Time goes on only while somebody sleeps, and nobody waits for it. */
function lazyClock(): Clock & { readonly slept: number[] } {
  let now = 1_000_000;
  const slept: number[] = [];
  return {
    slept,
    now: () => now,
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      slept.push(ms);
      now += ms;
      await Promise.resolve();
    },
  };
}

/** Answers its calls in turn; the last is said again. */
function script<T>(...answers: readonly (() => Promise<T>)[]): {
  operator: string;
  calls: number;
  feeRate(): Promise<T>;
  broadcast(bytes: Uint8Array): Promise<T>;
} {
  const source = {
    operator: 'scripted',
    calls: 0,
    feeRate: () => (answers[Math.min(source.calls++, answers.length - 1)] ?? (() => Promise.reject(new Error('nothing to say'))))(),
    broadcast: (_: Uint8Array) => source.feeRate(),
  };
  return source;
}

describe('a wrapper', () => {
  test('has the ports that its sources have in common, and nothing else of them', () => {
    const one = { operator: 'one', block: () => Promise.resolve(null), transaction: () => Promise.resolve(null), close: () => undefined };
    const two = { operator: 'two', block: () => Promise.resolve(null), history: () => Promise.resolve([]) };
    expect(Object.keys(quorum(1, [one, two])).sort()).toEqual(['block', 'operator']);
    expect(Object.keys(cached(one)).sort()).toEqual(['block', 'operator', 'transaction']);
    expect(() => fallback([])).toThrow(TypeError);
  });

  test('hands on arguments and options', async () => {
    const seen: unknown[] = [];
    const source = {
      operator: 'one',
      mark: 7,
      headers(...args: unknown[]): Promise<Uint8Array[]> {
        seen.push(source.mark, ...args);
        return Promise.resolve([]);
      },
    };
    const { signal } = new AbortController();
    await (retrying(fallback([source]), { clock: lazyClock(), random: () => 0 }) as unknown as HeaderSource).headers(3, 4, { signal });
    expect(seen).toEqual([7, 3, 4, { signal }]);
  });

  test('names in its operator those it asks', () => {
    const named = (operator: string) => ({ operator, feeRate: () => Promise.resolve(1) });
    expect(quorum(2, ['a', 'b', 'c'].map(named)).operator).toBe('2 of a, b, c');
    expect(fallback(['a', 'b'].map(named)).operator).toBe('a, else b');
    expect(cached(named('a')).operator).toBe('a');
  });
});

describe('retrying', () => {
  test('asks again after what may pass, ever later, as often as it was told', async () => {
    const clock = lazyClock();
    const source = script(
      () => fail('HttpFailed'),
      () => fail('HttpTimeout'),
      () => answered(503),
      () => answered(429),
      () => fail('HttpMalformed'),
      () => Promise.resolve(5),
    );
    expect(await retrying(source, { clock, random: () => 1, attempts: 9, delay: 100 }).feeRate()).toBe(5);
    expect(clock.slept).toEqual([100, 200, 400, 800, 1600]);
    const dead = script(() => fail('HttpFailed'));
    await expect(retrying(dead, { clock, random: () => 0 }).feeRate()).rejects.toThrow(code('HttpFailed'));
    expect(dead.calls).toBe(4);
  });

  test('never waits more than a minute', async () => {
    const clock = lazyClock();
    await expect(
      retrying(
        script(() => fail('HttpFailed')),
        { clock, random: () => 1, attempts: 30 },
      ).feeRate(),
    ).rejects.toThrow(code('HttpFailed'));
    expect(Math.max(...clock.slept)).toBe(60_000);
  });

  test('does not ask again what would be answered the same, nor send a transaction twice', async () => {
    for (const kind of ['ServerFailed', 'HttpTooLarge', 'Aborted', 'SourcesDisagree', 'TransactionMissing'] as const) {
      const source = script(() => fail(kind));
      await expect(retrying(source, { clock: lazyClock(), random: () => 0 }).feeRate()).rejects.toThrow(code(kind));
      expect(source.calls).toBe(1);
    }
    const refused = script(() => answered(404));
    await expect(retrying(refused, { clock: lazyClock(), random: () => 0 }).feeRate()).rejects.toThrow(code('HttpStatus'));
    const sent = script(() => fail('HttpTimeout'));
    await expect(retrying(sent, { clock: lazyClock(), random: () => 0 }).broadcast(new Uint8Array())).rejects.toThrow(code('HttpTimeout'));
    expect([refused.calls, sent.calls]).toEqual([1, 1]);
  });
});

describe('fallback', () => {
  test('asks the next when one fails or says absent, and no further than an answer', async () => {
    const asked: string[] = [];
    const saying = (operator: string, answer: Uint8Array | null | ErrorCode) => ({
      operator,
      block: (_hash: string) => {
        asked.push(operator);
        return typeof answer === 'string' ? fail(answer) : Promise.resolve(answer);
      },
    });
    const source = fallback([saying('dead', 'HttpFailed'), saying('empty', null), saying('full', Uint8Array.of(1)), saying('last', Uint8Array.of(2))]);
    expect(await source.block('')).toEqual(Uint8Array.of(1));
    expect(asked).toEqual(['dead', 'empty', 'full']);
  });

  test('keeps the last error as the cause', async () => {
    const last = new NamesteadError('HttpTimeout', 'second');
    const source = fallback([script(() => fail('HttpFailed')), script(() => Promise.reject(last))]);
    await expect(source.feeRate()).rejects.toMatchObject({ code: 'HttpTimeout', cause: last });
  });

  test('takes the refusal of a transaction for an answer, and a mistake of the caller for a mistake', async () => {
    const other = script(() => Promise.resolve('txid'));
    await expect(fallback([script(() => fail('BroadcastRejected')), other]).broadcast(new Uint8Array())).rejects.toThrow(code('BroadcastRejected'));
    await expect(fallback([script(() => Promise.reject(new TypeError('no'))), other]).broadcast(new Uint8Array())).rejects.toThrow(TypeError);
    expect(other.calls).toBe(0);
  });
});

describe('quorum', () => {
  const telling = (operator: string, ...headers: number[]) => ({
    operator,
    headers: (_from: number, _count: number) => Promise.resolve(headers.map((byte) => new Uint8Array(80).fill(byte))),
  });
  const bytes = (headers: readonly Uint8Array[]): (number | undefined)[] => headers.map((header) => header[0]);

  test('gives headers as far as so many agree: one that is behind holds nobody up and cuts nobody off', async () => {
    expect(bytes(await quorum(2, [telling('a', 1, 2, 3), telling('b', 1, 2), telling('c', 1, 9)]).headers(0, 9))).toEqual([1, 2]);
    expect(bytes(await quorum(2, [telling('a', 1, 2, 3), telling('b', 1, 2, 3), telling('c')]).headers(0, 9))).toEqual([1, 2, 3]);
    expect(bytes(await quorum(2, [telling('a', 1), telling('b')]).headers(0, 9))).toEqual([]);
    await expect(quorum(2, [telling('a', 1), telling('b', 2)]).headers(0, 9)).rejects.toThrow(code('SourcesDisagree'));
  });

  test('does not wait for one that is slow when the others agree', async () => {
    let stopped = false;
    const slow = {
      operator: 'slow',
      headers: (_from: number, _count: number, options?: { readonly signal?: AbortSignal | undefined }) =>
        new Promise<Uint8Array[]>(() => options?.signal?.addEventListener('abort', () => (stopped = true))),
    };
    expect(bytes(await quorum(2, [slow, telling('a', 1), telling('b', 1)]).headers(0, 1))).toEqual([1]);
    expect(stopped).toBe(true);
  });

  test('hands on why, when too few answered', async () => {
    const dead = (operator: string) => ({ operator, headers: (_from: number, _count: number) => fail('HttpTimeout') });
    await expect(quorum(2, [dead('a'), dead('b'), telling('c', 1)]).headers(0, 1)).rejects.toThrow(code('HttpTimeout'));
  });

  test('finds coins alike in any order, and the middle of fee rates', async () => {
    const coin = (vout: number) => ({ txid: 'ab'.repeat(32), vout, value: 5n, height: 1 });
    const source = (operator: string, rate: number, ...vouts: number[]) => ({
      operator,
      unspent: (_script: Uint8Array) => Promise.resolve(vouts.map(coin)),
      feeRate: () => Promise.resolve(rate),
    });
    const three = quorum(2, [source('a', 1, 1, 2), source('b', 500, 3), source('c', 2, 2, 1)]);
    expect(await three.unspent(new Uint8Array())).toHaveLength(2);
    expect(await three.feeRate()).toBe(2);
  });
});

describe('cached', () => {
  test('asks for each filter once, in runs, and holds no more bytes than it may', async () => {
    const asked: number[][] = [];
    const source: FilterSource = {
      operator: 'one',
      filterHeaders: () => Promise.resolve([]),
      filters: (blocks) => {
        asked.push(blocks.map(({ height }) => height));
        return Promise.resolve(blocks.map(({ height }) => new Uint8Array(100).fill(height)));
      },
    };
    const blocks = Array.from({ length: 10 }, (_, height): BlockId => ({ height, hash: String(height).padStart(64, '0') }));
    const kept = cached(source);
    await kept.filters(blocks.slice(2, 4));
    await kept.filters(blocks.slice(6, 7));
    expect((await kept.filters(blocks)).map((filter) => filter[0])).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    await kept.filters(blocks);
    expect(asked).toEqual([[2, 3], [6], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]]);
    asked.length = 0;
    const small = cached(source, { most: 650 });
    await small.filters(blocks.slice(0, 2));
    // Used again, so that the other one goes.
    await small.filters(blocks.slice(0, 1));
    await small.filters(blocks.slice(5, 6));
    await small.filters(blocks.slice(0, 1));
    await small.filters(blocks.slice(1, 2));
    expect(asked).toEqual([[0, 1], [5], [1]]);
  });
});

describe('limited', () => {
  test('lets through as many a second as it was told, and a burst after a rest', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 10 }), fc.integer({ min: 1, max: 60 }), async (perSecond, burst, calls) => {
        const clock = lazyClock();
        const gate = createGate({ clock, perSecond, burst, concurrent: 1 });
        const times: number[] = [];
        await Promise.all(Array.from({ length: calls }, () => gate.pass(() => Promise.resolve(times.push(clock.now())), undefined)));
        times.forEach((time, i) => {
          const before = times[i - burst];
          if (before !== undefined) expect(time - before).toBeGreaterThanOrEqual(1000 / perSecond - 1e-6);
        });
        expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeCloseTo((1000 * Math.max(0, calls - burst)) / perSecond, 3);
      }),
      { seed: 20, numRuns: 50 },
    );
  });

  test('has no more under way at a time than it was told, and a place for the next when one fails or gives up', async () => {
    let [running, most] = [0, 0];
    const gate = createGate({ clock: lazyClock(), perSecond: 1000, burst: 100, concurrent: 3 });
    const work = async (fails: boolean): Promise<void> => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setImmediate(resolve));
      running--;
      if (fails) throw new Error('failed');
    };
    const stop = new AbortController();
    const calls = Array.from({ length: 20 }, (_, i) => gate.pass(() => work(i % 3 === 0), i > 15 ? { signal: stop.signal } : undefined));
    stop.abort();
    const results = await Promise.allSettled(calls);
    expect(most).toBe(3);
    expect(results.slice(16).map((result) => (result.status === 'rejected' ? (result.reason as { code?: string }).code : ''))).toEqual(
      Array.from({ length: 4 }, () => 'Aborted'),
    );
    expect(await gate.pass(() => Promise.resolve(1), undefined)).toBe(1);
  });

  test.each([
    ['seconds', '7', 7000],
    ['a date', new Date(1_000_000 + 9000).toUTCString(), 9000],
    ['a time too long', '99999999', 600_000],
    ['nothing', undefined, 1000],
    ['nonsense', 'soon', 1000],
  ])('leaves a server that is busy alone for as long as it wishes: %s', async (_, header, ms) => {
    const clock = lazyClock();
    const source = script(
      () => answered(429, header === undefined ? {} : { 'retry-after': header }),
      () => Promise.resolve(1),
    );
    const polite = limited(source, { clock, perSecond: 1e6, burst: 100 });
    await expect(polite.feeRate()).rejects.toMatchObject({ code: 'HttpStatus', cause: { status: 429 } });
    expect(clock.now()).toBe(1_000_000);
    expect(await polite.feeRate()).toBe(1);
    expect(clock.now()).toBe(1_000_000 + ms);
  });

  test('with retrying around it a busy server is asked again when the time has come', async () => {
    const clock = lazyClock();
    const source = script(
      () => answered(503, { 'retry-after': '30' }),
      () => Promise.resolve(3),
    );
    expect(await retrying(limited(source, { clock, perSecond: 5 }), { clock, random: () => 0 }).feeRate()).toBe(3);
    expect(clock.now()).toBeGreaterThanOrEqual(1_030_000);
  });

  test('heeds what other statuses are no reason for', async () => {
    const clock = lazyClock();
    const polite = limited(
      script(
        () => answered(500, { 'retry-after': '30' }),
        () => Promise.resolve(3),
      ),
      { clock, perSecond: 1e6 },
    );
    await expect(polite.feeRate()).rejects.toThrow(code('HttpStatus'));
    await polite.feeRate();
    expect(clock.now()).toBeLessThan(1_000_001);
  });

  test('counts each request of an explorer through limitedHttp, and hands its answers on', async () => {
    const clock = lazyClock();
    const answers = [429, 200, 200];
    const ask = limitedHttp(() => Promise.resolve({ status: answers.shift() ?? 0, headers: new Headers({ 'retry-after': '4' }), body: new Uint8Array() }), {
      clock,
      perSecond: 1,
      burst: 1,
    });
    expect((await ask('x')).status).toBe(429);
    expect((await ask('x')).status).toBe(200);
    expect(clock.now()).toBe(1_004_000);
    expect((await ask('x')).status).toBe(200);
    expect(clock.now()).toBeGreaterThanOrEqual(1_005_000 - 4000);
  });

  test('that would let nothing through are a mistake', () => {
    for (const wrong of [{ perSecond: 0 }, { perSecond: NaN }, { perSecond: 1, burst: 0 }, { perSecond: 1, concurrent: 0 }])
      expect(() => createGate({ clock: lazyClock(), ...wrong })).toThrow(TypeError);
  });
});
