import type { Claim } from './claim.js';
import { balanceRefusal, credit, debit } from './fee.js';
import type { TokenTransfer } from './operation.js';
import { firstRefusal, refuse, type BlockContext, type Verdict } from './rule.js';
import type { State } from './state.js';

const NO_CONSENSUS_HASH = '00000000000000000000000000000000';

/** TOKEN_TRANSFER; BNS (b.5). */
export function judgeTokenTransfer(state: State, claim: Claim<TokenTransfer>, block: BlockContext): Verdict {
  const { operation, sender, recipient } = claim;
  const { amount, units, consensusHash, scratch } = operation;
  if (!recipient) return refuse('no recipient');
  const refusal = firstRefusal(
    () => amount === 0n && 'nothing is sent',
    () => sender.address === recipient.address && 'the recipient is the sender',
    () =>
      !(block.epoch.freshnessOptional && consensusHash === NO_CONSENSUS_HASH) &&
      !block.fresh.includes(consensusHash) &&
      'the consensus hash is not one of the last 24',
    () => units !== 'STACKS' && 'the token is not STACKS',
    () => (state.accounts.get(sender.address)?.lockedUntil ?? 0) > block.height && 'the account is locked',
    () => balanceRefusal(state, sender.address, amount),
    () => state.accounts.get(recipient.address)?.receives === false && 'the recipient takes no tokens',
  );
  if (refusal !== null) return refuse(refusal);
  return {
    grant: () => {
      debit(state, sender, amount);
      credit(state, recipient, amount);
      return {
        opcode: 'TOKEN_TRANSFER',
        op: '$',
        txid: claim.txid,
        vtxindex: claim.index,
        sender: sender.script,
        address: sender.address,
        recipient: recipient.script,
        recipient_address: recipient.address,
        token_units: units,
        token_fee: amount.toString(),
        block_id: block.height,
        consensus_hash: consensusHash,
        scratch_area: scratch,
      };
    },
  };
}
