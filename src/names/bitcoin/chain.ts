import { fromHex, reversed, toHex } from '../../lib/bytes.js';
import { throwIfAborted, type LongCallOptions } from '../../lib/clock.js';
import { isNamesteadError, NamesteadError } from '../../lib/errors.js';
import { openBranch, splice, u32, type Branch, type ChainTip } from './branch.js';
import { HEADER_BYTES, hashHeader, parseHeader, PERIOD, workOf, type Header } from './header.js';
import type { BitcoinParams } from './network.js';
import type { HeaderSource } from './source.js';

/** A block to start from instead of the genesis block; trusted as given. */
export interface Checkpoint {
  /** A multiple of 2016. */
  readonly height: number;
  /** 80 bytes. */
  readonly header: Uint8Array;
  /** Times of the ten blocks before it, oldest first: the median time past of its successors needs them. */
  readonly previousTimes: readonly number[];
  /** Expected hashes up to it, itself included. */
  readonly chainWork: bigint;
}

export interface HeaderChain {
  readonly params: BitcoinParams;
  /** The lowest height held: 0, or the checkpoint's. */
  readonly base: number;
  /** The height up to which nothing is replaced any more: the base, or the highest pinned. */
  floor(): number;
  tip(): ChainTip;
  /** Null above the tip and below the base. */
  at(height: number): Header | null;
  /** Display hex; null above the tip and below the base. */
  hashAt(height: number): string | null;
  /** Checks headers that follow the tip and takes all of them, or none. @throws as {@link Branch.extend} */
  extend(headers: readonly Uint8Array[]): void;
  /** Starts a branch whose first header will stand at `from`. @throws NamesteadError `ReorgTooDeep` when that is not above the floor */
  branch(from: number): Branch;
  /** Makes the branch part of the chain when that gives more work than the chain has; answers whether it did. */
  adopt(branch: Branch): boolean;
  /** Settles the chain up to this height. */
  pin(height: number): void;
}

/** Forty years of mainnet; where blocks cost nothing, less must end a source that never ends. */
const MOST_HEADERS = { proved: 2_200_000, none: 250_000 };

/**
 * A chain of block headers in one array of bytes, each checked by Bitcoin's rules as it comes in. Which chain is best is
 * decided by work alone. Testnet's twenty-minute rule is not known here: such headers are refused with `HeaderBits`.
 * @throws TypeError when the genesis header or the checkpoint does not fit
 * @example
 * const chain = createHeaderChain(mainnet.bitcoin);
 * await syncHeaders(chain, [esplora({ url })], { anchor });
 */
export function createHeaderChain(params: BitcoinParams, options: { readonly checkpoint?: Checkpoint | undefined; readonly limit?: number } = {}): HeaderChain {
  const { checkpoint, limit = MOST_HEADERS[params.work] } = options;
  const base = checkpoint?.height ?? 0;
  const first = checkpoint?.header ?? fromHex(params.genesisHeader);
  const { hash, time, bits } = parseHeader(first);
  if (checkpoint ? base % PERIOD !== 0 || checkpoint.previousTimes.length !== 10 : hash !== params.genesisHash) {
    throw new TypeError('a chain starts at the genesis block, or at a multiple of 2016 with the ten times before it');
  }
  let held = splice(new Uint8Array(0), 0, first);
  let tip: ChainTip = { height: base, hash, time, work: checkpoint?.chainWork ?? workOf(bits) };
  let floor = base;

  const bytesAt = (height: number): Uint8Array => held.subarray((height - base) * HEADER_BYTES, (height - base + 1) * HEADER_BYTES);
  const holds = (height: number): boolean => height >= base && height <= tip.height;
  const bitsAt = (height: number): number => u32(bytesAt(height), 72);
  const timeAt = (height: number): number => (height < base ? (checkpoint?.previousTimes[10 + height - base] ?? -1) : u32(bytesAt(height), 68));
  // Each header names the hash of the one before it: only the last hash needs to be kept.
  const hashAt = (height: number): string | null =>
    !holds(height) ? null : height === tip.height ? tip.hash : toHex(reversed(bytesAt(height + 1).subarray(4, 36)));
  const tipAt = (height: number): ChainTip | null => {
    const at = hashAt(height);
    let { work } = tip;
    for (let above = tip.height; above > height; above--) work -= workOf(bitsAt(above));
    return at === null ? null : { height, hash: at, time: timeAt(height), work };
  };

  const chain: HeaderChain = {
    params,
    base,
    floor: () => floor,
    tip: () => tip,
    hashAt,
    at: (height) => (holds(height) ? parseHeader(bytesAt(height)) : null),
    extend: (headers) => {
      const branch = chain.branch(tip.height + 1);
      branch.extend(headers);
      chain.adopt(branch);
    },
    branch: (from) => {
      const parent = from > floor ? tipAt(from - 1) : null;
      if (!parent)
        throw new NamesteadError('ReorgTooDeep', `no branch can start at height ${from}: the chain is settled up to ${floor} and ends at ${tip.height}`);
      return openBranch(params, parent, bitsAt(parent.height), timeAt, base + limit);
    },
    adopt: (branch) => {
      const { height, hash: parent } = branch.parent;
      if (height < floor || hashAt(height) !== parent)
        throw new NamesteadError('ReorgTooDeep', `the branch stands on block ${parent}, which the chain has left`);
      const end = branch.tip();
      if (end.work <= tip.work) return false;
      held = splice(held, (height + 1 - base) * HEADER_BYTES, branch.bytes());
      tip = end;
      return true;
    },
    pin: (height) => {
      if (!holds(height)) throw new TypeError(`height ${height} is not held`);
      floor = Math.max(floor, height);
    },
  };
  return chain;
}

export interface SyncOptions extends LongCallOptions {
  /** The block the chain must contain (display hex), from outside the sources. */
  readonly anchor?: { readonly height: number; readonly hash: string } | undefined;
}

export interface SyncResult {
  readonly tip: ChainTip;
  /** The sources that follow the chain now held. */
  readonly agreed: readonly string[];
  readonly disagreed: readonly { readonly operator: string; readonly error: NamesteadError }[];
}

const BATCH = 2000;

/**
 * Follows each source in turn; the heaviest valid chain is held in the end. What was checked before an error stays, so a
 * second call goes on where the first ended. A source that is only behind agrees.
 * @throws NamesteadError the first source's own error when none could be followed: `LowWork` (ends below the anchor, or has
 * less work than the chain held), `AnchorMismatch` (another block at the anchor's height), `NetworkMismatch` (another
 * genesis block), `HeaderLinkage`, `HeaderWork`, `HeaderBits`, `HeaderTime`, `TooLarge`, or what the source threw
 */
export async function syncHeaders(chain: HeaderChain, sources: readonly HeaderSource[], options: SyncOptions = {}): Promise<SyncResult> {
  const agreed: string[] = [];
  const disagreed: { operator: string; error: NamesteadError }[] = [];
  for (const source of sources) {
    try {
      await follow(chain, source, options);
      agreed.push(source.operator);
    } catch (error) {
      if (!isNamesteadError(error) || options.signal?.aborted) throw error;
      disagreed.push({ operator: source.operator, error });
    }
  }
  const first = disagreed[0];
  if (agreed.length === 0 && first) throw first.error;
  return { tip: chain.tip(), agreed, disagreed };
}

async function follow(chain: HeaderChain, source: HeaderSource, options: SyncOptions): Promise<void> {
  const { anchor, onProgress } = options;
  if (anchor && holds(chain, anchor)) chain.pin(anchor.height);
  let { height, headers } = await findCommon(chain, source, options);
  let branch: Branch | null = null;
  for (;;) {
    const anchored = anchor && hashAmong(headers, anchor.height - height);
    if (anchored && anchored !== anchor.hash) throw new NamesteadError('AnchorMismatch', `${source.operator} has block ${anchored} at the anchor's height`);
    let same = 0;
    if (!branch) while (hashAmong(headers, same) === chain.hashAt(height + same)) same++;
    if (same < headers.length) {
      branch ??= chain.branch(height + same);
      branch.extend(headers.slice(same));
      if (chain.adopt(branch)) branch = null;
    }
    height += headers.length;
    onProgress?.({ stage: 'headers', done: height - 1, unit: 'blocks' });
    if (headers.length < BATCH) break;
    headers = await ask(source, height, options);
  }
  if ((branch?.tip().work ?? chain.tip().work) < chain.tip().work)
    throw new NamesteadError('LowWork', `${source.operator} shows a fork with less work than the chain held`);
  if (!anchor) return;
  if (chain.tip().height < anchor.height)
    throw new NamesteadError(
      'LowWork',
      `${source.operator} ends at height ${height - 1}, below the anchor at ${anchor.height}: it is behind, or shows a fork with less work`,
    );
  // A chain that somebody synced before, without this anchor, may be of another fork.
  if (!holds(chain, anchor)) throw new NamesteadError('AnchorMismatch', `${source.operator} follows a chain with another block at the anchor's height`);
  chain.pin(anchor.height);
}

function holds(chain: HeaderChain, { height, hash }: { readonly height: number; readonly hash: string }): boolean {
  return chain.hashAt(height) === hash;
}

/** Goes back from the tip until the source has the same block; its headers from there on come along. */
async function findCommon(chain: HeaderChain, source: HeaderSource, options: SyncOptions): Promise<{ height: number; headers: readonly Uint8Array[] }> {
  const floor = chain.floor();
  for (let height = chain.tip().height, step = 1; ; height = Math.max(floor, height - step), step *= 2) {
    const headers = await ask(source, height, options);
    if (hashAmong(headers, 0) === chain.hashAt(height)) return { height, headers };
    if (height > floor) continue;
    if (headers.length === 0) throw new NamesteadError('LowWork', `${source.operator} has no block at height ${floor}`);
    throw new NamesteadError(
      floor === 0 ? 'NetworkMismatch' : 'AnchorMismatch',
      `${source.operator} has another block at height ${floor}, where the chain is settled`,
    );
  }
}

async function ask(source: HeaderSource, from: number, { signal }: SyncOptions): Promise<readonly Uint8Array[]> {
  throwIfAborted(signal, 'following headers');
  return (await source.headers(from, BATCH, { signal })).slice(0, BATCH);
}

function hashAmong(headers: readonly Uint8Array[], index: number): string | undefined {
  const header = headers[index];
  return header && hashHeader(header);
}
