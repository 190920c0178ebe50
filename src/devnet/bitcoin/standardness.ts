import { demand, type FindCoin } from './consensus.js';
import { countSigops, isPushOnly, isScriptHash, isUnspendable, itemsOf, kindOf, OP, witnessProgram } from './script.js';
import { compactSize, type Output, type Transaction } from '../../names/bitcoin/transaction.js';
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
  const data = outputs.filter(isStandardOutput);
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
  demand(kind.type !== 'pubkey', 'bare-pubkey');
  demand(kind.type !== 'multisig', 'bare-multisig');
  demand(output.value >= dustLimit(output), 'dust');
  return false;
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
    if (program.version !== 0 || program.body.length !== 32) continue;
    demand((witness.at(-1)?.length ?? 0) <= MAX_SCRIPT, 'bad-witness-script-size');
    demand(witness.length - 1 <= 100, 'bad-witness-stackitem-count');
    demand(witness.slice(0, -1).every((item) => item.length <= 80), 'bad-witness-stackitem-size');
  }
}

/** The last thing a push-only script leaves; null when it leaves nothing. */
function redeemOf(script: Uint8Array): Uint8Array | null {
  const last = itemsOf(script)?.at(-1);
  if (!last) return null;
  if (last.data) return last.data;
  return last.opcode === OP.NEGATE1 ? Uint8Array.of(0x81) : Uint8Array.of(last.opcode - OP.OP_1 + 1);
}
