import { Psbt, Transaction } from 'bitcoinjs-lib';
import { concat, equal, fromHex, reversed, toHex } from '../../lib/bytes.js';
import type { CallOptions } from '../../lib/clock.js';
import { NamesteadError } from '../../lib/errors.js';
import { hash160 } from '../../lib/hash.js';
import { lowS, parsePublicKey, toDer, verifySignature, type PublicKey, type Signer } from '../../lib/key.js';
import { lockScript, p2pkhScript, redeemScript, type Lock } from './account.js';
import { outpoint, type Coin, type Draft } from './coin.js';
import type { TransactionSource } from './source.js';

/** A signed transaction, ready for the network. */
export interface Payment {
  readonly bytes: Uint8Array;
  /** Display hex. */
  readonly txid: string;
  /** Satoshi that the miner gets: the checked inputs less the outputs. */
  readonly fee: bigint;
}

const SIGHASH_ALL = 1;
/** Below 0xfffffffe a transaction may be replaced by one with a higher fee (BIP 125). */
const REPLACEABLE = 0xfffffffd;

/**
 * Signs a draft, input by input, with S made low (BIP 146). Each previous transaction is fetched first and must hash to its id and
 * hold the coin as claimed: a legacy signature does not cover the input's value, so a lying source could make the signer
 * burn it as fee. A signer sees digests; one that wants to see the transaction takes the PSBT ({@link preparePayment}).
 * @throws NamesteadError `TransactionMissing`, `TransactionMismatch`, `SignatureMissing`, `SignatureInvalid`, `Malformed`
 */
export async function signDraft(draft: Draft, signers: readonly Signer[], source: TransactionSource, options: CallOptions = {}): Promise<Payment> {
  await fetchPrevious(draft, source, options);
  const transaction = new Transaction();
  transaction.version = 2;
  for (const { txid, vout } of draft.inputs) transaction.addInput(reversed(fromHex(txid)), vout, REPLACEABLE);
  for (const { script, value } of draft.outputs) transaction.addOutput(script, value);
  for (const [index, coin] of draft.inputs.entries()) {
    const redeem = redeemScript(coin.lock);
    const { keys, required } = keysOf(coin.lock);
    const signatures = await signDigest(digestOf(transaction, index, coin), keys, required, signers, index);
    const unlocking = coin.lock.kind === 'p2sh-multisig' ? [new Uint8Array(), ...signatures] : [...signatures, ...keys];
    const segwit = coin.lock.kind === 'p2wpkh' || coin.lock.kind === 'p2sh-p2wpkh';
    if (segwit) transaction.setWitness(index, unlocking);
    transaction.setInputScript(index, concat(...[...(segwit ? [] : unlocking), ...(redeem ? [redeem] : [])].map(push)));
  }
  return { bytes: transaction.toBuffer(), txid: transaction.getId(), fee: draft.fee };
}

function keysOf(lock: Lock): { readonly keys: readonly PublicKey[]; readonly required: number } {
  return lock.kind === 'p2sh-multisig' ? { keys: lock.publicKeys, required: lock.required } : { keys: [lock.publicKey], required: 1 };
}

/** BIP 143 for segwit inputs, else the digest of old. */
function digestOf(transaction: Transaction, index: number, { lock, value }: Coin): Uint8Array {
  switch (lock.kind) {
    case 'p2pkh':
      return transaction.hashForSignature(index, lockScript(lock), SIGHASH_ALL);
    case 'p2sh-multisig':
      return transaction.hashForSignature(index, redeemScript(lock) ?? new Uint8Array(), SIGHASH_ALL);
    default:
      return transaction.hashForWitnessV0(index, p2pkhScript(hash160(lock.publicKey)), value, SIGHASH_ALL);
  }
}

/** Signatures in the order of the keys, as OP_CHECKMULTISIG wants them. */
async function signDigest(digest: Uint8Array, keys: readonly PublicKey[], required: number, signers: readonly Signer[], index: number): Promise<Uint8Array[]> {
  const signatures: Uint8Array[] = [];
  for (const key of keys) {
    const signer = signatures.length < required ? signers.find(({ publicKey }) => equal(publicKey, key)) : undefined;
    if (signer) signatures.push(concat(toDer(lowS(sixtyFour(await signer.sign(digest)))), Uint8Array.of(SIGHASH_ALL)));
  }
  if (signatures.length < required) throw missing(index, required, signatures.length);
  return signatures;
}

/** OP_0 stands for the empty push; no push here is longer than 520 bytes (BIP 16). */
function push(data: Uint8Array): Uint8Array {
  const { length } = data;
  return concat(length < 0x4c ? Uint8Array.of(length) : length < 0x100 ? Uint8Array.of(0x4c, length) : Uint8Array.of(0x4d, length & 0xff, length >> 8), data);
}

/**
 * Turns a draft into a PSBT (BIP 174) with every previous transaction in it, fetched and checked as in {@link signDraft}: for
 * multisig accounts whose keys lie apart, and for hardware wallets.
 * @returns the PSBT's bytes
 * @throws NamesteadError `TransactionMissing`, `TransactionMismatch`, `Malformed`
 */
export async function preparePayment(draft: Draft, source: TransactionSource, options: CallOptions = {}): Promise<Uint8Array> {
  const previous = await fetchPrevious(draft, source, options);
  const psbt = new Psbt();
  for (const { txid, vout, lock } of draft.inputs) {
    const redeem = redeemScript(lock);
    psbt.addInput({
      hash: reversed(fromHex(txid)),
      index: vout,
      sequence: REPLACEABLE,
      nonWitnessUtxo: previous.get(txid) ?? new Uint8Array(),
      ...(redeem && { redeemScript: redeem }),
    });
  }
  for (const { script, value } of draft.outputs) psbt.addOutput({ script, value });
  return psbt.toBuffer();
}

/**
 * Signs every input of a PSBT that one of the signers can sign, one after another, with S made low. Signed is what the PSBT says:
 * whoever has it from others reads its outputs first. Refused are signatures that leave outputs open (all but SIGHASH_ALL), and
 * inputs without their previous transaction, whose worth and so the fee would be the sender's word.
 * @throws NamesteadError `Malformed`, `SignatureInvalid`
 */
export async function signPayment(psbt: Uint8Array, signers: readonly Signer[]): Promise<Uint8Array> {
  const open = parsePsbt(psbt);
  for (let index = 0; index < open.inputCount; index++) {
    checkInput(open, index);
    for (const signer of signers) {
      if (isComplete(open, index) || !open.inputHasPubkey(index, signer.publicKey) || hasSigned(open, index, signer)) continue;
      await open.signInputAsync(index, { publicKey: signer.publicKey, sign: async (digest) => lowS(sixtyFour(await signer.sign(digest))) });
    }
  }
  return open.toBuffer();
}

function checkInput(psbt: Psbt, index: number): void {
  const { nonWitnessUtxo, witnessUtxo, finalScriptSig, finalScriptWitness, sighashType = SIGHASH_ALL } = psbt.data.inputs[index] ?? {};
  const hash = psbt.txInputs[index]?.hash ?? new Uint8Array();
  if (!nonWitnessUtxo || parsePrevious(nonWitnessUtxo, `input ${index}`).getId() !== toHex(reversed(hash)))
    throw new NamesteadError('Malformed', `input ${index} of the PSBT comes without the transaction it spends: ask for one made by preparePayment`);
  // Another worth beside the proved one, or a script already written, is somebody's word.
  const output = parsePrevious(nonWitnessUtxo, `input ${index}`).outs[psbt.txInputs[index]?.index ?? 0];
  const same = !witnessUtxo || (output?.value === witnessUtxo.value && equal(output.script, witnessUtxo.script));
  if (!same || finalScriptSig || finalScriptWitness)
    throw new NamesteadError(
      'Malformed',
      `input ${index} of the PSBT tells another worth, or holds a script: take the one made by preparePayment, and leave that party's out`,
    );
  if (sighashType !== SIGHASH_ALL)
    throw new NamesteadError(
      'SignatureInvalid',
      `input ${index} asks for a signature of kind ${sighashType}, which lets others change the transaction: only ${SIGHASH_ALL} (all) is given`,
    );
}

function checkSignatures(psbt: Psbt, index: number): void {
  const wrong = (why: string, cause?: unknown): NamesteadError =>
    new NamesteadError('SignatureInvalid', `a signature of input ${index} ${why}: have that party sign this PSBT again`, { cause });
  const all = signaturesOf(psbt, index).every(({ signature }) => signature.at(-1) === SIGHASH_ALL);
  if (!all) throw wrong('does not cover the whole transaction');
  let valid: boolean;
  try {
    valid = psbt.validateSignaturesOfInput(index, (key, digest, signature) => verifySignature(signature, digest, parsePublicKey(key)));
  } catch (cause) {
    throw wrong('cannot be read', cause);
  }
  if (!valid) throw wrong('is not of its key and this transaction');
}

/** Unites the signatures that several parties made on the same PSBT. @throws NamesteadError `Malformed` when they differ in more than signatures */
export function combinePayments(psbt: Uint8Array, ...others: readonly Uint8Array[]): Uint8Array {
  try {
    return parsePsbt(psbt)
      .combine(...others.map(parsePsbt))
      .toBuffer();
  } catch (cause) {
    throw new NamesteadError('Malformed', 'the PSBTs are not of one transaction', { cause });
  }
}

/**
 * Writes the signatures into the transaction, each verified: with a wrong one nodes would refuse it.
 * @throws NamesteadError `SignatureMissing` where an input has too few, `SignatureInvalid` for one that is not the key's, or signs less than all, `Malformed`
 */
export function finalizePayment(psbt: Uint8Array): Payment {
  const open = parsePsbt(psbt);
  for (let index = 0; index < open.inputCount; index++) {
    if (!isComplete(open, index)) throw missing(index, requiredOf(open, index), signaturesOf(open, index).length);
    checkInput(open, index);
    checkSignatures(open, index);
  }
  open.finalizeAllInputs();
  const transaction = open.extractTransaction(true);
  return { bytes: transaction.toBuffer(), txid: transaction.getId(), fee: open.getFee() };
}

/** Previous transactions by id, each checked against the coins it is to hold. */
async function fetchPrevious({ inputs }: Draft, source: TransactionSource, options: CallOptions): Promise<Map<string, Uint8Array>> {
  const fetched = new Map<string, Uint8Array>();
  for (const coin of inputs) {
    const bytes = fetched.get(coin.txid) ?? (await source.transaction(coin.txid, options));
    if (bytes === null)
      throw new NamesteadError('TransactionMissing', `${source.operator} lists the coin ${outpoint(coin)} but not its transaction: ask another source`);
    checkCoin(coin, bytes);
    fetched.set(coin.txid, bytes);
  }
  return fetched;
}

function checkCoin(coin: Coin, bytes: Uint8Array): void {
  const previous = parsePrevious(bytes, coin.txid);
  const output = previous.outs[coin.vout];
  if (previous.getId() !== coin.txid) throw new NamesteadError('TransactionMismatch', `the transaction given for ${coin.txid} hashes to another id`);
  if (output?.value !== coin.value)
    throw new NamesteadError('TransactionMismatch', `the coin ${outpoint(coin)} is not worth the ${coin.value} satoshi claimed`);
  if (!equal(output.script, lockScript(coin.lock)))
    throw new NamesteadError('TransactionMismatch', `the coin ${outpoint(coin)} lies at another script than claimed`);
}

function parsePrevious(bytes: Uint8Array, what: string): Transaction {
  try {
    return Transaction.fromBuffer(bytes);
  } catch (cause) {
    throw new NamesteadError('Malformed', `the bytes given for ${what} are not a transaction`, { cause });
  }
}

function parsePsbt(bytes: Uint8Array): Psbt {
  try {
    return Psbt.fromBuffer(bytes);
  } catch (cause) {
    throw new NamesteadError('Malformed', 'the bytes are not a PSBT (BIP 174)', { cause });
  }
}

function signaturesOf(psbt: Psbt, index: number): readonly { readonly pubkey: Uint8Array; readonly signature: Uint8Array }[] {
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

function missing(index: number, required: number, has: number): NamesteadError {
  return new NamesteadError(
    'SignatureMissing',
    `input ${index} needs ${required} signatures and has ${has}: sign with more keys, by PSBT where they lie apart`,
  );
}

function sixtyFour(signature: Uint8Array): Uint8Array {
  if (signature.length !== 64) throw new NamesteadError('SignatureInvalid', `the signer answered ${signature.length} bytes instead of r and s in 64`);
  return signature;
}
