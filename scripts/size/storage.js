import { encrypted, signed, under } from 'namestead';
import { systemClock } from 'namestead/clock';
import { gaia } from 'namestead/storage/gaia';

export function files(hub, signer, keys) {
  return encrypted(signed(under(gaia({ hub, signer, clock: systemClock() }), 'app/'), signer), keys);
}
