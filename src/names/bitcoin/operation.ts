import { concat, fromUtf8, toHex } from '../../lib/bytes.js';
import { NamesteadError } from '../../lib/errors.js';
import { parseName } from '../name.js';
import {
  decodeNamed,
  decodePreorder,
  decodeRegistration,
  decodeTransfer,
  decodeUpdate,
  encodePreorder,
  encodeRegistration,
  encodeTransfer,
} from './namePayload.js';
import { decodeNamespacePreorder, decodeReady, decodeReveal, encodeReveal, namespaceOf } from './namespacePayload.js';
import type { DecodeContext, Opcode, Operation } from './operationKind.js';
import { hash, latin1, preorderHashes, u64 } from './payload.js';
import { decodeTokenTransfer, encodeTokenTransfer } from './tokenPayload.js';

export { RENEWAL_OUTPUTS, ZERO_HASH } from './operationKind.js';
export type {
  Operation,
  Opcode,
  NamePreorder,
  NameRegistration,
  NameUpdate,
  NameTransfer,
  NamedOperation,
  NamespacePreorder,
  NamespaceTerms,
  NamespaceReveal,
  NamespaceReady,
  Announce,
  TokenTransfer,
  DecodeContext,
} from './operationKind.js';
export { passesAsName, passesAsNamespace } from './payload.js';

/** The byte after the magic, as ASCII; BNS (a.1). A renewal is told from a registration by its outputs. */
const opcodeBytes = {
  NAME_PREORDER: '?',
  NAME_REGISTRATION: ':',
  NAME_RENEWAL: ':',
  NAME_UPDATE: '+',
  NAME_TRANSFER: '>',
  NAME_REVOKE: '~',
  NAME_IMPORT: ';',
  NAMESPACE_PREORDER: '*',
  NAMESPACE_REVEAL: '&',
  NAMESPACE_READY: '!',
  ANNOUNCE: '#',
  TOKEN_TRANSFER: '$',
} as const satisfies Record<Opcode, string>;

/** The opcode character of OP_RETURN data that starts with the magic and a known opcode; else null. */
export function opcodeOf(data: Uint8Array, magic: string): string | null {
  if (data.length < 3 || latin1(data.subarray(0, 2)) !== magic) return null;
  const code = latin1(data.subarray(2, 3));
  return (Object.values(opcodeBytes) as string[]).includes(code) ? code : null;
}

/**
 * The operation that OP_RETURN data stands for, or null: other magic, unknown opcode, wrong length for the epoch, invalid name.
 * Judges the data alone, never the chain; BNS (a.3). Never throws.
 * @example decodeOperation(nulldataOf(transaction.outputs), { magic: 'id', epoch: 3, outputs: transaction.outputs.length })
 */
export function decodeOperation(data: Uint8Array, context: DecodeContext): Operation | null {
  const code = opcodeOf(data, context.magic);
  const payload = data.subarray(3);
  switch (code) {
    case '?':
      return decodePreorder(payload, context);
    case ':':
      return decodeRegistration(payload, context);
    case '+':
      return decodeUpdate(payload);
    case '>':
      return decodeTransfer(payload);
    case '~':
      return decodeNamed(payload, 'NAME_REVOKE');
    case ';':
      return decodeNamed(payload, 'NAME_IMPORT');
    case '*':
      return decodeNamespacePreorder(payload, context);
    case '&':
      return decodeReveal(payload);
    case '!':
      return decodeReady(payload);
    case '#':
      return payload.length === 20 ? { opcode: 'ANNOUNCE', messageHash: toHex(payload) } : null;
    case '$':
      return decodeTokenTransfer(payload, context);
    default:
      return null;
  }
}

/**
 * The whole OP_RETURN data of an operation, magic included, at most 80 bytes; BNS (a.1), (a.3).
 * @throws NamesteadError `NameInvalid` or `OperationInvalid`, naming the field
 */
export function encodeOperation(operation: Operation, network: { readonly magic: string }): Uint8Array {
  const data = concat(fromUtf8(network.magic), fromUtf8(opcodeBytes[operation.opcode]), encodePayload(operation));
  if (data.length > 80) throw new NamesteadError('PayloadTooLarge', `${operation.opcode} takes ${data.length} bytes: 80 fit`);
  return data;
}

function encodePayload(operation: Operation): Uint8Array {
  switch (operation.opcode) {
    case 'NAME_PREORDER':
      return encodePreorder(operation);
    case 'NAME_REGISTRATION':
    case 'NAME_RENEWAL':
      return encodeRegistration(operation);
    case 'NAME_UPDATE':
      return concat(hash(operation.nameConsensusHash, 16, 'name consensus hash'), hash(operation.valueHash, 20, 'value hash'));
    case 'NAME_TRANSFER':
      return encodeTransfer(operation);
    case 'NAME_REVOKE':
    case 'NAME_IMPORT':
      return fromUtf8(parseName(operation.name).name);
    case 'NAMESPACE_PREORDER':
      return concat(...preorderHashes(operation), ...(operation.tokens === null ? [] : [u64(operation.tokens)]));
    case 'NAMESPACE_REVEAL':
      return encodeReveal(operation);
    case 'NAMESPACE_READY':
      return fromUtf8(`.${namespaceOf(operation.namespace)}`);
    case 'ANNOUNCE':
      return hash(operation.messageHash, 20, 'message hash');
    case 'TOKEN_TRANSFER':
      return encodeTokenTransfer(operation);
  }
}
