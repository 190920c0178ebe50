import { inspect } from 'node:util';
import { entropyToMnemonic, mnemonicToEntropy, mnemonicToSeedSync } from 'bip39';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../src/lib/bytes.js';
import { publicKeyOf } from '../../src/lib/key.js';
import { openWords, sealWords } from '../../src/wallet/backup.js';
import { deriveChild, derivePath, formatXprv, masterNode, parseXprv } from '../../src/wallet/hd.js';
import { entropyOfWords, generateWords, seedOfWords, wordsOfEntropy } from '../../src/wallet/mnemonic.js';
import { openWallet } from '../../src/wallet/wallet.js';

const words = 'legal winner thank year wave sausage worth useful legal winner thank yellow';
const entropies = fc.constantFrom(16, 20, 24, 28, 32).chain((length) => fc.uint8Array({ minLength: length, maxLength: length }));

describe('words', () => {
  it('stand for their entropy, and bip39 agrees in both directions', () => {
    fc.assert(
      fc.property(entropies, (entropy) => {
        const text = wordsOfEntropy(entropy);
        expect(text).toBe(entropyToMnemonic(toHex(entropy)));
        expect(toHex(entropyOfWords(text))).toBe(mnemonicToEntropy(text));
      }),
      { numRuns: 50, seed: 20165 },
    );
  });

  it('give the seed that bip39 gives', async () => {
    expect(toHex(await seedOfWords(words))).toBe(mnemonicToSeedSync(words).toString('hex'));
  });

  it('are fresh each time', () => {
    expect(generateWords()).not.toBe(generateWords());
    expect(generateWords(256).split(' ')).toHaveLength(24);
  });

  it.each<[string, string]>([
    ['nothing', ''],
    ['too few', 'abandon abandon abandon'],
    ['too many', `${'abandon '.repeat(26)}about`],
    ['a capital', words.replace('legal', 'Legal')],
    ['a space in front', ` ${words}`],
    ['two spaces', words.replace(' ', '  ')],
    ['an unknown word', words.replace('yellow', 'bitcoiner')],
    ['a wrong checksum', words.replace('yellow', 'zoo')],
    ['swapped words', words.replace('legal winner', 'winner legal')],
  ])('are refused with %s, and the error repeats none of them', (_, text) => {
    let message = '';
    try {
      entropyOfWords(text);
    } catch (error) {
      expect(error).toMatchObject({ code: 'MnemonicInvalid' });
      message = String(error);
    }
    expect(message).not.toMatch(/legal|winner|abandon|bitcoiner|zoo/i);
    expect(message).not.toBe('');
  });

  it('of a wrong number are a mistake of the caller when given as entropy', () => {
    expect(() => wordsOfEntropy(new Uint8Array(17))).toThrow(TypeError);
  });
});

describe('a derived key', () => {
  it('of BIP 32 test vector 1 is the one in the BIP', async () => {
    const root = await masterNode(fromHex('000102030405060708090a0b0c0d0e0f'));
    expect(formatXprv(await derivePath(root, "m/0'/1/2'/2/1000000000"))).toBe(
      'xprvA41z7zogVVwxVSgdKUHDy1SKmdb533PjDz7J6N6mV6uS3ze1ai8FHa8kmHScGpWmj4WggLyQjgPie1rFSruoUihUZREPSL39UNdE3BBDu76',
    );
  });

  it('keeps leading zeros (BIP 32 test vector 3)', async () => {
    const seed = '4b381541583be4423346c643850da4b320e46a87ae3d2a4e6da11eba819cd4acba45d239319ac14f863b8d5ab5a0d0c64d2e8a1e7d1457df2e5a3c51c73235be';
    expect(formatXprv(await derivePath(await masterNode(fromHex(seed)), "m/0'"))).toBe(
      'xprv9uPDJpEQgRQfDcW7BkF7eTya6RPxXeJCqCJGHuCJ4GiRVLzkTXBAJMu2qaMWPrS7AANYqdq6vcBcBUdJCVVFceUvJFjaPdGZ2y9WACViL4L',
    );
  });

  it('survives the way through its text', async () => {
    const root = await masterNode(new Uint8Array(32).fill(7));
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: 0x7fffffff }), fc.boolean(), async (index, hardened) => {
        const child = await deriveChild(root, hardened ? index + 0x80000000 : index);
        const read = parseXprv(formatXprv(child));
        expect(formatXprv(read)).toBe(formatXprv(child));
        expect(formatXprv(await deriveChild(read, 3))).toBe(formatXprv(await deriveChild(child, 3)));
      }),
      { numRuns: 15, seed: 20166 },
    );
  });

  it.each(['44h', "44''", '-1', '1.5', '2147483648', 'x', "m/44'/a"])('has no path %s', async (path) => {
    const root = await masterNode(new Uint8Array(32).fill(7));
    await expect(derivePath(root, path)).rejects.toThrow(TypeError);
  });

  it.each([
    '',
    'xprv',
    'xprv9s21ZrQH143K3GJpoapnV8SFfukcVBSfeCficPSGfubmSFDxo1kuHnLisriDvSnRRuL2Qrg5ggqHKNVpxR86QEC8w35uxmGoggxtQTPvfUv',
    'xpub6BKa544rnQMvWnpa1XEXRbZzuKqLzA2o3ctGLTVR284kt4JJrSTyFM1Vb8duEbXznMkKzspEeRWLw3KSfpmB3Sp5YsZ3KiRv7Qrxy5DXfBN',
  ])('is not read from %j', (text) => {
    expect(() => parseXprv(text)).toThrow(expect.objectContaining({ name: 'NamesteadError' }));
  });
});

describe('a wallet', () => {
  it('gives one key for one origin, and another for any other spelling of it', async () => {
    const identity = await (await openWallet(words)).identity(0);
    const keys = await Promise.all(['https://x', 'https://x/', 'https://x:443', 'http://x'].map((origin) => identity.appKey(origin)));
    expect(new Set(keys.map(toHex)).size).toBe(4);
    expect(toHex(await identity.appKey('https://x'))).toBe(toHex(keys[0] ?? new Uint8Array()));
  });

  it('gives no two identities the same app key or address', async () => {
    const wallet = await openWallet(words);
    const [one, two] = await Promise.all([wallet.identity(0), wallet.identity(1)]);
    expect(one.address).not.toBe(two.address);
    expect(await one.appKey('https://x')).not.toEqual(await two.appKey('https://x'));
  });

  it('pays from the address its script locks', async () => {
    const payment = await (await openWallet(words)).payment(3);
    expect(toHex(payment.script)).toMatch(/^76a914[0-9a-f]{40}88ac$/);
    expect(payment.address()).toMatch(/^1/);
    expect(payment.address(111)).toMatch(/^[mn]/);
  });

  it('shows no secret when printed, inspected or put into JSON', async () => {
    const wallet = await openWallet(words);
    const [payment, identity] = [await wallet.payment(0), await wallet.identity(0)];
    const root = await masterNode(await seedOfWords(words));
    const secrets = [root.key, (await derivePath(root, "888'/0'/0'")).key, (await derivePath(root, "44'/0'/0'/0/0")).key];
    const shown = [wallet, payment, identity, root].map((value) => inspect(value, { depth: 9 }) + JSON.stringify(value)).join();
    for (const secret of secrets) {
      expect(shown).not.toContain(toHex(secret));
      expect(shown).not.toContain([...secret].join(','));
      expect(shown).not.toContain([...secret].slice(0, 8).join(', '));
    }
    expect(shown).not.toContain('xprv');
    expect(toHex(publicKeyOf(secrets[1] as Parameters<typeof publicKeyOf>[0]))).toBe(toHex(identity.publicKey));
  });
});

describe('a backup', () => {
  it('opens with its password alone', async () => {
    const sealed = await sealWords(words, 'pässwörd 🔑');
    expect(await openWords(sealed, 'pässwörd 🔑')).toBe(words);
    await expect(openWords(sealed, 'passwort')).rejects.toMatchObject({ code: 'PasswordWrong' });
  });

  it('is refused with one error whatever byte changed', async () => {
    const sealed = fromHex(await sealWords(words, 'password'));
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: sealed.length - 1 }), fc.integer({ min: 1, max: 255 }), async (at, by) => {
        const altered = sealed.slice();
        altered[at] = (altered[at] ?? 0) ^ by;
        await expect(openWords(altered, 'password')).rejects.toMatchObject({ code: 'PasswordWrong' });
      }),
      { numRuns: 12, seed: 20167 },
    );
  });

  it.each(['', 'zz', '00', '00'.repeat(79), '00'.repeat(95), '00'.repeat(97), '1c94d7de00000003' + '00'.repeat(72)])('is not what %j is', async (text) => {
    await expect(openWords(text, 'password')).rejects.toMatchObject({ code: 'CipherInvalid' });
  });
});
