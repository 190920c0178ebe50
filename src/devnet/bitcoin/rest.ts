import { concat, fromHex, isHex } from '../../lib/bytes.js';
import type { Entry } from './chain.js';
import { RpcError } from './errors.js';
import type { Rpc } from './node.js';
import type { Regtest } from './regtest.js';
import { headerJson } from './rpcJson.js';
import { answerFilters } from './restFilters.js';
import { inFormat, INVALID_HASH } from './restFormat.js';
import { json, text, type Reply, type Request } from './server.js';
import { inner } from './tx.js';

const FORMAT = /^(.*)\.(bin|hex|json)$/;

/** bitcoind's unauthenticated REST interface (`-rest`): headers, filters, block hashes, blocks, transactions, chain info. */
export async function answerRest(regtest: Regtest, rpc: Rpc, { method, path, query }: Request): Promise<Reply> {
  if (method !== 'GET' && method !== 'HEAD') return text(405, 'only GET');
  const [, route = '', format = ''] = FORMAT.exec(path.replace(/^\/rest\//, '')) ?? [];
  const [kind, first = '', second] = route.split('/');
  switch (kind) {
    case 'chaininfo':
      return format === 'json' ? json(await rpc('getblockchaininfo')) : text(404, 'output format not found (available: json)');
    case 'headers':
      return second === undefined ? headers(regtest, first, query.get('count') ?? '5', format) : headers(regtest, second, first, format);
    case 'blockfilter':
    case 'blockfilterheaders':
      return answerFilters(regtest, route.split('/'), query.get('count') ?? '5', format);
    case 'blockhashbyheight':
      return blockHash(regtest, first, format);
    case 'block':
      return first === 'notxdetails' ? block(regtest, rpc, second ?? '', format, 1) : block(regtest, rpc, first, format, 2);
    case 'tx':
      return transaction(rpc, first, format);
    default:
      return text(404, 'output format not found (available: .bin, .hex, .json)');
  }
}

function headers({ chain }: Regtest, hash: string, count: string, format: string): Reply {
  const most = Number(count);
  if (!Number.isInteger(most) || most < 1 || most > 2000) return text(400, `Header count is invalid or out of acceptable range (1-2000): ${count}`);
  if (!isHex(hash, 32)) return text(400, INVALID_HASH);
  const found: Entry[] = [];
  const start = chain.entry(hash.toLowerCase());
  for (let entry = start && chain.isActive(start) ? start : null; entry && found.length < most; entry = chain.at(entry.height + 1)) found.push(entry);
  const bytes = concat(...found.map((entry) => entry.block.header));
  return inFormat(format, bytes, () => found.map((entry) => headerJson(chain, entry)));
}

function blockHash({ chain }: Regtest, height: string, format: string): Reply {
  if (!/^\d{1,9}$/.test(height)) return text(400, `Invalid height: ${height}`);
  const found = chain.at(Number(height));
  if (!found) return text(404, 'Block height out of range');
  const { hash } = found.header;
  return format === 'hex' ? text(200, `${hash}\n`) : inFormat(format, inner(hash), () => ({ blockhash: hash }));
}

async function block({ chain }: Regtest, rpc: Rpc, hash: string, format: string, verbosity: number): Promise<Reply> {
  if (!isHex(hash, 32)) return text(400, INVALID_HASH);
  const found = chain.entry(hash.toLowerCase());
  if (!found) return text(404, `${hash} not found`);
  const detailed = format === 'json' ? await rpc('getblock', [hash, verbosity]) : null;
  return inFormat(format, found.block.raw, () => detailed);
}

async function transaction(rpc: Rpc, txid: string, format: string): Promise<Reply> {
  if (!isHex(txid, 32)) return text(400, INVALID_HASH);
  try {
    const found = (await rpc('getrawtransaction', [txid, 1])) as { hex: string };
    return inFormat(format, fromHex(found.hex), () => found);
  } catch (error) {
    if (error instanceof RpcError) return text(404, `${txid} not found`);
    throw error;
  }
}
