import { concat, isHex, toHex } from '../../lib/bytes.js';
import { compactSize } from '../../names/bitcoin/transaction.js';
import type { Entry } from './chain.js';
import type { Regtest } from './regtest.js';
import { inFormat, INVALID_HASH } from './restFormat.js';
import { text, type Reply } from './server.js';
import { inner } from './tx.js';

/** BIP 157's number for the basic filter. */
const BASIC = 0;

/** `blockfilter/basic/HASH` and `blockfilterheaders/basic/HASH?count=N`, or `…/basic/N/HASH` as before Core 24. */
export function answerFilters(regtest: Regtest, [kind, type, ...rest]: readonly string[], count: string, format: string): Reply {
  const single = kind === 'blockfilter';
  const [hash = '', asked = count] = single || rest.length === 1 ? rest : [rest[1], rest[0]];
  if (rest.length === 0 || rest.length > (single ? 1 : 2)) return text(400, `Invalid URI format. Expected /rest/${kind}/<filtertype>/<blockhash>.<ext>`);
  if (!isHex(hash, 32)) return text(400, INVALID_HASH);
  if (type !== 'basic') return text(400, `Unknown filtertype ${type}`);
  return single ? filter(regtest, hash, format) : filterHeaders(regtest, hash, asked, format);
}

function filter({ chain, filtered }: Regtest, hash: string, format: string): Reply {
  const entry = chain.entry(hash.toLowerCase());
  if (!entry) return text(404, `${hash} not found`);
  const found = filtered(entry);
  if (!found) return text(404, 'Filter not found. Block was not connected to active chain.');
  const bytes = concat(Uint8Array.of(BASIC), inner(entry.header.hash), compactSize(found.filter.length), found.filter);
  return inFormat(format, bytes, () => ({ filter: toHex(found.filter) }));
}

function filterHeaders({ chain, filtered }: Regtest, hash: string, count: string, format: string): Reply {
  const most = Number(count);
  if (!Number.isInteger(most) || most < 1 || most > 2000) return text(400, `Header count is invalid or out of acceptable range (1-2000): ${count}`);
  const found: string[] = [];
  const start = chain.entry(hash.toLowerCase());
  for (let entry: Entry | null = start && chain.isActive(start) ? start : null; entry && found.length < most; entry = chain.at(entry.height + 1)) {
    const { header } = filtered(entry) ?? {};
    if (header !== undefined) found.push(header);
  }
  return inFormat(format, concat(...found.map(inner)), () => found);
}
