import { beforeAll, describe, expect, test } from 'vitest';
import { fromHex, fromUtf8 } from '../../src/lib/bytes.js';
import { createHeaderChain, syncHeaders, type HeaderChain } from '../../src/names/bitcoin/chain.js';
import { preorderHash } from '../../src/names/bitcoin/commitment.js';
import { skipHeights } from '../../src/names/bitcoin/consensus.js';
import type { HeadersRoot } from '../../src/names/bitcoin/headerProof.js';
import { mainnet } from '../../src/names/bitcoin/network.js';
import { formatProof, parseProof, type PortableOperation, type PortableProof } from '../../src/names/bitcoin/portableProof.js';
import { proveName } from '../../src/names/bitcoin/proveName.js';
import { parseTransaction, serializeTransaction } from '../../src/names/bitcoin/transaction.js';
import { verifyProof, type VerifyProofOptions } from '../../src/names/bitcoin/verifyProof.js';
import { chainOf, holding, judge, NOW, provenWorld, rootOf, sharedWorld } from '../names/bitcoin/portableWorld.js';
import { mineHeaders, sourceOf } from '../names/bitcoin/regtest.js';
import { alice, BURN, person, preorder, register, transfer, update, valueHash, type World } from '../names/bitcoin/world.js';

const mallory = person(66);
const terms = { lifetime: 1000, coeff: 250, base: 4, buckets: new Array<number>(16).fill(0), nonalphaDiscount: 4, noVowelDiscount: 4, version: 1 };

let world: World;
let chain: HeaderChain;
let root: HeadersRoot;
/** alice.id, updated beside transfers of other names; under a root and with its zone file. */
let file: Uint8Array;
let other: Uint8Array;

beforeAll(async () => {
  world = provenWorld();
  const dust = 5500n;
  const hash = preorderHash('evil', mallory.script, mallory.address);
  const back = [mallory.address, dust] as const;
  world.mine({
    from: mallory,
    operation: { opcode: 'NAMESPACE_PREORDER', preorderHash: hash, consensusHash: world.consensusHash(), tokens: null },
    outputs: [back, [BURN, 40_0000_0000n]],
  });
  world.mine({ from: mallory, operation: { opcode: 'NAMESPACE_REVEAL', namespace: 'evil', ...terms }, outputs: [back, back] });
  world.mine({ from: mallory, operation: { opcode: 'NAMESPACE_READY', namespace: 'evil' }, outputs: [back] });
  world.mine(preorder(world, 'bob.evil', mallory, mallory));
  world.mine(
    update(world, 'alice.id', alice, valueHash('two')),
    transfer(world, 'registered.id', alice, mallory),
    register('bob.evil', mallory, mallory, null),
  );
  world.mine();
  chain = await chainOf(world);
  root = await rootOf(world, world.height());
  file = await proveName('alice.id', { ...world, anchor: world.anchor() }, { headersRoot: root, zoneFile: fromUtf8('two') });
  other = await proveName('registered.id', { ...world, anchor: world.anchor() }, { headersRoot: root });
});

const byChain = (edit: Partial<VerifyProofOptions> = {}): VerifyProofOptions => holding(world.network, world.anchor(), { chain, ...edit });
const byRoot = (edit: Partial<VerifyProofOptions> = {}): VerifyProofOptions => holding(world.network, world.anchor(), { headersRoot: root, ...edit });
const forged = (edit: (proof: PortableProof) => Partial<PortableProof>): Uint8Array => {
  const proof = parseProof(file);
  return formatProof({ ...proof, ...edit(proof) });
};
const operated = (edit: (operation: PortableOperation) => Partial<PortableOperation>): Uint8Array =>
  forged(({ operation }) => ({ operation: { ...operation, ...edit(operation) } }));

test('the honest file proves, by a chain and by a root', () => {
  for (const options of [byChain(), byRoot()]) expect(judge(file, options)).toMatchObject({ owner: alice.address, height: world.height() - 1 });
});

describe('a forged file', () => {
  const lies: Readonly<Record<string, readonly [code: string, lie: () => Uint8Array]>> = {
    'of a network of another name': ['NetworkMismatch', () => forged(({ network }) => ({ network: { ...network, name: 'other' } }))],
    'of a network with other magic': ['NetworkMismatch', () => forged(({ network }) => ({ network: { ...network, magic: 'xy' } }))],
    'of another chain': ['NetworkMismatch', () => forged(({ network }) => ({ network: { ...network, genesisHash: mainnet.bitcoin.genesisHash } }))],
    'whose anchor has another consensus hash': ['AnchorMismatch', () => forged(({ anchor }) => ({ anchor: { ...anchor, consensusHash: '00'.repeat(16) } }))],
    'whose anchor has another block': [
      'AnchorMismatch',
      () => forged(({ anchor }) => ({ anchor: { ...anchor, header: parseProof(file).operation.block.header } })),
    ],
    'with another operations hash in a hop': [
      'ConsensusMismatch',
      () => operated(({ hops }) => ({ hops: hops.map((hop, i) => (i === 1 ? { ...hop, operationsHash: 'ab'.repeat(32) } : hop)) })),
    ],
    'with another consensus hash in a hop': [
      'ConsensusMismatch',
      () =>
        operated(({ hops }) => ({ hops: hops.map((hop, i) => (i === 1 ? { ...hop, consensusHashes: hop.consensusHashes.map(() => 'ab'.repeat(16)) } : hop)) })),
    ],
    'with the operations of another block': ['OperationsMismatch', () => operated(() => ({ operations: parseProof(file).ready.operations }))],
    'with an operation left out': ['OperationsMismatch', () => operated(({ operations }) => ({ operations: operations.slice(0, 1) }))],
    'with an operation listed twice': ['OperationDuplicate', () => operated(({ operations }) => ({ operations: [...operations, ...operations.slice(-1)] }))],
    'with its operations in another order': ['ProofInvalid', () => operated(({ operations }) => ({ operations: [...operations].reverse() }))],
    'with another value hash in the operation': [
      'OperationsMismatch',
      () => operated(({ operations }) => ({ operations: operations.map((text) => text.replace(valueHash('two'), valueHash('forged'))) })),
    ],
    'with a field that nothing commits to': ['ProofInvalid', () => operated(({ operations }) => ({ operations: operations.map((text) => `${text},4:evil`) }))],
    'with a number spelled otherwise': [
      'ProofInvalid',
      () => operated(({ operations }) => ({ operations: operations.map((text) => text.replace(/,2:(\d\d),5:False/, ',3:0$1,5:False')) })),
    ],
    'for a name that the block does not touch': ['RecordMismatch', () => forged(() => ({ name: 'kept.id' }))],
    'for another name of the block': ['TransactionMismatch', () => forged(() => ({ name: 'registered.id' }))],
    'with the transaction of another operation': ['TransactionMismatch', () => operated(() => ({ transaction: parseProof(other).operation.transaction }))],
    'with a path to another place': ['MerkleMismatch', () => operated(() => ({ path: parseProof(other).operation.path }))],
    'with a path cut short': ['MerkleMismatch', () => operated(({ path }) => ({ path: path.slice(1) }))],
    'with the previous output of somebody else': ['TransactionMismatch', () => operated(() => ({ previous: parseProof(other).operation.previous }))],
    'with witnesses in the transaction': ['ProofInvalid', () => operated(({ transaction }) => ({ transaction: witnessed(transaction) }))],
    'with witnesses in the previous transaction': ['ProofInvalid', () => operated(({ previous }) => ({ previous: witnessed(previous) }))],
    'whose namespace is made ready by the operation itself': ['NamespaceNotReady', () => forged(({ operation }) => ({ ready: { ...operation, hops: [] } }))],
    'with another zone file': ['ZoneFileMismatch', () => forged(() => ({ zoneFile: fromUtf8('forged') }))],
  };

  test.each(Object.entries(lies))('%s is refused', (_, [expected, lie]) => {
    for (const options of [byChain(), byRoot()]) expect(judge(lie(), options)).toBe(expected);
  });

  test('whose namespace is not ready, while another is, is refused', async () => {
    const evil = parseProof(await proveName('bob.evil', { ...world, anchor: world.anchor() }, { headersRoot: root }));
    expect(evil.operation.block.height).toBe(parseProof(file).operation.block.height);
    expect(judge(formatProof(evil), byChain())).toMatchObject({ owner: mallory.address });
    expect(
      judge(
        forged(() => ({ ready: evil.ready })),
        byChain(),
      ),
    ).toBe('NamespaceNotReady');
  });

  test('with the labels of two consensus hashes swapped shows another height, and no transaction stands there', async () => {
    // A consensus hash does not say which of the hashes beneath it is of which height: BNS (d.1).
    const own = sharedWorld(7, 0);
    const tip = own.height();
    const [actual, claimed] = [tip - 1, tip - 3];
    const held = await chainOf(own);
    const options = holding(own.network, own.anchor(), { chain: held });
    const honest = parseProof(await proveName('imported.id', { ...own, anchor: own.anchor() }));
    expect(honest.operation.block.height).toBe(actual);
    const label = (height: number): string => own.consensusHash(height === actual ? claimed : height === claimed ? actual : height);
    const { firstBlock } = own.network;
    const hops = honest.operation.hops.map((hop, i) => ({
      ...hop,
      consensusHashes: i === 0 ? skipHeights(tip, firstBlock).map(label) : skipHeights(claimed, firstBlock).map((height) => own.consensusHash(height + 2)),
    }));
    const [header = new Uint8Array()] = await own.headers.headers(claimed, 1);
    const block = { height: claimed, header, branch: [] };
    const lie = formatProof({ ...honest, operation: { ...honest.operation, block, hops }, ready: { ...honest.ready, block } });
    expect(judge(formatProof(honest), options)).toMatchObject({ height: actual });
    expect(judge(lie, options)).toBe('MerkleMismatch');
  });
});

describe('a verifier', () => {
  test('with another anchor refuses', () => {
    const anchor = world.anchor(world.height() - 1);
    expect(judge(file, byChain({ anchor }))).toBe('AnchorMismatch');
    expect(judge(file, byRoot({ anchor: { ...world.anchor(), height: anchor.height } }))).toBe('AnchorMismatch');
    expect(judge(file, byChain({ anchor: { ...world.anchor(), consensusHash: anchor.consensusHash } }))).toBe('AnchorMismatch');
  });

  test('of a network with another first block refuses', () => {
    expect(judge(file, byRoot({ network: { ...world.network, firstBlock: world.network.firstBlock - 1 } }))).toBe('NetworkMismatch');
  });

  test('whose headers have other blocks refuses', async () => {
    const fork = createHeaderChain(world.network.bitcoin);
    const genesis = fromHex(world.network.bitcoin.genesisHeader);
    await syncHeaders(fork, [sourceOf([genesis, ...mineHeaders(world.height(), genesis, 9)])]);
    expect(judge(file, byChain({ chain: fork }))).toBe('HeaderLinkage');
    // One that ends below the anchor, and has another block where the operation is.
    const late = createHeaderChain(world.network.bitcoin);
    const shown = (await world.headers.headers(0, 1000)).slice(0, world.height() - 2);
    await syncHeaders(late, [sourceOf([...shown, ...mineHeaders(2, shown.at(-1), 9)])]);
    expect(late.tip().height).toBe(world.height() - 1);
    expect(judge(file, byChain({ chain: late }))).toBe('HeaderLinkage');
  });

  test('whose chain has another block than the anchor refuses, though the operation lies below the fork', async () => {
    const early = parseProof(await proveName('kept.id', { ...world, anchor: world.anchor() }));
    const shown = (await world.headers.headers(0, 1000)).slice(0, world.height());
    const fork = createHeaderChain(world.network.bitcoin);
    await syncHeaders(fork, [sourceOf([...shown, ...mineHeaders(3, shown.at(-1), 9)])]);
    expect(judge(formatProof(early), byChain({ chain: fork }))).toBe('HeaderLinkage');
  });

  test('with another root refuses', async () => {
    expect(judge(file, byRoot({ headersRoot: { ...root, root: 'ab'.repeat(32) } }))).toBe('MerkleMismatch');
    expect(judge(file, byRoot({ headersRoot: await rootOf(world, world.height() - 1) }))).toBe('AnchorMismatch');
  });

  test('whose headers and root do not reach the block cannot tell', async () => {
    const early = await rootOf(world, 20);
    const under = await proveName('alice.id', { ...world, anchor: world.anchor() }, { headersRoot: early });
    expect(judge(under, byRoot({ headersRoot: early }))).toBe('AnchorRequired');
    expect(judge(under, byChain({ chain: await chainOf(world, 20) }))).toBe('AnchorRequired');
  });

  test('refuses a branch to another header', () => {
    const lie = operated(({ block }) => ({ block: { ...block, branch: parseProof(file).ready.block.branch } }));
    expect(judge(lie, byRoot())).toBe('MerkleMismatch');
    // Headers that show the block do not make up for it.
    expect(judge(lie, byChain({ headersRoot: root }))).toBe('MerkleMismatch');
    expect(judge(file, byChain({ headersRoot: root }))).toMatchObject({ name: 'alice.id' });
  });

  test('refuses what is older than it allows, to the second, and what is of the future', () => {
    const { time } = chain.tip();
    expect(judge(file, byChain({ now: time + 600, maxAge: 600 }))).toMatchObject({ name: 'alice.id' });
    expect(judge(file, byChain({ now: time + 601, maxAge: 600 }))).toBe('ProofExpired');
    expect(judge(file, byChain({ now: time - 7200 }))).toMatchObject({ name: 'alice.id' });
    expect(judge(file, byChain({ now: time - 7201 }))).toBe('HeaderTime');
  });

  test('that knows of a block after the name lapsed refuses', () => {
    const { record } = verifyProof(file, byRoot({ now: NOW }));
    expect(judge(file, byRoot({ height: Number(record.expiresAt) - 1 }))).toMatchObject({ name: 'alice.id' });
    expect(judge(file, byRoot({ height: Number(record.expiresAt) }))).toBe('NameExpired');
  });
});

function witnessed(bytes: Uint8Array): Uint8Array {
  const transaction = parseTransaction(bytes);
  return serializeTransaction({ ...transaction, inputs: transaction.inputs.map((input) => ({ ...input, witness: [Uint8Array.of(1)] })) });
}
