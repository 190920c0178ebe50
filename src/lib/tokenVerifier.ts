import { TokenVerifier } from 'jsontokens';
import { toHex } from './bytes.js';
import type { PublicKey } from './key.js';
import { parseToken } from './token.js';

/** True when `publicKey` signed this token by ES256K; high S counts, as peers emit it. Never throws: what is no token is not signed. */
export function verifyToken(token: string, publicKey: PublicKey): boolean {
  try {
    parseToken(token);
    return new TokenVerifier('ES256K', toHex(publicKey)).verify(token);
  } catch {
    return false;
  }
}
