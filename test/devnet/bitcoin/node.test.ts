import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startBitcoind } from '../../../src/devnet/bitcoin/bitcoind.js';
import { startMemoryBitcoin } from '../../../src/devnet/bitcoin/memory.js';
import type { BitcoinNode } from '../../../src/devnet/bitcoin/node.js';

const BITCOIND = process.env['BITCOIND'];
if (!BITCOIND) console.warn('left out: the same laws on a real bitcoind. Set BITCOIND to its path (tools/bitcoind.sh DIR fetches one).');

const kinds: readonly { kind: string; start: () => Promise<BitcoinNode> }[] = [
  { kind: 'memory', start: () => startMemoryBitcoin() },
  ...(BITCOIND ? [{ kind: 'bitcoind', start: () => startBitcoind({ path: BITCOIND }) }] : []),
];

describe.each(kinds)('a $kind node', ({ start }) => {
  let node: BitcoinNode;
  beforeAll(async () => {
    node = await start();
  }, 40_000);
  afterAll(() => node.close());

  const ADDRESS = '1BoatSLRHtKNngkdXEeobR76b53LETtpyT';
  const explore = async (path: string): Promise<string> => (await fetch(node.esploraUrl + path)).text();

  test('pays an address in mainnet form, and the payment is confirmed by the next block', async () => {
    const txid = await node.fund(ADDRESS, 100_000n);
    expect(await node.rpc('getrawmempool')).toContain(txid);
    const [hash] = await node.mine(1);
    expect(JSON.parse(await explore(`/tx/${txid}/status`))).toMatchObject({ confirmed: true, block_hash: hash });
    const [coin] = JSON.parse(await explore(`/address/${ADDRESS}/utxo`)) as unknown[];
    expect(coin).toMatchObject({ txid, value: 100_000 });
  });

  test('a reorganization takes blocks off, puts one more on, and their transactions wait again', async () => {
    const before = Number(await node.rpc('getblockcount'));
    const txid = await node.fund(ADDRESS, 50_000n);
    const [lost] = await node.mine(1);
    await node.reorg(1);
    expect(await node.rpc('getblockcount')).toBe(before + 2);
    expect(await node.rpc('getblockhash', [before + 1])).not.toBe(lost);
    expect(await node.rpc('getrawmempool')).toContain(txid);
    await node.mine(1);
    expect(JSON.parse(await explore(`/tx/${txid}/status`))).toMatchObject({ confirmed: true, block_height: before + 3 });
  });

  test('ten payments in a row each find a coin', async () => {
    const txids = new Set<string>();
    for (let i = 0; i < 10; i++) txids.add(await node.fund(ADDRESS, 10_000_000n));
    expect(txids.size).toBe(10);
    await node.mine(1);
    expect(await node.rpc('getrawmempool')).toEqual([]);
  });
});
