import { toHex } from '../../lib/bytes.js';
import type { Entry } from './chain.js';
import { Rejection, RpcError } from './errors.js';
import type { Regtest } from './regtest.js';
import { blockJson, chainJson, coinJson, headerJson, networkJson } from './rpcJson.js';
import { CODE, coinAmount, descriptorScript, entryFinder, hash64, integer, type Method } from './rpcParams.js';
import { outpoint } from './tx.js';

/** The calls about blocks and unspent outputs. */
export function chainMethods(regtest: Regtest): Record<string, Method> {
  const { chain } = regtest;
  const entry = entryFinder(regtest);
  return {
    getblockchaininfo: () => chainJson(chain),
    getblockcount: () => chain.tip().height,
    getbestblockhash: () => chain.tip().header.hash,
    getblockhash: ([height]) => {
      const found = chain.at(integer(height, 1, 'height'));
      if (!found) throw new RpcError(CODE.parameter, 'Block height out of range');
      return found.header.hash;
    },
    getblockheader: ([hash, verbose = true]) => (verbose === false ? toHex(entry(hash, 'hash').block.header) : headerJson(chain, entry(hash, 'hash'))),
    getblock: ([hash, verbosity = 1]) => {
      const found = entry(hash);
      const level = Number(verbosity);
      return level <= 0 ? toHex(found.block.raw) : blockJson(chain, found, level);
    },
    getblockfilter: ([hash, kind = 'basic']) => {
      const wanted = hash64(hash, 'blockhash');
      if (kind !== 'basic') throw new RpcError(CODE.address, 'Unknown filtertype');
      const found = regtest.filtered(entry(wanted));
      if (!found) throw new RpcError(CODE.address, 'Filter not found. Block was not connected to active chain.');
      return { filter: toHex(found.filter), header: found.header };
    },
    getnetworkinfo: () => networkJson(),
    gettxout: ([txid, vout, withMempool = true]) => {
      const point = outpoint({ txid: hash64(txid), vout: integer(vout, 2, 'n') });
      const spent = withMempool !== false && regtest.mempool.spender(point) !== null;
      const coin = spent ? null : withMempool !== false ? regtest.mempool.coin(point) : chain.coin(point);
      return coin ? coinJson(chain, coin) : null;
    },
    scantxoutset: ([action, objects]) => {
      if (action !== 'start') return action === 'abort' ? false : null;
      if (!Array.isArray(objects)) throw new RpcError(CODE.misc, 'scanobjects argument is required for the start action');
      return scan(regtest, objects as unknown[]);
    },
    invalidateblock: ([hash]) => {
      try {
        chain.invalidate(entry(hash));
      } catch (error) {
        if (error instanceof Rejection) throw new RpcError(-20, error.message);
        throw error;
      }
      return null;
    },
    reconsiderblock: ([hash]) => {
      chain.reconsider(entry(hash));
      return null;
    },
    getchaintips: () => {
      const entries = chain.entries();
      const parents = new Set(entries.map((one) => one.previous));
      return entries
        .filter((one) => !parents.has(one) || one === chain.tip())
        .map((one) => ({
          height: one.height,
          hash: one.header.hash,
          branchlen: branchLength(regtest, one),
          status: one === chain.tip() ? 'active' : one.state === 'valid' ? 'valid-fork' : one.state === 'unchecked' ? 'valid-headers' : 'invalid',
        }));
    },
  };
}

function branchLength({ chain }: Regtest, entry: Entry): number {
  let length = 0;
  for (let at: Entry | null = entry; at && !chain.isActive(at); at = at.previous) length++;
  return length;
}

function scan({ chain }: Regtest, objects: readonly unknown[]): Record<string, unknown> {
  const wanted = new Map(
    objects.map((one) => (typeof one === 'object' && one !== null && 'desc' in one ? one.desc : one)).map((one) => [toHex(descriptorScript(one)), String(one)]),
  );
  const unspents = [...chain.coins()].flatMap(([point, coin]) => {
    const desc = wanted.get(toHex(coin.script));
    if (desc === undefined) return [];
    const entry = chain.at(coin.height);
    return [
      {
        txid: point.slice(0, 64),
        vout: Number(point.slice(65)),
        scriptPubKey: toHex(coin.script),
        desc,
        amount: coinAmount(coin.value),
        coinbase: coin.coinbase,
        height: coin.height,
        blockhash: entry?.header.hash,
        confirmations: chain.tip().height - coin.height + 1,
        value: coin.value,
      },
    ];
  });
  const total = unspents.reduce((sum, one) => sum + one.value, 0n);
  return {
    success: true,
    txouts: chain.coins().size,
    height: chain.tip().height,
    bestblock: chain.tip().header.hash,
    unspents: unspents.map(({ value: _, ...rest }) => rest),
    total_amount: coinAmount(total),
  };
}
