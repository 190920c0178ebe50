/** A Bitcoin regtest node that serves real HTTP on loopback: ours in memory, or a real bitcoind. */
export interface BitcoinNode {
  readonly kind: 'memory' | 'bitcoind';
  /** bitcoind's JSON-RPC (POST /) and REST (/rest/…). */
  readonly rpcUrl: string;
  readonly user: string;
  readonly password: string;
  /** The Esplora REST API. */
  readonly esploraUrl: string;
  /** The Electrum protocol over TCP, `tcp://127.0.0.1:port`. */
  readonly electrumTcp: string;
  /** The Electrum protocol over WebSocket, `ws://127.0.0.1:port`. */
  readonly electrumWs: string;
  /** Bitcoin's peer-to-peer protocol, with filters (BIP 157). */
  readonly p2p: { readonly host: string; readonly port: number };
  /** Calls the node. @throws `RpcError` with bitcoind's code and message */
  readonly rpc: Rpc;
  /** Mines `n` blocks with what waits in the mempool, to the miner or to `script`. Answers the block hashes, display hex. */
  mine(n: number, script?: Uint8Array): Promise<string[]>;
  /** Pays from the miner's coins with a real transaction that then waits in the mempool. Answers the txid. @throws NamesteadError `FundsTooLow`, `AddressInvalid` */
  fund(to: string | Uint8Array, satoshi: bigint): Promise<string>;
  /** Takes the last `n` blocks off the chain and mines `n + 1` empty ones: their transactions wait in the mempool again. */
  reorg(n: number): Promise<void>;
  close(): Promise<void>;
}

/** One call of bitcoind's JSON-RPC. @throws `RpcError` with bitcoind's code and message */
export type Rpc = (method: string, params?: readonly unknown[]) => Promise<unknown>;
