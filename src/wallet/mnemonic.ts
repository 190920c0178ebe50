// The words alone: bip39's own functions want a `Buffer` that browsers have not, and its index brings nine more languages.
import english from 'bip39/src/wordlists/english.json' with { type: 'json' };
import { fromUtf8 } from '../lib/bytes.js';
import { pbkdf2Sha512 } from '../lib/cipher.js';
import { NamesteadError } from '../lib/errors.js';
import { sha256 } from '../lib/hash.js';
import { randomBytes } from '../lib/key.js';

/**
 * Fresh English words (BIP 39).
 *
 * @param bits of entropy: 128 gives 12 words, 256 gives 24
 */
export function generateWords(bits: 128 | 160 | 192 | 224 | 256 = 128): string {
  return wordsOfEntropy(randomBytes(bits / 8));
}

/** Entropy of 16, 20, 24, 28 or 32 bytes as words. @throws TypeError */
export function wordsOfEntropy(entropy: Uint8Array): string {
  if (!isEntropySize(entropy.length)) throw new TypeError('BIP 39 entropy is 16, 20, 24, 28 or 32 bytes');
  const bits = bitsOf(entropy) + checksumOf(entropy);
  return (bits.match(/.{11}/g) ?? []).map((index) => english[Number.parseInt(index, 2)]).join(' ');
}

/**
 * The entropy behind words. They are taken exactly: no trimming, no folding of case.
 *
 * @throws NamesteadError `MnemonicInvalid`; the message never repeats a word
 */
export function entropyOfWords(words: string): Uint8Array {
  const indices = words.split(' ', 25).map((word) => english.indexOf(word));
  const unknown = indices.indexOf(-1);
  if (unknown >= 0) throw new NamesteadError('MnemonicInvalid', `word ${unknown + 1} is not of the English BIP 39 list (lower case, single spaces)`);
  const bits = indices.map((index) => index.toString(2).padStart(11, '0')).join('');
  const length = Math.floor(bits.length / 33) * 4;
  if (indices.length % 3 !== 0 || !isEntropySize(length)) throw new NamesteadError('MnemonicInvalid', `${indices.length} words: expected 12, 15, 18, 21 or 24`);
  const entropy = Uint8Array.from({ length }, (_, i) => Number.parseInt(bits.slice(8 * i, 8 * i + 8), 2));
  if (checksumOf(entropy) !== bits.slice(8 * length)) throw new NamesteadError('MnemonicInvalid', 'the checksum does not fit: a word is wrong or out of place');
  return entropy;
}

/** The 64-byte seed, with the empty passphrase that every Blockstack wallet uses. @throws NamesteadError `MnemonicInvalid` */
export async function seedOfWords(words: string): Promise<Uint8Array> {
  entropyOfWords(words);
  return pbkdf2Sha512(fromUtf8(words), fromUtf8('mnemonic'), 2048, 64);
}

function isEntropySize(length: number): boolean {
  return length >= 16 && length <= 32 && length % 4 === 0;
}

function bitsOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(2).padStart(8, '0')).join('');
}

function checksumOf(entropy: Uint8Array): string {
  return bitsOf(sha256(entropy)).slice(0, entropy.length / 4);
}
