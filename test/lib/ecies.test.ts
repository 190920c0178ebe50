import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../src/lib/bytes.js';
import { open, seal } from '../../src/lib/ecies.js';
import type { CipherObject } from '../../src/lib/ecies.js';
import { keyAgreementOf, parsePrivateKey, uncompressed } from '../../src/lib/key.js';

const recipient = keyAgreementOf(parsePrivateKey('11'.repeat(32)));
const stranger = keyAgreementOf(parsePrivateKey('22'.repeat(32)));
const run = { numRuns: 40, seed: 20161 };

describe('sealed content', () => {
  it('opens to the same bytes, in either encoding', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 600 }), fc.constantFrom('hex' as const, 'base64' as const), async (content, encoding) => {
        expect(await open(await seal(content, recipient.publicKey, { encoding }), recipient)).toEqual(content);
      }),
      run,
    );
  });

  it('opens to the same string, a leading byte order mark included', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme' }), fc.boolean(), async (text, mark) => {
        const content = (mark ? '\ufeff' : '') + text;
        expect(await open(await seal(content, recipient.publicKey), recipient)).toBe(content);
      }),
      run,
    );
  });

  it('is refused when any one bit of iv, key, ciphertext or mac changed', async () => {
    const sealed = await seal('a secret', recipient.publicKey);
    await fc.assert(
      fc.asyncProperty(fc.constantFrom('iv', 'ephemeralPK', 'cipherText', 'mac'), fc.nat(), async (member, at) => {
        const bytes = fromHex(sealed[member as 'iv']);
        const bit = at % (bytes.length * 8);
        bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        await expect(open({ ...sealed, [member]: toHex(bytes) }, recipient)).rejects.toMatchObject({ name: 'NamesteadError' });
      }),
      run,
    );
  });

  it('is refused to another key', async () => {
    await expect(open(await seal('a secret', recipient.publicKey), stranger)).rejects.toMatchObject({ code: 'CipherMismatch' });
  });

  it('opens when the ephemeral key came uncompressed', async () => {
    const sealed = await seal('a secret', recipient.publicKey);
    const ephemeralPK = toHex(uncompressed(fromHex(sealed.ephemeralPK) as typeof recipient.publicKey));
    expect(await open({ ...sealed, ephemeralPK }, recipient)).toBe('a secret');
  });

  it('is sealed to a compressed public key alone', async () => {
    for (const key of [uncompressed(recipient.publicKey), new Uint8Array(32).fill(1), new Uint8Array(33)]) {
      await expect(seal('x', key as typeof recipient.publicKey)).rejects.toMatchObject({ code: 'KeyInvalid' });
    }
  });

  it('never seals twice alike', async () => {
    const [one, two] = await Promise.all([seal('same', recipient.publicKey), seal('same', recipient.publicKey)]);
    expect(one).not.toEqual(two);
  });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['text', '{}'],
    ['an empty object', {}],
    ['numbers for members', { iv: 1, ephemeralPK: 2, cipherText: 3, mac: 4 }],
    ['an array', []],
  ])('%s is no cipher object', async (_, value) => {
    await expect(open(value, recipient)).rejects.toMatchObject({ code: 'CipherInvalid' });
  });

  it.each<[string, (sealed: CipherObject) => Partial<Record<keyof CipherObject, unknown>>]>([
    ['an odd hex digit', (sealed) => ({ cipherText: `${sealed.cipherText}0` })],
    ['an 0x prefix', (sealed) => ({ cipherText: `0x${sealed.cipherText}` })],
    ['half a block', (sealed) => ({ cipherText: sealed.cipherText.slice(16) })],
    ['an unknown encoding', () => ({ cipherTextEncoding: 'utf8' })],
    ['a short iv', (sealed) => ({ iv: sealed.iv.slice(2) })],
    ['a short mac', (sealed) => ({ mac: sealed.mac.slice(2) })],
    ['white space in base64', (sealed) => ({ cipherText: ' AAAA', cipherTextEncoding: 'base64', mac: sealed.mac })],
  ])('a cipher object with %s is refused before any key is used', async (_, change) => {
    const sealed = await seal('a secret', recipient.publicKey);
    const unusable = { publicKey: recipient.publicKey, agree: () => Promise.reject(new Error('the key was used')) };
    await expect(open({ ...sealed, ...change(sealed) }, unusable)).rejects.toMatchObject({ code: 'CipherInvalid' });
  });

  it('is refused above the limit before it is decoded', async () => {
    const sealed = await seal(new Uint8Array(100), recipient.publicKey);
    await expect(open(sealed, recipient, { limit: 100 })).rejects.toMatchObject({ code: 'TooLarge' });
  });

  it('says in its errors nothing of what was sealed', async () => {
    const sealed = await seal('plaintext-marker', recipient.publicKey);
    const error: unknown = await open({ ...sealed, mac: '00'.repeat(32) }, recipient).catch((cause: unknown) => cause);
    expect(String(error)).not.toMatch(/plaintext-marker|1111/);
  });
});
