import { toHex } from '../../lib/bytes.js';
import { targetOf } from '../../names/bitcoin/header.js';
import { addressOfScript } from './address.js';
import { coreAssembly } from './assembly.js';
import type { Chain, Entry } from './chain.js';
import { btc, type Coin } from './consensus.js';
import { kindOf } from './script.js';
import { isCoinbase, type Tx } from './tx.js';

/** bitcoind's JSON of what a chain holds; amounts are numbers of bitcoin. */
export function headerJson(chain: Chain, entry: Entry): Record<string, unknown> {
  const { header, height } = entry;
  const next = chain.isActive(entry) ? chain.at(height + 1)?.header.hash : undefined;
  return {
    hash: header.hash,
    confirmations: chain.isActive(entry) ? chain.tip().height - height + 1 : -1,
    height,
    version: header.version,
    versionHex: hex32(header.version),
    merkleroot: header.merkleRoot,
    time: header.time,
    mediantime: entry.medianTime,
    nonce: header.nonce,
    bits: hex32(header.bits),
    target: targetOf(header.bits).toString(16).padStart(64, '0'),
    difficulty: DIFFICULTY,
    chainwork: entry.work.toString(16).padStart(64, '0'),
    nTx: entry.block.transactions.length,
    ...(entry.previous ? { previousblockhash: entry.previous.header.hash } : {}),
    ...(next === undefined ? {} : { nextblockhash: next }),
  };
}

/** 0xffff × 2^208 over the target, as bitcoind rounds it. */
const DIFFICULTY = 4.656542373906925e-10;

export function blockJson(chain: Chain, entry: Entry, level: number): Record<string, unknown> {
  const { block } = entry;
  const tx = block.transactions.map((one) => (level === 1 ? one.txid : txJson(chain, one, null)));
  return { ...headerJson(chain, entry), strippedsize: block.strippedSize, size: block.raw.length, weight: block.weight, tx };
}

export function txJson(chain: Chain, tx: Tx, entry: Entry | null): Record<string, unknown> {
  const { transaction } = tx;
  const coinbase = isCoinbase(transaction);
  return {
    txid: tx.txid,
    hash: tx.wtxid,
    version: transaction.version,
    size: tx.size,
    vsize: tx.vsize,
    weight: tx.weight,
    locktime: transaction.lockTime,
    vin: transaction.inputs.map((input) => ({
      ...(coinbase
        ? { coinbase: toHex(input.script) }
        : { txid: input.txid, vout: input.vout, scriptSig: { asm: coreAssembly(input.script, true), hex: toHex(input.script) } }),
      ...(input.witness.length > 0 ? { txinwitness: input.witness.map(toHex) } : {}),
      sequence: input.sequence,
    })),
    vout: transaction.outputs.map((output, n) => ({ value: Number(btc(output.value)), n, scriptPubKey: scriptJson(output.script) })),
    hex: toHex(tx.raw),
    ...(entry && chain.isActive(entry)
      ? { blockhash: entry.header.hash, confirmations: chain.tip().height - entry.height + 1, time: entry.header.time, blocktime: entry.header.time }
      : entry
        ? { blockhash: entry.header.hash, confirmations: 0 }
        : {}),
  };
}

export function scriptJson(script: Uint8Array): Record<string, unknown> {
  const address = addressOfScript(script);
  return { asm: coreAssembly(script), hex: toHex(script), ...(address === null ? {} : { address }), type: kindOf(script).type };
}

export function coinJson(chain: Chain, coin: Coin): Record<string, unknown> {
  const { height, header } = chain.tip();
  return {
    bestblock: header.hash,
    confirmations: Math.max(0, height - coin.height + 1),
    value: Number(btc(coin.value)),
    scriptPubKey: scriptJson(coin.script),
    coinbase: coin.coinbase,
  };
}

export function chainJson(chain: Chain): Record<string, unknown> {
  const { height, header, medianTime, work } = chain.tip();
  return {
    chain: 'regtest',
    blocks: height,
    headers: height,
    bestblockhash: header.hash,
    bits: hex32(header.bits),
    target: targetOf(header.bits).toString(16).padStart(64, '0'),
    difficulty: DIFFICULTY,
    time: header.time,
    mediantime: medianTime,
    verificationprogress: 1,
    initialblockdownload: false,
    chainwork: work.toString(16).padStart(64, '0'),
    size_on_disk: 0,
    pruned: false,
    warnings: [],
  };
}

export function networkJson(): Record<string, unknown> {
  return {
    version: 290000,
    subversion: '/Namestead:devnet/',
    protocolversion: 70016,
    localrelay: true,
    timeoffset: 0,
    networkactive: false,
    connections: 0,
    connections_in: 0,
    connections_out: 0,
    networks: [],
    relayfee: 0.00001,
    incrementalfee: 0.00001,
    localaddresses: [],
    warnings: [],
  };
}

function hex32(value: number): string {
  return (value >>> 0).toString(16).padStart(8, '0');
}
