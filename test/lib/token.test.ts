import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat, fromHex, fromUtf8, toBase64Url, toHex } from '../../src/lib/bytes.js';
import { generatePrivateKey, lowS, parsePrivateKey, publicKeyOf, signerOf, verifySignature } from '../../src/lib/key.js';
import { signContent, verifyContent } from '../../src/lib/signature.js';
import { parseToken, signToken, tokenDigest } from '../../src/lib/token.js';
import { verifyToken } from '../../src/lib/tokenVerifier.js';

const signer = signerOf(parsePrivateKey('11'.repeat(32)));
const stranger = publicKeyOf(parsePrivateKey('22'.repeat(32)));
const part = (value: unknown): string => toBase64Url(fromUtf8(JSON.stringify(value)));
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

const highS = (signature: Uint8Array): Uint8Array => {
  const low = lowS(signature);
  const s = ORDER - BigInt(`0x${toHex(low.subarray(32))}`);
  return concat(low.subarray(0, 32), fromHex(s.toString(16).padStart(64, '0')));
};

describe('a token', () => {
  it('comes back as it was signed, and both verifiers agree who signed it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.string(), fc.jsonValue()), async (payload) => {
        const text = await signToken(payload, signer);
        const token = parseToken(text);
        expect(JSON.stringify(token.payload)).toBe(JSON.stringify(payload));
        expect(JSON.stringify(token.header)).toBe('{"typ":"JWT","alg":"ES256K"}');
        for (const key of [signer.publicKey, stranger]) expect(verifyToken(text, key)).toBe(verifySignature(token.signature, tokenDigest(token), key));
        expect(verifyToken(text, signer.publicKey)).toBe(true);
      }),
      { numRuns: 25, seed: 20162 },
    );
  });

  it('is signed by high S as well as by low S', async () => {
    const token = parseToken(await signToken({ iss: 'x' }, signer));
    const input = token.text.slice(0, token.text.lastIndexOf('.'));
    for (const signature of [lowS(token.signature), highS(token.signature)])
      expect(verifyToken(`${input}.${toBase64Url(signature)}`, signer.publicKey)).toBe(true);
  });

  it('is not signed once any character changed', async () => {
    const text = await signToken({ iss: 'x', value: [1, 2, 3] }, signer);
    fc.assert(
      // The last character holds four bits only: base64url lets the rest vary.
      fc.property(fc.nat({ max: text.length - 2 }), fc.constantFrom('A', 'B', 'x', 'z', '0', '9', '-', '_', '.'), (at, character) => {
        fc.pre(text[at] !== character);
        expect(verifyToken(text.slice(0, at) + character + text.slice(at + 1), signer.publicKey)).toBe(false);
      }),
      { numRuns: 60, seed: 20163 },
    );
  });

  it('drops undefined members and keeps the order of the others', async () => {
    expect(JSON.stringify(parseToken(await signToken({ z: 1, gone: undefined, a: 2 }, signer)).payload)).toBe('{"z":1,"a":2}');
  });

  it.each<[string, unknown]>([
    ['no text', 7],
    ['nothing', ''],
    ['two parts', 'a.b'],
    ['four parts', 'a.b.c.d'],
    ['padding', `${part({ alg: 'ES256K' })}=.${part({})}.${'A'.repeat(86)}`],
    ['alg none', `${part({ typ: 'JWT', alg: 'none' })}.${part({})}.${'A'.repeat(86)}`],
    ['alg none without signature', `${part({ typ: 'JWT', alg: 'none' })}.${part({})}.`],
    ['another algorithm', `${part({ typ: 'JWT', alg: 'HS256' })}.${part({})}.${'A'.repeat(86)}`],
    ['a list for a payload', `${part({ alg: 'ES256K' })}.${part([])}.${'A'.repeat(86)}`],
    ['null for a payload', `${part({ alg: 'ES256K' })}.${part(null)}.${'A'.repeat(86)}`],
    ['no JSON', `${part({ alg: 'ES256K' })}.AAAA.${'A'.repeat(86)}`],
    ['a signature of 63 bytes', `${part({ alg: 'ES256K' })}.${part({})}.${'A'.repeat(84)}`],
    ['300,000 characters', 'A'.repeat(300_000)],
  ])('%s is refused', (_, text) => {
    expect(() => parseToken(text)).toThrow(expect.objectContaining({ code: 'TokenInvalid' }));
    expect(verifyToken(text as string, signer.publicKey)).toBe(false);
  });

  it('with a fourth part is refused', async () => {
    const text = await signToken({ iss: 'x' }, signer);
    expect(verifyToken(`${text}.x`, signer.publicKey)).toBe(false);
    expect(() => parseToken(`${text}.x`)).toThrow(expect.objectContaining({ code: 'TokenInvalid' }));
  });

  it('is bounded, and its caller may bound it further', async () => {
    const text = await signToken({ iss: 'x' }, signer);
    expect(() => parseToken(text, 100)).toThrow(expect.objectContaining({ code: 'TokenInvalid' }));
  });

  it('with a garbage signature is false, not an exception', () => {
    const input = `${part({ typ: 'JWT', alg: 'ES256K' })}.${part({})}`;
    for (const byte of [0x00, 0x30, 0x7f, 0xff]) {
      expect(verifyToken(`${input}.${toBase64Url(new Uint8Array(64).fill(byte))}`, signer.publicKey)).toBe(false);
    }
  });
});

describe('a content signature', () => {
  it('holds for the content and the key alone, with high S as with low S', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (content) => {
        const own = signerOf(generatePrivateKey());
        const signature = await signContent(content, own);
        expect(verifyContent(content, signature, own.publicKey)).toBe(true);
        expect(verifyContent(concat(content, Uint8Array.of(0)), signature, own.publicKey)).toBe(false);
        expect(verifyContent(content, signature, stranger)).toBe(false);
      }),
      { numRuns: 10, seed: 20164 },
    );
  });

  it.each([undefined, null, 7, '', '30', 'zz', '3006020100020100', '30'.repeat(200)])('%j is false, not an exception', (signature) => {
    expect(verifyContent(new Uint8Array(3), signature, signer.publicKey)).toBe(false);
  });
});
