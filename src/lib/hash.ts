import { hmac } from '@noble/hashes/hmac.js';
import { ripemd160 as nobleRipemd160 } from '@noble/hashes/legacy.js';
import { sha256 as nobleSha256, sha512 as nobleSha512 } from '@noble/hashes/sha2.js';

export const sha256 = (bytes: Uint8Array): Uint8Array => nobleSha256(bytes);
export const sha512 = (bytes: Uint8Array): Uint8Array => nobleSha512(bytes);
export const ripemd160 = (bytes: Uint8Array): Uint8Array => nobleRipemd160(bytes);

/** SHA-256 twice: txids, block hashes, merkle nodes. */
export const hash256 = (bytes: Uint8Array): Uint8Array => nobleSha256(nobleSha256(bytes));

/** RIPEMD-160 of SHA-256: addresses, zone file hashes, preorder hashes. */
export const hash160 = (bytes: Uint8Array): Uint8Array => nobleRipemd160(nobleSha256(bytes));

/** The first 16 bytes of SHA-256 (BNS name hashes). */
export const hash128 = (bytes: Uint8Array): Uint8Array => nobleSha256(bytes).slice(0, 16);

/** HMAC with SHA-512, at once: for key derivation inside the rules (BIP 32). */
export const hmacSha512 = (key: Uint8Array, bytes: Uint8Array): Uint8Array => hmac(nobleSha512, key, bytes);
