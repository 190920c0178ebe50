import { orAborted, throwIfAborted, type LongCallOptions } from '../../lib/clock.js';
import { isNamesteadError, NamesteadError } from '../../lib/errors.js';
import type { Branch, ChainTip } from './branch.js';
import { hashHeader } from './header.js';
import type { HeaderChain } from './headerChain.js';
import { saveBranch, type HeaderStore } from './headerStore.js';
import type { HeaderSource } from './source.js';

export { createHeaderChain, type HeaderChain, type HeaderChainOptions } from './headerChain.js';

export interface SyncOptions extends LongCallOptions {
  /** The block the chain must contain (display hex), from outside the sources. */
  readonly anchor?: { readonly height: number; readonly hash: string } | undefined;
  /** Seconds that the last block may be old; the chain needs a clock. */
  readonly maxTipAge?: number | undefined;
  /** Where headers are saved as they come; `loadHeaders` brings them back. */
  readonly store?: HeaderStore | undefined;
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
 * second call goes on where the first ended. A source that is only behind agrees. A fork is weighed before it is held: until it has more
 * work than the chain, and no less than the minimum, its headers are checked and let go, so that memory and store never hold what is not believed.
 * @throws NamesteadError the first source's own error when none could be followed: `LowWork` (ends below the anchor, or has
 * less work than the chain held or than the minimum), `AnchorMismatch` (another block at the anchor's height), `CheckpointReorg` (another block
 * where the chain is settled), `NetworkMismatch` (another genesis block), `TipStale`, `HeaderLinkage`, `HeaderWork`, `HeaderBits`, `HeaderTime`,
 * `HeaderVersion`, `TooLarge`, or what the source or the store threw
 * @throws TypeError for `maxTipAge` without a clock
 */
export async function syncHeaders(chain: HeaderChain, sources: readonly HeaderSource[], options: SyncOptions = {}): Promise<SyncResult> {
  if (options.maxTipAge !== undefined && chain.age() === null) throw new TypeError('maxTipAge needs a chain with a clock');
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

/** {@link syncHeaders}, one call after the other: two at once would each take the other's headers for a fork. Who gives up does not keep the next waiting. */
export function syncInTurn(
  chain: HeaderChain,
  sources: readonly HeaderSource[],
  options: Omit<SyncOptions, keyof LongCallOptions>,
): (call: LongCallOptions) => Promise<SyncResult> {
  let synced: Promise<unknown> = Promise.resolve();
  return (call) => {
    const next = synced.then(() => syncHeaders(chain, sources, { ...call, ...options }));
    synced = next.catch(() => undefined);
    return orAborted(next, call.signal, 'the lookup');
  };
}

async function follow(chain: HeaderChain, source: HeaderSource, options: SyncOptions): Promise<void> {
  const { anchor } = options;
  if (anchor && holds(chain, anchor)) chain.pin(anchor.height);
  let { height, headers } = await findCommon(chain, source, options);
  for (;;) {
    verifyAnchored(source, anchor, height, headers);
    let same = 0;
    while (same < headers.length && hashAmong(headers, same) === chain.hashAt(height + same)) same++;
    if (same < headers.length) {
      const taken = await take(chain, source, height + same, headers.slice(same), options);
      if (!taken) break;
      height = chain.tip().height + 1;
    } else height += same;
    tell(chain, height - 1, options);
    if (headers.length < BATCH) break;
    headers = await ask(source, height, options);
  }
  verifyEnd(chain, source, height - 1, options);
}

/** Takes headers of a source that the chain does not hold; those that do not outweigh it are weighed on. False: an equal that changes nothing. */
async function take(chain: HeaderChain, source: HeaderSource, from: number, headers: readonly Uint8Array[], options: SyncOptions): Promise<boolean> {
  const branch = chain.branch(from);
  branch.extend(headers);
  if (await adopt(chain, branch, options)) return true;
  return contend(chain, source, from, options);
}

/**
 * Weighs a fork without holding it; only when it is found heavy enough is it fetched once more and taken. Its batches must then end with the
 * same blocks, so that nothing else can be slipped in.
 */
async function contend(chain: HeaderChain, source: HeaderSource, from: number, options: SyncOptions): Promise<boolean> {
  const ends: ChainTip[] = [];
  const scout = chain.branch(from, 'scout');
  for (let height = from; !chain.prefers(scout.tip()); height += BATCH) {
    const headers = await ask(source, height, options);
    verifyAnchored(source, options.anchor, height, headers);
    scout.extend(headers);
    ends.push(scout.tip());
    if (headers.length < BATCH && !chain.prefers(scout.tip())) return verifyWeight(chain, source, scout);
    tell(chain, scout.tip().height, options, 'weighing headers');
  }
  const branch = chain.branch(from);
  for (const end of ends) {
    const { height } = branch.tip();
    branch.extend((await ask(source, height + 1, options)).slice(0, end.height - height));
    if (branch.tip().hash !== end.hash) throw new NamesteadError('HeaderLinkage', `${source.operator} gave other headers when asked again: ask once more`);
    tell(chain, branch.tip().height, options);
  }
  return adopt(chain, branch, options);
}

/** @returns false for a fork of equal work: the chain stays with what it saw first */
function verifyWeight(chain: HeaderChain, source: HeaderSource, { tip }: Branch): false {
  const { work, height } = tip();
  if (work < chain.minimumWork)
    throw new NamesteadError('LowWork', `${source.operator} ends at height ${height} with less work than a chain must have (minimumWork) to be believed`);
  if (work < chain.tip().work) throw new NamesteadError('LowWork', `${source.operator} shows a fork with less work than the chain held`);
  return false;
}

async function adopt(chain: HeaderChain, branch: Branch, { store }: SyncOptions): Promise<boolean> {
  const adopted = chain.adopt(branch);
  if (adopted && store) await saveBranch(store, branch);
  return adopted;
}

function verifyAnchored(source: HeaderSource, anchor: SyncOptions['anchor'], height: number, headers: readonly Uint8Array[]): void {
  const anchored = anchor && hashAmong(headers, anchor.height - height);
  if (anchored && anchored !== anchor.hash) throw new NamesteadError('AnchorMismatch', `${source.operator} has block ${anchored} at the anchor's height`);
}

/** @param last the last height that the source showed */
function verifyEnd(chain: HeaderChain, source: HeaderSource, last: number, { anchor, maxTipAge }: SyncOptions): void {
  if (anchor) {
    if (chain.tip().height < anchor.height)
      throw new NamesteadError(
        'LowWork',
        `${source.operator} ends at height ${last}, below the anchor at ${anchor.height}: it is behind, or shows a fork with less work`,
      );
    // A chain that somebody synced before, without this anchor, may be of another fork.
    if (!holds(chain, anchor)) throw new NamesteadError('AnchorMismatch', `${source.operator} follows a chain with another block at the anchor's height`);
    chain.pin(anchor.height);
  }
  const age = chain.age() ?? 0;
  if (maxTipAge !== undefined && age > maxTipAge)
    throw new NamesteadError(
      'TipStale',
      `the last block known to ${source.operator} (height ${chain.tip().height}) is ${Math.round(age)} seconds old, more than ${maxTipAge}`,
    );
}

/** Ten minutes a block: what is still to come can only be guessed, by the clock. */
function tell(chain: HeaderChain, done: number, { onProgress, anchor }: SyncOptions, stage = 'headers'): void {
  const guess = Math.max(done, anchor?.height ?? 0, chain.tip().height + Math.floor((chain.age() ?? 0) / 600));
  onProgress?.({ stage, done, total: guess, unit: 'blocks' });
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
    if (floor === 0) throw new NamesteadError('NetworkMismatch', `${source.operator} has another genesis block`);
    if (floor === options.anchor?.height) throw new NamesteadError('AnchorMismatch', `${source.operator} has another block at the anchor's height`);
    throw new NamesteadError('CheckpointReorg', `${source.operator} has another block at height ${floor}, where the chain is settled`);
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
