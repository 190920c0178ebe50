import type { CallOptions } from '../../lib/clock.js';
import { NamesteadError } from '../../lib/errors.js';
import { parseName } from '../name.js';
import { epochAt } from './epoch.js';
import type { Network } from './network.js';
import { BURN_ADDRESS, namePrice, namespacePrice } from './price.js';
import { findNamespace, type NamespaceStanding, type StandingWorld } from './standing.js';

/** Satoshi that no name of `.id` exceeds from epoch 3 on: more is paid only on the caller's word, since terms are the indexer's. */
export const DEAREST = 10_240_000n;

/** Satoshi, and the address that must get them. */
export interface Quote {
  readonly price: bigint;
  readonly payee: string;
}

/**
 * What a name costs from `nextHeight` on and who is paid (spec b.3, b.4), by the terms the indexer tells of the namespace.
 * @throws NamesteadError `NamespaceNotReady`; `NameUnaffordable` where only STACKS tokens pay
 */
export async function quoteName(name: string, nextHeight: number, world: StandingWorld & { readonly network: Network }, options: CallOptions): Promise<Quote> {
  const { label, namespace } = parseName(name);
  const { indexer, network } = world;
  const terms = await findNamespace(world, namespace, options);
  if (!terms?.ready)
    throw new NamesteadError(
      'NamespaceNotReady',
      `no names can be had in ${namespace}: it is ${terms ? 'not ready yet' : 'not open'}, says ${indexer.operator}`,
    );
  if (terms.version === 3) throw new NamesteadError('NameUnaffordable', `names in ${namespace} are paid in STACKS tokens, not in bitcoin`);
  const price = namePrice(label, terms, epochAt(network, nextHeight));
  // A registration is judged at its own height, a little after its preorder.
  const payee = payeeOf(terms, nextHeight + network.confirmations + 1, network);
  return { price: typeof price === 'bigint' ? price : BigInt(Math.ceil(price)), payee };
}

/** What a namespace costs: satoshi up to epoch 3; later `tokens`, in micro-STACKS, and the least bitcoin output. */
export function quoteNamespace(id: string, nextHeight: number, network: Network): { readonly price: bigint; readonly tokens: bigint | null } {
  const epoch = epochAt(network, nextHeight);
  const price = namespacePrice(id, epoch.tokens ? 'STACKS' : 'BTC', epoch);
  if (price === null) throw new NamesteadError('NameInvalid', `a namespace of ${id.length} characters has no price`);
  return typeof price === 'bigint' ? { price: 0n, tokens: price } : { price: BigInt(Math.ceil(price)), tokens: null };
}

function payeeOf(terms: NamespaceStanding, height: number, network: Network): string {
  const paid = terms.version === 2 && terms.revealBlock + epochAt(network, height).receiveFeesPeriod >= height;
  return paid ? terms.creator : BURN_ADDRESS;
}
