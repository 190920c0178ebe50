import { epochAt } from './epoch.js';
import { BLOCKS_PER_YEAR, type Network } from './network.js';

/** How long a namespace may stay revealed and not ready, in blocks; BNS (b.7). */
export const REVEAL_LIFETIME = BLOCKS_PER_YEAR;
/** How long a preorder may wait for its registration from epoch 4 on, in blocks; BNS (b.5). */
export const PREORDER_LIFETIME = 144;

/** What the life of a namespace's names hangs on. */
export interface NamespaceLife {
  readonly revealBlock: number;
  /** 0 until it is ready. */
  readonly readyBlock: number;
  /** Blocks; 4294967295: for ever. */
  readonly lifetime: number;
}

/**
 * Whether a name renewed at `lastRenewed` still lives at `height`, grace included. Factor and grace are those of `height`, so that
 * later epochs lengthened earlier lives; BNS (b.7).
 */
export function isUnexpired(network: Network, namespace: NamespaceLife, lastRenewed: number, height: number): boolean {
  const { revealBlock, readyBlock, lifetime } = namespace;
  if (readyBlock === 0) return revealBlock <= height && height < revealBlock + REVEAL_LIFETIME;
  const { lifetimeFactor, gracePeriod } = epochAt(network, height);
  const life = lifetime * lifetimeFactor + gracePeriod;
  // One bound is strict and the other is not: so the reference's two queries have it.
  return readyBlock + life > height || lastRenewed + life >= height;
}

/** The first block after a name's life proper; from here only a renewal keeps it; BNS (b.7). */
export function expireBlock(network: Network, namespace: NamespaceLife, lastRenewed: number, height: number): number {
  return Math.max(namespace.readyBlock, lastRenewed) + namespace.lifetime * epochAt(network, height).lifetimeFactor;
}

/** The first block after a name's grace period; BNS (b.7). */
export function renewalDeadline(network: Network, namespace: NamespaceLife, lastRenewed: number, height: number): number {
  return expireBlock(network, namespace, lastRenewed, height) + epochAt(network, height).gracePeriod;
}

/** Whether nothing but a renewal is allowed for the name at `height`. Names of a namespace that is not ready have no grace; BNS (b.7). */
export function isInGrace(network: Network, namespace: NamespaceLife, lastRenewed: number, height: number): boolean {
  if (namespace.readyBlock === 0) return false;
  return expireBlock(network, namespace, lastRenewed, height) <= height && height < renewalDeadline(network, namespace, lastRenewed, height);
}
