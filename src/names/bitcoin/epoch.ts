import type { Network } from './network.js';

/** The grace period, in blocks; BNS (b.2). */
export const GRACE_PERIOD = 5000;

/** What one epoch allows and how it counts; BNS (b.2). Lengths are in blocks. */
export interface EpochRules {
  /** 1..6 */
  readonly number: number;
  readonly lifetimeFactor: number;
  readonly gracePeriod: number;
  /** How long the creator of a version-2 namespace is paid. */
  readonly receiveFeesPeriod: number;
  /** Scripts with several keys may send transfers and own registrations. */
  readonly multisig: boolean;
  /** Registrations and renewals may carry a zone file's hash, a renewal may go to another owner, and namespaces may pay their creator. */
  readonly updateWithRegistration: boolean;
  /** Fees may be paid in STACKS, tokens be sent, prices are integers, and preorders expire. */
  readonly tokens: boolean;
  /** A token transfer may leave its consensus hash zero. */
  readonly freshnessOptional: boolean;
}

/** The rules at a height. Heights before the network's first block have those of its first epoch. */
export function epochAt(network: Network, height: number): EpochRules {
  const number = network.epochs.find((epoch) => height <= epoch.endBlock)?.number ?? 6;
  return {
    number,
    lifetimeFactor: number >= 2 ? 2 : 1,
    gracePeriod: number >= 3 ? GRACE_PERIOD : 0,
    receiveFeesPeriod: number >= 3 ? network.receiveFeesPeriod : 0,
    multisig: number >= 2,
    updateWithRegistration: number >= 3,
    tokens: number >= 4,
    freshnessOptional: number >= 5,
  };
}
