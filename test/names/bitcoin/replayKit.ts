import { preorderHash } from '../../../src/names/bitcoin/commitment.js';
import type { Network } from '../../../src/names/bitcoin/network.js';
import { replayNames, type ReplayNamesOptions } from '../../../src/names/bitcoin/replay.js';
import type { Names } from '../../../src/names/names.js';
import { createChainWorld, type ChainWorld } from './chainWorld.js';
import { alice, bob, nameImport, namespacePreorder, networkIn, preorder, registration, terms, type Person } from './fold.js';

export const network: Network = networkIn(3, { firstBlock: 10, genesisConsensusHashes: { 9: '17ac43c1d8549c3181b200f1bf97eb7d' }, confirmations: 2 });

export function open(world: ChainWorld, { lifetime = terms.lifetime, imports = [] as readonly (readonly [string, Person])[] } = {}): void {
  world.mine(namespacePreorder(preorderHash('id', alice.script, bob.address), world.fresh()));
  world.mine({
    from: alice,
    operation: { opcode: 'NAMESPACE_REVEAL', namespace: 'id', ...terms, lifetime },
    outputs: [
      [bob.address, 5500],
      [alice.address, 1],
    ],
  });
  for (const [name, owner] of imports) world.mine(nameImport(name, owner));
  world.mine({ from: bob, operation: { opcode: 'NAMESPACE_READY', namespace: 'id' }, outputs: [] });
}

export function give(world: ChainWorld, name: string, owner: Person, valueHash: string | null = 'ab'.repeat(20)): void {
  world.mine(preorder(name, owner, world.fresh()));
  world.mine(registration(name, owner, { valueHash }));
}

/** A chain with namespace `id` open, what the steps send, and a block on top. */
export function worldWith(...steps: readonly ((world: ChainWorld) => void)[]): ChainWorld {
  return worldOn(network, ...steps);
}

export function worldOn(on: Network, ...steps: readonly ((world: ChainWorld) => void)[]): ChainWorld {
  const world = createChainWorld(on);
  open(world);
  for (const step of steps) step(world);
  world.mine();
  return world;
}

export function replay({ network: of, headers, blocks, transactions }: ChainWorld, edit: Partial<ReplayNamesOptions> = {}): Names {
  return replayNames({ network: of, headers, blocks, transactions, ...edit });
}
