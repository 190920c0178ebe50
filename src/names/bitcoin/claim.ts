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

/** The address of a script in hex; null when it has none. */
type AddressOf = (script: string) => string | null;

const addressOfHex: AddressOf = (script) => addressOfScript(fromHex(script));

/** Whether a transaction carries the network's magic and a known opcode, so that its previous outputs are worth fetching. */
export function isCandidate(transaction: Transaction, network: Pick<Network, 'magic'>): boolean {
  const data = nulldataOf(transaction.outputs);
  return data !== null && opcodeOf(data, network.magic) !== null;
}

/** Reads the claim of a transaction at `height`; null: it makes none, and BNS ignores it; BNS (a.3), (a.4), (c.1). */
export function readClaim(candidate: Candidate, height: number, network: Network, addressOf: AddressOf = addressOfHex): Claim | null {
  const { transaction, index, txid } = candidate;
  const { outputs } = transaction;
  const data = nulldataOf(outputs);
  const operation = data && decodeOperation(data, { magic: network.magic, epoch: epochAt(network, height).number, outputs: outputs.length });
  const sender = operation && senderOf(candidate, addressOf);
  const terms = operation && sender && readOutputs(outputs, layouts[operation.opcode], addressOf);
  return terms ? { height, index, txid, operation, sender, senderKey: keyOf(candidate, sender), ...terms } : null;
}

/** The first input is the sender, and every input must spend p2pkh or p2sh: one of another form voids the transaction; BNS (a.4). */
function senderOf({ previous, transaction }: Candidate, addressOf: AddressOf): Party | null {
  if (previous.length !== transaction.inputs.length || !previous.every((output) => output !== null && isParty(output))) return null;
  return partyOf(previous[0], addressOf);
}

function isParty({ script }: Output): boolean {
  const type = classifyScript(script);
  return type === 'p2pkh' || type === 'p2sh';
}

function partyOf(output: Output | null | undefined, addressOf: AddressOf): Party | null {
  if (!output || !isParty(output)) return null;
  const script = toHex(output.script);
  const address = addressOf(script);
  return address === null ? null : { script, address };
}

/** The first key any input shows that hashes to a p2pkh sender; BNS (a.4). */
function keyOf({ transaction }: Candidate, sender: Party): string | null {
  const wanted = /^76a914([0-9a-f]{40})88ac$/.exec(sender.script)?.[1];
  if (wanted === undefined) return null;
  return transaction.inputs.map((input) => pushedKey(input.script)).find((key) => key !== null && isKeyOf(key, wanted)) ?? null;
}

/** Whether the key exists on the curve needs no look: the spend it signed is in a block. */
function isKeyOf(key: string, wanted: string): boolean {
  return /^(?:0[23].{64}|04.{128})$/.test(key) && toHex(hash160(fromHex(key))) === wanted;
}

function readOutputs(outputs: readonly Output[], layout: Layout, addressOf: AddressOf): Pick<Claim, 'recipient' | 'payment' | 'valueHash'> | null {
  if (outputs.length < layout.least || outputs.length > layout.most) return null;
  if (!outputs.slice(0, layout.checked).every((output) => ['nulldata', 'p2pkh', 'p2sh'].includes(classifyScript(output.script) ?? ''))) return null;
  const { recipient: to, payment: fee, valueHash: hashed } = layout;
  const recipient = to === undefined ? null : partyOf(outputs[to], addressOf);
  const payment = fee === undefined ? null : paymentOf(outputs[fee], addressOf);
  const valueHash = hashed === undefined ? null : hashIn(outputs[hashed]);
  const lacks = (to !== undefined && !recipient) || (fee !== undefined && !payment) || (hashed !== undefined && !valueHash);
  return lacks ? null : { recipient, payment, valueHash };
}

/** More than there are bitcoins is in no block; read from elsewhere it must not reach the sums. */
const MAX_MONEY = 2_100_000_000_000_000n;

function paymentOf(output: Output | undefined, addressOf: AddressOf): Claim['payment'] {
  const party = partyOf(output, addressOf);
  return output && party && output.value <= MAX_MONEY ? { satoshi: Number(output.value), address: party.address } : null;
}

/** An import carries its zone file's hash as that of a p2pkh address; BNS (a.4). */
function hashIn(output: Output | undefined): string | null {
  return output && classifyScript(output.script) === 'p2pkh' ? toHex(output.script.subarray(3, 23)) : null;
}
