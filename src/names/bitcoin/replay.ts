import { fromHex, isHex, reversed } from '../../lib/bytes.js';
import { orAborted } from '../../lib/clock.js';
import { NamesteadError } from '../../lib/errors.js';
import { inParallel } from '../../lib/parallel.js';
import { parseName } from '../name.js';
import type { Lookup, LookupOptions, Names } from '../names.js';
import { atLeast, type AsOf, type Evidence } from '../proof.js';
import { createHeaderChain, syncHeaders, type HeaderChain, type SyncOptions } from './chain.js';
import type { Anchor } from './names.js';
import type { Network } from './network.js';
import { matchingBlocks, type FilterWorld } from './replayFilters.js';
import { createReplayFold, type BlockFeed, type ReplayFold } from './replayFold.js';
import { decodeSnapshot, encodeSnapshot, type ReplayStore, type Snapshot } from './replaySnapshot.js';
import { lapsed, pendingOn, recordAt } from './replayRecord.js';
import { assumptionsOf, consensusHashAt, type State } from './rules.js';
import type { BlockSource, FilterSource, HeaderSource, TransactionSource } from './source.js';
import { readRuleBlock, type BlockWorld } from './wholeBlock.js';

export interface ReplayNamesOptions {
  readonly network: Network;
  /** One source of headers or several; the heaviest valid chain wins. */
  readonly headers: HeaderSource | readonly HeaderSource[];
  /** Whole blocks; of several sources the next is asked where one has none, or has another. */
  readonly blocks: BlockSource | readonly BlockSource[];
  /** Transactions that operations spend from, checked by their ids; as for blocks. */
  readonly transactions: Pick<TransactionSource, 'operator' | 'transaction'> | readonly Pick<TransactionSource, 'operator' | 'transaction'>[];
  /** A chain to go on from; default a new one from the genesis block. It holds the network's first block. */
  readonly chain?: HeaderChain | undefined;
  /** How headers are followed: where they are kept, how old the last block may be. */
  readonly sync?: Pick<SyncOptions, 'store' | 'maxTipAge'> | undefined;
  /** Not needed. Where given, its block must be in the chain, and the consensus hash computed there must be its own. */
  readonly anchor?: Anchor | undefined;
  /** Keeps the folded state, some kilobytes a name, so that the next process goes on from it: for networks of one's own rather than for mainnet. */
  readonly store?: ReplayStore | undefined;
  /**
   * For a network that is `filterable`: operators of BIP 157 filters. Only blocks whose filter matches are read then, the others are known to change
   * nothing as long as one of the operators is honest; thousands of times less to fetch. Not given: every block is read.
   */
  readonly filters?: readonly FilterSource[] | undefined;
  /** How many of these operators must answer; default 2. One of them is to be honest. */
  readonly least?: number | undefined;
  /** A filter header known beforehand, display hex: operators who tell another are not believed. */
  readonly pinned?: { readonly height: number; readonly filterHeader: string } | undefined;
}

/** Blocks fetched before they are folded, and how many of them at once. */
const AHEAD = 32;
const WIDTH = 4;

/**
 * Names of a BNS network on Bitcoin at level `replay`: every block from the network's first on is fetched, checked against the headers and folded by the
 * rules here, so that no consensus hash and no core node is believed. The first lookup reads them all (on mainnet hundreds of gigabytes, some of it from a
 * bitcoind with `-txindex`), a later one only what is new; `onProgress` tells of it at stage `replay`. The state is held in memory as long as the names are.
 * With `filters` the level is `filters`: one of their operators must be honest.
 *
 * A record is the one after the last block that has the network's confirmations, or after the block `at`; what later blocks did to the name stands in
 * `evidence.pending`. `null`: nobody owned the name then, because it never was registered or because its time, grace included, had run out: it is free.
 * A revoked name is owned by nobody either and yet not free before its time has run out: that is `NameRevoked`.
 *
 * `lookup` throws NamesteadError: `NameRevoked`; `NameExpired` when a name ran out within the last blocks, too late to call it free; `NotConfirmed` when
 * `at` is among them, or no block has enough; `ConsensusMismatch` when the anchor given is of another history; `LevelNotReached` when more is demanded;
 * from headers `LowWork`, `AnchorMismatch`, `TipStale`, `Header…`; from blocks `BlockMissing`, `MerkleMismatch`, `Malformed`, `TransactionMissing`, `TransactionMismatch`;
 * and what the sources throw. What was folded before an error stays.
 * @throws TypeError when a source is missing, or the chain starts above the network's first block
 * @example
 * const bitcoin = core({ url: 'http://127.0.0.1:8332', user: 'u', password: 'p' });
 * const names = replayNames({ network, headers: bitcoin, blocks: bitcoin, transactions: bitcoin });
 * const found = await names.lookup('alice.id');
 */
export function replayNames(options: ReplayNamesOptions): Names {
  const { network, anchor, chain = createHeaderChain(network.bitcoin) } = options;
  const [headers, blocks, transactions] = [listOf(options.headers), listOf(options.blocks), listOf(options.transactions)];
  if (headers.length * blocks.length * transactions.length === 0) throw new TypeError('a replay needs a source of headers, of blocks and of transactions');
  if (chain.base > network.firstBlock)
    throw new TypeError(`a replay needs the headers from ${network.name}'s first block ${network.firstBlock} on; the chain starts at ${chain.base}`);
  const liars = new Set<string>();
  const source: BlockWorld = { network, blocks, transactions, onLie: (operator) => liars.add(operator) };
  const { filters = [], least = 2 } = options;
  // Blocks that filters leave out were not read.
  const reach = filters.length > 0 ? 'filters' : 'replay';
  const feed = filters.length > 0 ? matchingBlocks({ ...source, chain, ...verifyFilters(options, filters, least) }) : wholeBlocks(source);
  const opening = once(() => openFold(options, chain, feed));
  const operators = [...new Set([...headers, ...blocks, ...transactions, ...filters].map(({ operator }) => operator))];
  let before: Promise<unknown> = Promise.resolve();

  const lookup = async (name: string, call: LookupOptions): Promise<Lookup | null> => {
    const { disagreed } = await syncHeaders(chain, headers, { ...options.sync, ...call, anchor });
    const fold = await opening();
    await fold.follow(call);
    const place = placeOf(network, fold, call.at);
    const state = fold.state();
    verifyAnchor(state, anchor);
    const assumed = assumesGenesis(network, anchor, place.asOf.height);
    const record = recordAt(state, name, place.asOf.height);
    if (!record && assumed)
      throw new NamesteadError(
        'AbsenceNotProved',
        `nobody owns ${name} by what is known here, which is not all: ${GENESIS_UNKNOWN}; give an anchor, or genesis balances`,
      );
    if (!record) return null;
    const pending = pendingOn(state, name, place.asOf.height);
    if (call.at === undefined && lapsed(state, name))
      throw new NamesteadError(
        'NameExpired',
        `${name} ran out at height ${record.expiresAt}, within the last blocks: whether it is free they do not settle yet`,
      );
    const told = [...new Set([...disagreed.map(({ operator }) => operator), ...liars])];
    return {
      record,
      evidence: evidenceOf({ network, chain, anchor, assumed, filtered: filters.length > 0 ? least : 0, ...place }, record.height, {
        operators,
        disagreed: told,
        pending,
      }),
    };
  };

  return {
    lookup: async (name, call = {}) => {
      parseName(name);
      const { level = reach } = call;
      if (!atLeast(reach, level)) throw new NamesteadError('LevelNotReached', `level ${level} is demanded, and these sources prove ${reach} at the most`);
      // One after the other: they share the chain and the state, and the second finds done what the first did.
      const next = before.then(() => lookup(name, call));
      before = next.catch(() => undefined);
      return orAborted(next, call.signal, 'the lookup');
    },
  };
}

function listOf<T extends object>(sources: T | readonly T[]): readonly T[] {
  return Array.isArray(sources) ? (sources as readonly T[]) : [sources as T];
}

function verifyFilters(
  { network, pinned }: ReplayNamesOptions,
  filters: readonly FilterSource[],
  least: number,
): Pick<FilterWorld, 'filters' | 'least' | 'pinned'> {
  if (network.filterable !== true)
    throw new TypeError(`${network.name} is not filterable: operations on it need not show in any filter, so every block has to be read`);
  if (!(least >= 1 && filters.length >= least)) throw new TypeError(`filters of ${least} operators are needed, and there are ${filters.length}`);
  if (new Set(filters.map(({ operator }) => operator)).size !== filters.length)
    throw new TypeError('each operator of filters counts once: two sources have the same');
  if (pinned && !isHex(pinned.filterHeader, 32)) throw new TypeError('a pinned filter header is 64 hex digits');
  return { filters, least, pinned: pinned ? { height: pinned.height, header: reversed(fromHex(pinned.filterHeader)) } : null };
}

async function openFold({ network, store, filters = [] }: ReplayNamesOptions, chain: HeaderChain, feed: BlockFeed): Promise<ReplayFold> {
  const bytes = await store?.load();
  const kept = bytes ? decodeSnapshot(network, bytes) : null;
  // What was folded from filters is not what a replay of whole blocks may go on from.
  const isOfFilters = [...(kept?.folded.values() ?? [])].some(({ mark }) => mark !== '');
  const onStretch = store ? (snapshot: Snapshot): Promise<void> => store.save(encodeSnapshot(network, snapshot)) : undefined;
  return createReplayFold(network, chain, feed, { snapshot: isOfFilters && filters.length === 0 ? null : kept, ...(onStretch && { onStretch }) });
}

/** The same promise each time, unless it fails. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | null = null;
  return () => {
    made ??= make().catch((error: unknown) => {
      made = null;
      throw error;
    });
    return made;
  };
}

/** Every block, read whole, some ahead of the fold. */
function wholeBlocks(world: BlockWorld): BlockFeed {
  return async function* (blocks, _, __, call) {
    for (let at = 0; at < blocks.length; at += AHEAD)
      yield* await inParallel(blocks.slice(at, at + AHEAD), WIDTH, async (block) => ({ ...(await readRuleBlock(world, block, call)), mark: '' }));
  };
}

interface Place {
  readonly asOf: AsOf;
  readonly tip: AsOf;
}

/** The block to answer for: `at`, or the last that has the network's confirmations. */
function placeOf(network: Network, fold: ReplayFold, at: number | undefined): Place {
  const { height } = fold.state();
  if (at !== undefined && (!Number.isSafeInteger(at) || at < network.firstBlock || at > height))
    throw new TypeError(`a name is looked up at a height from ${network.firstBlock} to the tip's ${height}, not ${at}`);
  const settled = height - network.confirmations + 1;
  const [asOf, tip] = [at === undefined || at <= settled ? fold.blockAt(at ?? settled) : null, fold.blockAt(height)];
  if (!asOf || !tip)
    throw new NamesteadError(
      'NotConfirmed',
      `${network.name} has no block yet ${at === undefined ? '' : `at ${at} `}with ${network.confirmations} confirmations`,
    );
  return { asOf, tip };
}

const GENESIS_UNKNOWN = 'STACKS balances from before the first block are missing, so that from epoch 4 on operations may be refused that the network accepted';

/** Whether the answer hangs on balances that nobody gave. An anchor whose consensus hash the fold has reached shows that it made no difference. */
function assumesGenesis(network: Network, anchor: Anchor | undefined, height: number): boolean {
  return assumptionsOf(network, height).includes('genesis') && !(anchor && anchor.height >= height);
}

function verifyAnchor(state: State, anchor: Anchor | undefined): void {
  const computed = anchor && consensusHashAt(state, anchor.height);
  if (anchor && computed !== anchor.consensusHash)
    throw new NamesteadError(
      'ConsensusMismatch',
      `the anchor tells consensus hash ${anchor.consensusHash} at ${anchor.height}; the blocks themselves give ${computed ?? 'none'}: the anchor is wrong, or made by other rules${assumptionsOf(state.network, anchor.height).length > 0 ? `; or ${GENESIS_UNKNOWN}` : ''}`,
    );
}

interface Asked {
  readonly operators: readonly string[];
  readonly disagreed: readonly string[];
  readonly pending: readonly string[];
}

interface Told extends Place {
  readonly network: Network;
  readonly chain: HeaderChain;
  readonly anchor: Anchor | undefined;
  /** How many operators of filters must answer; 0: every block was read. */
  readonly filtered: number;
  /** Whether it hangs on balances that are not known. */
  readonly assumed: boolean;
}

function evidenceOf({ network, chain, anchor, assumed, filtered, asOf, tip }: Told, height: number, asked: Asked): Evidence {
  return {
    ...asked,
    level: filtered > 0 ? 'filters' : 'replay',
    asOf,
    tip,
    completeTo: asOf.height,
    confirmations: tip.height - height + 1,
    work: network.bitcoin.work,
    checked: [
      `headers ${chain.base} to ${tip.height}: linkage, work, bits, median time, most work of the sources`,
      filtered > 0
        ? `blocks ${network.firstBlock} to ${tip.height}: each whose filter matches what an operation must touch, whole and beneath the merkle root of its header; ${filtered} or more operators agree on the filters`
        : `blocks ${network.firstBlock} to ${tip.height}: whole, each beneath the merkle root of its header`,
      'senders: the scripts of the outputs that are spent, out of their own transactions',
      `operations ${network.firstBlock} to ${tip.height}: all of them judged by the rules here, from the network's beginning on`,
      ...(anchor ? [`consensus hash at ${anchor.height}: the anchor's`] : []),
    ],
    unchecked: [
      ...(assumed ? [GENESIS_UNKNOWN] : []),
      ...(filtered > 0 ? ['that one of the operators of filters is honest: blocks that their filters leave out were not read'] : []),
      'that the blocks keep the rules of Bitcoin besides work, place and merkle root: signatures and amounts are not looked at',
    ],
    warnings: [],
  };
}
