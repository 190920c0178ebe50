import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addressOf } from '../../src/lib/address.js';
import { fromUtf8, toHex } from '../../src/lib/bytes.js';
import { hash160 } from '../../src/lib/hash.js';
import { generatePrivateKey, signerOf } from '../../src/lib/key.js';
import { fundingAddress, lockScript, p2shP2wpkh } from '../../src/names/bitcoin/account.js';
import { dryRun } from '../../src/names/dryRun.js';
import { importerAt, importInto } from '../../src/names/import.js';
import { openNamespace } from '../../src/names/namespace.js';
import { signerAt } from './bitcoin/coins.js';
import { startWorld, type TestWorld } from './world.js';

const BITCOIND = process.env['BITCOIND'] ?? '';
const rules = { lifetime: 52595, coeff: 1, base: 1, buckets: new Array<number>(16).fill(0), nonalphaDiscount: 1, noVowelDiscount: 1, version: 1 };
const publish = (): Promise<void> => Promise.resolve();

describe.each([{ kind: 'memory', path: undefined }, ...(BITCOIND === '' ? [] : [{ kind: 'bitcoind', path: BITCOIND }])])('imports on $kind', ({ path }) => {
  let net: TestWorld;
  beforeAll(async () => {
    net = await startWorld(path);
  }, 60_000);
  afterAll(() => net.close());

  it('bring names in between reveal and ready: the first by the reveal key, the others by its keychain, each once', async () => {
    const world = await net.world();
    const [opener, payer] = [await net.payer(60_000_000n), await net.payer(400_000n)];
    const revealKey = generatePrivateKey();
    const reveal = signerOf(revealKey);
    const importers = [reveal, importerAt(revealKey, 0), importerAt(revealKey, 299)];
    for (const { publicKey } of importers) await net.bitcoin.fund(addressOf(publicKey, world.network.bitcoin.p2pkh), 20_000n);
    await net.mine();
    const names = importers.map((importer, at) => ({
      name: `old${at}.museum`,
      zoneFile: fromUtf8(`zone ${at}`),
      owner: addressOf(signerAt(70 + at).publicKey),
      importer,
    }));
    const from = await net.height();
    const runs: number[] = [];
    const beforeReady = async (): Promise<void> => {
      const foreign = { ...names[1], importer: await net.payer(20_000n), name: 'foreign.museum', zoneFile: fromUtf8('x'), owner: addressOf(reveal.publicKey) };
      for (const name of names) {
        expect((await dryRun({ operation: 'import', ...name, payer }, world)).ok).toBe(true);
        runs.push((await importInto({ ...world, ...name, payer, publish }, net.miner)).length);
      }
      await expect(importInto({ ...world, ...foreign, payer, publish }, net.miner)).rejects.toMatchObject({ code: 'RegistrationLost' });
      const script = p2shP2wpkh(signerAt(75));
      await net.bitcoin.fund(fundingAddress(lockScript(script.lock), world.network.bitcoin), 20_000n);
      await net.mine();
      await expect(importInto({ ...world, ...foreign, name: 'script.museum', importer: script, payer, publish })).rejects.toMatchObject({
        code: 'InputForbidden',
      });
    };
    await openNamespace({ ...world, namespace: 'museum', rules, owner: reveal, payer: opener, beforeReady }, net.miner);
    expect(runs).toEqual([1, 1, 1]);
    expect(await net.minedSince(from)).toEqual(['*', '&', ';', ';', ';', ';', '!']);
    for (const { name, owner, zoneFile } of names)
      expect(await world.indexer.nameRecord(name)).toMatchObject({ address: owner, value_hash: toHex(hash160(zoneFile)) });
    const [late] = names;
    if (late) await expect(importInto({ ...world, ...late, name: 'late.museum', payer, publish })).rejects.toMatchObject({ code: 'NamespaceNotReady' });
    expect(() => importerAt(revealKey, 300)).toThrow(TypeError);
  }, 60_000);
});
