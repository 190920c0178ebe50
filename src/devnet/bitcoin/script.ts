import { concat, equal } from '../../lib/bytes.js';

/** The opcodes that our own code names (Bitcoin Core `script/script.h`). */
export const OP = {
  OP_0: 0x00,
  PUSHDATA1: 0x4c,
  PUSHDATA2: 0x4d,
  PUSHDATA4: 0x4e,
  NEGATE1: 0x4f,
  RESERVED: 0x50,
  OP_1: 0x51,
  OP_16: 0x60,
  NOP: 0x61,
  VER: 0x62,
  IF: 0x63,
  NOTIF: 0x64,
  VERIF: 0x65,
  VERNOTIF: 0x66,
  ELSE: 0x67,
  ENDIF: 0x68,
  VERIFY: 0x69,
  RETURN: 0x6a,
  TOALTSTACK: 0x6b,
  FROMALTSTACK: 0x6c,
  DROP2: 0x6d,
  DUP2: 0x6e,
  DUP3: 0x6f,
  OVER2: 0x70,
  ROT2: 0x71,
  SWAP2: 0x72,
  IFDUP: 0x73,
  DEPTH: 0x74,
  DROP: 0x75,
  DUP: 0x76,
  NIP: 0x77,
  OVER: 0x78,
  PICK: 0x79,
  ROLL: 0x7a,
  ROT: 0x7b,
  SWAP: 0x7c,
  TUCK: 0x7d,
  CAT: 0x7e,
  SIZE: 0x82,
  EQUAL: 0x87,
  EQUALVERIFY: 0x88,
  ADD1: 0x8b,
  SUB1: 0x8c,
  NEGATE: 0x8f,
  ABS: 0x90,
  NOT: 0x91,
  NOTEQUAL0: 0x92,
  ADD: 0x93,
  SUB: 0x94,
  BOOLAND: 0x9a,
  BOOLOR: 0x9b,
  NUMEQUAL: 0x9c,
  NUMEQUALVERIFY: 0x9d,
  NUMNOTEQUAL: 0x9e,
  LESS: 0x9f,
  GREATER: 0xa0,
  LESSEQ: 0xa1,
  GREATEREQ: 0xa2,
  MIN: 0xa3,
  MAX: 0xa4,
  WITHIN: 0xa5,
  RIPEMD160: 0xa6,
  SHA1: 0xa7,
  SHA256: 0xa8,
  HASH160: 0xa9,
  HASH256: 0xaa,
  CODESEPARATOR: 0xab,
  CHECKSIG: 0xac,
  CHECKSIGVERIFY: 0xad,
  CHECKMULTISIG: 0xae,
  CHECKMULTISIGVERIFY: 0xaf,
  NOP1: 0xb0,
  CLTV: 0xb1,
  CSV: 0xb2,
  NOP10: 0xb9,
} as const;

export interface Item {
  readonly opcode: number;
  /** What a push pushes; null for every other opcode (and for OP_1NEGATE, OP_1 … OP_16). */
  readonly data: Uint8Array | null;
  readonly next: number;
}

/** Reads the item at `at`; null when a push runs past the end. */
export function itemAt(script: Uint8Array, at: number): Item | null {
  const opcode = script[at] ?? 0;
  if (opcode > OP.PUSHDATA4) return { opcode, data: null, next: at + 1 };
  const width = opcode < OP.PUSHDATA1 ? 0 : opcode === OP.PUSHDATA1 ? 1 : opcode === OP.PUSHDATA2 ? 2 : 4;
  if (at + 1 + width > script.length) return null;
  let length = width === 0 ? opcode : 0;
  for (let i = 0; i < width; i++) length += (script[at + 1 + i] ?? 0) * 2 ** (8 * i);
  const start = at + 1 + width;
  if (start + length > script.length) return null;
  return { opcode, data: script.subarray(start, start + length), next: start + length };
}

/** All items, or null when the script does not parse to its end. */
export function itemsOf(script: Uint8Array, from = 0): Item[] | null {
  const items: Item[] = [];
  for (let at = from; at < script.length;) {
    const item = itemAt(script, at);
    if (!item) return null;
    items.push(item);
    at = item.next;
  }
  return items;
}

export function isPushOnly(script: Uint8Array, from = 0): boolean {
  return itemsOf(script, from)?.every((item) => item.opcode <= OP.OP_16) ?? false;
}

/** The shortest push of `data`, as BIP 62 rule 3 demands it. */
export function push(data: Uint8Array): Uint8Array {
  const only = data[0] ?? 0;
  if (data.length === 0) return Uint8Array.of(OP.OP_0);
  if (data.length === 1 && only >= 1 && only <= 16) return Uint8Array.of(OP.OP_1 + only - 1);
  if (data.length === 1 && only === 0x81) return Uint8Array.of(OP.NEGATE1);
  return pushPlain(data);
}

/** A push by length alone. */
export function pushPlain(data: Uint8Array): Uint8Array {
  const n = data.length;
  const head = n < OP.PUSHDATA1 ? [n] : n < 0x100 ? [OP.PUSHDATA1, n] : [OP.PUSHDATA2, n & 0xff, n >> 8];
  return concat(Uint8Array.from(head), data);
}

/** A number as a script pushes it (CScriptNum). */
export function encodeNumber(value: number): Uint8Array {
  const bytes: number[] = [];
  for (let rest = Math.abs(value); rest > 0; rest = Math.floor(rest / 256)) bytes.push(rest % 256);
  if ((bytes.at(-1) ?? 0) & 0x80) bytes.push(0);
  if (value < 0) bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) | 0x80;
  return Uint8Array.from(bytes);
}

/** What kind of output a script makes, named as bitcoind names it, with the hash, program or keys inside. */
export type Kind =
  | { readonly type: 'pubkeyhash' | 'scripthash' | 'pubkey'; readonly body: Uint8Array }
  | { readonly type: 'multisig'; readonly m: number; readonly keys: readonly Uint8Array[] }
  | {
      readonly type: 'witness_v0_keyhash' | 'witness_v0_scripthash' | 'witness_v1_taproot' | 'witness_unknown' | 'anchor';
      readonly version: number;
      readonly body: Uint8Array;
    }
  | { readonly type: 'nulldata' | 'nonstandard' };

export function kindOf(script: Uint8Array): Kind {
  const [first, second] = script;
  if (isScriptHash(script)) return { type: 'scripthash', body: script.subarray(2, 22) };
  const program = witnessProgram(script);
  if (program)
    return program.version === 0 && program.body.length !== 20 && program.body.length !== 32
      ? { type: 'nonstandard' }
      : { type: witnessType(program.version, program.body), ...program };
  if (first === OP.RETURN && isPushOnly(script, 1)) return { type: 'nulldata' };
  if (script.length === 25 && first === OP.DUP && second === OP.HASH160 && script[2] === 20 && script[23] === OP.EQUALVERIFY && script[24] === OP.CHECKSIG) {
    return { type: 'pubkeyhash', body: script.subarray(3, 23) };
  }
  if ((script.length === 35 || script.length === 67) && first === script.length - 2 && script.at(-1) === OP.CHECKSIG) {
    const body = script.subarray(1, -1);
    if (isKeyShaped(body)) return { type: 'pubkey', body };
  }
  return multisigOf(script) ?? { type: 'nonstandard' };
}

/** A BIP 141 program, or null. */
export function witnessProgram(script: Uint8Array): { readonly version: number; readonly body: Uint8Array } | null {
  const [first = 0xff, length] = script;
  if (script.length < 4 || script.length > 42 || (first !== 0 && (first < OP.OP_1 || first > OP.OP_16))) return null;
  return length === script.length - 2 ? { version: first === 0 ? 0 : first - OP.OP_1 + 1, body: script.subarray(2) } : null;
}

export function isScriptHash(script: Uint8Array): boolean {
  return script.length === 23 && script[0] === OP.HASH160 && script[1] === 20 && script[22] === OP.EQUAL;
}

/** Can never be spent: begins with OP_RETURN, or is larger than any script may be. */
export function isUnspendable(script: Uint8Array): boolean {
  return script[0] === OP.RETURN || script.length > 10_000;
}

export const p2pkh = (hash: Uint8Array): Uint8Array => concat(Uint8Array.of(OP.DUP, OP.HASH160, 20), hash, Uint8Array.of(OP.EQUALVERIFY, OP.CHECKSIG));
export const p2sh = (hash: Uint8Array): Uint8Array => concat(Uint8Array.of(OP.HASH160, 20), hash, Uint8Array.of(OP.EQUAL));
export const witnessScript = (version: number, body: Uint8Array): Uint8Array =>
  concat(Uint8Array.of(version === 0 ? 0 : OP.OP_1 + version - 1, body.length), body);

/** Legacy counting of signature checks; `accurate` reads the number of keys before CHECKMULTISIG. */
export function countSigops(script: Uint8Array, accurate: boolean): number {
  let count = 0;
  let last = 0xff;
  for (let at = 0; at < script.length;) {
    const item = itemAt(script, at);
    if (!item) return count;
    if (item.opcode === OP.CHECKSIG || item.opcode === OP.CHECKSIGVERIFY) count++;
    if (item.opcode === OP.CHECKMULTISIG || item.opcode === OP.CHECKMULTISIGVERIFY)
      count += accurate && last >= OP.OP_1 && last <= OP.OP_16 ? last - OP.OP_1 + 1 : 20;
    last = item.opcode;
    at = item.next;
  }
  return count;
}

function witnessType(version: number, body: Uint8Array): 'witness_v0_keyhash' | 'witness_v0_scripthash' | 'witness_v1_taproot' | 'witness_unknown' | 'anchor' {
  if (version === 0 && body.length === 20) return 'witness_v0_keyhash';
  if (version === 0 && body.length === 32) return 'witness_v0_scripthash';
  if (version === 1 && body.length === 32) return 'witness_v1_taproot';
  if (version === 1 && equal(body, Uint8Array.of(0x4e, 0x73))) return 'anchor';
  return 'witness_unknown';
}

function multisigOf(script: Uint8Array): Kind | null {
  if (script.at(-1) !== OP.CHECKMULTISIG) return null;
  const items = itemsOf(script);
  const m = numberOf(items?.[0]);
  const n = numberOf(items?.at(-2));
  const keys = items?.slice(1, -2).map((item) => item.data ?? new Uint8Array()) ?? [];
  if (m === null || n === null || m < 1 || m > n || keys.length !== n || !keys.every(isKeyShaped)) return null;
  return { type: 'multisig', m, keys };
}

function numberOf(item: Item | undefined): number | null {
  if (!item) return null;
  if (item.opcode >= OP.OP_1 && item.opcode <= OP.OP_16) return item.opcode - OP.OP_1 + 1;
  const [only = 0] = item.data ?? [];
  return item.data?.length === 1 && only > 16 && only <= 20 ? only : null;
}

/** Length and first byte agree (CPubKey::ValidSize); whether it is a point of the curve is not asked. */
export function isKeyShaped(key: Uint8Array): boolean {
  const [first] = key;
  return (key.length === 33 && (first === 2 || first === 3)) || (key.length === 65 && (first === 4 || first === 6 || first === 7));
}
