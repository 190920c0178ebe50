import { equal } from '../../lib/bytes.js';
import { hash160, hash256, ripemd160, sha256 } from '../../lib/hash.js';
import { ScriptFailure, type FailureCode } from './errors.js';
import { encodeNumber, OP } from './script.js';
import { sha1 } from './sha1.js';

export type Stack = Uint8Array[];

export function pop(stack: Stack): Uint8Array {
  const top = stack.pop();
  if (!top) throw new ScriptFailure('INVALID_STACK');
  return top;
}

/** Anything but zero and negative zero. */
export function isTrue(bytes: Uint8Array | undefined): boolean {
  return bytes?.some((byte, i) => byte !== 0 && !(byte === 0x80 && i === bytes.length - 1)) ?? false;
}

/** CScriptNum of at most `most` bytes; `minimal` refuses padding. */
export function numberOf(bytes: Uint8Array | undefined, most: number, minimal: boolean): number {
  if (!bytes || bytes.length > most) throw new ScriptFailure('UNKNOWN');
  const last = bytes.at(-1) ?? 0;
  if (minimal && bytes.length > 0 && !(last & 0x7f) && !((bytes.at(-2) ?? 0) & 0x80)) throw new ScriptFailure('UNKNOWN');
  const size = bytes.reduce((sum, byte, i) => sum + (i === bytes.length - 1 ? byte & 0x7f : byte) * 2 ** (8 * i), 0);
  return last & 0x80 ? -size : size;
}

/** The opcodes that only move things; false when `opcode` is none of them. */
export function shuffling(stack: Stack, alt: Stack, opcode: number, minimal: boolean): boolean {
  const need = (n: number): void => demand(stack.length >= n, 'INVALID_STACK');
  const top = (depth: number): Uint8Array => stack.at(-depth) ?? new Uint8Array();
  const copies = (n: number, ...depths: number[]): void => {
    need(n);
    stack.push(...depths.map(top));
  };
  const lift = (depth: number): void => void stack.push(...stack.splice(-depth, 1));
  switch (opcode) {
    case OP.TOALTSTACK:
      alt.push(pop(stack));
      return true;
    case OP.FROMALTSTACK: {
      const item = alt.pop();
      if (!item) throw new ScriptFailure('INVALID_ALTSTACK');
      stack.push(item);
      return true;
    }
    case OP.DROP2:
      need(2);
      stack.splice(-2);
      return true;
    case OP.DUP2:
      copies(2, 2, 1);
      return true;
    case OP.DUP3:
      copies(3, 3, 2, 1);
      return true;
    case OP.OVER2:
      copies(4, 4, 3);
      return true;
    case OP.ROT2:
      need(6);
      stack.push(...stack.splice(-6, 2));
      return true;
    case OP.SWAP2:
      need(4);
      stack.push(...stack.splice(-4, 2));
      return true;
    case OP.IFDUP:
      need(1);
      if (isTrue(top(1))) stack.push(top(1));
      return true;
    case OP.DEPTH:
      stack.push(encodeNumber(stack.length));
      return true;
    case OP.DROP:
      pop(stack);
      return true;
    case OP.DUP:
      copies(1, 1);
      return true;
    case OP.NIP:
      need(2);
      stack.splice(-2, 1);
      return true;
    case OP.OVER:
      copies(2, 2);
      return true;
    case OP.PICK:
    case OP.ROLL: {
      need(2);
      const depth = numberOf(pop(stack), 4, minimal) + 1;
      demand(depth > 0 && depth <= stack.length, 'INVALID_STACK');
      if (opcode === OP.PICK) stack.push(top(depth));
      else lift(depth);
      return true;
    }
    case OP.ROT:
      need(3);
      lift(3);
      return true;
    case OP.SWAP:
      need(2);
      lift(2);
      return true;
    case OP.TUCK:
      need(2);
      stack.splice(-2, 0, top(1));
      return true;
    case OP.SIZE:
      need(1);
      stack.push(encodeNumber(top(1).length));
      return true;
    case OP.VERIFY:
      need(1);
      demand(isTrue(stack.at(-1)), 'VERIFY');
      stack.pop();
      return true;
    case OP.EQUAL:
    case OP.EQUALVERIFY: {
      need(2);
      const same = equal(pop(stack), pop(stack));
      if (opcode === OP.EQUAL) stack.push(encodeNumber(same ? 1 : 0));
      else demand(same, 'EQUALVERIFY');
      return true;
    }
    default:
      return false;
  }
}

/** The opcodes on numbers of at most four bytes; false when `opcode` is none of them. */
export function arithmetic(stack: Stack, opcode: number, minimal: boolean): boolean {
  const one = unary[opcode];
  const two = binary[opcode];
  const take = (n: number): number[] => {
    demand(stack.length >= n, 'INVALID_STACK');
    const numbers = stack.slice(-n).map((bytes) => numberOf(bytes, 4, minimal));
    stack.length -= n;
    return numbers;
  };
  if (one) {
    const [a = 0] = take(1);
    stack.push(encodeNumber(one(a)));
  } else if (two) {
    const [a = 0, b = 0] = take(2);
    stack.push(encodeNumber(Number(two(a, b))));
  } else if (opcode === OP.NUMEQUALVERIFY) {
    const [a, b] = take(2);
    demand(a === b, 'NUMEQUALVERIFY');
  } else if (opcode === OP.WITHIN) {
    const [x = 0, least = 0, most = 0] = take(3);
    stack.push(encodeNumber(x >= least && x < most ? 1 : 0));
  } else return false;
  return true;
}

const unary: Readonly<Record<number, (a: number) => number>> = {
  [OP.ADD1]: (a) => a + 1,
  [OP.SUB1]: (a) => a - 1,
  [OP.NEGATE]: (a) => -a,
  [OP.ABS]: (a) => Math.abs(a),
  [OP.NOT]: (a) => (a === 0 ? 1 : 0),
  [OP.NOTEQUAL0]: (a) => (a === 0 ? 0 : 1),
};

const binary: Readonly<Record<number, (a: number, b: number) => number | boolean>> = {
  [OP.ADD]: (a, b) => a + b,
  [OP.SUB]: (a, b) => a - b,
  [OP.BOOLAND]: (a, b) => a !== 0 && b !== 0,
  [OP.BOOLOR]: (a, b) => a !== 0 || b !== 0,
  [OP.NUMEQUAL]: (a, b) => a === b,
  [OP.NUMNOTEQUAL]: (a, b) => a !== b,
  [OP.LESS]: (a, b) => a < b,
  [OP.GREATER]: (a, b) => a > b,
  [OP.LESSEQ]: (a, b) => a <= b,
  [OP.GREATEREQ]: (a, b) => a >= b,
  [OP.MIN]: (a, b) => Math.min(a, b),
  [OP.MAX]: (a, b) => Math.max(a, b),
};

/** The hash opcodes; false when `opcode` is none of them. */
export function hashing(stack: Stack, opcode: number): boolean {
  const hash = hashes[opcode];
  if (!hash) return false;
  stack.push(hash(pop(stack)));
  return true;
}

const hashes: Readonly<Record<number, (bytes: Uint8Array) => Uint8Array>> = {
  [OP.RIPEMD160]: ripemd160,
  [OP.SHA1]: sha1,
  [OP.SHA256]: sha256,
  [OP.HASH160]: hash160,
  [OP.HASH256]: hash256,
};

function demand(condition: boolean, otherwise: FailureCode): void {
  if (!condition) throw new ScriptFailure(otherwise);
}
