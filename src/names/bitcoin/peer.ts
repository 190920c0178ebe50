import { gather } from '../../lib/bytes.js';
import { orAborted, throwIfAborted, type CallOptions, type Clock } from '../../lib/clock.js';
import { NamesteadError } from '../../lib/errors.js';
import { randomBytes } from '../../lib/key.js';
import { encodeMessage, FRAME_BYTES, parseHead, verifyChecksum } from './peerMessage.js';
import { encodeVersion, parseVersion, services, type Version } from './peerPayload.js';

/** Since 70016 a peer may announce transactions by their witness id (BIP 339); filters came with 70015. */
export const PROTOCOL = 70016;
const USER_AGENT = '/namestead:0.1.0/';
/** The most bytes of messages nobody asked for, while an answer is waited for: announcements of transactions, blocks and addresses. */
const MOST_UNASKED = 2 << 20;
/** What any message costs, counted in bytes. */
const WORK = 512;

/** Bytes to and from a peer. */
export interface Wire {
  /** The next bytes; null when the peer has ended. */
  read(): Promise<Uint8Array | null>;
  write(bytes: Uint8Array): void;
  /** Whoever reads is told that it ended. */
  close(): void;
}

export interface Message {
  readonly command: string;
  readonly payload: Uint8Array;
}

/** A peer that has introduced itself. */
export interface Peer {
  readonly version: Version;
  /** Sends a question. */
  ask(command: string, payload: Uint8Array): void;
  /**
   * The next message of one of `commands`; pings are answered, others let go.
   * @throws NamesteadError `HttpFailed` (it ended), `HttpTimeout`, `HttpTooLarge`, `Malformed`, `NetworkMismatch`, `Aborted`
   */
  receive(commands: readonly string[], options: CallOptions | undefined): Promise<Message>;
  close(): void;
}

export interface PeerOptions {
  readonly magic: string;
  readonly clock: Clock;
  /** The most milliseconds from one awaited message to the next. */
  readonly timeout: number;
}

/**
 * Shakes hands: the two versions, the two words that they are taken. Asks for no transactions to be announced.
 * @throws NamesteadError as {@link Peer.receive}; `ServerFailed` for a peer that serves no blocks with witnesses
 */
export async function openPeer(wire: Wire, { magic, clock, timeout }: PeerOptions, options: CallOptions | undefined): Promise<Peer> {
  const next = readMessages(wire, magic);
  let unasked = 0;
  const send = (command: string, payload?: Uint8Array): void => wire.write(encodeMessage(magic, command, payload));
  const awaited = async (commands: readonly string[]): Promise<Message> => {
    for (;;) {
      const message = await next();
      if (commands.includes(message.command)) return message;
      if (message.command === 'ping' && message.payload.length === 8) send('pong', message.payload);
      unasked += WORK + message.payload.length;
      if (unasked > MOST_UNASKED) throw new NamesteadError('HttpTooLarge', 'it goes on and on with what nobody asked for');
    }
  };
  const receive: Peer['receive'] = async (commands, given) => {
    const what = commands.join(' or ');
    throwIfAborted(given?.signal, `waiting for ${what}`);
    return inTime(() => awaited(commands), { clock, timeout, what }, given);
  };
  send('version', encodeVersion(ourVersion(clock)));
  const version = parseVersion((await receive(['version'], options)).payload);
  send('verack');
  await receive(['verack'], options);
  if ((version.services & (services.network | services.networkLimited)) === 0n || (version.services & services.witness) === 0n)
    throw new NamesteadError('ServerFailed', `it serves no blocks with their witnesses (services ${version.services})`);
  const ask = (command: string, payload: Uint8Array): void => {
    unasked = 0;
    send(command, payload);
  };
  return { version, ask, receive, close: () => wire.close() };
}

function ourVersion(clock: Clock): Version {
  return { protocol: PROTOCOL, services: 0n, time: Math.floor(clock.now() / 1000), nonce: randomBytes(8), userAgent: USER_AGENT, height: 0, relay: false };
}

/** Messages whole and checked, as they come. @throws NamesteadError from each call, as {@link Peer.receive} but for time */
export function readMessages(wire: Pick<Wire, 'read'>, magic: string): () => Promise<Message> {
  let left: Uint8Array = new Uint8Array();
  const take = async (length: number): Promise<Uint8Array> => {
    const parts = gather();
    for (;;) {
      const wanted = length - parts.size;
      parts.add(left.subarray(0, wanted));
      left = left.subarray(wanted);
      if (parts.size === length) return parts.bytes();
      left = await readSome(wire);
    }
  };
  return async () => {
    const head = parseHead(await take(FRAME_BYTES), magic);
    const payload = await take(head.length);
    verifyChecksum(head, payload);
    return { command: head.command, payload };
  };
}

async function readSome(wire: Pick<Wire, 'read'>): Promise<Uint8Array> {
  const bytes = await wire.read().catch((cause: unknown) => {
    throw new NamesteadError('HttpFailed', 'the connection broke', { cause });
  });
  if (!bytes) throw new NamesteadError('HttpFailed', 'the peer ended the connection');
  return bytes;
}

interface Limit {
  readonly clock: Clock;
  readonly timeout: number;
  readonly what: string;
}

/** @throws NamesteadError `HttpTimeout`, `Aborted` */
export async function inTime<T>(work: () => Promise<T>, { clock, timeout, what }: Limit, options: CallOptions | undefined): Promise<T> {
  const done = new AbortController();
  const late = clock.sleep(timeout, done.signal).then(() => {
    throw new NamesteadError('HttpTimeout', `no ${what} within ${timeout} ms`);
  });
  try {
    return await orAborted(Promise.race([work(), late]), options?.signal, `waiting for ${what}`);
  } finally {
    done.abort();
  }
}
