import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { systemClock } from '../../src/lib/adapters/clock.js';
import { addressOf } from '../../src/lib/address.js';
import { generatePrivateKey, publicKeyOf, signerOf } from '../../src/lib/key.js';
import { disk } from '../../src/storage/adapters/disk.js';
import { gaia } from '../../src/storage/adapters/gaia.js';
import { under } from '../../src/storage/under.js';

const children: ChildProcess[] = [];
const directories: string[] = [];
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  for (const directory of directories) await rm(directory, { recursive: true, force: true });
});

function startChild(directory: string): Promise<{ url: string; kill: () => Promise<void> }> {
  const child = spawn(process.execPath, ['--import', 'tsx', fileURLToPath(new URL('server.mts', import.meta.url)), directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  const gone = new Promise<void>((resolve) =>
    child.once('exit', () => {
      resolve();
    }),
  );
  const kill = (): Promise<void> => {
    child.kill('SIGKILL');
    return gone;
  };
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.stdout.once('data', (line: Uint8Array) => {
      resolve({ url: new TextDecoder().decode(line).trim(), kill });
    });
  });
}

test('a hub killed while it writes leaves every file whole, with its own type and etag, and goes on after a restart', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'namestead-crash-'));
  directories.push(directory);
  const key = generatePrivateKey();
  const size = 300_000;
  const body = (value: number): Uint8Array => new Uint8Array(size).fill(value);
  for (const writes of [3, 7, 12]) {
    const { url, kill } = await startChild(directory);
    const store = gaia({ hub: url, signer: signerOf(key), clock: systemClock() });
    let done = 0;
    const kills: Promise<void>[] = [];
    const write = async (path: string): Promise<void> => {
      for (let value = 1; value < 40; value++) {
        await store.put(path, body(value), { contentType: `test/${value}` });
        if (++done === writes) kills.push(kill());
      }
    };
    const outcomes = await Promise.allSettled(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map(write));
    expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true);
    await Promise.all(kills);
    const left = under(disk({ directory }), `${addressOf(publicKeyOf(key))}/`);
    for await (const path of left.list()) {
      const file = await left.get(path);
      expect(file?.body.length).toBe(size);
      const value = file?.body[0] ?? 0;
      expect(file?.body.every((byte) => byte === value)).toBe(true);
      expect(file?.contentType).toBe(`test/${value}`);
      expect((await left.head(path))?.etag).toBe(file?.etag);
    }
  }
  const { url, kill } = await startChild(directory);
  const store = gaia({ hub: url, signer: signerOf(key), clock: systemClock() });
  await store.put('a', body(77));
  expect((await store.get('a'))?.body[0]).toBe(77);
  await kill();
}, 30_000);
