import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromUtf8 } from '../../src/lib/bytes.js';
import {
  formatProfileZoneFile,
  formatZoneFile,
  hashZoneFile,
  MAX_ZONE_FILE_BYTES,
  parseZoneFile,
  verifyZoneFile,
  type ZoneRecord,
} from '../../src/zones/zonefile.js';

const word = fc
  .stringMatching(/^[a-z0-9_.:/?&=%~,@!*'+$#é☃-]{1,30}$/)
  .filter((text) => !/\$[$&`']/.test(text) && text.split('://').length < 3 && !text.startsWith('$'));
const ttl = fc.option(fc.integer({ min: 0, max: 0x7fffffff }));
const port = fc.integer({ min: 0, max: 0xffff });
const uri = fc.record({ type: fc.constant('URI' as const), label: word, ttl, priority: port, weight: port, target: word });
const txt = fc.record({
  type: fc.constant('TXT' as const),
  label: word,
  ttl,
  strings: fc.array(fc.stringMatching(/^[a-z =,.{}]{0,20}$/), { minLength: 1, maxLength: 4 }),
});

describe('a zone file', () => {
  test('reads back as it was written', () => {
    fc.assert(
      fc.property(fc.option(word), ttl, fc.array(txt, { maxLength: 4 }), fc.array(uri, { maxLength: 4 }), (origin, time, texts, uris) => {
        const registrar = { origin, ttl: time, records: [...texts, ...uris] as ZoneRecord[] };
        expect(parseZoneFile(formatZoneFile(registrar, 'registrar'))).toMatchObject(registrar);
        const profile = { origin, ttl: time, records: uris };
        expect(parseZoneFile(fromUtf8(formatZoneFile(profile)))).toMatchObject(profile);
      }),
      { seed: 3, numRuns: 300 },
    );
  });

  test('of any text at all is parsed, its text kept', () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom('a', '1', '0', ' ', '\t', '\n', '\r', ';', '"', '\\', '(', '$', 'URI', 'TXT', 'IN', '$ORIGIN', '$TTL', 'é'),
          maxLength: 60,
        }),
        (text) => {
          const zoneFile = parseZoneFile(text);
          expect(zoneFile.text).toBe(text);
          expect(zoneFile.records.length).toBeLessThanOrEqual(text.split('\n').length);
        },
      ),
      { seed: 4, numRuns: 1000 },
    );
  });

  test('that is all quotes or all backslashes is parsed in time that grows with its length', () => {
    for (const unit of ['"', '\\', '"a', ' "', '\\"', 'a ', '; ']) expect(parseZoneFile(unit.repeat(300_000)).records).toEqual([]);
  }, 5000);

  test('with a NUL is refused, and one above 1 MiB', () => {
    expect(() => parseZoneFile('$ORIGIN a.id\0')).toThrow(expect.objectContaining({ code: 'ZoneFileInvalid' }));
    expect(() => parseZoneFile('a'.repeat((1 << 20) + 1))).toThrow(expect.objectContaining({ code: 'ZoneFileTooLarge' }));
  });

  test('keeps the order of its records across types', () => {
    const { records } = parseZoneFile('a URI 1 2 "x"\nb TXT "y"\nc URI 3 4 z\n');
    expect(records.map((record) => record.label)).toEqual(['a', 'b', 'c']);
  });

  test('with a target that some reader would cut or change is not written', () => {
    for (const url of [
      'https://a.example/p;v=1',
      'https://a.example/"q"',
      'https://a.example/a b',
      'https://a.example/(x)',
      'https://a.example/$&',
      'https://a.example/x://y',
      'https://a.example/\n',
      'nourl',
      'https://a.example?x=1',
    ]) {
      expect(() => formatProfileZoneFile('alice.id', url), url).toThrow(TypeError);
    }
    expect(() => formatProfileZoneFile('alice id', 'https://a.example/')).toThrow(TypeError);
  });

  test('is not written larger than a peer takes', () => {
    expect(() => formatProfileZoneFile('alice.id', `https://a.example/${'x'.repeat(MAX_ZONE_FILE_BYTES)}`)).toThrow(
      expect.objectContaining({ code: 'ZoneFileTooLarge' }),
    );
  });

  test('fits a hash with every byte of it', () => {
    const bytes = fromUtf8(formatProfileZoneFile('alice.id', 'https://a.example/p.json'));
    const hash = hashZoneFile(bytes);
    expect(verifyZoneFile(bytes, hash)).toBe(bytes);
    for (let at = 0; at < bytes.length; at += 7) {
      const other = bytes.slice();
      other[at] = (other[at] ?? 0) ^ 1;
      expect(() => verifyZoneFile(other, hash)).toThrow(expect.objectContaining({ code: 'ZoneFileMismatch' }));
    }
    expect(() => verifyZoneFile(bytes.subarray(0, -1), hash)).toThrow(expect.objectContaining({ code: 'ZoneFileMismatch' }));
  });
});
