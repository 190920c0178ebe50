import { describe, expect, test } from 'vitest';
import { fromUtf8, toBase64, toHex } from '../../src/lib/bytes.js';
import { systemClock } from '../../src/lib/adapters/clock.js';
import { http } from '../../src/lib/http.js';
import { atlas } from '../../src/zones/adapters/atlas.js';
import { httpZones } from '../../src/zones/adapters/http.js';
import { findZoneFile } from '../../src/zones/find.js';
import { hashZoneFile } from '../../src/zones/zonefile.js';
import type { ZoneSource } from '../../src/zones/zones.js';
import { serve, servePeer } from '../zones/server.js';

const file = fromUtf8('$ORIGIN alice.id\n$TTL 3600\n');
const hash = hashZoneFile(file);
const other = fromUtf8('$ORIGIN mallory.id\n$TTL 3600\n');

const honest: ZoneSource = () => Promise.resolve(file);
const lying: ZoneSource = () => Promise.resolve(other);
const absent: ZoneSource = () => Promise.resolve(null);
const failing: ZoneSource = () => Promise.reject(new Error('down'));
const silent: ZoneSource = () => new Promise(() => undefined);

describe('a search for a zone file', () => {
  test('takes no other bytes than the hash names', async () => {
    await expect(findZoneFile(hash, [lying])).rejects.toMatchObject({ code: 'ZoneFileMismatch' });
    await expect(findZoneFile(hash, [() => Promise.resolve(file.subarray(1))])).rejects.toMatchObject({ code: 'ZoneFileMismatch' });
    await expect(findZoneFile(hash, [lying, absent, failing])).rejects.toMatchObject({ code: 'ZoneFileMismatch' });
  });

  test('says missing when nobody has it', async () => {
    await expect(findZoneFile(hash, [])).rejects.toMatchObject({ code: 'ZoneFileMissing' });
    await expect(findZoneFile(hash, [absent, failing, absent, absent])).rejects.toMatchObject({ code: 'ZoneFileMissing' });
  });

  test.each([
    ['with a clock', systemClock()],
    ['without', undefined],
  ])('gets past liars, the absent and the silent %s, and tells who lied', async (_, clock) => {
    const lies: number[] = [];
    const found = await findZoneFile(hash, [lying, absent, silent, failing, lying, silent, honest], { clock, onLie: (source) => lies.push(source) });
    expect(found).toEqual(file);
    expect(lies).toEqual([0, 4]);
  });

  test('takes no file above 40,960 bytes, though its hash fits', async () => {
    const large = new Uint8Array(40_961);
    await expect(findZoneFile(hashZoneFile(large), [() => Promise.resolve(large)])).rejects.toMatchObject({ code: 'ZoneFileMismatch' });
  });

  test('asks three sources at once at the most', async () => {
    let [now, most] = [0, 0];
    const slow: ZoneSource = async () => {
      most = Math.max(most, ++now);
      await new Promise((resolve) => setImmediate(resolve));
      now--;
      return null;
    };
    await expect(
      findZoneFile(
        hash,
        Array.from({ length: 20 }, () => slow),
      ),
    ).rejects.toMatchObject({ code: 'ZoneFileMissing' });
    expect(most).toBe(3);
  });

  test('asks the next source only when the first is silent for 300 ms, and lets go of the losers', async () => {
    const sleeps: number[] = [];
    let wake = (): void => undefined;
    const clock = {
      now: () => 0,
      sleep: (ms: number) =>
        new Promise<void>((resolve) => {
          sleeps.push(ms);
          if (ms === 300) wake = resolve;
        }),
    };
    let released: AbortSignal | undefined;
    let asked = 0;
    const first: ZoneSource = (_, options) => {
      released = options?.signal;
      return silent(hash);
    };
    const second: ZoneSource = () => {
      asked++;
      return honest(hash);
    };
    const search = findZoneFile(hash, [first, second], { clock });
    await new Promise((resolve) => setImmediate(resolve));
    expect(asked).toBe(0);
    wake();
    expect(await search).toEqual(file);
    expect(released?.aborted).toBe(true);
    expect(sleeps).toContain(10_000);
  });

  test('ends at its deadline when all are silent', async () => {
    const clock = { now: () => 0, sleep: (ms: number) => (ms === 10_000 ? Promise.resolve() : new Promise<void>(() => undefined)) };
    await expect(findZoneFile(hash, [silent, silent], { clock })).rejects.toMatchObject({ code: 'ZoneFileMissing' });
  });

  test('is cancelled by its signal', async () => {
    const control = new AbortController();
    const search = findZoneFile(hash, [silent], { signal: control.signal });
    control.abort(new Error('enough'));
    await expect(search).rejects.toMatchObject({ code: 'Aborted' });
    await expect(findZoneFile(hash, [honest], { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'Aborted' });
  });
});

describe('an Atlas peer', () => {
  const answering = async (zonefiles: unknown): Promise<ZoneSource> => atlas({ url: await servePeer(() => ({ status: true, zonefiles })) }).get;

  test('that gives other bytes under the hash is refused', async () => {
    const get = await answering({ [toHex(hash)]: toBase64(other) });
    await expect(get(hash)).rejects.toMatchObject({ code: 'ZoneFileMismatch' });
    await expect(findZoneFile(hash, [get])).rejects.toMatchObject({ code: 'ZoneFileMismatch' });
  });

  test('that gives a file nobody asked for gives nothing', async () => {
    const get = await answering({ [toHex(hashZoneFile(other))]: toBase64(other) });
    expect(await get(hash)).toBeNull();
  });

  test('that gives base64 that is none, or no text at all, is refused', async () => {
    for (const value of ['***', `${toBase64(file)}\n`, 7, null, { a: 1 }])
      await expect((await answering({ [toHex(hash)]: value }))(hash)).rejects.toMatchObject({ code: 'ZoneFileMismatch' });
    for (const value of [null, [], 'x', 7]) await expect((await answering(value))(hash)).rejects.toMatchObject({ code: 'HttpMalformed' });
  });

  test('that refuses says why', async () => {
    const url = await servePeer(() => ({ status: false, indexing: false, lastblock: -1, error: 'overloaded', http_status: 429 }));
    await expect(atlas({ url }).get(hash)).rejects.toThrow(/429: overloaded/);
  });

  test('that answers HTML, an error status, a flood or a redirect is refused within bounds', async () => {
    const html = await serve((_, response) => response.end('<!doctype html><html></html>'));
    await expect(atlas({ url: html }).get(hash)).rejects.toMatchObject({ code: 'HttpMalformed' });
    const down = await serve((_, response) => response.writeHead(502).end('Bad gateway'));
    await expect(atlas({ url: down }).get(hash)).rejects.toMatchObject({ code: 'HttpStatus' });
    const flood = await serve((_, response) => {
      const pour = (): void => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
      };
      response.on('drain', pour);
      pour();
    });
    await expect(atlas({ url: flood }).get(hash)).rejects.toMatchObject({ code: 'HttpTooLarge' });
    await expect(httpZones({ url: flood })(hash)).rejects.toMatchObject({ code: 'HttpTooLarge' });
    const elsewhere = await serve((_, response) => response.writeHead(302, { location: html }).end());
    await expect(httpZones({ url: elsewhere })(hash)).rejects.toMatchObject({ code: 'HttpFailed' });
  });

  test('that never answers is left after its time', async () => {
    const url = await serve(() => undefined);
    const impatient: typeof ask = (where, request) => ask(where, { ...request, timeout: 50 });
    const ask = http();
    await expect(atlas({ url, http: impatient }).get(hash)).rejects.toMatchObject({ code: 'HttpTimeout' });
  });
});

describe('a mirror', () => {
  test('that gives other bytes is found out by the search', async () => {
    const source = httpZones({ url: await serve((_, response) => response.end(other)) });
    await expect(findZoneFile(hash, [source])).rejects.toMatchObject({ code: 'ZoneFileMismatch' });
    expect(await findZoneFile(hash, [source, honest])).toEqual(file);
  });
});
