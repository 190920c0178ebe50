import { importKeychain, type ImportKeychain } from './keychain.js';
import { plainReckoner, type Reckoner } from './claim.js';

/** What was worked out before and may be wanted again. Bounded: whoever fills it with scripts only makes us forget. */
export interface Memo extends Reckoner {
  /** Who may import beside a revealer whose key (hex) came first. */
  keychainOf(key: string): ImportKeychain;
}

const MOST_ADDRESSES = 50_000;
const MOST_KEYS = 50_000;
/** Each holds 301 addresses. */
const MOST_KEYCHAINS = 100;

export function memoOf(): Memo {
  const addresses = new Map<string, string | null>();
  const hashes = new Map<string, string>();
  const keychains = new Map<string, ImportKeychain>();
  return {
    addressOf: (script) => remembered(addresses, script, MOST_ADDRESSES, () => plainReckoner.addressOf(script)),
    hash160Of: (key) => remembered(hashes, key, MOST_KEYS, () => plainReckoner.hash160Of(key)),
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
