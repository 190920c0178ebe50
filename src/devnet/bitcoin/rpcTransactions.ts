import { toHex } from '../../lib/bytes.js';
import { merkleBlock } from './merkleBlock.js';
import { Rejection, RpcError } from './errors.js';
import type { Regtest } from './regtest.js';
import type { Waiting } from './replacement.js';
import { txJson } from './rpcJson.js';
import { CODE, coinAmount, decode, entryFinder, hash64, list, satoshi, type Method } from './rpcParams.js';
import { isUnspendable, itemsOf } from './script.js';
import { outpoint } from './tx.js';

/** The calls about transactions and the mempool. */
export function transactionMethods(regtest: Regtest): Record<string, Method> {
  const { chain, mempool } = regtest;
  const entry = entryFinder(regtest);
  return {
    getrawtransaction: ([id, verbosity = 0, hash]) => {
      const txid = hash64(id);
      const block = hash === undefined || hash === null ? null : entry(hash);
      const inBlock = block?.block.transactions.find((tx) => tx.txid === txid);
      const confirmed = block ? (inBlock ? { tx: inBlock, entry: block } : null) : chain.transaction(txid);
      const tx = confirmed?.tx ?? (block ? undefined : mempool.get(txid)?.tx);
      if (!tx || confirmed?.entry.height === 0) {
        throw new RpcError(
          CODE.address,
          block
            ? 'No such transaction found in the provided block. Use gettransaction for wallet transactions.'
            : 'No such mempool or blockchain transaction. Use gettransaction for wallet transactions.',
        );
      }
      return Number(verbosity) === 0
        ? toHex(tx.raw)
        : { ...(block ? { in_active_chain: chain.isActive(block) } : {}), ...txJson(chain, tx, confirmed?.entry ?? null) };
    },
    gettxoutproof: ([ids, hash]) => {
      const txids = list(ids).map((id) => hash64(id));
      const found = hash === undefined || hash === null ? txids.map((txid) => chain.transaction(txid)?.entry).find(Boolean) : entry(hash);
      if (!found) throw new RpcError(CODE.address, 'Transaction not yet in block');
      if (txids.length === 0 || !txids.every((txid) => found.block.transactions.some((tx) => tx.txid === txid)))
        throw new RpcError(CODE.address, 'Not all transactions found in specified or retrieved block');
      return toHex(merkleBlock(found.block, new Set(txids)));
    },
    sendrawtransaction: ([hex, maxFeeRate = 0.1, maxBurn = 0]) => {
      const tx = decode(hex);
      const burnt = tx.transaction.outputs.some((output) => (isUnspendable(output.script) || !itemsOf(output.script)) && output.value > satoshi(maxBurn));
      if (burnt) throw new RpcError(CODE.verify, 'Unspendable output exceeds maximum configured by user (maxburnamount)');
      if (tx.transaction.outputs.some((_, vout) => chain.coin(outpoint({ txid: tx.txid, vout }))))
        throw new RpcError(CODE.known, 'Transaction outputs already in utxo set');
      if (mempool.get(tx.txid)) return tx.txid;
      try {
        mempool.accept(tx, regtest.now(), (judged) => {
          if (exceeds(judged, maxFeeRate)) throw new RpcError(CODE.verify, 'Fee exceeds maximum configured by user (e.g. -maxtxfee, maxfeerate)');
        });
        return tx.txid;
      } catch (error) {
        if (!(error instanceof Rejection)) throw error;
        if (error.message === 'bad-txns-inputs-missingorspent') throw new RpcError(CODE.verify, error.message);
        throw new RpcError(CODE.rejected, error.debug === '' ? error.message : `${error.message}, ${error.debug}`);
      }
    },
    testmempoolaccept: ([hexes, maxFeeRate = 0.1]) => {
      const [hex, ...more] = list(hexes);
      if (hex === undefined || more.length > 0)
        throw new RpcError(CODE.parameter, 'Array must contain exactly one transaction: packages are not judged by this node.');
      const tx = decode(hex, typeof hex === 'string' ? `: ${hex}` : '');
      const ids = { txid: tx.txid, wtxid: tx.wtxid };
      try {
        const judged = mempool.test(tx, regtest.now());
        if (exceeds(judged, maxFeeRate)) return [{ ...ids, allowed: false, 'reject-reason': 'max-fee-exceeded' }];
        return [{ ...ids, allowed: true, vsize: judged.vsize, fees: { base: coinAmount(judged.fee) } }];
      } catch (error) {
        if (!(error instanceof Rejection)) throw error;
        const reason = error.message === 'bad-txns-inputs-missingorspent' ? 'missing-inputs' : error.message;
        return [{ ...ids, allowed: false, 'reject-reason': reason, ...(error.debug === '' ? {} : { 'reject-details': `${reason}, ${error.debug}` }) }];
      }
    },
    getrawmempool: ([verbose = false]) => {
      const all = mempool.all();
      return verbose === true ? Object.fromEntries(all.map((one) => [one.tx.txid, waitingJson(one)])) : all.map((one) => one.tx.txid);
    },
    getmempoolentry: ([id]) => {
      const found = mempool.get(hash64(id));
      if (!found) throw new RpcError(CODE.address, 'Transaction not in mempool');
      return waitingJson(found);
    },
    getmempoolinfo: () => ({
      loaded: true,
      size: mempool.all().length,
      bytes: mempool.all().reduce((sum, one) => sum + one.vsize, 0),
      mempoolminfee: 0.00001,
      minrelaytxfee: 0.00001,
      incrementalrelayfee: 0.00001,
      fullrbf: true,
    }),
    decoderawtransaction: ([hex]) => txJson(chain, decode(hex), null),
    // A regtest node has seen no market.
    estimatesmartfee: () => ({ errors: ['Insufficient data or no feerate found'], blocks: 0 }),
  };
}

function waitingJson({ vsize, tx, fee, time, height }: Waiting): Record<string, unknown> {
  return {
    vsize,
    weight: tx.weight,
    time,
    height,
    wtxid: tx.wtxid,
    fees: { base: coinAmount(fee) },
    depends: [...new Set(tx.transaction.inputs.map((input) => input.txid))],
  };
}

function exceeds({ fee, vsize }: Waiting, maxFeeRate: unknown): boolean {
  const rate = satoshi(maxFeeRate);
  return rate > 0n && fee > (rate * BigInt(vsize)) / 1000n;
}
