import { sealed, signerOf } from 'namestead';
import { systemClock } from 'namestead/clock';
import { gaia } from 'namestead/storage/gaia';

/** What `put` of a client does by default: encrypted, signed, never overwritten unseen. */
export function files(hub, key) {
  return sealed(gaia({ hub, signer: signerOf(key), clock: systemClock() }), key);
}
