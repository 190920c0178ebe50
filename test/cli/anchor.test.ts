import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeAnchor, type AnchorCommand } from '../../src/cli/anchor.js';
import { describe as describeError } from '../../src/cli/transcript.js';
import { isUsage } from '../../src/cli/usage.js';
import { startBitcoind } from '../../src/devnet/bitcoin/bitcoind.js';
import { startMemoryBitcoin } from '../../src/devnet/bitcoin/memory.js';
import type { BitcoinNode } from '../../src/devnet/bitcoin/node.js';
import { fromHex } from '../../src/lib/bytes.js';
import { core } from '../../src/names/bitcoin/adapters/core.js';
import { openAnchor, parsePins, type NetworkAnchor } from '../../src/names/bitcoin/anchor.js';
import { createHeaderChain, syncHeaders } from '../../src/names/bitcoin/chain.js';
import { parseHeader } from '../../src/names/bitcoin/header.js';
import { headersRoot } from '../../src/names/bitcoin/headerProof.js';
import { bitcoinRegtest } from '../../src/names/bitcoin/network.js';

const BITCOIND = process.env['BITCOIND'];

interface Told {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** The command in this process; what it refuses, it throws. */
async function anchor(command: Partial<AnchorCommand>): Promise<Told> {
  const [out, err] = [new PassThrough(), new PassThrough()];
  const code = await writeAnchor({
    bitcoind: undefined,
    cookie: undefined,
    network: 'regtest',
    height: undefined,
    consensusHash: undefined,
    json: true,
    ...command,
    terminal: { out, err },
  });
  return { code, out: String(out.read() ?? ''), err: String(err.read() ?? '') };
}

test('a command line that cannot be is told as such', async () => {
  const bitcoind = 'http://127.0.0.1:1';
  const wrong = [
    {},
    { bitcoind: 'ftp://somewhere' },
    { bitcoind, network: 'moonnet' },
    { bitcoind, network: 'constructor' },
    { bitcoind, height: '-3' },
    { bitcoind, consensusHash: 'abc' },
  ];
  for (const command of wrong) await expect(anchor(command)).rejects.toSatisfy(isUsage);
});

const nodes: Readonly<Record<string, () => Promise<BitcoinNode>>> = {
  'a Bitcoin in memory': () => startMemoryBitcoin({ blocks: 10 }),
  ...(BITCOIND === undefined ? {} : { 'a real bitcoind': () => startBitcoind({ path: BITCOIND, blocks: 10 }) }),
};

describe.each(Object.entries(nodes))('the anchor of %s', (_, start) => {
  let node: BitcoinNode;
  let directory: string;
  beforeAll(async () => {
    [node, directory] = await Promise.all([start(), mkdtemp(join(tmpdir(), 'namestead-anchor-'))]);
    await node.mine(40);
  }, 60_000);
  afterAll(async () => {
    await node.close();
    await rm(directory, { recursive: true, force: true });
  });
  const withLogin = (): string => node.rpcUrl.replace('://', `://${node.user}:${node.password}@`);

  test('holds what the node has at a height, its filter header too', async () => {
    const hash = 'ab'.repeat(16);
    const { code, out, err } = await anchor({ bitcoind: withLogin(), height: '30', consensusHash: hash });
    expect(code, err).toBe(0);
    const { anchor: found, pins } = JSON.parse(out) as { readonly anchor: NetworkAnchor; readonly pins: string };
    const hashes = await Promise.all(Array.from({ length: 31 }, (_each, height) => node.rpc('getblockhash', [height]) as Promise<string>));
    const { header: filterHeader } = (await node.rpc('getblockfilter', [hashes[30], 'basic'])) as { readonly header: string };
    const { chainwork } = (await node.rpc('getblockheader', [hashes[30]])) as { readonly chainwork: string };
    expect(found).toMatchObject({ network: 'regtest', height: 30, filterHeader, headersRoot: headersRoot(hashes), consensusHash: hash });
    expect(parseHeader(fromHex(found.header)).hash).toBe(hashes[30]);
    expect(BigInt(`0x${found.chainWork}`)).toBe(BigInt(`0x${chainwork}`));
    expect(found.prevTimes).toHaveLength(10);
    expect(parsePins(pins)).toEqual([]);
  });

  test('is told to people too; a cookie file will do for the password, and no password is shown', async () => {
    const cookie = join(directory, 'cookie');
    await writeFile(cookie, `${node.user}:${node.password}\n`);
    const { code, out } = await anchor({ bitcoind: node.rpcUrl, cookie, height: '12', json: false });
    expect(code).toBe(0);
    expect(out).toContain('height: 12');
    expect(out).not.toContain(node.password);
    const refused: unknown = await anchor({ bitcoind: withLogin(), network: 'mainnet', height: '30' }).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'NetworkMismatch' });
    expect(describeError(refused)).not.toContain(node.password);
    const stranger: unknown = await anchor({ bitcoind: node.rpcUrl.replace('://', '://who:hunter2@'), height: '30' }).catch((error: unknown) => error);
    expect(describeError(stranger)).toContain('401');
    expect(describeError(stranger)).not.toContain('hunter2');
  });

  test('a height that is not there, and a chain too short for one two weeks deep, are refused', async () => {
    await expect(anchor({ bitcoind: withLogin(), height: '51' })).rejects.toThrow(expect.objectContaining({ code: 'NotConfirmed' }));
    await expect(anchor({ bitcoind: withLogin() })).rejects.toSatisfy(isUsage);
  });

  test('without a height it is the last retarget boundary two weeks deep, from which a chain can start', { timeout: 120_000 }, async () => {
    for (let mined = 50; mined < 4040; mined += 399) await node.mine(399);
    const { code, out, err } = await anchor({ bitcoind: withLogin() });
    expect(code, err).toBe(0);
    const { anchor: found, pins } = JSON.parse(out) as { readonly anchor: NetworkAnchor; readonly pins: string };
    expect(found.height).toBe(2016);
    expect(parsePins(pins)).toEqual([{ height: 2016, hash: await node.rpc('getblockhash', [2016]) }]);
    const source = core({ url: node.rpcUrl, user: node.user, password: node.password });
    const chain = createHeaderChain(bitcoinRegtest, { checkpoint: await openAnchor({ ...found, prevTimes: null }, source) });
    const { tip } = await syncHeaders(chain, [source]);
    expect(tip.hash).toBe(await node.rpc('getbestblockhash'));
    const { chainwork } = (await node.rpc('getblockheader', [tip.hash])) as { readonly chainwork: string };
    expect(tip.work).toBe(BigInt(`0x${chainwork}`));
  });
});
