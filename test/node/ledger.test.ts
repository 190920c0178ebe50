import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { fromUtf8 } from '../../src/lib/bytes.js';
import type { Network } from '../../src/names/bitcoin/network.js';
import { openDatabase } from '../../src/node/database.js';
import { createLedger, type Ledger } from '../../src/node/ledger.js';
import { diskStore, memoryStore, type Store } from '../../src/node/store.js';
import { candidatesOf, networkOf, type ChainFile } from '../suites/bnsChain.js';

const file = JSON.parse(await readFile(`${import.meta.dirname}/../vectors/bns-v1/chain_all_epochs.json`, 'utf8')) as ChainFile;
const network = networkOf(file);
const fuzz = JSON.parse(await readFile(`${import.meta.dirname}/../vectors/bns-v1/chain_fuzz_11.json`, 'utf8')) as ChainFile;
const blocksOf = (chain: ChainFile, most = Infinity) =>
  chain.cases.slice(0, most).map((block) => ({ height: block.height, hash: String(block.height), time: 0, transactions: candidatesOf(block) }));
const blocks = blocksOf(file, 130);

/** All that a ledger can be asked. */
function snapshot(ledger: Ledger, of: ChainFile = file): unknown {
  const lookups = ledger.lookups();
  const names = [...lookups.names()].sort();
  const addresses = [...new Set(names.map((name) => String(lookups.nameHistory(name).at(-1)?.record['address'])))];
  const zoneFiles = lookups.zoneFileHashes();
  const height = ledger.height() ?? 0;
  return {
    height: ledger.height(),
    block: ledger.at(height),
    hashes: [ledger.hashAt(height), ledger.operationsHashAt(height), ledger.hashAt(height + 1)],
    names: names.map((name) => [name, lookups.nameHistory(name), ledger.state().names.get(name)]),
    namespaces: lookups.namespaces().map((id) => [id, lookups.namespaceHistory(id), [...lookups.names(id)].sort()]),
    rows: zoneFiles.map((_, bit) => lookups.zoneFileRow(bit)),
    none: lookups.zoneFileRow(zoneFiles.length),
    bits: zoneFiles.map((hash) => lookups.bitsOf(hash)),
    owned: addresses.map((address) => [lookups.namesOf(address).toSorted(), lookups.heldBy(address), lookups.firstNamesOf(address)]),
    accounts: [...ledger.state().accounts.keys()].sort().map((address) => [lookups.account(address), lookups.accountHistory(address)]),
    transactions: of.cases.slice(0, 130).flatMap(({ txs }) => txs.map(({ txid }) => lookups.transaction(txid))),
    heights: of.cases.slice(0, 130).map((block) => lookups.heightOfConsensus(block.consensus_hash)),
  };
}

async function folder(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'namestead-ledger-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

async function onDisk(directory: string, of: Network = network): Promise<Store> {
  const store = await diskStore(directory, of);
  onTestFinished(() => store.close());
  return store;
}

/** A copy of what is on disk now, opened: as after a kill. */
async function reopened(directory: string): Promise<Store> {
  const copy = await folder();
  await cp(join(directory, 'data.mdb'), join(copy, 'data.mdb'));
  return onDisk(copy);
}

const stores: Readonly<Record<string, () => Promise<Store>>> = {
  'in memory': () => Promise.resolve(memoryStore()),
  'on disk': async () => onDisk(await folder()),
};

describe.each(Object.entries(stores))('a ledger %s', (_, open) => {
  test('that undid blocks is as if they had never come, whenever it commits', async () => {
    const ledger = createLedger(network, await open());
    const before = new Map<number, unknown>();
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: -20, max: 30 }), fc.boolean()), { minLength: 5, maxLength: 12 }), (moves) => {
        for (const [move, commits] of moves) {
          for (let i = 0; i < Math.abs(move); i++) {
            const next = blocks[(ledger.height() ?? network.firstBlock - 1) + 1 - network.firstBlock];
            if (move < 0) ledger.undo();
            else if (next) ledger.apply(next);
          }
          if (commits) ledger.commit();
          const height = ledger.height() ?? -1;
          const now = snapshot(ledger);
          if (before.has(height)) expect(now).toEqual(before.get(height));
          before.set(height, now);
        }
      }),
      { seed: 11, numRuns: 6 },
    );
  });

  test('undone past its first block is empty, and goes on', async () => {
    const ledger = createLedger(network, await open());
    for (const block of blocks.slice(0, 40)) ledger.apply(block);
    ledger.commit();
    for (let i = 0; i < 41; i++) ledger.undo();
    expect(ledger.height()).toBeNull();
    expect(snapshot(ledger)).toEqual(snapshot(createLedger(network)));
    for (const block of blocks) ledger.apply(block);
    expect(ledger.at(ledger.height() ?? 0)?.consensusHash).toBe(file.cases[129]?.consensus_hash);
  });

  test('undone past what the rules remember begins anew', async () => {
    const ledger = createLedger(network, await open());
    for (const block of blocks.slice(0, 40)) ledger.apply(block);
    ledger.commit();
    ledger.state().undo.delete(ledger.state().height);
    ledger.undo();
    expect(ledger.height()).toBeNull();
    expect(snapshot(ledger)).toEqual(snapshot(createLedger(network)));
  });

  test('refuses a block that does not follow, and is as before', async () => {
    const ledger = createLedger(network, await open());
    const [first, , third] = blocks;
    if (!first || !third) throw new Error('the vectors hold three blocks');
    ledger.apply(first);
    const before = snapshot(ledger);
    expect(() => {
      ledger.apply(third);
    }).toThrow(TypeError);
    expect(snapshot(ledger)).toEqual(before);
  });

  test('gives a zone file announced twice two bits, in chain order', async () => {
    const ledger = createLedger(network, await open());
    for (const block of blocks) ledger.apply(block);
    const lookups = ledger.lookups();
    const rows = lookups.zoneFileHashes().flatMap((__, bit) => lookups.zoneFileRow(bit) ?? []);
    expect(rows.map((row) => row.invIndex)).toEqual(rows.map((__, at) => at + 1));
    expect(rows.map((row) => row.height)).toEqual(rows.map((row) => row.height).sort((a, b) => a - b));
    for (const { hash } of rows) expect(lookups.bitsOf(hash)).toEqual(rows.flatMap((row, bit) => (row.hash === hash ? [bit] : [])));
  });
});

describe('a ledger on disk', () => {
  test.each([
    ['chain_all_epochs', file],
    ['chain_fuzz_11', fuzz],
  ])('closed and opened again at any block gives the hashes of %s, and is as one in memory', async (_, chain) => {
    const of = networkOf(chain);
    const directory = await folder();
    const memory = createLedger(of);
    const all = blocksOf(chain);
    for (let from = 0; from < all.length; from += 83) {
      const store = await diskStore(directory, of);
      try {
        const ledger = createLedger(of, store);
        expect(ledger.height()).toBe(memory.height());
        if (from > 0) {
          // The undo log is on disk as well.
          for (let i = 0; i < 9; i++) ledger.undo();
          for (const block of all.slice(from - 9, from)) ledger.apply(block);
        }
        expect(snapshot(ledger, chain)).toEqual(snapshot(memory, chain));
        for (const block of all.slice(from, from + 83)) {
          ledger.apply(block);
          memory.apply(block);
          expect(ledger.at(block.height)?.consensusHash).toBe(chain.cases[block.height - of.firstBlock]?.consensus_hash);
        }
        ledger.commit();
      } finally {
        await store.close();
      }
    }
  });

  test('forgets what was not committed', async () => {
    const directory = await folder();
    const store = await diskStore(directory, network);
    const ledger = createLedger(network, store);
    for (const block of blocks.slice(0, 20)) ledger.apply(block);
    ledger.commit();
    for (const block of blocks.slice(20, 40)) ledger.apply(block);
    expect(ledger.waiting()).toBeGreaterThan(0);
    await store.close();
    expect(createLedger(network, await onDisk(directory)).height()).toBe(network.firstBlock + 19);
  });

  test('takes a block in the place of one that it had kept and undone, before it is committed again', async () => {
    const [directory, other] = [await folder(), createLedger(network)];
    const ledger = createLedger(network, await onDisk(directory));
    for (const block of blocks.slice(0, 60)) ledger.apply(block);
    ledger.commit();
    for (let i = 0; i < 30; i++) ledger.undo();
    const branch = blocks.slice(30, 60).map((block, at) => ({ ...block, hash: `other ${block.height}`, transactions: at % 3 === 0 ? [] : block.transactions }));
    for (const block of branch) ledger.apply(block);
    ledger.commit();
    for (const block of [...blocks.slice(0, 30), ...branch]) other.apply(block);
    const held = createLedger(network, await reopened(directory));
    for (const { height } of branch) expect(held.at(height)).toEqual(other.at(height));
    expect(snapshot(held)).toEqual(snapshot(other));
    for (let i = 0; i < 40; i++) held.undo();
    for (let i = 0; i < 40; i++) other.undo();
    expect(snapshot(held)).toEqual(snapshot(other));
  });

  test('of another network, of another format or of no database at all is refused in words', async () => {
    const directory = await folder();
    await (await diskStore(directory, network)).close();
    await expect(diskStore(directory, { ...network, firstBlock: network.firstBlock + 1 })).rejects.toMatchObject({ code: 'NetworkMismatch' });
    const database = await openDatabase(directory, ['meta']);
    database.write((writer) => {
      writer.put('meta', fromUtf8('format'), fromUtf8('1'), false);
    });
    await database.close();
    await expect(diskStore(directory, network)).rejects.toMatchObject({
      code: 'StoreCorrupt',
      message: expect.stringMatching(/another format.*remove/) as unknown,
    });
  });

  test.each([
    ['of other bytes', () => new Uint8Array(20_000).fill(7), /no database/],
    ['of a few bytes', () => fromUtf8('hello'), /no database/],
    ['of zeros', () => new Uint8Array(20_000), /no database/],
    ['cut short', (file: Uint8Array) => file.slice(0, 12_288), /cut short/],
    ['without its second page', (file: Uint8Array) => file.slice(0, 4096), /cut short|no database/],
    ['of another LMDB', (file: Uint8Array) => file.with(28, 9), /another LMDB/],
  ])('in a file %s is refused in words, where LMDB itself would end the process', async (_, damage, fault) => {
    const directory = await folder();
    const store = await diskStore(directory, network);
    const ledger = createLedger(network, store);
    for (const block of blocks) ledger.apply(block);
    ledger.commit();
    await store.close();
    const path = join(directory, 'data.mdb');
    await writeFile(path, damage(await readFile(path)));
    const message = expect.stringMatching(new RegExp(`cannot be opened.*${fault.source}.*remove`)) as unknown;
    await expect(diskStore(directory, network)).rejects.toMatchObject({ code: 'StoreCorrupt', message });
  });

  test('whose rows were damaged says so, and what to do', async () => {
    const directory = await folder();
    const store = await diskStore(directory, network);
    const ledger = createLedger(network, store);
    for (const block of blocks) ledger.apply(block);
    ledger.commit();
    const [name] = [...ledger.lookups().names()];
    await store.close();
    const database = await openDatabase(directory, ['operations', 'names']);
    const [block] = [...database.keys('operations')].toReversed();
    database.write((writer) => {
      writer.remove('operations', block ?? new Uint8Array());
      for (const key of database.keys('names')) writer.put('names', key, Uint8Array.of(255), false);
    });
    await database.close();
    const damaged = createLedger(network, await onDisk(directory));
    expect(() => damaged.state().names.get(name ?? '')).toThrow(expect.objectContaining({ code: 'StoreCorrupt' }));
  });
});

test('without the package lmdb a directory is refused in words, and memory is not', { timeout: 30_000 }, async () => {
  const outfile = join(await folder(), 'child.mjs');
  const contents = `
    import { diskStore, memoryStore } from '${import.meta.dirname}/../../src/node/store.js';
    import { mainnet } from '${import.meta.dirname}/../../src/names/bitcoin/network.js';
    memoryStore().commit();
    await diskStore('names', mainnet).catch(({ code, message }) => console.log(JSON.stringify({ code, message })));`;
  // In a folder of its own: no lmdb is to be found from there.
  await build({
    stdin: { contents, resolveDir: import.meta.dirname },
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: ['lmdb'],
    logLevel: 'error',
  });
  const { stdout } = await promisify(execFile)(process.execPath, [outfile], { cwd: dirname(outfile), timeout: 20_000 });
  expect(JSON.parse(stdout)).toMatchObject({ code: 'StorageFailed', message: expect.stringMatching(/npm install lmdb/) as unknown });
});
