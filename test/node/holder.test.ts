import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { holdFolder } from '../../src/node/holder.js';
import { startNode } from '../../src/node/node.js';
import { devnetNetwork } from '../../src/devnet/network.js';

const busy = expect.objectContaining({ code: 'StorageFailed', message: expect.stringContaining('another node') as string }) as Error;
const nobody = { url: 'http://127.0.0.1:9' };
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'namestead-holder-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** The number of a process that has ended. */
async function ended(): Promise<number> {
  const child = spawn(process.execPath, ['-e', '']);
  await once(child, 'exit');
  return child.pid ?? 0;
}

test('a second node in one directory is refused, and let in when the first has closed', async () => {
  const first = await startNode({ bitcoin: nobody, network: devnetNetwork, directory: folder });
  await expect(startNode({ bitcoin: nobody, network: devnetNetwork, directory: folder })).rejects.toThrow(busy);
  await first.close();
  await (await startNode({ bitcoin: nobody, network: devnetNetwork, directory: folder })).close();
});

test('what a process left that is gone is taken over; what one holds that lives is not', async () => {
  await writeFile(join(folder, 'holder'), String(await ended()));
  const release = await holdFolder(folder);
  await expect(holdFolder(folder)).rejects.toThrow(busy);
  await release();
  expect(await readdir(folder)).toEqual([]);
  await writeFile(join(folder, 'holder'), String(process.ppid));
  await expect(holdFolder(folder)).rejects.toThrow(busy);
  expect(await readdir(folder)).toEqual(['holder']);
});

test('of many that start at once over what a dead process left, one holds the folder', async () => {
  for (let round = 0; round < 10; round++) {
    await writeFile(join(folder, 'holder'), String(await ended()));
    const starts = await Promise.allSettled(Array.from({ length: 8 }, () => holdFolder(folder)));
    const held = starts.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : []));
    expect(held).toHaveLength(1);
    for (const release of held) await release();
  }
});

test('a file where the directory should be is told as what it is', async () => {
  const file = join(folder, 'file');
  await writeFile(file, '');
  await expect(startNode({ bitcoin: nobody, network: devnetNetwork, directory: file })).rejects.toMatchObject({ code: 'StorageFailed' });
});
