import { NamesteadError } from '../lib/errors.js';
import { MAX_ZONE_FILE_BYTES } from './zonefile.js';
import type { ZonePublisher } from './zones.js';

/**
 * A publisher that hands a zone file to all of `publishers` at once and is content when one took it. Peers do not push to
 * each other, they pull; so giving it to several makes it found sooner. A peer takes only what the chain names: publish once
 * the transaction is indexed.
 * @throws NamesteadError `ZoneFileTooLarge`; `ServerFailed` when none took it, with the first reason as its cause
 */
export function publishing(...publishers: readonly ZonePublisher[]): ZonePublisher {
  return async (zoneFile, options) => {
    if (zoneFile.length > MAX_ZONE_FILE_BYTES)
      throw new NamesteadError('ZoneFileTooLarge', `a zone file of ${zoneFile.length} bytes is larger than ${MAX_ZONE_FILE_BYTES}, which no peer takes`);
    const outcomes = await Promise.allSettled(publishers.map((publish) => publish(zoneFile, options)));
    if (outcomes.some((outcome) => outcome.status === 'fulfilled')) return;
    const cause = outcomes.find((outcome) => outcome.status === 'rejected')?.reason as unknown;
    throw new NamesteadError('ServerFailed', `none of ${publishers.length} peers took the zone file`, { cause });
  };
}
