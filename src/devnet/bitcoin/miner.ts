import { concat, fromHex, fromUtf8, toHex } from '../../lib/bytes.js';
import { NamesteadError } from '../../lib/errors.js';
import { hash160, sha256 } from '../../lib/hash.js';
import { lowS, parsePrivateKey, signerOf, toDer, type Signer } from '../../lib/key.js';
import type { Transaction } from '../../names/bitcoin/transaction.js';
import { scriptOfAddress } from './address.js';
import type { Rpc } from './node.js';
import { isUnspendable, p2pkh, witnessScript } from './script.js';
import { SIGHASH, witnessDigest } from './sighash.js';
import { parseBlock, txOf } from './tx.js';
import { dustLimit } from './standardness.js';

/** Satoshi per virtual byte that the miner pays. */
const RATE = 2n;

interface OwnCoin {
  readonly txid: string;
  readonly vout: number;
  readonly value: bigint;
  readonly signer: Signer;
}

/** Mines and pays by nothing but a node's RPC, so on our node and on a real one alike. Its keys are known to everybody: regtest coins are worth nothing. */
export interface Miner {
  mine(n: number, script?: Uint8Array): Promise<string[]>;
  fund(to: string | Uint8Array, satoshi: bigint): Promise<string>;
  reorg(n: number): Promise<void>;
}

export function createMiner(rpc: Rpc): Miner {
  const coins: OwnCoin[] = [];
  const used: OwnCoin[] = [];
  let branch = 0;
  let signer = signerAt(branch);
  let turn: Promise<unknown> = Promise.resolve();
  /** One payment at a time, or two would spend the same coin. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const done = turn.then(work, work);
    turn = done.catch(() => undefined);
    return done;
  };

  async function mine(n: number, script?: Uint8Array): Promise<string[]> {
    const hashes = strings(await rpc('generatetodescriptor', [n, descriptor(script ?? scriptOf(signer))]));
    if (!script) await remember(hashes);
    return hashes;
  }

  async function remember(hashes: readonly string[]): Promise<void> {
    for (const hash of hashes) {
      const [coinbase] = parseBlock(fromHex(String(await rpc('getblock', [hash, 0])))).transactions;
      const value = coinbase?.transaction.outputs[0]?.value ?? 0n;
      if (coinbase && value > 0n) coins.push({ txid: coinbase.txid, vout: 0, value, signer });
    }
  }

  /** Coins that are there, ripe and unspent; those that are not there now may come back by a reorganization. */
  async function choose(needed: bigint): Promise<OwnCoin[]> {
    const chosen: OwnCoin[] = [];
    let sum = 0n;
    for (const coin of coins) {
      if (sum >= needed + fee(chosen.length)) return chosen;
      if (!(await isSpendable(coin))) continue;
      chosen.push(coin);
      sum += coin.value;
    }
    if (sum >= needed + fee(chosen.length)) return chosen;
    throw new NamesteadError('FundsTooLow', `the miner holds ${sum} ripe satoshi, ${needed + fee(chosen.length)} are needed: mine more blocks`);
  }

  async function isSpendable({ txid, vout }: OwnCoin): Promise<boolean> {
    const found = (await rpc('gettxout', [txid, vout, true])) as { confirmations?: unknown; coinbase?: unknown } | null;
    return found !== null && Number(found.confirmations) >= (found.coinbase === true ? 100 : 1);
  }

  async function fund(to: string | Uint8Array, satoshi: bigint): Promise<string> {
    const script = typeof to === 'string' ? scriptOfAddress(to) : to;
    if (typeof satoshi !== 'bigint' || satoshi < dustLimit({ script }) || isUnspendable(script))
      throw new TypeError('fund pays a spendable output of a bigint of satoshi above the dust limit');
    const inputs = await choose(satoshi);
    const rest = inputs.reduce((sum, coin) => sum + coin.value, 0n) - satoshi - fee(inputs.length);
    const change = { value: rest, script: scriptOf(signer) };
    const paid = await sign(
      {
        version: 2,
        lockTime: 0,
        inputs: inputs.map((coin) => ({ ...coin, script: new Uint8Array(), sequence: 0xfffffffd, witness: [] })),
        outputs: [{ value: satoshi, script }, ...(rest > 1000n ? [change] : [])],
      },
      inputs,
    );
    const tx = txOf(paid);
    await rpc('sendrawtransaction', [toHex(tx.raw)]);
    for (const coin of inputs) used.push(...coins.splice(coins.indexOf(coin), 1));
    // Change first: it is confirmed by the next block, and large coins stay few.
    if (rest > 1000n) coins.unshift({ txid: tx.txid, vout: 1, value: rest, signer });
    return tx.txid;
  }

  async function reorg(n: number): Promise<void> {
    const height = Number(await rpc('getblockcount'));
    if (!Number.isInteger(n) || n < 1 || n > height) throw new TypeError(`a reorganization takes 1 to ${height} blocks off`);
    await rpc('invalidateblock', [await rpc('getblockhash', [height - n + 1])]);
    // Another key, or a block of the same second would be the one just invalidated.
    signer = signerAt(++branch);
    const hashes: string[] = [];
    for (let i = 0; i <= n; i++) hashes.push(((await rpc('generateblock', [descriptor(scriptOf(signer)), []])) as { hash: string }).hash);
    // A payment may not come back with the rest: its coins are asked for again.
    coins.push(...used.splice(0));
    await remember(hashes);
  }

  return { mine: (n, script) => inTurn(() => mine(n, script)), fund: (to, satoshi) => inTurn(() => fund(to, satoshi)), reorg: (n) => inTurn(() => reorg(n)) };
}

/** Two outputs and p2wpkh inputs, at most. */
function fee(inputs: number): bigint {
  return RATE * (80n + 69n * BigInt(Math.max(1, inputs)));
}

async function sign(transaction: Transaction, coins: readonly OwnCoin[]): Promise<Transaction> {
  const inputs = await Promise.all(
    transaction.inputs.map(async (input, index) => {
      const coin = coins[index];
      if (!coin) throw new TypeError('an input without its coin');
      const digest = witnessDigest({ transaction, index, scriptCode: p2pkh(hash160(coin.signer.publicKey)), value: coin.value }, SIGHASH.ALL);
      const signature = concat(toDer(lowS(await coin.signer.sign(digest))), Uint8Array.of(SIGHASH.ALL));
      return { ...input, witness: [signature, coin.signer.publicKey] };
    }),
  );
  return { ...transaction, inputs };
}

function signerAt(branch: number): Signer {
  return signerOf(parsePrivateKey(sha256(fromUtf8(`devnet miner ${branch}`))));
}

function scriptOf(signer: Signer): Uint8Array {
  return witnessScript(0, hash160(signer.publicKey));
}

function descriptor(script: Uint8Array): string {
  return `raw(${toHex(script)})`;
}

function strings(value: unknown): string[] {
  if (!Array.isArray(value)) throw new NamesteadError('ServerFailed', 'the node answered no list of block hashes');
  return value.map(String);
}
