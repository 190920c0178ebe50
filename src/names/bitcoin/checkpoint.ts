import { throwIfAborted, type CallOptions } from '../../lib/clock.js';
import { NamesteadError } from '../../lib/errors.js';
import { parseHeader } from './header.js';
import type { HeaderSource } from './source.js';

/** A block to start from instead of the genesis block; trusted as given. */
export interface Checkpoint {
  /** A multiple of 2016: there the bits of the blocks before it no longer matter. */
  readonly height: number;
  /** 80 bytes. */
  readonly header: Uint8Array;
  /** Times of the ten blocks before it, oldest first, in seconds since 1970: the median time past of its successors needs them. */
  readonly previousTimes: readonly number[];
  /** Expected hashes up to it, itself included. */
  readonly chainWork: bigint;
}

/** Blocks whose times a median is taken of, less the checkpoint's own. */
const TIMES = 10;

/**
 * Completes a checkpoint whose ten previous times are not known: any source's headers will do, since each must be the one whose hash the
 * next one names, up to the checkpoint's own.
 * @throws NamesteadError `HeaderLinkage`, `Malformed`, `Aborted`, or what the source threw
 * @example
 * const checkpoint = await openCheckpoint({ height, header, chainWork }, esplora({ url }));
 * const chain = createHeaderChain(bitcoinMainnet, { checkpoint });
 */
export async function openCheckpoint(
  block: Pick<Checkpoint, 'height' | 'header' | 'chainWork'>,
  source: HeaderSource,
  { signal }: CallOptions = {},
): Promise<Checkpoint> {
  throwIfAborted(signal, 'opening a checkpoint');
  const headers = (await source.headers(block.height - TIMES, TIMES, { signal })).slice(0, TIMES).map(parseHeader);
  let expected = parseHeader(block.header).previous;
  for (let i = TIMES - 1; i >= 0; i--) {
    const header = headers[i];
    if (header?.hash !== expected)
      throw new NamesteadError(
        'HeaderLinkage',
        `${source.operator} has another header at height ${block.height - TIMES + i} than leads to the checkpoint, or none`,
      );
    expected = header.previous;
  }
  return { ...block, previousTimes: headers.map(({ time }) => time) };
}
