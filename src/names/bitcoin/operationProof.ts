import { concat, equal, fromHex, isHex, toHex } from '../../lib/bytes.js';
import type { CallOptions } from '../../lib/clock.js';
import { NamesteadError } from '../../lib/errors.js';
import { hash160 } from '../../lib/hash.js';
import type { Fields } from '../../lib/shape.js';
import { verifyInclusion } from './block.js';
import type { HeaderChain } from './chain.js';
import { nameConsensusHash, nameHash128 } from './commitment.js';
import { epochAt } from './epoch.js';
import type { Network } from './network.js';
import { decodeOperation, type Opcode, type Operation } from './operation.js';
import { addressOfScript, classifyScript, nulldataOf } from './script.js';
import type { TransactionSource } from './source.js';
import { openTransaction, type Transaction } from './transaction.js';

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
  readonly chain: HeaderChain;
  readonly transactions: TransactionSource;
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
  const txid = String(fields['txid']);
  if (!isHex(txid, 32)) throw new NamesteadError('RecordMismatch', `the operation at height ${height} names no transaction`);
  const transaction = await findTransaction(world, txid, options);
  await verifyPosition(world, txid, { height, index: fields['vtxindex'] }, options);
  verifyPayload(world.network, fields, transaction, height);
  const sender = await findSender(world, transaction, options);
  verifySender(fields, sender);
  return { transaction, sender };
}

async function findTransaction({ transactions }: ProofWorld, txid: string, options: CallOptions): Promise<Transaction> {
  const bytes = await transactions.transaction(txid, options);
  if (!bytes) throw new NamesteadError('TransactionMissing', `${transactions.operator} has no transaction ${txid}`);
  return openTransaction(bytes, txid);
}

/** A skip list does not commit to heights, so height and index are taken from the block; BNS (d.1). */
async function verifyPosition({ chain, transactions }: ProofWorld, txid: string, stated: { readonly height: number; readonly index: unknown }, options: CallOptions): Promise<void> {
  const inclusion = await transactions.inclusion(txid, options);
  if (!inclusion) throw new NamesteadError('TransactionMissing', `${transactions.operator} has no proof that transaction ${txid} was mined`);
  const header = chain.at(inclusion.height);
  if (!header) throw new NamesteadError('MerkleMismatch', `${transactions.operator} places transaction ${txid} at height ${inclusion.height}, where no header is held`);
  verifyInclusion(txid, inclusion, header);
  if (inclusion.height !== stated.height || inclusion.index !== stated.index) {
    throw new NamesteadError('PositionMismatch', `transaction ${txid} stands at ${inclusion.height}/${inclusion.index}, the record says ${stated.height}/${String(stated.index)}`);
  }
}

async function findSender(world: ProofWorld, transaction: Transaction, options: CallOptions): Promise<Uint8Array> {
  const [input] = transaction.inputs;
  if (!input) throw new NamesteadError('SenderMismatch', 'the transaction spends nothing');
  const output = (await findTransaction(world, input.txid, options)).outputs[input.vout];
  if (!output) throw new NamesteadError('SenderMismatch', `transaction ${input.txid} has no output ${input.vout} to spend`);
  return output.script;
}

function verifyPayload(network: Network, fields: Fields, transaction: Transaction, height: number): void {
  const data = nulldataOf(transaction.outputs);
  const outputs = transaction.outputs.length;
  const decoded = data && decodeOperation(data, { magic: network.magic, epoch: epochAt(network, height).number, outputs });
  if (!decoded || decoded.opcode !== opcodeOfRecord(fields) || !agrees(decoded, fields, transaction)) {
    throw new NamesteadError('PayloadMismatch', `transaction ${String(fields['txid'])} does not carry the operation ${String(fields['op'])} that the record tells`);
  }
}

/** Whether a payload, and the outputs that belong to it, give the record; BNS (a.3), (a.4). */
function agrees(operation: Operation, fields: Fields, { outputs }: Transaction): boolean {
  const { name, value_hash: valueHash } = fields;
  const recipient = (): boolean => fields['sender'] === toHex(outputs[1]?.script ?? new Uint8Array());
  switch (operation.opcode) {
    case 'NAME_REGISTRATION':
      return operation.name === name && operation.valueHash === valueHash && recipient();
    case 'NAME_RENEWAL':
      return operation.name === name && (operation.valueHash === null || operation.valueHash === valueHash) && recipient();
    case 'NAME_UPDATE':
      return operation.nameConsensusHash === nameConsensusHash(String(name), String(fields['consensus_hash'])) && operation.valueHash === valueHash;
    case 'NAME_TRANSFER':
      return operation.nameHash128 === nameHash128(String(name)) && operation.keepData === fields['keep_data'] && (operation.keepData || valueHash === null) && recipient();
    case 'NAME_REVOKE':
      return operation.name === name && fields['revoked'] === true;
    case 'NAME_IMPORT': {
      const script = outputs[2]?.script ?? new Uint8Array();
      return operation.name === name && classifyScript(script) === 'p2pkh' && toHex(script.subarray(3, 23)) === valueHash && recipient();
    }
    case 'NAMESPACE_READY':
      return operation.namespace === fields['namespace_id'];
    default:
      return false;
  }
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
      return typeof key !== 'string' || key === '' || equal(sender, paymentScript(key)) ? undefined : refuse();
    }
    default:
      // Transfers and renewals commit to the new owner alone.
      return undefined;
  }
}

function paymentScript(publicKey: string): Uint8Array {
  return concat(fromHex('76a914'), hash160(fromHex(publicKey)), fromHex('88ac'));
}
