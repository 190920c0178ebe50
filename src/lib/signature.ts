import { fromHex, isHex, toHex } from './bytes.js';
import { sha256 } from './hash.js';
import { fromDer, lowS, toDer, verifySignature } from './key.js';
import type { PublicKey, Signer } from './key.js';

/** Signs content as `.sig` files and signed envelopes carry it: DER hex over SHA-256, S low, so that every peer accepts it. */
export async function signContent(content: Uint8Array, signer: Signer): Promise<string> {
  return toHex(toDer(lowS(await signer.sign(sha256(content)))));
}

/** True when `publicKey` signed `content`. High and low S count alike: older peers do not normalise. Never throws. */
export function verifyContent(content: Uint8Array, signature: unknown, publicKey: PublicKey): boolean {
  if (!isHex(signature) || signature.length > 144) return false;
  try {
    return verifySignature(fromDer(fromHex(signature)), sha256(content), publicKey);
  } catch {
    return false;
  }
}
