import { describe, expect, test } from 'vitest';
import { allowLoopback, createClient, type World } from '../../src/client.js';
import { memorySession } from '../../src/auth/session.js';
import { addressOf } from '../../src/lib/address.js';
import { fromUtf8, toUtf8 } from '../../src/lib/bytes.js';
import type { Http, HttpAnswer } from '../../src/lib/http.js';
import { generatePrivateKey, signerOf } from '../../src/lib/key.js';
import type { Names } from '../../src/names/names.js';
import { signProfile } from '../../src/profiles/profile.js';
import { gaia } from '../../src/storage/adapters/gaia.js';
import { memory } from '../../src/storage/adapters/memory.js';
import { formatProfileZoneFile, hashZoneFile } from '../../src/zones/zonefile.js';

const clock = { now: () => Date.parse('2026-11-20T12:00:00Z'), sleep: () => new Promise<void>(() => undefined) };
const alice = signerOf(generatePrivateKey());
const owner = addressOf(alice.publicKey);
const origin = 'https://app.example';
const zoneFile = fromUtf8(formatProfileZoneFile('alice.id', 'https://host.example/profile.json'));

/** A name whose record is taken as proved; everything behind it is real. */
const names = {
  lookup: () => Promise.resolve({ record: { name: 'alice.id', owner, zoneFileHash: hashZoneFile(zoneFile) }, evidence: {} }),
} as unknown as Names;
const answer = (body: string | Uint8Array, status = 200): HttpAnswer => ({
  status,
  headers: new Headers(),
  body: typeof body === 'string' ? fromUtf8(body) : body,
});

async function worldOf(claim: object, changes: Partial<World> = {}): Promise<{ world: World; opened: string[] }> {
  const file = await signProfile(claim, alice, { clock });
  const opened: string[] = [];
  const http: Http = () => Promise.resolve(answer(file));
  const bucketOf = (url: string): ReturnType<typeof memory> => {
    opened.push(url);
    return memory();
  };
  return { opened, world: { clock, http, names, zones: [() => Promise.resolve(zoneFile)], origin, bucketOf, ...changes } };
}

describe('a profile written by a stranger', () => {
  test.each([
    'http://127.0.0.1:8332/',
    'http://localhost/',
    'http://169.254.169.254/latest/',
    'http://10.0.0.1/',
    'http://[::1]/',
    'http://router.local/',
    'https://user:secret@files.example/',
    'file:///etc/',
    'ftp://files.example/',
    'javascript:alert(1)//',
  ])('sends no reader of files to %s', async (host) => {
    const { world, opened } = await worldOf({ apps: { [origin]: `${host}${owner}/` } });
    await expect(createClient(world).get('a.json', { from: 'alice.id' })).rejects.toMatchObject({ code: 'NotFound' });
    expect(opened).toEqual([]);
  });

  test('sends them to public hosts, and on a devnet to loopback', async () => {
    const open = await worldOf({ apps: { [origin]: `https://files.example/hub/${owner}` } });
    expect(await createClient(open.world).get('a.json', { from: 'alice.id' })).toBeNull();
    expect(open.opened).toEqual([`https://files.example/hub/${owner}/`]);
    const local = await worldOf({ apps: { [origin]: `http://127.0.0.1:1/${owner}` } }, { allowHost: allowLoopback });
    expect(await createClient(local.world).get('a.json', { from: 'alice.id' })).toBeNull();
  });

  test('adds nothing to objects by its members’ names', async () => {
    const { world } = await worldOf(JSON.parse(`{"__proto__": {"apps": {"${origin}": "https://files.example/${owner}/"}}, "constructor": 1}`) as object);
    await expect(createClient(world).get('a.json', { from: 'alice.id' })).rejects.toMatchObject({ code: 'NotFound' });
    expect(({} as Record<string, unknown>)['apps']).toBeUndefined();
  });
});

describe('the caller’s own mistakes', () => {
  const bucket = memory();
  const user = { appPrivateKey: '11'.repeat(32), hubUrl: 'https://hub.example', identityAddress: owner };
  const signedIn: World = { clock, origin, session: memorySession(JSON.stringify({ version: '1.0.0', userData: user })), bucket: () => bucket };

  test.each<[string, () => Promise<unknown>]>([
    ['a missing names', () => createClient({ clock }).resolve('alice.id')],
    ['a missing registrar', () => createClient({ clock }).register({} as never)],
    ['a missing origin', () => createClient({ clock }).signIn()],
    ['an origin with a slash', () => createClient({ ...signedIn, origin: 'https://app.example/' }).user()],
    ['an origin without a scheme', () => createClient({ ...signedIn, origin: 'app.example' }).user()],
    ['a name that is no text', () => createClient({ ...signedIn, names }).resolve(undefined as never)],
    ['a path that is no text', () => createClient(signedIn).get(undefined as never)],
    ['a path that is a number', () => createClient(signedIn).put(7 as never, 'x')],
    ['a body that is neither text nor bytes', () => createClient(signedIn).put('a', 42 as never)],
    ['a body that is null', () => createClient(signedIn).put('a', null as never)],
    ['a body that is a list', () => createClient(signedIn).put('a', [1, 2] as never)],
  ])('%s is a TypeError that says what is wrong', async (_, call) => {
    const error: unknown = await call().catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(TypeError);
    expect(String(error)).not.toMatch(/undefined \(reading|is not a function|Cannot read/);
  });

  test('a world without a clock is one at once', () => {
    expect(() => createClient({} as World)).toThrow(/world\.clock/);
    expect(() => createClient(undefined as never)).toThrow(TypeError);
  });

  test('paths lead out of no bucket', async () => {
    for (const path of ['../a', 'a/../../b', 'a/./b', '', '/', '//', 'a//b', 'a\0', 'a/..', '\ud800']) {
      await expect(createClient(signedIn).put(path, 'x'), JSON.stringify(path)).rejects.toMatchObject({ code: 'PathInvalid' });
      await expect(createClient(signedIn).get(path), JSON.stringify(path)).rejects.toMatchObject({ code: 'PathInvalid' });
    }
    await createClient(signedIn).put('/ünï/文件 ?#%.txt', 'x');
    expect((await createClient(signedIn).get('ünï/文件 ?#%.txt'))?.text()).toBe('x');
  });
});

describe('a hub that lies', () => {
  const info = { challenge_text: 'x', latest_auth_version: 'v1', read_url_prefix: 'https://files.example/' };
  const hub = (answers: (url: string, body: string) => HttpAnswer): ReturnType<typeof gaia> =>
    gaia({
      hub: 'https://hub.example',
      signer: alice,
      clock,
      http: (url, request) => Promise.resolve(answers(url, typeof request?.body === 'string' ? request.body : '')),
    });

  test.each(['https://', 'https:// /', 'http://a.example/?x=', 'https://a.example/#', 'https://user:pw@a.example/', 'http://[', 'ftp://a.example/'])(
    'about where files are read, %j, is the world’s mistake',
    async (prefix) => {
      const store = hub(() => answer(JSON.stringify({ ...info, read_url_prefix: prefix })));
      await expect(store.get('a')).rejects.toMatchObject({ code: 'HttpMalformed' });
    },
  );

  test('with pages that never end and hold nothing is left', async () => {
    let page = 0;
    const listing = (): object => ({ entries: [null], page: ++page > 5000 ? null : `${page}` });
    const store = hub((url) => answer(JSON.stringify(url.endsWith('/hub_info') ? info : listing())));
    await expect(store.list()[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'HttpMalformed' });
    expect(page).toBeLessThan(5000);
  });

  test('says nothing that a terminal obeys', async () => {
    const store = hub((url) => (url.endsWith('/hub_info') ? answer(JSON.stringify(info)) : answer(JSON.stringify({ message: '\u001b[2J\u009b1m' }), 403)));
    const error: unknown = await store.put('\u001b]0;x\u0007', fromUtf8('x')).catch((caught: unknown) => caught);
    expect(toUtf8(fromUtf8(String(error)))).not.toMatch(/[\p{Cc}]/u);
  });
});
