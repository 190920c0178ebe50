import type { Claim } from './claim.js';
import type { PreorderRow } from './row.js';

/** The row that a preorder of a name or namespace leaves. */
export function preorderRow(claim: Claim, preorderHash: string, payment: NonNullable<Claim['payment']>, tokens: bigint | null): PreorderRow {
  const { sender, height, index } = claim;
  return { preorderHash, sender: sender.script, height, index, satoshi: payment.satoshi, paidTo: payment.address, tokens };
}
