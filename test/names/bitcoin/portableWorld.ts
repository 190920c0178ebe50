import { formatAddress } from '../../../src/lib/address.js';
import { fromHex, toHex } from '../../../src/lib/bytes.js';
import { isNamesteadError } from '../../../src/lib/errors.js';
import { createHeaderChain, syncHeaders, type HeaderChain } from '../../../src/names/bitcoin/chain.js';
import { epochAt } from '../../../src/names/bitcoin/epoch.js';
import { headersRoot, type HeadersRoot } from '../../../src/names/bitcoin/headerProof.js';
import type { Network } from '../../../src/names/bitcoin/network.js';
import { verifyProof, type VerifyProofOptions } from '../../../src/names/bitcoin/verifyProof.js';
import { naiveVerify, type NaiveRecord, type NaiveWorld } from '../../naive/proof.js';
import { sourceOf } from './regtest.js';
import {
  alice,
  bob,
  creator,
  createWorld,
  give,
  openNamespace,
  preorder,
  register,
  renew,
  revoke,
  transfer,
  update,
  valueHash,
  type Person,
  type Sent,
  type World,
} from './world.js';

/** A little after the last block of the worlds made here. */
export const NOW = 1_500_030_000;

/** Operations of every kind that ends in a record, in one chain. */
export function provenWorld(): World {
  const world = createWorld();
  openNamespace(world, 1000, (before, reveal) => void before.mine(importing('imported.id', reveal)));
  world.mine(preorder(world, 'alice.id', creator, alice), preorder(world, 'kept.id', creator, alice), preorder(world, 'dropped.id', creator, alice));
  world.mine(register('alice.id', creator, alice, valueHash('one')), register('kept.id', creator, alice, valueHash('kept')));
  world.mine(register('dropped.id', creator, alice, valueHash('dropped')));
  world.mine(transfer(world, 'kept.id', alice, bob), transfer(world, 'dropped.id', alice, bob, false), update(world, 'alice.id', alice, valueHash('two')));
  give(world, 'renewed.id', alice, valueHash('three'));
  world.mine(renew('renewed.id', alice, alice, null));
  give(world, 'registered.id', alice, valueHash('four'));
  give(world, 'bare.id', bob, null);
  give(world, 'revoked.id', bob, null);
  world.mine(revoke('revoked.id', bob));
  while (world.height() < 34) world.mine();
  return world;
}

/** What a reveal's own address imports, in a block before the namespace is ready. */
export function importing(name: string, reveal: Person): Sent {
  const hash = valueHash(name);
  return {
    from: reveal,
    operation: { opcode: 'NAME_IMPORT', name },
    outputs: [
      [bob.address, 5500n],
      [formatAddress(0, fromHex(hash)), 5500n],
    ],
  };
}

/** A name imported in the very block that opens its namespace, after so many empty blocks and before others. */
export function sharedWorld(before = 0, after = 3): World {
  const world = createWorld();
  openNamespace(world, 1000, (_, reveal) => {
    const ready = { from: reveal, operation: { opcode: 'NAMESPACE_READY', namespace: 'id' }, outputs: [[reveal.address, 5500n]] } as const;
    for (let i = 0; i < before; i++) world.mine();
    world.mine(importing('imported.id', reveal), ready);
  });
  // That the namespace opens a second time is refused, in a block of its own.
  for (let i = 0; i < after; i++) world.mine();
  return world;
}

/** A verifier's chain with the headers of a world up to a height. */
export async function chainOf(world: World, until = Infinity): Promise<HeaderChain> {
  const chain = createHeaderChain(world.network.bitcoin);
  await syncHeaders(chain, [sourceOf((await world.headers.headers(0, 10_000)).slice(0, until + 1))]);
  return chain;
}

export async function rootOf(world: World, height: number): Promise<HeadersRoot> {
  const chain = await chainOf(world);
  return { height, root: headersRoot(Array.from({ length: height + 1 }, (_, at) => chain.hashAt(at) ?? '')) };
}

/** The naive verifier's view of the same world. */
export function naively({ network, anchor, headersRoot: root, chain, now, maxAge, height }: VerifyProofOptions): NaiveWorld {
  const hashes = chain && Array.from({ length: chain.tip().height + 1 }, (_, at) => chain.hashAt(at) ?? '');
  return {
    network: { ...network, genesisHash: network.bitcoin.genesisHash },
    epochAt: (at) => ({ factor: epochAt(network, at).lifetimeFactor, grace: epochAt(network, at).gracePeriod }),
    ...{ anchor, headersRoot: root, hashes, now, maxAge, height },
  };
}

/** What both verifiers say of a file; they must say the same. The record, or the code of the refusal. */
export function judge(file: Uint8Array, options: VerifyProofOptions): NaiveRecord | string {
  const naive = attempt(() => naiveVerify(toHex(file), naively(options)));
  const ours = attempt(() => {
    const { record } = verifyProof(file, options);
    const { name, owner, zoneFileHash, height, txid } = record;
    return { name, owner, zoneFileHash: zoneFileHash && toHex(zoneFileHash), height, txid };
  });
  if (typeof naive === 'string' ? typeof ours !== 'string' : JSON.stringify(naive) !== JSON.stringify(ours))
    throw new Error(`the verifiers differ: ours ${JSON.stringify(ours)}, the naive one ${JSON.stringify(naive)}`);
  return ours;
}

function attempt(verify: () => NaiveRecord): NaiveRecord | string {
  try {
    return verify();
  } catch (error) {
    if (isNamesteadError(error)) return error.code;
    if (!(error instanceof Error) || error instanceof TypeError) throw error;
    return error.message;
  }
}

/** Options of a verifier who holds the anchor, and a chain or a root. */
export function holding(network: Network, anchor: VerifyProofOptions['anchor'], edit: Partial<VerifyProofOptions>): VerifyProofOptions {
  return { network, anchor, now: NOW, maxAge: 1_000_000, ...edit };
}
