import { fromHex } from '../../lib/bytes.js';
import type { Claim } from './claim.js';
import { encodable, preorderHash } from './commitment.js';
import { REVEAL_LIFETIME } from './expiry.js';
import { balanceRefusal, debit } from './fee.js';
import type { NamespacePreorder, NamespaceReady, NamespaceReveal } from './operation.js';
import { namespaceRecord, preorderRecord } from './operationRecord.js';
import { BURN_ADDRESS, namespacePrice } from './price.js';
import { firstRefusal, refuse, type BlockContext, type Verdict } from './rule.js';
import { preorderRow } from './preorder.js';
import { putNamespace, type NamespaceRow, type PreorderRow, type State } from './state.js';
import { put } from './undo.js';

/** NAMESPACE_PREORDER; BNS (b.5). */
export function judgeNamespacePreorder(state: State, claim: Claim<NamespacePreorder>, block: BlockContext): Verdict {
  const { operation, sender, payment } = claim;
  const { tokens } = operation;
  const refusal = firstRefusal(
    () => outstanding(state, operation.preorderHash) !== null && 'the hash is preordered already',
    () => !block.fresh.includes(operation.consensusHash) && 'the consensus hash is not one of the last 24',
    () => payment?.address !== BURN_ADDRESS && 'the fee is not burned',
    () => tokens !== null && balanceRefusal(state, sender.address, tokens),
  );
  if (refusal !== null || !payment) return refuse(refusal ?? 'no fee');
  return {
    grant: () => {
      put(state, state.namespacePreorders, operation.preorderHash, preorderRow(claim, operation.preorderHash, payment, tokens));
      if (tokens !== null) debit(state, sender, tokens);
      return preorderRecord(claim, operation.preorderHash, operation.consensusHash, tokens);
    },
  };
}

/** The preorder with a hash, unless a namespace came from one with the same: as for names, the hash is then free and buys nothing. */
function outstanding(state: State, hash: string): PreorderRow | null {
  for (const _ of state.byNamespacePreorderHash.members(hash)) return null;
  return state.namespacePreorders.get(hash) ?? null;
}

/** NAMESPACE_REVEAL; BNS (b.5). */
export function judgeReveal(state: State, claim: Claim<NamespaceReveal>, block: BlockContext): Verdict {
  const { operation, sender, senderKey, recipient } = claim;
  const { namespace: id, version } = operation;
  if (!recipient || !encodable(id)) return refuse('no reveal address, or no namespace id');
  const hash = preorderHash(id, fromHex(sender.script), recipient.address);
  const preorder = outstanding(state, hash);
  const old = state.namespaces.get(id);
  const refusal = firstRefusal(
    () => !sender.address.startsWith('1') && 'the sender is not p2pkh',
    () => old !== undefined && (old.readyBlock > 0 || isRevealed(old, block.last)) && 'the namespace is revealed or ready already',
    () => preorder?.sender !== sender.script && 'no preorder of this sender has the hash',
    () =>
      !(version === 1 || (version === 2 && block.epoch.updateWithRegistration) || (version === 3 && block.epoch.tokens)) && 'the version is not of this epoch',
    () => preorder !== null && !paysNamespace(preorder, id, block) && 'the preorder paid too little',
  );
  if (refusal !== null || !preorder) return refuse(refusal ?? 'no preorder');
  return {
    grant: () => {
      const { namespace: _, opcode: __, ...terms } = operation;
      const row: NamespaceRow = {
        ...terms,
        id,
        preorderHash: hash,
        sender: sender.script,
        senderKey,
        address: sender.address,
        recipient: recipient.script,
        recipientAddress: recipient.address,
        blockNumber: old?.blockNumber ?? preorder.height,
        revealBlock: block.height,
        readyBlock: 0,
        fee: preorder.satoshi,
        tokenFee: (preorder.tokens ?? 0n).toString(),
      };
      put(state, state.namespacePreorders, hash, undefined);
      putNamespace(state, row);
      return namespaceRecord('NAMESPACE_REVEAL', row, claim);
    },
  };
}

/** The price is that of the reveal's height, in the unit the preorder paid. From epoch 4 on bitcoin has no price, and so pays any; BNS (b.5). */
function paysNamespace({ tokens, satoshi }: PreorderRow, id: string, { epoch }: BlockContext): boolean {
  const price = namespacePrice(id, tokens === null ? 'BTC' : 'STACKS', epoch);
  return price === null || (tokens ?? BigInt(satoshi)) >= price;
}

/** Whether names may be imported into a namespace as of a block: a year from the block after its reveal, until it is ready; BNS (b.5). */
export function isRevealed({ revealBlock, readyBlock }: NamespaceRow, last: number): boolean {
  return readyBlock === 0 && revealBlock <= last && last < revealBlock + REVEAL_LIFETIME;
}

/** NAMESPACE_READY; BNS (b.5). */
export function judgeReady(state: State, claim: Claim<NamespaceReady>, block: BlockContext): Verdict {
  const namespace = state.namespaces.get(claim.operation.namespace);
  if (!namespace || !isRevealed(namespace, block.last)) return refuse('the namespace is not revealed, or ready already');
  if (claim.sender.script !== namespace.recipient) return refuse('the sender is not the reveal address');
  return {
    grant: () => {
      const row: NamespaceRow = { ...namespace, sender: claim.sender.script, readyBlock: block.height };
      putNamespace(state, row);
      return namespaceRecord('NAMESPACE_READY', row, claim);
    },
  };
}
