import { equal } from '../../lib/bytes.js';
import { sha256 } from '../../lib/hash.js';
import { ScriptFailure, type FailureCode } from './errors.js';
import { checkEncoding, checkKeyEncoding, checkSignature, withoutSignature, type SigVersion } from './signature.js';
import type { Signing } from './sighash.js';
import { encodeNumber, isPushOnly, isScriptHash, itemAt, itemsOf, OP, p2pkh, push, pushPlain, witnessProgram, type Item } from './script.js';
import { arithmetic, hashing, isTrue, numberOf, pop, shuffling, type Stack } from './stack.js';

const MAX_PUSH = 520;

function mostPushed({ standard }: Context): number {
  return standard ? 256 : MAX_PUSH;
}

/** Where a script stands: what it signs, and whether policy is asked beside consensus. */
export interface Context {
  readonly signing: Omit<Signing, 'scriptCode'>;
  readonly standard: boolean;
}

/**
 * Runs the scripts and the witness of one input against the output it spends, by the rules of today's Bitcoin (P2SH, BIP 65, 66,
 * 112, 141, 143, 147) and, with `standard`, those a node demands before it relays.
 * @throws {@link ScriptFailure}
 */
export function verifyInput(context: Context, spent: Uint8Array): void {
  const input = context.signing.transaction.inputs[context.signing.index];
  if (!input) throw new TypeError('no such input');
  const { script, witness } = input;
  let stack: Stack = [];
  // BIP 110, as policy: nothing above 256 bytes is pushed but the script inside p2sh, which is 520 at most.
  if (context.standard)
    demand(
      pushesOf(script, isScriptHash(spent)).every((data) => data.length <= mostPushed(context)),
      'PUSH_SIZE',
    );
  run(script, stack, context, 'legacy', MAX_PUSH);
  const afterInput = [...stack];
  run(spent, stack, context, 'legacy');
  demand(isTrue(stack.at(-1)), 'EVAL_FALSE');
  const program = witnessProgram(spent);
  if (program) {
    demand(script.length === 0, 'WITNESS_MALLEATED');
    verifyProgram(context, program, witness, false);
    stack.length = 1;
  }
  let nested = null;
  if (isScriptHash(spent)) {
    demand(isPushOnly(script), 'SIG_PUSHONLY');
    stack = afterInput;
    const redeem = pop(stack);
    run(redeem, stack, context, 'legacy');
    demand(isTrue(stack.at(-1)), 'EVAL_FALSE');
    nested = witnessProgram(redeem);
    if (nested) {
      demand(equal(script, pushPlain(redeem)), 'WITNESS_MALLEATED_P2SH');
      verifyProgram(context, nested, witness, true);
      stack.length = 1;
    }
  }
  demand(!context.standard || stack.length === 1, 'CLEANSTACK');
  demand(program !== null || nested !== null || witness.length === 0, 'WITNESS_UNEXPECTED');
}

function pushesOf(script: Uint8Array, nested: boolean): Uint8Array[] {
  const pushes = itemsOf(script)?.map((item) => item.data ?? new Uint8Array()) ?? [];
  return nested ? pushes.slice(0, -1) : pushes;
}

function verifyProgram(
  context: Context,
  program: { readonly version: number; readonly body: Uint8Array },
  witness: readonly Uint8Array[],
  nested: boolean,
): void {
  const { version, body } = program;
  if (version === 0) {
    verifyVersion0(context, body, witness);
    return;
  }
  if (version === 1 && body.length === 32 && !nested) throw new ScriptFailure('TAPROOT');
  // BIP 141: unknown programs are left to the future, and not relayed until then; the two-byte anchor of version 1 is free to all.
  if (version === 1 && body.length === 2 && body[0] === 0x4e && body[1] === 0x73 && !nested) return;
  demand(!context.standard, 'UPGRADABLE_PROGRAM');
}

function verifyVersion0(context: Context, body: Uint8Array, witness: readonly Uint8Array[]): void {
  const stack = [...witness];
  let script: Uint8Array;
  if (body.length === 32) {
    demand(stack.length > 0, 'PROGRAM_EMPTY');
    script = pop(stack);
    demand(equal(sha256(script), body), 'PROGRAM_MISMATCH');
  } else {
    demand(body.length === 20, 'PROGRAM_LENGTH');
    demand(stack.length === 2, 'PROGRAM_MISMATCH');
    script = p2pkh(body);
  }
  demand(
    stack.every((item) => item.length <= mostPushed(context)),
    'PUSH_SIZE',
  );
  run(script, stack, context, 'witness');
  demand(stack.length === 1, 'CLEANSTACK');
  demand(isTrue(stack[0]), 'EVAL_FALSE');
}

/** One script on one stack. */
export function run(script: Uint8Array, stack: Stack, context: Context, version: SigVersion, maxPush = mostPushed(context)): void {
  demand(script.length <= 10_000, 'SCRIPT_SIZE');
  const machine: Machine = { script, stack, alt: [], context, version, branches: [], maxPush, separator: 0, operations: 0 };
  for (let at = 0; at < script.length;) {
    const item = itemAt(script, at);
    if (!item) throw new ScriptFailure('BAD_OPCODE');
    at = item.next;
    step(machine, item);
    demand(stack.length + machine.alt.length <= 1000, 'STACK_SIZE');
  }
  demand(machine.branches.length === 0, 'UNBALANCED');
}

interface Machine {
  readonly script: Uint8Array;
  readonly stack: Stack;
  readonly alt: Stack;
  readonly context: Context;
  readonly version: SigVersion;
  readonly branches: boolean[];
  readonly maxPush: number;
  separator: number;
  operations: number;
}

function step(machine: Machine, item: Item): void {
  const { stack, branches, context } = machine;
  const { opcode, data } = item;
  demand((data?.length ?? 0) <= machine.maxPush, 'PUSH_SIZE');
  if (opcode > OP.OP_16) demand(++machine.operations <= 201, 'OP_COUNT');
  demand(!isDisabled(opcode), 'DISABLED_OPCODE');
  if (opcode === OP.CODESEPARATOR && machine.version === 'legacy') demand(!context.standard, 'CODESEPARATOR');
  const live = branches.every(Boolean);
  if (live && data) {
    demand(!context.standard || isMinimal(item, data), 'MINIMALDATA');
    stack.push(data);
  } else if (opcode >= OP.IF && opcode <= OP.ENDIF) {
    branch(machine, opcode, live);
  } else if (live) {
    execute(machine, item);
  }
}

function branch({ stack, branches, context, version }: Machine, opcode: number, live: boolean): void {
  if (opcode === OP.VERIF || opcode === OP.VERNOTIF) throw new ScriptFailure('BAD_OPCODE');
  if (opcode === OP.ENDIF || opcode === OP.ELSE) {
    const last = branches.pop();
    if (last === undefined) throw new ScriptFailure('UNBALANCED');
    if (opcode === OP.ELSE) branches.push(!last);
    return;
  }
  if (!live) return void branches.push(false);
  demand(stack.length > 0, 'UNBALANCED');
  const condition = pop(stack);
  if (version === 'witness' && context.standard) demand(condition.length === 0 || (condition.length === 1 && condition[0] === 1), 'MINIMALIF');
  branches.push(isTrue(condition) === (opcode === OP.IF));
}

function execute(machine: Machine, { opcode, next }: Item): void {
  const { stack, alt, context } = machine;
  const { standard } = context;
  if (opcode === OP.NEGATE1 || (opcode >= OP.OP_1 && opcode <= OP.OP_16)) return void stack.push(encodeNumber(opcode - OP.OP_1 + 1));
  if (shuffling(stack, alt, opcode, standard) || arithmetic(stack, opcode, standard) || hashing(stack, opcode)) return;
  switch (opcode) {
    case OP.NOP:
      return;
    case OP.CLTV:
      lockTime(machine);
      return;
    case OP.CSV:
      relativeLockTime(machine);
      return;
    case OP.RETURN:
      throw new ScriptFailure('OP_RETURN');
    case OP.CODESEPARATOR:
      machine.separator = next;
      return;
    case OP.CHECKSIG:
      return void stack.push(bool(checkSig(machine)));
    case OP.CHECKSIGVERIFY:
      demand(checkSig(machine), 'CHECKSIGVERIFY');
      return;
    case OP.CHECKMULTISIG:
      return void stack.push(bool(checkMultisig(machine)));
    case OP.CHECKMULTISIGVERIFY:
      demand(checkMultisig(machine), 'CHECKMULTISIGVERIFY');
      return;
  }
  if (opcode < OP.NOP1 || opcode > OP.NOP10) throw new ScriptFailure('BAD_OPCODE');
  demand(!standard, 'NOPS');
}

function checkSig(machine: Machine): boolean {
  const { stack, context, version } = machine;
  const { standard } = context;
  demand(stack.length >= 2, 'INVALID_STACK');
  const key = pop(stack);
  const signature = pop(stack);
  const scriptCode = codeFor(machine, [signature]);
  checkEncoding(signature, standard);
  checkKeyEncoding(key, version, standard);
  const good = checkSignature(signature, key, { ...context.signing, scriptCode }, version);
  demand(good || !standard || signature.length === 0, 'SIG_NULLFAIL');
  return good;
}

function checkMultisig(machine: Machine): boolean {
  const { stack, context, version } = machine;
  const { standard } = context;
  const count = (most: number, otherwise: FailureCode): number => {
    demand(stack.length > 0, 'INVALID_STACK');
    const n = numberOf(pop(stack), 4, standard);
    demand(n >= 0 && n <= most, otherwise);
    demand(stack.length >= n + 1, 'INVALID_STACK');
    return n;
  };
  const n = count(20, 'PUBKEY_COUNT');
  machine.operations += n;
  demand(machine.operations <= 201, 'OP_COUNT');
  const keys = Array.from({ length: n }, () => pop(stack));
  const m = count(n, 'SIG_COUNT');
  const signatures = Array.from({ length: m }, () => pop(stack));
  const scriptCode = codeFor(machine, signatures);
  const good = matches(signatures, keys, (signature, key) => {
    checkEncoding(signature, standard);
    checkKeyEncoding(key, version, standard);
    return checkSignature(signature, key, { ...context.signing, scriptCode }, version);
  });
  demand(good || !standard || signatures.every((signature) => signature.length === 0), 'SIG_NULLFAIL');
  demand(stack.length > 0, 'INVALID_STACK');
  demand(pop(stack).length === 0, 'SIG_NULLDUMMY');
  return good;
}

/** Signatures stand in the order of their keys; the search goes on only while enough keys are left. */
function matches(signatures: readonly Uint8Array[], keys: readonly Uint8Array[], check: (signature: Uint8Array, key: Uint8Array) => boolean): boolean {
  let at = 0;
  for (let k = 0; at < signatures.length; k++) {
    const signature = signatures[at];
    const key = keys[k];
    if (!signature || !key) return false;
    if (check(signature, key)) at++;
    if (signatures.length - at > keys.length - k - 1) return false;
  }
  return true;
}

function codeFor({ script, separator, context, version }: Machine, signatures: readonly Uint8Array[]): Uint8Array {
  const code = script.subarray(separator);
  if (version === 'witness') return code;
  return signatures.reduce((rest, signature) => {
    const cut = withoutSignature(rest, signature);
    demand(cut.found === 0 || !context.standard, 'SIG_FINDANDDELETE');
    return cut.script;
  }, code);
}

/** BIP 65. */
function lockTime({ stack, context }: Machine): void {
  demand(stack.length > 0, 'INVALID_STACK');
  const wanted = numberOf(stack.at(-1), 5, context.standard);
  const { transaction, index } = context.signing;
  demand(wanted >= 0, 'NEGATIVE_LOCKTIME');
  const sameKind = transaction.lockTime < 500_000_000 === wanted < 500_000_000;
  demand(sameKind && wanted <= transaction.lockTime && transaction.inputs[index]?.sequence !== 0xffffffff, 'UNSATISFIED_LOCKTIME');
}

/** BIP 112. */
function relativeLockTime({ stack, context }: Machine): void {
  demand(stack.length > 0, 'INVALID_STACK');
  const wanted = numberOf(stack.at(-1), 5, context.standard);
  const { transaction, index } = context.signing;
  const sequence = transaction.inputs[index]?.sequence ?? 0;
  demand(wanted >= 0, 'NEGATIVE_LOCKTIME');
  if (Math.floor(wanted / 2 ** 31) % 2 === 1) return;
  const has = (bit: number, value: number): boolean => Math.floor(value / 2 ** bit) % 2 === 1;
  const met = transaction.version >>> 0 >= 2 && !has(31, sequence) && has(22, sequence) === has(22, wanted) && wanted % 0x10000 <= sequence % 0x10000;
  demand(met, 'UNSATISFIED_LOCKTIME');
}

function isMinimal(item: Item, data: Uint8Array): boolean {
  const shortest = push(data);
  return shortest[0] === item.opcode;
}

function isDisabled(opcode: number): boolean {
  return (opcode >= 0x7e && opcode <= 0x81) || (opcode >= 0x83 && opcode <= 0x86) || opcode === 0x8d || opcode === 0x8e || (opcode >= 0x95 && opcode <= 0x99);
}

function bool(value: boolean): Uint8Array {
  return value ? Uint8Array.of(1) : new Uint8Array();
}

function demand(condition: boolean, otherwise: FailureCode): void {
  if (!condition) throw new ScriptFailure(otherwise);
}
