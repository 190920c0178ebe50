import { concat, equal, fromHex, fromUtf8, isHex, toHex } from '../lib/bytes.js';
import { decryptAesCbc, encryptAesCbc, hmacSha256, pbkdf2Sha512 } from '../lib/cipher.js';
import { NamesteadError } from '../lib/errors.js';
import { randomBytes } from '../lib/key.js';
import { entropyOfWords, wordsOfEntropy } from './mnemonic.js';

/** What older wallets wrote: triplesec, its magic and version 3. */
const TRIPLESEC = '1c94d7de00000003';

/**
 * Encrypts words under a password, in the form of Blockstack's wallets, as hex:
 *
 * ```
 * salt (16) ‖ mac (32) ‖ ct    keys = PBKDF2-HMAC-SHA-512(password, salt, 100 000, 48)
 *                              ct   = AES-128-CBC of the entropy, keys[0..16), iv keys[32..48)
 *                              mac  = HMAC-SHA-256 of salt ‖ ct, keys[16..32)
 * ```
 * The password is taken as UTF-8, not normalised. `salt` is for known-answer tests.
 *
 * @throws NamesteadError `MnemonicInvalid`
 */
export async function sealWords(words: string, password: string, salt: Uint8Array = randomBytes(16)): Promise<string> {
  const keys = await deriveKeys(password, salt);
  const ciphertext = await encryptAesCbc(keys.encryption, keys.iv, entropyOfWords(words));
  const mac = await hmacSha256(keys.authentication, concat(salt, ciphertext));
  return toHex(concat(salt, mac, ciphertext));
}

/**
 * Decrypts such a backup, as hex or bytes. The MAC is checked before anything is decrypted, so that a wrong password has one error.
 *
 * @throws NamesteadError `PasswordWrong`; `CipherInvalid` for what is no such backup, and for triplesec's older form
 */
export async function openWords(backup: string | Uint8Array, password: string): Promise<string> {
  const { salt, mac, ciphertext } = parseBackup(backup);
  const keys = await deriveKeys(password, salt);
  if (!equal(mac, await hmacSha256(keys.authentication, concat(salt, ciphertext)))) {
    throw new NamesteadError('PasswordWrong', 'the password is wrong, or the backup was altered');
  }
  const entropy = await decryptAesCbc(keys.encryption, keys.iv, ciphertext);
  if (![16, 20, 24, 28, 32].includes(entropy.length)) throw new NamesteadError('CipherInvalid', 'the backup holds no BIP 39 entropy');
  return wordsOfEntropy(entropy);
}

/** True for a backup in triplesec's form, which is opened elsewhere. A random salt looks so once in 2⁶⁴. */
export function isTriplesec(backup: string | Uint8Array): boolean {
  return (typeof backup === 'string' ? backup.slice(0, 16).toLowerCase() : toHex(backup.subarray(0, 8))) === TRIPLESEC;
}

function parseBackup(backup: string | Uint8Array): { salt: Uint8Array; mac: Uint8Array; ciphertext: Uint8Array } {
  if (isTriplesec(backup)) throw new NamesteadError('CipherInvalid', 'the backup is in the old triplesec form: open it with a wallet of its time');
  const malformed = (): NamesteadError => new NamesteadError('CipherInvalid', 'a backup is 80 or 96 bytes, as hex or bytes');
  if (typeof backup === 'string' && (backup.length > 192 || !isHex(backup))) throw malformed();
  const bytes = typeof backup === 'string' ? fromHex(backup) : backup;
  if (bytes.length !== 80 && bytes.length !== 96) throw malformed();
  return { salt: bytes.subarray(0, 16), mac: bytes.subarray(16, 48), ciphertext: bytes.subarray(48) };
}

async function deriveKeys(password: string, salt: Uint8Array): Promise<{ encryption: Uint8Array; authentication: Uint8Array; iv: Uint8Array }> {
  const keys = await pbkdf2Sha512(fromUtf8(password), salt, 100_000, 48);
  return { encryption: keys.subarray(0, 16), authentication: keys.subarray(16, 32), iv: keys.subarray(32) };
}
