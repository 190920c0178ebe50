import { fromHex, isHex } from '../../lib/bytes.js';
import { isNamesteadError } from '../../lib/errors.js';
import { addressOfScript, scriptOfAddress } from './address.js';
import type { Entry } from './chain.js';
import { btc } from './consensus.js';
import { RpcError } from './errors.js';
import type { Regtest } from './regtest.js';
import { parseTx, type Tx } from './tx.js';

export type Method = (params: readonly unknown[]) => unknown;

/** bitcoind's error codes (`rpc/protocol.h`). */
export const CODE = {
  misc: -1,
  type: -3,
  address: -5,
  parameter: -8,
  deserialization: -22,
  verify: -25,
  rejected: -26,
  known: -27,
  unknownMethod: -32601,
} as const;

export function entryFinder({ chain }: Regtest): (hash: unknown, name?: string) => Entry {
  return (hash, name = 'blockhash') => {
    const found = chain.entry(hash64(hash, name));
    if (!found) throw new RpcError(CODE.address, 'Block not found');
    return found;
  };
}

export function decode(hex: unknown, said = ''): Tx {
  try {
    if (isHex(hex)) return parseTx(fromHex(hex));
  } catch (error) {
    if (!isNamesteadError(error)) throw error;
  }
  throw new RpcError(CODE.deserialization, `TX decode failed${said || '.'} Make sure the tx has at least one input.`);
}

export function isDescriptor(output: unknown): boolean {
  return typeof output === 'string' && output.includes('(');
}

/** `raw(hex)` and `addr(address)`, with or without a checksum, which is not checked. */
export function descriptorScript(descriptor: unknown): Uint8Array {
  const [, kind, body = ''] = /^(raw|addr)\(([^()]*)\)(?:#[a-z0-9]{8})?$/.exec(String(descriptor)) ?? [];
  if (kind === 'raw' && isHex(body)) return fromHex(body);
  if (kind === 'addr') return addressScript(body, 'Address is not valid');
  throw new RpcError(CODE.address, `'${String(descriptor).slice(0, 100)}' is not a descriptor this node knows: raw(hex) or addr(address)`);
}

export function addressScript(address: unknown, refusal = 'Error: Invalid address'): Uint8Array {
  try {
    const script = scriptOfAddress(String(address));
    // bitcoind on regtest knows 111, 196 and bcrt alone.
    if (addressOfScript(script) === String(address).toLowerCase() || addressOfScript(script) === address) return script;
  } catch (error) {
    if (!isNamesteadError(error)) throw error;
  }
  throw new RpcError(CODE.address, refusal);
}

/** An id of 64 hex digits; `name` is what bitcoind calls the parameter. */
export function hash64(value: unknown, name = 'parameter 1'): string {
  if (typeof value !== 'string') throw new RpcError(CODE.type, `Wrong type passed: ${name} is to be a string`);
  if (value.length !== 64) throw new RpcError(CODE.parameter, `${name} must be of length 64 (not ${value.length}, for '${value.slice(0, 100)}')`);
  if (!isHex(value)) throw new RpcError(CODE.parameter, `${name} must be hexadecimal string (not '${String(value)}')`);
  return value.toLowerCase();
}

export function integer(value: unknown, position: number, name: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value))
    throw new RpcError(CODE.type, `Wrong type passed: position ${position} (${name}) is to be a whole number`);
  return value;
}

export function bounded(count: number): number {
  if (count < 0 || count > 10_000) throw new RpcError(CODE.parameter, 'nblocks is to be 0 to 10000');
  return count;
}

export function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new RpcError(CODE.type, 'Wrong type passed: expected an array');
  return value as unknown[];
}

export function satoshi(value: unknown): bigint {
  const amount = Number(value);
  if (!Number.isFinite(amount) || amount < 0) throw new RpcError(CODE.type, 'Amount out of range');
  return BigInt(Math.round(amount * 1e8));
}

export function coinAmount(value: bigint): number {
  return Number(btc(value));
}
