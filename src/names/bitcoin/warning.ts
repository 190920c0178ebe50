import { toHex } from '../../lib/bytes.js';
import type { Fields } from '../../lib/shape.js';
import { opcodeOfRecord, type ProvedOperation } from './operationProof.js';
import { FRESHNESS_WINDOW } from './rule.js';
import { nulldataOf } from './script.js';
import type { History } from './snv.js';

/**
 * Warns when an operation's transaction carries a consensus hash that the anchor's history does not have in the blocks before it: its sender's node
 * knew another history. Anyone may write 16 bytes, so it proves nothing.
 */
export function oddHashes(operation: Fields, { transaction }: ProvedOperation, height: number, history: History | null): readonly string[] {
  const carried = hashIn(operation, nulldataOf(transaction.outputs));
  if (carried === null || history === null) return [];
  const fresh = Array.from({ length: FRESHNESS_WINDOW }, (_, back) => history.consensusHashAt(height - 1 - back));
  if (fresh.includes(carried) || fresh.includes(null)) return [];
  return [
    `transaction ${String(operation['txid'])} carries the consensus hash ${carried}, which none of the ${FRESHNESS_WINDOW} blocks before it has by the anchor`,
  ];
}

/** A transfer carries it whole, an update only in a hash with the name, whose parts its record tells; BNS (a.3). */
function hashIn(operation: Fields, data: Uint8Array | null): string | null {
  const { consensus_hash: told } = operation;
  if (opcodeOfRecord(operation) === 'NAME_UPDATE') return typeof told === 'string' ? told : null;
  return opcodeOfRecord(operation) === 'NAME_TRANSFER' && data ? toHex(data.subarray(-16)) : null;
}
