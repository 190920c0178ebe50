import { equal, fromHex, isHex, reversed } from '../../lib/bytes.js';
import type { CallOptions, LongCallOptions } from '../../lib/clock.js';
import { rebuildFilter } from './blockFilter.js';
import { isCandidate } from './claim.js';
import { matchesFilter } from './filter.js';
import { checkedFilters, type CheckedFilter } from './filterChain.js';
import { createJury, type FilterJury } from './filterJury.js';
import { decodePosition, encodePosition, type FilterPosition, type FilterStore } from './filterPosition.js';
import { findImportScripts } from './importScripts.js';
import { candidatesBy, decideBlock, isRevoked, scriptsAt, sightingOf, verifyAlive, type Watching } from './laterOperation.js';
import { lastOn } from './namedOperation.js';
import type { BlockId, BlockSource, FilterSource } from './source.js';
import type { Sighting, Watch, Watched, WatchWorld } from './watch.js';
import { findBlock, findTransaction, type BlockWorld } from './wholeBlock.js';

export interface ByFiltersOptions {
  /** Filters of operators who do not depend on each other; each `operator` once. */
  readonly sources: readonly FilterSource[];
  /** Whole blocks: those whose filter matches, and those about which operators disagree. The first that gives a block's bytes serves. */
  readonly blocks: BlockSource | readonly BlockSource[];
  /** How many operators must answer; default 2. One of them is to be honest. */
  readonly least?: number | undefined;
  /** A filter header known beforehand, display hex, as a release's anchor has one. From a name's operation up to its height it stands above what operators tell. */
  readonly pinned?: { readonly height: number; readonly filterHeader: string } | undefined;
  /** Keeps how far a name was followed, so that the next lookup goes on from there. Never kept are the last blocks. */
  readonly store?: FilterStore | undefined;
}

/**
 * A watch by BIP 158 filters, level `filters`: every block after a name's proved operation has a filter whose header all operators tell who were not shown
 * to lie, and each block whose filter matches the owner's script was read whole; BNS (h). So a server can hide no later operation as long as one
 * operator is honest, and nobody learns the name, save by the blocks that are fetched. Costs about 20 kB a mainnet block.
 *
 * `follow` throws NamesteadError `UndecidedOperation`, `NameExpired`, `SourcesDisagree`, `FilterMismatch`, `LevelNotReached` when fewer than `least`
 * operators answer, `BlockMissing`, `MerkleMismatch`, `TransactionMissing`, `Aborted`, and what the sources throw.
 * @throws TypeError when there are fewer operators than must answer, or one twice
 * @example
 * const watch = byFilters({ sources: [core({ url: a }), core({ url: b })], blocks: core({ url: a }) });
 * const names = bitcoinNames({ network, anchor, headers, transactions, indexer, watch });
 */
export function byFilters(options: ByFiltersOptions): Watch {
  const { sources, least = 2, pinned, store } = options;
  const blocks = 'block' in options.blocks ? [options.blocks] : options.blocks;
  if (!(least >= 1 && sources.length >= least)) throw new TypeError(`filters of ${least} operators are needed, and there are ${sources.length}`);
  if (new Set(sources.map(({ operator }) => operator)).size !== sources.length)
    throw new TypeError('each operator of filters counts once: two sources have the same');
  if (pinned && !isHex(pinned.filterHeader, 32)) throw new TypeError('a pinned filter header is 64 hex digits');
  return {
    level: 'filters',
    follow: async (sighting, until, world, call) => {
      const disagreed = new Set<string>();
      const read: BlockWorld = { network: world.network, blocks, transactions: [world.transactions], onLie: (operator) => disagreed.add(operator) };
      const blockAt = async (height: number, asked: CallOptions): Promise<BlockId> =>
        height === until.height ? until : { height, hash: (await world.headerAt(height, asked)).hash };
      const jury = createJury({ sources, least, blockAt, rebuild: (block, asked) => rebuildFilter(read, block, asked) });
      const walk: Walk = { world, read, jury, until, blockAt, store, pinned, matched: 0 };
      const watching = await follow(walk, sighting, call);
      for (const { operator } of sources) if (jury.disagreed.has(operator)) disagreed.add(operator);
      return evidenceOf(walk, sighting, watching, [...disagreed], call);
    },
  };
}

interface Walk {
  readonly world: WatchWorld;
  readonly read: BlockWorld;
  readonly jury: FilterJury;
  readonly until: BlockId;
  readonly blockAt: (height: number, options: CallOptions) => Promise<BlockId>;
  readonly store: FilterStore | undefined;
  readonly pinned: ByFiltersOptions['pinned'];
  /** Blocks whose filter matched. */
  matched: number;
}

async function follow(walk: Walk, first: Sighting, call: LongCallOptions): Promise<Watching> {
  const { world, jury, until, blockAt } = walk;
  const pinned = walk.pinned ? { height: walk.pinned.height, header: reversed(fromHex(walk.pinned.filterHeader)) } : null;
  const importers = await findImportScripts(world, first, call);
  const kept = await findPosition(walk, first, call);
  let watching: Watching = { sighting: kept?.sighting ?? first, importers, pending: [] };
  const from = (kept?.position.height ?? first.height) + 1;
  for (let height = first.height; height < from; height++) verifyAlive(world.network, watching.sighting, height);
  const range = { from, to: isRevoked(watching.sighting) ? first.height : until.height, before: kept?.position.header ?? null, pinned };
  for await (const filters of checkedFilters(jury, blockAt, range, call)) {
    if (isRevoked(watching.sighting)) break;
    for (const checked of filters) {
      watching = await take(walk, watching, checked, call);
      verifyAlive(world.network, watching.sighting, checked.block.height);
    }
    const done = (filters.at(-1)?.block.height ?? from) - from + 1;
    call.onProgress?.({ stage: 'filters', done, total: until.height - from + 1, unit: 'blocks' });
    await keep(walk, watching, filters);
  }
  // A revoked name changes no more, and yet it may lapse.
  for (let height = from; height <= until.height; height++) if (isRevoked(watching.sighting)) verifyAlive(world.network, watching.sighting, height);
  return watching;
}

/** One block: read whole when its filter matches. */
async function take(walk: Walk, watching: Watching, { block, filter }: CheckedFilter, call: LongCallOptions): Promise<Watching> {
  const { world, read } = walk;
  const { height, hash } = block;
  const scripts = scriptsAt(watching, height);
  if (scripts.length === 0 || !matchesFilter(filter, hash, scripts)) return watching;
  walk.matched++;
  const { transactions, txids } = await findBlock(read, hash, call);
  const mined = transactions.flatMap((transaction, index) => {
    const txid = txids[index];
    return index > 0 && txid !== undefined && isCandidate(transaction, world.network) ? [{ index, txid, transaction }] : [];
  });
  const made = new Map(transactions.map(({ outputs }, index) => [txids[index], outputs]));
  const candidates = await candidatesBy(scripts, mined, async (txid) => made.get(txid) ?? (await findTransaction(read, txid, call)).outputs);
  return decideBlock(world, watching, height, candidates, call);
}

/**
 * Where an earlier walk ended, if that still stands on the checked chain and began with this very operation or went past it, and what all told then is
 * what is told now: an honest operator may have been silent that time.
 */
async function findPosition(
  { world, jury, until, blockAt, store }: Walk,
  first: Sighting,
  call: LongCallOptions,
): Promise<{ readonly position: FilterPosition; readonly sighting: Sighting } | null> {
  const bytes = (await store?.load(first.name)) ?? null;
  const position = bytes && decodePosition(bytes);
  if (!position || position.height <= first.height || position.height > until.height || position.last.height < first.height) return null;
  if ((await blockAt(position.height, call)).hash !== position.hash) return null;
  const [told] = await jury.headers([position], call);
  if (!told || !equal(told, position.header)) return null;
  const { last } = position;
  if (last.height === first.height) return last.txid === first.operation['txid'] ? { position, sighting: first } : null;
  const operation = lastOn(first.name, (await world.committedAt(last.height, call)) ?? []);
  if (operation?.['txid'] !== last.txid) return null;
  await world.prove(operation, last.height, call);
  return { position, sighting: sightingOf(first, operation, last.height) };
}

/** Keeps how far it got, without the last blocks, and nothing beneath a pinned header before that was reached. */
async function keep({ world, store, pinned }: Walk, { sighting }: Watching, filters: readonly CheckedFilter[]): Promise<void> {
  const end = filters.findLast(({ block }) => block.height <= world.confirmedTo);
  if (!store || !end || end.block.height < sighting.height || end.block.height < (pinned?.height ?? 0)) return;
  const last = { height: sighting.height, txid: String(sighting.operation['txid']) };
  await store.save(sighting.name, encodePosition({ height: end.block.height, hash: end.block.hash, header: end.header, last }));
}

async function evidenceOf(walk: Walk, first: Sighting, watching: Watching, disagreed: readonly string[], call: LongCallOptions): Promise<Watched> {
  const { world, jury, read, until, matched, pinned } = walk;
  const { sighting, pending } = watching;
  const { time } = await world.headerAt(until.height, call);
  const operators = jury.sources().map(({ operator }) => operator);
  return {
    sighting,
    through: { height: until.height, hash: until.hash, time },
    pending,
    operators: [...new Set([...operators, ...read.blocks.map(({ operator }) => operator)])],
    disagreed,
    checked: [
      `filters ${first.height + 1} to ${until.height}: each hashes to the filter header that ${operators.join(', ')} tell${pinned ? `, pinned at ${pinned.height}` : ''}`,
      `blocks that match the owner's script: ${matched}, each beneath its header's merkle root; senders out of the outputs that are spent`,
    ],
    unchecked: ['that one of the operators of filters is honest: no work stands behind a filter'],
  };
}
