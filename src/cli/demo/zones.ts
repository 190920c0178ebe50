import { fromUtf8 } from '../../lib/bytes.js';
import { systemClock } from '../../lib/adapters/clock.js';
import { NamesteadError } from '../../lib/errors.js';
import { gaia } from '../../storage/adapters/gaia.js';
import { signProfile } from '../../profiles/profile.js';
import { atlas } from '../../zones/adapters/atlas.js';
import { hashZoneFile } from '../../zones/zonefile.js';
import type { ZoneSource } from '../../zones/zones.js';
import type { Step } from '../transcript.js';
import type { Registration, Stage } from './stage.js';

/** Pushes the zone file to one Atlas peer, finds it at the other, and puts the profile where it points. */
export async function spreadZoneFile(step: Step, stage: Stage, { zoneFile, hash, name, profileUrl }: Registration): Promise<void> {
  const clock = systemClock();
  const [first, second] = stage.devnet.urls.atlas.map((url) => atlas({ url }));
  if (!first || !second) throw new TypeError('the devnet has two Atlas peers');
  await first.put(zoneFile);
  step.say(`pushed ${zoneFile.length} bytes, ${hash}, to ${stage.devnet.urls.atlas[0]}`, { hash, bytes: zoneFile.length });
  const found = await findSoon(second.get, zoneFile);
  step.say(`found at ${stage.devnet.urls.atlas[1]} after ${found.ms} ms, checked by its hash`, { spreadMs: found.ms });
  const identity = await stage.wallet.identity(0);
  const profile = await signProfile({ '@context': 'http://schema.org/', '@type': 'Person', name: 'Alice', description: `Owner of ${name}` }, identity.signer, {
    clock,
  });
  const hub = gaia({ hub: stage.devnet.urls.hub, signer: identity.signer, clock });
  await hub.put('profile.json', fromUtf8(profile), { contentType: 'application/json' });
  step.say(`profile signed by the owner's key, at ${profileUrl}`, { profileUrl });
}

async function findSoon(source: ZoneSource, zoneFile: Uint8Array): Promise<{ ms: number }> {
  const clock = systemClock();
  const started = clock.now();
  for (;;) {
    if ((await source(hashZoneFile(zoneFile))) !== null) return { ms: clock.now() - started };
    if (clock.now() - started > 10_000) throw new NamesteadError('ZoneFileMissing', 'the other peer does not have the zone file after 10 s');
    await clock.sleep(20);
  }
}
