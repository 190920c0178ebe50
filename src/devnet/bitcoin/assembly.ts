import { fromDer } from '../../lib/key.js';
import { toHex } from '../../lib/bytes.js';
import { isUnspendable, itemAt, OP, type Item } from './script.js';
import { numberOf } from './stack.js';

/** From OP_NOP (0x61) to OP_NOP10 (0xb9), without their `OP_`. */
const NAMES =
  'NOP VER IF NOTIF VERIF VERNOTIF ELSE ENDIF VERIFY RETURN TOALTSTACK FROMALTSTACK 2DROP 2DUP 3DUP 2OVER 2ROT 2SWAP IFDUP DEPTH DROP DUP NIP OVER PICK ROLL ROT SWAP TUCK ' +
  'CAT SUBSTR LEFT RIGHT SIZE INVERT AND OR XOR EQUAL EQUALVERIFY RESERVED1 RESERVED2 1ADD 1SUB 2MUL 2DIV NEGATE ABS NOT 0NOTEQUAL ADD SUB MUL DIV MOD LSHIFT RSHIFT ' +
  'BOOLAND BOOLOR NUMEQUAL NUMEQUALVERIFY NUMNOTEQUAL LESSTHAN GREATERTHAN LESSTHANOREQUAL GREATERTHANOREQUAL MIN MAX WITHIN RIPEMD160 SHA1 SHA256 HASH160 HASH256 ' +
  'CODESEPARATOR CHECKSIG CHECKSIGVERIFY CHECKMULTISIG CHECKMULTISIGVERIFY NOP1 CHECKLOCKTIMEVERIFY CHECKSEQUENCEVERIFY NOP4 NOP5 NOP6 NOP7 NOP8 NOP9 NOP10 CHECKSIGADD';

const HASH_TYPES: Readonly<Record<number, string>> = {
  1: 'ALL',
  2: 'NONE',
  3: 'SINGLE',
  0x81: 'ALL|ANYONECANPAY',
  0x82: 'NONE|ANYONECANPAY',
  0x83: 'SINGLE|ANYONECANPAY',
};

/** A script as bitcoind writes it: short pushes as numbers, and with `signatures` the hash type behind each. */
export function coreAssembly(script: Uint8Array, signatures = false): string {
  return write(script, ({ opcode, data }) => {
    if (data) return data.length <= 4 ? String(numberOf(data, 4, false)) : signatures && !isUnspendable(script) ? signed(data) : toHex(data);
    if (opcode === OP.NEGATE1) return '-1';
    return opcode >= OP.OP_1 && opcode <= OP.OP_16 ? String(opcode - OP.RESERVED) : name(opcode);
  });
}

/** A script as Esplora writes it: the opcode of each push before its bytes. */
export function esploraAssembly(script: Uint8Array): string {
  return write(script, ({ opcode, data }) => {
    if (data?.length === 0 && opcode === 0) return 'OP_0';
    if (data) return `${opcode < OP.PUSHDATA1 ? `OP_PUSHBYTES_${opcode}` : `OP_PUSHDATA${2 ** (opcode - OP.PUSHDATA1)}`} ${toHex(data)}`;
    if (opcode === OP.NEGATE1) return 'OP_PUSHNUM_NEG1';
    if (opcode >= OP.OP_1 && opcode <= OP.OP_16) return `OP_PUSHNUM_${opcode - OP.RESERVED}`;
    return opcode === OP.CLTV ? 'OP_CLTV' : opcode === OP.CSV ? 'OP_CSV' : name(opcode);
  });
}

function write(script: Uint8Array, word: (item: Item) => string): string {
  const words: string[] = [];
  for (let at = 0; at < script.length;) {
    const item = itemAt(script, at);
    if (!item) return [...words, '[error]'].join(' ');
    words.push(word(item));
    at = item.next;
  }
  return words.join(' ');
}

function signed(data: Uint8Array): string {
  const type = HASH_TYPES[data.at(-1) ?? 0];
  try {
    fromDer(data.subarray(0, -1));
    return type === undefined ? toHex(data) : `${toHex(data.subarray(0, -1))}[${type}]`;
  } catch {
    return toHex(data);
  }
}

function name(opcode: number): string {
  const word = opcode === OP.RESERVED ? 'RESERVED' : opcode === 0xff ? 'INVALIDOPCODE' : NAMES.split(' ')[opcode - OP.NOP];
  return `OP_${word ?? 'UNKNOWN'}`;
}
