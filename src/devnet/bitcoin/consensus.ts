import { concat, equal, reversed, toHex } from '../../lib/bytes.js';
import { isNamesteadError } from '../../lib/errors.js';
import { hash256 } from '../../lib/hash.js';
import { merkleRoot } from '../../lib/merkle.js';
import { targetOf, type Header } from '../../names/bitcoin/header.js';
import type { Transaction } from '../../names/bitcoin/transaction.js';
import { Rejection, ScriptFailure } from './errors.js';
import { verifyInput } from './interpreter.js';
import { countSigops, encodeNumber, isPushOnly, isScriptHash, itemsOf, push, witnessProgram } from './script.js';
import { blockOf, inner, isCoinbase, isNull, outpoint, txOf, type Block, type Tx } from './tx.js';

/** An unspent output. */
export interface Coin {
  readonly value: bigint;
  readonly script: Uint8Array;
  readonly height: number;
  readonly coinbase: boolean;
}

/** The coin at an outpoint, or null. */
export type FindCoin = (outpoint: string) => Coin | null;

export const MAX_MONEY = 2_100_000_000_000_000n;
export const COINBASE_MATURITY = 100;
export const REGTEST_BITS = 0x207fffff;
const MAX_WEIGHT = 4_000_000;
const MAX_PASSED = 20_000;
const LOCKTIME_THRESHOLD = 500_000_000;
/** OP_RETURN, a push of 36 bytes, and BIP 141's four. */
const COMMITMENT = /* @__PURE__ */ Uint8Array.of(0x6a, 0x24, 0xaa, 0x21, 0xa9, 0xed);

export function demand(condition: boolean, reason: string, debug?: string): asserts condition {
  if (!condition) throw new Rejection(reason, debug);
}

/** Regtest halves every 150 blocks. */
export function subsidyAt(height: number): bigint {
  return 5_000_000_000n >> BigInt(Math.min(63, Math.floor(height / 150)));
}

/** What can be said of a transaction alone. @throws {@link Rejection} */
export function checkTransaction({ transaction, strippedSize }: Tx): void {
  const { inputs, outputs } = transaction;
  demand(outputs.length > 0, 'bad-txns-vout-empty');
  demand(strippedSize * 4 <= MAX_WEIGHT, 'bad-txns-oversize');
  let sum = 0n;
  for (const { value } of outputs) {
    demand(value < 1n << 63n, 'bad-txns-vout-negative');
    demand(value <= MAX_MONEY, 'bad-txns-vout-toolarge');
    demand((sum += value) <= MAX_MONEY, 'bad-txns-txouttotal-toolarge');
  }
  demand(new Set(inputs.map(outpoint)).size === inputs.length, 'bad-txns-inputs-duplicate');
  if (isCoinbase(transaction)) demand(isBetween(inputs[0]?.script.length ?? 0, 2, 100), 'bad-cb-length');
  else demand(!inputs.some(isNull), 'bad-txns-prevout-null');
}

/** The fee. `height` is that of the block that would hold it. @throws {@link Rejection} */
export function checkInputs(tx: Tx, coins: FindCoin, height: number): bigint {
  let sum = 0n;
  for (const input of tx.transaction.inputs) {
    const coin = coins(outpoint(input));
    demand(coin !== null, 'bad-txns-inputs-missingorspent', `CheckTxInputs: inputs missing/spent`);
    const depth = height - coin.height;
    demand(!coin.coinbase || depth >= COINBASE_MATURITY, 'bad-txns-premature-spend-of-coinbase', `tried to spend coinbase at depth ${depth}`);
    sum += coin.value;
    demand(coin.value <= MAX_MONEY && sum <= MAX_MONEY, 'bad-txns-inputvalues-outofrange');
  }
  const out = tx.transaction.outputs.reduce((total, output) => total + output.value, 0n);
  demand(sum >= out, 'bad-txns-in-belowout', `value in (${money(sum)}) < value out (${money(out)})`);
  return sum - out;
}

/** BIP 113: judged by the median time past of the block before. */
export function isFinal(transaction: Transaction, height: number, medianTime: number): boolean {
  const { lockTime, inputs } = transaction;
  return lockTime === 0 || lockTime < (lockTime < LOCKTIME_THRESHOLD ? height : medianTime) || inputs.every((input) => input.sequence === 0xffffffff);
}

/** BIP 68. `coinTime` answers the median time past of the block before the one that made the coin. */
export function isSequenceMet(transaction: Transaction, coins: FindCoin, height: number, medianTime: number, coinTime: (height: number) => number): boolean {
  if (transaction.version >>> 0 < 2) return true;
  return transaction.inputs.every((input) => {
    const coin = coins(outpoint(input));
    if (!coin || input.sequence >>> 31) return true;
    const wait = input.sequence & 0xffff;
    return input.sequence & (1 << 22) ? coinTime(coin.height) + wait * 512 - 1 < medianTime : coin.height + wait - 1 < height;
  });
}

/** BIP 141: legacy signature checks count four, those of witness programs one. */
export function sigopCost({ transaction }: Tx, coins: FindCoin): number {
  let cost = 4 * legacySigops(transaction);
  if (isCoinbase(transaction)) return cost;
  for (const input of transaction.inputs) {
    const spent = coins(outpoint(input))?.script ?? new Uint8Array();
    const redeem = isScriptHash(spent) && isPushOnly(input.script) ? (itemsOf(input.script)?.at(-1)?.data ?? new Uint8Array()) : null;
    if (redeem) cost += 4 * countSigops(redeem, true);
    const program = witnessProgram(redeem ?? spent);
    if (program?.version === 0) cost += program.body.length === 20 ? 1 : countSigops(input.witness.at(-1) ?? new Uint8Array(), true);
  }
  return cost;
}

export function legacySigops({ inputs, outputs }: Transaction): number {
  return [...inputs, ...outputs].reduce((sum, { script }) => sum + countSigops(script, false), 0);
}

/**
 * Runs every input's scripts, by policy for the mempool, by consensus for a block. `passed` keeps the ids (with witness) of those that held by policy, the
 * stricter of the two: an id fixes the scripts, the coins and so the outcome.
 * @throws {@link Rejection}
 */
export function checkScripts(tx: Tx, coins: FindCoin, where: 'mempool' | 'block', passed: Set<string>): void {
  if (passed.has(tx.wtxid)) return;
  tx.transaction.inputs.forEach((input, index) => {
    const coin = coins(outpoint(input));
    demand(coin !== null, 'bad-txns-inputs-missingorspent');
    try {
      verifyInput({ signing: { transaction: tx.transaction, index, value: coin.value }, standard: where === 'mempool' }, coin.script);
    } catch (error) {
      if (!(error instanceof ScriptFailure)) throw error;
      throw new Rejection(
        `${where === 'block' ? 'mandatory' : 'mempool'}-script-verify-flag-failed (${error.message})`,
        `input ${index} of ${tx.txid} (wtxid ${tx.wtxid}), spending ${outpoint(input)}`,
      );
    }
  });
  if (where !== 'mempool') return;
  if (passed.size >= MAX_PASSED) passed.clear();
  passed.add(tx.wtxid);
}

/** The header alone. @throws {@link Rejection} */
export function checkWork(header: Header): void {
  let target = -1n;
  try {
    target = targetOf(header.bits, targetOf(REGTEST_BITS));
  } catch (error) {
    if (!isNamesteadError(error, 'HeaderBits')) throw error;
  }
  demand(BigInt('0x' + header.hash) <= target, 'high-hash', 'proof of work failed');
}

/** The header in its place. @throws {@link Rejection} */
export function checkHeader(header: Header, previous: { readonly medianTime: number }, now: number): void {
  const version = `0x${(header.version >>> 0).toString(16).padStart(8, '0')}`;
  demand(header.bits === REGTEST_BITS, 'bad-diffbits', 'incorrect proof of work');
  demand(header.time > previous.medianTime, 'time-too-old', "block's timestamp is too early");
  demand(header.time <= now + 7200, 'time-too-new', 'block timestamp too far in the future');
  demand(header.version >= 4, `bad-version(${version})`, `rejected nVersion=${version} block`);
}

/** A whole block but for its inputs. @throws {@link Rejection} */
export function checkBlock({ transactions, strippedSize, weight }: Block, header: Header, height: number, medianTime: number): void {
  demand(transactions.length > 0, 'bad-blk-length', 'size limits failed');
  demand(rootOf(transactions) === header.merkleRoot, 'bad-txnmrklroot', 'hashMerkleRoot mismatch');
  demand(!hasMutation(transactions), 'bad-txns-duplicate', 'duplicate transaction');
  demand(strippedSize * 4 <= MAX_WEIGHT && transactions.length * 4 <= MAX_WEIGHT, 'bad-blk-length', 'size limits failed');
  transactions.forEach((tx, i) =>
    demand(
      isCoinbase(tx.transaction) === (i === 0),
      i === 0 ? 'bad-cb-missing' : 'bad-cb-multiple',
      i === 0 ? 'first tx is not coinbase' : 'more than one coinbase',
    ),
  );
  transactions.forEach(checkTransaction);
  demand(4 * transactions.reduce((sum, tx) => sum + legacySigops(tx.transaction), 0) <= 80_000, 'bad-blk-sigops', 'out-of-bounds SigOpCount');
  demand(
    transactions.every((tx) => isFinal(tx.transaction, height, medianTime)),
    'bad-txns-nonfinal',
    'non-final transaction',
  );
  const claim = transactions[0]?.transaction.inputs[0]?.script ?? new Uint8Array();
  const heightPush = push(encodeNumber(height));
  demand(equal(claim.subarray(0, heightPush.length), heightPush), 'bad-cb-height', 'block height mismatch in coinbase');
  checkCommitment(transactions);
  demand(weight <= MAX_WEIGHT, 'bad-blk-weight', 'ContextualCheckBlock : weight limit failed');
}

/** `submitblock` gives a coinbase that commits to witnesses, and has none, the 32 zero bytes that miners leave out. */
export function withNonce(block: Block): Block {
  const [coinbase, ...others] = block.transactions;
  const [input] = coinbase?.transaction.inputs ?? [];
  if (!coinbase || !input || input.witness.length > 0 || !isCoinbase(coinbase.transaction) || commitmentOf(coinbase) === null) return block;
  return blockOf(block.header, [txOf({ ...coinbase.transaction, inputs: [{ ...input, witness: [new Uint8Array(32)] }] }), ...others]);
}

function commitmentOf(coinbase: Tx): Uint8Array | null {
  return (
    coinbase.transaction.outputs
      .filter(({ script }) => script.length >= 38 && equal(script.subarray(0, 6), COMMITMENT))
      .at(-1)
      ?.script.subarray(6, 38) ?? null
  );
}

/** BIP 141. */
function checkCommitment(transactions: readonly Tx[]): void {
  const [coinbase] = transactions;
  const committed = coinbase ? commitmentOf(coinbase) : null;
  if (!committed) {
    demand(
      transactions.every((tx) => tx.txid === tx.wtxid),
      'unexpected-witness',
      'ContextualCheckBlock : unexpected witness data found',
    );
    return;
  }
  const witness = coinbase?.transaction.inputs[0]?.witness ?? [];
  const [nonce = new Uint8Array()] = witness;
  demand(witness.length === 1 && nonce.length === 32, 'bad-witness-nonce-size', 'ContextualCheckBlock : invalid witness reserved value size');
  demand(equal(committed, commitmentHash(transactions, nonce)), 'bad-witness-merkle-match', 'ContextualCheckBlock : witness merkle commitment mismatch');
}

function commitmentHash(transactions: readonly Tx[], nonce: Uint8Array): Uint8Array {
  return hash256(concat(merkleRoot(transactions.map((tx, i) => (i === 0 ? new Uint8Array(32) : inner(tx.wtxid)))), nonce));
}

/** The output script of a coinbase that commits to the block's witnesses. The coinbase itself counts as zeros. */
export function commitmentScript(transactions: readonly Tx[]): Uint8Array {
  return concat(COMMITMENT, commitmentHash(transactions, new Uint8Array(32)));
}

export function rootOf(transactions: readonly Tx[]): string {
  return toHex(reversed(merkleRoot(transactions.map((tx) => inner(tx.txid)))));
}

/** CVE-2012-2459: a row that ends in the same pair twice has the root of one that does not. */
function hasMutation(transactions: readonly Tx[]): boolean {
  let row = transactions.map((tx) => tx.txid);
  for (; row.length > 1; row = Array.from({ length: Math.ceil(row.length / 2) }, (_, i) => `${row[2 * i] ?? ''}${row[2 * i + 1] ?? row[2 * i] ?? ''}`)) {
    for (let i = 0; i + 1 < row.length; i += 2) if (row[i] === row[i + 1]) return true;
  }
  return false;
}

export function btc(value: bigint): string {
  const digits = (value < 0n ? -value : value).toString().padStart(9, '0');
  return `${value < 0n ? '-' : ''}${digits.slice(0, -8)}.${digits.slice(-8)}`;
}

/** As bitcoind writes it in sentences: two digits at least. */
export function money(value: bigint): string {
  return btc(value).replace(/0{1,6}$/, '');
}

function isBetween(value: number, least: number, most: number): boolean {
  return value >= least && value <= most;
}
