import { concat, equal, fromBase64, fromHex, fromUtf8, isHex, toBase64, toHex, toUtf8 } from './bytes.js';
import { decryptAesCbc, digestSha512, encryptAesCbc, hmacSha256 } from './cipher.js';
import { NamesteadError } from './errors.js';
import { generatePrivateKey, keyAgreementOf, parsePublicKey, randomBytes } from './key.js';
import type { KeyAgreement, PublicKey } from './key.js';

/**
 * Content sealed to a public key, as Gaia files and sign-in responses hold it. Hex is lower-case; the members stand in this order.
 *
 * ```
 * Z   = x of ephemeral × recipient, 32 bytes big-endian
 * k   = SHA-512(Z): 32 bytes AES key, 32 bytes HMAC key
 * ct  = AES-256-CBC, PKCS #7
 * mac = HMAC-SHA-256 of  iv (16) ‖ ephemeralPK compressed (33) ‖ ct
 * ```
 * The recipient, `wasString` and `cipherTextEncoding` are not authenticated, and neither is the sender: anybody can seal to a public key.
 */
export interface CipherObject {
  readonly iv: string;
  readonly ephemeralPK: string;
  readonly cipherText: string;
  readonly mac: string;
  readonly wasString: boolean;
  /** Absent: hex. */
  readonly cipherTextEncoding?: 'base64';
}

export interface SealOptions {
  /** How the ciphertext is written. Default `hex`, which every peer reads; `base64` takes two thirds of the room. */
  readonly encoding?: 'hex' | 'base64';
  /** Whether the opener gets a string. Default: what `content` is. */
  readonly wasString?: boolean;
  /** For known-answer tests. A key or iv used twice breaks the cipher. */
  readonly ephemeral?: KeyAgreement;
  readonly iv?: Uint8Array;
}

export interface OpenOptions {
  /** The most characters of ciphertext. Default 2²⁷, a file of 64 MiB in hex. */
  readonly limit?: number;
}

interface CipherParts {
  readonly iv: Uint8Array;
  readonly ephemeral: PublicKey;
  readonly ciphertext: Uint8Array;
  readonly mac: Uint8Array;
  readonly wasString: boolean;
}

/**
 * Seals bytes or text to a public key in its compressed form.
 *
 * @throws NamesteadError `KeyInvalid`
 * @example
 * const sealed = await seal('secret', publicKey);
 * await open(sealed, keyAgreementOf(privateKey)); // 'secret'
 */
export async function seal(content: Uint8Array | string, publicKey: PublicKey, options: SealOptions = {}): Promise<CipherObject> {
  const { encoding = 'hex', wasString = typeof content === 'string', ephemeral = keyAgreementOf(generatePrivateKey()), iv = randomBytes(16) } = options;
  if (publicKey.length !== 33) throw new NamesteadError('KeyInvalid', 'content is sealed to a compressed public key, 33 bytes');
  const keys = await agree(ephemeral, parsePublicKey(publicKey));
  const ciphertext = await encryptAesCbc(keys.encryption, iv, typeof content === 'string' ? fromUtf8(content) : content);
  const mac = await hmacSha256(keys.authentication, concat(iv, ephemeral.publicKey, ciphertext));
  const head = { iv: toHex(iv), ephemeralPK: toHex(ephemeral.publicKey) };
  const tail = { mac: toHex(mac), wasString };
  if (encoding === 'hex') return { ...head, cipherText: toHex(ciphertext), ...tail };
  return { ...head, cipherText: toBase64(ciphertext), ...tail, cipherTextEncoding: 'base64' };
}

/**
 * Opens a cipher object: a string when it was sealed from one, else bytes. The MAC is checked before anything is decrypted.
 *
 * @throws NamesteadError `CipherInvalid` for a shape that is none, `CipherMismatch` when it was altered or sealed to another key
 */
export async function open(value: unknown, recipient: KeyAgreement, options: OpenOptions = {}): Promise<Uint8Array | string> {
  const { iv, ephemeral, ciphertext, mac, wasString } = parseCipherObject(value, options.limit ?? 1 << 27);
  const keys = await agree(recipient, ephemeral);
  if (!equal(mac, await hmacSha256(keys.authentication, concat(iv, ephemeral, ciphertext)))) {
    throw new NamesteadError('CipherMismatch', 'the content was altered, or sealed to another key');
  }
  const plaintext = await decryptAesCbc(keys.encryption, iv, ciphertext);
  return wasString ? toUtf8(plaintext) : plaintext;
}

/** The members every cipher object has, with the others unchecked. */
export type CipherShape = Pick<CipherObject, 'iv' | 'ephemeralPK' | 'cipherText' | 'mac'> & {
  readonly wasString?: unknown;
  readonly cipherTextEncoding?: unknown;
};

/** True when `value` has the members of a cipher object; says nothing of their worth. */
export function isCipherObject(value: unknown): value is CipherShape {
  if (typeof value !== 'object' || value === null) return false;
  const { iv, ephemeralPK, cipherText, mac } = value as Record<string, unknown>;
  return [iv, ephemeralPK, cipherText, mac].every((member) => typeof member === 'string');
}

function parseCipherObject(value: unknown, limit: number): CipherParts {
  if (!isCipherObject(value)) throw new NamesteadError('CipherInvalid', 'expected a cipher object with iv, ephemeralPK, cipherText and mac');
  if (value.cipherText.length > limit) throw new NamesteadError('TooLarge', `the ciphertext has more than ${limit} characters`);
  const parts = {
    iv: hexMember(value.iv, 'iv', 16),
    ephemeral: ephemeralKey(value.ephemeralPK),
    ciphertext: decodeCiphertext(value.cipherText, value.cipherTextEncoding),
    mac: hexMember(value.mac, 'mac', 32),
    wasString: Boolean(value.wasString),
  };
  if (parts.ciphertext.length === 0 || parts.ciphertext.length % 16 !== 0) throw new NamesteadError('CipherInvalid', 'the ciphertext is not whole AES blocks');
  return parts;
}

function hexMember(text: string, member: string, length: number): Uint8Array {
  if (!isHex(text, length)) throw new NamesteadError('CipherInvalid', `${member} is not ${length} bytes of hex`);
  return fromHex(text);
}

/** Either form is accepted; the MAC covers the compressed one. */
function ephemeralKey(text: string): PublicKey {
  try {
    return parsePublicKey(text);
  } catch (cause) {
    throw new NamesteadError('CipherInvalid', 'ephemeralPK is not a point of secp256k1', { cause });
  }
}

function decodeCiphertext(text: string, encoding: unknown): Uint8Array {
  if (encoding !== undefined && encoding !== null && encoding !== 'hex' && encoding !== 'base64') {
    throw new NamesteadError('CipherInvalid', 'the ciphertext has an encoding other than hex and base64');
  }
  try {
    return encoding === 'base64' ? fromBase64(text) : fromHex(text);
  } catch (cause) {
    throw new NamesteadError('CipherInvalid', `the ciphertext is not ${encoding ?? 'hex'}`, { cause });
  }
}

async function agree(own: KeyAgreement, other: PublicKey): Promise<{ encryption: Uint8Array; authentication: Uint8Array }> {
  const shared = await digestSha512(await own.agree(other));
  return { encryption: shared.subarray(0, 32), authentication: shared.subarray(32) };
}
