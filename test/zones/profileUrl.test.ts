import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isLoopbackHost, isPublicHost, legacyProfile, profileUrls } from '../../src/zones/profileUrl.js';
import { parseZoneFile } from '../../src/zones/zonefile.js';

const urlsOf = (...targets: string[]): string[] => profileUrls(parseZoneFile(targets.map((target) => `_http._tcp URI 10 1 "${target}"`).join('\n')));

describe('the profile URLs of a zone file', () => {
  test('are http and https only, a bare host over https', () => {
    expect(urlsOf('https://a.example/p', 'http://b.example/p', 'c.example/p', 'd.example:444/p')).toEqual([
      'https://a.example/p',
      'http://b.example/p',
      'https://c.example/p',
      'https://d.example:444/p',
    ]);
    expect(
      urlsOf(
        'javascript:alert(1)',
        'file:///etc/passwd',
        'data:text/plain,a',
        'ftp://a.example/',
        '//a.example/p',
        '/p',
        'dht+udp://00',
        '',
        'mailto:a@b.example',
      ),
    ).toEqual([]);
  });

  test('carry no credentials', () => {
    expect(urlsOf('https://user:pass@a.example/p', 'https://user@a.example/p', 'user@a.example/p')).toEqual([]);
  });

  test.each([
    'localhost',
    'a.localhost',
    '127.0.0.1',
    '127.1',
    '0x7f.1',
    '2130706433',
    '0.0.0.0',
    '10.1.2.3',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '[::1]',
    '[::]',
    '[fe80::1]',
    '[fc00::1]',
    '[fd00::1]',
    '[::ffff:127.0.0.1]',
    '[::ffff:10.0.0.1]',
    '[64:ff9b::10.0.0.1]',
    '[2002:7f00:1::]',
    '[2001:db8::1]',
    '[2001::1]',
    '[ff02::1]',
    'printer.local',
    'intranet',
    'db.internal',
    'localhost.',
  ])('leave out the host %s', (host) => {
    expect(urlsOf(`http://${host}/p`)).toEqual([]);
  });

  test.each(['a.example', '8.8.8.8', '172.15.0.1', '172.32.0.1', '100.63.0.1', '100.128.0.1', '[2606:4700::1111]', '[2001:4860:4860::8888]'])(
    'keep the host %s',
    (host) => {
      expect(urlsOf(`http://${host}/p`)).toEqual([`http://${host}/p`]);
    },
  );

  test('may be on the machine itself where the caller allows it', () => {
    const zoneFile = parseZoneFile('_http._tcp URI 10 1 "http://127.0.0.1:4000/p"\n_http._tcp URI 10 1 "http://10.0.0.1/p"\n');
    expect(profileUrls(zoneFile, (host) => isPublicHost(host) || isLoopbackHost(host))).toEqual(['http://127.0.0.1:4000/p']);
  });

  test('are 16 at the most, each once', () => {
    expect(urlsOf(...Array.from({ length: 100 }, (_, at) => `https://a.example/${at % 40}`))).toHaveLength(16);
  });

  test('of any text are well-formed', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', 'b', '1', ':', '/', '.', '@', '[', ']', '#', '?', '%', '\\', 'http', 'https://'), maxLength: 20 }),
        (target) => {
          for (const url of urlsOf(target)) expect(['http:', 'https:']).toContain(new URL(url).protocol);
        },
      ),
      { seed: 5, numRuns: 500 },
    );
  });
});

describe('a legacy profile', () => {
  test('is a JSON object that is no zone file', () => {
    expect(legacyProfile('{"name": {"formatted": "A"}}')).toEqual({ name: { formatted: 'A' } });
    for (const text of ['[]', 'null', '{', '$ORIGIN a.id\n', '{"a": "$ORIGIN"}', '']) expect(legacyProfile(text)).toBeNull();
  });
});
