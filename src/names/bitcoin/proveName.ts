import { fromHex, reversed } from '../../lib/bytes.js';
import { throwIfAborted, type LongCallOptions } from '../../lib/clock.js';
import { NamesteadError } from '../../lib/errors.js';
import { merkleBranches } from '../../lib/merkle.js';
import type { Fields } from '../../lib/shape.js';
import { parseName } from '../name.js';
import { createHeaderChain, syncHeaders, type HeaderChain } from './chain.js';
import { serializeHeader, type Header } from './header.js';
import { findHeader, verifyHeaderBranch, type HeadersRoot } from './headerProof.js';
import { findClaim } from './nameClaim.js';
import { lastOn } from './namedOperation.js';
import type { Anchor } from './names.js';
import type { Network } from './network.js';
import { findParts } from './operationProof.js';
import { formatProof, MOST_TRANSACTION_BYTES, type PortableBlock, type PortableOperation } from './portableProof.js';
import { serializeOperation } from './serialization.js';
import { skipPath, type Hop } from './skipPath.js';
import { findOperations } from './snv.js';
import type { HeaderProofSource, HeaderSource, Indexer, TransactionSource } from './source.js';
import { serializeTransaction, type Transaction } from './transaction.js';
import { verifyProof } from './verifyProof.js';

/** What a proof is made of; as for `bitcoinNames`. */
export interface ProvingWorld {
  readonly network: Network;
  readonly anchor: Anchor;
  readonly headers: HeaderSource | readonly HeaderSource[];
  readonly transactions: TransactionSource;
  readonly indexer: Indexer;
  /** A chain to go on from; default a new one from the genesis block. */
  readonly chain?: HeaderChain | undefined;
  /** Who has branches to a headers root. Without him they are computed from a chain that starts at the genesis block. */
  readonly headerProofs?: HeaderProofSource | undefined;
}

export interface ProveNameOptions extends LongCallOptions {
  /** The height of the last operation on the name, from a lookup that proved it; default what the indexer says, up to the anchor. */
  readonly height?: number | undefined;
  /** The root that verifiers hold: the proof then carries branches to it, so that they need no headers up to there. */
  readonly headersRoot?: HeadersRoot | undefined;
  /** Sent along, and checked against the record's hash. */
  readonly zoneFile?: Uint8Array | undefined;
}

/**
 * A file that shows a name's record to whoever holds the same anchor, offline: `verifyProof` reads it, and it has before it is handed out.
 * About 3 kB on a devnet and 10 to 25 kB on mainnet; `docs/proofs.md` draws its bytes. Fees and other people's operations in the
 * two blocks are public anyway; nothing secret goes in.
 *
 * @throws NamesteadError as `verifyProof` for what the sources made up, `AbsenceNotProved`, `NamespaceNotReady`, `ProofInvalid` when a
 * previous transaction has more than 100,000 bytes, from headers as `syncHeaders`, and what the sources throw
 * @example
 * const { record } = await names.lookup('alice.id');
 * const file = await proveName('alice.id', world, { height: record.height, headersRoot });
 */
export async function proveName(name: string, world: ProvingWorld, options: ProveNameOptions = {}): Promise<Uint8Array> {
  const { namespace } = parseName(name);
  const { network, anchor, indexer, chain = createHeaderChain(network.bitcoin) } = world;
  const { headersRoot, zoneFile } = options;
  await syncHeaders(chain, 'headers' in world.headers ? [world.headers] : world.headers, { ...options, anchor });
  const height = options.height ?? (await findClaim(indexer, name, anchor.height, options)).height;
  const readyHeight = await findReady(indexer, namespace, options);
  for (const at of [height, readyHeight]) {
    if (at < network.firstBlock || at > anchor.height)
      throw new NamesteadError('RecordMismatch', `height ${at} is not between the network's first block and the anchor at ${anchor.height}`);
  }
  const branches = await findBranches({ ...world, chain }, [anchor.height, height, readyHeight], options);
  const gathering: Gathering = { ...world, chain, headersRoot, branches, walk: skipPath(anchor.height, network.firstBlock) };
  const operation = await gather(gathering, height, (list) => lastOn(name, list), options);
  const ready = await gather(gathering, readyHeight, (list) => list.find(({ op, namespace_id: id }) => op === '!' && id === namespace), options);
  const file = formatProof({
    network: { name: network.name, magic: network.magic, firstBlock: network.firstBlock, genesisHash: network.bitcoin.genesisHash },
    name,
    rootHeight: headersRoot?.height ?? 0,
    anchor: { ...(await blockAt(gathering, anchor.height, options)), consensusHash: anchor.consensusHash },
    operation,
    ready: readyHeight === height ? { ...ready, block: operation.block, hops: [] } : ready,
    zoneFile: zoneFile ?? null,
  });
  verifyProof(file, { network, anchor, chain, headersRoot, now: chain.tip().time, maxAge: Infinity });
  return file;
}

interface Gathering extends ProvingWorld {
  readonly chain: HeaderChain;
  readonly headersRoot: HeadersRoot | undefined;
  /** To the root, by height. */
  readonly branches: ReadonlyMap<number, readonly Uint8Array[]>;
  readonly walk: (target: number) => readonly Hop[];
}

async function findReady(indexer: Indexer, namespace: string, options: LongCallOptions): Promise<number> {
  const height = (await indexer.namespaceRecord(namespace, options))?.['ready_block'];
  if (typeof height === 'number') return height;
  throw new NamesteadError('NamespaceNotReady', `${indexer.operator} tells no height at which namespace ${namespace} was made ready`);
}

/** What shows one operation. Nothing is checked that the verifier will check. */
async function gather(
  world: Gathering,
  height: number,
  choose: (operations: readonly Fields[]) => Fields | undefined,
  options: LongCallOptions,
): Promise<PortableOperation> {
  throwIfAborted(options.signal, 'the proof');
  const { network, indexer, transactions } = world;
  const hops = world.walk(height);
  const [operationsHashes, consensusHashes] = [
    await indexer.operationsHashes([...hops.map((hop) => hop.height), height], options),
    await indexer.consensusHashes(
      hops.flatMap(({ fresh }) => fresh),
      options,
    ),
  ];
  const missing = (): never => {
    throw new NamesteadError('ConsensusMismatch', `${indexer.operator} has no hash of some height below the anchor`);
  };
  let used = 0;
  const shown = hops.map(({ fresh }, i) => ({
    operationsHash: operationsHashes[i] ?? missing(),
    consensusHashes: fresh.map(() => consensusHashes[used++] ?? missing()),
  }));
  const operations = [...(await findOperations(indexer, height, operationsHashes.at(-1) ?? missing(), options))].sort(
    (a, b) => Number(a['vtxindex']) - Number(b['vtxindex']),
  );
  const chosen = choose(operations);
  if (!chosen) throw new NamesteadError('RecordMismatch', `${indexer.operator} names height ${height}; the operations committed there do not`);
  const headerAt = (at: number): Promise<Header> => headerFrom(world, at, options);
  const { transaction, previous, inclusion } = await findParts({ network, transactions, headerAt }, chosen, height, options);
  return {
    block: await blockAt(world, height, options),
    hops: shown,
    operations: operations.map(serializeOperation),
    transaction: stripped(transaction),
    path: inclusion.branch,
    previous: stripped(previous),
  };
}

function headerFrom({ chain, headersRoot, headerProofs, headers }: Gathering, height: number, options: LongCallOptions): Promise<Header> {
  const anchor = headersRoot && { height: headersRoot.height, headersRoot: headersRoot.root };
  return findHeader(chain, height, { anchor, proofs: headerProofs, headers: 'headers' in headers ? headers : headers[0] }, options);
}

async function blockAt(world: Gathering, height: number, options: LongCallOptions): Promise<PortableBlock> {
  const { headersRoot, branches } = world;
  const header = serializeHeader(await headerFrom(world, height, options));
  const branch = branches.get(height);
  // The prover's own headers would not notice a branch that leads nowhere.
  if (branch && headersRoot) verifyHeaderBranch(header, height, branch, headersRoot);
  return { height, header, branch: branch ?? [] };
}

/** From those who have them, else computed from all block hashes. */
async function findBranches(
  { chain, headerProofs }: Pick<Gathering, 'chain' | 'headerProofs'>,
  heights: readonly number[],
  options: ProveNameOptions,
): Promise<ReadonlyMap<number, readonly Uint8Array[]>> {
  const { headersRoot: root } = options;
  if (!root) return new Map();
  const below = [...new Set(heights)].filter((height) => height <= root.height);
  const given = await Promise.all(below.map(async (height) => (await headerProofs?.headerProof(height, root.height, options))?.branch));
  if (given.every((branch) => branch !== undefined)) return new Map(below.map((height, i) => [height, given[i] ?? []]));
  const leaves = Array.from({ length: root.height + 1 }, (_, at) => reversed(fromHex(chain.hashAt(at) ?? '')));
  if (leaves.some(({ length }) => length === 0))
    throw new NamesteadError('AnchorRequired', `no branch to the root at ${root.height}: give headerProofs, or a chain from the genesis block to there`);
  const computed = merkleBranches(leaves, below);
  return new Map(below.map((height, i) => [height, computed[i] ?? []]));
}

function stripped(transaction: Transaction): Uint8Array {
  const bytes = serializeTransaction(transaction, 'stripped');
  if (bytes.length > MOST_TRANSACTION_BYTES)
    throw new NamesteadError('ProofInvalid', `a proof cannot hold a transaction of ${bytes.length} bytes: ${MOST_TRANSACTION_BYTES} are the most`);
  return bytes;
}
