import { fromHex, reversed, toHex } from '../../lib/bytes.js';
import { NamesteadError } from '../../lib/errors.js';
import { sha256 } from '../../lib/hash.js';
import { asCount, asFields, asHex, asList } from '../../lib/shape.js';
import { HEADER_BYTES } from './header.js';
import type { Inclusion, Unspent } from './source.js';

// What servers of the Electrum protocol 1.4 answer, read as JSON of other people's making: each reader gives its value or throws `HttpMalformed`.

/** What servers give in one answer, by custom and at the most. */
export const MOST_HEADERS = 2016;
const MOST_COINS = 20_000;
const MOST_HISTORY = 200_000;
/** A tree over four billion leaves is no deeper. */
const MOST_BRANCH = 32;
const MOST_MONEY = 21e14;

/** The name of a script: SHA-256 of its bytes, as a display hash is written (protocol, "Script Hashes"). */
export function electrumScriptHash(script: Uint8Array): string {
  return toHex(reversed(sha256(script)));
}

/** `blockchain.block.headers`: the headers, and how many the server gives at the most. */
export function parseHeaderPage(value: unknown, wanted: number, what: string): { readonly headers: Uint8Array[]; readonly max: number } {
  const { count, hex, max } = asFields(value, what);
  const length = asCount(count, what, wanted);
  const bytes = fromHex(asHex(hex, what, length * HEADER_BYTES));
  if (asCount(max, what) === 0) throw new NamesteadError('HttpMalformed', `${what} gives no headers at all`);
  return { headers: Array.from({ length }, (_, i) => bytes.subarray(i * HEADER_BYTES, (i + 1) * HEADER_BYTES)), max: asCount(max, what) };
}

/** `blockchain.block.header` with `cp_height`. The root that the server tells is left where it is: the caller has its own. */
export function parseHeaderProof(value: unknown, what: string): { readonly header: Uint8Array; readonly branch: Uint8Array[] } {
  const { header, branch } = asFields(value, what);
  return { header: fromHex(asHex(header, what, HEADER_BYTES)), branch: parseBranch(branch, what) };
}

/** `blockchain.transaction.get_merkle`. */
export function parseInclusion(value: unknown, what: string): Inclusion {
  const { block_height: height, pos, merkle } = asFields(value, what);
  return { height: asCount(height, what), index: asCount(pos, what), branch: parseBranch(merkle, what) };
}

function parseBranch(value: unknown, what: string): Uint8Array[] {
  return asList(value, what, MOST_BRANCH).map((hash) => reversed(fromHex(asHex(hash, what, 32))));
}

/** `blockchain.scripthash.listunspent`. */
export function parseUnspent(value: unknown, what: string): Unspent[] {
  return asList(value, what, MOST_COINS).map((coin) => {
    const { tx_hash: txid, tx_pos: vout, value: satoshi, height } = asFields(coin, what);
    return {
      txid: asHex(txid, what, 32),
      vout: asCount(vout, what),
      value: BigInt(asCount(satoshi, what, MOST_MONEY)),
      // Some tell -1 for a coin whose transaction spends what is unconfirmed itself.
      height: height === -1 ? 0 : asCount(height, what),
    };
  });
}

/** `blockchain.scripthash.get_history`: confirmed transactions in block order, then, as height 0, those that wait. No transaction twice. */
export function parseHistory(value: unknown, what: string): { readonly txid: string; readonly height: number }[] {
  const found = asList(value, what, MOST_HISTORY).map((item) => {
    const { tx_hash: txid, height } = asFields(item, what);
    return { txid: asHex(txid, what, 32), height: height === -1 ? 0 : asCount(height, what) };
  });
  const isLater = (height: number, before: number | undefined): boolean => before === undefined || height === 0 || (before !== 0 && before <= height);
  if (!found.every(({ height }, i) => isLater(height, found[i - 1]?.height)) || new Set(found.map(({ txid }) => txid)).size !== found.length)
    throw new NamesteadError('HttpMalformed', `${what} is not in block order, or tells a transaction twice`);
  return found;
}

/** BTC per 1000 virtual bytes, as `estimatefee` and `relayfee` tell them, in satoshi per virtual byte; null where there is none. */
export function parseFeeRate(value: unknown): number | null {
  const rate = typeof value === 'number' ? value * 1e5 : 0;
  return rate > 0 && rate < 1e5 ? rate : null;
}
