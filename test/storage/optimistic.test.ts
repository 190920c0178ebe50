import { expect, test } from 'vitest';
import { fromUtf8 } from '../../src/lib/bytes.js';
import { memory } from '../../src/storage/adapters/memory.js';
import { optimistic } from '../../src/storage/optimistic.js';

const one = fromUtf8('one');
const two = fromUtf8('two');

test('a file that was never seen is created, not overwritten', async () => {
  const store = memory();
  await store.put('a', one);
  await expect(optimistic(store).put('a', two)).rejects.toMatchObject({ code: 'PreconditionFailed' });
  expect((await store.get('a'))?.body).toEqual(one);
});

test('a file that was read or written here is replaced', async () => {
  const store = memory();
  await store.put('a', one);
  const mine = optimistic(store);
  await mine.get('a');
  await mine.put('a', two);
  await mine.put('a', one);
  expect((await store.get('a'))?.body).toEqual(one);
});

test('a file that another writer changed since is not overwritten', async () => {
  const store = memory();
  const mine = optimistic(store);
  await mine.put('a', one);
  await store.put('a', two);
  await expect(mine.put('a', one)).rejects.toMatchObject({ code: 'PreconditionFailed' });
  await mine.get('a');
  await mine.put('a', one);
});

test('a removed file is created anew, and a named condition goes before what was seen', async () => {
  const mine = optimistic(memory());
  await mine.put('a', one);
  await mine.remove('a');
  await mine.put('a', two);
  await mine.put('a', one, { condition: { kind: 'any' } });
});
