import { fromHex, fromUtf8, toBase64 } from '../lib/bytes.js';
import type { CallOptions } from '../lib/clock.js';
import { NamesteadError } from '../lib/errors.js';
import { expectOk, parseJson, type Http } from '../lib/http.js';
import { asCount, asFields, asHex } from '../lib/shape.js';
import { MOST_BLOCK_BYTES, parseBlock, type Block } from '../names/bitcoin/block.js';
import { parseTransaction, txidOf, type Output } from '../names/bitcoin/transaction.js';

export interface BitcoindAddress {
  /** Its JSON-RPC, e.g. `http://127.0.0.1:8332`. */
  readonly url: string;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
}

/** The four calls a follower needs of the bitcoind it trusts. Transactions beyond the wallet and the mempool need its `-txindex`. */
export interface Bitcoind {
  height(options?: CallOptions): Promise<number>;
  /** Display hex. */
  blockHash(height: number, options?: CallOptions): Promise<string>;
  block(hash: string, options?: CallOptions): Promise<Block>;
  outputs(txid: string, options?: CallOptions): Promise<readonly Output[]>;
}

/** @throws NamesteadError from each call: `ServerFailed` with bitcoind's reason, `Http…`, `Malformed` */
export function bitcoind({ url, user, password }: BitcoindAddress, http: Http): Bitcoind {
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  if (user !== undefined) headers['authorization'] = `Basic ${toBase64(fromUtf8(`${user}:${password ?? ''}`))}`;
  const call = async (method: string, params: readonly unknown[], options: CallOptions = {}): Promise<unknown> => {
    const body = JSON.stringify({ jsonrpc: '1.0', id: method, method, params });
    const answer = await http(url, { method: 'POST', headers, body, limit: 2 * MOST_BLOCK_BYTES + 1024, signal: options.signal });
    // A refused call has status 500 or 404 and says why in the body.
    if (answer.status !== 500 && answer.status !== 404) expectOk(answer, `bitcoind ${method}`);
    const { result, error } = asFields(parseJson(answer.body, `bitcoind ${method}`), `bitcoind ${method}`);
    if (error === null || error === undefined) return result;
    throw new NamesteadError('ServerFailed', `bitcoind refused ${method}: ${JSON.stringify(error).slice(0, 200)}`);
  };
  return {
    height: async (options) => asCount(await call('getblockcount', [], options), 'bitcoind getblockcount'),
    blockHash: async (height, options) => asHex(await call('getblockhash', [height], options), 'bitcoind getblockhash', 32),
    block: async (hash, options) => {
      const block = parseBlock(fromHex(asHex(await call('getblock', [hash, 0], options), 'bitcoind getblock')));
      if (block.header.hash !== hash) throw new NamesteadError('ServerFailed', `bitcoind gave block ${block.header.hash} for ${hash}`);
      return block;
    },
    outputs: async (txid, options) => {
      const transaction = parseTransaction(fromHex(asHex(await call('getrawtransaction', [txid, false], options), 'bitcoind getrawtransaction')));
      if (txidOf(transaction) !== txid) throw new NamesteadError('ServerFailed', `bitcoind gave another transaction for ${txid}`);
      return transaction.outputs;
    },
  };
}
