import { describe, expect, test } from 'vitest';
import { fromUtf8, toBase64, toHex } from '../../src/lib/bytes.js';
import { cached, memoryZones } from '../../src/zones/cached.js';
import { atlas } from '../../src/zones/adapters/atlas.js';
import { httpZones } from '../../src/zones/adapters/http.js';
import { publishing } from '../../src/zones/publish.js';
import { hashZoneFile } from '../../src/zones/zonefile.js';
import type { ZonePublisher } from '../../src/zones/zones.js';
import { zoneSourceLaws } from '../conformance/zoneSource.js';
import { serve, servePeer } from './server.js';

type Files = readonly Uint8Array[];
const byHash = (files: Files): Map<string, Uint8Array> => new Map(files.map((file) => [toHex(hashZoneFile(file)), file]));

function peerOf(files: Files): Promise<string> {
  const held = byHash(files);
  return servePeer((_, [hashes]) => ({
    status: true,
    zonefiles: Object.fromEntries((hashes as string[]).flatMap((hash) => (held.has(hash) ? [[hash, toBase64(held.get(hash) ?? new Uint8Array())]] : []))),
  }));
}

function mirrorOf(files: Files): Promise<string> {
  const held = byHash(files);
  return serve((request, response) => {
    const file = held.get((request.url ?? '').replace('/v1/zonefiles/', ''));
    response.statusCode = file ? 200 : 404;
    response.end(file ?? '{"error": "No such zonefile"}');
  });
}

describe('an Atlas peer as a source', () => {
  zoneSourceLaws(async (files) => atlas({ url: await peerOf(files) }).get);
});

describe('a mirror as a source', () => {
  zoneSourceLaws(async (files) => httpZones({ url: `${await mirrorOf(files)}/` }));
});

describe('a cached source', () => {
  zoneSourceLaws(async (files) => cached(httpZones({ url: await mirrorOf(files) }), memoryZones()));

  const file = fromUtf8('$ORIGIN alice.id\n');
  const hash = hashZoneFile(file);

  test('asks once for what it keeps', async () => {
    let asked = 0;
    const source = cached(() => Promise.resolve(++asked > 1 ? null : file), memoryZones());
    expect(await source(hash)).toEqual(file);
    expect(await source(hash)).toEqual(file);
    expect(asked).toBe(1);
  });

  test('never keeps what does not fit, and asks again when its shelf rotted', async () => {
    const shelf = memoryZones();
    await expect(cached(() => Promise.resolve(fromUtf8('other')), shelf)(hash)).rejects.toMatchObject({ code: 'ZoneFileMismatch' });
    expect(await shelf.get(toHex(hash))).toBeNull();
    await shelf.put(toHex(hash), fromUtf8('rotten'));
    expect(await cached(() => Promise.resolve(file), shelf)(hash)).toEqual(file);
    expect(await shelf.get(toHex(hash))).toEqual({ body: file });
  });

  test('answers though its shelf fails', async () => {
    const broken = { get: () => Promise.reject(new Error('disk')), put: () => Promise.reject(new Error('disk')) };
    expect(await cached(() => Promise.resolve(file), broken)(hash)).toEqual(file);
  });

  test('lets go of the oldest when its shelf is full', async () => {
    const shelf = memoryZones(2);
    for (const path of ['a', 'b', 'c']) await shelf.put(path, file);
    expect(await Promise.all(['a', 'b', 'c'].map((path) => shelf.get(path)))).toEqual([null, { body: file }, { body: file }]);
  });
});

describe('publishing', () => {
  const file = fromUtf8('$ORIGIN alice.id\n');
  const takes: ZonePublisher = () => Promise.resolve();
  const refuses: ZonePublisher = () => Promise.reject(new Error('no'));

  test('is content when one peer took the file', async () => {
    await expect(publishing(refuses, takes, refuses)(file)).resolves.toBeUndefined();
    await expect(publishing(refuses, refuses)(file)).rejects.toMatchObject({ code: 'ServerFailed' });
    await expect(publishing()(file)).rejects.toMatchObject({ code: 'ServerFailed' });
  });

  test('does not send what no peer takes', async () => {
    await expect(publishing(takes)(new Uint8Array(40_961))).rejects.toMatchObject({ code: 'ZoneFileTooLarge' });
  });

  test('to a peer that knows no transaction naming the file fails', async () => {
    const url = await servePeer((method) => (method === 'put_zonefiles' ? { status: true, saved: [0] } : { error: 'no' }));
    await expect(atlas({ url }).put(file)).rejects.toMatchObject({ code: 'ServerFailed' });
  });

  test('to a peer sends the file as canonical base64', async () => {
    let sent: unknown;
    const url = await servePeer((method, params) => {
      sent = [method, params];
      return { status: true, saved: [1] };
    });
    await atlas({ url }).put(file);
    expect(sent).toEqual(['put_zonefiles', [[toBase64(file)]]]);
  });
});
