import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startBitcoind } from '../../src/devnet/bitcoin/bitcoind.js';
import { startMemoryBitcoin } from '../../src/devnet/bitcoin/memory.js';
import type { BitcoinNode } from '../../src/devnet/bitcoin/node.js';
import { devnetNetwork } from '../../src/devnet/network.js';
import { addressOf } from '../../src/lib/address.js';
import { systemClock } from '../../src/lib/adapters/clock.js';
import { fromHex } from '../../src/lib/bytes.js';
import { generatePrivateKey, signerOf, type Signer } from '../../src/lib/key.js';
import { fileJournal } from '../../src/names/adapters/fileJournal.js';
import { esplora } from '../../src/names/bitcoin/adapters/esplora.js';
import { indexer } from '../../src/names/bitcoin/adapters/indexer.js';
import { parseBlock } from '../../src/names/bitcoin/block.js';
import { opcodeOf } from '../../src/names/bitcoin/operation.js';
import type { StepProgress } from '../../src/names/bitcoin/run.js';
import { nulldataOf } from '../../src/names/bitcoin/script.js';
import type { RegistrationWorld } from '../../src/names/registration.js';
import { startNode } from '../../src/node/node.js';

/** A Bitcoin regtest, in memory or a real bitcoind where `BITCOIND` names one, and a core node that follows it. */
export interface TestWorld {
  readonly bitcoin: BitcoinNode;
  /** The core node. */
  readonly nodeUrl: string;
  /** Everything registrations ask; the journal lies in a folder of its own each time. */
  world(): Promise<RegistrationWorld & { readonly directory: string }>;
  mine(n?: number): Promise<void>;
  /** A new key with confirmed coins. */
  payer(...satoshi: readonly bigint[]): Promise<Signer>;
  height(): Promise<number>;
  /** Opcodes of the BNS transactions mined after a height, in order. */
  minedSince(height: number): Promise<readonly string[]>;
  /** Mines whenever something was sent. */
  readonly miner: { readonly onProgress: (progress: StepProgress) => void };
  close(): Promise<void>;
}

export async function startWorld(bitcoind?: string): Promise<TestWorld> {
  const bitcoin = bitcoind === undefined ? await startMemoryBitcoin() : await startBitcoind({ path: bitcoind });
  const directories: string[] = [];
  const height = async (): Promise<number> => Number(await bitcoin.rpc('getblockcount', []));
  const mine = async (n = 1): Promise<void> => {
    await bitcoin.mine(n);
    await node.waitForHeight(await height());
  };
  await bitcoin.mine(Math.max(1, devnetNetwork.firstBlock + 1 - (await height())));
  const node = await startNode({ bitcoin: { url: bitcoin.rpcUrl, user: bitcoin.user, password: bitcoin.password }, network: devnetNetwork, interval: 20 });
  const source = esplora({ url: bitcoin.esploraUrl });
  const blockAt = async (at: number): Promise<ReturnType<typeof parseBlock>> =>
    parseBlock(fromHex(String(await bitcoin.rpc('getblock', [await bitcoin.rpc('getblockhash', [at]), 0]))));
  const opcodesAt = async (at: number): Promise<string[]> => {
    const { transactions } = await blockAt(at);
    return transactions.flatMap(({ outputs }) => {
      const data = nulldataOf(outputs);
      const opcode = data && opcodeOf(data, devnetNetwork.magic);
      return opcode ? [opcode] : [];
    });
  };
  return {
    bitcoin,
    nodeUrl: node.url,
    height,
    mine,
    world: async () => {
      const directory = await mkdtemp(join(tmpdir(), 'registration-'));
      directories.push(directory);
      return {
        network: devnetNetwork,
        headers: source,
        transactions: source,
        payments: source,
        indexer: indexer({ url: node.url }),
        journal: fileJournal({ directory }),
        clock: systemClock(),
        directory,
      };
    },
    payer: async (...satoshi) => {
      const signer = signerOf(generatePrivateKey());
      for (const value of satoshi) await bitcoin.fund(addressOf(signer.publicKey, devnetNetwork.bitcoin.p2pkh), value);
      await mine();
      return signer;
    },
    minedSince: async (from) => {
      const heights = Array.from({ length: (await height()) - from }, (_, i) => from + 1 + i);
      return (await Promise.all(heights.map(opcodesAt))).flat();
    },
    miner: {
      onProgress: ({ stage }) => {
        if (stage === 'sent') void mine();
      },
    },
    close: async () => {
      await node.close();
      await bitcoin.close();
      for (const directory of directories) await rm(directory, { recursive: true, force: true });
    },
  };
}
