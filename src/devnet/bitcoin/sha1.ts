import { createHash } from 'node:crypto';

/** For OP_SHA1 alone. */
export function sha1(bytes: Uint8Array): Uint8Array {
  return Uint8Array.from(createHash('sha1').update(bytes).digest());
}
