import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { fileJournal } from '../../../src/names/adapters/fileJournal.js';
import { memoryJournal, type Journal } from '../../../src/names/journal.js';

const directory = await mkdtemp(join(tmpdir(), 'journal-'));
afterAll(() => rm(directory, { recursive: true, force: true }));
const bytes = Uint8Array.of(1, 2, 3);

describe.each<[string, () => Journal]>([
  ['memoryJournal', () => memoryJournal()],
  ['fileJournal', () => fileJournal({ directory: join(directory, 'all') })],
])('%s', (_, make) => {
  it('answers exactly what was saved last under a key, and null when nothing was', async () => {
    const journal = make();
    await fc.assert(
      fc.asyncProperty(
        fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme-ascii' }),
        fc.uint8Array({ maxLength: 300 }),
        fc.uint8Array(),
        async (key, first, second) => {
          await journal.remove(key);
          expect(await journal.load(key)).toBeNull();
          expect(await journal.replace(key, null, first)).toBe(true);
          expect(await journal.replace(key, first, second)).toBe(true);
          expect(new Uint8Array((await journal.load(key)) ?? [255])).toEqual(second);
          await journal.remove(key);
          expect(await journal.load(key)).toBeNull();
        },
      ),
      { seed: 20163, numRuns: 30 },
    );
  });

  it('replaces only what the caller knows, and leaves the entry else', async () => {
    const journal = make();
    await journal.remove('known');
    expect(await journal.replace('known', bytes, bytes)).toBe(false);
    expect(await journal.replace('known', null, bytes)).toBe(true);
    expect(await journal.replace('known', null, Uint8Array.of(9))).toBe(false);
    expect(await journal.replace('known', Uint8Array.of(9), Uint8Array.of(9))).toBe(false);
    expect(await journal.load('known')).toEqual(bytes);
    await journal.remove('known');
    expect(await journal.replace('known', bytes, bytes)).toBe(false);
    expect(await journal.load('known')).toBeNull();
  });

  it('of many writers at once lets one through, again and again', async () => {
    const journal = make();
    await journal.remove('race');
    let now: Uint8Array | null = null;
    for (let round = 0; round < 12; round++) {
      const before: Uint8Array | null = now;
      const tries = Array.from({ length: 8 }, (_, at) => Uint8Array.of(round, at));
      const won: boolean[] = await Promise.all(tries.map((mine) => journal.replace('race', before, mine)));
      expect(won.filter(Boolean)).toHaveLength(1);
      now = await journal.load('race');
      expect(now).toEqual(tries[won.indexOf(true)]);
    }
  });

  it('keeps its own copy', async () => {
    const journal = make();
    const mine = bytes.slice();
    await journal.replace('copy', null, mine);
    mine[0] = 9;
    expect((await journal.load('copy'))?.[0]).toBe(1);
  });

  it('removes nothing in silence', async () => {
    await make().remove('never saved');
  });
});

describe('fileJournal', () => {
  it('is read by the next process, and leaves no half-written file', async () => {
    const where = { directory: join(directory, 'next') };
    await fileJournal(where).replace('register alice.id', null, bytes);
    expect(await fileJournal(where).load('register alice.id')).toEqual(bytes);
    expect(await readdir(where.directory)).toEqual(['register%20alice.id.journal']);
  });

  it('of several processes that count upwards in turn loses no number', async () => {
    const where = { directory: join(directory, 'count') };
    const add = async (): Promise<void> => {
      const journal = fileJournal(where);
      for (let done = 0; done < 20;) {
        const now = await journal.load('n');
        if (await journal.replace('n', now, Uint8Array.of((now?.[0] ?? 0) + 1))) done++;
      }
    };
    await Promise.all([add(), add(), add()]);
    expect(await fileJournal(where).load('n')).toEqual(Uint8Array.of(60));
    expect(await readdir(where.directory)).toHaveLength(1);
  });

  it('left by a crash between two generations holds the later one', async () => {
    const where = { directory: join(directory, 'crash') };
    const journal = fileJournal(where);
    await journal.replace('k', null, bytes);
    const old = await readFile(join(where.directory, 'k.journal'));
    await journal.replace('k', bytes, Uint8Array.of(4));
    await writeFile(join(where.directory, 'k.journal'), old);
    expect(await journal.load('k')).toEqual(Uint8Array.of(4));
    expect(await journal.replace('k', Uint8Array.of(4), Uint8Array.of(5))).toBe(true);
    expect(await readdir(where.directory)).toEqual(['k@2.journal']);
  });

  it('stays inside its folder whatever the key', async () => {
    const where = { directory: join(directory, 'inside') };
    for (const key of ['..', '../up', '/etc/x', 'a\\b', '*?']) await fileJournal(where).replace(key, null, bytes);
    expect(await readdir(where.directory)).toHaveLength(5);
    await expect(fileJournal(where).replace('', null, bytes)).rejects.toThrow(TypeError);
    await expect(fileJournal(where).replace('x'.repeat(201), null, bytes)).rejects.toThrow(TypeError);
  });

  it('names the damaged file and its cure, for every flipped byte and every cut', async () => {
    const where = { directory: join(directory, 'damage') };
    const journal = fileJournal(where);
    await journal.replace('k', null, bytes);
    const path = join(where.directory, 'k.journal');
    const whole = await readFile(path);
    for (let at = 0; at < whole.length; at++) {
      const flipped = Uint8Array.from(whole);
      flipped[at] = (flipped[at] ?? 0) ^ 1;
      for (const damaged of [flipped, whole.subarray(0, at)]) {
        await writeFile(path, damaged);
        await expect(journal.load('k')).rejects.toMatchObject({ code: 'JournalCorrupt', message: expect.stringContaining(path) as string });
      }
    }
  });

  it('keeps the old entry when the new one cannot be written', async () => {
    const where = join(directory, 'a-file');
    await writeFile(where, 'not a folder');
    await expect(fileJournal({ directory: where }).replace('k', null, bytes)).rejects.toMatchObject({ code: 'StorageFailed' });
    await expect(fileJournal({ directory: where }).load('k')).rejects.toMatchObject({ code: 'StorageFailed' });
  });
});
