import { fromHex, reversed, toHex } from '../../lib/bytes.js';
import type { CallOptions } from '../../lib/clock.js';
import { NamesteadError } from '../../lib/errors.js';
import { hashHeader } from './header.js';
import type { BitcoinParams } from './network.js';
import { PROTOCOL, type Peer } from './peer.js';
import { encodeHeadersRequest, parseHeaders } from './peerPayload.js';
import type { BlockId } from './source.js';

const PAGE = 2000;
/** A mainnet of 2026 has 465 pages; each new block is remembered too. */
const MOST_KNOWN = 4096;

/**
 * What is known of a peer's chain. Peers are asked for headers by the hash before them, callers ask by height: the last block of each answer is
 * remembered, so that only the first question for a height walks the way up to it.
 */
export interface Locator {
  /** Blocks beneath a height, the highest first, ever further apart. */
  below(height: number): readonly BlockId[];
  /** Takes a block of the peer's chain, behind the one where it left what was known. */
  learn(fork: BlockId, block: BlockId): void;
}

export function createLocator(given: readonly BlockId[]): Locator {
  const known = new Map(given.map(({ height, hash }) => [height, hash]));
  return {
    below: (height) => {
      const heights = [...known.keys()].filter((at) => at < height).sort((a, b) => b - a);
      // Ten at the end, then twice as far each time, and the first of all: a short list that meets any fork.
      const chosen = heights.filter((_, i) => i < 10 || i === heights.length - 1 || Number.isInteger(Math.log2(i - 8)));
      return chosen.map((at) => ({ height: at, hash: known.get(at) ?? '' }));
    },
    learn: (fork, block) => {
      for (const height of known.keys()) if (height > fork.height) known.delete(height);
      known.set(block.height, block.hash);
      for (const height of known.keys()) {
        if (known.size <= MOST_KNOWN) break;
        if (height !== 0) known.delete(height);
      }
    },
  };
}

interface Wanted {
  readonly network: BitcoinParams;
  readonly locator: Locator;
  readonly from: number;
  readonly count: number;
}

/** Up to `count` headers from a height on, walking up from the highest block that is known beneath it. */
export async function headersBehind(peer: Peer, { network, locator, from, count }: Wanted, options: CallOptions | undefined): Promise<Uint8Array[]> {
  // A peer is never asked for block 0, which the network is known by.
  const found = from === 0 ? [fromHex(network.genesisHeader)] : [];
  const pages = Math.ceil((from + count) / PAGE) + 2;
  for (let page = 0; page < pages && found.length < count; page++) {
    const { height, headers } = await ask(peer, locator, from + found.length, options);
    // A reorganisation since the last page: what it took off is given anew.
    found.length = Math.min(found.length, Math.max(0, height - from));
    found.push(...headers.slice(Math.max(0, from + found.length - height)));
    if (headers.length < PAGE) break;
  }
  return found.slice(0, count);
}

/** The headers behind the highest block beneath `height` that the peer has on its chain, and the height of their first. */
async function ask(
  peer: Peer,
  locator: Locator,
  height: number,
  options: CallOptions | undefined,
): Promise<{ readonly height: number; readonly headers: readonly Uint8Array[] }> {
  const below = locator.below(Math.max(1, height));
  peer.ask('getheaders', encodeHeadersRequest({ protocol: PROTOCOL, locator: below.map(({ hash }) => hash) }));
  const headers = parseHeaders((await peer.receive(['headers'], options)).payload);
  const [first, last] = [headers[0], headers.at(-1)];
  if (!first || !last) return { height, headers };
  const previous = toHex(reversed(first.subarray(4, 36)));
  const fork = below.find(({ hash }) => hash === previous);
  if (!fork) throw new NamesteadError('HttpMalformed', 'it sent headers that follow none of the blocks it was asked about');
  locator.learn(fork, { height: fork.height + headers.length, hash: hashHeader(last) });
  return { height: fork.height + 1, headers };
}
