import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { subsidyAt } from '../../../src/devnet/bitcoin/consensus.js';
import { createRegtest, type Regtest } from '../../../src/devnet/bitcoin/regtest.js';
import { isUnspendable } from '../../../src/devnet/bitcoin/script.js';
import { outpoint, txOf, type Tx } from '../../../src/devnet/bitcoin/tx.js';
import { locks, pay, sign, unsigned, type Coin } from './kit.js';

const script = locks.p2wpkh().script;

/** The chain's coins as one who reads all its blocks anew finds them. */
function naive({ chain }: Regtest): Map<string, bigint> {
  const coins = new Map<string, bigint>();
  for (let height = 1; height <= chain.tip().height; height++) {
    for (const { txid, transaction } of chain.at(height)?.block.transactions ?? []) {
      for (const input of transaction.inputs) coins.delete(outpoint(input));
      transaction.outputs.forEach((output, vout) => {
        if (!isUnspendable(output.script)) coins.set(outpoint({ txid, vout }), output.value);
      });
    }
  }
  return coins;
}

const coinsOf = ({ chain }: Regtest): Map<string, bigint> => new Map([...chain.coins()].map(([point, { value }]) => [point, value]));
const sorted = (coins: Map<string, bigint>): [string, bigint][] => [...coins].sort(([a], [b]) => (a < b ? -1 : 1));

function start(blocks: number): Regtest {
  let now = 1_700_000_000_000;
  const regtest = createRegtest({ now: () => (now += 1000) });
  for (let i = 0; i < blocks; i++) regtest.mine(script);
  return regtest;
}

/** Pays one of the ripe or waiting coins on. */
async function spend(regtest: Regtest, pick: number): Promise<Tx | null> {
  const { chain, mempool } = regtest;
  const ripe = [...chain.coins()].filter(([point, coin]) => mempool.spender(point) === null && (!coin.coinbase || chain.tip().height + 1 - coin.height >= 100));
  const waiting = mempool
    .all()
    .flatMap(({ tx }) => tx.transaction.outputs.map((output, vout): [string, { value: bigint }] => [outpoint({ txid: tx.txid, vout }), output]))
    .filter(([point]) => mempool.spender(point) === null);
  const all = [...ripe, ...waiting];
  const [point, found] = all[pick % Math.max(1, all.length)] ?? [];
  if (!point || !found || found.value < 5000n) return null;
  const coin: Coin = { ...locks.p2wpkh(), txid: point.slice(0, 64), vout: Number(point.slice(65)), value: found.value };
  return txOf(await sign(unsigned([coin], [pay(found.value / 2n, script), pay(found.value - found.value / 2n - 1000n, script)]), 0, coin));
}

describe('a chain in memory', () => {
  test("begins with Bitcoin's own regtest genesis block, whose coin nobody can spend", () => {
    const { chain } = start(0);
    expect(chain.tip().header.hash).toBe('0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206');
    expect(chain.coins().size).toBe(0);
  });

  test('pays 50 coins a block, half of that from height 150, a quarter from 300, and nothing in the end', () => {
    expect([1, 149, 150, 299, 300, 150 * 33, 150 * 64, 1e9].map(subsidyAt)).toEqual([
      5_000_000_000n,
      5_000_000_000n,
      2_500_000_000n,
      2_500_000_000n,
      1_250_000_000n,
      0n,
      0n,
      0n,
    ]);
    const regtest = start(151);
    const reward = (height: number): bigint | undefined => regtest.chain.at(height)?.block.transactions[0]?.transaction.outputs[0]?.value;
    expect([149, 150, 151].map(reward)).toEqual([5_000_000_000n, 2_500_000_000n, 2_500_000_000n]);
  });

  test('holds the coins that its blocks make, no more and no fewer, after whatever is mined, paid, taken back and put on again', async () => {
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ do: fc.constant('pay' as const), n: fc.nat(500) }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('mine' as const), n: fc.integer({ min: 1, max: 3 }) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('invalidate' as const), n: fc.integer({ min: 0, max: 4 }) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('reconsider' as const), n: fc.nat(5) }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
        const regtest = start(106);
        const { chain, mempool } = regtest;
        const taken: string[] = [];
        for (const { do: what, n } of steps) {
          if (what === 'pay') {
            const tx = await spend(regtest, n);
            if (tx && mempool.ancestors(tx).size < 20) {
              try {
                mempool.accept(tx, regtest.now());
              } catch (error) {
                expect(String(error)).toMatch(/too-long-mempool-chain/);
              }
            }
          } else if (what === 'mine') for (let i = 0; i < n; i++) regtest.mine(script);
          else if (what === 'invalidate') {
            const entry = chain.at(chain.tip().height - n);
            if (entry && entry.height > 100) {
              chain.invalidate(entry);
              taken.push(entry.header.hash);
            }
          } else {
            const entry = chain.entry(taken[n % Math.max(1, taken.length)] ?? '');
            if (entry) chain.reconsider(entry);
          }
          expect(sorted(coinsOf(regtest))).toEqual(sorted(naive(regtest)));
          // Nothing waits that the next block could not hold.
          for (const { tx } of mempool.all()) for (const input of tx.transaction.inputs) expect(mempool.coin(outpoint(input))).not.toBeNull();
        }
        const waiting = mempool.all().length;
        regtest.mine(script);
        expect([waiting, mempool.all().length]).toEqual([chain.tip().block.transactions.length - 1, 0]);
      }),
      { seed: 426_884, numRuns: 15 },
    );
  }, 60_000);

  test('gives back to the mempool what a lost block held, children after parents', async () => {
    const regtest = start(105);
    const parent = await spend(regtest, 0);
    if (!parent) throw new Error('no coin');
    regtest.mempool.accept(parent, regtest.now());
    regtest.mine(script);
    const coin: Coin = { ...locks.p2wpkh(), txid: parent.txid, vout: 0, value: parent.transaction.outputs[0]?.value ?? 0n };
    const child = txOf(await sign(unsigned([coin], [pay(coin.value - 1000n)]), 0, coin));
    regtest.mempool.accept(child, regtest.now());
    regtest.chain.invalidate(regtest.chain.tip());
    expect(regtest.mempool.all().map(({ tx }) => tx.txid)).toEqual([parent.txid, child.txid]);
    regtest.mine(script);
    expect(
      regtest.chain
        .tip()
        .block.transactions.map(({ txid }) => txid)
        .slice(1),
    ).toEqual([parent.txid, child.txid]);
  });

  test('forgets what spends a coinbase that is young again', async () => {
    const regtest = start(101);
    const tx = await spend(regtest, 0);
    if (!tx) throw new Error('no coin');
    regtest.mempool.accept(tx, regtest.now());
    regtest.chain.invalidate(regtest.chain.tip());
    regtest.chain.invalidate(regtest.chain.tip());
    expect(regtest.mempool.all()).toEqual([]);
  });
});
