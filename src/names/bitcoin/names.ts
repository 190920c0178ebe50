import { fromHex, isHex } from '../../lib/bytes.js';
import type { CallOptions, LongCallOptions } from '../../lib/clock.js';
import { NamesteadError } from '../../lib/errors.js';
import { inParallel } from '../../lib/parallel.js';
import type { Fields } from '../../lib/shape.js';
import { parseName } from '../name.js';
import type { Lookup, LookupOptions, Names } from '../names.js';
import { atLeast, type AsOf, type Evidence } from '../proof.js';
import { createHeaderChain, syncInTurn, type HeaderChain, type SyncOptions } from './chain.js';
import { committedBeneath, type Committed, type HistoryStore } from './committed.js';
import { EMPTY_OPERATIONS_HASH } from './consensus.js';
import type { Header } from './header.js';
import { findClaim, verifyStated, type NameClaim } from './nameClaim.js';
import { lastOn } from './namedOperation.js';
import { recordOf, verifyConfirmed, type NameState } from './nameRecord.js';
import { proveNamespace, type ProvedNamespace } from './namespaceProof.js';
import type { Network } from './network.js';
import { proveOperation, type ProofWorld } from './operationProof.js';
import type { HeaderSource, Indexer, TransactionSource } from './source.js';
import { verifyUncommitted } from './uncommitted.js';
import { oddHashes } from './warning.js';
import type { Watch, Watched } from './watch.js';

/** What one trusts before asking anybody: a block and the consensus hash there, from outside the servers that are asked. */
export interface Anchor {
  readonly height: number;
  /** Display hex. */
  readonly hash: string;
  /** 32 hex digits. */
  readonly consensusHash: string;
}

export interface BitcoinNamesOptions {
  readonly network: Network;
  readonly anchor: Anchor;
  /** One source of headers or several; the heaviest valid chain with the anchor in it wins. */
  readonly headers: HeaderSource | readonly HeaderSource[];
  readonly transactions: TransactionSource;
  readonly indexer: Indexer;
  /** A chain to go on from, so that headers are fetched once; default a new one from the genesis block. */
  readonly chain?: HeaderChain | undefined;
  /** How headers are followed: where they are kept, how old the last block may be. */
  readonly sync?: Pick<SyncOptions, 'store' | 'maxTipAge'> | undefined;
  /** Proves a header below the chain's base, where the chain starts at a checkpoint: `(height, call) => findHeader(chain, height, { headers, pins }, call)`. */
  readonly headerBelow?: ((height: number, options: CallOptions) => Promise<Header>) | undefined;
  /** Follows the name past the proved operation, up to the tip: level `history` or `filters`. */
  readonly watch?: Watch | undefined;
  /**
   * Whether every consensus hash up to the anchor is recomputed and every later operation looked at. Default: true without a watch. Without, the proof
   * takes kilobytes, and a record says nothing of later blocks unless a watch does.
   */
  readonly complete?: boolean | undefined;
  /** Keeps what recomputing fetched, 32 bytes a block. */
  readonly store?: HistoryStore | undefined;
}

const WIDTH = 4;
const MOST_TRIES = 4;

/**
 * Names of a BNS network on Bitcoin, proved at level `snv` and complete up to the anchor: the record of a name is the last
 * operation on it that the anchor's consensus hash commits to, and its transaction is shown in the block it claims. With a
 * `watch` the answer holds up to the tip, at that watch's level.
 *
 * `lookup` throws NamesteadError: `AbsenceNotProved`, `NameExpired`, `NameRevoked`, `NotConfirmed`, `LevelNotReached`,
 * `AnchorRequired` (a height above the anchor is asked of `snv`), `NamespaceNotReady`, `SourcesDisagree` (the chain was reorganised all the while); from headers `LowWork`, `AnchorMismatch`, `Header…`; from the proof
 * `ConsensusMismatch`, `OperationsMismatch`, `OperationDuplicate`, `OperationHidden`, `TransactionMissing`, `TransactionMismatch`, `MerkleMismatch`,
 * `PositionMismatch`, `PayloadMismatch`, `SenderMismatch`; from what the node says besides `RecordMismatch` (a committed field) and
 * `UncommittedField` (one that no hash commits to, and that its parts contradict); from a watch what {@link Watch} throws; and what the sources throw.
 * @throws NamesteadError `AnchorRequired`
 * @example
 * const bitcoin = esplora({ url: 'https://blockstream.info/api' });
 * const names = bitcoinNames({ network: mainnet, anchor, headers: bitcoin, transactions: bitcoin, indexer: indexer({ url }) });
 * const found = await names.lookup('alice.id');
 * console.log(found?.record.owner, found?.evidence.level);
 */
export function bitcoinNames(options: BitcoinNamesOptions): Names {
  const { network, anchor, chain = createHeaderChain(network.bitcoin) } = options;
  const headers = 'headers' in options.headers ? [options.headers] : options.headers;
  if (headers.length === 0) throw new TypeError('names are proved against headers: give a source of them');
  if (!(anchor as Anchor | undefined) || !isHex(anchor.hash, 32) || !isHex(anchor.consensusHash, 16))
    throw new NamesteadError(
      'AnchorRequired',
      'names are proved against an anchor: give height, block hash (64 hex digits) and consensus hash (32) from a place you trust',
    );
  if (anchor.height < network.firstBlock) throw new TypeError(`the anchor stands at ${anchor.height}, before the network's first block ${network.firstBlock}`);
  const world = worldOf(options, headers, chain);
  const reach = options.watch?.level ?? 'snv';
  const sync = syncInTurn(chain, headers, { ...options.sync, anchor });

  return {
    lookup: async (name, call: LookupOptions = {}) => {
      const { namespace } = parseName(name);
      const { level = 'snv', at } = call;
      if (!atLeast(reach, level)) throw new NamesteadError('LevelNotReached', `level ${level} is demanded, and these sources prove ${reach} at the most`);
      for (let tries = 1; ; tries++) {
        const { tip, disagreed } = await sync(call);
        const until = verifyHeight(world, at);
        const told = disagreed.map(({ operator }) => operator);
        const found = proveName(world, { name, namespace, until }, call).then((proved) => standing(world, proved, at, told, call));
        await Promise.allSettled([found]);
        // Another lookup may have taken the chain to another fork meanwhile: then blocks of both were looked at.
        if (chain.hashAt(tip.height) === tip.hash) return found;
        if (tries === MOST_TRIES) throw new NamesteadError('SourcesDisagree', `the chain went to another fork during ${tries} lookups of ${name}: ask again`);
      }
    },
  };
}

interface World extends ProofWorld {
  readonly anchor: Anchor;
  readonly chain: HeaderChain;
  readonly indexer: Indexer;
  readonly committed: Committed;
  readonly complete: boolean;
  readonly watch: Watch | undefined;
  readonly operators: readonly string[];
}

function worldOf(options: BitcoinNamesOptions, headers: readonly HeaderSource[], chain: HeaderChain): World {
  const { network, anchor, transactions, indexer, headerBelow, watch, complete = watch === undefined, store } = options;
  const headerAt = async (height: number, call: CallOptions): Promise<Header> => {
    const header = chain.at(height) ?? (height < chain.base ? await headerBelow?.(height, call) : null);
    if (header) return header;
    if (height < chain.base)
      throw new NamesteadError('AnchorRequired', `the proof leads to height ${height}, below the first header held (${chain.base}): give headerBelow`);
    throw new NamesteadError('MerkleMismatch', `the proof leads to height ${height}, where no header is held`);
  };
  const committed = committedBeneath(indexer, anchor, network.firstBlock, store);
  const operators = [...new Set([...headers, transactions, indexer].map(({ operator }) => operator))];
  return { network, anchor, chain, transactions, indexer, headerAt, committed, complete, watch, operators };
}

/** Up to where the anchor speaks for the answer. @throws NamesteadError `AnchorRequired` @throws TypeError */
function verifyHeight({ network, anchor, chain, watch }: World, at: number | undefined): number {
  if (at === undefined) return anchor.height;
  if (!Number.isSafeInteger(at) || at < network.firstBlock || at > chain.tip().height)
    throw new TypeError(`a name is looked up at a height from ${network.firstBlock} to the tip's ${chain.tip().height}, not ${at}`);
  if (at > anchor.height && !watch)
    throw new NamesteadError('AnchorRequired', `height ${at} is above the anchor's ${anchor.height}: take a newer anchor, or give a watch that follows names`);
  return Math.min(at, anchor.height);
}

/** A name as the last operation up to `until` left it. */
interface ProvedName extends NameState {
  readonly until: number;
  readonly namespace: ProvedNamespace;
  readonly warnings: readonly string[];
}

async function proveName(
  world: World,
  { name, namespace: id, until }: { readonly name: string; readonly namespace: string; readonly until: number },
  call: LongCallOptions,
): Promise<ProvedName> {
  const { indexer, committed } = world;
  const claim = await findClaim(indexer, name, until, call);
  const operation = await findCommitted(world, name, claim, call);
  verifyStated(claim, operation);
  const proved = await proveOperation(world, operation, claim.height, call);
  const history = world.complete ? await committed.history(call) : null;
  if (history) await verifyNoneLater(world, name, { from: claim.height + 1, until }, call);
  const namespace = await proveNamespace(world, id, committed, call);
  const { life } = namespace;
  await verifyUncommitted(world, { name, namespace: id, claim, operation, proved, life, committed, now: world.chain.tip().height }, call);
  return { name, height: claim.height, operation, life, until, namespace, warnings: oddHashes(operation, proved, claim.height, history) };
}

/** The last operation on the name in the block claimed, out of the set that lies beneath the anchor. */
async function findCommitted({ indexer, committed }: World, name: string, { height }: NameClaim, call: LongCallOptions): Promise<Fields> {
  const operations = await committed.at(height, call);
  if (!operations) throw new NamesteadError('RecordMismatch', `${indexer.operator} places ${name} at height ${height}, before the network's first block`);
  const operation = lastOn(name, operations);
  if (!operation)
    throw new NamesteadError('RecordMismatch', `${indexer.operator} says ${name} was last touched at height ${height}; the operations committed there do not`);
  return operation;
}

async function verifyNoneLater(
  { indexer, committed }: World,
  name: string,
  { from, until }: { readonly from: number; readonly until: number },
  call: LongCallOptions,
): Promise<void> {
  const past = await committed.history(call);
  const later = Array.from({ length: until - from + 1 }, (_, i) => from + i).filter((at) => past.operationsHashAt(at) !== EMPTY_OPERATIONS_HASH);
  let done = 0;
  await inParallel(later, WIDTH, async (at) => {
    const operations = (await committed.at(at, call)) ?? [];
    if (lastOn(name, operations))
      throw new NamesteadError(
        'OperationHidden',
        `${indexer.operator} hides an operation on ${name} at height ${at}: its record is older, of height ${from - 1}`,
      );
    call.onProgress?.({ stage: 'operations', done: ++done, total: later.length, unit: 'blocks' });
  });
}

/** The answer: what was proved, or what a watch found since. */
async function standing(world: World, proved: ProvedName, at: number | undefined, disagreed: readonly string[], call: LongCallOptions): Promise<Lookup> {
  const { network, chain } = world;
  const tip = chain.tip();
  const watched = await follow(world, proved, at ?? tip.height, call);
  const { height, operation, life } = watched?.sighting ?? proved;
  const record = recordOf(network, { name: proved.name, height, operation, life }, at ?? tip.height);
  verifyConfirmed(network, proved.name, height, tip.height);
  return { record, evidence: evidenceOf(world, { proved, watched, height, disagreed }) };
}

async function follow(world: World, proved: ProvedName, until: number, call: LongCallOptions): Promise<Watched | null> {
  const { network, chain, transactions, watch, committed, headerAt, complete: bound } = world;
  if (!watch) return null;
  const { name, height, operation, life, namespace } = proved;
  const script = (value: unknown): Uint8Array => fromHex(String(value));
  const sighting = {
    name,
    height,
    index: Number(operation['vtxindex']),
    operation,
    owner: script(operation['sender']),
    life,
    importer: script(namespace.ready['recipient']),
  };
  const { hash } = await headerAt(until, call);
  return watch.follow(
    sighting,
    { height: until, hash },
    {
      network,
      transactions,
      headerAt,
      confirmedTo: chain.tip().height - network.confirmations,
      bound,
      committedAt: (at, options) => committed.at(at, options),
      prove: (later, at, options) => proveOperation(world, later, at, options),
    },
    call,
  );
}

interface Findings {
  readonly proved: ProvedName;
  readonly watched: Watched | null;
  readonly height: number;
  readonly disagreed: readonly string[];
}

function evidenceOf(world: World, { proved, watched, height, disagreed }: Findings): Evidence {
  const { network, chain, anchor, complete, watch } = world;
  const { until } = proved;
  const tip = chain.tip();
  const unseen = (complete ? until : proved.height) + 1;
  const asOf: AsOf = watched?.through ?? { height: until, hash: chain.hashAt(until) ?? anchor.hash, time: chain.at(until)?.time ?? 0 };
  return {
    level: watch?.level ?? 'snv',
    asOf,
    tip: { height: tip.height, hash: tip.hash, time: tip.time },
    completeTo: complete ? until : null,
    confirmations: tip.height - height + 1,
    work: network.bitcoin.work,
    operators: [...new Set([...world.operators, ...(watched?.operators ?? [])])],
    // Beneath its own anchor lies a later operation than the one it told of.
    disagreed: [...new Set([...disagreed, ...(height > proved.height ? [world.indexer.operator] : []), ...(watched?.disagreed ?? [])])],
    checked: [...checkedOf(world, proved), ...(watched?.checked ?? [])],
    unchecked: [
      ...(unseen <= tip.height && !watched ? [`operations from height ${unseen} to ${tip.height}`] : []),
      ...(watched?.unchecked ?? []),
      'that earlier operations kept the rules: the anchor stands for it',
    ],
    pending: watched?.pending ?? [],
    warnings: proved.warnings,
  };
}

function checkedOf({ network, chain, anchor, complete }: World, { height, until }: ProvedName): string[] {
  return [
    `headers ${chain.base} to ${chain.tip().height}: linkage, work, bits, median time, most work of the sources, the anchor among them`,
    `operations at height ${height}: beneath the anchor's consensus hash, none twice`,
    'transaction: in the block and at the place its record tells',
    "payload and outputs: the record's",
    'sender: the script of the output that is spent, out of its own transaction',
    ...(complete ? [`consensus hashes ${network.firstBlock} to ${anchor.height}: recomputed, ending in the anchor's`] : []),
    ...(complete && height < until ? [`operations ${height + 1} to ${until}: none on the name`] : []),
    'namespace: made ready by an operation proved alike; name: neither expired nor revoked',
    'what the node says besides, where it follows from this',
  ];
}
