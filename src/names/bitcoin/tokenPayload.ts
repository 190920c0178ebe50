import { concat, fromHex, isHex, toHex } from '../../lib/bytes.js';
import { NamesteadError } from '../../lib/errors.js';
import type { DecodeContext, TokenTransfer } from './operationKind.js';
import { hash, padded, readU64, u64, unpad } from './payload.js';

/*
 * TOKEN_TRANSFER, epoch 4 and later
 *  0    16      35       43        ≤77
 *  ├────┼───────┼────────┼─────────┤
 *  │ ch │ units │ amount │ scratch │   units: NULs on either side
 */
export function decodeTokenTransfer(payload: Uint8Array, { epoch }: DecodeContext): TokenTransfer | null {
  if (epoch < 4 || payload.length < 43 || payload.length > 77) return null;
  const [consensusHash, scratch] = [toHex(payload.subarray(0, 16)), toHex(payload.subarray(43))];
  return { opcode: 'TOKEN_TRANSFER', consensusHash, units: unpad(payload.subarray(16, 35)), amount: readU64(payload, 35), scratch };
}

export function encodeTokenTransfer({ consensusHash, units, amount, scratch }: TokenTransfer): Uint8Array {
  if (!isHex(scratch) || scratch.length > 68) throw new NamesteadError('OperationInvalid', 'the scratch area is at most 34 bytes, in hex');
  return concat(hash(consensusHash, 16, 'consensus hash'), padded(units, 'start'), u64(amount), fromHex(scratch));
}
