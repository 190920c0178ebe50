import { concat, fromUtf8, toHex } from '../../lib/bytes.js';
import { NamesteadError } from '../../lib/errors.js';
import { isNamespaceValid } from '../name.js';
import type { DecodeContext, NamespacePreorder, NamespaceReady, NamespaceReveal } from './operationKind.js';
import { latin1, namespaceIn, nibbles, readU64, within } from './payload.js';

/*
 * NAMESPACE_PREORDER
 *  0      20     36       44
 *  ├──────┼──────┼────────┤
 *  │ hash │  ch  │ tokens │   tokens: from epoch 4 on, and never before
 */
export function decodeNamespacePreorder(payload: Uint8Array, { epoch }: DecodeContext): NamespacePreorder | null {
  if (payload.length !== (epoch >= 4 ? 44 : 36)) return null;
  const tokens = epoch >= 4 ? readU64(payload, 36) : null;
  return { opcode: 'NAMESPACE_PREORDER', preorderHash: toHex(payload.subarray(0, 20)), consensusHash: toHex(payload.subarray(20, 36)), tokens };
}

/*
 * NAMESPACE_REVEAL
 *  0          4       5      6         14          15        17
 *  ├──────────┼───────┼──────┼─────────┼───────────┼─────────┼────
 *  │ lifetime │ coeff │ base │ buckets │ discounts │ version │ id…
 *
 * Buckets are 16 nibbles, high one first; discounts are nonalpha (high nibble) and no-vowel (low nibble).
 */
export function decodeReveal(payload: Uint8Array): NamespaceReveal | null {
  if (payload.length < 18) return null;
  const view = new DataView(payload.buffer, payload.byteOffset);
  const [nonalphaDiscount, noVowelDiscount] = nibbles(payload.subarray(14, 15));
  const version = view.getUint16(15);
  const namespace = namespaceIn(latin1(payload.subarray(17)));
  if (!nonalphaDiscount || !noVowelDiscount || ![1, 2, 3].includes(version) || namespace === null) return null;
  const [lifetime, coeff, base, buckets] = [view.getUint32(0), view.getUint8(4), view.getUint8(5), nibbles(payload.subarray(6, 14))];
  return { opcode: 'NAMESPACE_REVEAL', namespace, lifetime, coeff, base, buckets, nonalphaDiscount, noVowelDiscount, version };
}

export function encodeReveal(operation: NamespaceReveal): Uint8Array {
  const { lifetime, coeff, base, buckets, nonalphaDiscount, noVowelDiscount, version } = operation;
  within('lifetime', lifetime, 0, 0xffffffff);
  within('coeff', coeff, 0, 255);
  within('base', base, 0, 255);
  within('number of buckets', buckets.length, 16, 16);
  buckets.forEach((bucket) => within('bucket', bucket, 0, 15));
  within('nonalpha discount', nonalphaDiscount, 1, 15);
  within('no-vowel discount', noVowelDiscount, 1, 15);
  within('version', version, 1, 3);
  const out = new Uint8Array(17);
  const view = new DataView(out.buffer);
  view.setUint32(0, lifetime);
  out.set([coeff, base], 4);
  buckets.forEach((bucket, i) => (out[6 + (i >> 1)] = (out[6 + (i >> 1)] ?? 0) | (i % 2 === 0 ? bucket << 4 : bucket)));
  out[14] = (nonalphaDiscount << 4) | noVowelDiscount;
  view.setUint16(15, version);
  return concat(out, fromUtf8(namespaceOf(operation.namespace)));
}

export function decodeReady(payload: Uint8Array): NamespaceReady | null {
  const namespace = latin1(payload.subarray(0, 1)) === '.' ? namespaceIn(latin1(payload.subarray(1))) : null;
  return namespace === null ? null : { opcode: 'NAMESPACE_READY', namespace };
}

export function namespaceOf(text: string): string {
  if (!isNamespaceValid(text)) throw new NamesteadError('NameInvalid', `${JSON.stringify(text)} is not a namespace: 1 to 19 of a-z, 0-9, - and _`);
  return text;
}
