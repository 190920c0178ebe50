import { fromHex, fromUtf8, isHex } from '../../lib/bytes.js';
import { NamesteadError } from '../../lib/errors.js';

// The reference matches each part with Python's `$`, which lets one line feed pass at its end. Such a name decodes and then never
// finds a preorder, since base 40 has no line feed; BNS (b.1).
const LOOSE_PART = /^[a-z0-9_-]*\n?$/;

/** Whether the reference's decoder takes a text for a name; `parseName` is what people may register. */
export function passesAsName(text: string): boolean {
  const [label, namespace, ...more] = text.split('.');
  return more.length === 0 && text.length <= 37 && !!label && LOOSE_PART.test(label) && namespace !== undefined && passesAsNamespace(namespace);
}

export function passesAsNamespace(text: string): boolean {
  return text.length > 0 && text.length <= 19 && LOOSE_PART.test(text);
}

export const nameIn = (text: string): string | null => (passesAsName(text) ? text : null);
export const namespaceIn = (text: string): string | null => (passesAsNamespace(text) ? text : null);

/** One character a byte. A payload may be as long as a block, so nothing is spread into arguments. */
export function latin1(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

/** NULs stripped from both ends. */
export function unpad(bytes: Uint8Array): string {
  return latin1(bytes).replace(/^\0+|\0+$/g, '');
}

/** Token units in 19 bytes. The two operations that carry them pad on different sides in the field, and both sides decode; BNS (a.3). */
export function padded(units: string, side: 'start' | 'end'): Uint8Array {
  if (!/^[\x01-\x7f]{1,19}$/.test(units))
    throw new NamesteadError('OperationInvalid', `token units are 1 to 19 ASCII characters, not ${JSON.stringify(units)}`);
  return fromUtf8(side === 'start' ? units.padStart(19, '\0') : units.padEnd(19, '\0'));
}

export function nibbles(bytes: Uint8Array): number[] {
  return [...bytes].flatMap((byte) => [byte >> 4, byte & 15]);
}

export function readU64(bytes: Uint8Array, at: number): bigint {
  return new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(at);
}

export function u64(value: bigint): Uint8Array {
  if (value < 0n || value >= 1n << 64n) throw new NamesteadError('OperationInvalid', `${value} does not fit 64 bits`);
  const out = new Uint8Array(8);
  new DataView(out.buffer).setBigUint64(0, value);
  return out;
}

export function hash(hex: string, bytes: number, what: string): Uint8Array {
  if (!isHex(hex, bytes)) throw new NamesteadError('OperationInvalid', `a ${what} is ${2 * bytes} hex digits`);
  return fromHex(hex);
}

export function within(what: string, value: number, least: number, most: number): void {
  if (!Number.isInteger(value) || value < least || value > most)
    throw new NamesteadError('OperationInvalid', `${what} is ${value}: ${least} to ${most} is allowed`);
}

/** What both kinds of preorder begin with. */
export function preorderHashes(operation: { readonly preorderHash: string; readonly consensusHash: string }): [Uint8Array, Uint8Array] {
  return [hash(operation.preorderHash, 20, 'preorder hash'), hash(operation.consensusHash, 16, 'consensus hash')];
}
