import { createServer, type AddressInfo, type Socket } from 'node:net';
import { reversed, fromHex } from '../../lib/bytes.js';
import { hash256 } from '../../lib/hash.js';
import { randomBytes } from '../../lib/key.js';
import { PROTOCOL, readMessages, type Message } from '../../names/bitcoin/peer.js';
import { encodeMessage, peerNetworks } from '../../names/bitcoin/peerMessage.js';
import {
  encodeBlockFilter,
  encodeFilterHashes,
  encodeHeaders,
  encodeVersion,
  parseFiltersRequest,
  parseHeadersRequest,
  parseInventory,
  parseVersion,
  services,
  WITNESS_BLOCK,
} from '../../names/bitcoin/peerPayload.js';
import type { Entry } from './chain.js';
import type { Filtered } from './filters.js';
import type { Regtest } from './regtest.js';

const { magic } = peerNetworks.regtest;
const MOST_HEADERS = 2000;
const MOST_FILTERS = 1000;
const MOST_PEERS = 128;
const IDLE_MS = 600_000;

export interface Peers {
  readonly port: number;
  close(): Promise<void>;
}

/** Serves headers, blocks and filters over Bitcoin's peer-to-peer protocol on a free loopback port; what is malformed ends the connection, as with bitcoind. */
export async function servePeers(regtest: Regtest): Promise<Peers> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
    socket.setTimeout(IDLE_MS, () => socket.destroy());
    visit(regtest, socket).catch(() => socket.destroy());
  });
  server.maxConnections = MOST_PEERS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

async function visit(regtest: Regtest, socket: Socket): Promise<void> {
  const parts = socket[Symbol.asyncIterator]() as AsyncIterator<Uint8Array, undefined>;
  const next = readMessages({ read: async () => (await parts.next()).value ?? null }, magic);
  for (;;) {
    for (const [command, payload] of answer(regtest, await next())) {
      // Whoever does not read is not written to.
      if (!socket.write(encodeMessage(magic, command, payload))) await drained(socket);
    }
  }
}

async function drained(socket: Socket): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    socket.once('drain', resolve);
    socket.once('close', () => reject(new Error('the peer has gone')));
  });
}

type Answer = readonly [command: string, payload?: Uint8Array];

function answer(regtest: Regtest, { command, payload }: Message): Iterable<Answer> {
  switch (command) {
    case 'version':
      parseVersion(payload);
      return [['version', ourVersion(regtest)], ['verack']];
    case 'ping':
      return [['pong', payload]];
    case 'getheaders':
      return [['headers', encodeHeaders(headersBehind(regtest, parseHeadersRequest(payload).locator).map(({ block }) => block.header))]];
    case 'getdata':
      // Of what it does not have bitcoind says nothing.
      return parseInventory(payload).flatMap(({ type, hash }) => {
        const entry = type === WITNESS_BLOCK ? regtest.chain.entry(hash) : null;
        return entry ? [['block', entry.block.raw] as const] : [];
      });
    case 'getcfilters':
      return filtersOf(regtest, payload, MOST_FILTERS).map(([entry, { filter }]) => ['cfilter', encodeBlockFilter({ block: entry.header.hash, filter })]);
    case 'getcfheaders':
      return [['cfheaders', filterHashes(regtest, payload)]];
    default:
      return [];
  }
}

function ourVersion({ chain, now }: Regtest): Uint8Array {
  return encodeVersion({
    protocol: PROTOCOL,
    services: services.network | services.witness | services.compactFilters,
    time: now(),
    nonce: randomBytes(8),
    userAgent: '/namestead-devnet:0.1.0/',
    height: chain.tip().height,
    relay: false,
  });
}

function headersBehind({ chain }: Regtest, locator: readonly string[]): Entry[] {
  const known = locator.map((hash) => chain.entry(hash)).find((entry) => entry !== null && chain.isActive(entry));
  return heights((known?.height ?? 0) + 1, MOST_HEADERS).flatMap((height) => chain.at(height) ?? []);
}

function heights(from: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => from + i);
}

/** The blocks of a range with their filters. @throws Error for what ends a connection to bitcoind too: an unknown end, a range that is none or too long */
function filtersOf({ chain, filtered }: Regtest, payload: Uint8Array, most: number): (readonly [Entry, Filtered])[] {
  const { start, stop } = parseFiltersRequest(payload);
  const found: Entry[] = [];
  for (let at = chain.entry(stop); at && at.height >= start && found.length <= most; at = at.previous) found.unshift(at);
  if (found.length === 0 || found.length > most) throw new Error('no such range');
  return found.map((entry) => {
    const one = filtered(entry);
    if (!one) throw new Error('a block that was never on the best chain has no filter');
    return [entry, one] as const;
  });
}

function filterHashes(regtest: Regtest, payload: Uint8Array): Uint8Array {
  const range = filtersOf(regtest, payload, MOST_HEADERS);
  const before = range[0]?.[0].previous;
  const previous = (before && regtest.filtered(before)?.header) ?? '00'.repeat(32);
  return encodeFilterHashes({
    stop: parseFiltersRequest(payload).stop,
    previous: reversed(fromHex(previous)),
    hashes: range.map(([, { filter }]) => hash256(filter)),
  });
}
