import { connect as connectSocket } from 'node:net';
import type { CallOptions, Clock } from '../../../lib/clock.js';
import { NamesteadError } from '../../../lib/errors.js';
import { hostOf } from '../../../lib/url.js';
import type { BitcoinParams } from '../network.js';
import { inTime, type Wire } from '../peer.js';
import { peerNetworks } from '../peerMessage.js';
import { peerSource, type PeerSource } from '../peerSource.js';
import type { BlockId } from '../source.js';

export type { PeerSource } from '../peerSource.js';

export interface P2pOptions {
  readonly host: string;
  /** Default the network's own. */
  readonly port?: number;
  readonly params: BitcoinParams;
  readonly clock: Clock;
  /** Blocks to walk from: the release's anchor, checkpoints, the tip of a chain that was kept. Without one the first question walks from block 0. */
  readonly known?: readonly BlockId[];
  /** The first four bytes of each message, hex, where they are not those of the network: a signet of one's own. */
  readonly magic?: string;
  /** The most milliseconds to connect, and from one message to the next. Default 30,000. */
  readonly timeout?: number;
}

/**
 * A Bitcoin node over its peer-to-peer protocol, for Node.js: headers, whole blocks and, where it serves them (`-blockfilterindex=basic
 * -peerblockfilters`), filters (BIP 157). One connection, opened by the first question and again when it ended; it does not keep the process alive.
 * A node says nothing of a block that it does not have: a ping behind each question tells, and `block` answers null.
 * @throws NamesteadError from each call: `HttpFailed`, `HttpTimeout`, `HttpTooLarge`, `HttpMalformed`, `Malformed`, `NetworkMismatch` (other magic bytes),
 * `ServerFailed` (it serves no blocks, or no filters), `Aborted`
 * @example
 * const node = p2p({ host: '127.0.0.1', params: bitcoinMainnet, clock: systemClock() });
 */
export function p2p({ host, params, port = peerNetworks[params.name].port, clock, timeout = 30_000, known, magic }: P2pOptions): PeerSource {
  const operator = hostOf(`p2p://${host.includes(':') ? `[${host}]` : host}:${port}`);
  const connect = (options: CallOptions | undefined): Promise<Wire> => dial({ host, port, operator, clock, timeout }, options);
  return peerSource({ operator, network: params, clock, connect, known, magic, timeout });
}

interface Call {
  readonly host: string;
  readonly port: number;
  readonly operator: string;
  readonly clock: Clock;
  readonly timeout: number;
}

async function dial({ host, port, operator, clock, timeout }: Call, options: CallOptions | undefined): Promise<Wire> {
  const socket = connectSocket({ host, port, noDelay: true });
  const connected = new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    // Whoever reads hears of later ones.
    socket.on('error', (cause) => reject(new NamesteadError('HttpFailed', `${operator} could not be reached`, { cause })));
  });
  try {
    await inTime(() => connected, { clock, timeout, what: `connection to ${operator}` }, options);
  } catch (error) {
    socket.destroy();
    throw error;
  }
  // A question under way has a timer that keeps the process alive.
  socket.unref();
  const parts = socket[Symbol.asyncIterator]() as AsyncIterator<Uint8Array, undefined>;
  return {
    read: async () => {
      const { value, done } = await parts.next();
      return done === true ? null : value;
    },
    write: (bytes) => void socket.write(bytes),
    close: () => void socket.destroy(),
  };
}
