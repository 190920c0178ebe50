import type { Claim } from './claim.js';
import { nameConsensusHash } from './commitment.js';
import { isInGrace, isUnexpired } from './expiry.js';
import { readyNamespace } from './nameRule.js';
import type { NamedOperation, NameTransfer, NameUpdate } from './operation.js';
import { transferRecord, transitionRecord, updateRecord } from './operationRecord.js';
import { firstRefusal, MAX_NAMES_PER_SENDER, refuse, type BlockContext, type Verdict } from './rule.js';
import { findName, ownedBy, putName, type NameRow, type State } from './state.js';

/** What update, transfer and revoke ask of a name they found; BNS (b.5). */
function ownerRefusal(state: State, row: NameRow, sender: string, { height, last }: BlockContext): string | false {
  const namespace = readyNamespace(state, row.name);
  if (!namespace) return 'the namespace is not ready';
  if (row.revoked) return 'the name is revoked';
  if (!isUnexpired(state.network, namespace, row.lastRenewed, last)) return 'the name is expired';
  if (isInGrace(state.network, namespace, row.lastRenewed, height)) return 'the name can only be renewed in its grace period';
  return row.owner !== sender && 'the sender does not own the name';
}

/** NAME_UPDATE; BNS (b.5). It names its name by a hash of name and consensus hash, sought among the sender's names. */
export function judgeUpdate(state: State, claim: Claim<NameUpdate>, block: BlockContext): Verdict {
  const { operation, sender } = claim;
  const owned = ownedBy(state, sender.script, block.last, MAX_NAMES_PER_SENDER + 1);
  if (owned.length > MAX_NAMES_PER_SENDER) return refuse('the sender owns more than 25 names');
  const named = findNamed(owned, operation.nameConsensusHash, block.fresh);
  if (!named) return refuse('no name of the sender has this hash under one of the last 24 consensus hashes');
  const { row: old, consensusHash } = named;
  const refusal = ownerRefusal(state, old, sender.script, block);
  if (refusal !== false) return refuse(refusal);
  return {
    grant: () => {
      const row: NameRow = {
        ...old,
        valueHash: operation.valueHash,
        consensusHash,
        updateConsensusHash: consensusHash,
        height: block.height,
        index: claim.index,
      };
      putName(state, row);
      return updateRecord(row, consensusHash, claim);
    },
  };
}

function findNamed(rows: readonly NameRow[], hash: string, fresh: readonly string[]): { row: NameRow; consensusHash: string } | null {
  for (const consensusHash of fresh) {
    const row = rows.find(({ name }) => nameConsensusHash(name, consensusHash) === hash);
    if (row) return { row, consensusHash };
  }
  return null;
}

/** NAME_TRANSFER; BNS (b.5). */
export function judgeTransfer(state: State, claim: Claim<NameTransfer>, block: BlockContext): Verdict {
  const { operation, sender, recipient } = claim;
  const [name] = state.byNameHash.members(operation.nameHash128);
  const old = name === undefined ? null : findName(state, name, block.last);
  if (!old || !recipient) return refuse('no name has this hash');
  const refusal = firstRefusal(
    () => ownerRefusal(state, old, sender.script, block),
    () => !block.fresh.includes(operation.consensusHash) && 'the consensus hash is not one of the last 24',
    () => recipient.script === sender.script && 'the recipient is the sender',
    () => ownedBy(state, recipient.script, block.last, MAX_NAMES_PER_SENDER).length >= MAX_NAMES_PER_SENDER && 'the recipient owns 25 names',
    () => sender.address.startsWith('3') && !block.epoch.multisig && 'p2sh senders transfer from epoch 2 on',
  );
  if (refusal !== null) return refuse(refusal);
  return {
    grant: () => {
      const row: NameRow = {
        ...old,
        valueHash: operation.keepData ? old.valueHash : null,
        owner: recipient.script,
        ownerAddress: recipient.address,
        senderKey: null,
        // The reference commits to the last update's consensus hash rather than the transfer's own; BNS (c.2).
        consensusHash: old.updateConsensusHash ?? operation.consensusHash,
        height: block.height,
        index: claim.index,
      };
      putName(state, row);
      return transferRecord(row, operation.keepData, claim);
    },
  };
}

/** NAME_REVOKE; BNS (b.5). Expiry is asked at this block, where updates and transfers ask at the last. */
export function judgeRevoke(state: State, claim: Claim<NamedOperation>, block: BlockContext): Verdict {
  const old = findName(state, claim.operation.name, block.last);
  if (!old) return refuse('the name is not registered');
  const refusal = findName(state, old.name, block.height) ? ownerRefusal(state, old, claim.sender.script, block) : 'the name is expired';
  if (refusal !== false) return refuse(refusal);
  return {
    grant: () => {
      const row: NameRow = { ...old, revoked: true, valueHash: null, height: block.height, index: claim.index };
      putName(state, row);
      return transitionRecord('NAME_REVOKE', '~', row, claim);
    },
  };
}
