import type { LongCallOptions } from '../../lib/clock.js';
import type { Fields } from '../../lib/shape.js';
import type { AsOf } from '../proof.js';
import type { NamespaceLife } from './expiry.js';
import type { Header } from './header.js';
import type { Network } from './network.js';
import type { BlockId, TransactionSource } from './source.js';

/** A name as a proved operation left it. */
export interface Sighting {
  readonly name: string;
  readonly height: number;
  /** The operation's place in its block. */
  readonly index: number;
  /** The operation with its committed fields, out of the set beneath the anchor. */
  readonly operation: Fields;
  /** The output script that owns the name, as committed. */
  readonly owner: Uint8Array;
  readonly life: NamespaceLife;
  /** The reveal recipient's output script, which may import names until `life.readyBlock`, with the 300 keys of its keychain. */
  readonly importer: Uint8Array;
}

/** What a watch may ask and what it stands on. */
export interface WatchWorld {
  readonly network: Network;
  readonly transactions: TransactionSource;
  /** A block of the checked chain. @throws NamesteadError when none is held there and none can be proved */
  headerAt(height: number, options: LongCallOptions): Promise<Header>;
  /** The last height of the checked chain whose operations count; those above may yet be reorganised away. */
  readonly confirmedTo: number;
  /** Whether what {@link WatchWorld.committedAt} answers is bound to its height: every consensus hash was recomputed, so no two blocks can be swapped. */
  readonly bound: boolean;
  /**
   * The operations of a block, proved to lie beneath the anchor's consensus hash and at this height by the caller's own SPV of whatever it takes from
   * them; null above the anchor. @throws NamesteadError as `findOperations`
   */
  committedAt(height: number, options: LongCallOptions): Promise<readonly Fields[] | null>;
  /** Proves that a committed operation is what its transaction says (place, payload, sender). @throws as `proveOperation` */
  prove(operation: Fields, height: number, options: LongCallOptions): Promise<unknown>;
}

export interface Watched {
  /** The last operation on the name that was accepted: the one handed in, or a later one. */
  readonly sighting: Sighting;
  /** Up to where nothing escaped. */
  readonly through: AsOf;
  /** Operations of the last blocks that may yet be reorganised away; display hex. */
  readonly pending: readonly string[];
  readonly operators: readonly string[];
  readonly disagreed: readonly string[];
  /** In words, in order; handed on in the evidence. */
  readonly checked: readonly string[];
  readonly unchecked: readonly string[];
}

/**
 * Follows a name from after a proved operation to a block of the checked chain, so that no source can hide a newer one; one honest operator suffices.
 * @throws NamesteadError `UndecidedOperation` for an operation by the owner that nothing decides, `NameExpired`, `SourcesDisagree`, `FilterMismatch`
 */
export interface Watch {
  readonly level: 'history' | 'filters';
  follow(sighting: Sighting, until: BlockId, world: WatchWorld, options: LongCallOptions): Promise<Watched>;
}
