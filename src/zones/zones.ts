import type { CallOptions } from '../lib/clock.js';
import type { Hash160 } from '../lib/address.js';

/** Asks for the bytes behind a zone file hash: peer, hub, cache. `null`: the source says absent. Asked, never believed. */
export type ZoneSource = (hash: Hash160, options?: CallOptions) => Promise<Uint8Array | null>;

/** Hands a zone file to those who keep them. @throws NamesteadError when none took it */
export type ZonePublisher = (zoneFile: Uint8Array, options?: CallOptions) => Promise<void>;
