import type { Block } from '../names/bitcoin/block.js';
import { readCandidates as readCandidatesWith } from '../names/bitcoin/candidates.js';
import type { Network } from '../names/bitcoin/network.js';
import type { Candidate } from '../names/bitcoin/rules.js';
import type { Bitcoind } from './bitcoind.js';

/** The transactions of a block that may be operations, with what they spend as the node's own bitcoind tells it. */
export function readCandidates(block: Block, network: Network, bitcoin: Bitcoind, signal: AbortSignal): Promise<Candidate[]> {
  return readCandidatesWith(block, network, (txid) => bitcoin.outputs(txid, { signal }));
}
