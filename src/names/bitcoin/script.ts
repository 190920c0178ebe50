import { formatAddress, parseAddress } from '../../lib/address.js';
import { concat, toHex } from '../../lib/bytes.js';
import { NamesteadError } from '../../lib/errors.js';
import type { Output } from './transaction.js';

export type ScriptType = 'p2pkh' | 'p2sh' | 'p2wpkh' | 'p2wsh' | 'p2pk' | 'multisig' | 'nulldata';

/** A pushed string of bytes, or an opcode. */
export type Token = Uint8Array | number;

const OP_PUSHDATA1 = 0x4c;
const OP_PUSHDATA4 = 0x4e;
const OP_RETURN = 0x6a;
const OP_DUP = 0x76;
const OP_EQUAL = 0x87;
const OP_EQUALVERIFY = 0x88;
const OP_HASH160 = 0xa9;
const OP_CHECKSIG = 0xac;
const OP_CHECKMULTISIG = 0xae;

/** Splits a script. A push that runs past the end yields what is there, and OP_0 is an opcode, not an empty push; BNS (c.1). */
export function scriptTokens(script: Uint8Array): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < script.length;) {
    const code = script[at++] ?? 0;
    if (code === 0 || code > OP_PUSHDATA4) {
      tokens.push(code);
      continue;
    }
    const width = code < OP_PUSHDATA1 ? 0 : 1 << (code - OP_PUSHDATA1);
    const length = width === 0 ? code : littleEndian(script.subarray(at, at + width));
    tokens.push(script.subarray(at + width, at + width + length));
    at += width + length;
  }
  return tokens;
}

function littleEndian(bytes: Uint8Array): number {
  return bytes.reduceRight((value, byte) => value * 256 + byte, 0);
}

/** The standard form of an output script, or null; BNS (a.4). */
export function classifyScript(script: Uint8Array): ScriptType | null {
  const size = script.length;
  const at = (index: number): number => script[index] ?? 0;
  if (isPayToKeyHash(script)) return 'p2pkh';
  if (isPayToScriptHash(script)) return 'p2sh';
  if (size === 22 && at(0) === 0 && at(1) === 20) return 'p2wpkh';
  if (size === 34 && at(0) === 0 && at(1) === 32) return 'p2wsh';
  if (at(0) === OP_RETURN) return 'nulldata';
  if ((size === 35 || size === 67) && at(0) === size - 2 && at(size - 1) === OP_CHECKSIG) return 'p2pk';
  return isMultisig(script) ? 'multisig' : null;
}

function isPayToKeyHash(script: Uint8Array): boolean {
  return script.length === 25 && starts(script, OP_DUP, OP_HASH160, 20) && script[23] === OP_EQUALVERIFY && script[24] === OP_CHECKSIG;
}

function isPayToScriptHash(script: Uint8Array): boolean {
  return script.length === 23 && starts(script, OP_HASH160, 20) && script[22] === OP_EQUAL;
}

function starts(script: Uint8Array, ...bytes: readonly number[]): boolean {
  return bytes.every((byte, at) => script[at] === byte);
}

function isMultisig(script: Uint8Array): boolean {
  if (script[script.length - 1] !== OP_CHECKMULTISIG) return false;
  const tokens = scriptTokens(script);
  const [needed, keys, total] = [tokens[0], tokens.slice(1, -2), tokens[tokens.length - 2]];
  if (typeof needed !== 'number' || typeof total !== 'number') return false;
  return needed > 0x50 && needed <= total && total - 0x50 === keys.length && keys.every((key) => typeof key !== 'number');
}

/** The address of a p2pkh (version 0) or p2sh (version 5) script, as BNS writes it on every network; null for any other. */
export function addressOfScript(script: Uint8Array): string | null {
  if (isPayToKeyHash(script)) return formatAddress(0, script.subarray(3, 23));
  return isPayToScriptHash(script) ? formatAddress(5, script.subarray(2, 22)) : null;
}

/**
 * The script an address stands for: versions 0 and 111 p2pkh, 5 and 196 p2sh.
 * @throws NamesteadError `AddressInvalid`
 */
export function scriptOfAddress(address: string): Uint8Array {
  const { version, hash } = parseAddress(address);
  if (version === 0 || version === 111) return concat(Uint8Array.of(OP_DUP, OP_HASH160, 20), hash, Uint8Array.of(OP_EQUALVERIFY, OP_CHECKSIG));
  if (version === 5 || version === 196) return concat(Uint8Array.of(OP_HASH160, 20), hash, Uint8Array.of(OP_EQUAL));
  throw new NamesteadError('AddressInvalid', `${address} has version ${version}: p2pkh (0, 111) or p2sh (5, 196) is needed`);
}

/** The script that carries `data`: `OP_RETURN` and one push, with OP_PUSHDATA1 from 76 bytes on; BNS (a.1). */
export function nulldataScript(data: Uint8Array): Uint8Array {
  if (data.length > 80) throw new NamesteadError('PayloadTooLarge', `${data.length} bytes do not fit an OP_RETURN output: 80 do`);
  const push = data.length < OP_PUSHDATA1 ? Uint8Array.of(data.length) : Uint8Array.of(OP_PUSHDATA1, data.length);
  return concat(Uint8Array.of(OP_RETURN), push, data);
}

/**
 * What a transaction carries for BNS: the one push of its last OP_RETURN output, or null; BNS (c.1). A malformed OP_RETURN after a
 * good one cancels it.
 */
export function nulldataOf(outputs: readonly Output[]): Uint8Array | null {
  const last = outputs.findLast((output) => output.script[0] === OP_RETURN);
  return last ? nulldataOfScript(last.script) : null;
}

export function nulldataOfScript(script: Uint8Array): Uint8Array | null {
  const [first, data, ...more] = scriptTokens(script);
  return first === OP_RETURN && data !== undefined && typeof data !== 'number' && more.length === 0 ? data : null;
}

/** The public key that the scriptSig `<signature> <key>` of a p2pkh spend shows, hex; null when it has another form. */
export function pushedKey(scriptSig: Uint8Array): string | null {
  const tokens = scriptTokens(scriptSig);
  const key = tokens[1];
  return tokens.length === 2 && key !== undefined && typeof key !== 'number' && typeof tokens[0] !== 'number' ? toHex(key) : null;
}
