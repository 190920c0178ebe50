import { concat, fromHex, toHex } from './bytes.js';

/** The prime of secp256k1's field; the curve is y² = x³ + 7 (SEC 2, 2.4.1). */
const P = 0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2fn;

/**
 * The uncompressed form, 65 bytes, of a point of secp256k1 in either form (SEC 1, 2.3.4); null for hybrid forms and for what is not on
 * the curve. For public keys alone: the time it takes depends on the point.
 */
export function wholePoint(bytes: Uint8Array): Uint8Array | null {
  const [form] = bytes;
  const compressed = bytes.length === 33 && (form === 2 || form === 3);
  if (!compressed && !(bytes.length === 65 && form === 4)) return null;
  const x = integer(bytes.subarray(1, 33));
  const square = (x ** 3n + 7n) % P;
  // P leaves 3 modulo 4: where there is a root, this power is one.
  const y = compressed ? power(square, (P + 1n) / 4n) : integer(bytes.subarray(33));
  if (x >= P || y >= P || (y * y) % P !== square) return null;
  if (!compressed) return bytes;
  const asked = (y & 1n) === BigInt(form & 1) ? y : P - y;
  return concat(Uint8Array.of(4), bytes.subarray(1), fromHex(asked.toString(16).padStart(64, '0')));
}

function integer(bytes: Uint8Array): bigint {
  return BigInt('0x' + toHex(bytes));
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (let square = base, left = exponent; left > 0n; left >>= 1n) {
    if (left & 1n) result = (result * square) % P;
    square = (square * square) % P;
  }
  return result;
}
