import { ScriptFailure } from './errors.js';
import { encodeNumber, itemAt, kindOf, OP } from './script.js';
import { arithmetic, hashing, isTrue, shuffling, type Stack } from './stack.js';

/** Keys of a multisig that nobody signed with and that are still taken for keys. */
const SPARE_KEYS = 10;

/** Stands for what only the spender knows. */
const unknown = /* @__PURE__ */ new Uint8Array(1);

/**
 * Whether the script inside p2sh or p2wsh holds bytes that nothing reads: it does not parse, ends a branch that never began, pushes what the next
 * opcode drops, or has a branch that its own constants make unreachable. Bitcoin Knots relays none of these.
 */
export function hidesData(script: Uint8Array): boolean {
  const machine: Machine = { stack: Array.from({ length: 100 }, () => unknown), alt: [], lost: false };
  /** Of each open branch whether it runs; null: who knows. */
  const branches: (boolean | null)[] = [];
  let pushed = false;
  for (let at = 0; at < script.length;) {
    const item = itemAt(script, at);
    if (!item) return true;
    at = item.next;
    const { opcode } = item;
    if (opcode === OP.RETURN && branches.length === 0) return false;
    if (pushed && (opcode === OP.DROP || opcode === OP.DROP2)) return true;
    pushed = opcode <= OP.OP_16 && opcode !== OP.RESERVED;
    if (opcode === OP.IF || opcode === OP.NOTIF) {
      const guard = guardOf(machine);
      branches.push(guard === null ? null : guard === (opcode === OP.IF));
    } else if (opcode === OP.ELSE || opcode === OP.ENDIF) {
      const live = branches.pop();
      if (live === false || (live === undefined && opcode === OP.ENDIF)) return true;
      if (live === null) machine.lost = true;
      // After a live branch the other is dead; an ELSE without IF begins nothing.
      if (opcode === OP.ELSE && live !== undefined) branches.push(live === null ? null : false);
    } else step(machine, opcode, item.data);
  }
  return false;
}

/** Bytes of keys, beyond ten, that a multisig of `m` names and nobody signs with. */
export function spareKeyBytes(script: Uint8Array): number {
  const kind = kindOf(script);
  if (kind.type !== 'multisig') return 0;
  return kind.keys.slice(0, Math.max(0, kind.keys.length - kind.m - SPARE_KEYS)).reduce((sum, key) => sum + key.length, 0);
}

interface Machine {
  readonly stack: Stack;
  readonly alt: Stack;
  /** Which branch ran is not known, so nothing on the stack is. */
  lost: boolean;
}

function guardOf({ stack, lost }: Machine): boolean | null {
  const guard = stack.pop();
  return lost || guard === undefined || guard === unknown ? null : isTrue(guard);
}

/** Moves constants as the script would; whatever depends on the spender becomes unknown. */
function step(machine: Machine, opcode: number, data: Uint8Array | null): void {
  const { stack, alt } = machine;
  if (data) return void stack.push(data);
  if (opcode === OP.NEGATE1 || (opcode >= OP.OP_1 && opcode <= OP.OP_16)) return void stack.push(encodeNumber(opcode - OP.OP_1 + 1));
  if (opcode === OP.NOP || (opcode >= OP.NOP1 && opcode <= OP.NOP10)) return;
  const reads = stack.slice(-readsOf(opcode));
  if (readsOf(opcode) > 0 && reads.includes(unknown)) {
    stack.length -= reads.length;
    if (!VERIFIES.has(opcode)) stack.push(unknown);
    return;
  }
  try {
    if (!shuffling(stack, alt, opcode, true) && !arithmetic(stack, opcode, true) && !hashing(stack, opcode)) machine.lost = true;
  } catch (error) {
    if (!(error instanceof ScriptFailure)) throw error;
    machine.lost = true;
  }
}

const VERIFIES: ReadonlySet<number> = /* @__PURE__ */ new Set([OP.VERIFY, OP.EQUALVERIFY, OP.NUMEQUALVERIFY]);

/** How many items an opcode looks into, other than by moving them. */
function readsOf(opcode: number): number {
  if (opcode === OP.WITHIN) return 3;
  if (opcode === OP.EQUAL || opcode === OP.EQUALVERIFY || (opcode >= OP.ADD && opcode <= OP.MAX)) return 2;
  if (opcode === OP.VERIFY || (opcode >= OP.ADD1 && opcode <= OP.NOTEQUAL0) || (opcode >= OP.RIPEMD160 && opcode <= OP.HASH256)) return 1;
  return 0;
}
