import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startBitcoind } from '../../../src/devnet/bitcoin/bitcoind.js';
import { startMemoryBitcoin } from '../../../src/devnet/bitcoin/memory.js';
import { RpcError } from '../../../src/devnet/bitcoin/errors.js';
import type { BitcoinNode } from '../../../src/devnet/bitcoin/node.js';
import { parseTx } from '../../../src/devnet/bitcoin/tx.js';
import { fromHex, toHex } from '../../../src/lib/bytes.js';
import { parseTransaction } from '../../../src/names/bitcoin/transaction.js';
import { key, locks, pay, sign, unsigned, type Coin } from './kit.js';
import { cases, hexOf, outputsNeeded, VALUE, type Scene } from './parityCases.js';

const BITCOIND = process.env['BITCOIND'];
/** What a real bitcoind said, so that machines without one check too. `RECORD=1` writes it anew. */
const FILE = resolve(import.meta.dirname, 'verdicts.json');
const all = cases();
const recorded = JSON.parse(readFileSync(FILE, 'utf8')) as { node: string; cases: { name: string; expect: string }[] };

/** `testmempoolaccept`'s verdict and `sendrawtransaction`'s. */
type Verdict = readonly [test: string, sent: string];

async function judge(node: BitcoinNode, hex: string): Promise<Verdict> {
  const outcome = async (work: () => Promise<string>): Promise<string> => {
    try {
      return await work();
    } catch (error) {
      if (error instanceof RpcError) return `${error.code} ${error.message}`;
      throw error;
    }
  };
  const tested = await outcome(async () => {
    const [answer] = (await node.rpc('testmempoolaccept', [[hex]])) as { allowed: boolean; 'reject-reason'?: string; vsize?: number }[];
    return answer?.allowed ? `allowed ${answer.vsize}` : `refused ${answer?.['reject-reason']}`;
  });
  return [tested, await outcome(async () => String(await node.rpc('sendrawtransaction', [hex])))];
}

/** What the parser says of bytes that are no transaction repeats them. */
const brief = (said: string): string => said.replace(/^(-22 TX decode failed): [0-9a-f]*/, '$1');

const isAccepted = ([tested]: Verdict): boolean => tested.startsWith('allowed');

interface Stage {
  readonly scene: Scene;
  readonly coins: Coin[];
  readonly hashes: readonly string[];
}

/** Ripe coinbases, one coin for each lock of each case, and one that is spent: all mined by `node`. */
async function build(node: BitcoinNode): Promise<Stage> {
  const generate = async (transactions: readonly string[] = []): Promise<string> =>
    ((await node.rpc('generateblock', [`raw(${toHex(locks.p2wpkh().script)})`, transactions])) as { hash: string }).hash;
  const coinbaseOf = async (hash: string): Promise<Coin> => {
    const { tx } = (await node.rpc('getblock', [hash, 2])) as { tx: { hex: string; txid: string }[] };
    const [first] = tx;
    if (!first) throw new Error('a block without coinbase');
    return { ...locks.p2wpkh(), txid: first.txid, vout: 0, value: parseTransaction(fromHex(first.hex)).outputs[0]?.value ?? 0n };
  };
  const hashes: string[] = [];
  for (let i = 0; i < 110; i++) hashes.push(await generate());
  const ripe = await Promise.all(hashes.slice(0, 8).map(coinbaseOf));
  const plan = [...outputsNeeded(all), pay(VALUE, locks.p2wpkh().script)];
  const coins: Coin[] = [];
  const funding: string[] = [];
  for (let i = 0; i < plan.length; i += 400) {
    const coin = ripe.shift();
    if (!coin) throw new Error('too few coinbases');
    const { raw, txid, transaction } = parseTx(fromHex(hexOf(await sign(unsigned([coin], plan.slice(i, i + 400)), 0, coin))));
    funding.push(toHex(raw));
    transaction.outputs.forEach(({ value }, vout) => coins.push({ ...locks.p2wpkh(), txid, vout, value }));
  }
  hashes.push(await generate(funding));
  const spare = coins.pop();
  if (!spare) throw new Error('no coin');
  const mined = await sign(unsigned([spare], [pay(spare.value - 1000n)]), 0, spare);
  hashes.push(await generate([hexOf(mined)]), await generate());
  const coinbases = await Promise.all(hashes.map(coinbaseOf));
  const coinbase = (height: number): Coin => {
    const found = coinbases[height - 1];
    if (!found) throw new Error(`no coinbase at ${height}`);
    return found;
  };
  const { mediantime } = (await node.rpc('getblockchaininfo')) as { mediantime: number };
  return { scene: { height: hashes.length, medianTime: mediantime, coinbase, sent: new Map([['mined', mined]]) }, coins, hashes };
}

/** Makes each case in turn and offers it to every node. */
async function offer({ scene, coins }: Stage, nodes: readonly BitcoinNode[]): Promise<Map<string, readonly Verdict[]>> {
  const verdicts = new Map<string, readonly Verdict[]>();
  const left = [...coins];
  for (const one of all) {
    const given = left.splice(0, one.locks.length).map((coin, i) => ({ ...coin, ...one.locks[i] }));
    const made = await one.make(given, scene);
    if (typeof made !== 'string') scene.sent.set(one.name, made);
    const answers: Verdict[] = [];
    for (const node of nodes) answers.push(await judge(node, hexOf(made)));
    verdicts.set(one.name, answers);
  }
  return verdicts;
}

test('the generated transactions are many, and each has its own name', () => {
  expect(all.length).toBeGreaterThan(1000);
  expect(new Set(all.map((one) => one.name)).size).toBe(all.length);
});

describe('the node in memory', () => {
  test('says of each generated transaction what a real bitcoind said when it was recorded', { timeout: 120_000 }, async () => {
    const node = await startMemoryBitcoin({ blocks: 0 });
    try {
      const verdicts = await offer(await build(node), [node]);
      expect(recorded.cases.map(({ name }) => [name, brief(verdicts.get(name)?.[0]?.[0] ?? '')])).toEqual(recorded.cases.map((one) => [one.name, one.expect]));
    } finally {
      await node.close();
    }
  });
});

describe.skipIf(!BITCOIND)('the node in memory and a real bitcoind on the same blocks', () => {
  let memory: BitcoinNode;
  let real: BitcoinNode;
  let stage: Stage;

  beforeAll(async () => {
    memory = await startMemoryBitcoin({ blocks: 0 });
    real = await startBitcoind({ path: BITCOIND ?? '', blocks: 0 });
    stage = await build(real);
    for (const hash of stage.hashes) expect(await memory.rpc('submitblock', [await real.rpc('getblock', [hash, 0])])).toBeNull();
  }, 60_000);

  afterAll(async () => {
    await memory.close();
    await real.close();
  });

  test('give the same verdict and the same words on each generated transaction', { timeout: 120_000 }, async () => {
    const verdicts = await offer(stage, [memory, real]);
    const theirs = [...verdicts].map(([name, [, real]]) => ({ name, said: real }));
    const ours = [...verdicts].map(([name, [ours]]) => ({ name, said: ours }));
    const { subversion } = (await real.rpc('getnetworkinfo')) as { subversion: string };
    const accepting = (all: readonly { name: string; said: Verdict | undefined }[]): string[] =>
      all.filter(({ said }) => said && isAccepted(said)).map(({ name }) => name);
    expect(accepting(ours), `policy is that of ${recorded.node}; this is ${subversion}`).toEqual(accepting(theirs));
    // Another version may say the same in other words.
    if (subversion === recorded.node) expect(ours).toEqual(theirs);
    else console.warn(`left out: the words of refusals, since ${subversion} is not the ${recorded.node} they were recorded from`);
    const accepted = theirs.filter(({ said }) => said && isAccepted(said)).length;
    expect(accepted).toBeGreaterThan(200);
    expect(all.length - accepted).toBeGreaterThan(600);
    const waiting = async (node: BitcoinNode): Promise<string[]> => ((await node.rpc('getrawmempool')) as string[]).sort();
    expect(await waiting(memory)).toEqual(await waiting(real));
    if (process.env['RECORD']) {
      const source = `testmempoolaccept of bitcoind ${subversion} on the transactions of test/devnet/bitcoin/parityCases.ts, -datacarriersize=83, other options at their default`;
      mkdirSync(dirname(FILE), { recursive: true });
      writeFileSync(
        FILE,
        JSON.stringify({ source, node: subversion, cases: theirs.map(({ name, said }) => ({ name, expect: brief(said?.[0] ?? '') })) }, null, 1) + '\n',
      );
    }
  });

  test('mine what waits, and each takes the block that the other made', async () => {
    const [hash] = (await real.rpc('generatetodescriptor', [1, `raw(${toHex(locks.p2pkh(key(1)).script)})`])) as string[];
    expect(await memory.rpc('submitblock', [await real.rpc('getblock', [hash, 0])])).toBeNull();
    expect(await memory.rpc('getrawmempool')).toEqual(await real.rpc('getrawmempool'));
    const [next] = await memory.mine(1);
    expect(await real.rpc('submitblock', [await memory.rpc('getblock', [next, 0])])).toBeNull();
    expect(await real.rpc('getbestblockhash')).toBe(next);
  });
});
