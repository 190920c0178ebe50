import { hmac } from '@noble/hashes/hmac.js';
import { ripemd160 as nobleRipemd160 } from '@noble/hashes/legacy.js';
import { sha256 as nobleSha256, sha512 as nobleSha512 } from '@noble/hashes/sha2.js';

// A hash in its first state, copied into one that works: a new one for each call costs a third of the hash.
const blankSha256 = /* @__PURE__ */ nobleSha256.create();
const workingSha256 = /* @__PURE__ */ nobleSha256.create();
const blankRipemd160 = /* @__PURE__ */ nobleRipemd160.create();
const workingRipemd160 = /* @__PURE__ */ nobleRipemd160.create();

export const sha256 = (bytes: Uint8Array): Uint8Array => blankSha256._cloneInto(workingSha256).update(bytes).digest();
export const sha512 = (bytes: Uint8Array): Uint8Array => nobleSha512(bytes);
export const ripemd160 = (bytes: Uint8Array): Uint8Array => blankRipemd160._cloneInto(workingRipemd160).update(bytes).digest();

/** SHA-256 twice: txids, block hashes, merkle nodes. */
export const hash256 = (bytes: Uint8Array): Uint8Array => sha256(sha256(bytes));

/** RIPEMD-160 of SHA-256: addresses, zone file hashes, preorder hashes. */
export const hash160 = (bytes: Uint8Array): Uint8Array => ripemd160(sha256(bytes));

/** The first 16 bytes of SHA-256 (BNS name hashes). */
export const hash128 = (bytes: Uint8Array): Uint8Array => sha256(bytes).slice(0, 16);

/** HMAC with SHA-512, at once: for key derivation inside the rules (BIP 32). */
export const hmacSha512 = (key: Uint8Array, bytes: Uint8Array): Uint8Array => hmac(nobleSha512, key, bytes);
