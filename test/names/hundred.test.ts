import { expect, it } from 'vitest';
import { addressOf } from '../../src/lib/address.js';
import { fromUtf8, toHex } from '../../src/lib/bytes.js';
import { hash160 } from '../../src/lib/hash.js';
import { generatePrivateKey, signerOf } from '../../src/lib/key.js';
import { openNamespace } from '../../src/names/namespace.js';
import { registerAll, type BatchProgress } from '../../src/names/registrations.js';
import { startWorld } from './world.js';

const BITCOIND = process.env['BITCOIND'] ?? '';
const rules = { lifetime: 52595, coeff: 1, base: 1, buckets: new Array<number>(16).fill(0), nonalphaDiscount: 1, noVowelDiscount: 1, version: 1 };
const COUNT = 100;
const OWNERS = 5;

/** Registers a hundred names out of two coins, with blocks undone once the preorders are mined and again when registrations are. */
async function hundred(path: string | undefined): Promise<void> {
  const net = await startWorld(path);
  try {
    const [payer, opener] = [await net.payer(60_000_000n, 4_000_000n), await net.payer(6_000n)];
    const world = await net.world();
    await openNamespace({ ...world, namespace: 'many', rules, owner: opener, payer }, net.miner);
    const owners = Array.from({ length: OWNERS }, () => addressOf(signerOf(generatePrivateKey()).publicKey));
    const names = Array.from({ length: COUNT }, (_, at) => ({
      name: `name${at}.many`,
      zoneFile: fromUtf8(`zone file ${at}`),
      owner: owners[at % OWNERS] ?? '',
    }));
    const from = await net.height();
    const seen = { published: 0, most: 0, reorganised: 0 };
    const confirmed = { NAME_PREORDER: 0, NAME_REGISTRATION: 0 };
    let mining: Promise<unknown> = Promise.resolve();
    let undone = 0;
    let last: ReturnType<typeof setTimeout> | undefined;
    /** A block comes when nothing was sent for a moment. */
    const mineSoon = (): void => {
      clearTimeout(last);
      last = setTimeout(() => {
        mining = mining.then(() => net.mine());
      }, 500);
    };
    const onProgress = ({ progress, total }: BatchProgress): void => {
      expect(total).toBe(COUNT);
      if (progress.stage === 'reorganised') seen.reorganised++;
      if (progress.stage === 'sent') mineSoon();
      const { operation } = progress.receipt ?? {};
      if (operation !== 'NAME_PREORDER' && operation !== 'NAME_REGISTRATION') return;
      confirmed[operation]++;
      // In the middle: some are through, the others are not.
      if (confirmed[operation] !== COUNT / 2) return;
      undone++;
      mining = mining.then(async () => {
        await net.bitcoin.reorg(1);
        await net.mine(2);
      });
    };
    const publish = (): Promise<void> => Promise.resolve(void seen.published++);
    const outcomes = await registerAll({ ...world, names, payer, publish }, { onProgress });
    await mining;
    expect(outcomes.filter(({ kind }) => kind === 'failed')).toEqual([]);
    expect(undone).toBe(2);
    await net.mine();
    const opcodes = await net.minedSince(from);
    expect([opcodes.filter((code) => code === '?').length, opcodes.filter((code) => code === ':').length]).toEqual([COUNT, COUNT]);
    expect(seen.published).toBe(COUNT);
    for (const { name, owner, zoneFile } of names)
      expect(await world.indexer.nameRecord(name)).toMatchObject({ address: owner, value_hash: toHex(hash160(zoneFile)) });
    // Nothing is set aside any more, and a second call pays nothing.
    expect(await registerAll({ ...world, names, payer, publish })).toHaveLength(COUNT);
    expect(await net.bitcoin.rpc('getrawmempool', [])).toEqual([]);
  } finally {
    await net.close();
  }
}

it(
  'a hundred names of five owners are registered out of two coins, each by one preorder and one registration, through two reorgs',
  () => hundred(undefined),
  90_000,
);

it.skipIf(BITCOIND === '')('on a real bitcoind too', () => hundred(BITCOIND), 90_000);
