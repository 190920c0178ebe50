import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startBitcoind } from '../../../src/devnet/bitcoin/bitcoind.js';
import { commitmentScript, REGTEST_BITS, rootOf } from '../../../src/devnet/bitcoin/consensus.js';
import { startMemoryBitcoin } from '../../../src/devnet/bitcoin/memory.js';
import type { BitcoinNode } from '../../../src/devnet/bitcoin/node.js';
import { encodeNumber, OP, push } from '../../../src/devnet/bitcoin/script.js';
import { le } from '../../../src/devnet/bitcoin/sighash.js';
import { blockOf, inner, txOf, type Tx } from '../../../src/devnet/bitcoin/tx.js';
import { concat, fromHex, toHex } from '../../../src/lib/bytes.js';
import { hashHeader } from '../../../src/names/bitcoin/header.js';
import { parseTransaction, type Output, type Transaction } from '../../../src/names/bitcoin/transaction.js';
import { input, key, locks, pay, sign, unsigned, type Coin } from './kit.js';

const BITCOIND = process.env['BITCOIND'];
const kinds: readonly { kind: string; start: () => Promise<BitcoinNode> }[] = [
  { kind: 'memory', start: () => startMemoryBitcoin({ blocks: 0 }) },
  ...(BITCOIND ? [{ kind: 'bitcoind', start: () => startBitcoind({ path: BITCOIND, blocks: 0 }) }] : []),
];

interface Plan {
  readonly previous: string;
  readonly height: number;
  readonly time: number;
  readonly reward: bigint;
  readonly transactions: readonly Tx[];
  readonly version?: number;
  readonly bits?: number;
  readonly root?: string;
  readonly claim?: Uint8Array;
  readonly commitment?: Uint8Array | null;
  readonly nonce?: readonly Uint8Array[];
  readonly coinbase?: boolean;
  readonly idle?: boolean;
  readonly more?: readonly Output[];
}

function assemble(plan: Plan): string {
  const { previous, height, time, reward, transactions, version = 0x20000000, bits = REGTEST_BITS, nonce = [new Uint8Array(32)], more = [] } = plan;
  const script = plan.claim ?? concat(push(encodeNumber(height)), Uint8Array.of(OP.OP_0));
  const form = (outputs: readonly Output[]): Tx =>
    txOf({ version: 2, lockTime: 0, outputs, inputs: [{ txid: '0'.repeat(64), vout: 0xffffffff, script, sequence: 0xffffffff, witness: nonce }] });
  const paying = [{ value: reward, script: locks.p2wpkh().script }, ...more];
  const commitment = plan.commitment === undefined ? commitmentScript([form(paying), ...transactions]) : plan.commitment;
  const first = form(commitment ? [...paying, { value: 0n, script: commitment }] : paying);
  const all = plan.coinbase === false ? transactions : [first, ...transactions];
  const header = concat(le(version, 4), inner(previous), inner(plan.root ?? rootOf(all)), le(time, 4), le(bits, 4), le(0, 4));
  const view = new DataView(header.buffer);
  const meets = (): boolean => Number.parseInt(hashHeader(header).slice(0, 2), 16) < 0x80;
  for (let n = 0; meets() === (plan.idle ?? false); n++) view.setUint32(76, n, true);
  return toHex(blockOf(header, all).raw);
}

describe.each(kinds)('a $kind node', ({ start }) => {
  let node: BitcoinNode;
  let plan: Plan;
  let ripe: Coin[];
  const coinOf = async (hash: string): Promise<Coin> => {
    const { tx } = (await node.rpc('getblock', [hash, 2])) as { tx: { hex: string; txid: string }[] };
    return { ...locks.p2wpkh(), txid: tx[0]?.txid ?? '', vout: 0, value: parseTransaction(fromHex(tx[0]?.hex ?? '')).outputs[0]?.value ?? 0n };
  };
  const spend = async (coin: Coin | undefined, fee = 1000n, change: (tx: Transaction) => Transaction = (tx) => tx): Promise<Tx> => {
    if (!coin) throw new Error('no coin');
    return txOf(change(await sign(unsigned([coin], [pay(coin.value - fee, locks.p2wpkh().script)]), 0, coin)));
  };
  const childOf = (tx: Tx): Coin => ({ ...locks.p2wpkh(), txid: tx.txid, vout: 0, value: tx.transaction.outputs[0]?.value ?? 0n });

  beforeAll(async () => {
    node = await start();
    const hashes: string[] = [];
    for (let i = 0; i < 110; i++) hashes.push(...(await node.mine(1, locks.p2wpkh().script)));
    ripe = await Promise.all(hashes.slice(0, 8).map(coinOf));
    const { bestblockhash, blocks, mediantime } = (await node.rpc('getblockchaininfo')) as { bestblockhash: string; blocks: number; mediantime: number };
    plan = { previous: bestblockhash, height: blocks + 1, time: mediantime + 100, reward: 5_000_000_000n, transactions: [] };
  }, 40_000);
  afterAll(() => node.close());

  const submit = (changed: Partial<Plan>): Promise<unknown> => node.rpc('submitblock', [assemble({ ...plan, ...changed })]);

  test('refuses a header out of place, each with its word', async () => {
    expect(await submit({ idle: true })).toBe('high-hash');
    expect(await submit({ bits: 0x207ffffe })).toBe('bad-diffbits');
    expect(await submit({ time: plan.time - 100 })).toBe('time-too-old');
    expect(await submit({ time: plan.time + 100_000 })).toBe('time-too-new');
    expect(await submit({ version: 3 })).toBe('bad-version(0x00000003)');
    expect(await submit({ version: 1 })).toBe('bad-version(0x00000001)');
    expect(await submit({ previous: 'ab'.repeat(32) })).toBe('prev-blk-not-found');
    await expect(node.rpc('submitblock', ['00'.repeat(70)])).rejects.toMatchObject({ code: -22, message: 'Block decode failed' });
    await expect(node.rpc('submitblock', ['zz'])).rejects.toMatchObject({ code: -22 });
  });

  test('refuses a body that does not fit its header or its height, each with its word', async () => {
    const tx = await spend(ripe[0]);
    expect(await submit({ root: 'cd'.repeat(32) })).toBe('bad-txnmrklroot');
    expect(await submit({ coinbase: false, transactions: [tx] })).toBe('bad-cb-missing');
    expect(await submit({ claim: concat(push(encodeNumber(plan.height + 1)), Uint8Array.of(OP.OP_0)) })).toBe('bad-cb-height');
    expect(await submit({ claim: new Uint8Array(101) })).toBe('bad-cb-length');
    expect(await submit({ claim: Uint8Array.of(1) })).toBe('bad-cb-length');
    expect(await submit({ transactions: [await spend(ripe[1]), tx, tx] })).toBe('bad-txns-duplicate');
    expect(await submit({ transactions: [txOf(parseTransaction(fromHex(assemble(plan).slice(162))))] })).toBe('bad-cb-multiple');
    expect(await submit({ transactions: [tx], commitment: null, nonce: [] })).toBe('unexpected-witness');
    expect(await submit({ transactions: [tx], commitment: concat(fromHex('6a24aa21a9ed'), new Uint8Array(32)) })).toBe('bad-witness-merkle-match');
    expect(await submit({ transactions: [tx], nonce: [new Uint8Array(31)] })).toBe('bad-witness-nonce-size');
  });

  test('refuses what its transactions do, each with its word', async () => {
    const [a, b, c] = [await spend(ripe[0]), await spend(ripe[0], 2000n), await spend(ripe[1])];
    expect(await submit({ reward: plan.reward + 1n })).toBe('bad-cb-amount');
    expect(await submit({ transactions: [a], reward: plan.reward + 1001n })).toBe('bad-cb-amount');
    expect(await submit({ transactions: [a, a] })).toBe('bad-txns-inputs-missingorspent');
    expect(await submit({ transactions: [a, b] })).toBe('bad-txns-inputs-missingorspent');
    expect(await submit({ transactions: [await spend(childOf(a)), a] })).toBe('bad-txns-inputs-missingorspent');
    expect(await submit({ transactions: [await spend(ripe[1], -1n)] })).toBe('bad-txns-in-belowout');
    expect(await submit({ transactions: [await spend(await coinOf(plan.previous))] })).toBe('bad-txns-premature-spend-of-coinbase');
    const forged = await sign(unsigned([ripe[1] ?? childOf(a)], [pay(1000n)]), 0, ripe[1] ?? childOf(a), { keys: [key(9)] });
    expect(await submit({ transactions: [txOf(forged)] })).toMatch(/^mandatory-script-verify-flag-failed \(/);
    expect(await submit({ transactions: [await spend(ripe[1], 1000n, (tx) => ({ ...tx, outputs: [] }))] })).toBe('bad-txns-vout-empty');
    const locked = ripe[2] ?? childOf(a);
    const later = async (lockTime: number, sequence: number): Promise<Tx> =>
      txOf(await sign({ ...unsigned([locked], [pay(1000n)]), lockTime, inputs: [input(locked, sequence)] }, 0, locked));
    expect(await submit({ transactions: [await later(plan.height, 0)] })).toBe('bad-txns-nonfinal');
    expect(await submit({ transactions: [await later(0, 5000)] })).toBe('bad-txns-nonfinal');
    const checks = (n: number): Output => pay(0n, new Uint8Array(n).fill(OP.CHECKSIG));
    expect(await submit({ more: [checks(20_001)] })).toBe('bad-blk-sigops');
    expect(await submit({ more: [pay(0n, new Uint8Array(1_000_000))] })).toMatch(/^bad-blk-(length|weight)$/);
    expect(await node.rpc('getbestblockhash')).toBe(plan.previous);
    // The nonce of the commitment may be left out.
    expect(await submit({ transactions: [a, c, await spend(childOf(a))], reward: plan.reward + 3000n, nonce: [] })).toBeNull();
  });

  test('takes a second branch, follows it when it has more work, and knows what it has seen', async () => {
    const side = assemble({ ...plan, time: plan.time + 1 });
    const sideHash = hashHeader(fromHex(side.slice(0, 160)));
    const tip = await node.rpc('getbestblockhash');
    expect(await node.rpc('submitblock', [side])).toBe('inconclusive');
    expect(await node.rpc('submitblock', [side])).toMatch(/^duplicate/);
    expect(await node.rpc('getbestblockhash')).toBe(tip);
    expect(await node.rpc('getblockheader', [sideHash])).toMatchObject({ confirmations: -1, height: plan.height });
    const top = assemble({ ...plan, previous: sideHash, height: plan.height + 1, time: plan.time + 2 });
    expect(await node.rpc('submitblock', [top])).toBeNull();
    expect(await node.rpc('getblockhash', [plan.height])).toBe(sideHash);
    await node.rpc('invalidateblock', [sideHash]);
    expect(await node.rpc('getbestblockhash')).toBe(tip);
    expect(await node.rpc('submitblock', [top])).toBe('duplicate-invalid');
    await node.rpc('reconsiderblock', [sideHash]);
    expect(await node.rpc('getblockcount')).toBe(plan.height + 1);
    const bad = assemble({ ...plan, previous: hashHeader(fromHex(top.slice(0, 160))), height: plan.height + 2, time: plan.time + 3, reward: plan.reward * 2n });
    expect(await node.rpc('submitblock', [bad])).toBe('bad-cb-amount');
    expect(await node.rpc('submitblock', [bad])).toBe('duplicate-invalid');
    const above = assemble({ ...plan, previous: hashHeader(fromHex(bad.slice(0, 160))), height: plan.height + 3, time: plan.time + 4 });
    expect(await node.rpc('submitblock', [above])).toBe('bad-prevblk');
  });
});
