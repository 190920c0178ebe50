import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, test } from 'vitest';
import { startHub } from '../../src/hub/hub.js';
import { systemClock } from '../../src/lib/adapters/clock.js';
import { generatePrivateKey, keyAgreementOf, signerOf } from '../../src/lib/key.js';
import { disk } from '../../src/storage/adapters/disk.js';
import { gaia } from '../../src/storage/adapters/gaia.js';
import { memory } from '../../src/storage/adapters/memory.js';
import { encrypted } from '../../src/storage/encrypted.js';
import { enveloped } from '../../src/storage/enveloped.js';
import { retrying } from '../../src/storage/retrying.js';
import { signed } from '../../src/storage/signed.js';
import type { Store } from '../../src/storage/store.js';
import { under } from '../../src/storage/under.js';
import { storeLaws } from './store.js';
import type { StoreTraits } from './store.js';

const clock = systemClock();
const cleanups: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
});

async function freshDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'namestead-store-'));
  cleanups.push(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** One hub serves all laws: every law has a bucket of its own. */
function hubOver(open: () => Promise<Store>): () => Promise<Store> {
  let hub: ReturnType<typeof startHub> | null = null;
  return async () => {
    hub ??= startHub({ store: await open(), pageSize: 3 });
    const { url, close } = await hub;
    cleanups.push(close);
    const store = gaia({ hub: url, signer: signerOf(generatePrivateKey()), clock });
    // Many writers at once meet the hub's 409.
    return retrying(store, { clock, random: () => 0.5, attempts: 8, delay: 10 });
  };
}

const key = generatePrivateKey();
const sealing: StoreTraits = { keepsContentType: false, tellsSize: false };

const stores: Readonly<Record<string, { readonly open: () => Promise<Store>; readonly traits?: StoreTraits }>> = {
  memory: { open: () => Promise.resolve(memory()), traits: { versions: true } },
  disk: { open: async () => disk({ directory: await freshDirectory() }) },
  'a hub over disk': { open: hubOver(async () => disk({ directory: await freshDirectory() })) },
  'a hub over memory': { open: hubOver(() => Promise.resolve(memory())), traits: { versions: true } },
  encrypted: { open: () => Promise.resolve(encrypted(memory(), keyAgreementOf(key))), traits: sealing },
  'encrypted in base64': { open: () => Promise.resolve(encrypted(memory(), keyAgreementOf(key), { encoding: 'base64' })), traits: sealing },
  enveloped: { open: () => Promise.resolve(enveloped(memory(), signerOf(key))), traits: { ...sealing, takesBytes: false } },
  signed: { open: () => Promise.resolve(signed(memory(), signerOf(key))) },
  under: { open: () => Promise.resolve(under(memory(), 'app/')) },
  retrying: { open: () => Promise.resolve(retrying(memory(), { clock, random: () => 0 })) },
  'encrypted and enveloped under a prefix of a hub': {
    open: async () => encrypted(enveloped(under(await wholeHub(), 'app/'), signerOf(key)), keyAgreementOf(key)),
    traits: sealing,
  },
};
const wholeHub = hubOver(async () => disk({ directory: await freshDirectory() }));

for (const [name, { open, traits }] of Object.entries(stores)) {
  describe(name, () => {
    for (const { title, check } of storeLaws(traits)) test(title, async () => check(await open()), 20_000);
  });
}
