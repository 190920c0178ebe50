import { fromHex } from '../../lib/bytes.js';
import { importKeychain, type ImportKeychain } from './keychain.js';
import { addressOfScript } from './script.js';

/** What was worked out before and may be wanted again. Bounded: whoever fills it with scripts only makes us forget. */
export interface Memo {
  /** The address of a script in hex, version 0 or 5; null when it has none. */
  addressOf(script: string): string | null;
  /** Who may import beside a revealer whose key (hex) came first. */
  keychainOf(key: string): ImportKeychain;
}

const MOST_ADDRESSES = 100_000;
/** Each holds 301 addresses. */
const MOST_KEYCHAINS = 100;

export function memoOf(): Memo {
  const addresses = new Map<string, string | null>();
  const keychains = new Map<string, ImportKeychain>();
  return {
    addressOf: (script) => remembered(addresses, script, MOST_ADDRESSES, () => addressOfScript(fromHex(script))),
    keychainOf: (key) => remembered(keychains, key, MOST_KEYCHAINS, () => importKeychain(key)),
  };
}

function remembered<V>(known: Map<string, V>, key: string, most: number, workOut: () => V): V {
  const before = known.get(key);
  if (before !== undefined || known.has(key)) return before as V;
  if (known.size >= most) known.clear();
  const value = workOut();
  known.set(key, value);
  return value;
}
