import { isHex, reversed, toHex } from '../../lib/bytes.js';
import { merkleBranch } from '../../lib/merkle.js';
import { createHeaderTree } from './electrumHeaders.js';
import { balanceOf, feeHistogram, historyOf, statusOf, unspentOf, type HistoryItem } from './electrumHistory.js';
import { RpcError } from './errors.js';
import type { Rpc } from './node.js';
import type { IndexedBlock, OutputIndex } from './outputs.js';
import { inner } from './tx.js';

export const SOFTWARE = 'Namestead devnet';
const [LOWEST, HIGHEST] = ['1.4', '1.4.2'];
const MOST_HEADERS = 2016;
/** More are "too large" to tell. */
const MOST_HISTORY = 20_000;
const MOST_SUBSCRIPTIONS = 10_000;
/** The protocol's own codes, and those of JSON-RPC 2.0. */
const CODE = { refused: 1, daemon: 2, unknownMethod: -32601, parameters: -32602 } as const;

/** What the server knows of one client. */
export interface ElectrumClient {
  /** The best block it was told of, display hex; null: it did not ask to be told. */
  tip: string | null;
  /** The status of each script that it asked to be told of. */
  readonly scripts: Map<string, string | null>;
}

export type ElectrumMethod = (params: readonly unknown[], client: ElectrumClient) => unknown;

/** The calls of the Electrum protocol 1.4 (1.4.2 with `unsubscribe`). The index is as new as the last refresh. */
export function electrumMethods(rpc: Rpc, index: OutputIndex, hosts: () => unknown): Readonly<Record<string, ElectrumMethod>> {
  const tree = createHeaderTree(index);
  const told = (hash: string): HistoryItem[] => {
    const history = historyOf(index, hash);
    if (history.length > MOST_HISTORY) throw new RpcError(CODE.refused, 'history too large');
    return history;
  };
  const block = (height: number): IndexedBlock => {
    const found = index.block(height);
    if (!found) throw new RpcError(CODE.refused, `height ${height} is above the tip at ${index.length() - 1}`);
    return found;
  };
  const proof = (height: number, checkpoint: number): { branch: string[]; root: string } => {
    if (height > checkpoint || checkpoint >= index.length())
      throw new RpcError(CODE.refused, `header height ${height} must be <= cp_height ${checkpoint} which must be <= chain height ${index.length() - 1}`);
    return tree.prove(height, checkpoint);
  };
  /** What the node refuses, in the words in which ElectrumX hands it on. */
  const daemon = async (method: string, params: readonly unknown[] = []): Promise<unknown> => {
    try {
      return await rpc(method, params);
    } catch (error) {
      if (!(error instanceof RpcError)) throw error;
      throw new RpcError(CODE.daemon, `daemon error: DaemonError({'code': ${error.code}, 'message': '${error.message}'})`);
    }
  };
  const branchOf = (txids: readonly string[], position: number): string[] => merkleBranch(txids.map(inner), position).map((node) => toHex(reversed(node)));

  return {
    'server.version': ([, version]) => {
      const [from, to] = Array.isArray(version) ? (version as unknown[]) : [version ?? LOWEST, version ?? LOWEST];
      const agreed = compare(String(to), HIGHEST) > 0 ? HIGHEST : String(to);
      if (compare(agreed, LOWEST) < 0 || compare(agreed, String(from)) < 0)
        throw new RpcError(CODE.refused, `unsupported protocol version: ${String(version).slice(0, 40)}`);
      return [SOFTWARE, agreed];
    },
    'server.features': () => ({
      genesis_hash: block(0).hash,
      hosts: hosts(),
      protocol_min: LOWEST,
      protocol_max: HIGHEST,
      server_version: SOFTWARE,
      hash_function: 'sha256',
      pruning: null,
    }),
    'server.banner': () => `${SOFTWARE}: a Bitcoin regtest whose coins are worth nothing`,
    'server.donation_address': () => '',
    'server.peers.subscribe': () => [],
    'server.add_peer': () => false,
    'server.ping': () => null,
    'blockchain.headers.subscribe': (_, client) => {
      const height = index.length() - 1;
      client.tip = block(height).hash;
      return { height, hex: toHex(block(height).header) };
    },
    'blockchain.block.header': ([height, checkpoint = 0]) => {
      const header = toHex(block(count(height, 'height')).header);
      return count(checkpoint, 'cp_height') === 0 ? header : { ...proof(Number(height), Number(checkpoint)), header };
    },
    'blockchain.block.headers': ([start, wanted, checkpoint = 0]) => {
      const from = count(start, 'start_height');
      const length = Math.max(0, Math.min(count(wanted, 'count'), MOST_HEADERS, index.length() - from));
      const hex = Array.from({ length }, (_, i) => toHex(block(from + i).header)).join('');
      const proved = count(checkpoint, 'cp_height') > 0 && length > 0 ? proof(from + length - 1, Number(checkpoint)) : {};
      return { hex, count: length, max: MOST_HEADERS, ...proved };
    },
    'blockchain.estimatefee': async ([blocks]) => {
      const { feerate } = (await daemon('estimatesmartfee', [Math.max(1, Math.min(1008, count(blocks, 'number')))])) as { feerate?: number };
      return feerate ?? -1;
    },
    'blockchain.relayfee': async () => ((await daemon('getmempoolinfo')) as { minrelaytxfee: number }).minrelaytxfee,
    'mempool.get_fee_histogram': () => feeHistogram(index),
    'blockchain.scripthash.get_history': ([hash]) => told(hash64(hash)),
    'blockchain.scripthash.get_mempool': ([hash]) => told(hash64(hash)).filter((item) => item.height <= 0),
    'blockchain.scripthash.get_balance': ([hash]) => balanceOf(index, hash64(hash)),
    'blockchain.scripthash.listunspent': ([hash]) => unspentOf(index, hash64(hash)),
    'blockchain.scripthash.subscribe': ([hash], { scripts }) => {
      const name = hash64(hash);
      if (scripts.size >= MOST_SUBSCRIPTIONS && !scripts.has(name)) throw new RpcError(CODE.refused, `more than ${MOST_SUBSCRIPTIONS} subscriptions`);
      const status = statusOf(told(name));
      scripts.set(name, status);
      return status;
    },
    'blockchain.scripthash.unsubscribe': ([hash], { scripts }) => scripts.delete(hash64(hash)),
    'blockchain.transaction.get': ([txid, verbose = false]) => daemon('getrawtransaction', [hash64(txid), verbose === true ? 1 : 0]),
    'blockchain.transaction.get_merkle': ([txid, height]) => {
      const id = hash64(txid);
      const { txids } = block(count(height, 'height'));
      const pos = txids.indexOf(id);
      if (pos === -1) throw new RpcError(CODE.refused, `tx ${id} not found in block at height ${String(height)}`);
      return { block_height: height, merkle: branchOf(txids, pos), pos };
    },
    'blockchain.transaction.id_from_pos': ([height, position, merkle = false]) => {
      const { txids } = block(count(height, 'height'));
      const txid = txids[count(position, 'tx_pos')];
      if (txid === undefined) throw new RpcError(CODE.refused, `no tx at position ${String(position)} in block at height ${String(height)}`);
      return merkle === true ? { tx_hash: txid, merkle: branchOf(txids, Number(position)) } : txid;
    },
    'blockchain.transaction.broadcast': async ([raw]) => {
      if (!isHex(raw)) throw new RpcError(CODE.parameters, 'a raw transaction is hex');
      try {
        return await rpc('sendrawtransaction', [raw]);
      } catch (error) {
        if (!(error instanceof RpcError)) throw error;
        throw new RpcError(CODE.refused, `the transaction was rejected by network rules.\n\n${error.message}\n[${raw.slice(0, 1000)}]`);
      }
    },
  };
}

/** By their numbers: 1.4 is 1.4.0, and below 1.10. */
function compare(a: string, b: string): number {
  const [one, other] = [a, b].map((version) => version.split('.').map(Number));
  for (let i = 0; i < 3; i++) {
    const difference = (one?.[i] ?? 0) - (other?.[i] ?? 0);
    if (difference !== 0) return Number.isNaN(difference) ? -1 : difference;
  }
  return 0;
}

function count(value: unknown, name: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw new RpcError(CODE.parameters, `${name} is to be a whole number`);
  return value;
}

function hash64(value: unknown): string {
  if (!isHex(value, 32)) throw new RpcError(CODE.parameters, `${String(value).slice(0, 100)} is not 64 hex digits`);
  return value.toLowerCase();
}
