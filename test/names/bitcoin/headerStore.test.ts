import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { concat, fromHex } from '../../../src/lib/bytes.js';
import { createHeaderChain, syncHeaders } from '../../../src/names/bitcoin/chain.js';
import { headerFile } from '../../../src/names/bitcoin/adapters/headerFile.js';
import { hashHeader } from '../../../src/names/bitcoin/header.js';
import { loadHeaders, memoryHeaders, type HeaderStore } from '../../../src/names/bitcoin/headerStore.js';
import { headerStoreLaws, type Reopen } from '../../conformance/headerStore.js';
import { mineHeaders, regtest, sourceOf } from './regtest.js';

const code = (value: string): unknown => expect.objectContaining({ code: value });
const directory = await mkdtemp(join(tmpdir(), 'namestead-headers-'));
afterAll(() => rm(directory, { recursive: true, force: true }));
let files = 0;
const freshPath = (): string => join(directory, `${files++}`, 'headers');

const stores: Readonly<Record<string, () => Promise<Reopen>>> = {
  memory: () => {
    const store = memoryHeaders();
    return Promise.resolve(() => store);
  },
  file: () => {
    const path = freshPath();
    return Promise.resolve(() => headerFile({ path }));
  },
};

describe.each(Object.entries(stores))('a header store: %s', (_, fresh) => {
  test.each(Object.entries(headerStoreLaws))('%s', (_title, law) => law(fresh));
});

const genesis = fromHex(regtest.genesisHeader);
const honest = [genesis, ...mineHeaders(50)];
const hashes = honest.map(hashHeader);

test('a chain goes on where its store ends, reorganised or not', async () => {
  for (const fresh of Object.values(stores)) {
    const reopen = await fresh();
    const first = createHeaderChain(regtest);
    await syncHeaders(first, [sourceOf(honest.slice(0, 31))], { store: reopen() });
    const second = createHeaderChain(regtest);
    await loadHeaders(second, reopen());
    expect(second.tip()).toEqual(first.tip());
    const fork = [...honest.slice(0, 26), ...mineHeaders(10, honest[25], 5)];
    const source = sourceOf(fork);
    await syncHeaders(second, [source], { store: reopen() });
    expect(second.tip().hash).toBe(hashHeader(fork.at(-1) ?? genesis));
    const third = createHeaderChain(regtest);
    await loadHeaders(third, reopen());
    expect(third.tip()).toEqual(second.tip());
  }
});

async function saved(): Promise<{ path: string; bytes: Uint8Array; ends: readonly number[] }> {
  const path = freshPath();
  const store = headerFile({ path });
  const ends: number[] = [];
  for (let from = 1; from <= 50; from += 10) {
    await store.save({ from, headers: concat(...honest.slice(from, from + 10)) });
    ends.push((await readFile(path)).length);
  }
  return { path, bytes: await readFile(path), ends };
}

test('a save cut short at any byte is as if it had not been, and the next one goes on behind the last whole one', async () => {
  const { path, bytes, ends } = await saved();
  for (let length = 0; length < bytes.length; length += length < 30 ? 1 : 37) {
    await writeFile(path, bytes.subarray(0, length));
    const whole = ends.filter((end) => end <= length).length;
    const chain = createHeaderChain(regtest);
    const store = headerFile({ path });
    await loadHeaders(chain, store);
    expect(chain.tip().height).toBe(10 * whole);
    await syncHeaders(chain, [sourceOf(honest)], { store });
    const next = createHeaderChain(regtest);
    await loadHeaders(next, headerFile({ path }));
    expect(next.tip().hash).toBe(hashes[50]);
  }
});

test('zeros that a crash left behind the last save are cut off', async () => {
  const { path } = await saved();
  await appendFile(path, new Uint8Array(5000));
  const chain = createHeaderChain(regtest);
  await loadHeaders(chain, headerFile({ path }));
  expect(chain.tip().hash).toBe(hashes[50]);
});

test('whatever is written over the file, nothing but the honest chain is believed', async () => {
  const { path, bytes } = await saved();
  await fc.assert(
    fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
      await writeFile(
        path,
        bytes.map((byte, i) => (i === at ? byte ^ flip : byte)),
      );
      const chain = createHeaderChain(regtest);
      await loadHeaders(chain, headerFile({ path })).catch((error: unknown) => expect(error).toMatchObject({ code: 'StoreCorrupt' }));
      expect(chain.tip().hash).toBe(hashes[chain.tip().height]);
    }),
    { seed: 81, numRuns: 200 },
  );
});

test('a file that is none of ours, or broken in its middle, is StoreCorrupt', async () => {
  const path = freshPath();
  const store = headerFile({ path });
  const part = new Uint8Array(160_000).fill(7);
  for (let i = 0; i < 4; i++) await store.save({ from: 1 + 2000 * i, headers: part });
  const bytes = await readFile(path);
  bytes[1000] = 8;
  await writeFile(path, bytes);
  await expect(headerFile({ path }).load()).rejects.toThrow(code('StoreCorrupt'));
  await expect(headerFile({ path }).save({ from: 8001, headers: part })).rejects.toThrow(code('StoreCorrupt'));
  await writeFile(path, 'another file altogether');
  await expect(headerFile({ path }).load()).rejects.toThrow(code('StoreCorrupt'));
});

const held = (from: number, headers: readonly Uint8Array[]): HeaderStore => {
  const store = memoryHeaders();
  void store.save({ from, headers: concat(...headers) });
  return store;
};

test('a store that holds what breaks a rule is StoreCorrupt, and the chain stays as it was', async () => {
  const forged = honest.slice(1).map((header, i) => (i === 20 ? header.map((byte, at) => (at === 70 ? byte ^ 1 : byte)) : header));
  for (const store of [held(1, forged), held(1, honest.slice(2)), held(1, [new Uint8Array(80)])]) {
    const chain = createHeaderChain(regtest);
    await expect(loadHeaders(chain, store)).rejects.toThrow(code('StoreCorrupt'));
    expect(chain.tip().height).toBe(0);
  }
});

test('a store with less work than the minimum, or one that does not reach the base, gives nothing', async () => {
  const low = createHeaderChain(regtest, { minimumWork: 200n });
  await loadHeaders(low, held(1, honest.slice(1)));
  expect(low.tip().height).toBe(0);
  for (const store of [held(5, honest.slice(5)), memoryHeaders()]) {
    const chain = createHeaderChain(regtest);
    await loadHeaders(chain, store);
    expect(chain.tip().height).toBe(0);
  }
});

test('a store that begins below a newer checkpoint serves from there on', async () => {
  const long = [genesis, ...mineHeaders(2030)];
  const times = long.slice(2006, 2016).map((header) => new DataView(header.buffer, header.byteOffset).getUint32(68, true));
  const checkpoint = { height: 2016, header: long[2016] ?? genesis, previousTimes: times, chainWork: 2n * 2017n };
  const chain = createHeaderChain(regtest, { checkpoint });
  await loadHeaders(chain, held(1, long.slice(1)));
  expect(chain.tip()).toMatchObject({ height: 2030, hash: hashHeader(long.at(-1) ?? genesis) });
});
