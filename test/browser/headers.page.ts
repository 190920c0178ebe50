import { fromHex } from '../../src/lib/bytes.js';
import { createHeaderChain, syncHeaders } from '../../src/names/bitcoin/chain.js';
import { indexeddbHeaders } from '../../src/names/bitcoin/adapters/indexeddbHeaders.js';
import { loadHeaders } from '../../src/names/bitcoin/headerStore.js';
import { bitcoinRegtest } from '../../src/names/bitcoin/network.js';
import { headerStoreLaws, type Reopen } from '../conformance/headerStore.js';
import { mineHeaders, sourceOf } from '../names/bitcoin/regtest.js';

let databases = 0;
const fresh = (): Promise<Reopen> => {
  const name = `headers-${databases++}`;
  return Promise.resolve(() => indexeddbHeaders({ name }));
};

export const laws = Object.keys(headerStoreLaws);

/** What the law said when it broke, or null. */
export async function check(title: string): Promise<string | null> {
  try {
    await headerStoreLaws[title]?.(fresh);
    return null;
  } catch (error) {
    return String(error);
  }
}

/** The height at which a chain stands that was synced before this page was loaded, and the one to which it went on. */
export async function goOn(length: number): Promise<readonly [number, number]> {
  const store = indexeddbHeaders({ name: 'going-on' });
  const chain = createHeaderChain(bitcoinRegtest);
  await loadHeaders(chain, store);
  const before = chain.tip().height;
  await syncHeaders(chain, [sourceOf([fromHex(bitcoinRegtest.genesisHeader), ...mineHeaders(length)])], { store });
  return [before, chain.tip().height];
}

/** The code with which a database that holds something else is refused. */
export async function corrupted(): Promise<string> {
  const store = indexeddbHeaders({ name: 'corrupted' });
  await store.save({ from: 1, headers: new Uint8Array(160) });
  await new Promise<void>((resolve, reject) => {
    const request = indexedDB.open('corrupted');
    request.onerror = () => reject(new Error('not opened'));
    request.onsuccess = () => {
      const transaction = request.result.transaction('headers', 'readwrite');
      transaction.objectStore('headers').put(new Uint8Array(80), 7);
      transaction.oncomplete = () => resolve();
    };
  });
  return indexeddbHeaders({ name: 'corrupted' })
    .load()
    .then(
      () => 'nothing',
      (error: unknown) => String((error as { code?: unknown }).code),
    );
}
