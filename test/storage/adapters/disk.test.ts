import { createHash } from 'node:crypto';
import type * as fs from 'node:fs/promises';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { fromUtf8, toUtf8 } from '../../../src/lib/bytes.js';
import { disk } from '../../../src/storage/adapters/disk.js';
import type { Store } from '../../../src/storage/store.js';

const directories: string[] = [];
let directory: string;
let store: Store;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'namestead-disk-'));
  directories.push(directory);
  store = disk({ directory });
});
afterAll(async () => {
  for (const each of directories) await rm(each, { recursive: true, force: true });
});

const md5 = (text: string): string => createHash('md5').update(text).digest('hex');
const textAt = async (path: string): Promise<string> => toUtf8((await store.get(path))?.body ?? new Uint8Array(0));
const side = (path: string): string => join(directory, '.gaia-metadata', path);

describe('the layout', () => {
  test('is that of a hub’s disk driver: content by path, type and MD5 in the side folder', async () => {
    const { etag } = await store.put('1abc/n/a.txt', fromUtf8('hello'), { contentType: 'text/plain' });
    expect(etag).toBe(md5('hello'));
    expect(await readFile(join(directory, '1abc/n/a.txt'), 'utf8')).toBe('hello');
    expect(JSON.parse(await readFile(side('1abc/n/a.txt'), 'utf8'))).toMatchObject({ 'content-type': 'text/plain', etag: md5('hello') });
    expect((await stat(join(directory, '1abc/n/a.txt'))).mode & 0o077).toBe(0);
  });

  test('a folder that a hub left is read as it is, then written', async () => {
    await mkdir(join(directory, '1abc'));
    await mkdir(side('1abc'), { recursive: true });
    await writeFile(join(directory, '1abc/old.png'), 'old');
    await writeFile(side('1abc/old.png'), JSON.stringify({ 'content-type': 'image/png', etag: md5('old') }));
    expect(await store.get('1abc/old.png')).toEqual({ body: fromUtf8('old'), contentType: 'image/png', etag: md5('old') });
    expect(await store.head('1abc/old.png')).toMatchObject({ contentType: 'image/png', etag: md5('old'), size: 3 });
    await store.put('1abc/old.png', fromUtf8('new'), { condition: { kind: 'match', etag: md5('old') } });
    expect(await textAt('1abc/old.png')).toBe('new');
  });

  test('a file without a side file, or with a broken one, has its own MD5 and no type', async () => {
    await writeFile(join(directory, 'bare'), 'x');
    expect(await store.get('bare')).toMatchObject({ contentType: 'application/octet-stream', etag: md5('x') });
    await mkdir(side(''), { recursive: true });
    for (const broken of ['', '{', 'null', '[]', '{"etag":7,"content-type":null}']) {
      await writeFile(side('bare'), broken);
      expect(await store.head('bare')).toMatchObject({ contentType: 'application/octet-stream', etag: md5('x') });
    }
  });

  test('a file edited from outside has the etag of what it holds', async () => {
    await store.put('a', fromUtf8('one'));
    await writeFile(join(directory, 'a'), 'two');
    expect(await store.head('a')).toMatchObject({ etag: md5('two') });
    await expect(store.put('a', fromUtf8('three'), { condition: { kind: 'match', etag: md5('one') } })).rejects.toMatchObject({ code: 'PreconditionFailed' });
  });
});

describe('a crash', () => {
  test('between the two renames of a write leaves the old file with its old type and etag', async () => {
    await store.put('a', fromUtf8('old'), { contentType: 'text/old' });
    await store.put('a', fromUtf8('new'), { contentType: 'text/new' });
    // As if the process had died once the side file was in place.
    await writeFile(join(directory, 'a'), 'old');
    expect(await store.get('a')).toEqual({ body: fromUtf8('old'), contentType: 'text/old', etag: md5('old') });
    expect(await store.head('a')).toMatchObject({ contentType: 'text/old', etag: md5('old') });
  });

  test('before the first rename leaves nothing that is listed or read, and for a day only', async () => {
    await store.put('a', fromUtf8('old'));
    await writeFile(side('.pending-x'), 'half a fi');
    await writeFile(side('.pending-old'), 'half');
    await utimes(side('.pending-old'), 0, 0);
    const paths: string[] = [];
    for await (const path of store.list()) paths.push(path);
    expect(paths).toEqual(['a']);
    await disk({ directory }).put('b', fromUtf8('x'));
    expect((await readdir(side(''))).sort()).toEqual(['.pending-x', 'a', 'b']);
  });
});

/** The disk adapter over a file system that dies at its `last`-th change: a write stops half-way, everything later fails. */
async function dyingDisk(last: number): Promise<{ disk: typeof disk; changes: () => number }> {
  let changes = 0;
  vi.resetModules();
  vi.doMock('node:fs/promises', async (original) => {
    const real = await original<typeof fs>();
    const step = async <T>(work: () => Promise<T>, half?: () => Promise<unknown>): Promise<T> => {
      changes++;
      if (changes === last) await half?.();
      if (changes >= last) throw new Error('the power is gone');
      return work();
    };
    const open: typeof real.open = async (path, flags, ...rest) => {
      if (flags === 'r') return real.open(path, flags, ...rest);
      const handle = await step(() => real.open(path, flags, ...rest));
      const writeFile = handle.writeFile.bind(handle);
      handle.writeFile = (data) => {
        const bytes = data as Uint8Array;
        return step(
          () => writeFile(bytes),
          () => writeFile(bytes.subarray(0, bytes.length / 2)),
        );
      };
      return handle;
    };
    return {
      ...real,
      open,
      writeFile: (path: string, data: Uint8Array) =>
        step(
          () => real.writeFile(path, data),
          () => real.writeFile(path, data.subarray(0, data.length / 2)),
        ),
      rename: (from: string, to: string) => step(() => real.rename(from, to)),
      link: (from: string, to: string) => step(() => real.link(from, to)),
      unlink: (path: string) => step(() => real.unlink(path)),
      rm: (path: string, options: object) => step(() => real.rm(path, options)),
      mkdir: (path: string, options: object) => step(() => real.mkdir(path, options)),
    };
  });
  try {
    const { disk: dying } = await import('../../../src/storage/adapters/disk.js');
    return { disk: dying, changes: () => changes };
  } finally {
    vi.doUnmock('node:fs/promises');
  }
}

describe('a crash at any moment', () => {
  const old = { body: fromUtf8('the old content'), contentType: 'text/old', etag: md5('the old content') };
  const next = { body: fromUtf8('what is new'), contentType: 'text/new', etag: md5('what is new') };

  test.each([
    ['of an overwrite leaves the old file or the new one', 'a', (dying: Store) => dying.put('a', next.body, next), [old, next]],
    [
      'of a conditional overwrite leaves the old file or the new one',
      'a',
      (dying: Store) => dying.put('a', next.body, { ...next, condition: { kind: 'match', etag: old.etag } }),
      [old, next],
    ],
    [
      'of a creation leaves none or the whole file',
      'n/b',
      (dying: Store) => dying.put('n/b', next.body, { ...next, condition: { kind: 'create' } }),
      [null, next],
    ],
    ['of a removal leaves the file or none', 'a', (dying: Store) => dying.remove('a'), [old, null]],
  ] as const)('%s', async (_, path, work, allowed) => {
    const seen = new Set<unknown>();
    for (let last = 1, alive = false; !alive; last++) {
      directory = await mkdtemp(join(tmpdir(), 'namestead-disk-'));
      directories.push(directory);
      store = disk({ directory });
      await store.put('a', old.body, old);
      const { disk: dying, changes } = await dyingDisk(last);
      await work(dying({ directory })).catch(() => undefined);
      alive = changes() < last;
      const found = await store.get(path);
      expect(allowed, `at change ${last}`).toContainEqual(found);
      expect((await store.head(path))?.etag).toBe(found?.etag);
      seen.add(JSON.stringify(found));
      for await (const listed of store.list()) expect(['a', path]).toContain(listed);
      // Life goes on.
      await store.put(path, old.body, { ...old, condition: found ? { kind: 'match', etag: found.etag ?? '' } : { kind: 'create' } });
      expect(await store.get(path)).toEqual(old);
      expect(last).toBeLessThan(50);
    }
    expect(seen.size).toBe(2);
  });
});

describe('what cannot be done', () => {
  test('a folder that is a file is refused, and stays', async () => {
    await store.put('a', fromUtf8('old'));
    await expect(disk({ directory: join(directory, 'a') }).put('b', fromUtf8('new'))).rejects.toMatchObject({ code: 'PathInvalid' });
    expect(await textAt('a')).toBe('old');
  });

  test('leaves no pending file behind', async () => {
    await store.put('a', fromUtf8('file'));
    await expect(store.put('a/b', fromUtf8('x'))).rejects.toMatchObject({ code: 'PathInvalid' });
    await store.put('c/d', fromUtf8('x'));
    await expect(store.put('c', fromUtf8('x'))).rejects.toMatchObject({ code: 'PathInvalid' });
    expect((await readdir(side(''))).filter((name) => name.startsWith('.pending'))).toEqual([]);
    expect(await textAt('a')).toBe('file');
    expect(await store.get('c')).toBeNull();
    expect(await store.get('a/b')).toBeNull();
  });

  test('a name longer than the disk takes is PathInvalid', async () => {
    await expect(store.put('x'.repeat(300), fromUtf8('x'))).rejects.toMatchObject({ code: 'PathInvalid' });
  });

  test('the side folder is no place for files', async () => {
    await store.put('a', fromUtf8('x'));
    for (const path of ['.gaia-metadata/a', '.gaia-metadata', '.GAIA-metadata/a']) {
      await expect(store.get(path)).rejects.toMatchObject({ code: 'PathInvalid' });
      await expect(store.put(path, fromUtf8('x'))).rejects.toMatchObject({ code: 'PathInvalid' });
    }
  });

  test('a link that leads out of the folder is not listed', async () => {
    await symlink('/etc/hostname', join(directory, 'link'));
    for await (const path of store.list()) expect.unreachable(path);
  });
});

test.runIf(process.platform === 'linux')('a full disk is StorageFull, and the old file is unharmed', async () => {
  await store.put('a', fromUtf8('old'), { contentType: 'text/plain' });
  vi.resetModules();
  vi.doMock('node:fs/promises', async (original) => {
    const real = await original<typeof fs>();
    const open: typeof real.open = async (path, ...rest) => {
      const handle = await real.open(path, ...rest);
      if (!String(path).includes('.pending-')) return handle;
      handle.writeFile = async () => {
        // The kernel's own answer for a disk without room.
        const device = await real.open('/dev/full', 'w');
        await device.writeFile('x').finally(() => device.close());
      };
      return handle;
    };
    return { ...real, open };
  });
  try {
    const { disk: fullDisk } = await import('../../../src/storage/adapters/disk.js');
    await expect(fullDisk({ directory }).put('a', fromUtf8('new'))).rejects.toMatchObject({ code: 'StorageFull' });
  } finally {
    vi.doUnmock('node:fs/promises');
  }
  expect(await store.get('a')).toEqual({ body: fromUtf8('old'), contentType: 'text/plain', etag: md5('old') });
  expect((await readdir(side(''))).filter((name) => name.startsWith('.pending'))).toEqual([]);
});
