import { fromHex, isHex } from '../../lib/bytes.js';
import { isNamesteadError } from '../../lib/errors.js';
import { isFinal } from './consensus.js';
import { Rejection, RpcError } from './errors.js';
import type { Regtest } from './regtest.js';
import { addressScript, bounded, CODE, decode, descriptorScript, integer, isDescriptor, list, type Method } from './rpcParams.js';
import type { Tx } from './tx.js';

/** The calls that add blocks. */
export function miningMethods(regtest: Regtest): Record<string, Method> {
  const { chain } = regtest;
  const generate = (count: unknown, script: Uint8Array): string[] => Array.from({ length: bounded(integer(count, 1, 'nblocks')) }, () => regtest.mine(script));
  return {
    generatetoaddress: ([count, address]) => generate(count, addressScript(address)),
    generatetodescriptor: ([count, descriptor]) => generate(count, descriptorScript(descriptor)),
    generateblock: ([output, transactions, submit = true]) => {
      if (submit === false) throw new RpcError(CODE.parameter, 'this node submits every block it makes');
      const script = isDescriptor(output) ? descriptorScript(output) : addressScript(output);
      const chosen = list(transactions).map((one): Tx => (isHex(one, 32) ? waitingTx(regtest, one) : decode(one)));
      const height = chain.tip().height + 1;
      if (!chosen.every((tx) => isFinal(tx.transaction, height, chain.tip().medianTime)))
        throw new RpcError(CODE.verify, 'TestBlockValidity failed: bad-txns-nonfinal, non-final transaction');
      try {
        return { hash: regtest.mine(script, chosen) };
      } catch (error) {
        if (error instanceof Rejection) throw new RpcError(CODE.verify, `TestBlockValidity failed: ${error.message}`);
        throw error;
      }
    },
    submitblock: ([hex]) => {
      const raw = isHex(hex) ? fromHex(hex) : null;
      try {
        if (raw) return regtest.submit(raw);
      } catch (error) {
        if (!isNamesteadError(error)) throw error;
      }
      throw new RpcError(CODE.deserialization, 'Block decode failed');
    },
  };
}

function waitingTx({ mempool }: Regtest, txid: string): Tx {
  const found = mempool.get(txid);
  if (!found) throw new RpcError(CODE.address, `Transaction ${txid} not in mempool.`);
  return found.tx;
}
