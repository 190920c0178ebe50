import type { CallOptions } from '../../lib/clock.js';
import { isNamesteadError, NamesteadError } from '../../lib/errors.js';
import { verifyInclusion } from './block.js';
import { parseHeader, verifyWork } from './header.js';
import type { Network } from './network.js';
import type { HeaderSource, TransactionSource } from './source.js';

export interface Confirmation {
  readonly height: number;
  /** Blocks seen on top, its own included; no more than were asked for. */
  readonly confirmations: number;
}

/**
 * Whether a transaction is mined, and how deep: its merkle path must lead to the header at that height, and the headers after
 * it must follow one another with work. That they are of the best chain is not checked: this tells when to go on with a
 * plan, whose next transaction is void anyway if this one is not there. `null`: not mined yet, or not where the source says.
 * @throws NamesteadError `MerkleMismatch`, `HeaderLinkage`, `HeaderWork`, `Malformed`
 */
export async function openInclusion(txid: string, depth: number, world: InclusionWorld, options: CallOptions = {}): Promise<Confirmation | null> {
  for (let turn = 1; ; turn++) {
    try {
      return await openOnce(txid, depth, world, options);
    } catch (error) {
      // Two questions are asked, and a reorg may come in between: a liar is found out all the same.
      if (turn === TURNS || !(isNamesteadError(error, 'MerkleMismatch') || isNamesteadError(error, 'HeaderLinkage'))) throw error;
    }
  }
}

export interface InclusionWorld {
  readonly network: Network;
  readonly headers: HeaderSource;
  readonly transactions: TransactionSource;
}

const TURNS = 3;

async function openOnce(
  txid: string,
  depth: number,
  { network, headers, transactions }: InclusionWorld,
  { signal }: CallOptions,
): Promise<Confirmation | null> {
  const inclusion = await transactions.inclusion(txid, { signal });
  if (inclusion === null) return null;
  const chain = (await headers.headers(inclusion.height, depth, { signal })).slice(0, depth).map(parseHeader);
  const [own] = chain;
  if (!own) return null;
  verifyInclusion(txid, inclusion, own);
  chain.forEach((header, index) => {
    const before = chain[index - 1];
    if (before && header.previous !== before.hash)
      throw new NamesteadError('HeaderLinkage', `the header ${header.hash} given for height ${inclusion.height + index} does not follow the one before it`);
    verifyWork(header, network.bitcoin.powLimitBits);
  });
  return { height: inclusion.height, confirmations: chain.length };
}
