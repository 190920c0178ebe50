import { expect, test } from 'vitest';
import { fromHex } from '../../src/lib/bytes.js';
import { createHeaderChain, syncHeaders } from '../../src/names/bitcoin/chain.js';
import { openCheckpoint } from '../../src/names/bitcoin/checkpoint.js';
import { hashHeader, parseHeader, PERIOD } from '../../src/names/bitcoin/header.js';
import { memoryHeaders } from '../../src/names/bitcoin/headerStore.js';
import { bitcoinMainnet } from '../../src/names/bitcoin/network.js';
import type { HeaderSource } from '../../src/names/bitcoin/source.js';
import { mineHeaders, regtest, sourceOf } from '../names/bitcoin/regtest.js';

const code = (value: string): unknown => expect.objectContaining({ code: value });
const genesis = fromHex(regtest.genesisHeader);
const honest = [genesis, ...mineHeaders(4300)];
const at = (height: number): Uint8Array => honest[height] ?? genesis;
const hashOf = (height: number): string => hashHeader(at(height));

// Two hashes a block, the genesis block included.
const minimumWork = 2n * 4100n;
const params = { ...regtest, minimumChainWork: minimumWork };

test('a chain below the minimum work is neither believed nor saved, however long', async () => {
  const chain = createHeaderChain(params);
  const store = memoryHeaders();
  await expect(syncHeaders(chain, [sourceOf(honest.slice(0, 4050))], { store })).rejects.toThrow(code('LowWork'));
  expect(chain.tip().height).toBe(0);
  expect(await store.load()).toBeNull();
  expect(() => chain.extend(honest.slice(1, 3000))).toThrow(code('LowWork'));
  expect(chain.tip().height).toBe(0);
});

test('one that reaches it is weighed first, then taken and saved whole', async () => {
  const chain = createHeaderChain(params);
  const store = memoryHeaders();
  const source = sourceOf(honest);
  const stages = new Set<string>();
  await syncHeaders(chain, [source], { store, onProgress: ({ stage }) => stages.add(stage) });
  expect(chain.tip()).toMatchObject({ height: 4300, hash: hashOf(4300) });
  expect((await store.load())?.headers.length).toBe(4300 * 80);
  expect([...stages]).toEqual(['weighing headers', 'headers']);
});

test('who shows enough work and then other headers is refused, and nothing of them is held', async () => {
  const fork = [...honest.slice(0, 100), ...mineHeaders(4201, at(99), 4)];
  for (const swap of [0, 2001]) {
    const asked = new Set<number>();
    const liar: HeaderSource = {
      operator: 'two faces',
      headers: (from, count) => {
        const again = asked.has(from) && from >= swap;
        asked.add(from);
        return Promise.resolve((again ? fork : honest).slice(from, from + count));
      },
    };
    const chain = createHeaderChain(params);
    await expect(syncHeaders(chain, [liar])).rejects.toThrow(code('HeaderLinkage'));
    expect(chain.tip().height).toBe(0);
  }
});

test('a fork that is longer than a batch is weighed without being held, and taken only when it wins', async () => {
  for (const [length, wins] of [
    [4150, false],
    [4300, true],
  ] as const) {
    const chain = createHeaderChain(regtest);
    chain.extend(honest.slice(1, 4251));
    const fork = [...honest.slice(0, 101), ...mineHeaders(length - 100, at(100), 5)];
    const sync = syncHeaders(chain, [sourceOf(fork)]);
    await (wins ? sync : expect(sync).rejects.toThrow(code('LowWork')));
    expect(chain.tip().hash).toBe(wins ? hashHeader(fork.at(-1) ?? genesis) : hashOf(4250));
  }
});

test('a fork of equal work changes nothing and is no lie', async () => {
  const chain = createHeaderChain(regtest);
  chain.extend(honest.slice(1, 201));
  const { agreed } = await syncHeaders(chain, [sourceOf([...honest.slice(0, 191), ...mineHeaders(10, at(190), 6)])]);
  expect(agreed).toEqual(['memory']);
  expect(chain.tip().hash).toBe(hashOf(200));
});

test('a mainnet without its minimum of work is not believed unless one says so', () => {
  expect(bitcoinMainnet.minimumChainWork).toBeGreaterThan(1n << 95n);
  const chain = createHeaderChain(bitcoinMainnet);
  expect(chain.minimumWork).toBe(bitcoinMainnet.minimumChainWork);
});

const clockAt = (seconds: number): { now(): number; sleep(): Promise<void> } => ({ now: () => seconds * 1000, sleep: () => Promise.resolve() });

test('a tip older than allowed is refused with TipStale, and a fresher source mends it', async () => {
  const { time } = parseHeader(at(300));
  const chain = createHeaderChain(regtest, { clock: clockAt(time + 3000) });
  const [stale, fresh] = [sourceOf(honest.slice(0, 250), 'stale'), sourceOf(honest.slice(0, 301), 'fresh')];
  await expect(syncHeaders(chain, [stale], { maxTipAge: 3600 })).rejects.toThrow(code('TipStale'));
  const result = await syncHeaders(chain, [stale, fresh], { maxTipAge: 3600 });
  expect(result.agreed).toEqual(['fresh']);
  expect(result.disagreed.map(({ operator }) => operator)).toEqual(['stale']);
  await expect(syncHeaders(chain, [fresh], { maxTipAge: 2999 })).rejects.toThrow(code('TipStale'));
  await expect(syncHeaders(createHeaderChain(regtest), [fresh], { maxTipAge: 1 })).rejects.toThrow(TypeError);
});

const bare = { height: PERIOD, header: at(PERIOD), chainWork: 2n * BigInt(PERIOD + 1) };

test('the ten times before a checkpoint are those of the headers that lead to it, from any source', async () => {
  const checkpoint = await openCheckpoint(bare, sourceOf(honest));
  expect(checkpoint.previousTimes).toEqual(honest.slice(PERIOD - 10, PERIOD).map((header) => parseHeader(header).time));
  const chain = createHeaderChain(regtest, { checkpoint });
  await syncHeaders(chain, [sourceOf(honest)]);
  expect(chain.tip()).toMatchObject({ height: 4300, work: 2n * 4301n });
  const fork = [...honest.slice(0, PERIOD - 3), ...mineHeaders(10, at(PERIOD - 4), 7)];
  for (const source of [fork, honest.slice(0, PERIOD - 1), []]) await expect(openCheckpoint(bare, sourceOf(source))).rejects.toThrow(code('HeaderLinkage'));
  await expect(openCheckpoint(bare, sourceOf(honest), { signal: AbortSignal.abort() })).rejects.toThrow(code('Aborted'));
});

test('a fork from below the checkpoint is a CheckpointReorg, whatever its work', async () => {
  const chain = createHeaderChain(regtest, { checkpoint: await openCheckpoint(bare, sourceOf(honest)) });
  const fork = sourceOf([...honest.slice(0, 2000), ...mineHeaders(3000, at(1999), 8)]);
  await expect(syncHeaders(chain, [fork])).rejects.toThrow(code('CheckpointReorg'));
  expect(() => chain.branch(PERIOD)).toThrow(code('CheckpointReorg'));
});
