import { webcrypto } from 'node:crypto';
import { concat, fromHex, toHex } from '../../src/lib/bytes.js';
import { open, seal } from '../../src/lib/ecies.js';
import type { CipherObject } from '../../src/lib/ecies.js';
import { generatePrivateKey, keyAgreementOf, publicKeyOf } from '../../src/lib/key.js';
import { loadPeer, rateOf } from '../suite.js';
import type { Bench } from '../suite.js';

/** What is used of `@stacks/encryption`. */
interface Peer {
  encryptECIES(publicKey: string, content: Uint8Array, wasString: boolean, cipherTextEncoding?: 'hex' | 'base64'): Promise<CipherObject>;
  decryptECIES(privateKey: string, cipher: CipherObject): Promise<Uint8Array | string>;
}

const sizes = { '1 kB': 1000, '1 MB': 1_000_000 } as const;

/**
 * Our seal and open against the peer's, which makes the same format, and against the symmetric part alone on raw WebCrypto: the limit, which
 * has neither the curve nor hex. The ciphertext is hex, as both write it by default.
 */
export const run: Bench = async ({ log }) => {
  const peer = await loadPeer<Peer>('@stacks/encryption');
  const key = generatePrivateKey();
  const [agreement, publicKey] = [keyAgreementOf(key), publicKeyOf(key)];
  const raw = await rawCipher();
  const ratios: Record<string, number> = {};
  for (const [name, size] of Object.entries(sizes)) {
    const content = Uint8Array.from({ length: size }, (_, i) => (i * 31) & 0xff);
    const [ours, theirs] = [await seal(content, publicKey), await peer.encryptECIES(toHex(publicKey), content, false)];
    const sealed = await raw.seal(content);
    requireEqual(await open(theirs, agreement), content);
    requireEqual(await peer.decryptECIES(toHex(key), ours), content);
    const rates = {
      seal: await rateOf(() => seal(content, publicKey)),
      'peer seal': await rateOf(() => peer.encryptECIES(toHex(publicKey), content, false)),
      'raw seal': await rateOf(() => raw.seal(content)),
      open: await rateOf(() => open(ours, agreement)),
      'peer open': await rateOf(() => peer.decryptECIES(toHex(key), theirs)),
      'raw open': await rateOf(() => raw.open(sealed)),
    };
    for (const [what, rate] of Object.entries(rates)) log(`${what} ${name}: ${rate.toFixed(1)}/s`);
    ratios[`seal ${name} / @stacks/encryption`] = rates.seal / rates['peer seal'];
    ratios[`open ${name} / @stacks/encryption`] = rates.open / rates['peer open'];
    ratios[`seal ${name} / raw WebCrypto`] = rates.seal / rates['raw seal'];
    ratios[`open ${name} / raw WebCrypto`] = rates.open / rates['raw open'];
  }
  return { suite: 'encryption', ratios };
};

interface Raw {
  seal(content: Uint8Array): Promise<{ readonly ciphertext: Uint8Array; readonly mac: Uint8Array }>;
  open(sealed: { readonly ciphertext: Uint8Array; readonly mac: Uint8Array }): Promise<Uint8Array>;
}

/** AES-256-CBC and HMAC-SHA-256 with keys imported beforehand. */
async function rawCipher(): Promise<Raw> {
  const { subtle } = webcrypto;
  const aes = await subtle.importKey('raw', fromHex('11'.repeat(32)), 'AES-CBC', false, ['encrypt', 'decrypt']);
  const hmac = await subtle.importKey('raw', fromHex('22'.repeat(32)), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign', 'verify']);
  const iv = new Uint8Array(16);
  return {
    seal: async (content) => {
      const ciphertext = new Uint8Array(await subtle.encrypt({ name: 'AES-CBC', iv }, aes, content));
      return { ciphertext, mac: new Uint8Array(await subtle.sign('HMAC', hmac, concat(iv, ciphertext))) };
    },
    open: async ({ ciphertext, mac }) => {
      if (!(await subtle.verify('HMAC', hmac, mac, concat(iv, ciphertext)))) throw new Error('the raw cipher does not verify itself');
      return new Uint8Array(await subtle.decrypt({ name: 'AES-CBC', iv }, aes, ciphertext));
    },
  };
}

function requireEqual(actual: Uint8Array | string, expected: Uint8Array): void {
  if (typeof actual === 'string' || toHex(actual) !== toHex(expected)) throw new Error('the two do not open each other’s content');
}
