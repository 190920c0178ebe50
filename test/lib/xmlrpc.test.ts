import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeCall, encodeFault, encodeResponse, parseCall, parseResponse, type XmlRpcValue } from '../../src/lib/xmlrpc.js';

// XML 1.0 has no control characters, and a lone surrogate is no character.
const text = fc.string({ unit: 'binary' }).map((value) => value.replace(/[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]/g, ''));
const value = fc.letrec<{ value: XmlRpcValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    text,
    fc.integer({ min: -0x7fffffff, max: 0x7fffffff }),
    fc.boolean(),
    fc.constant(null),
    fc.uint8Array({ maxLength: 64 }),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(text, tie('value'), { maxKeys: 4, noNullPrototype: true }),
  ),
})).value;

describe('XML-RPC', () => {
  test('a call is written as xmlrpclib writes it', () => {
    expect(encodeCall('get_zonefiles', [['00', 'a<&>b'], 7])).toBe(
      "<?xml version='1.0'?>\n<methodCall>\n<methodName>get_zonefiles</methodName>\n<params>\n<param>\n<value><array><data>\n<value><string>00</string></value>\n" +
        '<value><string>a&lt;&amp;&gt;b</string></value>\n</data></array></value>\n</param>\n<param>\n<value><int>7</int></value>\n</param>\n</params>\n</methodCall>\n',
    );
  });

  test('whatever is written reads back the same', () => {
    fc.assert(
      fc.property(fc.array(value, { maxLength: 4 }), (params) => {
        expect(parseCall(encodeCall('m', params))).toStrictEqual({ method: 'm', params });
        expect(parseResponse(encodeResponse(params))).toStrictEqual(params);
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  test('an untyped value is a string, its white space kept', () => {
    expect(parseResponse('<methodResponse><params><param><value> a b </value></param></params></methodResponse>')).toBe(' a b ');
    expect(parseResponse('<methodResponse><params><param><value><string/></value></param></params></methodResponse>')).toBe('');
    expect(parseResponse('<methodResponse><params><param><value></value></param></params></methodResponse>')).toBe('');
  });

  test('a fault is an error that carries its text', () => {
    expect(() => parseResponse(encodeFault(1, 'no such method'))).toThrow(/1: no such method/);
  });

  test.each([
    ['nothing', ''],
    ['HTML', '<!doctype html><html><body>Bad gateway</body></html>'],
    [
      'a doctype with an entity',
      '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><methodResponse><params><param><value>&b;</value></param></params></methodResponse>',
    ],
    ['an unknown entity', '<methodResponse><params><param><value>&b;</value></param></params></methodResponse>'],
    ['an open entity', '<methodResponse><params><param><value>&amp</value></param></params></methodResponse>'],
    ['a surrogate', '<methodResponse><params><param><value>&#xd800;</value></param></params></methodResponse>'],
    ['a truncated document', encodeResponse('abc').slice(0, -20)],
    ['a tail', `${encodeResponse('abc')}x`],
    ['a wrong closing tag', '<methodResponse><params><param><value><int>1</string></value></param></params></methodResponse>'],
    ['an unknown type', '<methodResponse><params><param><value><date>1</date></value></param></params></methodResponse>'],
    ['an int beyond reason', '<methodResponse><params><param><value><int>99999999999999999999</int></value></param></params></methodResponse>'],
    ['a boolean of 2', '<methodResponse><params><param><value><boolean>2</boolean></value></param></params></methodResponse>'],
    ['two values', '<methodResponse><params><param><value>1</value><value>2</value></param></params></methodResponse>'],
  ])('%s is refused', (_, document) => {
    expect(() => parseResponse(document)).toThrow(expect.objectContaining({ code: 'Malformed' }));
  });

  test('deep nesting and a flood of values are refused', () => {
    const deep = `${'<value><array><data>'.repeat(5000)}${'</data></array></value>'.repeat(5000)}`;
    expect(() => parseResponse(`<methodResponse><params><param>${deep}</param></params></methodResponse>`)).toThrow(/nested deeper/);
    const flood = `<value><array><data>${'<value></value>'.repeat(30_000)}</data></array></value>`;
    expect(() => parseResponse(`<methodResponse><params><param>${flood}</param></params></methodResponse>`)).toThrow(/more than/);
  });

  test('any text is parsed or refused with our error, never another', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), fc.nat(400), (junk, at) => {
        const whole = encodeCall('ping', ['a', 1, [true]]);
        const broken = whole.slice(0, at) + junk + whole.slice(at + junk.length);
        try {
          parseCall(broken);
        } catch (error) {
          expect(error).toMatchObject({ name: 'NamesteadError', code: 'Malformed' });
        }
      }),
      { seed: 2, numRuns: 500 },
    );
  });
});
