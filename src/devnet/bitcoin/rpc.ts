import { fromHex, isHex, toHex } from '../../lib/bytes.js';
import { isNamesteadError } from '../../lib/errors.js';
import { addressOfScript, scriptOfAddress } from './address.js';
import { btc, isFinal, Rejection } from './consensus.js';
import type { Entry } from './chain.js';
import type { Waiting } from './replacement.js';
import { RpcError, type Rpc } from './node.js';
import type { Regtest } from './regtest.js';
import { blockJson, chainJson, coinJson, headerJson, networkJson, txJson } from './rpcJson.js';
import { merkleBlock } from './merkleBlock.js';
import { isUnspendable, itemsOf } from './script.js';
import { outpoint, parseTx, type Tx } from './tx.js';

type Params = readonly unknown[];
type Method = (params: Params) => unknown;

const CODE = { misc: -1, type: -3, address: -5, parameter: -8, deserialization: -22, verify: -25, rejected: -26, known: -27, unknownMethod: -32601 } as const;

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

function chainMethods(regtest: Regtest): Record<string, Method> {
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
    getblockheader: ([hash, verbose = true]) => (verbose === false ? toHex(entry(hash).block.header) : headerJson(chain, entry(hash))),
    getblock: ([hash, verbosity = 1]) => {
      const found = entry(hash);
      const level = Number(verbosity);
      return level <= 0 ? toHex(found.block.raw) : blockJson(chain, found, level);
    },
    getnetworkinfo: () => networkJson(),
    gettxout: ([txid, vout, withMempool = true]) => {
      const point = outpoint({ txid: hash64(txid, 1), vout: integer(vout, 2, 'n') });
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
        .map((one) => ({ height: one.height, hash: one.header.hash, branchlen: branchLength(regtest, one), status: one === chain.tip() ? 'active' : one.state === 'valid' ? 'valid-fork' : one.state === 'unchecked' ? 'valid-headers' : 'invalid' }));
    },
  };
}

function branchLength({ chain }: Regtest, entry: Entry): number {
  let length = 0;
  for (let at: Entry | null = entry; at && !chain.isActive(at); at = at.previous) length++;
  return length;
}

function transactionMethods(regtest: Regtest): Record<string, Method> {
  const { chain, mempool } = regtest;
  const entry = entryFinder(regtest);
  return {
    getrawtransaction: ([id, verbosity = 0, hash]) => {
      const txid = hash64(id, 1);
      const block = hash === undefined || hash === null ? null : entry(hash);
      const inBlock = block?.block.transactions.find((tx) => tx.txid === txid);
      const confirmed = block ? (inBlock ? { tx: inBlock, entry: block } : null) : chain.transaction(txid);
      const tx = confirmed?.tx ?? (block ? undefined : mempool.get(txid)?.tx);
      if (!tx || confirmed?.entry.height === 0) {
        throw new RpcError(CODE.address, block ? 'No such transaction found in the provided block. Use gettransaction for wallet transactions.' : 'No such mempool or blockchain transaction. Use gettransaction for wallet transactions.');
      }
      return Number(verbosity) === 0 ? toHex(tx.raw) : txJson(chain, tx, confirmed?.entry ?? null);
    },
    gettxoutproof: ([ids, hash]) => {
      const txids = list(ids).map((id) => hash64(id, 1));
      const found = hash === undefined || hash === null ? txids.map((txid) => chain.transaction(txid)?.entry).find(Boolean) : entry(hash);
      if (!found) throw new RpcError(CODE.address, 'Transaction not yet in block');
      if (txids.length === 0 || !txids.every((txid) => found.block.transactions.some((tx) => tx.txid === txid))) throw new RpcError(CODE.address, 'Not all transactions found in specified or retrieved block');
      return toHex(merkleBlock(found.block, new Set(txids)));
    },
    sendrawtransaction: ([hex, maxFeeRate = 0.1, maxBurn = 0]) => {
      const tx = decode(hex);
      const burnt = tx.transaction.outputs.some((output) => (isUnspendable(output.script) || !itemsOf(output.script)) && output.value > satoshi(maxBurn));
      if (burnt) throw new RpcError(CODE.verify, 'Unspendable output exceeds maximum configured by user (maxburnamount)');
      if (tx.transaction.outputs.some((_, vout) => chain.coin(outpoint({ txid: tx.txid, vout })))) throw new RpcError(CODE.known, 'Transaction outputs already in utxo set');
      if (mempool.get(tx.txid)) return tx.txid;
      try {
        const judged = mempool.accept(tx, regtest.now(), { test: true });
        if (exceeds(judged, maxFeeRate)) throw new RpcError(CODE.verify, 'Fee exceeds maximum configured by user (e.g. -maxtxfee, maxfeerate)');
        mempool.accept(tx, regtest.now());
        return tx.txid;
      } catch (error) {
        if (!(error instanceof Rejection)) throw error;
        if (error.message === 'bad-txns-inputs-missingorspent') throw new RpcError(CODE.verify, error.message);
        throw new RpcError(CODE.rejected, error.debug === '' ? error.message : `${error.message}, ${error.debug}`);
      }
    },
    testmempoolaccept: ([hexes, maxFeeRate = 0.1]) => {
      const [hex, ...more] = list(hexes);
      if (hex === undefined || more.length > 0) throw new RpcError(CODE.parameter, 'Array must contain exactly one transaction: packages are not judged by this node.');
      const tx = decode(hex, `: ${String(hex)}`);
      const ids = { txid: tx.txid, wtxid: tx.wtxid };
      try {
        const judged = mempool.accept(tx, regtest.now(), { test: true });
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
      const found = mempool.get(hash64(id, 1));
      if (!found) throw new RpcError(CODE.address, 'Transaction not in mempool');
      return waitingJson(found);
    },
    getmempoolinfo: () => ({ loaded: true, size: mempool.all().length, bytes: mempool.all().reduce((sum, one) => sum + one.vsize, 0), mempoolminfee: 0.00001, minrelaytxfee: 0.00001, incrementalrelayfee: 0.00001, fullrbf: true }),
    decoderawtransaction: ([hex]) => txJson(chain, decode(hex), null),
    // A regtest node has seen no market.
    estimatesmartfee: () => ({ errors: ['Insufficient data or no feerate found'], blocks: 0 }),
  };
}

function miningMethods(regtest: Regtest): Record<string, Method> {
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
      if (!chosen.every((tx) => isFinal(tx.transaction, height, chain.tip().medianTime))) throw new RpcError(CODE.verify, 'TestBlockValidity failed: bad-txns-nonfinal, non-final transaction');
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

function waitingJson({ vsize, tx, fee, time, height }: Waiting): Record<string, unknown> {
  return { vsize, weight: tx.weight, time, height, wtxid: tx.wtxid, fees: { base: coinAmount(fee) }, depends: [...new Set(tx.transaction.inputs.map((input) => input.txid))] };
}

function scan({ chain }: Regtest, objects: readonly unknown[]): Record<string, unknown> {
  const wanted = new Map(objects.map((one) => (typeof one === 'object' && one !== null && 'desc' in one ? one.desc : one)).map((one) => [toHex(descriptorScript(one)), String(one)]));
  const unspents = [...chain.coins()].flatMap(([point, coin]) => {
    const desc = wanted.get(toHex(coin.script));
    if (desc === undefined) return [];
    const entry = chain.at(coin.height);
    return [{ txid: point.slice(0, 64), vout: Number(point.slice(65)), scriptPubKey: toHex(coin.script), desc, amount: coinAmount(coin.value), coinbase: coin.coinbase, height: coin.height, blockhash: entry?.header.hash, confirmations: chain.tip().height - coin.height + 1, value: coin.value }];
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

function exceeds({ fee, vsize }: Waiting, maxFeeRate: unknown): boolean {
  const rate = satoshi(maxFeeRate);
  return rate > 0n && fee > (rate * BigInt(vsize)) / 1000n;
}

function entryFinder({ chain }: Regtest): (hash: unknown) => Entry {
  return (hash) => {
    const found = chain.entry(hash64(hash, 1));
    if (!found) throw new RpcError(CODE.address, 'Block not found');
    return found;
  };
}

function decode(hex: unknown, said = ''): Tx {
  try {
    if (isHex(hex)) return parseTx(fromHex(hex));
  } catch (error) {
    if (!isNamesteadError(error)) throw error;
  }
  throw new RpcError(CODE.deserialization, `TX decode failed${said || '.'} Make sure the tx has at least one input.`);
}

function isDescriptor(output: unknown): boolean {
  return typeof output === 'string' && output.includes('(');
}

/** `raw(hex)` and `addr(address)`, with or without a checksum, which is not checked. */
function descriptorScript(descriptor: unknown): Uint8Array {
  const [, kind, body = ''] = /^(raw|addr)\(([^()]*)\)(?:#[a-z0-9]{8})?$/.exec(String(descriptor)) ?? [];
  if (kind === 'raw' && isHex(body)) return fromHex(body);
  if (kind === 'addr') return addressScript(body);
  throw new RpcError(CODE.address, `'${String(descriptor).slice(0, 100)}' is not a descriptor this node knows: raw(hex) or addr(address)`);
}

function addressScript(address: unknown): Uint8Array {
  try {
    const script = scriptOfAddress(String(address));
    // bitcoind on regtest knows 111, 196 and bcrt alone.
    if (addressOfScript(script) === String(address).toLowerCase() || addressOfScript(script) === address) return script;
  } catch (error) {
    if (!isNamesteadError(error)) throw error;
  }
  throw new RpcError(CODE.address, 'Error: Invalid address');
}

function hash64(value: unknown, position: number): string {
  if (typeof value !== 'string') throw new RpcError(CODE.type, `Wrong type passed: position ${position} is to be a string`);
  if (value.length !== 64) throw new RpcError(CODE.parameter, `parameter ${position} must be of length 64 (not ${value.length}, for '${value.slice(0, 100)}')`);
  if (!isHex(value)) throw new RpcError(CODE.parameter, `parameter ${position} must be hexadecimal string (not '${String(value)}')`);
  return value.toLowerCase();
}

function integer(value: unknown, position: number, name: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw new RpcError(CODE.type, `Wrong type passed: position ${position} (${name}) is to be a whole number`);
  return value;
}

function bounded(count: number): number {
  if (count < 0 || count > 10_000) throw new RpcError(CODE.parameter, 'nblocks is to be 0 to 10000');
  return count;
}

function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new RpcError(CODE.type, 'Wrong type passed: expected an array');
  return value as unknown[];
}

function satoshi(value: unknown): bigint {
  const amount = Number(value);
  if (!Number.isFinite(amount) || amount < 0) throw new RpcError(CODE.type, 'Amount out of range');
  return BigInt(Math.round(amount * 1e8));
}

function coinAmount(value: bigint): number {
  return Number(btc(value));
}
