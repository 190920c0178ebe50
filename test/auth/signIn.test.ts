import { request as httpRequest } from 'node:http';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { addressOf } from '../../src/lib/address.js';
import { toHex } from '../../src/lib/bytes.js';
import { generatePrivateKey, keyAgreementOf, publicKeyOf, signerOf } from '../../src/lib/key.js';
import { parseToken } from '../../src/lib/token.js';
import { verifyToken } from '../../src/lib/tokenVerifier.js';
import { localSession } from '../../src/auth/adapters/localSession.js';
import { loopback } from '../../src/auth/adapters/loopback.js';
import { redirect, takeRequest } from '../../src/auth/adapters/redirect.js';
import { answerAuthRequest } from '../../src/auth/answer.js';
import { makeAuthRequest, verifyAuthRequest } from '../../src/auth/request.js';
import { openAuthResponse } from '../../src/auth/response.js';
import { appKeyOfUser, formatSession, memorySession, parseSession, session } from '../../src/auth/session.js';
import { declineUrl, requestUrl, responseUrl, takeParameter } from '../../src/auth/transport.js';
import { isAtLeast } from '../../src/auth/version.js';
import { openWallet } from '../../src/wallet/wallet.js';

const now = Date.parse('2026-11-20T12:00:00Z');
const clock = { now: () => now };
const domain = 'https://app.example';
const words = 'legal winner thank year wave sausage worth useful legal winner thank yellow';
const identity = await (await openWallet(words)).identity(0);
const ownerOf = (name: string) => Promise.resolve(name === 'alice.id' ? identity.address : null);

describe('a sign-in', () => {
  it('gives the app the key that the wallet derives for its origin, and the name', async () => {
    const store = memorySession();
    const me = session({ domain, store, clock, ownerOf });
    const request = verifyAuthRequest(await me.begin({ scopes: ['store_write', 'publish_data'] }), { clock });
    expect(request).toMatchObject({ domain, redirectUri: `${domain}/`, scopes: ['store_write', 'publish_data'] });
    const response = await answerAuthRequest(request, identity, { clock, username: 'alice.id', hubUrl: 'https://hub.example', email: 'a@example' });
    const user = await me.finish(response);
    expect(user).toMatchObject({ username: 'alice.id', identityAddress: identity.address, hubUrl: 'https://hub.example', email: null });
    expect(appKeyOfUser(user)).toEqual(await identity.appKey(domain));
    expect(await me.user()).toEqual(user);
    expect(await store.load()).not.toContain('transitKey');
    const association = user.gaiaAssociationToken ?? '';
    expect(verifyToken(association, identity.publicKey)).toBe(true);
    expect(parseToken(association).payload.childToAssociate).toBe(toHex(publicKeyOf(appKeyOfUser(user))));
    await me.end();
    expect(await me.user()).toBe(null);
  });

  it('gives the e-mail address only to apps that ask for it', async () => {
    const request = verifyAuthRequest(await makeAuthRequest({ domain, scopes: ['email'] }, signerOf(generatePrivateKey()), { clock }), { clock });
    const response = await answerAuthRequest(request, identity, { clock, email: 'a@example' });
    expect(parseToken(response).payload.email).toBe('a@example');
  });

  it('gives no name to an app that cannot prove whose it is', async () => {
    const me = session({ domain, store: memorySession(), clock });
    const response = await answerAuthRequest(verifyAuthRequest(await me.begin(), { clock }), identity, { clock, username: 'alice.id' });
    expect((await me.finish(response)).username).toBe(null);
  });

  it('is refused while somebody is signed in', async () => {
    const me = session({ domain, store: memorySession(), clock, ownerOf });
    await me.finish(await answerAuthRequest(verifyAuthRequest(await me.begin(), { clock }), identity, { clock }));
    await expect(me.begin()).rejects.toMatchObject({ code: 'SignInRejected' });
  });

  it('passes on what the proof of the name says when it fails', async () => {
    const broken = session({ domain, store: memorySession(), clock, ownerOf: () => Promise.reject(new Error('no source answered')) });
    const response = await answerAuthRequest(verifyAuthRequest(await broken.begin(), { clock }), identity, { clock, username: 'alice.id' });
    await expect(broken.finish(response)).rejects.toThrow('no source answered');
  });

  it('shows no key when its opened response is printed', async () => {
    const transit = generatePrivateKey();
    const request = verifyAuthRequest(await makeAuthRequest({ domain }, signerOf(transit), { clock }), { clock });
    const signedIn = await openAuthResponse(await answerAuthRequest(request, identity, { clock }), keyAgreementOf(transit), { clock });
    const key = await identity.appKey(domain);
    const shown = inspect(signedIn, { depth: 9 }) + JSON.stringify(signedIn);
    expect(shown).not.toContain(toHex(key));
    expect(shown).not.toContain([...key].slice(0, 6).join(', '));
  });
});

describe('a request', () => {
  it('has its own members, whatever the extra ones are called', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(fc.oneof(fc.string(), fc.constantFrom('iss', 'jti', 'public_keys', 'redirect_uri', 'exp')), fc.jsonValue()),
        async (extra) => {
          const transit = signerOf(generatePrivateKey());
          const request = verifyAuthRequest(await makeAuthRequest({ domain, extra }, transit, { clock }), { clock });
          expect(request.redirectUri).toBe(`${domain}/`);
          expect(request.transit).toEqual(transit.publicKey);
          expect(request.payload.iss).toBe(`did:btc-addr:${addressOf(transit.publicKey)}`);
        },
      ),
      { numRuns: 10, seed: 20170 },
    );
  });

  it.each<[string, { redirectUri?: string; manifestUri?: string; domain?: string }]>([
    ['a redirect to another host', { redirectUri: 'https://evil.example/' }],
    ['a redirect to another port', { redirectUri: 'https://app.example:8443/' }],
    ['a redirect to another scheme', { redirectUri: 'http://app.example/' }],
    ['a redirect that runs', { redirectUri: 'javascript:alert(1)//https://app.example/' }],
    ['a redirect with the origin as user', { redirectUri: 'https://app.example@evil.example/' }],
    ['a relative redirect', { redirectUri: '/done' }],
    ['a manifest elsewhere', { manifestUri: 'https://cdn.example/manifest.json' }],
    ['a domain that is none', { domain: 'app.example' }],
    ['another scheme throughout', { domain: 'ftp://app.example' }],
  ])('with %s is refused', async (_, fields) => {
    const token = await makeAuthRequest({ domain, ...fields }, signerOf(generatePrivateKey()), { clock });
    expect(() => verifyAuthRequest(token, { clock })).toThrow(expect.objectContaining({ code: 'RequestInvalid' }));
  });

  it('is refused after its hour', async () => {
    const token = await makeAuthRequest({ domain }, signerOf(generatePrivateKey()), { clock });
    expect(() => verifyAuthRequest(token, { clock: { now: () => now + 3_601_000 } })).toThrow(expect.objectContaining({ code: 'TokenExpired' }));
  });

  it('may be of a clock up to a minute ahead', async () => {
    const token = await makeAuthRequest({ domain }, signerOf(generatePrivateKey()), { clock });
    expect(verifyAuthRequest(token, { clock: { now: () => now - 59_000 } }).domain).toBe(domain);
    expect(() => verifyAuthRequest(token, { clock: { now: () => now - 60_000 } })).toThrow(expect.objectContaining({ code: 'RequestInvalid' }));
  });
});

describe('a stored session', () => {
  it('comes back from its text', () => {
    const states = [
      { kind: 'out' },
      { kind: 'pending', transitKey: '11'.repeat(32), domain },
      { kind: 'pending', transitKey: '11'.repeat(32), domain: null },
    ] as const;
    for (const state of states) expect(parseSession(formatSession(state))).toEqual(state);
    expect(parseSession(null)).toEqual({ kind: 'out' });
  });

  it('of a peer is read', () => {
    const userData = {
      username: 'a.id',
      appPrivateKey: '11'.repeat(32),
      identityAddress: identity.address,
      hubUrl: 'https://hub.example',
      coreNode: 'https://evil.example',
    };
    const text = JSON.stringify({ version: '1.0.0', transitKey: '22'.repeat(32), userData, etags: { 'a.json': 'x' } });
    expect(parseSession(text)).toMatchObject({ kind: 'in', user: { username: 'a.id', coreNode: null, profile: null } });
  });

  it.each(['{', '[]', '7', '{}', '{"version":"2.0.0"}', '{"version":"1.0.0","transitKey":"no-key-11"}', '{"version":"1.0.0","userData":7}'])(
    'is not read from %j, and the error does not repeat it',
    (text) => {
      expect(() => parseSession(text)).toThrow(expect.objectContaining({ code: 'Malformed' }));
      expect(() => parseSession(text)).not.toThrow(/no-key-11/);
    },
  );

  it('lies in localStorage under the name that peers use', async () => {
    const kept = new Map<string, string>();
    const storage = {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, text: string) => void kept.set(key, text),
      removeItem: (key: string) => void kept.delete(key),
    };
    const store = localSession('blockstack-session', storage);
    await store.save('text');
    expect([await store.load(), kept.get('blockstack-session')]).toEqual(['text', 'text']);
    await store.save(null);
    expect(kept.size).toBe(0);
  });
});

describe('a version', () => {
  it.each<[unknown, string, boolean]>([
    ['1.1.0', '1.1.0', true],
    ['1.0.9', '1.1.0', false],
    ['2.0.0', '1.1.0', true],
    ['1.10.0', '1.3.0', true],
    ['1.3', '1.3.0', true],
    ['1', '1.1.0', false],
    [undefined, '1.1.0', false],
    ['1.1.0-beta', '1.1.0', false],
    [2, '1.1.0', false],
  ])('%j is at least %s: %s', (version, least, holds) => {
    expect(isAtLeast(version, least)).toBe(holds);
  });
});

describe('a URL on the way', () => {
  it('carries a token there and is clean after', () => {
    const url = responseUrl('https://app.example/path?x=1&authResponse=old#part', 'new.to-ken_');
    expect(url).toBe('https://app.example/path?x=1&authResponse=new.to-ken_#part');
    expect(takeParameter(url, 'authResponse')).toEqual({ token: 'new.to-ken_', rest: 'https://app.example/path?x=1#part' });
    expect(takeParameter(url, 'authRequest')).toBe(null);
    expect(() => requestUrl('javascript:alert(1)', 'token')).toThrow(TypeError);
  });

  it('of a page is cleaned once the answer was taken', async () => {
    const location = { href: 'https://app.example/?authResponse=token', assign: vi.fn<(url: string | URL) => void>() };
    const history = {
      replaceState: (_: unknown, __: string, url?: string | URL | null) => {
        location.href = String(url);
      },
    };
    const wallet = redirect({ authenticator: 'https://wallet.example/', page: { location, history } });
    expect([wallet.take(), wallet.take(), location.href]).toEqual(['token', null, 'https://app.example/']);
    const leaving = new AbortController();
    const gone = wallet.ask('request', () => Promise.reject(new Error('this page hears no answer')), { signal: leaving.signal });
    expect(location.assign).toHaveBeenCalledWith('https://wallet.example/?authRequest=request');
    location.href = 'https://wallet.example/?authRequest=request';
    expect(takeRequest({ location, history })).toBe('request');
    leaving.abort();
    await expect(gone).rejects.toMatchObject({ code: 'Aborted' });
    await expect(wallet.ask('request', () => Promise.resolve(), { signal: leaving.signal })).rejects.toMatchObject({ code: 'Aborted' });
    expect(location.assign).toHaveBeenCalledTimes(1);
  });

  it('brings a no as well as an answer, after which the request is still under way', async () => {
    const url = declineUrl('https://app.example/path?x=1');
    expect(url).toBe('https://app.example/path?x=1&authResponse=cancel');
    const me = session({ domain, store: memorySession(), clock, ownerOf });
    const request = verifyAuthRequest(await me.begin(), { clock });
    await expect(me.finish(takeParameter(url, 'authResponse')?.token ?? '')).rejects.toMatchObject({ code: 'SignInRejected' });
    expect((await me.finish(await answerAuthRequest(request, identity, { clock, username: 'alice.id' }))).username).toBe('alice.id');
  });
});

describe('a sign-in over loopback', () => {
  const get = (url: string, headers: Record<string, string> = {}): Promise<{ status: number; location: string | undefined; body: string }> =>
    new Promise((resolve, reject) => {
      const call = httpRequest(url, { headers }, (answer) => {
        let body = '';
        answer.setEncoding('utf8').on('data', (part: string) => (body += part));
        answer.on('end', () => {
          resolve({ status: answer.statusCode ?? 0, location: answer.headers.location, body });
        });
      });
      call.on('error', reject).end();
    });

  it('takes the answer that fits, past those that do not', async () => {
    const shown: string[] = [];
    const wallet = await loopback({ authenticator: 'https://wallet.example/', open: (url) => void shown.push(url) });
    try {
      const me = session({ domain: wallet.origin, store: memorySession(), clock, ownerOf });
      const asked = wallet.ask(await me.begin(), (response) => me.finish(response));
      const token = takeParameter(shown[0] ?? '', 'authRequest')?.token ?? '';
      const request = verifyAuthRequest(token, { clock });
      expect((await get(`${wallet.origin}/manifest.json`)).body).toContain(wallet.origin);
      const bad = await Promise.all(
        ['/?authResponse=garbage', '/?authResponse=', '/other?authResponse=x', '//', '/%'].map((path) => get(wallet.origin + path)),
      );
      expect(bad.map(({ status }) => status)).toEqual([400, 404, 404, 404, 404]);
      expect((await get(`${wallet.origin}/?authResponse=x`, { host: 'evil.example' })).status).toBe(421);
      const response = await answerAuthRequest(request, identity, { clock, username: 'alice.id' });
      expect(await get(responseUrl(request.redirectUri, response))).toMatchObject({ status: 303, location: '/done' });
      expect((await asked).username).toBe('alice.id');
    } finally {
      await wallet.close();
    }
  });

  it('ends with a no', async () => {
    const wallet = await loopback({ authenticator: 'https://wallet.example/', open: () => undefined });
    try {
      const me = session({ domain: wallet.origin, store: memorySession(), clock, ownerOf });
      const refused = expect(wallet.ask(await me.begin(), (response) => me.finish(response))).rejects.toMatchObject({ code: 'SignInRejected' });
      expect(await get(declineUrl(`${wallet.origin}/`))).toMatchObject({ status: 200, body: 'You said no. You can close this page.\n' });
      await refused;
    } finally {
      await wallet.close();
    }
  });

  it('is cancelled by its signal, and a taken port has its own error', async () => {
    const wallet = await loopback({ authenticator: 'https://wallet.example/', open: () => undefined });
    try {
      const aborted = wallet.ask('request', () => Promise.reject(new Error('no')), { signal: AbortSignal.abort() });
      await expect(aborted).rejects.toMatchObject({ code: 'Aborted' });
      const port = Number(new URL(wallet.origin).port);
      await expect(loopback({ authenticator: 'https://wallet.example/', open: () => undefined, port })).rejects.toMatchObject({ code: 'PortInUse' });
    } finally {
      await wallet.close();
    }
  });
});
