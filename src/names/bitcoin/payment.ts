import { Psbt } from 'bitcoinjs-lib';
import { equal, fromHex, reversed } from '../../lib/bytes.js';
import type { CallOptions } from '../../lib/clock.js';
import { NamesteadError } from '../../lib/errors.js';
import { lowS, type Signer } from '../../lib/key.js';
import { redeemScript } from './account.js';
import { coinScript, outpoint, type Coin, type Draft } from './coin.js';
import type { TransactionSource } from './source.js';
import { parseTransaction, txidOf } from './transaction.js';

/** A signed transaction, ready for the network. */
export interface Payment {
  readonly bytes: Uint8Array;
  /** Display hex. */
  readonly txid: string;
  /** Satoshi that the miner gets: the checked inputs less the outputs. */
  readonly fee: bigint;
}

/**
 * Turns a draft into a PSBT (BIP 174) that names every spent output. Each previous transaction is fetched and must hash to
 * its id and hold the coin as claimed: a legacy signature does not cover the input's value, so a lying source could make
 * the signer burn it as fee.
 * @returns the PSBT's bytes, to be signed here or elsewhere
 * @throws NamesteadError `TransactionMissing`, `TransactionMismatch`, `Malformed`
 */
export async function preparePayment(draft: Draft, source: TransactionSource, options: CallOptions = {}): Promise<Uint8Array> {
  const psbt = new Psbt();
  const fetched = new Map<string, Uint8Array>();
  for (const coin of draft.inputs) {
    const bytes = fetched.get(coin.txid) ?? (await previousOf(coin, source, options));
    fetched.set(coin.txid, bytes);
    checkCoin(coin, bytes);
    const redeem = redeemScript(coin.lock);
    psbt.addInput({ hash: reversed(fromHex(coin.txid)), index: coin.vout, nonWitnessUtxo: bytes, ...(redeem && { redeemScript: redeem }) });
  }
  for (const { script, value } of draft.outputs) psbt.addOutput({ script, value });
  return psbt.toBuffer();
}

/**
 * Signs every input that one of the signers can sign, one after another, with S made low (BIP 146). A signer sees digests,
 * never a transaction; a hardware wallet that wants to see one takes the PSBT itself.
 * @throws NamesteadError `Malformed`, `SignatureInvalid`
 */
export async function signPayment(psbt: Uint8Array, signers: readonly Signer[]): Promise<Uint8Array> {
  const open = parsePsbt(psbt);
  for (let index = 0; index < open.inputCount; index++) {
    for (const signer of signers) {
      if (isComplete(open, index) || !open.inputHasPubkey(index, signer.publicKey) || hasSigned(open, index, signer)) continue;
      await open.signInputAsync(index, { publicKey: signer.publicKey, sign: async (digest) => lowS(sixtyFour(await signer.sign(digest))) });
    }
  }
  return open.toBuffer();
}

/** Unites the signatures that several parties made on the same PSBT. @throws NamesteadError `Malformed` when they differ in more than signatures */
export function combinePayments(psbt: Uint8Array, ...others: readonly Uint8Array[]): Uint8Array {
  try {
    return parsePsbt(psbt).combine(...others.map(parsePsbt)).toBuffer();
  } catch (cause) {
    throw new NamesteadError('Malformed', 'the PSBTs are not of one transaction', { cause });
  }
}

/**
 * Writes the signatures into the transaction.
 * @throws NamesteadError `SignatureMissing` where an input has too few, `Malformed`
 */
export function finalizePayment(psbt: Uint8Array): Payment {
  const open = parsePsbt(psbt);
  for (let index = 0; index < open.inputCount; index++) {
    if (!isComplete(open, index)) throw new NamesteadError('SignatureMissing', `input ${index} needs ${requiredOf(open, index)} signatures and has ${signaturesOf(open, index).length}: sign the PSBT with more keys`);
  }
  open.finalizeAllInputs();
  const bytes = open.extractTransaction(true).toBuffer();
  return { bytes, txid: txidOf(parseTransaction(bytes)), fee: open.getFee() };
}

async function previousOf(coin: Coin, source: TransactionSource, options: CallOptions): Promise<Uint8Array> {
  const bytes = await source.transaction(coin.txid, options);
  if (bytes === null) throw new NamesteadError('TransactionMissing', `${source.operator} lists the coin ${outpoint(coin)} but not its transaction: ask another source`);
  return bytes;
}

function checkCoin(coin: Coin, bytes: Uint8Array): void {
  const previous = parseTransaction(bytes);
  const output = previous.outputs[coin.vout];
  if (txidOf(previous) !== coin.txid) throw new NamesteadError('TransactionMismatch', `the transaction given for ${coin.txid} hashes to another id`);
  if (output?.value !== coin.value) throw new NamesteadError('TransactionMismatch', `the coin ${outpoint(coin)} is not worth the ${coin.value} satoshi claimed`);
  if (!equal(output.script, coinScript(coin))) throw new NamesteadError('TransactionMismatch', `the coin ${outpoint(coin)} lies at another script than claimed`);
}

function parsePsbt(bytes: Uint8Array): Psbt {
  try {
    return Psbt.fromBuffer(bytes);
  } catch (cause) {
    throw new NamesteadError('Malformed', 'the bytes are not a PSBT (BIP 174)', { cause });
  }
}

function signaturesOf(psbt: Psbt, index: number): readonly { readonly pubkey: Uint8Array }[] {
  return psbt.data.inputs[index]?.partialSig ?? [];
}

/** A multisig's redeem script begins with its threshold as OP_1..OP_16; everything else takes one signature. */
function requiredOf(psbt: Psbt, index: number): number {
  const first = psbt.data.inputs[index]?.redeemScript?.[0] ?? 0;
  return first > 0x50 ? first - 0x50 : 1;
}

function isComplete(psbt: Psbt, index: number): boolean {
  return signaturesOf(psbt, index).length >= requiredOf(psbt, index);
}

function hasSigned(psbt: Psbt, index: number, signer: Signer): boolean {
  return signaturesOf(psbt, index).some(({ pubkey }) => equal(pubkey, signer.publicKey));
}

function sixtyFour(signature: Uint8Array): Uint8Array {
  if (signature.length !== 64) throw new NamesteadError('SignatureInvalid', `the signer answered ${signature.length} bytes instead of r and s in 64`);
  return signature;
}
