import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { startBitcoind } from '../../../src/devnet/bitcoin/bitcoind.js';
import { isNamesteadError } from '../../../src/lib/errors.js';

const BITCOIND = process.env['BITCOIND'];

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

const pidIn = async (directory: string): Promise<number> => Number(await readFile(join(directory, 'regtest/bitcoind.pid'), 'utf8'));
// A folder of this file's own, so that others may start nodes meanwhile.
const before = process.env['TMPDIR'];
let own = '';
beforeAll(async () => {
  own = await mkdtemp(join(tmpdir(), 'bitcoind-test-'));
  process.env['TMPDIR'] = own;
});
afterAll(async () => {
  if (before === undefined) delete process.env['TMPDIR'];
  else process.env['TMPDIR'] = before;
  await rm(own, { recursive: true, force: true });
});

const temporary = async (): Promise<string[]> => (await readdir(tmpdir())).filter((name) => name.startsWith('namestead-bitcoind-'));

test('a program that is not there, or is none, is told as such', async () => {
  await expect(startBitcoind({ path: '/nowhere/bitcoind' })).rejects.toSatisfy((error) => isNamesteadError(error, 'ServerFailed'));
  await expect(startBitcoind({ path: '/bin/false' })).rejects.toSatisfy((error) => isNamesteadError(error, 'ServerFailed'));
  expect(await temporary()).toEqual([]);
});

describe.skipIf(!BITCOIND)('a real bitcoind', () => {
  test('is gone when it was closed, and its temporary folder with it', async () => {
    const node = await startBitcoind({ path: BITCOIND ?? '', blocks: 0 });
    const [folder = ''] = await temporary();
    const pid = await pidIn(join(tmpdir(), folder));
    expect(isAlive(pid)).toBe(true);
    await node.close();
    expect(isAlive(pid)).toBe(false);
    expect(await temporary()).toEqual([]);
    await node.close();
  }, 30_000);

  test.each(['SIGKILL', 'SIGTERM', 'SIGINT'] as const)(
    'ends when the process that started it is ended by %s',
    async (signal) => {
      const directory = await mkdtemp(join(tmpdir(), 'orphan-'));
      const source = resolve(import.meta.dirname, '../../../src/devnet/bitcoin/bitcoind.ts');
      const script = `import(${JSON.stringify(source)}).then(({ startBitcoind }) => startBitcoind(${JSON.stringify({ path: BITCOIND, directory, blocks: 0 })})).then(() => console.log('up'))`;
      const parent = spawn(process.execPath, ['--import', 'tsx', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
      await new Promise((done) => parent.stdout.once('data', done));
      const pid = await pidIn(directory);
      expect(isAlive(pid)).toBe(true);
      parent.kill(signal);
      await vi.waitUntil(() => !isAlive(pid), { timeout: 15_000, interval: 50 });
      await rm(directory, { recursive: true, force: true });
    },
    40_000,
  );
});
