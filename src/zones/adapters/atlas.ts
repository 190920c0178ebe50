import { toBase64, toHex } from '../../lib/bytes.js';
import { NamesteadError } from '../../lib/errors.js';
import { http as platformHttp, type Http } from '../../lib/http.js';
import { withoutSecrets } from '../../lib/url.js';
import { callJson } from '../../lib/xmlrpc.js';
import { openZoneFiles, parseSaved } from '../peer.js';
import { hashZoneFile, MAX_ZONE_FILE_BYTES } from '../zonefile.js';
import type { ZonePublisher, ZoneSource } from '../zones.js';

/** One zone file in base64, and room for the envelope around it. */
const ANSWER_LIMIT = 2 * MAX_ZONE_FILE_BYTES;

/**
 * An Atlas peer of the v1 network by XML-RPC (atlas.md a.2): a source and a publisher of zone files.
 *
 * @example
 * const { get, put } = atlas({ url: 'http://127.0.0.1:6264/' });
 * @throws NamesteadError `ZoneFileMismatch` when it gives other bytes, `ServerFailed` when it refuses, `Http…`
 */
export function atlas({ url, http = platformHttp() }: { readonly url: string; readonly http?: Http }): {
  readonly get: ZoneSource;
  readonly put: ZonePublisher;
} {
  return {
    get: async (hash, options) => {
      const key = toHex(hash);
      const answer = await callJson(http, url, 'get_zonefiles', [[key]], { ...options, limit: ANSWER_LIMIT });
      const { found, rejected } = openZoneFiles(answer, [hash]);
      // Files under other keys were not asked for, and are dropped.
      if (rejected.includes(key)) throw new NamesteadError('ZoneFileMismatch', `the peer ${withoutSecrets(url)} gave other bytes for the zone file ${key}`);
      return found.get(key) ?? null;
    },
    put: async (zoneFile, options) => {
      const answer = await callJson(http, url, 'put_zonefiles', [[toBase64(zoneFile)]], { ...options, limit: ANSWER_LIMIT });
      const [saved] = parseSaved(answer, 1);
      if (!saved)
        throw new NamesteadError(
          'ServerFailed',
          `the peer ${withoutSecrets(url)} did not take the zone file ${toHex(hashZoneFile(zoneFile))}: it knows no transaction that names it yet`,
        );
    },
  };
}
