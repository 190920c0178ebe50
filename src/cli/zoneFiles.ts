import { readFile, stat } from 'node:fs/promises';
import { fromUtf8 } from '../lib/bytes.js';
import type { Publish } from '../names/registration.js';
import { atlas } from '../zones/adapters/atlas.js';
import { publishing } from '../zones/publish.js';
import { formatProfileZoneFile, MAX_ZONE_FILE_BYTES } from '../zones/zonefile.js';
import type { Values } from './options.js';
import type { Session } from './session.js';
import { urlOf, usage } from './usage.js';

/** The zone file that the options describe for a name. @throws {@link usage} */
export async function zoneFileOf(values: Values, name: string, owner: string): Promise<Uint8Array> {
  const { 'zone-file': path, 'profile-url': url } = values;
  if ((path === undefined) === (url === undefined)) throw usage('what is the name to point to? Give --zone-file FILE or --profile-url URL');
  if (path !== undefined) return readZoneFile(path.replaceAll('{name}', name));
  const filled = (url ?? '').replaceAll('{name}', name).replaceAll('{owner}', owner);
  urlOf(filled, 'profile-url');
  return fromUtf8(formatProfileZoneFile(name, filled));
}

async function readZoneFile(path: string): Promise<Uint8Array> {
  try {
    const { size } = await stat(path);
    if (size > MAX_ZONE_FILE_BYTES) throw usage(`--zone-file: ${path} has ${size} bytes, and no peer takes more than ${MAX_ZONE_FILE_BYTES}`);
    return Uint8Array.from(await readFile(path));
  } catch (error) {
    if (error instanceof TypeError) throw error;
    throw usage(`--zone-file: ${path} cannot be read (${error instanceof Error && 'code' in error ? String(error.code) : 'unknown'})`);
  }
}

/** Hands zone files to the peers named, else to the nodes, which are peers. @throws {@link usage} */
export function publisherOf({ call: { values }, sources }: Session): Publish {
  const urls = values.atlas?.map((url) => urlOf(url, 'atlas')) ?? sources.nodes;
  if (urls.length === 0) throw usage('zone files are handed to peers: give --node URL or --atlas URL');
  return publishing(...urls.map((url) => atlas({ url }).put));
}
