import { fromHex, toHex } from '../../lib/bytes.js';
import { throwIfAborted, type CallOptions, type LongCallOptions } from '../../lib/clock.js';
import { NamesteadError } from '../../lib/errors.js';
import type { Fields } from '../../lib/shape.js';
import { consensusHash, operationsHash, skipHeights } from './consensus.js';
import { serializeOperation } from './serialization.js';
import type { Indexer } from './source.js';

/** A consensus hash one trusts, 32 hex digits, with its height. It says nothing of blocks unless a block hash comes along. */
export interface TrustedHash {
  readonly height: number;
  readonly consensusHash: string;
}

/**
 * The operations hash of the block at `height`, proved to lie beneath a trusted consensus hash by the skip list; BNS (d.1).
 * Consensus hashes do not commit to heights: a node may have swapped the labels of two of them, so take an operation's place from
 * its transaction, and whether a block is empty from {@link recomputeHistory}.
 * @param firstBlock the network's first block
 * @throws NamesteadError `ConsensusMismatch`, or what the indexer throws
 */
export async function proveOperationsHash(
  indexer: Indexer,
  trusted: TrustedHash,
  height: number,
  firstBlock: number,
  options: CallOptions = {},
): Promise<string> {
  if (height < firstBlock || height > trusted.height) throw new TypeError(`height ${height} is not between ${firstBlock} and ${trusted.height}`);
  const known = new Map([[trusted.height, trusted.consensusHash]]);
  for (let at = trusted.height; ; at = Math.min(...[...known.keys()].filter((other) => other >= height))) {
    throwIfAborted(options.signal, 'the proof');
    const [stated] = await indexer.operationsHashes([at], options);
    const heights = skipHeights(at, firstBlock);
    const unknown = heights.filter((other) => !known.has(other));
    const hashes = unknown.length > 0 ? await indexer.consensusHashes(unknown, options) : [];
    unknown.forEach((other, i) => known.set(other, hashes[i] ?? missing(indexer, other)));
    const hash = stated ?? missing(indexer, at);
    const previous = heights.map((other) => known.get(other) ?? missing(indexer, other));
    if (consensusHash(hash, previous) !== known.get(at)) {
      throw new NamesteadError(
        'ConsensusMismatch',
        `what ${indexer.operator} says of height ${at} does not give the consensus hash there: it is not beneath the trusted one at ${trusted.height}`,
      );
    }
    if (at === height) return hash;
  }
}

/**
 * The operations of one block, when they are exactly those its operations hash commits to. Fields that no hash commits to are
 * as the node likes them.
 * @throws NamesteadError `OperationDuplicate`, `OperationsMismatch`, `Malformed`
 */
export async function findOperations(indexer: Indexer, height: number, expected: string, options: CallOptions = {}): Promise<readonly Fields[]> {
  const operations = await indexer.operations(height, options);
  // Read first: what follows holds for text and numbers alone.
  const texts = operations.map(serializeOperation);
  const places = operations.map((operation) => `${String(operation['txid'])} ${String(operation['vtxindex'])}`);
  // The tree repeats the last leaf of an odd row, so the hash alone lets a node repeat that operation (CVE-2012-2459).
  if (new Set(places).size !== places.length)
    throw new NamesteadError('OperationDuplicate', `${indexer.operator} lists one operation of height ${height} twice`);
  const actual = operationsHash(texts);
  if (actual !== expected)
    throw new NamesteadError(
      'OperationsMismatch',
      `the operations that ${indexer.operator} lists at height ${height} hash to ${actual}, not to the ${expected} committed there`,
    );
  return operations;
}

/** Every operations and consensus hash from the first block to a trusted one. */
export interface History {
  readonly operationsHashAt: (height: number) => string | null;
  readonly consensusHashAt: (height: number) => string | null;
  /** The operations hashes, 32 bytes a block: what {@link recomputeHistory} takes as `kept`. */
  readonly bytes: Uint8Array;
}

export interface HistoryOptions extends LongCallOptions {
  /** The bytes of an earlier history of this network; it need not be as long, and nobody has to be trusted with it. */
  readonly kept?: Uint8Array | null | undefined;
}

const CHUNK = 2000;
const HASH_BYTES = 32;

/**
 * Recomputes every consensus hash from the network's first block up to the trusted one. Each block's operations hash goes in at
 * its own place, so no two heights can be swapped, and a block that shows the empty hash is empty; BNS (d.1), (f).
 * @throws NamesteadError `ConsensusMismatch` when they do not end in the trusted hash, or what the indexer throws
 */
export async function recomputeHistory(indexer: Indexer, trusted: TrustedHash, firstBlock: number, options: HistoryOptions = {}): Promise<History> {
  const { kept } = options;
  const total = trusted.height - firstBlock + 1;
  const bytes = new Uint8Array(total * HASH_BYTES);
  const consensus: string[] = [];
  const add = (hash: string): void => {
    const height = firstBlock + consensus.length;
    bytes.set(fromHex(hash), consensus.length * HASH_BYTES);
    consensus.push(
      consensusHash(
        hash,
        skipHeights(height, firstBlock).map((other) => consensus[other - firstBlock] as string),
      ),
    );
  };
  const known = Math.min(total, Math.floor((kept?.length ?? 0) / HASH_BYTES));
  for (let i = 0; i < known; i++) add(toHex((kept as Uint8Array).subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES)));
  while (consensus.length < total) {
    throwIfAborted(options.signal, 'the proof');
    const from = firstBlock + consensus.length;
    const heights = Array.from({ length: Math.min(CHUNK, total - consensus.length) }, (_, i) => from + i);
    const hashes = await indexer.operationsHashes(heights, options);
    heights.forEach((height, i) => add(hashes[i] ?? missing(indexer, height)));
    options.onProgress?.({ stage: 'consensus', done: consensus.length, total, unit: 'blocks' });
  }
  if (consensus.at(-1) !== trusted.consensusHash) {
    // What was kept may be damaged, or of another history: the node is asked for all of it before it is blamed.
    if (known > 0) return recomputeHistory(indexer, trusted, firstBlock, { ...options, kept: null });
    throw new NamesteadError(
      'ConsensusMismatch',
      `the operations hashes of ${indexer.operator} from height ${firstBlock} on do not lead to the trusted consensus hash at ${trusted.height}: blocks were changed, left out or swapped`,
    );
  }
  return {
    operationsHashAt: (height) =>
      height < firstBlock || height > trusted.height ? null : toHex(bytes.subarray((height - firstBlock) * HASH_BYTES, (height - firstBlock + 1) * HASH_BYTES)),
    consensusHashAt: (height) => consensus[height - firstBlock] ?? null,
    bytes,
  };
}

function missing(indexer: Indexer, height: number): never {
  throw new NamesteadError('ConsensusMismatch', `${indexer.operator} has no hash at height ${height}, below the trusted one`);
}
