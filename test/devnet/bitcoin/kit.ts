import { concat, fromUtf8, toHex } from '../../../src/lib/bytes.js';
import { hash160, sha256 } from '../../../src/lib/hash.js';
import { lowS, parsePrivateKey, signerOf, toDer, uncompressed, type Signer } from '../../../src/lib/key.js';
import { encodeNumber, OP, p2pkh, p2sh, push, pushPlain, witnessScript } from '../../../src/devnet/bitcoin/script.js';
import { legacyDigest, witnessDigest } from '../../../src/devnet/bitcoin/sighash.js';
import type { Input, Output, Transaction } from '../../../src/names/bitcoin/transaction.js';

export interface Key {
  readonly signer: Signer;
  /** As it stands in scripts. */
  readonly bytes: Uint8Array;
}

export const key = (n: number): Key => {
  const signer = signerOf(parsePrivateKey(sha256(fromUtf8(`parity ${n}`))));
  return { signer, bytes: signer.publicKey };
};

export const bigKey = (n: number): Key => {
  const { signer } = key(n);
  return { signer, bytes: uncompressed(signer.publicKey) };
};

/** How an output is locked, and all that opening it takes. */
export interface Lock {
  readonly name: string;
  readonly script: Uint8Array;
  readonly keys: readonly Key[];
  /** Signatures a multisig asks for; 0: a key hash. */
  readonly m: number;
  /** The script inside p2sh or p2wsh. */
  readonly inside: Uint8Array | null;
  readonly version: 'legacy' | 'witness';
  readonly nested: boolean;
}

export interface Coin extends Lock {
  readonly txid: string;
  readonly vout: number;
  readonly value: bigint;
}

const lock = (fields: Partial<Lock> & Pick<Lock, 'name' | 'script'>): Lock => ({ keys: [], m: 0, inside: null, version: 'legacy', nested: false, ...fields });

export const locks = {
  p2pkh: (k: Key = key(1)) => lock({ name: 'p2pkh', script: p2pkh(hash160(k.bytes)), keys: [k] }),
  p2wpkh: (k: Key = key(1)) => lock({ name: 'p2wpkh', script: witnessScript(0, hash160(k.bytes)), keys: [k], version: 'witness' }),
  nested: (k: Key = key(1)) =>
    lock({ name: 'p2sh-p2wpkh', script: p2sh(hash160(witnessScript(0, hash160(k.bytes)))), keys: [k], version: 'witness', nested: true }),
  multisig: (m: number, keys: readonly Key[]) => {
    const inside = multisigScript(m, keys);
    return lock({ name: `p2sh ${m} of ${keys.length}`, script: p2sh(hash160(inside)), keys, m, inside });
  },
  bareMultisig: (m: number, keys: readonly Key[]) => lock({ name: `bare ${m} of ${keys.length}`, script: multisigScript(m, keys), keys, m }),
  p2wsh: (m: number, keys: readonly Key[]) => {
    const inside = multisigScript(m, keys);
    return lock({ name: `p2wsh ${m} of ${keys.length}`, script: witnessScript(0, sha256(inside)), keys, m, inside, version: 'witness' });
  },
  nestedWsh: (m: number, keys: readonly Key[]) => {
    const inside = multisigScript(m, keys);
    return lock({
      name: `p2sh-p2wsh ${m} of ${keys.length}`,
      script: p2sh(hash160(witnessScript(0, sha256(inside)))),
      keys,
      m,
      inside,
      version: 'witness',
      nested: true,
    });
  },
  pubkey: (k: Key = key(1)) => lock({ name: 'p2pk', script: concat(pushPlain(k.bytes), Uint8Array.of(OP.CHECKSIG)), keys: [k] }),
  script: (inside: Uint8Array) => lock({ name: 'p2sh script', script: p2sh(hash160(inside)), inside }),
  witnessScript: (inside: Uint8Array) => lock({ name: 'p2wsh script', script: witnessScript(0, sha256(inside)), inside, version: 'witness' }),
  raw: (script: Uint8Array) => lock({ name: 'raw', script }),
};

export function multisigScript(m: number, keys: readonly Key[]): Uint8Array {
  const number = (n: number): Uint8Array => push(encodeNumber(n));
  return concat(number(m), ...keys.map((k) => pushPlain(k.bytes)), number(keys.length), Uint8Array.of(OP.CHECKMULTISIG));
}

export const input = (coin: { readonly txid: string; readonly vout: number }, sequence = 0xfffffffd): Input => ({
  txid: coin.txid,
  vout: coin.vout,
  script: new Uint8Array(),
  sequence,
  witness: [],
});

export const pay = (value: bigint, script: Uint8Array = p2pkh(new Uint8Array(20).fill(7))): Output => ({ value, script });

export const unsigned = (
  coins: readonly { readonly txid: string; readonly vout: number }[],
  outputs: readonly Output[],
  more: Partial<Transaction> = {},
): Transaction => ({
  version: 2,
  lockTime: 0,
  inputs: coins.map((coin) => input(coin)),
  outputs,
  ...more,
});

export interface Forgery {
  readonly hashType?: number;
  readonly keys?: readonly Key[];
  /** Of the DER signature with its hash type. */
  readonly signature?: (signature: Uint8Array) => Uint8Array;
  /** Of the list that opens the lock: scriptSig pushes, or witness items. */
  readonly items?: (items: Uint8Array[]) => Uint8Array[];
  readonly scriptSig?: (script: Uint8Array) => Uint8Array;
  /** The value signed for. */
  readonly value?: bigint;
}

/** Signs input `index` as its lock wants it, with whatever is to be wrong. */
export async function sign(transaction: Transaction, index: number, coin: Coin, forgery: Forgery = {}): Promise<Transaction> {
  const { hashType = 1, keys = coin.m === 0 ? coin.keys.slice(0, 1) : coin.keys.slice(0, coin.m) } = forgery;
  const scriptCode = coin.inside ?? (coin.version === 'witness' ? p2pkh(hash160(coin.keys[0]?.bytes ?? new Uint8Array())) : coin.script);
  const digest = (coin.version === 'witness' ? witnessDigest : legacyDigest)({ transaction, index, scriptCode, value: forgery.value ?? coin.value }, hashType);
  const signatures = await Promise.all(
    keys.map(async (k) => (forgery.signature ?? ((s) => s))(concat(toDer(lowS(await k.signer.sign(digest))), Uint8Array.of(hashType)))),
  );
  const plain =
    coin.m > 0 ? [new Uint8Array(), ...signatures] : coin.name === 'p2pk' ? signatures : [...signatures, ...coin.keys.slice(0, 1).map((k) => k.bytes)];
  const items = (forgery.items ?? ((all) => all))([...plain, ...(coin.inside ? [coin.inside] : [])]);
  return open(transaction, index, coin, items, forgery.scriptSig);
}

/** Puts `items` where the lock looks for them. */
export function open(
  transaction: Transaction,
  index: number,
  coin: Lock,
  items: readonly Uint8Array[],
  scriptSig: (script: Uint8Array) => Uint8Array = (script) => script,
): Transaction {
  const program = coin.inside ? witnessScript(0, sha256(coin.inside)) : witnessScript(0, hash160(coin.keys[0]?.bytes ?? new Uint8Array()));
  const script = coin.version === 'legacy' ? concat(...items.map(push)) : coin.nested ? pushPlain(program) : new Uint8Array();
  const filled = { script: scriptSig(script), witness: coin.version === 'witness' ? items : [] };
  return { ...transaction, inputs: transaction.inputs.map((one, i) => (i === index ? { ...one, ...filled } : one)) };
}

const N = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

/** The other signature of the same key over the same digest. */
export function highS(signature: Uint8Array): Uint8Array {
  const r = signature.subarray(4, 4 + (signature[3] ?? 0));
  const s = signature.subarray(6 + r.length, -1);
  const other = (N - BigInt('0x' + toHex(s))).toString(16).padStart(64, '0');
  const wide = r.length > 32 ? r.subarray(1) : r;
  const whole = new Uint8Array(64);
  whole.set(wide, 32 - wide.length);
  whole.set(
    Uint8Array.from(other.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16)),
    32,
  );
  return concat(toDer(whole), signature.subarray(-1));
}

export function random(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}
