import { indexeddb } from '../../../src/storage/adapters/indexeddb.js';
import { storeLaws } from '../../conformance/store.js';

/** Runs every law over a database of its own; answers what was broken. A browser test calls it in a page. */
export async function breaches(): Promise<{ readonly laws: number; readonly broken: readonly string[] }> {
  const laws = storeLaws({ versions: true });
  const broken: string[] = [];
  for (const { title, check } of laws) {
    const name = `namestead-${crypto.randomUUID()}`;
    try {
      await check(indexeddb({ name }));
    } catch (error) {
      broken.push(`${title}: ${String(error)}`);
    }
    indexedDB.deleteDatabase(name);
  }
  return { laws: laws.length, broken };
}
