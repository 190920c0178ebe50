import { RpcError } from './errors.js';
import type { Rpc } from './node.js';
import type { Regtest } from './regtest.js';
import { chainMethods } from './rpcChain.js';
import { miningMethods } from './rpcMining.js';
import { CODE, type Method } from './rpcParams.js';
import { transactionMethods } from './rpcTransactions.js';

/** bitcoind's JSON-RPC over a chain in memory: the calls that clients, followers and tests of this library need. */
export function createRpc(regtest: Regtest): Rpc {
  const methods = new Map<string, Method>(Object.entries({ ...chainMethods(regtest), ...transactionMethods(regtest), ...miningMethods(regtest) }));
  return async (method, params = []) => {
    await Promise.resolve();
    const found = methods.get(method);
    if (!found) throw new RpcError(CODE.unknownMethod, 'Method not found');
    return found(params);
  };
}
