import { formatAddress } from '../lib/address.js';
import { equal, fromUtf8, isHex, toHex, toUtf8Strict } from '../lib/bytes.js';
import { isCipherObject } from '../lib/ecies.js';
import type { CipherShape } from '../lib/ecies.js';
import { isNamesteadError, NamesteadError } from '../lib/errors.js';
import { hash160 } from '../lib/hash.js';
import { parseBounded } from '../lib/json.js';
import { parsePublicKey, uncompressed } from '../lib/key.js';
import type { PublicKey, Signer } from '../lib/key.js';
import { signContent, verifyContent } from '../lib/signature.js';

/** Who must have signed: a public key, or the address of one, as a bucket's URL carries it. */
export type Author = PublicKey | string;

/** A signature beside its key, as a `.sig` file holds it. */
export interface ContentSignature {
  /** DER hex over the SHA-256 of what is signed. */
  readonly signature: string;
  readonly publicKey: string;
}

/** Signed ciphertext: the signature covers the UTF-8 bytes of `cipherText`, which is the JSON text of a cipher object. */
export interface Envelope extends ContentSignature {
  readonly cipherText: string;
}

/** The three shapes that peers store. The bytes alone tell which: nothing else does. */
export type Content =
  { readonly kind: 'plain' } | { readonly kind: 'sealed'; readonly cipher: CipherShape } | { readonly kind: 'enveloped'; readonly envelope: Envelope };

/** Tells what a file is by its shape; checks no signature. */
export function parseContent(body: Uint8Array): Content {
  const value = parseObject(body);
  if (value === null) return { kind: 'plain' };
  const { signature, publicKey, cipherText } = value;
  if (typeof signature === 'string' && typeof publicKey === 'string' && typeof cipherText === 'string') {
    return { kind: 'enveloped', envelope: { signature, publicKey, cipherText } };
  }
  return isCipherObject(value) ? { kind: 'sealed', cipher: value } : { kind: 'plain' };
}

/** @throws NamesteadError `SignatureInvalid` when the file is no signature at all */
export function parseSignature(body: Uint8Array, path: string): ContentSignature {
  const { signature, publicKey } = parseObject(body) ?? {};
  if (typeof signature !== 'string' || typeof publicKey !== 'string') throw new NamesteadError('SignatureInvalid', `${path} holds no signature and public key`);
  return { signature, publicKey };
}

/** Signs bytes; `publicKey` is the compressed key in hex. */
export async function makeSignature(body: Uint8Array, signer: Signer): Promise<ContentSignature> {
  return { signature: await signContent(body, signer), publicKey: toHex(signer.publicKey) };
}

/**
 * Lets `body` pass when `author` signed it.
 *
 * @throws NamesteadError `SignerMismatch` when the key is another's, `SignatureInvalid` when the key did not sign these bytes
 */
export function verifyAuthor(body: Uint8Array, { signature, publicKey }: ContentSignature, author: Author, path: string): void {
  const key = parseSignerKey(publicKey, path);
  if (!isAuthor(key, author)) throw new NamesteadError('SignerMismatch', `${path} was signed by another key than its author's: it is not the author's file`);
  if (!verifyContent(body, signature, key)) throw new NamesteadError('SignatureInvalid', `${path} is not what its author signed: it was altered`);
}

export function toJsonBytes(value: object): Uint8Array {
  return fromUtf8(JSON.stringify(value));
}

function isAuthor(key: PublicKey, author: Author): boolean {
  if (typeof author !== 'string') return equal(key, author);
  // An old key's address may be that of its uncompressed form; who holds the one holds the other.
  return [key, uncompressed(key)].some((form) => formatAddress(0, hash160(form)) === author);
}

function parseSignerKey(publicKey: string, path: string): PublicKey {
  try {
    if (!isHex(publicKey) || publicKey.length > 130) throw new TypeError('no public key in hex');
    return parsePublicKey(publicKey);
  } catch (cause) {
    throw new NamesteadError('SignatureInvalid', `${path} names a public key that is none`, { cause });
  }
}

function parseObject(body: Uint8Array): Readonly<Record<string, unknown>> | null {
  try {
    const value = parseBounded(toUtf8Strict(body));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null;
  } catch (error) {
    if (error instanceof SyntaxError || isNamesteadError(error, 'Malformed')) return null;
    throw error;
  }
}
