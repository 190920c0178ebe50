import { toHex } from '../../lib/bytes.js';
import type { Output } from '../../names/bitcoin/transaction.js';
import { addressOfScript } from './address.js';
import { esploraAssembly } from './assembly.js';
import type { Known, OutputIndex, Place } from './outputs.js';
import { kindOf, type Kind } from './script.js';
import { isCoinbase, type Tx } from './tx.js';

/** What is used of bitcoind's `getblock` at verbosity 1. */
export interface CoreBlock {
  readonly hash: string;
  readonly confirmations: number;
  readonly height: number;
  readonly version: number;
  readonly merkleroot: string;
  readonly time: number;
  readonly mediantime: number;
  readonly nonce: number;
  readonly bits: string;
  readonly difficulty: number;
  readonly size: number;
  readonly weight: number;
  readonly previousblockhash?: string;
  readonly nextblockhash?: string;
  readonly tx: readonly string[];
}

export function blockJson(block: CoreBlock): unknown {
  return {
    id: block.hash,
    height: block.height,
    version: block.version,
    timestamp: block.time,
    tx_count: block.tx.length,
    size: block.size,
    weight: block.weight,
    merkle_root: block.merkleroot,
    previousblockhash: block.previousblockhash ?? null,
    mediantime: block.mediantime,
    nonce: block.nonce,
    bits: Number.parseInt(block.bits, 16),
    difficulty: block.difficulty,
  };
}

export function statusJson(place: Place | null): unknown {
  return place ? { confirmed: true, block_height: place.height, block_hash: place.hash, block_time: place.time } : { confirmed: false };
}

export function txJson(tx: Tx, place: Place | null, spent: (point: { readonly txid: string; readonly vout: number }) => Output | null): unknown {
  const { version, lockTime, inputs, outputs } = tx.transaction;
  const coinbase = isCoinbase(tx.transaction);
  const sources = inputs.map((input) => (coinbase ? null : spent(input)));
  const paid = outputs.reduce((sum, output) => sum + output.value, 0n);
  const known = sources.reduce((sum, output) => sum + (output?.value ?? 0n), 0n);
  return {
    txid: tx.txid,
    version,
    locktime: lockTime,
    vin: inputs.map((input, i) => {
      const source = sources[i];
      return {
        txid: input.txid,
        vout: input.vout,
        prevout: source ? outputJson(source) : null,
        scriptsig: toHex(input.script),
        scriptsig_asm: esploraAssembly(input.script),
        ...(input.witness.length > 0 ? { witness: input.witness.map(toHex) } : {}),
        is_coinbase: coinbase,
        sequence: input.sequence,
      };
    }),
    vout: outputs.map(outputJson),
    size: tx.size,
    weight: tx.weight,
    fee: coinbase ? 0 : Number(known - paid),
    status: statusJson(place),
  };
}

const TYPES: Readonly<Record<Kind['type'], string>> = {
  pubkeyhash: 'p2pkh',
  scripthash: 'p2sh',
  pubkey: 'p2pk',
  multisig: 'multisig',
  witness_v0_keyhash: 'v0_p2wpkh',
  witness_v0_scripthash: 'v0_p2wsh',
  witness_v1_taproot: 'v1_p2tr',
  witness_unknown: 'unknown',
  anchor: 'anchor',
  nulldata: 'op_return',
  nonstandard: 'unknown',
};

function outputJson({ script, value }: Output): unknown {
  const address = addressOfScript(script);
  return {
    scriptpubkey: toHex(script),
    scriptpubkey_asm: esploraAssembly(script),
    scriptpubkey_type: TYPES[kindOf(script).type],
    ...(address === null ? {} : { scriptpubkey_address: address }),
    value: Number(value),
  };
}

/** Esplora's sums over a script, confirmed and waiting apart. */
export function statsJson(known: readonly Known[], index: OutputIndex): Record<string, unknown> {
  const stats = (confirmed: boolean): unknown => {
    const funded = known.filter((output) => (output.place !== null) === confirmed);
    const spent = known.filter((output) => {
      const spender = index.spender(output);
      return spender !== null && (spender.place !== null) === confirmed;
    });
    const sum = (outputs: readonly Known[]): number => Number(outputs.reduce((total, output) => total + output.value, 0n));
    const txids = new Set([...funded.map((output) => output.txid), ...spent.map((output) => index.spender(output)?.txid)]);
    return { funded_txo_count: funded.length, funded_txo_sum: sum(funded), spent_txo_count: spent.length, spent_txo_sum: sum(spent), tx_count: txids.size };
  };
  return { chain_stats: stats(true), mempool_stats: stats(false) };
}
