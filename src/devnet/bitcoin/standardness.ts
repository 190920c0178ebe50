import { demand, type FindCoin } from './consensus.js';
import { hidesData, spareKeyBytes } from './datacarrier.js';
import { countSigops, isPushOnly, isScriptHash, isUnspendable, itemsOf, kindOf, OP, witnessProgram } from './script.js';
import { compactSize, type Input, type Output, type Transaction } from '../../names/bitcoin/transaction.js';
import { outpoint, type Tx } from './tx.js';

/** Satoshi per virtual byte that spending an output is thought to cost, for the dust limit. */
const DUST_RATE = 3n;
/** Of an OP_RETURN output's whole script: 80 bytes of data, their push and the opcode. */
const MAX_DATA_SCRIPT = 83;
const MAX_SCRIPT = 1650;
const MAX_WEIGHT = 400_000;
const MAX_P2SH_SIGOPS = 15;

/**
 * Whether a node relays the transaction, judged by itself: the policy of Bitcoin Core 29 as Bitcoin Knots narrows it by default.
 * @throws {@link Rejection} with bitcoind's reason
 */
export function checkStandard({ transaction, weight, strippedSize }: Tx): void {
  const { version, inputs, outputs, lockTime } = transaction;
  demand(version >= 1 && version <= 3, 'version');
  demand(weight <= MAX_WEIGHT, 'tx-size');
  demand(lockTime !== 21, 'parasite-cat21');
  for (const { script } of inputs) {
    demand(script.length <= MAX_SCRIPT, 'scriptsig-size');
    demand(isPushOnly(script), 'scriptsig-not-pushonly');
  }
  // The node looks from the last to the first, which decides the reason where there are several.
  const data = [...outputs].reverse().filter(isStandardOutput);
  demand(outputs.filter(isDust).length <= 1, 'dust');
  demand(data.length <= 1, 'multi-op-return');
  demand(data.length < outputs.length, 'bare-datacarrier');
  demand(strippedSize >= 65, 'tx-size-small');
}

/** Answers whether the output carries data only. */
function isStandardOutput(output: Output): boolean {
  const kind = kindOf(output.script);
  demand(output.script.length <= MAX_SCRIPT, 'scriptpubkey-size');
  demand(kind.type !== 'nonstandard' && !(kind.type === 'multisig' && kind.keys.length > 3), 'scriptpubkey');
  if (kind.type === 'nulldata') {
    demand(output.script.length <= MAX_DATA_SCRIPT, 'scriptpubkey');
    demand(output.script.length <= 2 || output.script[1] !== OP.OP_1 + 12, 'tokens-runes');
    return true;
  }
  if (isDust(output)) {
    demand(kind.type === 'anchor', 'dust-nonanchor');
    demand(output.value === 0n, 'dust-nonzero');
  }
  demand(kind.type !== 'pubkey', 'bare-pubkey');
  demand(kind.type !== 'multisig', 'bare-multisig');
  return false;
}

function isDust(output: Output): boolean {
  return output.value < dustLimit(output);
}

/** A zero anchor is relayed only where nothing is paid, with the child that pays, in a package: which this node does not take. @throws {@link Rejection} */
export function checkEphemeral({ outputs }: Transaction, fee: bigint): void {
  demand(fee === 0n || !outputs.some(isDust), 'dust', 'tx with dust output must be 0-fee');
}

/** No output script above 34 bytes, data above 83 (BIP 110, which Knots applies to what it relays). @throws {@link Rejection} */
export function checkOutputSizes({ outputs }: Transaction): void {
  demand(
    outputs.every(({ script }) => script.length <= (script[0] === OP.RETURN ? MAX_DATA_SCRIPT : 34)),
    'bad-txns-vout-script-toolarge',
  );
}

/** Data outside OP_RETURN, or more than its 83 bytes with the keys that nobody signs with. @throws {@link Rejection} */
export function checkData({ inputs, outputs }: Transaction, coins: FindCoin): void {
  const scripts = inputs.flatMap((input) => innerScript(input, coins(outpoint(input))?.script) ?? []);
  demand(!scripts.some(hidesData), 'txn-datacarrier-nonstandard');
  const carried = outputs.filter(({ script }) => script[0] === OP.RETURN).reduce((sum, { script }) => sum + script.length, 0);
  demand(scripts.reduce((sum, script) => sum + spareKeyBytes(script), carried) <= MAX_DATA_SCRIPT, 'txn-datacarrier-exceeded');
}

/** Weight added to a transaction so that such keys cost as much in a witness as outside. */
export function dataWeight({ inputs }: Transaction, coins: FindCoin): number {
  return inputs.reduce((sum, input) => {
    const script = input.witness.length > 0 ? innerScript(input, coins(outpoint(input))?.script) : null;
    return sum + (script ? 3 * spareKeyBytes(script) : 0);
  }, 0);
}

/** The script inside p2sh or p2wsh. */
function innerScript(input: Input, spent: Uint8Array = new Uint8Array()): Uint8Array | null {
  const redeem = isScriptHash(spent) ? redeemOf(input.script) : null;
  const program = witnessProgram(redeem ?? spent);
  if (!program) return redeem;
  return program.version === 0 && program.body.length === 32 ? (input.witness.at(-1) ?? null) : null;
}

/** The least value, in satoshi, that is worth spending at three satoshi a byte: 546 for p2pkh, 540 p2sh, 294 p2wpkh, 330 p2wsh. */
export function dustLimit({ script }: Pick<Output, 'script'>): bigint {
  if (isUnspendable(script)) return 0n;
  const spending = witnessProgram(script) ? 67 : 148;
  return DUST_RATE * BigInt(8 + compactSize(script.length).length + script.length + spending);
}

/** What a node asks of the outputs spent and of how. @throws {@link Rejection} */
export function checkStandardInputs(transaction: Transaction, coins: FindCoin): void {
  for (const input of transaction.inputs) {
    const spent = coins(outpoint(input))?.script ?? new Uint8Array();
    const { type } = kindOf(spent);
    demand(spent.length <= MAX_SCRIPT, 'bad-txns-input-script-size');
    demand(type !== 'nonstandard' && type !== 'nulldata', 'bad-txns-input-script-unknown');
    demand(type !== 'witness_unknown', 'bad-txns-input-witness-unknown');
    if (type !== 'scripthash') continue;
    const redeem = redeemOf(input.script);
    demand(itemsOf(input.script)?.every((item) => (item.data?.length ?? 0) <= 520) === true, 'bad-txns-input-scriptsig-failure');
    demand(redeem !== null, 'bad-txns-input-scriptcheck-missing');
    demand(redeem.length <= MAX_SCRIPT, 'bad-txns-input-scriptcheck-size');
    demand(countSigops(redeem, true) <= MAX_P2SH_SIGOPS, 'bad-txns-input-scriptcheck-sigops');
  }
}

/** Limits on witnesses, so that nobody can stuff them. @throws {@link Rejection} */
export function checkStandardWitness(transaction: Transaction, coins: FindCoin): void {
  for (const input of transaction.inputs) {
    const { witness } = input;
    if (witness.length === 0) continue;
    const spent = coins(outpoint(input))?.script ?? new Uint8Array();
    demand(kindOf(spent).type !== 'anchor', 'bad-witness-anchor-not-empty');
    const redeem = isScriptHash(spent) ? redeemOf(input.script) : spent;
    demand(redeem !== null, 'bad-witness-scriptcheck-missing');
    const program = witnessProgram(redeem);
    demand(program !== null, 'bad-witness-nonwitness-input');
    demand(witnessSize(witness) <= MAX_SCRIPT, 'bad-witness-witness-size');
    if (program.version !== 0 || program.body.length !== 32) continue;
    demand(witness.length - 1 <= 100, 'bad-witness-stackitem-count');
    demand(
      witness.slice(0, -1).every((item) => item.length <= 80),
      'bad-witness-stackitem-size',
    );
  }
}

function witnessSize(witness: readonly Uint8Array[]): number {
  return witness.reduce((sum, item) => sum + compactSize(item.length).length + item.length, compactSize(witness.length).length);
}

/** The last thing a push-only script leaves; null when it leaves nothing. */
function redeemOf(script: Uint8Array): Uint8Array | null {
  const last = itemsOf(script)?.at(-1);
  if (!last) return null;
  if (last.data) return last.data;
  return last.opcode === OP.NEGATE1 ? Uint8Array.of(0x81) : Uint8Array.of(last.opcode - OP.OP_1 + 1);
}
