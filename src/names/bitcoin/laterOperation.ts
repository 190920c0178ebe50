import { fromHex, isHex, toHex } from '../../lib/bytes.js';
import type { CallOptions, LongCallOptions } from '../../lib/clock.js';
import { NamesteadError } from '../../lib/errors.js';
import { inParallel } from '../../lib/parallel.js';
import { asCount, asHex, type Fields } from '../../lib/shape.js';
import { verifyInclusion } from './block.js';
import { readClaim, type Candidate, type Claim } from './claim.js';
import { nameHash128 } from './commitment.js';
import { isUnexpired } from './expiry.js';
import { lastOn } from './namedOperation.js';
import type { Network } from './network.js';
import type { Output, Transaction } from './transaction.js';
import type { Sighting, WatchWorld } from './watch.js';

/** A transaction at its proved place in a block. */
export interface Mined {
  readonly index: number;
  /** Display hex. */
  readonly txid: string;
  readonly transaction: Transaction;
}

/** A name on its way through later blocks. */
export interface Watching {
  readonly sighting: Sighting;
  /** Output scripts of all who may import the name until its namespace is ready. */
  readonly importers: readonly Uint8Array[];
  /** Display hex. */
  readonly pending: readonly string[];
}

/** Previous outputs under way at once. */
const WIDTH = 8;
/** Of a block's operations so many are asked where they stand, to bind the block's set to its height. */
const WITNESSES = 5;

/** The output scripts of which one must be spent if an operation of the block at `height` is to change the name; BNS (h) 6. */
export function scriptsAt({ sighting, importers }: Watching, height: number): readonly Uint8Array[] {
  // A revoked name changes no more before it expires; BNS (b.5).
  if (isRevoked(sighting)) return [];
  return [sighting.owner, ...(height <= sighting.life.readyBlock ? importers : [])];
}

export function isRevoked({ operation }: Sighting): boolean {
  return operation['revoked'] === true;
}

/**
 * The candidates among a block's transactions: those whose first input spends from one of `scripts`. What they spend is taken from the previous
 * transaction, never from the scriptSig, and asked for only where the one before left it open, so that nobody can make a watch fetch a block's worth.
 * @param outputsOf answers the outputs of the transaction with that id, and has checked that they are its
 */
export async function candidatesBy(
  scripts: readonly Uint8Array[],
  mined: readonly Mined[],
  outputsOf: (txid: string) => Promise<readonly Output[]>,
): Promise<Candidate[]> {
  const watched = new Set(scripts.map(toHex));
  const spentBy = async ({ inputs }: Transaction, from: number, to?: number): Promise<(Output | null)[]> =>
    inParallel(inputs.slice(from, to), WIDTH, async ({ txid, vout }) => (await outputsOf(txid))[vout] ?? null);
  const read = await inParallel(mined, WIDTH, async (one): Promise<Candidate | null> => {
    const [first = null] = await spentBy(one.transaction, 0, 1);
    if (!first || !watched.has(toHex(first.script))) return null;
    return { ...one, previous: [first, ...(await spentBy(one.transaction, 1))] };
  });
  return read.filter((candidate) => candidate !== null).sort((a, b) => a.index - b.index);
}

/**
 * Takes a name through one block: what those who could change it sent there is accepted when it is committed beneath the anchor, ignored when a set that is
 * surely this block's leaves it out, and pending in the last blocks; BNS (h) 6 to 8. A server's word that an operation was rejected counts for nothing.
 * @param candidates by a script of {@link scriptsAt}, each at its proved place
 * @throws NamesteadError `UndecidedOperation`, or as `committedAt` and `prove` of the world
 */
export async function decideBlock(
  world: WatchWorld,
  watching: Watching,
  height: number,
  candidates: readonly Candidate[],
  options: LongCallOptions,
): Promise<Watching> {
  const { sighting, pending } = watching;
  const claims = candidates
    .map((candidate) => readClaim(candidate, height, world.network))
    .filter((claim) => claim !== null)
    .filter((claim) => concerns(claim, watching, height));
  const [first] = claims;
  if (!first) return watching;
  const committed = await world.committedAt(height, options);
  if (!committed) {
    if (height <= world.confirmedTo) throw undecided(first, `it needs an anchor at height ${height} or above`);
    return { ...watching, pending: [...pending, ...claims.map(({ txid }) => txid)] };
  }
  if (!(await isOf(height, committed, claims, world, options)))
    throw undecided(first, `the operations told of height ${height} may be another block's: recompute every consensus hash up to the anchor`);
  const operation = lastOn(sighting.name, committed);
  if (!operation) return watching;
  await world.prove(operation, height, options);
  return { ...watching, sighting: sightingOf(sighting, operation, height) };
}

/** The name as a committed operation left it. @throws NamesteadError `HttpMalformed` */
export function sightingOf(before: Sighting, operation: Fields, height: number): Sighting {
  return {
    ...before,
    height,
    index: asCount(operation['vtxindex'], 'vtxindex'),
    operation,
    owner: fromHex(asHex(operation['sender'], `the owner of ${before.name}`)),
  };
}

/** @throws NamesteadError `NameExpired` when the name lapsed at that height */
export function verifyAlive(network: Network, { name, life, operation }: Sighting, height: number): void {
  if (isUnexpired(network, life, asCount(operation['last_renewed'], 'last_renewed'), height)) return;
  throw new NamesteadError('NameExpired', `${name} expired at height ${height}: who has it since, only level replay can tell`);
}

/** Whether the rules could let the claim change the name. An update hides its name behind a consensus hash, so any may; BNS (h) 6. */
function concerns({ operation, sender }: Claim, { sighting, importers }: Watching, height: number): boolean {
  const { name, owner, life } = sighting;
  if (operation.opcode === 'NAME_IMPORT')
    return operation.name === name && height <= life.readyBlock && importers.some((script) => toHex(script) === sender.script);
  if (sender.script !== toHex(owner)) return false;
  if (operation.opcode === 'NAME_TRANSFER') return operation.nameHash128 === nameHash128(name);
  if (operation.opcode === 'NAME_RENEWAL' || operation.opcode === 'NAME_REVOKE') return operation.name === name;
  return operation.opcode === 'NAME_UPDATE';
}

/**
 * Whether the operations that lie beneath the anchor are those of this height. Consensus hashes do not commit to heights; a committed operation
 * does, by its transaction: a set with one that was mined at this height is this height's, and who is not in it was not accepted; BNS (d.1).
 */
async function isOf(height: number, committed: readonly Fields[], claims: readonly Claim[], world: WatchWorld, options: CallOptions): Promise<boolean> {
  if (world.bound) return true;
  if (claims.some(({ txid, index }) => committed.some((operation) => operation['txid'] === txid && operation['vtxindex'] === index))) return true;
  const header = await world.headerAt(height, options);
  for (const { txid } of committed.slice(0, WITNESSES)) {
    const inclusion = isHex(txid, 32) ? await world.transactions.inclusion(txid, options) : null;
    if (inclusion?.height !== height || !isHex(txid, 32)) continue;
    verifyInclusion(txid, inclusion, header);
    return true;
  }
  return false;
}

function undecided({ operation, height, txid }: Claim, cure: string): NamesteadError {
  return new NamesteadError(
    'UndecidedOperation',
    `the owner sent ${operation.opcode} in transaction ${txid} at height ${height}, and nothing tells whether the rules accepted it: ${cure}`,
  );
}
