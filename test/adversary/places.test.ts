import { connect } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { localSession } from '../../src/auth/adapters/localSession.js';
import { loopback } from '../../src/auth/adapters/loopback.js';
import { parseSession, session } from '../../src/auth/session.js';
import { isPublicHost } from '../../src/zones/profileUrl.js';
import { parseZoneFile } from '../../src/zones/zonefile.js';

const clock = { now: () => Date.parse('2026-11-20T12:00:00Z') };

describe('a browser that keeps nothing', () => {
  const named =
    (name: string): (() => never) =>
    () => {
      throw Object.assign(new Error('no'), { name });
    };

  test('says so by a typed error, whether it is full or closed', async () => {
    const full = localSession('s', { getItem: () => null, setItem: named('QuotaExceededError'), removeItem: () => undefined });
    await expect(full.save('x')).rejects.toMatchObject({ code: 'StorageFull' });
    const shut = localSession('s', { getItem: named('SecurityError'), setItem: named('SecurityError'), removeItem: named('SecurityError') });
    await expect(shut.load()).rejects.toMatchObject({ code: 'StorageFailed' });
    await expect(shut.save(null)).rejects.toMatchObject({ code: 'StorageFailed' });
    await expect(session({ domain: 'https://a.example', store: shut, clock }).user()).rejects.toMatchObject({ code: 'StorageFailed' });
  });
});

describe('a session that somebody edited', () => {
  const key = '11'.repeat(32);
  test.each([
    'null',
    '[]',
    '7',
    '{}',
    '{"version":"1.0.0","userData":[]}',
    '{"version":"1.0.0","userData":{"__proto__":{"appPrivateKey":"' + key + '","identityAddress":"1a","hubUrl":"https://h"}}}',
    '{"version":"1.0.0","userData":{"identityAddress":"1a","hubUrl":"https://h","appPrivateKey":{"toString":"x"}}}',
    '{"version":"1.0.0","transitKey":"' + '0'.repeat(64) + '"}',
    '{"version":"1.0.0","transitKey":["' + key + '"]}',
    `{"version":"1.0.0","userData":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
    key,
  ])('%j is Malformed, and no key is told', (text) => {
    let error: unknown = null;
    try {
      parseSession(text);
    } catch (caught) {
      error = caught;
    }
    expect(error).toMatchObject({ code: 'Malformed' });
    expect(String(error)).not.toContain(key.slice(0, 16));
    expect(({} as Record<string, unknown>)['appPrivateKey']).toBeUndefined();
  });
});

describe('the listener of a sign-in', () => {
  test('outlives what is no HTTP, no page and no answer, and goes on waiting', async () => {
    const wallet = await loopback({ authenticator: 'http://127.0.0.1/wallet', open: () => undefined });
    onTestFinished(() => wallet.close());
    const { host, port } = new URL(wallet.origin);
    const signal = AbortSignal.timeout(5000);
    const waiting = wallet.ask('request', (response) => (response === 'good' ? Promise.resolve('in') : Promise.reject(new Error('no'))), { signal });
    const send = (text: string): Promise<string> =>
      new Promise((resolve) => {
        let got = '';
        const socket = connect(Number(port), '127.0.0.1', () => socket.end(text));
        socket.setEncoding('latin1').on('data', (part: string) => (got += part));
        socket.on('error', () => undefined).on('close', () => resolve(got));
      });
    const get = (target: string, name = host): string => `GET ${target} HTTP/1.1\r\nhost: ${name}\r\nconnection: close\r\n\r\n`;
    expect(await send(get(`/?authResponse=${'a'.repeat((1 << 18) - 100)}`))).not.toMatch(/^HTTP\/1\.1 (?:200|303)/);
    for (const target of ['//', '//evil.example/?authResponse=good', '@evil.example/?authResponse=good', '/%', '/?authResponse=%E0%A4%A', '*', 'http://['])
      expect(await send(get(target)), target).not.toMatch(/^HTTP\/1\.1 (?:200|303)/);
    await send('nonsense\r\n\r\n');
    await send(`GET / HTTP/1.1\r\n${'x: y\r\n'.repeat(100_000)}`);
    expect(await send(get('/?authResponse=good', 'evil.example'))).toMatch(/^HTTP\/1\.1 421/);
    expect(await send(get('/?authResponse=bad'))).toMatch(/^HTTP\/1\.1 400/);
    expect(await send(get('/?authResponse=good'))).toMatch(/^HTTP\/1\.1 303/);
    expect(await waiting).toBe('in');
  });
});

describe('a zone file of a stranger', () => {
  test.each([
    ['one long word', 'a'.repeat(1 << 20)],
    ['an open quote', `"${'a'.repeat((1 << 20) - 1)}`],
    ['an open quote of escapes', `"${'\\a'.repeat((1 << 19) - 1)}`],
    ['blanks', ' '.repeat(1 << 20)],
    ['a million lines', '\n'.repeat(1 << 20)],
    ['quotes', '"" '.repeat(349_525)],
    ['backslashes', '\\'.repeat(1 << 20)],
  ])('of %s is read in a bounded time', (_, text) => {
    const start = performance.now();
    parseZoneFile(text);
    expect(performance.now() - start).toBeLessThan(5000);
  });

  test.each([
    'localhost.',
    'a.localhost',
    'foo.localdomain',
    '0.0.0.0',
    '127.1.2.3',
    '[::ffff:7f00:1]',
    '[fe80::1]',
    '[fd00::1]',
    '[64:ff9b::7f00:1]',
    '[2002:7f00:1::]',
    'intranet',
    'metadata.google.internal',
  ])('cannot mean the host %s', (host) => {
    expect(isPublicHost(host)).toBe(false);
  });
});
