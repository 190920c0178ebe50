import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addressOf, parseAddress } from '../../src/lib/address.js';
import { fromUtf8 } from '../../src/lib/bytes.js';
import type { Signer } from '../../src/lib/key.js';
import { bitcoinNames } from '../../src/names/bitcoin/names.js';
import { provedTerms, type ProvedTermsOptions } from '../../src/names/bitcoin/provedTerms.js';
import type { Indexer } from '../../src/names/bitcoin/source.js';
import { openNamespace } from '../../src/names/namespace.js';
import { register, type RegistrationWorld } from '../../src/names/registration.js';
import { signerAt } from '../names/bitcoin/coins.js';
import { mineHeaders } from '../names/bitcoin/regtest.js';
import { startWorld, type TestWorld } from '../names/world.js';

const rules = { lifetime: 52595, coeff: 9, base: 2, buckets: new Array<number>(16).fill(1), nonalphaDiscount: 1, noVowelDiscount: 1, version: 2 };
const thief = addressOf(signerAt(99).publicKey);
const publish = (): Promise<void> => Promise.resolve();
const zoneFile = fromUtf8('zone');

describe('with terms proved', () => {
  let net: TestWorld;
  let world: RegistrationWorld;
  let creator: Signer;
  let payer: Signer;
  const anchorAt = async (height: number): Promise<ProvedTermsOptions['anchor']> => {
    const [consensusHash] = await world.indexer.consensusHashes([height]);
    return { height, hash: String(await net.bitcoin.rpc('getblockhash', [height])), consensusHash: String(consensusHash) };
  };
  const proving = async (lie: Partial<Indexer>, more: Partial<ProvedTermsOptions> = {}): Promise<RegistrationWorld> => {
    const lying = { ...world, journal: (await net.world()).journal, indexer: { ...world.indexer, ...lie } };
    return { ...lying, ...provedTerms({ ...lying, anchor: await anchorAt(await net.height()), ...more }) };
  };
  const attempt = (ports: RegistrationWorld, name: string): Promise<unknown> =>
    register({ ...ports, name, zoneFile, owner: addressOf(signerAt(50).publicKey), payer, publish }, net.miner);

  beforeAll(async () => {
    net = await startWorld();
    world = await net.world();
    [creator, payer] = [await net.payer(60_000_000n), await net.payer(1_000_000n)];
    await openNamespace({ ...world, namespace: 'proof', rules, owner: await net.payer(6_000n), payer: creator }, net.miner);
  }, 60_000);
  afterAll(() => net.close());

  it('an indexer that raises the price and names another creator is not heard: the name costs what was committed', async () => {
    const greedy: Partial<Indexer> = {
      namespaceRecord: async (id, options) => ({ ...(await world.indexer.namespaceRecord(id, options)), address: thief, coeff: 255, base: 200 }),
    };
    const from = await net.height();
    await attempt(await proving(greedy), 'one.proof');
    expect(await world.indexer.nameRecord('one.proof')).toMatchObject({ address: addressOf(signerAt(50).publicKey) });
    const paid = await world.payments.unspent(Uint8Array.of(0x76, 0xa9, 20, ...fromHash(thief), 0x88, 0xac));
    expect(paid).toEqual([]);
    expect(await net.minedSince(from)).toEqual(['?', ':']);
  }, 60_000);

  it('an indexer that names another ready height, or none, has nothing bought', async () => {
    const ready = Number((await world.indexer.namespaceRecord('proof'))?.['ready_block']);
    const elsewhere: Partial<Indexer> = {
      namespaceRecord: async (id, options) => ({ ...(await world.indexer.namespaceRecord(id, options)), ready_block: ready - 1 }),
    };
    await expect(attempt(await proving(elsewhere), 'two.proof')).rejects.toMatchObject({ code: 'NamespaceNotReady' });
  }, 60_000);

  it('a consensus hash made up by the indexer is not named: the anchor’s is', async () => {
    const made: Partial<Indexer> = {
      tip: async (options) => ({ ...(await world.indexer.tip(options)), consensusHash: 'ab'.repeat(16) }),
    };
    const from = await net.height();
    await attempt(await proving(made), 'three.proof');
    expect(await net.minedSince(from)).toEqual(['?', ':']);
  }, 60_000);

  it('an old anchor names nothing stale: it is said before anything is paid', async () => {
    const anchor = await anchorAt(await net.height());
    await net.mine(13);
    await expect(attempt(await proving({}, { anchor }), 'four.proof')).rejects.toMatchObject({ code: 'ConsensusStale' });
  }, 60_000);

  it('an indexer that calls a taken name free is found out by the proof, and so is one that names another holder', async () => {
    await net.mine(2);
    const anchor = await anchorAt(await net.height());
    const names = bitcoinNames({ ...world, anchor });
    const free: Partial<Indexer> = { nameRecord: () => Promise.resolve(null) };
    await expect(attempt(await proving(free, { names, anchor }), 'one.proof')).rejects.toMatchObject({ code: 'NameTaken' });
    const other: Partial<Indexer> = { nameRecord: async (name, options) => ({ ...(await world.indexer.nameRecord(name, options)), address: thief }) };
    await expect(attempt(await proving(other, { names, anchor }), 'one.proof')).rejects.toMatchObject({ code: 'SourcesDisagree' });
  }, 60_000);

  it('a source of headers on a fork of its own confirms nothing', async () => {
    const anchor = await anchorAt(await net.height());
    const from = await net.height();
    const genesis = (await world.headers.headers(0, 1))[0];
    const fork = [genesis ?? new Uint8Array(), ...mineHeaders(from + 20, genesis)];
    const forged = { operator: 'liar', headers: (at: number, count: number) => Promise.resolve(fork.slice(at, at + count)) };
    await expect(attempt(await proving({}, { anchor, headers: forged }), 'five.proof')).rejects.toMatchObject({ code: 'AnchorMismatch' });
  }, 60_000);
});

function fromHash(address: string): Uint8Array {
  return parseAddress(address).hash;
}
