import type { Claim } from '../../src/names/bitcoin/claim.js';
import { preorderHash } from '../../src/names/bitcoin/commitment.js';
import { fromHex } from '../../src/lib/bytes.js';

type Fields = Record<string, unknown>;

/** What a transaction says, in the fields the reference's extractors give. */
export function extractedFields(claim: Claim): Fields {
  const { operation, sender, senderKey, height, index, txid } = claim;
  const { opcode } = operation;
  const common = { opcode, sender: sender.script, address: sender.address, txid, vtxindex: index };
  const keyed = { ...common, sender_pubkey: senderKey };
  const recipient = { recipient: claim.recipient?.script, recipient_address: claim.recipient?.address };
  const paid = { op_fee: claim.payment?.satoshi, burn_address: claim.payment?.address };
  switch (operation.opcode) {
    case 'NAME_PREORDER': {
      const { preorderHash: preorder_hash, consensusHash: consensus_hash, tokens } = operation;
      return {
        ...keyed,
        ...paid,
        op: '?',
        block_number: height,
        preorder_hash,
        consensus_hash,
        token_fee: amount(tokens?.amount),
        token_units: tokens?.units ?? null,
      };
    }
    case 'NAMESPACE_PREORDER': {
      const { preorderHash: preorder_hash, consensusHash: consensus_hash, tokens } = operation;
      return { ...keyed, ...paid, op: '*', block_number: height, preorder_hash, consensus_hash, token_fee: amount(tokens) };
    }
    case 'NAME_REGISTRATION':
      return {
        ...keyed,
        ...recipient,
        op: ':',
        name: operation.name,
        value_hash: operation.valueHash,
        first_registered: height,
        last_renewed: height,
        revoked: false,
      };
    case 'NAME_RENEWAL':
      return {
        ...keyed,
        ...recipient,
        ...paid,
        op: '::',
        name: operation.name,
        value_hash: operation.valueHash,
        last_renewed: height,
        revoked: false,
        token_fee: amount(operation.tokens),
      };
    case 'NAME_UPDATE':
      return { ...keyed, op: '+', name_consensus_hash: operation.nameConsensusHash, value_hash: operation.valueHash };
    case 'NAME_TRANSFER': {
      const { nameHash128: name_hash128, consensusHash: consensus_hash, keepData: keep_data } = operation;
      return { ...keyed, ...recipient, op: '>', name_hash128, consensus_hash, keep_data };
    }
    case 'NAME_REVOKE':
      return { ...common, op: '~', name: operation.name };
    case 'NAME_IMPORT':
      return {
        ...keyed,
        ...recipient,
        op: ';',
        name: operation.name,
        value_hash: claim.valueHash,
        first_registered: height,
        last_renewed: height,
        revoked: false,
      };
    case 'NAMESPACE_REVEAL': {
      const { namespace: namespace_id, nonalphaDiscount: nonalpha_discount, noVowelDiscount: no_vowel_discount, ...terms } = operation;
      const preorder_hash = preorderHash(namespace_id, fromHex(sender.script), claim.recipient?.address ?? '');
      return { ...keyed, ...recipient, ...terms, op: '&', namespace_id, nonalpha_discount, no_vowel_discount, preorder_hash, reveal_block: height };
    }
    case 'NAMESPACE_READY':
      return { ...keyed, op: '!', namespace_id: operation.namespace, ready_block: height };
    case 'ANNOUNCE':
      return { ...keyed, op: '#', block_number: height, message_hash: operation.messageHash };
    case 'TOKEN_TRANSFER': {
      const { consensusHash: consensus_hash, units: token_units, amount: sent, scratch: scratch_area } = operation;
      return { ...common, ...recipient, op: '$', block_id: height, consensus_hash, token_units, token_fee: amount(sent), scratch_area };
    }
  }
}

const amount = (value: bigint | null | undefined): number | null => (value === null || value === undefined ? null : Number(value));
