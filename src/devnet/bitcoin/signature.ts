import { concat, equal } from '../../lib/bytes.js';
import { fromDer, lowS, parsePublicKey, verifySignature } from '../../lib/key.js';
import { ScriptFailure } from './errors.js';
import { legacyDigest, SIGHASH, witnessDigest, type Signing } from './sighash.js';
import { isKeyShaped, itemAt, OP, pushPlain } from './script.js';

export type SigVersion = 'legacy' | 'witness';

/** BIP 66, and by policy low S and a known hash type. An empty signature is one that was never made: it fails, but is well formed. */
export function checkEncoding(signature: Uint8Array, standard: boolean): void {
  if (signature.length === 0) return;
  if (!isDer(signature.subarray(0, -1))) throw new ScriptFailure('SIG_DER');
  if (!standard) return;
  if (!isLow(signature.subarray(0, -1))) throw new ScriptFailure('SIG_HIGH_S');
  const base = (signature.at(-1) ?? 0) & ~SIGHASH.ANYONECANPAY;
  if (base < SIGHASH.ALL || base > SIGHASH.SINGLE) throw new ScriptFailure('SIG_HASHTYPE');
}

export function checkKeyEncoding(key: Uint8Array, version: SigVersion, standard: boolean): void {
  if (!standard) return;
  const [first] = key;
  if (!isKeyShaped(key) || first === 6 || first === 7) throw new ScriptFailure('PUBKEYTYPE');
  if (version === 'witness' && key.length !== 33) throw new ScriptFailure('WITNESS_PUBKEYTYPE');
}

/** True when `signature` (DER and hash type) is the key's over this input. */
export function checkSignature(signature: Uint8Array, key: Uint8Array, signing: Signing, version: SigVersion): boolean {
  const hashType = signature.at(-1);
  if (hashType === undefined || !isKeyShaped(key)) return false;
  const digest =
    version === 'witness' ? witnessDigest(signing, hashType) : legacyDigest({ ...signing, scriptCode: withoutSeparators(signing.scriptCode) }, hashType);
  try {
    return verifySignature(fromDer(signature.subarray(0, -1)), digest, parsePublicKey(plain(key)));
  } catch {
    return false;
  }
}

/** The script without each push of `signature` (legacy scripts alone); the count tells policy to refuse. */
export function withoutSignature(script: Uint8Array, signature: Uint8Array): { readonly script: Uint8Array; readonly found: number } {
  const pattern = pushPlain(signature);
  const parts: Uint8Array[] = [];
  let found = 0;
  let from = 0;
  for (let at = 0; at < script.length;) {
    if (equal(script.subarray(at, at + pattern.length), pattern)) {
      parts.push(script.subarray(from, at));
      at = from = at + pattern.length;
      found++;
      continue;
    }
    const item = itemAt(script, at);
    if (!item) break;
    at = item.next;
  }
  return found === 0 ? { script, found } : { script: concat(...parts, script.subarray(from)), found };
}

function withoutSeparators(script: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [];
  let from = 0;
  for (let at = 0; at < script.length;) {
    const item = itemAt(script, at);
    if (!item) break;
    if (item.opcode === OP.CODESEPARATOR) {
      parts.push(script.subarray(from, at));
      from = item.next;
    }
    at = item.next;
  }
  return from === 0 ? script : concat(...parts, script.subarray(from));
}

/** BIP 66's shape; the numbers may be too large for the curve, which only the check itself finds. */
function isDer(der: Uint8Array): boolean {
  const r = der[3] ?? 0;
  const s = der[5 + r] ?? 0;
  if (der.length < 8 || der.length > 72 || der[0] !== 0x30 || der[1] !== der.length - 2 || r + s + 6 !== der.length) return false;
  return isDerInteger(der.subarray(2, 4 + r)) && isDerInteger(der.subarray(4 + r));
}

function isDerInteger(bytes: Uint8Array): boolean {
  const [tag, length = 0, first = 0x80, second = 0] = bytes;
  return tag === 2 && length > 0 && length === bytes.length - 2 && !(first & 0x80) && !(length > 1 && first === 0 && !(second & 0x80));
}

function isLow(der: Uint8Array): boolean {
  try {
    const signature = fromDer(der);
    return equal(lowS(signature), signature);
  } catch {
    // Numbers beyond the order: bitcoind's lax parser reads them as zero, which is low.
    return true;
  }
}

/** Hybrid keys (06, 07) are points like any other to consensus. */
function plain(key: Uint8Array): Uint8Array {
  const [first] = key;
  if (first !== 6 && first !== 7) return key;
  if (((key[64] ?? 0) & 1) !== (first & 1)) throw new ScriptFailure('PUBKEYTYPE');
  return concat(Uint8Array.of(4), key.subarray(1));
}
