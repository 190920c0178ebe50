import { etc, getPublicKey, getSharedSecret, Point, signAsync, utils, verify } from '@noble/secp256k1';
import { concat, fromHex, toHex } from './bytes.js';
import { NamesteadError } from './errors.js';

export type PrivateKey = Uint8Array & { readonly brand: 'PrivateKey' };
/** A compressed SEC 1 point, 33 bytes. */
export type PublicKey = Uint8Array & { readonly brand: 'PublicKey' };

/**
 * Signs digests: a key in memory, an extension, a hardware wallet.
 * `sign` answers r‖s, 64 bytes, RFC 6979 without extra entropy and S as computed; whoever needs low S normalises.
 */
export interface Signer {
  readonly publicKey: PublicKey;
  sign(digest: Uint8Array): Promise<Uint8Array>;
}

/** ECDH: `agree` answers the x coordinate, 32 bytes with leading zeros kept. */
export interface KeyAgreement {
  readonly publicKey: PublicKey;
  agree(publicKey: PublicKey): Promise<Uint8Array>;
}

/** 32 bytes or hex; hex of 33 bytes that end in 01 (compressed marker) is accepted and the marker dropped. @throws NamesteadError `KeyInvalid`, `Malformed` */
export function parsePrivateKey(key: string | Uint8Array): PrivateKey {
  const bytes = typeof key === 'string' ? fromHex(key) : key;
  const scalar = bytes.length === 33 && bytes[32] === 1 ? bytes.slice(0, 32) : bytes;
  if (!utils.isValidSecretKey(scalar)) throw new NamesteadError('KeyInvalid', 'a private key is 32 bytes between 1 and the order of secp256k1');
  return scalar as PrivateKey;
}

/** Compressed or uncompressed SEC 1; hybrid forms and points off the curve are refused; the answer is compressed, 33 bytes. @throws NamesteadError `KeyInvalid`, `Malformed` */
export function parsePublicKey(key: string | Uint8Array): PublicKey {
  const bytes = typeof key === 'string' ? fromHex(key) : key;
  if (!utils.isValidPublicKey(bytes)) throw new NamesteadError('KeyInvalid', 'the public key is not a point of secp256k1');
  return (bytes.length === 33 ? bytes : Point.fromBytes(bytes).toBytes(true)) as PublicKey;
}

/** The public key of a private key, compressed: 33 bytes (SEC 1). */
export function publicKeyOf(key: PrivateKey): PublicKey {
  return getPublicKey(key, true) as PublicKey;
}

/** The 65-byte form of a public key. */
export function uncompressed(key: PublicKey): Uint8Array {
  return Point.fromBytes(key).toBytes(false);
}

/** A fresh private key from the platform's random source: 32 bytes. */
export function generatePrivateKey(): PrivateKey {
  for (;;) {
    const key = randomBytes(32);
    if (utils.isValidSecretKey(key)) return key as PrivateKey;
  }
}

export function randomBytes(length: number): Uint8Array {
  return globalThis.crypto.getRandomValues(new Uint8Array(length));
}

/** key + tweak modulo the order (BIP 32). */
export function tweak(key: PrivateKey, by: Uint8Array): PrivateKey {
  const n = Point.CURVE().n;
  const sum = (BigInt('0x' + etc.bytesToHex(key)) + BigInt('0x' + etc.bytesToHex(by))) % n;
  if (BigInt('0x' + etc.bytesToHex(by)) >= n || sum === 0n) throw new NamesteadError('KeyInvalid', 'no key at this index: take the next (BIP 32)');
  return etc.numberToBytesBE(sum) as PrivateKey;
}

/** The public key of `tweak(key, by)`, from the public key alone (BIP 32 public derivation). */
export function tweakPublic(key: PublicKey, by: Uint8Array): PublicKey {
  const scalar = BigInt('0x' + etc.bytesToHex(by));
  if (scalar === 0n || scalar >= Point.CURVE().n) throw new NamesteadError('KeyInvalid', 'no key at this index: take the next (BIP 32)');
  const sum = Point.BASE.multiply(scalar).add(Point.fromBytes(key));
  if (sum.equals(Point.ZERO)) throw new NamesteadError('KeyInvalid', 'no key at this index: take the next (BIP 32)');
  return sum.toBytes(true) as PublicKey;
}

/**
 * A key in memory as a {@link Signer}. The object shows the public key alone.
 *
 * @example
 * const signer = signerOf(generatePrivateKey());
 */
export function signerOf(key: PrivateKey): Signer {
  return {
    publicKey: publicKeyOf(key),
    sign: async (digest) => signAsync(digest, key, { prehash: false, lowS: false }),
  };
}

/** A key in memory as a {@link KeyAgreement}: opens what was sealed to its public key. */
export function keyAgreementOf(key: PrivateKey): KeyAgreement {
  return {
    publicKey: publicKeyOf(key),
    agree: (publicKey) => Promise.resolve(getSharedSecret(key, publicKey, true).slice(1)),
  };
}

/** True when `signature` (r‖s, 64 bytes, any S) of `digest` was made by `publicKey`. Never throws. */
export function verifySignature(signature: Uint8Array, digest: Uint8Array, publicKey: PublicKey): boolean {
  try {
    return verify(signature, digest, publicKey, { prehash: false, lowS: false });
  } catch {
    return false;
  }
}

/** The order of secp256k1 (SEC 2). */
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

/** The signature with S at most half the order (BIP 62, needed for standard transactions). */
export function lowS(signature: Uint8Array): Uint8Array {
  const s = BigInt('0x' + toHex(signature.subarray(32, 64)));
  return s > ORDER >> 1n ? concat(signature.subarray(0, 32), fromHex((ORDER - s).toString(16).padStart(64, '0'))) : signature;
}

/** r‖s to DER (X.690), without a sighash byte. */
export function toDer(signature: Uint8Array): Uint8Array {
  const integer = (bytes: Uint8Array): number[] => {
    let start = 0;
    while (start < 31 && bytes[start] === 0) start++;
    const body = [...bytes.subarray(start)];
    if ((body[0] ?? 0) & 0x80) body.unshift(0);
    return [0x02, body.length, ...body];
  };
  const body = [...integer(signature.subarray(0, 32)), ...integer(signature.subarray(32, 64))];
  return Uint8Array.of(0x30, body.length, ...body);
}

/** Strict DER (BIP 66) to r‖s. */
export function fromDer(der: Uint8Array): Uint8Array {
  const malformed = (): NamesteadError => new NamesteadError('Malformed', 'the signature is not strict DER');
  if (der[0] !== 0x30 || der[1] !== der.length - 2) throw malformed();
  let at = 2;
  const out = new Uint8Array(64);
  for (const slot of [0, 32]) {
    const length = der[at + 1] ?? 0;
    const body = der.subarray(at + 2, at + 2 + length);
    const first = body[0] ?? 0x80;
    if (der[at] !== 0x02 || body.length !== length || first & 0x80) throw malformed();
    if (length > 1 && first === 0 && !((body[1] ?? 0) & 0x80)) throw malformed();
    const digits = first === 0 ? body.subarray(1) : body;
    if (digits.length > 32) throw malformed();
    out.set(digits, slot + 32 - digits.length);
    at += 2 + length;
  }
  if (at !== der.length) throw malformed();
  return out;
}
