import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startBitcoind } from '../../../src/devnet/bitcoin/bitcoind.js';
import { RpcError } from '../../../src/devnet/bitcoin/errors.js';
import { startMemoryBitcoin } from '../../../src/devnet/bitcoin/memory.js';
import type { BitcoinNode } from '../../../src/devnet/bitcoin/node.js';
import { encodeNumber, OP, push, witnessScript } from '../../../src/devnet/bitcoin/script.js';
import { concat, toHex } from '../../../src/lib/bytes.js';
import { bigKey, key, locks, multisigScript } from './kit.js';

const BITCOIND = process.env['BITCOIND'];
const ADDRESS = '1BoatSLRHtKNngkdXEeobR76b53LETtpyT';

/** Each thing `ours` says, `theirs` says too. */
function expectWithin(ours: unknown, theirs: unknown, where: string): void {
  if (Array.isArray(ours)) {
    expect(Array.isArray(theirs) && theirs.length, where).toBe(ours.length);
    ours.forEach((one, i) => expectWithin(one, (theirs as unknown[])[i], `${where}[${i}]`));
  } else if (typeof ours === 'object' && ours !== null) {
    for (const [name, one] of Object.entries(ours)) expectWithin(one, (theirs as Record<string, unknown> | null)?.[name], `${where}.${name}`);
  } else expect(theirs, where).toBe(ours);
}

describe.skipIf(!BITCOIND)('on the same blocks and mempool, what the node in memory says a real bitcoind says', () => {
  let memory: BitcoinNode;
  let real: BitcoinNode;
  let hashes: string[];
  let waiting: string;

  beforeAll(async () => {
    memory = await startMemoryBitcoin({ blocks: 0 });
    real = await startBitcoind({ path: BITCOIND ?? '' });
    const scripts = [
      locks.pubkey().script,
      locks.pubkey(bigKey(4)).script,
      locks.nested().script,
      locks.p2wsh(2, [key(1), key(2)]).script,
      multisigScript(2, [key(1), key(2), key(3)]),
      witnessScript(1, new Uint8Array(32).fill(9)),
      witnessScript(1, Uint8Array.of(0x4e, 0x73)),
      witnessScript(5, new Uint8Array(20)),
      concat(Uint8Array.of(OP.RETURN), push(new Uint8Array(80).fill(1))),
      Uint8Array.of(OP.RETURN, OP.CHECKSIG),
      Uint8Array.from({ length: 0xba }, (_, opcode) => (opcode < 0x4f ? OP.NOP : opcode)),
      Uint8Array.of(OP.OP_1, 0x4c, 9),
      concat(push(encodeNumber(500_000)), push(encodeNumber(-1)), push(encodeNumber(2 ** 31)), Uint8Array.of(OP.DROP2)),
    ];
    for (const script of scripts) await real.mine(1, script);
    await real.fund(ADDRESS, 123_456_789n);
    await real.mine(1);
    waiting = await real.fund(ADDRESS, 1_000n);
    hashes = [];
    for (let height = 1; height <= Number(await real.rpc('getblockcount')); height++) hashes.push(String(await real.rpc('getblockhash', [height])));
    for (const hash of hashes) expect(await memory.rpc('submitblock', [await real.rpc('getblock', [hash, 0])])).toBeNull();
    await memory.rpc('sendrawtransaction', [await real.rpc('getrawtransaction', [waiting])]);
  }, 40_000);
  afterAll(async () => {
    await memory.close();
    await real.close();
  });

  const compare = async (method: string, params: readonly unknown[]): Promise<void> => {
    const ask = async (node: BitcoinNode): Promise<unknown> =>
      node
        .rpc(method, params)
        .catch((error: unknown) => (error instanceof RpcError ? { code: error.code, message: error.message } : Promise.reject(error as Error)));
    expectWithin(await ask(memory), await ask(real), `${method}(${JSON.stringify(params).slice(0, 90)})`);
  };

  test('of blocks', async () => {
    for (const hash of [hashes[0], ...hashes.slice(-15)]) {
      for (const verbosity of [0, 1, 2]) await compare('getblock', [hash, verbosity]);
      await compare('getblockheader', [hash]);
      await compare('getblockheader', [hash, false]);
    }
    for (const height of [0, 1, 50, hashes.length, hashes.length + 1, -1]) await compare('getblockhash', [height]);
    await compare('getblock', ['ab'.repeat(32)]);
    await compare('getblock', ['ab']);
    await compare('getblock', ['zz'.repeat(32)]);
    await compare('getblockheader', ['ab'.repeat(32)]);
    await compare('getbestblockhash', []);
    await compare('getblockcount', []);
    const [ours, theirs] = [(await memory.rpc('getblockchaininfo')) as object, await real.rpc('getblockchaininfo')];
    expectWithin(
      { ...ours, size_on_disk: 0, verificationprogress: 1 },
      { ...(theirs as object), size_on_disk: 0, verificationprogress: 1 },
      'getblockchaininfo',
    );
  });

  test('of transactions and outputs', async () => {
    const { tx } = (await real.rpc('getblock', [hashes.at(-1), 1])) as { tx: string[] };
    for (const txid of [...tx, waiting, 'ab'.repeat(32)]) {
      await compare('getrawtransaction', [txid]);
      await compare('getrawtransaction', [txid, 1]);
      for (const vout of [0, 1, 2]) for (const pool of [true, false]) await compare('gettxout', [txid, vout, pool]);
    }
    await compare('getrawtransaction', [tx[1], 1, hashes.at(-1)]);
    await compare('getrawtransaction', [tx[1], 1, hashes.at(-2)]);
    await compare('gettxoutproof', [[tx[1]]]);
    await compare('gettxoutproof', [tx, hashes.at(-1)]);
    await compare('gettxoutproof', [[waiting]]);
    await compare('getrawmempool', []);
    await compare('sendrawtransaction', ['00']);
    await compare('sendrawtransaction', [await real.rpc('getrawtransaction', [tx[1]])]);
    await compare('estimatesmartfee', [6]);
    await compare('nothing', []);
  });

  test('of unspent outputs by script', async () => {
    const scan = async (node: BitcoinNode, descriptor: string): Promise<unknown> => {
      const { unspents, total_amount } = (await node.rpc('scantxoutset', ['start', [descriptor]])) as { unspents: { desc: string }[]; total_amount: number };
      return { total_amount, unspents: unspents.map(({ desc: _, ...rest }) => rest) };
    };
    const paid = (await real.rpc('getrawtransaction', [waiting, 1])) as { vout: { scriptPubKey: { address: string } }[] };
    const boat = paid.vout[0]?.scriptPubKey.address ?? '';
    for (const descriptor of [
      `raw(${toHex(locks.pubkey().script)})`,
      'addr(mrKYBVGSsW6ikQFDT1Vz1t8hcUwA5oqKAz)',
      `addr(${boat})`,
      `raw(${toHex(locks.p2pkh(key(77)).script)})`,
    ]) {
      expectWithin(await scan(memory, descriptor).catch(String), await scan(real, descriptor).catch(String), descriptor);
    }
  });

  test('by REST, to the byte', async () => {
    const ask = async (node: BitcoinNode, path: string): Promise<readonly [number, string]> => {
      const answer = await fetch(node.rpcUrl + path);
      return [answer.status, toHex(new Uint8Array(await answer.arrayBuffer()))];
    };
    const { tx } = (await real.rpc('getblock', [hashes.at(-1), 1])) as { tx: string[] };
    const paths = [
      ...['bin', 'hex'].flatMap((form) => [
        `/rest/headers/5/${hashes[0]}.${form}`,
        `/rest/headers/2000/${hashes[3]}.${form}`,
        `/rest/headers/${hashes[3]}.${form}?count=7`,
        `/rest/headers/5/${'ab'.repeat(32)}.${form}`,
        `/rest/blockhashbyheight/7.${form}`,
        `/rest/block/${hashes.at(-1)}.${form}`,
        `/rest/block/notxdetails/${hashes.at(-1)}.${form}`,
        `/rest/tx/${tx[1]}.${form}`,
      ]),
      '/rest/blockhashbyheight/7.json',
      '/rest/blockhashbyheight/9999.json',
      `/rest/block/${'ab'.repeat(32)}.bin`,
      `/rest/tx/${'ab'.repeat(32)}.hex`,
    ];
    for (const path of paths) {
      const [ours, theirs] = [await ask(memory, path), await ask(real, path)];
      expect(ours[0], path).toBe(theirs[0]);
      if (theirs[0] === 200) expect(ours[1].replace(/0a$/, ''), path).toBe(theirs[1].replace(/0a$/, ''));
    }
    for (const path of [
      `/rest/headers/0/${hashes[0]}.bin`,
      `/rest/headers/2001/${hashes[0]}.bin`,
      '/rest/block/zz.bin',
      '/rest/blockhashbyheight/x.bin',
      '/rest/nothing',
      '/rest/chaininfo.bin',
    ]) {
      expect((await ask(memory, path))[0], path).toBe((await ask(real, path))[0]);
    }
  });

  test('of block filters by RPC and REST, those of blocks that lost their place or never had one among them', async () => {
    const side = await startMemoryBitcoin({ blocks: 0 });
    for (const hash of hashes.slice(0, -2)) await side.rpc('submitblock', [await real.rpc('getblock', [hash, 0])]);
    const lost = (await side.mine(1))[0] ?? '';
    for (const node of [memory, real]) expect(await node.rpc('submitblock', [await side.rpc('getblock', [lost, 0])])).toBe('inconclusive');
    await side.close();
    const genesis = String(await real.rpc('getblockhash', [0]));
    for (const hash of [genesis, ...hashes, lost, 'ab'.repeat(32), 'zz']) await compare('getblockfilter', [hash]);
    await compare('getblockfilter', [genesis, 'basic']);
    await compare('getblockfilter', [genesis, 'other']);
    const same = async (path: string): Promise<void> => {
      const [ours, theirs] = await Promise.all([memory, real].map((node) => fetch(`${node.rpcUrl}/rest/${path}`)));
      expect(ours?.status, path).toBe(theirs?.status);
      if (ours?.ok) expect((await ours.text()).trim(), path).toBe((await theirs?.text())?.trim());
    };
    const last = hashes.at(-1) ?? '';
    for (const form of ['hex', 'json']) {
      for (const hash of [genesis, hashes[7], last, lost, 'ab'.repeat(32), 'zz']) {
        for (const path of ['blockfilter/basic', 'blockfilter/other', 'blockfilter/basic/3', 'blockfilterheaders/basic', 'blockfilterheaders/basic/3'])
          await same(`${path}/${hash}.${form}`);
        for (const count of ['0', '1', '2000', '2001', 'x']) await same(`blockfilterheaders/basic/${hash}.${form}?count=${count}`);
      }
    }
    // The block that lost first, then won: it has its filter, and keeps it when it loses again.
    for (const node of [memory, real]) {
      await node.rpc('invalidateblock', [hashes.at(-2)]);
      expect(await node.rpc('getbestblockhash')).toBe(lost);
    }
    await compare('getblockfilter', [lost]);
    await compare('getblockfilter', [last]);
    for (const node of [memory, real]) await node.rpc('reconsiderblock', [hashes.at(-2)]);
    await compare('getblockfilter', [lost]);
    await same(`blockfilter/basic/${lost}.hex`);
    await same(`blockfilterheaders/basic/${lost}.hex`);
  });
});

test('an address has the script that its kind and hash make, in every form', async () => {
  const node = await startMemoryBitcoin({ blocks: 0 });
  const script = locks.p2wsh(2, [key(1), key(2)]).script;
  const [hash] = await node.mine(1, script);
  const { tx } = (await node.rpc('getblock', [hash, 2])) as { tx: { vout: { scriptPubKey: { address: string } }[] }[] };
  const address = tx[0]?.vout[0]?.scriptPubKey.address ?? '';
  const [again] = (await node.rpc('generatetoaddress', [1, address])) as string[];
  const second = (await node.rpc('getblock', [again, 2])) as { tx: { vout: { scriptPubKey: { hex: string } }[] }[] };
  expect(second.tx[0]?.vout[0]?.scriptPubKey.hex).toBe(toHex(script));
  // A letter changed, a hash of another chain, mainnet's form where regtest's is wanted.
  for (const wrong of [address.replace(/.$/, (last) => (last === 'q' ? 'p' : 'q')), 'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4', ADDRESS, '']) {
    await expect(node.rpc('generatetoaddress', [1, wrong])).rejects.toMatchObject({ code: -5, message: 'Error: Invalid address' });
  }
  await node.close();
});
