import { encrypted } from 'namestead';
import { systemClock } from 'namestead/clock';
import { gaia } from 'namestead/storage/gaia';

export function files(hub, signer, keys) {
  return encrypted(gaia({ hub, signer, clock: systemClock() }), keys);
}
