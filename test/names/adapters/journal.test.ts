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
          await journal.save(key, first);
          await journal.save(key, second);
          expect(new Uint8Array((await journal.load(key)) ?? [255])).toEqual(second);
          await journal.remove(key);
          expect(await journal.load(key)).toBeNull();
        },
      ),
      { seed: 20163, numRuns: 30 },
    );
  });

  it('keeps its own copy', async () => {
    const journal = make();
    const mine = bytes.slice();
    await journal.save('copy', mine);
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
    await fileJournal(where).save('register alice.id', bytes);
    expect(await fileJournal(where).load('register alice.id')).toEqual(bytes);
    expect(await readdir(where.directory)).toEqual(['register%20alice.id.journal']);
  });

  it('stays inside its folder whatever the key', async () => {
    const where = { directory: join(directory, 'inside') };
    for (const key of ['..', '../up', '/etc/x', 'a\\b', '*?']) await fileJournal(where).save(key, bytes);
    expect(await readdir(where.directory)).toHaveLength(5);
    await expect(fileJournal(where).save('', bytes)).rejects.toThrow(TypeError);
    await expect(fileJournal(where).save('x'.repeat(201), bytes)).rejects.toThrow(TypeError);
  });

  it('names the damaged file and its cure, for every flipped byte and every cut', async () => {
    const where = { directory: join(directory, 'damage') };
    const journal = fileJournal(where);
    await journal.save('k', bytes);
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
    await expect(fileJournal({ directory: where }).save('k', bytes)).rejects.toMatchObject({ code: 'StorageFailed' });
    await expect(fileJournal({ directory: where }).load('k')).rejects.toMatchObject({ code: 'StorageFailed' });
  });
});
