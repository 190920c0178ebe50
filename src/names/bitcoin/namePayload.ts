import { concat, fromUtf8, toHex } from '../../lib/bytes.js';
import { parseName } from '../name.js';
import {
  RENEWAL_OUTPUTS,
  ZERO_HASH,
  type DecodeContext,
  type NamedOperation,
  type NamePreorder,
  type NameRegistration,
  type NameTransfer,
  type NameUpdate,
} from './operationKind.js';
import { hash, latin1, nameIn, padded, preorderHashes, readU64, u64, unpad } from './payload.js';

/*
 * NAME_PREORDER
 *  0      20     36       44       63
 *  ├──────┼──────┼────────┼────────┤
 *  │ hash │  ch  │ amount │ units  │   the last two together or not at all, epoch 4 and later
 */
export function decodePreorder(payload: Uint8Array, { epoch }: DecodeContext): NamePreorder | null {
  if (payload.length !== 36 && !(payload.length === 63 && epoch >= 4)) return null;
  const tokens = payload.length === 36 ? null : { amount: readU64(payload, 36), units: unpad(payload.subarray(44)) };
  return { opcode: 'NAME_PREORDER', preorderHash: toHex(payload.subarray(0, 20)), consensusHash: toHex(payload.subarray(20, 36)), tokens };
}

export function encodePreorder(operation: NamePreorder): Uint8Array {
  const { tokens } = operation;
  return concat(...preorderHashes(operation), ...(tokens === null ? [] : [u64(tokens.amount), padded(tokens.units, 'end')]));
}

/*
 * NAME_REGISTRATION, NAME_RENEWAL
 *  0              37           57       65
 *  ├──────────────┤                          A: the name alone, unpadded
 *  │ name, NUL …  ├────────────┤             B: epoch 3 and later
 *  │              │ value hash ├────────┤
 *  │              │            │ tokens │    C: epoch 4 and later
 */
export function decodeRegistration(payload: Uint8Array, { epoch, outputs }: DecodeContext): NameRegistration | null {
  const long = epoch >= 3 && payload.length >= 57;
  if (long && payload.length !== 57 && !(payload.length === 65 && epoch >= 4)) return null;
  const name = nameIn(long ? unpad(payload.subarray(0, 37)) : latin1(payload));
  const tokens = payload.length === 65 ? readU64(payload, 57) : long && epoch >= 4 ? null : 0n;
  const renewal = outputs >= RENEWAL_OUTPUTS;
  if (name === null || (renewal ? tokens === null : tokens !== null && tokens !== 0n)) return null;
  return { opcode: renewal ? 'NAME_RENEWAL' : 'NAME_REGISTRATION', name, valueHash: long ? toHex(payload.subarray(37, 57)) : null, tokens };
}

export function encodeRegistration({ name, valueHash, tokens }: NameRegistration): Uint8Array {
  const text = fromUtf8(parseName(name).name);
  if (valueHash === null && !tokens) return text;
  const fixed = concat(text, new Uint8Array(37 - text.length), hash(valueHash ?? ZERO_HASH, 20, 'value hash'));
  return tokens === null ? fixed : concat(fixed, u64(tokens));
}

/*
 * NAME_UPDATE
 *  0                     16           36
 *  ├─────────────────────┼────────────┤
 *  │ name consensus hash │ value hash │
 */
export function decodeUpdate(payload: Uint8Array): NameUpdate | null {
  if (payload.length !== 36) return null;
  return { opcode: 'NAME_UPDATE', nameConsensusHash: toHex(payload.subarray(0, 16)), valueHash: toHex(payload.subarray(16)) };
}

/*
 * NAME_TRANSFER
 *  0   1              17     33
 *  ├───┼──────────────┼──────┤
 *  │ d │ name hash128 │  ch  │   d: `>` keeps the zone file hash, `~` drops it
 */
export function decodeTransfer(payload: Uint8Array): NameTransfer | null {
  const disposition = latin1(payload.subarray(0, 1));
  if (payload.length !== 33 || !['>', '~'].includes(disposition)) return null;
  return { opcode: 'NAME_TRANSFER', keepData: disposition === '>', nameHash128: toHex(payload.subarray(1, 17)), consensusHash: toHex(payload.subarray(17)) };
}

export function encodeTransfer(operation: NameTransfer): Uint8Array {
  return concat(fromUtf8(operation.keepData ? '>' : '~'), hash(operation.nameHash128, 16, 'name hash'), hash(operation.consensusHash, 16, 'consensus hash'));
}

export function decodeNamed(payload: Uint8Array, opcode: NamedOperation['opcode']): NamedOperation | null {
  const name = nameIn(latin1(payload));
  return name === null ? null : { opcode, name };
}
