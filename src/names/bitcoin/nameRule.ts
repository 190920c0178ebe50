import { fromHex } from '../../lib/bytes.js';
import type { Claim } from './claim.js';
import { encodable, preorderHash } from './commitment.js';
import { epochAt } from './epoch.js';
import { PREORDER_LIFETIME } from './expiry.js';
import { balanceRefusal, debit, feeRefusal } from './fee.js';
import type { NamePreorder, NameRegistration } from './operation.js';
import { nameRecord, preorderRecord, transitionRecord } from './operationRecord.js';
import { BURN_ADDRESS } from './price.js';
import { firstRefusal, isAtQuota, refuse, type BlockContext, type Verdict } from './rule.js';
import { preorderRow } from './preorder.js';
import { existsAt, findName, putName, type NameRow, type NamespaceRow, type PreorderRow, type State } from './state.js';
import { put } from './undo.js';

/** NAME_PREORDER; BNS (b.5). Its fee is judged when the name is registered. */
export function judgePreorder(state: State, claim: Claim<NamePreorder>, block: BlockContext): Verdict {
  const { operation, sender, payment } = claim;
  const tokens = operation.tokens?.amount ?? null;
  const refusal = firstRefusal(
    () => outstanding(state, operation.preorderHash, block.last) !== null && 'the hash is preordered already',
    () => !block.fresh.includes(operation.consensusHash) && 'the consensus hash is not one of the last 24',
    () => state.network.filterable === true && !isPayee(state, payment?.address) && 'the fee goes neither to the burn address nor to a creator',
    () => isAtQuota(state, sender.script, block) && 'the sender owns 25 names',
    () => operation.tokens !== null && operation.tokens.units !== 'STACKS' && 'the token is not STACKS',
    () => tokens !== null && payment?.address !== BURN_ADDRESS && 'STACKS are paid beside a burn, never beside a payment to a creator',
    () => tokens !== null && balanceRefusal(state, sender.address, tokens),
  );
  if (refusal !== null || !payment) return refuse(refusal ?? 'no fee');
  return {
    grant: () => {
      put(state, state.preorders, operation.preorderHash, preorderRow(claim, operation.preorderHash, payment, tokens));
      if (tokens !== null) debit(state, sender, tokens);
      return preorderRecord(claim, operation.preorderHash, operation.consensusHash, tokens);
    },
  };
}

/** Whom a preorder pays on a network that is replayed from filters; BNS (h). Its namespace is hidden in the hash, so any creator will do. */
function isPayee(state: State, address: string | undefined): boolean {
  if (address === BURN_ADDRESS) return true;
  for (const namespace of state.namespaces.values()) if (namespace.version === 2 && namespace.address === address) return true;
  return false;
}

/** The preorder with a hash, unless a name that lives came from one with the same: then the hash is free again, and buys nothing. */
function outstanding(state: State, hash: string, height: number): PreorderRow | null {
  for (const name of state.byPreorderHash.members(hash)) if (findName(state, name, height)) return null;
  return state.preorders.get(hash) ?? null;
}

/** The namespace of a name, ready for registrations. */
export function readyNamespace(state: State, name: string): NamespaceRow | null {
  const namespace = state.namespaces.get(name.slice(name.indexOf('.') + 1));
  return namespace && namespace.readyBlock > 0 ? namespace : null;
}

const labelOf = (name: string): string => name.slice(0, name.indexOf('.'));

/** NAME_REGISTRATION; BNS (b.5). */
export function judgeRegistration(state: State, claim: Claim<NameRegistration>, block: BlockContext): Verdict {
  const { operation, sender, recipient } = claim;
  const { name, valueHash } = operation;
  if (!recipient || !encodable(name)) return refuse('no owner, or no name');
  const namespace = readyNamespace(state, name);
  if (!namespace) return refuse('the namespace is not ready');
  const hash = preorderHash(name, fromHex(sender.script), recipient.address);
  const preorder = outstanding(state, hash, block.last);
  if (preorder?.sender !== sender.script) return refuse('no preorder of this sender names this name and owner');
  const old = state.names.get(name);
  const refusal = firstRefusal(
    () => old !== undefined && existsAt(state, old, block.last) && (old.revoked ? 'the name is revoked' : 'the name is registered'),
    () => isAtQuota(state, recipient.script, block) && 'the owner has 25 names',
    () => recipient.address.startsWith('3') && !block.epoch.multisig && 'p2sh owners come with epoch 2',
    () => preorderRefusal(state, preorder, namespace, block),
    () => feeRefusal(state, namespace, labelOf(name), preorder, block.height),
    () => valueHash !== null && !block.epoch.updateWithRegistration && 'zone file hashes come with epoch 3',
  );
  if (refusal !== null) return refuse(refusal);
  return {
    grant: () => {
      const row: NameRow = {
        name,
        namespace: namespace.id,
        valueHash,
        owner: recipient.script,
        ownerAddress: recipient.address,
        senderKey: claim.senderKey,
        blockNumber: old?.blockNumber ?? preorder.height,
        preorderHeight: preorder.height,
        preorderHash: hash,
        firstRegistered: block.height,
        lastRenewed: block.height,
        revoked: false,
        fee: preorder.satoshi,
        tokenFee: (preorder.tokens ?? 0n).toString(),
        importer: null,
        namespaceHeight: namespace.blockNumber,
        consensusHash: null,
        updateConsensusHash: null,
        height: block.height,
        index: claim.index,
      };
      put(state, state.preorders, hash, undefined);
      putName(state, row, preorder);
      return nameRecord('NAME_REGISTRATION', ':', row, claim);
    },
  };
}

function preorderRefusal(state: State, preorder: PreorderRow, namespace: NamespaceRow, { height, last, epoch }: BlockContext): string | false {
  if (preorder.height < namespace.readyBlock) return 'the preorder is older than the namespace';
  if (preorder.height + namespace.lifetime * epochAt(state.network, last).lifetimeFactor <= last) return 'the preorder is older than a name lives';
  return epoch.tokens && preorder.height + PREORDER_LIFETIME < height && 'the preorder is older than 144 blocks';
}

/** NAME_RENEWAL; BNS (b.5). From epoch 3 on it may give the name to another owner. */
export function judgeRenewal(state: State, claim: Claim<NameRegistration>, block: BlockContext): Verdict {
  const { operation, sender, recipient, payment } = claim;
  const { name, valueHash } = operation;
  const old = findName(state, name, block.last);
  const namespace = readyNamespace(state, name);
  if (!old || !namespace || !recipient || !payment) return refuse('the name is not registered');
  const tokens = operation.tokens !== null && operation.tokens > 0n ? operation.tokens : null;
  const paid = { satoshi: payment.satoshi, paidTo: payment.address, tokens, height: block.height };
  const refusal = firstRefusal(
    () => old.revoked && 'the name is revoked',
    () => old.owner !== sender.script && 'the sender does not own the name',
    () => recipient.script !== sender.script && !block.epoch.updateWithRegistration && 'a renewal to another owner comes with epoch 3',
    () => isAtQuota(state, recipient.script, block) && 'the owner has 25 names',
    () => feeRefusal(state, namespace, labelOf(name), paid, block.height),
    () => tokens !== null && balanceRefusal(state, sender.address, tokens),
  );
  if (refusal !== null) return refuse(refusal);
  return {
    grant: () => {
      const row: NameRow = {
        ...old,
        valueHash: valueHash ?? old.valueHash,
        owner: recipient.script,
        ownerAddress: recipient.address,
        lastRenewed: block.height,
        fee: payment.satoshi,
        tokenFee: (tokens ?? 0n).toString(),
        height: block.height,
        index: claim.index,
      };
      putName(state, row);
      if (tokens !== null) debit(state, sender, tokens);
      return transitionRecord('NAME_RENEWAL', '::', row, claim);
    },
  };
}
