import { parseAddress } from '../../lib/address.js';
import { isHex } from '../../lib/bytes.js';
import type { CallOptions } from '../../lib/clock.js';
import { NamesteadError } from '../../lib/errors.js';
import { asCount, asHex, asList, wordOf } from '../../lib/shape.js';
import type { NamespaceTerms } from './operation.js';
import type { HeaderSource, Indexer } from './source.js';

/** What drawing up an operation asks. An indexer's lie costs a fee or, unless `maxPrice` caps it, too high a price: never a name. */
export interface StandingWorld {
  readonly indexer: Indexer;
  readonly headers: HeaderSource;
  /**
   * Holds the indexer's consensus hash against what the caller has proved, and throws when they differ. A wrong hash makes the
   * network ignore the operation, whose price is then lost.
   */
  readonly checkConsensus?: ((claim: ConsensusClaim, options: CallOptions) => Promise<void>) | undefined;
  /** A consensus hash that the caller has proved, at most 12 blocks old: it is named, and not the indexer's. `provedTerms` gives it. */
  readonly provedConsensus?: ((options: CallOptions) => Promise<ConsensusClaim>) | undefined;
}

export interface ConsensusClaim {
  readonly height: number;
  /** 32 hex digits. */
  readonly consensusHash: string;
}

export interface Standing extends ConsensusClaim {
  /** The height of the next Bitcoin block, where an operation sent now lands at the earliest. */
  readonly nextHeight: number;
  /** The last height at which the consensus hash is fresh. */
  readonly until: number;
}

export interface NameStanding {
  readonly owner: string;
  readonly valueHash: string | null;
  /** The height of its registration or last renewal; 0 where the indexer tells none. */
  readonly lastRenewed: number;
  readonly revoked: boolean;
}

export interface NamespaceStanding extends NamespaceTerms {
  readonly ready: boolean;
  /** The preorderer's address, who is paid in version 2. */
  readonly creator: string;
  readonly revealBlock: number;
  /** 0 until it is ready, or where the indexer tells none. */
  readonly readyBlock: number;
  /** Who may import names and declares it ready; null where the indexer tells none. */
  readonly revealer: string | null;
}

/** Operations must name one of the last 24 consensus hashes (spec b.5); this many of those blocks are left for mining. */
const STALE = 12;
const WINDOW = 24;
/** A reorg of so few blocks does not void an operation: the hash it names lies beneath. */
const DEEP = 6;

/** The height of the next Bitcoin block. @throws NamesteadError `ConsensusStale` when the indexer is too far behind the headers, `HttpMalformed` */
export async function findNextHeight(world: StandingWorld, options: CallOptions): Promise<number> {
  return (await findTip(world, options)).nextHeight;
}

/** @throws NamesteadError `ConsensusStale` when the indexer is too far behind the headers, `HttpMalformed` */
export async function findStanding(world: StandingWorld, options: CallOptions): Promise<Standing> {
  const { indexer, checkConsensus, provedConsensus } = world;
  const { signal } = options;
  const tip = await findTip(world, options);
  const claim = (await provedConsensus?.({ signal })) ?? (await findDeep(world, tip, options));
  if (claim.height < tip.nextHeight - 1 - STALE)
    throw new NamesteadError(
      'ConsensusStale',
      `the consensus hash of height ${claim.height} is more than ${STALE} blocks old, and the network takes it for ${WINDOW}: take a newer anchor`,
    );
  asHex(claim.consensusHash, `the consensus hash of ${indexer.operator}`, 16);
  await checkConsensus?.(claim, { signal });
  return { ...claim, nextHeight: tip.nextHeight, until: claim.height + WINDOW };
}

async function findDeep({ indexer }: StandingWorld, tip: ConsensusClaim & { readonly nextHeight: number }, { signal }: CallOptions): Promise<ConsensusClaim> {
  const height = tip.nextHeight - 1 - DEEP;
  const [consensusHash] = height >= 0 && height < tip.height ? await indexer.consensusHashes([height], { signal }) : [];
  return consensusHash ? { height, consensusHash } : { height: tip.height, consensusHash: tip.consensusHash };
}

async function findTip({ indexer, headers }: StandingWorld, { signal }: CallOptions): Promise<ConsensusClaim & { readonly nextHeight: number }> {
  const { height, consensusHash } = await indexer.tip({ signal });
  const beyond = Math.max(1, (await headers.headers(height, STALE + 2, { signal })).length);
  if (beyond > STALE + 1)
    throw new NamesteadError(
      'ConsensusStale',
      `${indexer.operator} stands at height ${height}, more than ${STALE} blocks behind ${headers.operator}: wait until it has caught up, or ask another`,
    );
  return { height, consensusHash, nextHeight: height + beyond };
}

/** Who holds a name, grace included; null when it is free. @throws NamesteadError `HttpMalformed`, `AddressInvalid` */
export async function findName({ indexer }: StandingWorld, name: string, { signal }: CallOptions): Promise<NameStanding | null> {
  const record = await indexer.nameRecord(name, { signal });
  if (record === null || record['expired'] === true) return null;
  const { address, value_hash: valueHash, last_renewed: renewed, revoked } = record;
  return { owner: asAddress(address), valueHash: isHex(valueHash, 20) ? valueHash : null, lastRenewed: countOr0(renewed), revoked: revoked === true };
}

/** @throws NamesteadError `HttpMalformed`, `AddressInvalid` */
export async function findNamespace({ indexer }: StandingWorld, id: string, { signal }: CallOptions): Promise<NamespaceStanding | null> {
  const record = await indexer.namespaceRecord(id, { signal });
  if (record === null) return null;
  const what = `${indexer.operator} on the namespace ${id}`;
  const count = (field: string, most?: number): number => asCount(record[field], `${what}: ${field}`, most);
  const buckets = asList(readBuckets(record['buckets']), `${what}: buckets`, 16);
  const [nonalphaDiscount, noVowelDiscount, version] = [count('nonalpha_discount', 15), count('no_vowel_discount', 15), count('version', 3)];
  if (buckets.length !== 16 || nonalphaDiscount === 0 || noVowelDiscount === 0 || version === 0)
    throw new NamesteadError('HttpMalformed', `${what}: its terms are none`);
  return {
    ready: record['ready'] === true,
    creator: asAddress(record['address']),
    revealBlock: count('reveal_block'),
    readyBlock: countOr0(record['ready_block']),
    revealer: typeof record['recipient_address'] === 'string' ? asAddress(record['recipient_address']) : null,
    lifetime: count('lifetime'),
    coeff: count('coeff', 255),
    base: count('base', 255),
    buckets: buckets.map((bucket) => asCount(bucket, `${what}: bucket`, 15)),
    nonalphaDiscount,
    noVowelDiscount,
    version,
  };
}

/** A list, or its text `"[6, 5, …]"` as core nodes write it (spec e). */
function readBuckets(value: unknown): unknown {
  return typeof value === 'string' && /^\[\d{1,3}(, ?\d{1,3}){15}\]$/.test(value) ? value.slice(1, -1).split(',').map(Number) : value;
}

function countOr0(value: unknown): number {
  return Number.isSafeInteger(value) && Number(value) > 0 ? Number(value) : 0;
}

function asAddress(value: unknown): string {
  const text = wordOf(value);
  parseAddress(text);
  return text;
}
