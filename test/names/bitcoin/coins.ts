import { equal, fromHex, toHex } from '../../../src/lib/bytes.js';
import { parsePrivateKey, signerOf, type Signer } from '../../../src/lib/key.js';
import { lockScript, type Account } from '../../../src/names/bitcoin/account.js';
import type { Coin } from '../../../src/names/bitcoin/coin.js';
import type { Network } from '../../../src/names/bitcoin/network.js';
import type { PaymentSource, TransactionSource, Unspent } from '../../../src/names/bitcoin/source.js';
import { serializeTransaction, txidOf, type Transaction } from '../../../src/names/bitcoin/transaction.js';

/** A signer whose key is one repeated byte. */
export function signerAt(n: number): Signer {
  return signerOf(parsePrivateKey(n.toString(16).padStart(2, '0').repeat(32)));
}

/** Makes coins out of nothing: each lies in a transaction of its own, which the source then serves. */
export function mint(): { coin(account: Account, value: bigint): Coin; readonly source: TransactionSource; readonly stored: Map<string, Uint8Array> } {
  const stored = new Map<string, Uint8Array>();
  return {
    stored,
    coin: (account, value) => {
      const from = { txid: toHex(new Uint8Array(32).fill(stored.size + 1)), vout: stored.size, script: fromHex('51'), sequence: 0xffffffff, witness: [] };
      const transaction: Transaction = {
        version: 2,
        inputs: [from],
        outputs: [
          { value: 7n, script: fromHex('51') },
          { value, script: lockScript(account.lock) },
        ],
        lockTime: 0,
      };
      const txid = txidOf(transaction);
      stored.set(txid, serializeTransaction(transaction));
      return { txid, vout: 1, value, height: 1, lock: account.lock };
    },
    source: {
      operator: 'mint',
      transaction: (txid) => Promise.resolve(stored.get(txid) ?? null),
      inclusion: () => Promise.reject(new Error('not expected')),
    },
  };
}

/** Just what builders read of a network; more would be another test's business. */
export const regtestish: Network = {
  name: 'test',
  magic: 'id',
  firstBlock: 200,
  epochs: [{ number: 3, endBlock: Number.POSITIVE_INFINITY }],
  genesisConsensusHashes: {},
  receiveFeesPeriod: 52595,
  genesisBalances: {},
  confirmations: 1,
  bitcoin: {
    name: 'regtest',
    genesisHash: '',
    genesisHeader: '',
    powLimitBits: 0x207fffff,
    noRetargeting: true,
    versions: [1, 1, 1],
    twentyMinuteRule: true,
    bip94: false,
    minimumChainWork: 0n,
    work: 'none',
    p2pkh: 111,
    p2sh: 196,
    bech32: 'bcrt',
  },
};

/** Lists coins minted for accounts; takes no transaction. */
export function bank(minted: ReturnType<typeof mint>, coins: readonly [Account, bigint][]): PaymentSource {
  const held = coins.map(([account, value]) => minted.coin(account, value));
  return {
    operator: 'bank',
    feeRate: () => Promise.resolve(2),
    broadcast: () => Promise.reject(new Error('not expected')),
    unspent: (script) =>
      Promise.resolve(
        held.filter((coin) => equal(lockScript(coin.lock), script)).map(({ txid, vout, value, height }): Unspent => ({ txid, vout, value, height })),
      ),
  };
}
