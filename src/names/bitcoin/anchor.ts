import { concat, fromBase64, fromHex, toBase64, toHex } from '../../lib/bytes.js';
import type { CallOptions } from '../../lib/clock.js';
import { NamesteadError } from '../../lib/errors.js';
import { openCheckpoint, type Checkpoint } from './checkpoint.js';
import { PERIOD, serializeHeader, type Header } from './header.js';
import type { HeaderChain } from './headerChain.js';
import { headersRoot } from './headerProof.js';
import type { BitcoinParams } from './network.js';
import type { BlockId, HeaderSource } from './source.js';

/** What a release knows of a network up to one block, buried deep. What is null was not known to whoever made it. */
export interface NetworkAnchor {
  readonly network: BitcoinParams['name'];
  readonly height: number;
  /** 80 bytes, hex. */
  readonly header: string;
  /** Times of the ten blocks before it, oldest first, in seconds since 1970. */
  readonly prevTimes: readonly number[] | null;
  /** Expected hashes up to it, itself included, in hex. */
  readonly chainWork: string;
  /** BIP 157 header of its basic filter; display hex. */
  readonly filterHeader: string | null;
  /** {@link headersRoot} over the block hashes 0 to `height`; display hex. */
  readonly headersRoot: string | null;
  /** BNS consensus hash at `height`, as one's own node recomputed it; 32 hex digits. */
  readonly consensusHash: string | null;
}

/** Blocks upon an anchor: two weeks of the whole network's work. */
export const ANCHOR_DEPTH = PERIOD;
const TIMES = 10;

/**
 * Makes an anchor of a chain checked from its genesis block.
 * @param depth blocks that must stand upon it
 * @throws NamesteadError `NotConfirmed` when fewer do; TypeError for a chain that starts at a checkpoint
 */
export function makeAnchor(
  chain: HeaderChain,
  height: number,
  { filterHeader = null, consensusHash = null }: Partial<Pick<NetworkAnchor, 'filterHeader' | 'consensusHash'>> = {},
  depth = ANCHOR_DEPTH,
): NetworkAnchor {
  if (chain.base !== 0) throw new TypeError('an anchor is made of a chain checked from its genesis block');
  const { height: end } = chain.tip();
  if (end - height < depth) throw new NamesteadError('NotConfirmed', `block ${height} has ${end - height} blocks upon it, and an anchor needs ${depth}`);
  return {
    network: chain.params.name,
    height,
    header: toHex(serializeHeader(headerAt(chain, height))),
    prevTimes: height < TIMES ? null : Array.from({ length: TIMES }, (_, i) => headerAt(chain, height - TIMES + i).time),
    chainWork: chain.branch(height + 1, 'scout').parent.work.toString(16),
    filterHeader,
    headersRoot: headersRoot(Array.from({ length: height + 1 }, (_, at) => chain.hashAt(at) ?? '')),
    consensusHash,
  };
}

/**
 * Where a chain of headers can start: an anchor on a retarget boundary, its ten previous times asked of any source when it does not know them.
 * @throws TypeError for an anchor elsewhere; NamesteadError as {@link openCheckpoint}
 * @example
 * import { mainnetAnchor } from 'namestead/anchors/mainnet';
 * const chain = createHeaderChain(bitcoinMainnet, { checkpoint: await openAnchor(mainnetAnchor, esplora({ url })) });
 */
export async function openAnchor(anchor: NetworkAnchor, source: HeaderSource, options: CallOptions = {}): Promise<Checkpoint> {
  if (anchor.height % PERIOD !== 0) throw new TypeError('a chain starts at a multiple of 2016');
  const block = { height: anchor.height, header: fromHex(anchor.header), chainWork: BigInt(`0x${anchor.chainWork}`) };
  return anchor.prevTimes ? { ...block, previousTimes: anchor.prevTimes } : openCheckpoint(block, source, options);
}

/** The hash of every 2016th block up to the tip, as text: base64 of a byte that counts and so many bytes of the hash without its leading zeros. */
export function encodePins(pins: readonly BlockId[]): string {
  return toBase64(
    concat(
      ...pins.map(({ hash }) => {
        const bytes = fromHex(hash.replace(/^(?:00)+/, ''));
        return concat(Uint8Array.of(bytes.length), bytes);
      }),
    ),
  );
}

/** As {@link encodePins} wrote them: blocks 2016, 4032, … for `findHeader`. @throws NamesteadError `Malformed` */
export function parsePins(text: string): BlockId[] {
  const bytes = fromBase64(text);
  const pins: BlockId[] = [];
  for (let at = 0; at < bytes.length;) {
    const size = bytes[at] ?? 0;
    const hash = toHex(bytes.subarray(at + 1, at + 1 + size));
    if (size > 32 || hash.length !== 2 * size) throw new NamesteadError('Malformed', 'the table of checkpoints ends inside one');
    pins.push({ height: PERIOD * (pins.length + 1), hash: hash.padStart(64, '0') });
    at += 1 + size;
  }
  return pins;
}

/** Every 2016th block of a chain checked from its genesis block, up to a height. */
export function pinsOf(chain: HeaderChain, height: number): BlockId[] {
  return Array.from({ length: Math.floor(height / PERIOD) }, (_, i) => ({ height: PERIOD * (i + 1), hash: chain.hashAt(PERIOD * (i + 1)) ?? '' }));
}

function headerAt(chain: HeaderChain, height: number): Header {
  const header = chain.at(height);
  if (!header) throw new TypeError(`no block ${height} is held`);
  return header;
}
