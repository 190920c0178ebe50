import { fromHex, fromUtf8, isHex, toHex } from '../../lib/bytes.js';
import type { CallOptions } from '../../lib/clock.js';
import { NamesteadError } from '../../lib/errors.js';
import { hash160 } from '../../lib/hash.js';
import type { Fields } from '../../lib/shape.js';
import { verifyInclusion } from './block.js';
import { nameConsensusHash, nameHash128 } from './commitment.js';
import type { Header } from './header.js';
import type { Network } from './network.js';
import { RENEWAL_OUTPUTS, type Opcode } from './operation.js';
import { addressOfScript, nulldataOf } from './script.js';
import type { Inclusion, TransactionSource } from './source.js';
import { openTransaction, type Input, type Output, type Transaction } from './transaction.js';

/** What the field `op` of a record stands for; BNS (c.2). */
const opcodes: Readonly<Record<string, Opcode>> = {
  ':': 'NAME_REGISTRATION',
  '::': 'NAME_RENEWAL',
  '+': 'NAME_UPDATE',
  '>>': 'NAME_TRANSFER',
  '>~': 'NAME_TRANSFER',
  '~': 'NAME_REVOKE',
  ';': 'NAME_IMPORT',
  '!': 'NAMESPACE_READY',
};

export function opcodeOfRecord(fields: Fields): Opcode | null {
  const { op } = fields;
  return typeof op === 'string' && Object.hasOwn(opcodes, op) ? (opcodes[op] ?? null) : null;
}

export interface ProofWorld {
  readonly network: Network;
  readonly transactions: TransactionSource;
  /** A header of the checked chain. @throws NamesteadError `MerkleMismatch` where none is held and none can be proved */
  readonly headerAt: (height: number, options: CallOptions) => Promise<Header>;
}

/** What shows where an operation stands and who sent it. */
export interface OperationParts {
  readonly transaction: Transaction;
  /** The transaction whose output input 0 spends. */
  readonly previous: Transaction;
  readonly inclusion: Inclusion;
  /** The checked header at the height of the inclusion. */
  readonly header: Header;
}

export interface ProvedOperation {
  readonly transaction: Transaction;
  /** The script that the transaction's first input spends: who sent the operation. */
  readonly sender: Uint8Array;
}

/**
 * Proves that a committed operation is what its transaction says: mined at the same height and place as the record, with the
 * payload and by the sender that the record tells.
 * @param fields the operation out of a set that a consensus hash commits to
 * @throws NamesteadError `TransactionMissing`, `TransactionMismatch`, `MerkleMismatch`, `PositionMismatch`, `PayloadMismatch`, `SenderMismatch`
 */
export async function proveOperation(world: ProofWorld, fields: Fields, height: number, options: CallOptions): Promise<ProvedOperation> {
  return verifyOperation(world.network, fields, height, await findParts(world, fields, height, options));
}

/** Fetches what {@link verifyOperation} needs; transactions are checked by their ids, nothing else is checked. @throws as {@link proveOperation} */
export async function findParts(world: ProofWorld, fields: Fields, height: number, options: CallOptions): Promise<OperationParts> {
  const { transactions } = world;
  const txid = String(fields['txid']);
  if (!isHex(txid, 32)) throw new NamesteadError('RecordMismatch', `the operation at height ${height} names no transaction`);
  const transaction = await findTransaction(world, txid, options);
  const inclusion = await transactions.inclusion(txid, options);
  if (!inclusion) throw new NamesteadError('TransactionMissing', `${transactions.operator} has no proof that transaction ${txid} was mined`);
  const header = await world.headerAt(inclusion.height, options);
  const previous = await findTransaction(world, firstInput(transaction).txid, options);
  return { transaction, previous, inclusion, header };
}

/** As {@link proveOperation}, of parts at hand. @param parts transactions opened by the ids that the record and input 0 name */
export function verifyOperation(network: Network, fields: Fields, height: number, parts: OperationParts): ProvedOperation {
  const { transaction, inclusion, header } = parts;
  verifyPosition(String(fields['txid']), { height, index: fields['vtxindex'] }, inclusion, header);
  verifyPayload(network, fields, transaction);
  const sender = senderOf(parts);
  verifySender(fields, sender);
  return { transaction, sender };
}

async function findTransaction({ transactions }: ProofWorld, txid: string, options: CallOptions): Promise<Transaction> {
  const bytes = await transactions.transaction(txid, options);
  if (!bytes) throw new NamesteadError('TransactionMissing', `${transactions.operator} has no transaction ${txid}`);
  return openTransaction(bytes, txid);
}

/** A skip list does not commit to heights, so height and index are taken from the block; BNS (d.1). */
function verifyPosition(txid: string, stated: { readonly height: number; readonly index: unknown }, inclusion: Inclusion, header: Header): void {
  verifyInclusion(txid, inclusion, header);
  if (inclusion.height !== stated.height || inclusion.index !== stated.index) {
    throw new NamesteadError(
      'PositionMismatch',
      `transaction ${txid} stands at ${inclusion.height}/${inclusion.index}, the record says ${stated.height}/${String(stated.index)}`,
    );
  }
}

function senderOf({ transaction, previous }: OperationParts): Uint8Array {
  const { txid, vout } = firstInput(transaction);
  const output = previous.outputs[vout];
  if (!output) throw new NamesteadError('SenderMismatch', `transaction ${txid} has no output ${vout} to spend`);
  return output.script;
}

function firstInput({ inputs: [input] }: Transaction): Input {
  if (!input) throw new NamesteadError('SenderMismatch', 'the transaction spends nothing');
  return input;
}

function verifyPayload(network: Network, fields: Fields, { outputs }: Transaction): void {
  const data = nulldataOf(outputs);
  const payload = payloadOf(fields);
  const opcode = toHex(fromUtf8(network.magic + String(fields['op']).slice(0, 1)));
  if (!data || payload === null || !new RegExp(`^${opcode}(?:${payload})$`).test(toHex(data)) || !agree(outputs, fields)) {
    throw new NamesteadError(
      'PayloadMismatch',
      `transaction ${String(fields['txid'])} does not carry the operation ${String(fields['op'])} that its record tells`,
    );
  }
}

/** Whether the outputs behind the payload are those of the record; BNS (a.4). */
function agree(outputs: readonly Output[], { op, sender, value_hash: hash }: Fields): boolean {
  const script = (place: number): string => toHex(outputs[place]?.script ?? new Uint8Array());
  // Nothing but its outputs makes a renewal of a registration.
  if (op === ':' || op === '::') return script(1) === sender && outputs.length >= RENEWAL_OUTPUTS === (op === '::');
  if (op === ';') return script(1) === sender && script(2) === `76a914${String(hash)}88ac`;
  return op === '>>' || op === '>~' ? script(1) === sender : true;
}

/**
 * The payload that makes a record what it is, behind magic and opcode, as a pattern of hex digits: free is only what the record
 * does not follow from; BNS (a.3). Null for operations that end in no record of a name or a namespace that is ready.
 */
function payloadOf(fields: Fields): string | null {
  const text = (field: string): string => toHex(fromUtf8(String(fields[field])));
  const [name, hash] = [text('name'), String(fields['value_hash'])];
  // Tokens may follow the hash.
  const withHash = isHex(hash, 20) ? `${name.padEnd(74, '0')}${hash}(?:.{16})?` : null;
  switch (opcodeOfRecord(fields)) {
    case 'NAME_REGISTRATION':
      return withHash ?? name;
    case 'NAME_RENEWAL':
      // Without a hash of its own it keeps the one before.
      return withHash === null ? name : `${name}|${withHash}`;
    case 'NAME_UPDATE':
      return isHex(hash, 20) ? nameConsensusHash(String(fields['name']), String(fields['consensus_hash'])) + hash : null;
    case 'NAME_TRANSFER':
      return transferOf(fields);
    case 'NAME_REVOKE':
      return fields['revoked'] === true ? name : null;
    case 'NAME_IMPORT':
      return name;
    case 'NAMESPACE_READY':
      return `2e${text('namespace_id')}`;
    default:
      return null;
  }
}

/** `>>` keeps the hash, `>~` drops it. */
function transferOf({ op, keep_data: keep, name, value_hash: hash }: Fields): string | null {
  if (keep !== (op === '>>') || (op === '>~' && hash !== null)) return null;
  return `${op === '>>' ? '3e' : '7e'}${nameHash128(String(name))}.{32}`;
}

/** What a record commits to of its sender: the script itself, the importer, or the key of who registered. */
function verifySender(fields: Fields, sender: Uint8Array): void {
  const refuse = (): never => {
    throw new NamesteadError('SenderMismatch', `transaction ${String(fields['txid'])} was sent by script ${toHex(sender)}, the record tells another`);
  };
  // Whoever sends an operation has an address; BNS (a.4).
  if (addressOfScript(sender) === null) refuse();
  switch (opcodeOfRecord(fields)) {
    case 'NAME_UPDATE':
    case 'NAME_REVOKE':
    case 'NAMESPACE_READY':
      return fields['sender'] === toHex(sender) ? undefined : refuse();
    case 'NAME_IMPORT':
      return fields['importer'] === toHex(sender) ? undefined : refuse();
    case 'NAME_REGISTRATION': {
      const key = fields['sender_pubkey'];
      return typeof key !== 'string' || key === '' || toHex(sender) === `76a914${toHex(hash160(fromHex(key)))}88ac` ? undefined : refuse();
    }
    default:
      // Transfers and renewals commit to the new owner alone.
      return undefined;
  }
}
