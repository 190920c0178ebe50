import { fromHex, isHex, toHex, toUtf8, reversed } from '../../lib/bytes.js';
import { isNamesteadError, NamesteadError } from '../../lib/errors.js';
import { merkleBranch } from '../../lib/merkle.js';
import { scriptOfAddress } from './address.js';
import { blockJson, statusJson, statsJson, txJson, type CoreBlock } from './esploraJson.js';
import { RpcError } from './errors.js';
import type { Rpc } from './node.js';
import { createOutputIndex, scriptHashOf, type Known, type OutputIndex, type Place } from './outputs.js';
import { binary, json, serve, text, type Reply, type Request, type Server } from './server.js';
import { inner, parseTx, type Tx } from './tx.js';

/** Transactions of a script in one answer. */
const PAGE = 25;
/** The largest standard transaction in hex. */
const MAX_BODY = 1_000_000;
/** Confirmation targets that Esplora lists. */
const TARGETS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 144, 504, 1008];

/** Serves the Esplora REST API (Blockstream's, as public explorers offer it) over any node's RPC with a transaction index. */
export async function createEsplora(rpc: Rpc, index: OutputIndex = createOutputIndex(rpc)): Promise<Server> {
  return serve(async (request) => {
    try {
      return await route(rpc, index, request);
    } catch (error) {
      if (error instanceof RpcError) return text(404, error.message);
      if (isNamesteadError(error, 'AddressInvalid') || isNamesteadError(error, 'NotFound')) return text(error.code === 'NotFound' ? 404 : 400, error.message);
      throw error;
    }
  }, MAX_BODY);
}

async function route(rpc: Rpc, index: OutputIndex, { method, path, body }: Request): Promise<Reply> {
  const [kind = '', id = '', what = '', more = '', last = ''] = path.split('/').slice(1);
  if (method === 'POST') return kind === 'tx' && id === '' ? broadcast(rpc, toUtf8(body).trim()) : text(404, 'endpoint does not exist');
  if (method !== 'GET' && method !== 'HEAD') return text(405, 'only GET and POST');
  switch (kind) {
    case 'blocks':
      return id === 'tip' ? tip(rpc, what) : blocks(rpc, id);
    case 'block-height':
      return /^\d{1,9}$/.test(id) ? text(200, String(await rpc('getblockhash', [Number(id)]))) : text(400, 'Invalid block height');
    case 'block':
      return isHex(id, 32) ? block(rpc, index, id, what, more) : text(400, 'Invalid hex string');
    case 'tx':
      return isHex(id, 32) ? transaction(rpc, index, id, what, more) : text(400, 'Invalid hex string');
    case 'address':
      return script(rpc, index, scriptHashOf(scriptOfAddress(id)), { address: id }, [what, more, last]);
    case 'scripthash':
      return isHex(id, 32) ? script(rpc, index, id.toLowerCase(), { scripthash: id }, [what, more, last]) : text(400, 'Invalid hex string');
    case 'mempool':
      return mempool(rpc, id);
    case 'fee-estimates':
      return json(await feeEstimates(rpc));
    default:
      return text(404, 'endpoint does not exist');
  }
}

async function broadcast(rpc: Rpc, hex: string): Promise<Reply> {
  try {
    return text(200, String(await rpc('sendrawtransaction', [hex])));
  } catch (error) {
    if (error instanceof RpcError) return text(400, `sendrawtransaction RPC error: ${JSON.stringify({ code: error.code, message: error.message })}`);
    throw error;
  }
}

async function tip(rpc: Rpc, what: string): Promise<Reply> {
  if (what === 'height') return text(200, String(await rpc('getblockcount')));
  return what === 'hash' ? text(200, String(await rpc('getbestblockhash'))) : text(404, 'endpoint does not exist');
}

async function blocks(rpc: Rpc, from: string): Promise<Reply> {
  if (!/^\d{0,9}$/.test(from)) return text(400, 'Invalid block height');
  const start = from === '' ? Number(await rpc('getblockcount')) : Number(from);
  const found: unknown[] = [];
  for (let height = start; height >= 0 && height > start - 10; height--)
    found.push(blockJson(await coreBlock(rpc, String(await rpc('getblockhash', [height])))));
  return json(found);
}

async function block(rpc: Rpc, index: OutputIndex, hash: string, what: string, more: string): Promise<Reply> {
  if (what === 'header') return text(200, String(await rpc('getblockheader', [hash, false])));
  if (what === 'raw') return binary(fromHex(String(await rpc('getblock', [hash, 0]))));
  const found = await coreBlock(rpc, hash);
  switch (what) {
    case '':
      return json(blockJson(found));
    case 'status':
      return json(found.confirmations < 0 ? { in_best_chain: false } : { in_best_chain: true, height: found.height, next_best: found.nextblockhash ?? null });
    case 'txids':
      return json(found.tx);
    case 'txid':
      return /^\d{1,6}$/.test(more) && found.tx[Number(more)] !== undefined ? text(200, found.tx[Number(more)] ?? '') : text(404, 'tx not found');
    case 'txs': {
      const start = more === '' ? 0 : Number(more);
      if (!Number.isInteger(start) || start % 25 !== 0 || start >= found.tx.length) return text(400, 'start index must be a multiple of 25 within the block');
      await index.refresh();
      return json(await Promise.all(found.tx.slice(start, start + 25).map(async (txid) => detailed(index, await rawTx(rpc, txid, hash), placeOf(found)))));
    }
    default:
      return text(404, 'endpoint does not exist');
  }
}

async function transaction(rpc: Rpc, index: OutputIndex, txid: string, what: string, more: string): Promise<Reply> {
  const { tx, place } = await find(rpc, txid);
  switch (what) {
    case '':
      await index.refresh();
      return json(detailed(index, tx, place));
    case 'hex':
      return text(200, toHex(tx.raw));
    case 'raw':
      return binary(tx.raw);
    case 'status':
      return json(statusJson(place));
    case 'merkle-proof':
      return place ? json(await merkleProof(rpc, txid, place)) : text(404, 'Transaction not found or is unconfirmed');
    case 'merkleblock-proof':
      return place ? text(200, String(await rpc('gettxoutproof', [[txid], place.hash]))) : text(404, 'Transaction not found or is unconfirmed');
    case 'outspend':
    case 'outspends': {
      await index.refresh();
      const all = tx.transaction.outputs.map((_, vout) => outspend(index, txid, vout));
      const one = all[Number(more)];
      return what === 'outspends' ? json(all) : one && /^\d+$/.test(more) ? json(one) : text(404, 'Output not found');
    }
    default:
      return text(404, 'endpoint does not exist');
  }
}

async function merkleProof(rpc: Rpc, txid: string, place: Place): Promise<unknown> {
  const { tx } = await coreBlock(rpc, place.hash);
  const pos = tx.indexOf(txid.toLowerCase());
  return { block_height: place.height, merkle: merkleBranch(tx.map(inner), pos).map((node) => toHex(reversed(node))), pos };
}

function outspend(index: OutputIndex, txid: string, vout: number): unknown {
  const spender = index.spender({ txid, vout });
  return spender ? { spent: true, txid: spender.txid, vin: spender.vin, status: statusJson(spender.place) } : { spent: false };
}

async function script(
  rpc: Rpc,
  index: OutputIndex,
  hash: string,
  name: Readonly<Record<string, string>>,
  [what, part, last]: readonly string[],
): Promise<Reply> {
  await index.refresh();
  const known = index.of(hash);
  switch (what) {
    case '':
      return json({ ...name, ...statsJson(known, index) });
    case 'utxo':
      return json(
        known
          .filter((output) => !index.spender(output))
          .map(({ txid, vout, value, place }) => ({ txid, vout, status: statusJson(place), value: Number(value) })),
      );
    case 'txs': {
      const all = history(index, known);
      const confirmed = all.filter(({ place }) => place !== null);
      if (part === '') return json(await details(rpc, index, [...all.filter(({ place }) => place === null), ...confirmed.slice(0, PAGE)]));
      // Behind a transaction that is none of the script's, Esplora has nothing.
      const start = last === '' ? 0 : confirmed.findIndex(({ txid }) => txid === last) + 1 || confirmed.length;
      return part === 'chain' ? json(await details(rpc, index, confirmed.slice(start, start + PAGE))) : text(404, 'endpoint does not exist');
    }
    default:
      return text(404, 'endpoint does not exist');
  }
}

interface Touch {
  readonly txid: string;
  readonly index: number;
  readonly place: Place | null;
}

/** What pays to a script or spends from it, the newest first. */
function history(index: OutputIndex, known: readonly Known[]): Touch[] {
  const touches = known.flatMap((output) => [output, index.spender(output)]).filter((touch) => touch !== null);
  const distinct = new Map(touches.map((touch) => [touch.txid, touch]));
  const order = ({ place }: Touch): number => place?.height ?? Infinity;
  return [...distinct.values()].sort((a, b) => (order(a) === order(b) ? b.index - a.index : order(b) - order(a)));
}

function details(rpc: Rpc, index: OutputIndex, touches: readonly Touch[]): Promise<unknown[]> {
  return Promise.all(touches.map(async ({ txid, place }) => detailed(index, await rawTx(rpc, txid), place)));
}

async function mempool(rpc: Rpc, what: string): Promise<Reply> {
  const txids = await rpc('getrawmempool');
  if (what === 'txids') return json(txids);
  const { size, bytes } = (await rpc('getmempoolinfo')) as { size: number; bytes: number };
  return what === '' ? json({ count: size, vsize: bytes, fee_histogram: [] }) : text(404, 'endpoint does not exist');
}

/** Satoshi per virtual byte by target; where the node has seen too little to estimate, the least it relays. */
async function feeEstimates(rpc: Rpc): Promise<Record<string, number>> {
  const { mempoolminfee } = (await rpc('getmempoolinfo')) as { mempoolminfee: number };
  const { feerate = mempoolminfee } = (await rpc('estimatesmartfee', [6])) as { feerate?: number };
  const rate = Math.round(Math.max(feerate, mempoolminfee) * 1e8) / 1000;
  return Object.fromEntries(TARGETS.map((target) => [String(target), rate]));
}

async function find(rpc: Rpc, txid: string): Promise<{ tx: Tx; place: Place | null }> {
  try {
    const { hex, blockhash } = (await rpc('getrawtransaction', [txid, 1])) as { hex: string; blockhash?: string };
    return { tx: parseTx(fromHex(hex)), place: blockhash === undefined ? null : placeOf(await coreBlock(rpc, blockhash)) };
  } catch (error) {
    if (error instanceof RpcError) throw new NamesteadError('NotFound', 'Transaction not found', { cause: error });
    throw error;
  }
}

async function rawTx(rpc: Rpc, txid: string, blockHash?: string): Promise<Tx> {
  return parseTx(fromHex(String(await rpc('getrawtransaction', blockHash === undefined ? [txid, 0] : [txid, 0, blockHash]))));
}

function detailed(index: OutputIndex, tx: Tx, place: Place | null): unknown {
  return txJson(tx, place, (point) => index.output(point));
}

async function coreBlock(rpc: Rpc, hash: string): Promise<CoreBlock> {
  try {
    return (await rpc('getblock', [hash, 1])) as CoreBlock;
  } catch (error) {
    if (error instanceof RpcError) throw new NamesteadError('NotFound', 'Block not found', { cause: error });
    throw error;
  }
}

function placeOf(found: CoreBlock): Place | null {
  return found.confirmations < 0 ? null : { hash: found.hash, height: found.height, time: found.time };
}
