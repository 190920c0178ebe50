import { toHex } from '../../lib/bytes.js';
import { expectOk, http as platformHttp, type Http } from '../../lib/http.js';
import { MAX_ZONE_FILE_BYTES } from '../zonefile.js';
import type { ZoneSource } from '../zones.js';

export interface HttpZones {
  /** Up to and without the path, e.g. `https://node.example`. */
  readonly url: string;
  /** Where the file with a hash (hex) lies beneath `url`. Default: a node's REST, `/v1/zonefiles/<hash>`. A mirror may use `(hash) => '/' + hash`. */
  readonly path?: (hash: string) => string;
  readonly http?: Http;
}

/** A node's REST, or any mirror that serves raw zone files by hash. Status 404 means absent; the bytes are given as they come, unchecked. */
export function httpZones({ url, path = (hash) => `/v1/zonefiles/${hash}`, http = platformHttp() }: HttpZones): ZoneSource {
  const base = url.replace(/\/+$/, '');
  return async (hash, options) => {
    const where = base + path(toHex(hash));
    const answer = await http(where, { ...options, limit: MAX_ZONE_FILE_BYTES });
    return answer.status === 404 ? null : expectOk(answer, where).body;
  };
}
