import { NamesteadError } from './errors.js';

type Bytes = Uint8Array<ArrayBuffer>;

/** AES in CBC mode with PKCS #7 padding (NIST SP 800-38A); 16 or 32 bytes of key, 16 of iv. */
export async function encryptAesCbc(key: Uint8Array, iv: Uint8Array, plaintext: Uint8Array): Promise<Uint8Array> {
  const imported = await subtle().importKey('raw', key as Bytes, 'AES-CBC', false, ['encrypt']);
  return new Uint8Array(await subtle().encrypt({ name: 'AES-CBC', iv: iv as Bytes }, imported, plaintext as Bytes));
}

/** The way back. Authenticate first: the padding alone proves nothing. @throws NamesteadError `CipherInvalid` */
export async function decryptAesCbc(key: Uint8Array, iv: Uint8Array, ciphertext: Uint8Array): Promise<Uint8Array> {
  const imported = await subtle().importKey('raw', key as Bytes, 'AES-CBC', false, ['decrypt']);
  try {
    return new Uint8Array(await subtle().decrypt({ name: 'AES-CBC', iv: iv as Bytes }, imported, ciphertext as Bytes));
  } catch (cause) {
    throw new NamesteadError('CipherInvalid', 'the ciphertext does not end in PKCS #7 padding', { cause });
  }
}

/** As `sha512` of `hash.ts`; where work is asynchronous anyway, it keeps that function out of the bundle. */
export async function digestSha512(data: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await subtle().digest('SHA-512', data as Bytes));
}

export const hmacSha256 = (key: Uint8Array, data: Uint8Array): Promise<Uint8Array> => hmac('SHA-256', key, data);
export const hmacSha512 = (key: Uint8Array, data: Uint8Array): Promise<Uint8Array> => hmac('SHA-512', key, data);

/** PBKDF2 with HMAC-SHA-512 (RFC 8018); `length` in bytes. */
export async function pbkdf2Sha512(password: Uint8Array, salt: Uint8Array, iterations: number, length: number): Promise<Uint8Array> {
  const imported = await subtle().importKey('raw', password as Bytes, 'PBKDF2', false, ['deriveBits']);
  return new Uint8Array(await subtle().deriveBits({ name: 'PBKDF2', hash: 'SHA-512', salt: salt as Bytes, iterations }, imported, 8 * length));
}

async function hmac(hash: 'SHA-256' | 'SHA-512', key: Uint8Array, data: Uint8Array): Promise<Uint8Array> {
  const imported = await subtle().importKey('raw', key as Bytes, { name: 'HMAC', hash }, false, ['sign']);
  return new Uint8Array(await subtle().sign('HMAC', imported, data as Bytes));
}

function subtle(): SubtleCrypto {
  const { crypto } = globalThis as { crypto?: Partial<Crypto> };
  if (crypto?.subtle) return crypto.subtle;
  throw new TypeError('WebCrypto is missing: browsers have it only on pages served over https or from localhost');
}
