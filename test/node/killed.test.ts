import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import { expect, onTestFinished, test } from 'vitest';
import { createLedger } from '../../src/node/ledger.js';
import { diskStore } from '../../src/node/store.js';
import { candidatesOf, networkOf, type ChainFile } from '../suites/bnsChain.js';

const path = resolve(import.meta.dirname, '../vectors/bns-v1/chain_fuzz_11.json');
const KILLS = 40;

test(
  `a store killed ${KILLS} times while blocks come and go starts each time where it stood, and ends with the same hashes`,
  { timeout: 120_000 },
  async () => {
    const chain = JSON.parse(await readFile(path, 'utf8')) as ChainFile;
    const network = networkOf(chain);
    const directory = await mkdtemp(join(tmpdir(), 'namestead-killed-'));
    onTestFinished(() => rm(directory, { recursive: true, force: true }));
    // Beside the package, so that the program finds lmdb.
    const outfile = resolve(import.meta.dirname, `../../node_modules/.killed-${process.pid}.mjs`);
    onTestFinished(() => rm(outfile, { force: true }));
    const entryPoints = [resolve(import.meta.dirname, 'killed.child.ts')];
    await build({ entryPoints, outfile, bundle: true, platform: 'node', format: 'esm', external: ['lmdb'], logLevel: 'error' });

    const starts: number[] = [];
    let [kills, done, random] = [0, false, 7];
    while (!done) {
      random = (random * 48271) % 2147483647;
      const child = spawn(process.execPath, [outfile, path, directory, String(random)], { stdio: ['ignore', 'pipe', 'pipe'] });
      let [told, failed] = ['', ''];
      child.stderr.on('data', (part: Buffer) => (failed += String(part)));
      child.stdout.on('data', (part: Buffer) => {
        // From the moment it has checked its store: at any instant, inside a commit as well.
        if (told === '' && kills < KILLS) setTimeout(() => child.kill('SIGKILL'), random % 60);
        told += String(part);
      });
      const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
      expect(failed).toBe('');
      expect(signal === 'SIGKILL' || code === 0).toBe(true);
      starts.push(Number(told.split('\n')[0]));
      done = told.includes('done');
      if (done && kills < KILLS) {
        // It was faster than the knife: once more from the beginning.
        await rm(directory, { recursive: true });
        done = false;
      }
      kills++;
    }
    expect(new Set(starts).size).toBeGreaterThan(5);

    const store = await diskStore(directory, network);
    onTestFinished(() => store.close());
    const [killed, whole] = [createLedger(network, store), createLedger(network)];
    for (const block of chain.cases) whole.apply({ height: block.height, hash: `${block.height}`, time: 0, transactions: candidatesOf(block) });
    expect(killed.height()).toBe(whole.height());
    for (const { height } of chain.cases) expect(killed.at(height)).toEqual(whole.at(height));
    for (const name of whole.lookups().names()) {
      expect(killed.state().names.get(name)).toEqual(whole.state().names.get(name));
      expect(killed.lookups().nameHistory(name)).toEqual(whole.lookups().nameHistory(name));
    }
  },
);
