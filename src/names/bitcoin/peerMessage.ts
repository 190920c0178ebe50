import { concat, equal, fromHex, fromUtf8, reader, toHex, toUtf8 } from '../../lib/bytes.js';
import { NamesteadError } from '../../lib/errors.js';
import { hash256 } from '../../lib/hash.js';
import { MOST_BLOCK_BYTES } from './block.js';
import { MOST_FILTER_BYTES } from './filter.js';
import type { BitcoinParams } from './network.js';

/**
 * The frame of Bitcoin's peer-to-peer messages, version 1:
 * ```
 * magic 4 │ command 12, ASCII, filled up with zeros │ payload's length 4 LE │ first 4 of SHA256d(payload) │ payload
 * ```
 */
export const FRAME_BYTES = 24;

/** The first bytes of every message, and the port, of each network. A signet of one's own has other magic bytes. */
export const peerNetworks: Readonly<Record<BitcoinParams['name'], { readonly magic: string; readonly port: number }>> = {
  mainnet: { magic: 'f9beb4d9', port: 8333 },
  testnet3: { magic: '0b110907', port: 18333 },
  testnet4: { magic: '1c163f28', port: 48333 },
  signet: { magic: '0a03cf40', port: 38333 },
  regtest: { magic: 'fabfb5da', port: 18444 },
};

/** As Bitcoin Core (`MAX_PROTOCOL_MESSAGE_LENGTH`): of any message. */
const MOST_BYTES = 4_000_000;
/** The most bytes of the messages that are waited for. */
const MOST: Readonly<Record<string, number>> = {
  version: 1024,
  verack: 0,
  ping: 8,
  pong: 8,
  headers: 3 + 2000 * 81,
  block: MOST_BLOCK_BYTES,
  notfound: 3 + 50_000 * 36,
  cfilter: 33 + 5 + MOST_FILTER_BYTES,
  cfheaders: 65 + 3 + 2000 * 32,
};

export interface MessageHead {
  readonly command: string;
  readonly length: number;
  readonly checksum: Uint8Array;
}

export function encodeMessage(magic: string, command: string, payload: Uint8Array = new Uint8Array()): Uint8Array {
  const name = new Uint8Array(12);
  name.set(fromUtf8(command));
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, payload.length, true);
  return concat(fromHex(magic), name, length, checksumOf(payload), payload);
}

/**
 * Reads the first 24 bytes of a message.
 * @throws NamesteadError `NetworkMismatch` for another network's magic bytes, `Malformed`, `HttpTooLarge` when it says to be longer than such a message may be
 */
export function parseHead(bytes: Uint8Array, magic: string): MessageHead {
  const from = reader(bytes, 'peer message');
  const found = toHex(from.take(4));
  if (found !== magic)
    throw new NamesteadError('NetworkMismatch', `a message begins with ${found} instead of ${magic}: the peer is of another network, or none`);
  const [, command] = /^([\x21-\x7e]{1,12})\0*$/.exec(toUtf8(from.take(12))) ?? [];
  if (command === undefined) throw new NamesteadError('Malformed', 'a message has no command');
  const length = from.u32le();
  const most = Object.hasOwn(MOST, command) ? (MOST[command] ?? 0) : MOST_BYTES;
  if (length > most) throw new NamesteadError('HttpTooLarge', `a message ${command} of ${length} bytes was announced, more than ${most}`);
  return { command, length, checksum: from.take(4) };
}

/** @throws NamesteadError `Malformed` */
export function verifyChecksum({ command, checksum }: MessageHead, payload: Uint8Array): void {
  if (!equal(checksumOf(payload), checksum)) throw new NamesteadError('Malformed', `a message ${command} does not hash to its checksum`);
}

function checksumOf(payload: Uint8Array): Uint8Array {
  return hash256(payload).subarray(0, 4);
}
