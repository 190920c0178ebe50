import { findProfile, http, parseZoneFile, profileUrls } from 'namestead';
import { systemClock } from 'namestead/clock';
import { resolve } from './resolver.js';

export async function open(name, network, anchor, urls) {
  const found = await resolve(name, network, anchor, urls);
  return findProfile(profileUrls(parseZoneFile(found.zoneFile)), found.record.owner, { http: http(), clock: systemClock() });
}
