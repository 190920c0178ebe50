import { NamesteadError } from '../../lib/errors.js';
import type { BitcoinNode } from './node.js';

/** Hands all blocks of one node to another that holds none but the first. @throws NamesteadError `ServerFailed` naming the block that is refused */
export async function copyBlocks(from: Pick<BitcoinNode, 'rpc'>, to: Pick<BitcoinNode, 'rpc'>): Promise<void> {
  const height = Number(await from.rpc('getblockcount'));
  for (let at = 1; at <= height; at++) {
    const hash = await from.rpc('getblockhash', [at]);
    const refusal = await to.rpc('submitblock', [await from.rpc('getblock', [hash, 0])]);
    if (refusal !== null) throw new NamesteadError('ServerFailed', `block ${at} was refused: ${JSON.stringify(refusal)}`);
  }
}
