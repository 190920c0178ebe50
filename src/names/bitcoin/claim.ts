import { fromHex, toHex } from '../../lib/bytes.js';
import { hash160 } from '../../lib/hash.js';
import { epochAt } from './epoch.js';
import type { Network } from './network.js';
import { decodeOperation, opcodeOf, type Opcode, type Operation } from './operation.js';
import { addressOfScript, classifyScript, nulldataOf, pushedKey } from './script.js';
import type { Output, Transaction } from './transaction.js';

/** A transaction as it stands in a block, with the outputs its inputs spend (null: none known, as for a coinbase). */
export interface Candidate {
  /** Its place in the block; 0 is the coinbase. */
  readonly index: number;
  /** Display hex. */
  readonly txid: string;
  readonly transaction: Transaction;
  readonly previous: readonly (Output | null)[];
}

/** Who sends or gets: an output script in hex and its address, version 0 or 5. */
export interface Party {
  readonly script: string;
  readonly address: string;
}

/** What a transaction asks for, read from its bytes alone: whether it is granted is up to the rules. */
export interface Claim<T extends Operation = Operation> {
  readonly height: number;
  readonly index: number;
  readonly txid: string;
  readonly operation: T;
  readonly sender: Party;
  /** The sender's public key as its input shows it, hex; null for scripts other than p2pkh. */
  readonly senderKey: string | null;
  /** The owner of a registration, renewal or import, the recipient of a transfer or reveal. */
  readonly recipient: Party | null;
  /** Satoshi paid, and to whom. */
  readonly payment: { readonly satoshi: number; readonly address: string } | null;
  /** The zone file's hash of an import. */
  readonly valueHash: string | null;
}

/** How the outputs of each operation are laid; BNS (a.4). `checked` outputs must be OP_RETURN, p2pkh or p2sh. */
interface Layout {
  readonly least: number;
  readonly most: number;
  readonly checked: number;
  readonly recipient?: number;
  readonly payment?: number;
  readonly valueHash?: number;
}

const anyOutputs: Layout = { least: 1, most: Infinity, checked: 0 };
const layouts: Readonly<Record<Opcode, Layout>> = {
  NAME_PREORDER: { least: 3, most: 3, checked: 3, payment: 2 },
  NAME_REGISTRATION: { least: 2, most: 3, checked: 2, recipient: 1 },
  NAME_RENEWAL: { least: 4, most: Infinity, checked: 2, recipient: 1, payment: 3 },
  NAME_UPDATE: anyOutputs,
  NAME_TRANSFER: { least: 2, most: Infinity, checked: 2, recipient: 1 },
  NAME_REVOKE: anyOutputs,
  NAME_IMPORT: { least: 3, most: Infinity, checked: 3, recipient: 1, valueHash: 2 },
  NAMESPACE_PREORDER: { least: 3, most: Infinity, checked: 3, payment: 2 },
  NAMESPACE_REVEAL: { least: 3, most: 3, checked: 2, recipient: 1 },
  NAMESPACE_READY: anyOutputs,
  ANNOUNCE: anyOutputs,
  TOKEN_TRANSFER: { least: 2, most: Infinity, checked: 2, recipient: 1 },
};

/** What reading a claim costs most; the fold remembers what it reckoned before. */
export interface Reckoner {
  /** The address of a script in hex, version 0 or 5; null when it has none. */
  addressOf(script: string): string | null;
  /** The hash of a public key, both in hex. */
  hash160Of(key: string): string;
}

export const plainReckoner: Reckoner = {
  addressOf: (script) => addressOfScript(fromHex(script)),
  hash160Of: (key) => toHex(hash160(fromHex(key))),
};

/** Whether a transaction carries the network's magic and a known opcode, so that its previous outputs are worth fetching. */
export function isCandidate(transaction: Transaction, network: Pick<Network, 'magic'>): boolean {
  const data = nulldataOf(transaction.outputs);
  return data !== null && opcodeOf(data, network.magic) !== null;
}

/** Reads the claim of a transaction at `height`; null: it makes none, and BNS ignores it; BNS (a.3), (a.4), (c.1). */
export function readClaim(candidate: Candidate, height: number, network: Network, reckoner: Reckoner = plainReckoner): Claim | null {
  const { transaction, index, txid } = candidate;
  const { outputs } = transaction;
  const data = nulldataOf(outputs);
  const operation = data && decodeOperation(data, { magic: network.magic, epoch: epochAt(network, height).number, outputs: outputs.length });
  const sender = operation && senderOf(candidate, reckoner);
  const terms = operation && sender && readOutputs(outputs, layouts[operation.opcode], reckoner);
  return terms ? { height, index, txid, operation, sender, senderKey: keyOf(candidate, sender, reckoner), ...terms } : null;
}

/** The first input is the sender, and every input must spend p2pkh or p2sh: one of another form voids the transaction; BNS (a.4). */
function senderOf({ previous, transaction }: Candidate, reckoner: Reckoner): Party | null {
  if (previous.length !== transaction.inputs.length || !previous.every((output) => output !== null && isParty(output))) return null;
  return partyOf(previous[0], reckoner);
}

function isParty({ script }: Output): boolean {
  const type = classifyScript(script);
  return type === 'p2pkh' || type === 'p2sh';
}

function partyOf(output: Output | null | undefined, { addressOf }: Reckoner): Party | null {
  if (!output || !isParty(output)) return null;
  const script = toHex(output.script);
  const address = addressOf(script);
  return address === null ? null : { script, address };
}

/** The first key any input shows that hashes to a p2pkh sender; BNS (a.4). */
function keyOf({ transaction }: Candidate, sender: Party, { hash160Of }: Reckoner): string | null {
  if (!sender.script.startsWith('76a914')) return null;
  for (const { script } of transaction.inputs) {
    const key = pushedKey(script);
    if (key !== null && isShapedKey(key) && hash160Of(key) === sender.script.slice(6, 46)) return key;
  }
  return null;
}

/** Whether the key exists on the curve needs no look: the spend it signed is in a block. */
function isShapedKey(key: string): boolean {
  return key.length === 66 ? key.startsWith('02') || key.startsWith('03') : key.length === 130 && key.startsWith('04');
}

function readOutputs(outputs: readonly Output[], layout: Layout, reckoner: Reckoner): Pick<Claim, 'recipient' | 'payment' | 'valueHash'> | null {
  if (outputs.length < layout.least || outputs.length > layout.most) return null;
  if (!outputs.slice(0, layout.checked).every((output) => ['nulldata', 'p2pkh', 'p2sh'].includes(classifyScript(output.script) ?? ''))) return null;
  const { recipient: to, payment: fee, valueHash: hashed } = layout;
  const recipient = to === undefined ? null : partyOf(outputs[to], reckoner);
  const payment = fee === undefined ? null : paymentOf(outputs[fee], reckoner);
  const valueHash = hashed === undefined ? null : hashIn(outputs[hashed]);
  const lacks = (to !== undefined && !recipient) || (fee !== undefined && !payment) || (hashed !== undefined && !valueHash);
  return lacks ? null : { recipient, payment, valueHash };
}

/** More than there are bitcoins is in no block; read from elsewhere it must not reach the sums. */
const MAX_MONEY = 2_100_000_000_000_000n;

function paymentOf(output: Output | undefined, reckoner: Reckoner): Claim['payment'] {
  const party = partyOf(output, reckoner);
  return output && party && output.value <= MAX_MONEY ? { satoshi: Number(output.value), address: party.address } : null;
}

/** An import carries its zone file's hash as that of a p2pkh address; BNS (a.4). */
function hashIn(output: Output | undefined): string | null {
  return output && classifyScript(output.script) === 'p2pkh' ? toHex(output.script.subarray(3, 23)) : null;
}
