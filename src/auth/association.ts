import { toHex } from '../lib/bytes.js';
import type { Clock } from '../lib/clock.js';
import { randomBytes } from '../lib/key.js';
import type { PublicKey, Signer } from '../lib/key.js';
import { signToken } from '../lib/token.js';

const YEAR = 365 * 24 * 3600_000;

export interface AssociationOptions {
  readonly clock: Pick<Clock, 'now'>;
  /** Milliseconds since 1970. Default: 365 days from now. After it, writes fail until the user signs in again. */
  readonly expiresAt?: number;
  /** 16 bytes, for known-answer tests. */
  readonly salt?: Uint8Array;
}

/** The identity's word that an app key writes on its behalf: it rides in Gaia's auth token, and a hub's whitelist is asked for the identity. */
export async function makeAssociationToken(appKey: PublicKey, identity: Signer, options: AssociationOptions): Promise<string> {
  const now = options.clock.now();
  const payload = {
    childToAssociate: toHex(appKey),
    iss: toHex(identity.publicKey),
    exp: Math.floor((options.expiresAt ?? now + YEAR) / 1000),
    iat: Math.floor(now / 1000),
    salt: toHex(options.salt ?? randomBytes(16)),
  };
  return signToken(payload, identity);
}
