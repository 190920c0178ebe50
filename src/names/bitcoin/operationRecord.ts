import { nameConsensusHash, nameHash128 } from './commitment.js';
import type { Claim } from './claim.js';
import type { Opcode } from './operation.js';
import type { AccountRow, NameRow, NamespaceRow } from './row.js';

/**
 * An accepted operation after it took effect, with the names and shapes a core node's RPC gives it. Only the fields of (c.2) are
 * committed to by the consensus hash. `op_fee` of a name made by an import is a Python float: see `serializeOperation`.
 */
export interface OperationRecord {
  readonly opcode: Opcode;
  readonly op: string;
  /** Display hex. */
  readonly txid: string;
  readonly vtxindex: number;
  readonly [field: string]: string | number | boolean | null;
}

type Place = Pick<Claim, 'txid' | 'index'>;

/** The record of an operation on a name, from the name's row after it. */
export function nameRecord(opcode: Opcode, op: string, row: NameRow, { txid, index }: Place): OperationRecord {
  return {
    opcode,
    op,
    txid,
    vtxindex: index,
    name: row.name,
    value_hash: row.valueHash,
    sender: row.owner,
    sender_pubkey: row.senderKey,
    address: row.ownerAddress,
    block_number: row.blockNumber,
    preorder_block_number: row.preorderHeight,
    preorder_hash: row.preorderHash,
    first_registered: row.firstRegistered,
    last_renewed: row.lastRenewed,
    revoked: row.revoked,
    op_fee: row.fee,
    token_fee: row.tokenFee,
    importer: row.importer?.script ?? null,
    importer_address: row.importer?.address ?? null,
    namespace_block_number: row.namespaceHeight,
    consensus_hash: row.consensusHash,
    last_creation_op: row.importer ? ';' : '?',
  };
}

/** What every operation on a name that exists adds: how it finds the name. */
export function transitionRecord(opcode: Opcode, op: string, row: NameRow, place: Place): OperationRecord {
  return { ...nameRecord(opcode, op, row, place), name_hash128: nameHash128(row.name), namespace_id: row.namespace };
}

export function updateRecord(row: NameRow, consensusHash: string, place: Place): OperationRecord {
  return { ...transitionRecord('NAME_UPDATE', '+', row, place), name_consensus_hash: nameConsensusHash(row.name, consensusHash) };
}

export function transferRecord(row: NameRow, keepData: boolean, place: Place): OperationRecord {
  return { ...transitionRecord('NAME_TRANSFER', keepData ? '>>' : '>~', row, place), keep_data: keepData };
}

/** `tokens`: micro-STACKS paid, null when bitcoin pays. */
export function preorderRecord(claim: Claim, preorderHash: string, consensusHash: string, tokens: bigint | null): OperationRecord {
  const { opcode } = claim.operation;
  return {
    opcode,
    op: opcode === 'NAME_PREORDER' ? '?' : '*',
    txid: claim.txid,
    vtxindex: claim.index,
    preorder_hash: preorderHash,
    consensus_hash: consensusHash,
    sender: claim.sender.script,
    sender_pubkey: claim.senderKey,
    address: claim.sender.address,
    block_number: claim.height,
    op_fee: claim.payment?.satoshi ?? 0,
    burn_address: claim.payment?.address ?? null,
    token_fee: (tokens ?? 0n).toString(),
    token_units: tokens === null ? 'BTC' : 'STACKS',
  };
}

/** The record of a reveal or of the ready operation that ends it, from the namespace's row after it. */
export function namespaceRecord(opcode: 'NAMESPACE_REVEAL' | 'NAMESPACE_READY', row: NamespaceRow, { txid, index }: Place): OperationRecord {
  return {
    opcode,
    op: opcode === 'NAMESPACE_REVEAL' ? '&' : '!',
    txid,
    vtxindex: index,
    namespace_id: row.id,
    preorder_hash: row.preorderHash,
    version: row.version,
    sender: row.sender,
    sender_pubkey: row.senderKey,
    address: row.address,
    recipient: row.recipient,
    recipient_address: row.recipientAddress,
    block_number: row.blockNumber,
    reveal_block: row.revealBlock,
    ready_block: row.readyBlock,
    op_fee: row.fee,
    token_fee: row.tokenFee,
    lifetime: row.lifetime,
    coeff: row.coeff,
    base: row.base,
    buckets: `[${row.buckets.join(', ')}]`,
    nonalpha_discount: row.nonalphaDiscount,
    no_vowel_discount: row.noVowelDiscount,
  };
}

/** What an address holds, in micro-STACKS. */
export function balanceOf({ credit, debit }: AccountRow): bigint {
  return credit - debit;
}
