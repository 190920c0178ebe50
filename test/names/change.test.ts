import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fromUtf8, toHex } from '../../src/lib/bytes.js';
import { hash160 } from '../../src/lib/hash.js';
import type { Signer } from '../../src/lib/key.js';
import { devnetNetwork } from '../../src/devnet/network.js';
import { fundingAddress, lockScript, multisig, p2shP2wpkh, type Account } from '../../src/names/bitcoin/account.js';
import { renew, revoke, transfer, update } from '../../src/names/change.js';
import { openNamespace } from '../../src/names/namespace.js';
import { ownerAddress, register, type RegistrationWorld } from '../../src/names/registration.js';
import { signerAt } from './bitcoin/coins.js';
import { startWorld, type TestWorld } from './world.js';

const BITCOIND = process.env['BITCOIND'] ?? '';
const zoneFile = fromUtf8('first');
const rules = { lifetime: 52595, coeff: 1, base: 1, buckets: new Array<number>(16).fill(0), nonalphaDiscount: 1, noVowelDiscount: 1, version: 2 };
const nowhere = (): Promise<void> => Promise.resolve();

describe.each([{ kind: 'memory', path: undefined }, ...(BITCOIND === '' ? [] : [{ kind: 'bitcoind', path: BITCOIND }])])('on $kind', ({ path }) => {
  let net: TestWorld;
  let creator: Signer;
  const fund = async (account: Account, satoshi: bigint): Promise<Account> => {
    await net.bitcoin.fund(fundingAddress(lockScript(account.lock), devnetNetwork.bitcoin), satoshi);
    await net.mine();
    return account;
  };
  const recordOf = async (world: RegistrationWorld, name: string): Promise<readonly unknown[]> => {
    const record = await world.indexer.nameRecord(name);
    return [record?.['address'], record?.['value_hash']];
  };

  beforeAll(async () => {
    net = await startWorld(path);
    creator = await net.payer(60_000_000n);
    const receipts = await openNamespace({ ...(await net.world()), namespace: 'friends', rules, owner: await net.payer(6_000n), payer: creator }, net.miner);
    expect(receipts.map(({ operation }) => operation)).toEqual(['NAMESPACE_PREORDER', 'NAMESPACE_REVEAL', 'NAMESPACE_READY']);
  }, 60_000);
  afterAll(() => net.close());

  it('a name is updated, renewed, transferred and revoked, and the rules take each', async () => {
    const [payer, owner, heir] = [await net.payer(300_000n), await net.payer(6_000n), await net.payer(6_000n)];
    const world = await net.world();
    const name = 'alice.friends';
    await register({ ...world, name, zoneFile, owner, payer, publish: nowhere }, net.miner);
    expect(await recordOf(world, name)).toEqual([ownerAddress(owner), toHex(hash160(zoneFile))]);
    const second = fromUtf8('second');
    const published: Uint8Array[] = [];
    const [updated] = await update(
      { ...world, name, zoneFile: second, owner, payer, publish: (bytes) => Promise.resolve(void published.push(bytes)) },
      net.miner,
    );
    expect(updated).toMatchObject({ operation: 'NAME_UPDATE', hash: toHex(hash160(second)) });
    expect(published).toEqual([second]);
    const [renewed] = await renew({ ...world, name, owner, payer }, net.miner);
    expect(renewed).toMatchObject({ operation: 'NAME_RENEWAL' });
    expect(await recordOf(world, name)).toEqual([ownerAddress(owner), toHex(hash160(second))]);
    await transfer({ ...world, name, owner, payer, to: ownerAddress(heir), keepZoneFile: true }, net.miner);
    expect(await recordOf(world, name)).toEqual([ownerAddress(heir), toHex(hash160(second))]);
    await expect(update({ ...world, name, zoneFile, owner, payer, publish: nowhere })).rejects.toMatchObject({ code: 'NameNotOwned' });
    await revoke({ ...world, name, owner: heir, payer }, net.miner);
    expect(await world.indexer.nameRecord(name)).toMatchObject({ revoked: true });
    expect(await recordOf(world, name)).toEqual([ownerAddress(heir), null]);
  }, 60_000);

  it('an owner who pays himself needs no second key', async () => {
    const owner = await net.payer(300_000n);
    const world = await net.world();
    await register({ ...world, name: 'self.friends', zoneFile, owner, payer: owner, publish: nowhere }, net.miner);
    await update({ ...world, name: 'self.friends', zoneFile: fromUtf8('second'), owner, publish: nowhere }, net.miner);
    await renew({ ...world, name: 'self.friends', owner }, net.miner);
    expect(await recordOf(world, 'self.friends')).toEqual([ownerAddress(owner), toHex(hash160(fromUtf8('second')))]);
  }, 60_000);

  it('wrapped segwit and multisig accounts pay for names, own them and change them', async () => {
    const keys = [signerAt(81), signerAt(82), signerAt(83)];
    const segwit = await fund(p2shP2wpkh(signerAt(80)), 300_000n);
    const board = await fund(
      multisig(
        2,
        keys.map(({ publicKey }) => publicKey),
        keys.slice(1),
      ),
      300_000n,
    );
    const world = await net.world();
    await register({ ...world, name: 'ours.friends', zoneFile, owner: board, payer: segwit, publish: nowhere }, net.miner);
    await update({ ...world, name: 'ours.friends', zoneFile: fromUtf8('second'), owner: board, payer: segwit, publish: nowhere }, net.miner);
    await transfer({ ...world, name: 'ours.friends', owner: board, to: ownerAddress(segwit), keepZoneFile: false }, net.miner);
    expect(await recordOf(world, 'ours.friends')).toEqual([ownerAddress(segwit), null]);
    await register({ ...world, name: 'theirs.friends', zoneFile, owner: segwit, payer: board, publish: nowhere }, net.miner);
    expect((await recordOf(world, 'theirs.friends'))[0]).toBe(ownerAddress(segwit));
  }, 60_000);

  it('the creator of a version-2 namespace is paid', async () => {
    const payer = await net.payer(300_000n);
    const world = await net.world();
    const { receipts } = await register({ ...world, name: 'paid.friends', zoneFile, owner: payer, payer, publish: nowhere }, net.miner);
    const coins = await world.payments.unspent(lockScript({ kind: 'p2pkh', publicKey: creator.publicKey }));
    expect(coins.some(({ txid, value }) => txid === receipts[0]?.txid && value === receipts[0]?.price)).toBe(true);
  }, 60_000);

  it('a name that points there already is not paid for again, but published', async () => {
    const owner = await net.payer(300_000n);
    const world = await net.world();
    await register({ ...world, name: 'still.friends', zoneFile, owner, payer: owner, publish: nowhere }, net.miner);
    const from = await net.height();
    let published = 0;
    const again = { ...world, name: 'still.friends', zoneFile, owner, publish: () => Promise.resolve(void published++) };
    expect(await update(again)).toEqual([]);
    expect([published, await net.minedSince(from)]).toEqual([1, []]);
  }, 60_000);

  it('a preorder beaten to the name is lost before the registration is paid', async () => {
    const [slow, quick] = [await net.payer(300_000n), await net.payer(300_000n)];
    const world = await net.world();
    const name = 'race.friends';
    const replace: RegistrationWorld['journal']['replace'] = async (key, expected, bytes) => {
      const done = await world.journal.replace(key, expected, bytes);
      if (new TextDecoder().decode(bytes).includes('"height"')) throw new Error('killed');
      return done;
    };
    const halted = { ...world, journal: { ...world.journal, replace } };
    await expect(register({ ...halted, name, zoneFile, owner: slow, payer: slow, publish: nowhere }, net.miner)).rejects.toThrow('killed');
    await register({ ...(await net.world()), name, zoneFile, owner: quick, payer: quick, publish: nowhere }, net.miner);
    const from = await net.height();
    await expect(register({ ...world, name, zoneFile, owner: slow, payer: slow, publish: nowhere }, net.miner)).rejects.toMatchObject({
      code: 'RegistrationLost',
    });
    await expect(register({ ...(await net.world()), name, zoneFile, owner: slow, payer: slow, publish: nowhere })).rejects.toMatchObject({ code: 'NameTaken' });
    expect(await net.minedSince(from)).toEqual([]);
  }, 60_000);

  it('a consensus hash made up by the indexer costs the preorder, is noticed, and is caught by the caller’s own check', async () => {
    const payer = await net.payer(300_000n);
    const world = await net.world();
    const lying: RegistrationWorld = {
      ...world,
      indexer: {
        ...world.indexer,
        tip: async (options) => ({ ...(await world.indexer.tip(options)), consensusHash: 'ab'.repeat(16) }),
        consensusHashes: (heights) => Promise.resolve(heights.map(() => 'ab'.repeat(16))),
      },
    };
    const terms = { name: 'lied.friends', zoneFile, owner: payer, payer, publish: nowhere };
    const checkConsensus: RegistrationWorld['checkConsensus'] = async ({ height, consensusHash }) => {
      const [proved] = await world.indexer.consensusHashes([height]);
      if (proved !== consensusHash) throw new Error('not what was proved');
    };
    const from = await net.height();
    await expect(register({ ...lying, checkConsensus, ...terms }, net.miner)).rejects.toThrow('not what was proved');
    expect(await net.minedSince(from)).toEqual([]);
    await expect(register({ ...lying, ...terms }, net.miner)).rejects.toMatchObject({ code: 'RegistrationLost' });
    expect(await net.minedSince(from)).toEqual(['?']);
  }, 60_000);

  it('an indexer that lags is not asked for a consensus hash', async () => {
    const payer = await net.payer(300_000n);
    const world = await net.world();
    const tip = await world.indexer.tip();
    await net.mine(14);
    let asked = 0;
    const lagging: RegistrationWorld = {
      ...world,
      indexer: { ...world.indexer, tip: (options) => (asked++ === 0 ? Promise.resolve(tip) : world.indexer.tip(options)) },
    };
    await expect(register({ ...lagging, name: 'late.friends', zoneFile, owner: payer, payer, publish: nowhere }, net.miner)).rejects.toMatchObject({
      code: 'ConsensusStale',
    });
  }, 60_000);
});
