import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { concat, toHex } from '../../../src/lib/bytes.js';
import type { HeaderChain } from '../../../src/names/bitcoin/chain.js';
import type { HeadersRoot } from '../../../src/names/bitcoin/headerProof.js';
import { mainnet } from '../../../src/names/bitcoin/network.js';
import { formatProof, parseProof, type PortableBlock, type PortableHop, type PortableOperation } from '../../../src/names/bitcoin/portableProof.js';
import { proveName, type ProveNameOptions } from '../../../src/names/bitcoin/proveName.js';
import { skipPath } from '../../../src/names/bitcoin/skipPath.js';
import { verifyProof, type VerifyProofOptions } from '../../../src/names/bitcoin/verifyProof.js';
import { chainOf, holding, judge, NOW, provenWorld, rootOf, sharedWorld } from './portableWorld.js';
import { alice, bob, valueHash, type World } from './world.js';

let world: World;
let shared: World;
let chain: HeaderChain;
let root: HeadersRoot;
beforeAll(async () => {
  world = provenWorld();
  shared = sharedWorld();
  chain = await chainOf(world);
  root = await rootOf(world, 30);
});

const prove = (name: string, options: ProveNameOptions = {}, of = world): Promise<Uint8Array> => proveName(name, { ...of, anchor: of.anchor() }, options);
const byChain = (): VerifyProofOptions => holding(world.network, world.anchor(), { chain });
const byRoot = (): VerifyProofOptions => holding(world.network, world.anchor(), { headersRoot: root });

describe('a proof of a name', () => {
  test.each([
    ['alice.id', alice.address, 'two'],
    ['kept.id', bob.address, 'kept'],
    ['dropped.id', bob.address, null],
    ['renewed.id', alice.address, 'three'],
    ['registered.id', alice.address, 'four'],
    ['bare.id', bob.address, null],
    ['imported.id', bob.address, 'imported.id'],
  ])('shows the record of %s to both verifiers, by a chain and by a root', async (name, owner, text) => {
    const file = await prove(name, { headersRoot: root });
    const expected = { name, owner, zoneFileHash: text === null ? null : valueHash(text) };
    expect(judge(file, byChain())).toMatchObject(expected);
    expect(judge(file, byRoot())).toMatchObject(expected);
    expect(judge(await prove(name), byChain())).toMatchObject(expected);
  });

  test('says the level, as of when, and what it does not cover', async () => {
    const { record, evidence, notCovered, zoneFile } = verifyProof(await prove('alice.id'), byChain());
    const { height, hash } = world.anchor();
    expect(record).toMatchObject({ name: 'alice.id', chain: 'bitcoin', height: 17 });
    expect(evidence).toMatchObject({ level: 'snv', asOf: { height, hash, time: 1_500_000_000 + 600 * height }, completeTo: null, confirmations: height - 16 });
    expect(evidence.unchecked[0]).toContain(`blocks 18 to ${height} are not covered`);
    expect(notCovered).toEqual({ from: 18, to: height });
    expect(zoneFile).toBeNull();
  });

  test('shares one block where a name was imported as its namespace opened', async () => {
    const [anchor, headersRoot] = [shared.anchor(), await rootOf(shared, 14)];
    const file = await prove('imported.id', { headersRoot }, shared);
    const { operation, ready } = parseProof(file);
    expect(ready.block.height).toBe(operation.block.height);
    expect(ready.hops).toEqual([]);
    for (const by of [{ headersRoot }, { chain: await chainOf(shared) }])
      expect(judge(file, holding(shared.network, anchor, by))).toMatchObject({ owner: bob.address, zoneFileHash: valueHash('imported.id') });
  });

  test('reaches from an anchor in the very block of the operation, once later blocks confirm it', async () => {
    const anchor = world.anchor(17);
    const file = await proveName('alice.id', { ...world, anchor }, { headersRoot: root });
    expect(judge(file, holding(world.network, anchor, { chain }))).toMatchObject({ height: 17 });
    expect(judge(file, holding(world.network, anchor, { headersRoot: root }))).toMatchObject({ height: 17 });
    expect(judge(file, holding(world.network, anchor, { chain: await chainOf(world, 17) }))).toBe('NotConfirmed');
  });

  test('carries the zone file when there is one, and no other', async () => {
    const zoneFile = new TextEncoder().encode('two');
    const file = await prove('alice.id', { zoneFile });
    expect(verifyProof(file, byChain()).zoneFile).toEqual(zoneFile);
    expect(judge(file, byChain())).toMatchObject({ name: 'alice.id' });
    await expect(prove('alice.id', { zoneFile: new TextEncoder().encode('three') })).rejects.toMatchObject({ code: 'ZoneFileMismatch' });
  });

  test('is of the height that a lookup gave', async () => {
    const file = await prove('alice.id', { height: 15 });
    expect(verifyProof(file, byChain())).toMatchObject({ record: { height: 15 }, notCovered: { from: 16 } });
  });

  test('is not made of a name that is revoked, or never was', async () => {
    await expect(prove('revoked.id')).rejects.toMatchObject({ code: 'NameRevoked' });
    await expect(prove('never.id')).rejects.toMatchObject({ code: 'AbsenceNotProved' });
    await expect(prove('alice.co')).rejects.toMatchObject({ code: 'AbsenceNotProved' });
  });

  test('takes branches from who has them', async () => {
    const asked: number[] = [];
    const headerProofs = {
      operator: 'electrum',
      headerProof: async (height: number) => {
        asked.push(height);
        const { operation, ready, anchor } = parseProof(await prove('alice.id', { headersRoot: await rootOf(world, world.height()) }));
        const found = [operation.block, ready.block, anchor].find((block) => block.height === height);
        return found ?? null;
      },
    };
    const whole = await rootOf(world, world.height());
    const file = await proveName('alice.id', { ...world, anchor: world.anchor(), headerProofs }, { headersRoot: whole });
    expect(judge(file, holding(world.network, world.anchor(), { headersRoot: whole }))).toMatchObject({ name: 'alice.id' });
    expect(asked).toContain(17);
  });

  test('is not made with branches that lead nowhere', async () => {
    const lying = {
      operator: 'liar',
      headerProof: (height: number) => world.headers.headers(height, 1).then(([header = new Uint8Array()]) => ({ header, branch: [] })),
    };
    const proving = { ...world, anchor: world.anchor() };
    await expect(proveName('alice.id', { ...proving, headerProofs: lying }, { headersRoot: root })).rejects.toMatchObject({ code: 'MerkleMismatch' });
    const wrong = { ...root, root: 'ab'.repeat(32) };
    await expect(proveName('alice.id', proving, { headersRoot: wrong })).rejects.toMatchObject({ code: 'MerkleMismatch' });
    await expect(proveName('alice.id', proving, { headersRoot: { ...root, height: 500 } })).rejects.toMatchObject({ code: 'AnchorRequired' });
  });

  test('gives up with its caller', async () => {
    await expect(prove('alice.id', { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'Aborted' });
  });

  test('wants headers, a time and an age from the verifier', async () => {
    const file = await prove('alice.id');
    const { chain: _, ...without } = byChain();
    expect(() => verifyProof(file, without)).toThrow(TypeError);
    expect(() => verifyProof(file, { ...byChain(), now: NaN })).toThrow(TypeError);
    expect(() => verifyProof(file, { ...byChain(), maxAge: NaN })).toThrow(TypeError);
  });
});

describe('the bytes of a proof', () => {
  let files: [Uint8Array, VerifyProofOptions][];
  beforeAll(async () => {
    const whole = await rootOf(world, world.height());
    files = [
      [await prove('alice.id', { headersRoot: root, zoneFile: new TextEncoder().encode('two') }), byRoot()],
      [await prove('kept.id'), byChain()],
      [await prove('registered.id', { headersRoot: whole }), holding(world.network, world.anchor(), { headersRoot: whole })],
      [await prove('imported.id', {}, shared), holding(shared.network, shared.anchor(), { chain: await chainOf(shared) })],
    ];
  });

  test('are written in one way: what is read is written alike', () => {
    for (const [file] of files) expect(formatProof(parseProof(file))).toEqual(file);
  });

  test('prove nothing when any are cut off or added', () => {
    for (const [file, options] of files) {
      for (let length = 0; length < file.length; length++)
        expect(() => verifyProof(file.subarray(0, length), options)).toThrow(expect.objectContaining({ code: 'ProofInvalid' }));
      expect(judge(concat(file, Uint8Array.of(0)), options)).toBe('ProofInvalid');
    }
  });

  test('prove the same or nothing when any one is changed', () => {
    for (const [file, options] of [files[0], files[3]] as typeof files) {
      const record = JSON.stringify(verifyProof(file, options).record);
      for (let at = 0; at < file.length; at++) {
        const changed = file.slice();
        changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8));
        expect(outcome(changed, options), `byte ${at}`).toSatisfy((said) => said === 'refused' || said === record);
      }
    }
  }, 60_000);

  test('are judged alike by the naive verifier, whatever is changed', () => {
    const [cases, numRuns] = [fc.constantFrom(...files), 1500];
    fc.assert(
      fc.property(cases, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 }), ([file, options], edits) => {
        const changed = file.slice();
        for (const [at, value] of edits) changed[at % file.length] = value;
        judge(changed, options);
      }),
      { seed: 20_260_101, numRuns },
    );
  });

  test('that are none at all are refused as such', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(90), (noise, keep) => {
        const [file] = files[0] ?? [new Uint8Array()];
        expect(() => parseProof(concat(file.subarray(0, keep), noise))).toThrow(expect.objectContaining({ code: 'ProofInvalid' }));
      }),
      { seed: 7, numRuns: 10_000 },
    );
  });

  test('of a mainnet name fit 25 kB: twenty operations a block, paths of twelve rows, branches of twenty', () => {
    const [trusted, height, readyHeight, first] = [930_000, 820_000, 373_640, mainnet.firstBlock];
    const walk = skipPath(trusted, first);
    const hopsTo = (target: number): PortableHop[] =>
      walk(target).map(({ fresh }) => ({ operationsHash: '00'.repeat(32), consensusHashes: fresh.map(() => '00'.repeat(16)) }));
    const nodes = (count: number): Uint8Array[] => Array.from({ length: count }, () => new Uint8Array(32));
    const block = (at: number): PortableBlock => ({ height: at, header: new Uint8Array(80), branch: nodes(20) });
    const part = (at: number, operations: number): PortableOperation => ({
      block: block(at),
      hops: hopsTo(at),
      operations: Array.from({ length: operations }, () => 'x'.repeat(480)),
      transaction: new Uint8Array(300),
      path: nodes(12),
      previous: new Uint8Array(400),
    });
    const { name, magic, firstBlock, bitcoin } = mainnet;
    const proof = {
      network: { name, magic, firstBlock, genesisHash: bitcoin.genesisHash },
      name: 'alice.id',
      rootHeight: 930_000,
      anchor: { ...block(trusted), consensusHash: '00'.repeat(16) },
      zoneFile: new Uint8Array(300),
    };
    const bytes = formatProof({ ...proof, operation: part(height, 20), ready: part(readyHeight, 2) });
    expect(bytes.length).toBeLessThan(25_000);
    expect(formatProof(parseProof(bytes))).toEqual(bytes);
  });

  test('are refused before they are read when there are too many', () => {
    const [[file] = [new Uint8Array()]] = files;
    const large = (bytes: number): Uint8Array => formatProof({ ...parseProof(file), zoneFile: new Uint8Array(bytes) });
    expect(() => large(1 << 20)).toThrow(expect.objectContaining({ code: 'ProofInvalid' }));
    expect(large(1_000_000).length).toBeGreaterThan(1_000_000);
  });

  test('say in one way that a zone file follows', () => {
    const [[file] = [new Uint8Array()]] = files;
    const changed = file.slice();
    // The flag, a length, and `two`.
    expect(changed[file.length - 5]).toBe(1);
    changed[file.length - 5] = 2;
    expect(() => parseProof(changed)).toThrow(expect.objectContaining({ code: 'ProofInvalid' }));
  });

  function outcome(file: Uint8Array, options: VerifyProofOptions): string {
    try {
      if (toHex(formatProof(parseProof(file))) !== toHex(file)) throw new Error('the same proof is written in two ways');
      return JSON.stringify(verifyProof(file, options).record);
    } catch (error) {
      if ((error as { name?: unknown }).name !== 'NamesteadError') throw error;
      return 'refused';
    }
  }
});

test('the time of the worlds here is after their last block', () => {
  expect(chain.tip().time).toBeLessThan(NOW);
});
