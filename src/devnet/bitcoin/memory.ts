import { toHex } from '../../lib/bytes.js';
import { systemClock } from '../../lib/adapters/clock.js';
import type { Clock } from '../../lib/clock.js';
import { randomBytes } from '../../lib/key.js';
import { createElectrum } from './electrum.js';
import { createEsplora } from './esplora.js';
import { createMiner } from './miner.js';
import type { BitcoinNode } from './node.js';
import { createOutputIndex } from './outputs.js';
import { servePeers } from './peers.js';
import { createRegtest } from './regtest.js';
import { answerRest } from './rest.js';
import { createRpc } from './rpc.js';
import { answerRpc } from './rpcServer.js';
import { serve } from './server.js';

/** A block of four megabytes in hex, and its frame. */
const MAX_RPC_BODY = 9_000_000;
/** The miner's first coins are ripe at height 101; twenty of them pay for a day of tests. */
const FIRST_BLOCKS = 120;

export interface MemoryOptions {
  readonly clock?: Pick<Clock, 'now'>;
  /** Blocks mined before it is handed over; default 120, so that the miner has 20 ripe coins. */
  readonly blocks?: number;
}

/**
 * Starts a Bitcoin regtest in memory, served over HTTP on free loopback ports: bitcoind's JSON-RPC and REST, its peer-to-peer protocol, and the Esplora REST API.
 *
 * @example
 * const bitcoin = await startMemoryBitcoin();
 * await bitcoin.fund('1BoatSLRHtKNngkdXEeobR76b53LETtpyT', 100_000n);
 * await bitcoin.mine(1);
 * await bitcoin.close();
 */
export async function startMemoryBitcoin({ clock = systemClock(), blocks = FIRST_BLOCKS }: MemoryOptions = {}): Promise<BitcoinNode> {
  const regtest = createRegtest(clock);
  const rpc = createRpc(regtest);
  const credentials = { user: 'devnet', password: toHex(randomBytes(16)) };
  const node = await serve(
    (request) => (request.path.startsWith('/rest/') ? answerRest(regtest, rpc, request) : answerRpc(rpc, credentials, request)),
    MAX_RPC_BODY,
  );
  const index = createOutputIndex(rpc);
  const [esplora, electrum] = [await createEsplora(rpc, index), await createElectrum(rpc, index)];
  const peers = await servePeers(regtest);
  const miner = createMiner(rpc);
  await miner.mine(blocks);
  const close = async (): Promise<void> => {
    await Promise.all([node.close(), esplora.close(), electrum.close(), peers.close()]);
  };
  return {
    kind: 'memory',
    rpcUrl: node.url,
    ...credentials,
    esploraUrl: esplora.url,
    electrumTcp: electrum.tcpUrl,
    electrumWs: electrum.wsUrl,
    p2p: { host: '127.0.0.1', port: peers.port },
    rpc,
    ...miner,
    close,
  };
}
