import { fromHex, reversed, toHex } from '../../lib/bytes.js';
import type { Clock } from '../../lib/clock.js';
import { NamesteadError } from '../../lib/errors.js';
import { openBranch, splice, u32, type Branch, type ChainTip } from './branch.js';
import type { HashHeaders } from '../../lib/sha256dSimd.js';
import type { Checkpoint } from './checkpoint.js';
import { HEADER_BYTES, parseHeader, PERIOD, verifyWork, workOf, type Header } from './header.js';
import type { BitcoinParams } from './network.js';

export interface HeaderChain {
  readonly params: BitcoinParams;
  /** The lowest height held: 0, or the checkpoint's. */
  readonly base: number;
  /** Work (expected hashes) that a chain must have to be taken. */
  readonly minimumWork: bigint;
  /** The height up to which nothing is replaced any more: the base, or the highest pinned. */
  floor(): number;
  tip(): ChainTip;
  /** Seconds since the tip's time; null without a clock. */
  age(): number | null;
  /** Null above the tip and below the base. */
  at(height: number): Header | null;
  /** Display hex; null above the tip and below the base. */
  hashAt(height: number): string | null;
  /** Checks headers that follow the tip and takes all of them, or none. @throws as {@link Branch.extend}; NamesteadError `LowWork` below the minimum */
  extend(headers: readonly Uint8Array[]): void;
  /**
   * Starts a branch whose first header will stand at `from`; a scout keeps no bytes and can only be weighed.
   * @throws NamesteadError `CheckpointReorg` when that is not above the floor, `ReorgTooDeep` when it is not above what is held
   */
  branch(from: number, kind?: 'kept' | 'scout'): Branch;
  /** Whether a branch that ends so would be taken: it has more work than the chain, and no less than the minimum. */
  prefers(tip: ChainTip): boolean;
  /** Makes the branch part of the chain when that {@link prefers} it; answers whether it did. */
  adopt(branch: Branch): boolean;
  /** Settles the chain up to this height. */
  pin(height: number): void;
}

export interface HeaderChainOptions {
  /** Where to start instead of at the genesis block. */
  readonly checkpoint?: Checkpoint | undefined;
  /** Less work than this (expected hashes) is not believed; the network's own bound when not said, 0n for none. */
  readonly minimumWork?: bigint | undefined;
  /** With one, headers of the future (more than two hours) are refused. */
  readonly clock?: Clock | undefined;
  /** Headers held at most above the base; 2,200,000, and 1,000,000 where blocks cost nothing. */
  readonly limit?: number | undefined;
  /** Hashes many headers at once (`loadHashHeaders`). */
  readonly hashHeaders?: HashHeaders | undefined;
}

/** Forty years of mainnet; where blocks cost nothing, less must end a source that never ends. */
const MOST_HEADERS = { proved: 2_200_000, none: 1_000_000 };
/** Seconds that a header's time may run ahead (Bitcoin Core `MAX_FUTURE_BLOCK_TIME`). */
const MOST_AHEAD = 7200;

/**
 * A chain of block headers in one array of bytes, each checked by Bitcoin's rules as it comes in. Which chain is best is decided by work
 * alone. Testnets' rules are known; signet's signatures are not in the headers.
 * @throws TypeError when the genesis header or the checkpoint does not fit; NamesteadError `HeaderWork`, `HeaderBits` for a checkpoint without work
 * @example
 * const chain = createHeaderChain(mainnet.bitcoin);
 * await syncHeaders(chain, [esplora({ url })], { anchor });
 */
export function createHeaderChain(params: BitcoinParams, options: HeaderChainOptions = {}): HeaderChain {
  const { checkpoint, minimumWork = params.minimumChainWork, clock, limit = MOST_HEADERS[params.work], hashHeaders } = options;
  const base = checkpoint?.height ?? 0;
  const first = openFirst(params, checkpoint);
  let held = splice(new Uint8Array(0), 0, checkpoint?.header ?? fromHex(params.genesisHeader));
  let tip: ChainTip = { height: base, hash: first.hash, time: first.time, work: checkpoint?.chainWork ?? workOf(first.bits) };
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
  const latest = (): number => (clock ? clock.now() / 1000 + MOST_AHEAD : Infinity);

  const chain: HeaderChain = {
    params,
    base,
    minimumWork,
    floor: () => floor,
    tip: () => tip,
    age: () => (clock ? clock.now() / 1000 - tip.time : null),
    hashAt,
    at: (height) => (holds(height) ? parseHeader(bytesAt(height)) : null),
    extend: (headers) => {
      const branch = chain.branch(tip.height + 1);
      branch.extend(headers);
      if (!chain.adopt(branch) && headers.length > 0)
        throw new NamesteadError(
          'LowWork',
          `the headers up to height ${branch.tip().height} have less work than a chain must have (minimumWork) to be believed`,
        );
    },
    branch: (from, kind = 'kept') => {
      if (from <= floor) throw new NamesteadError('CheckpointReorg', `no branch can start at height ${from}: the chain is settled up to ${floor}`);
      const parent = tipAt(from - 1);
      if (!parent) throw new NamesteadError('ReorgTooDeep', `no branch can start at height ${from}: the chain ends at ${tip.height}`);
      return openBranch(params, parent, { time: timeAt, bits: bitsAt }, { limit: base + limit, latest, kept: kind === 'kept', hashHeaders });
    },
    prefers: ({ work }) => work > tip.work && work >= minimumWork,
    adopt: (branch) => {
      const { height, hash: parent } = branch.parent;
      if (height < floor || hashAt(height) !== parent)
        throw new NamesteadError('ReorgTooDeep', `the branch stands on block ${parent}, which the chain has left`);
      const end = branch.tip();
      if (!chain.prefers(end)) return false;
      const bytes = branch.bytes();
      if (bytes.length !== (end.height - height) * HEADER_BYTES) throw new TypeError('a scout cannot become part of a chain');
      held = splice(held, (height + 1 - base) * HEADER_BYTES, bytes);
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

function openFirst(params: BitcoinParams, checkpoint: Checkpoint | undefined): Header {
  const header = parseHeader(checkpoint?.header ?? fromHex(params.genesisHeader));
  const fits = checkpoint ? checkpoint.height % PERIOD === 0 && checkpoint.previousTimes.length === 10 : header.hash === params.genesisHash;
  if (!fits) throw new TypeError('a chain starts at the genesis block, or at a multiple of 2016 with the ten times before it');
  verifyWork(header, params.powLimitBits);
  return header;
}
