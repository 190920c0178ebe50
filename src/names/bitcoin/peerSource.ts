import { concat, equal } from '../../lib/bytes.js';
import { orAborted, throwIfAborted, type CallOptions, type Clock } from '../../lib/clock.js';
import { isNamesteadError, NamesteadError } from '../../lib/errors.js';
import { hash256 } from '../../lib/hash.js';
import { randomBytes } from '../../lib/key.js';
import { HEADER_BYTES, hashHeader } from './header.js';
import type { BitcoinParams } from './network.js';
import { openPeer, type Message, type Peer, type Wire } from './peer.js';
import { createLocator, headersBehind } from './peerHeaders.js';
import { peerNetworks } from './peerMessage.js';
import { encodeFiltersRequest, encodeInventory, parseBlockFilter, parseFilterHashes, parseInventory, services, WITNESS_BLOCK } from './peerPayload.js';
import type { BlockId, BlockSource, FilterSource, HeaderSource } from './source.js';

/** BIP 157: no more in one answer. */
const MOST_FILTERS = 1000;
const MOST_FILTER_HEADERS = 2000;

export type PeerSource = HeaderSource & BlockSource & FilterSource & { readonly close: () => void };

export interface PeerWorld {
  readonly operator: string;
  readonly network: BitcoinParams;
  readonly clock: Clock;
  /** Opens a connection. */
  readonly connect: (options: CallOptions | undefined) => Promise<Wire>;
  readonly known?: readonly BlockId[] | undefined;
  readonly magic?: string | undefined;
  readonly timeout?: number | undefined;
}

/** One question at a time over one connection, which is opened with the first and again after it ended. */
export function peerSource({
  operator,
  network,
  clock,
  connect,
  known = [],
  magic = peerNetworks[network.name].magic,
  timeout = 30_000,
}: PeerWorld): PeerSource {
  let peer: Peer | null = null;
  let isClosed = false;
  let queue: Promise<unknown> = Promise.resolve();
  const locator = createLocator([{ height: 0, hash: network.genesisHash }, ...known]);
  const open = async (options: CallOptions | undefined): Promise<Peer> => {
    if (isClosed) throw new NamesteadError('HttpFailed', `the connection to ${operator} was closed`);
    const wire = await connect(options);
    try {
      return await openPeer(wire, { magic, clock, timeout }, options);
    } catch (error) {
      wire.close();
      throw named(error, operator);
    }
  };
  const talkOnce = async <T>(talk: (peer: Peer) => Promise<T>, options: CallOptions | undefined): Promise<T> => {
    const current = (peer ??= await open(options));
    try {
      return await talk(current);
    } catch (error) {
      // What is late may come during the next question: that gets a connection of its own.
      current.close();
      peer = null;
      throw named(error, operator);
    }
  };
  const exchange = <T>(talk: (peer: Peer) => Promise<T>, options: CallOptions | undefined): Promise<T> => {
    const turn = queue.then(async () => {
      throwIfAborted(options?.signal, `asking ${operator}`);
      const wasOpen = peer !== null;
      try {
        return await talkOnce(talk, options);
      } catch (error) {
        // A connection that idles is ended by the other side sooner or later.
        if (wasOpen && isNamesteadError(error, 'HttpFailed')) return talkOnce(talk, options);
        throw error;
      }
    });
    queue = turn.catch(() => undefined);
    return orAborted(turn, options?.signal, `asking ${operator}`);
  };
  return {
    operator,
    headers: (from, count, options) => exchange((current) => headersBehind(current, { network, locator, from, count }, options), options),
    block: (hash, options) => exchange((current) => block(current, hash, options), options),
    filterHeaders: async (blocks, options) => {
      const pages: Uint8Array[][] = [];
      for (const page of pagesOf(blocks, MOST_FILTER_HEADERS))
        pages.push(await exchange((current) => filterHeaders(current, page, pages.at(-1)?.at(-1), options), options));
      return pages.flat();
    },
    filters: async (blocks, options) => {
      const pages: Uint8Array[][] = [];
      for (const page of pagesOf(blocks, MOST_FILTERS)) pages.push(await exchange((current) => filters(current, page, options), options));
      return pages.flat();
    },
    close: () => {
      isClosed = true;
      peer?.close();
    },
  };
}

/** Under the name that the peer goes by. */
function named(error: unknown, operator: string): unknown {
  if (!isNamesteadError(error) || error.code === 'Aborted') return error;
  return new NamesteadError(error.code, `${operator}: ${error.message}`, { cause: error.cause });
}

function pagesOf(blocks: readonly BlockId[], most: number): (readonly [BlockId, ...BlockId[]])[] {
  return Array.from({ length: Math.ceil(blocks.length / most) }, (_, i) => {
    const [first, ...rest] = blocks.slice(i * most, (i + 1) * most);
    return [first as BlockId, ...rest] as const;
  });
}

/**
 * A question, then a ping: a peer answers in order and says nothing of what it does not have, so that the pong is its "no more".
 * Null for that.
 */
function question(
  peer: Peer,
  command: string,
  payload: Uint8Array,
): (commands: readonly string[], options: CallOptions | undefined) => Promise<Message | null> {
  const nonce = randomBytes(8);
  peer.ask(command, payload);
  peer.ask('ping', nonce);
  return async (commands, options) => {
    for (;;) {
      const message = await peer.receive([...commands, 'pong'], options);
      if (message.command !== 'pong') return message;
      if (equal(message.payload, nonce)) return null;
    }
  };
}

async function block(peer: Peer, hash: string, options: CallOptions | undefined): Promise<Uint8Array | null> {
  const item = { type: WITNESS_BLOCK, hash };
  const answer = await question(peer, 'getdata', encodeInventory([item]))(['block', 'notfound'], options);
  if (!answer) return null;
  const isAbsent = answer.command === 'notfound';
  const about = isAbsent ? parseInventory(answer.payload)[0]?.hash : hashHeader(headerOf(answer.payload));
  if (about !== hash) throw new NamesteadError('HttpMalformed', `it was asked for block ${hash} and answered about ${String(about)}`);
  return isAbsent ? null : answer.payload;
}

function headerOf(bytes: Uint8Array): Uint8Array {
  if (bytes.length <= HEADER_BYTES) throw new NamesteadError('HttpMalformed', `it sent a block of ${bytes.length} bytes`);
  return bytes.subarray(0, HEADER_BYTES);
}

async function filterHeaders(
  peer: Peer,
  blocks: readonly [BlockId, ...BlockId[]],
  before: Uint8Array | undefined,
  options: CallOptions | undefined,
): Promise<Uint8Array[]> {
  const request = rangeOf(peer, blocks);
  const answer = await question(peer, 'getcfheaders', encodeFiltersRequest(request))(['cfheaders'], options);
  const { stop, previous, hashes } = answer ? parseFilterHashes(answer.payload) : { stop: request.stop, previous: new Uint8Array(), hashes: [] };
  if (stop !== request.stop || hashes.length !== blocks.length)
    throw new NamesteadError('HttpMalformed', `it was asked for ${blocks.length} filter headers up to ${request.stop} and gave ${hashes.length} up to ${stop}`);
  if (before && !equal(before, previous))
    throw new NamesteadError('HttpMalformed', `it gave filter headers from ${request.start} on that do not follow those it gave before`);
  let header = previous;
  return hashes.map((hash) => (header = hash256(concat(hash, header))));
}

async function filters(peer: Peer, blocks: readonly [BlockId, ...BlockId[]], options: CallOptions | undefined): Promise<Uint8Array[]> {
  const next = question(peer, 'getcfilters', encodeFiltersRequest(rangeOf(peer, blocks)));
  const found = new Map<string, Uint8Array | null>(blocks.map(({ hash }) => [hash, null]));
  for (let missing = found.size; missing > 0; missing--) {
    const answer = await next(['cfilter'], options);
    if (!answer) throw new NamesteadError('HttpMalformed', `it left out ${missing} of ${found.size} filters`);
    const { block, filter } = parseBlockFilter(answer.payload);
    if (found.get(block) !== null) throw new NamesteadError('HttpMalformed', `it gave a filter of block ${block}, which was not asked for, or twice`);
    found.set(block, filter);
  }
  return blocks.map(({ hash }) => found.get(hash) ?? new Uint8Array());
}

function rangeOf({ version }: Peer, blocks: readonly [BlockId, ...BlockId[]]): { readonly start: number; readonly stop: string } {
  if ((version.services & services.compactFilters) === 0n)
    throw new NamesteadError('ServerFailed', `it serves no block filters (services ${version.services})`);
  return { start: blocks[0].height, stop: (blocks.at(-1) ?? blocks[0]).hash };
}
