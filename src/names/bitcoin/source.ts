import type { CallOptions } from '../../lib/clock.js';

/**
 * Where a transaction says it stands: position and merkle branch (inner order, bottom up). Asked, never believed.
 */
export interface Inclusion {
  readonly height: number;
  readonly index: number;
  readonly branch: readonly Uint8Array[];
}

export interface Unspent {
  /** Display hex. */
  readonly txid: string;
  readonly vout: number;
  /** Satoshi. */
  readonly value: bigint;
  /** 0: unconfirmed. */
  readonly height: number;
}

/** Up to `count` headers (80 bytes each) of the source's best chain from height `from` on; fewer, or none, when it ends there. */
export interface HeaderSource {
  readonly operator: string;
  headers(from: number, count: number, options?: CallOptions): Promise<readonly Uint8Array[]>;
}

/** Raw transactions and their places; `null`: the source says absent. A txid is display hex. */
export interface TransactionSource {
  readonly operator: string;
  transaction(txid: string, options?: CallOptions): Promise<Uint8Array | null>;
  inclusion(txid: string, options?: CallOptions): Promise<Inclusion | null>;
}

/** Whole raw blocks by hash (display hex); `null`: the source says absent. */
export interface BlockSource {
  readonly operator: string;
  block(hash: string, options?: CallOptions): Promise<Uint8Array | null>;
}

/** A block of the caller's own header chain. */
export interface BlockId {
  readonly height: number;
  /** Display hex. */
  readonly hash: string;
}

/** What BIP 157 serves. Blocks asked for follow one another and are of the caller's own chain; answers come in their order, all of them. */
export interface FilterSource {
  readonly operator: string;
  /** Filter headers, 32 bytes each, in wire order. @throws NamesteadError `HttpMalformed`, or as the wire fails, when not all are there */
  filterHeaders(blocks: readonly BlockId[], options?: CallOptions): Promise<readonly Uint8Array[]>;
  /** BIP 158 basic filters as serialized: the number of elements, then the set. */
  filters(blocks: readonly BlockId[], options?: CallOptions): Promise<readonly Uint8Array[]>;
}

/** Every confirmed transaction, as the source tells it, that pays to a script or spends from it; in block order. */
export interface HistorySource {
  readonly operator: string;
  history(script: Uint8Array, options?: CallOptions): Promise<readonly { readonly txid: string; readonly height: number }[]>;
}

/** A header with its merkle branch (inner order, bottom up) to the root over the block hashes 0 to `checkpoint`; Electrum's `cp_height`. */
export interface HeaderProofSource {
  readonly operator: string;
  headerProof(
    height: number,
    checkpoint: number,
    options?: CallOptions,
  ): Promise<{ readonly header: Uint8Array; readonly branch: readonly Uint8Array[] } | null>;
}

/** What paying needs: coins by script, the fee rate in satoshi per virtual byte, a way into the mempool. */
export interface PaymentSource {
  readonly operator: string;
  unspent(script: Uint8Array, options?: CallOptions): Promise<readonly Unspent[]>;
  feeRate(options?: CallOptions): Promise<number>;
  /** Answers the txid the source gave; the caller has computed it before. @throws NamesteadError `BroadcastRejected` with the node's reason */
  broadcast(transaction: Uint8Array, options?: CallOptions): Promise<string>;
}

export type BitcoinSource = HeaderSource & TransactionSource & BlockSource & PaymentSource;

/**
 * A core node that folded BNS: consensus hashes (32 hex digits), operations hashes (64), operations and records as it
 * tells them. Asked, never believed; `null`: the node says it has none.
 */
export interface Indexer {
  readonly operator: string;
  /** The node's last processed height and the consensus hash there. */
  tip(options?: CallOptions): Promise<{ readonly height: number; readonly consensusHash: string }>;
  consensusHashes(heights: readonly number[], options?: CallOptions): Promise<readonly (string | null)[]>;
  operationsHashes(heights: readonly number[], options?: CallOptions): Promise<readonly (string | null)[]>;
  /** All operations accepted at a height, in block order, as the raw JSON objects of `get_blockstack_ops_at`. */
  operations(height: number, options?: CallOptions): Promise<readonly Readonly<Record<string, unknown>>[]>;
  /** The raw JSON of `get_name_blockchain_record` (with `history`), or null. */
  nameRecord(name: string, options?: CallOptions): Promise<Readonly<Record<string, unknown>> | null>;
  namespaceRecord(id: string, options?: CallOptions): Promise<Readonly<Record<string, unknown>> | null>;
}
