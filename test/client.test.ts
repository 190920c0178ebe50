import { describe, expect, test } from 'vitest';
import { allowLoopback, createClient, type World } from '../src/client.js';
import { formatSession, memorySession, type SessionStore, type UserData } from '../src/auth/session.js';
import { addressOf } from '../src/lib/address.js';
import { fromUtf8, toHex } from '../src/lib/bytes.js';
import type { Clock } from '../src/lib/clock.js';
import { generatePrivateKey, publicKeyOf, signerOf } from '../src/lib/key.js';
import type { Names } from '../src/names/names.js';
import { signProfile } from '../src/profiles/profile.js';
import { memory } from '../src/storage/adapters/memory.js';
import { optimistic } from '../src/storage/optimistic.js';
import type { Store } from '../src/storage/store.js';
import { signed, signedBy } from '../src/storage/signed.js';
import { formatProfileZoneFile, hashZoneFile } from '../src/zones/zonefile.js';

const clock: Clock = {
  now: () => Date.UTC(2021, 0, 15, 12),
  sleep: (_, signal) => new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason as Error))),
};
const ORIGIN = 'https://app.example';
const owner = generatePrivateKey();
const address = addressOf(publicKeyOf(owner));
const PROFILE = 'https://hub.example/read/profile.json';
const zoneFile = fromUtf8(formatProfileZoneFile('alice.id', PROFILE));

/** A chain that knows one name, and a web that knows one file. */
function world(over: Partial<World> = {}, apps: Readonly<Record<string, unknown>> = {}, hash: Uint8Array | null = hashZoneFile(zoneFile)): World {
  const evidence = {
    level: 'snv',
    asOf: { height: 1, hash: '', time: 0 },
    tip: { height: 1, hash: '', time: 0 },
    completeTo: 1,
    confirmations: 1,
    work: 'none',
    operators: [],
    disagreed: [],
    checked: [],
    unchecked: [],
    pending: [],
    warnings: [],
  } as const;
  const names: Names = {
    lookup: (name) => {
      if (name !== 'alice.id') return Promise.resolve(null);
      const record = {
        name,
        owner: address,
        zoneFileHash: hash as ReturnType<typeof hashZoneFile> | null,
        height: 1,
        txid: '',
        expiresAt: null,
        chain: 'bitcoin',
      } as const;
      return Promise.resolve({ record, evidence });
    },
  };
  return {
    clock,
    names,
    zones: [() => Promise.resolve(zoneFile)],
    http: async (url) => {
      if (url !== PROFILE) throw new Error(`nobody was to ask ${url}`);
      return { status: 200, headers: new Headers(), body: fromUtf8(await signProfile({ name: 'Alice', apps }, signerOf(owner), { clock })) };
    },
    origin: ORIGIN,
    ...over,
  };
}

function signedInAs(key: string): UserData {
  return {
    username: null,
    email: null,
    decentralizedID: `did:btc-addr:${address}`,
    identityAddress: address,
    appPrivateKey: key,
    appPrivateKeyFromWalletSalt: null,
    coreSessionToken: null,
    authResponseToken: '',
    hubUrl: 'https://hub.example',
    coreNode: null,
    gaiaAssociationToken: null,
    profile: null,
  };
}

const session = (): SessionStore => memorySession(formatSession({ kind: 'in', user: signedInAs(toHex(generatePrivateKey())) }));

describe('a client', () => {
  test('names the part of the world that a call lacks', async () => {
    const client = createClient({ clock });
    await expect(client.resolve('alice.id')).rejects.toThrow(new TypeError('this call needs world.names: pass it to createClient'));
    await expect(client.signIn()).rejects.toThrow(/world\.origin/);
    await expect(client.put('a', 'b')).rejects.toThrow(/world\.origin/);
    await expect(client.get('a', { from: 'alice.id' })).rejects.toThrow(/world\.names/);
    await expect(client.register({ name: 'a.id', zoneFile, owner: address, payer: signerOf(owner) })).rejects.toThrow(/world\.registrar/);
  });

  test('resolves from name to profile, and says what was found where', async () => {
    const { record, zoneFile: found, profile, profileUrl } = await createClient(world()).resolve('alice.id');
    expect(record.owner).toBe(address);
    expect(found?.text).toBe(formatProfileZoneFile('alice.id', PROFILE));
    expect(profile?.claim).toMatchObject({ name: 'Alice' });
    expect(profileUrl).toBe(PROFILE);
  });

  test('stops at the zone file when asked to, and asks no host then', async () => {
    const { profile, zoneFile: found } = await createClient(world({ http: () => Promise.reject(new Error('asked')) })).resolve('alice.id', {
      withoutProfile: true,
    });
    expect(profile).toBeNull();
    expect(found).not.toBeNull();
  });

  test('a name without a zone file resolves to its record alone', async () => {
    const { zoneFile: found, profile } = await createClient(world({ zones: [] }, {}, null)).resolve('alice.id');
    expect([found, profile]).toEqual([null, null]);
  });

  test('proved absence is told apart from doubt', async () => {
    await expect(createClient(world()).resolve('bob.id')).rejects.toMatchObject({ code: 'NotFound' });
  });

  test('a zone file that leads to a private host is not followed, unless the caller allows it', async () => {
    const local = fromUtf8(formatProfileZoneFile('alice.id', 'http://127.0.0.1:1/profile.json'));
    const asked: string[] = [];
    const over = {
      zones: [() => Promise.resolve(local)],
      http: (url: string) => {
        asked.push(url);
        return Promise.reject(new Error('asked'));
      },
    };
    const { profile } = await createClient(world(over, {}, hashZoneFile(local))).resolve('alice.id');
    expect(profile).toBeNull();
    expect(asked).toEqual([]);
    await expect(createClient(world({ ...over, allowHost: allowLoopback }, {}, hashZoneFile(local))).resolve('alice.id')).rejects.toThrow();
    expect(asked).toEqual(['http://127.0.0.1:1/profile.json']);
  });

  test('files need somebody signed in', async () => {
    const client = createClient(world({ session: memorySession(), bucket: () => memory() }));
    await expect(client.put('a', 'b')).rejects.toMatchObject({ code: 'SessionMissing' });
    await expect(client.get('a')).rejects.toMatchObject({ code: 'SessionMissing' });
  });

  test('text and bytes go in and come out, a leading slash or not; what is not there is null', async () => {
    const store = memory();
    const client = createClient(world({ session: session(), bucket: () => store, files: (bucket) => bucket }));
    await client.put('/notes/1', 'über');
    expect((await client.get('notes/1'))?.text()).toBe('über');
    expect((await store.get('notes/1'))?.contentType).toBe('text/plain; charset=utf-8');
    await client.put('2', Uint8Array.of(0xff));
    const bytes = await client.get('2');
    expect(bytes?.body).toEqual(Uint8Array.of(0xff));
    expect(() => bytes?.text()).toThrow(expect.objectContaining({ code: 'Malformed' }));
    expect(await client.get('3')).toBeNull();
    await expect(client.put('../x', 'y')).rejects.toMatchObject({ code: 'PathInvalid' });
  });

  test('files are encrypted to the app key and signed by it, unless the world keeps them otherwise', async () => {
    const store = memory();
    const client = createClient(world({ session: session(), bucket: () => store }));
    await client.put('secret', 'words');
    const raw = new TextDecoder().decode((await store.get('secret'))?.body);
    expect(Object.keys(JSON.parse(raw) as object)).toEqual(['signature', 'publicKey', 'cipherText']);
    expect(raw).not.toContain('words');
    expect((await client.get('secret'))?.text()).toBe('words');
    await store.put('secret', fromUtf8('words'));
    await expect(client.get('secret')).rejects.toMatchObject({ code: 'SignatureMissingFile' });
  });

  test('one store serves a user from call to call, so that it remembers what it saw; another user gets another', async () => {
    const store = memory();
    let made = 0;
    const bucket = (): Store => {
      made++;
      return store;
    };
    const kept = session();
    const client = createClient(world({ session: kept, bucket, files: optimistic }));
    await client.put('a', '1');
    await client.put('a', '2');
    expect(made).toBe(1);
    await kept.save(formatSession({ kind: 'in', user: signedInAs(toHex(generatePrivateKey())) }));
    await expect(client.put('a', '3')).rejects.toMatchObject({ code: 'PreconditionFailed' });
    expect(made).toBe(2);
  });

  test("another's file is read through the name, and only if the bucket's key signed it", async () => {
    const app = generatePrivateKey();
    const bucket = addressOf(publicKeyOf(app));
    const store = memory();
    await signed(store, signerOf(app)).put('post', fromUtf8('hello'));
    const at = `https://hub.example/read/${bucket}/`;
    const bucketOf: World['bucketOf'] = (url, author) => {
      expect(url).toBe(at);
      return signedBy(store, author);
    };
    const client = createClient(world({ bucketOf }, { [ORIGIN]: at }));
    expect((await client.get('post', { from: 'alice.id' }))?.text()).toBe('hello');
    await store.put('post', fromUtf8('forged'));
    await expect(client.get('post', { from: 'alice.id' })).rejects.toMatchObject({ code: 'SignatureInvalid' });
  });

  test.each([
    [{}],
    [{ [ORIGIN]: 'not a URL' }],
    [{ [ORIGIN]: 'https://hub.example/no-address/' }],
    [{ [ORIGIN]: 7 }],
    [{ 'https://other.example': 'https://hub.example/1BoatSLRHtKNngkdXEeobR76b53LETtpyT/' }],
  ])('a profile that names no bucket for the app is an error that says so: %j', async (apps) => {
    const client = createClient(world({ bucketOf: () => memory() }, apps));
    await expect(client.get('post', { from: 'alice.id' })).rejects.toMatchObject({ code: 'NotFound' });
  });
});
