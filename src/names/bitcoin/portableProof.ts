import { concat, fromHex, fromUtf8, reader, reversed, toHex, toUtf8, type ByteReader } from '../../lib/bytes.js';
import { isNamesteadError, NamesteadError } from '../../lib/errors.js';
import { HEADER_BYTES } from './header.js';
import { skipPath, type Hop } from './skipPath.js';
import { compactSize } from './transaction.js';

/** A header with its height. */
export interface PortableBlock {
  readonly height: number;
  /** 80 bytes. */
  readonly header: Uint8Array;
  /** From the block to the headers root, inner order, bottom up; empty where the file has none. */
  readonly branch: readonly Uint8Array[];
}

/** What one step down the skip list shows, in the order of {@link skipPath}. */
export interface PortableHop {
  readonly operationsHash: string;
  readonly consensusHashes: readonly string[];
}

/** An operation with all that shows where it stands and who sent it. Its index is the one its record tells. */
export interface PortableOperation {
  readonly block: PortableBlock;
  readonly hops: readonly PortableHop[];
  /** All operations of the block, serialized as they are committed; BNS (c.2). */
  readonly operations: readonly string[];
  /** Without witnesses. */
  readonly transaction: Uint8Array;
  /** Inner order, bottom up. */
  readonly path: readonly Uint8Array[];
  /** The transaction whose output input 0 spends, without witnesses. */
  readonly previous: Uint8Array;
}

/** What a proof of a name holds; `docs/proofs.md` draws its bytes. Hashes are hex, block hashes in display order. */
export interface PortableProof {
  readonly network: { readonly name: string; readonly magic: string; readonly firstBlock: number; readonly genesisHash: string };
  readonly name: string;
  /** The height of the headers root that branches lead to; 0: the file has no branches. */
  readonly rootHeight: number;
  readonly anchor: PortableBlock & { readonly consensusHash: string };
  readonly operation: PortableOperation;
  /** NAMESPACE_READY; in the operation's own block it shares block, hops (it has none) and operations. */
  readonly ready: PortableOperation;
  readonly zoneFile: Uint8Array | null;
}

const MAGIC = 'bnsp';
const VERSION = 1;
/** A proof is a few thousand bytes; one that no reader takes is not made. */
export const MOST_PROOF_BYTES = 1 << 20;
/** Standard transactions have no more without witnesses; BIP 141 weight 400,000. */
export const MOST_TRANSACTION_BYTES = 100_000;
const MOST_OPERATION_BYTES = 1000;
const DEEPEST_PATH = 15;

/*
 *  ┌──────┬───┬─────────┬──────┬──────────┬────────┬───────────┬───────┬───────────┐
 *  │ bnsp │ 1 │ network │ name │ root ht. │ anchor │ operation │ ready │ zone file │
 *  └──────┴───┴─────────┴──────┴──────────┴────────┴───────────┴───────┴───────────┘
 *  network    text name · magic 2 · first block u32 · genesis hash 32
 *  anchor     block · consensus hash 16
 *  operation  block · hops · operations · bytes transaction · u8 depth, depth × 32 path · bytes previous
 *  block      height u32 · then, unless a block of this height came before: header 80 · branch d × 32
 *  hops       each: operations hash 32 · n × 16 consensus hashes          how many follows from the heights
 *  operations CompactSize count · count × bytes                           left out where a block of this height had them
 *  zone file  0, or 1 · bytes
 *  text: u8 length, ASCII · bytes: CompactSize length, bytes · integers little-endian · hashes in inner order
 */

/** @throws NamesteadError `ProofInvalid` when it has parts larger than a reader takes */
export function formatProof(proof: PortableProof): Uint8Array {
  const { network, anchor, zoneFile } = proof;
  const blocks = new Set<number>();
  const block = ({ height, header, branch }: PortableBlock): Uint8Array => {
    const told = blocks.has(height);
    blocks.add(height);
    return told ? u32(height) : concat(u32(height), header, ...branch);
  };
  const operation = (part: PortableOperation, shared: boolean): Uint8Array =>
    concat(
      block(part.block),
      ...part.hops.flatMap((hop) => [fromHex(hop.operationsHash), ...hop.consensusHashes.map(fromHex)]),
      ...(shared ? [] : [compactSize(part.operations.length), ...part.operations.map((text) => sized(fromUtf8(text)))]),
      sized(part.transaction),
      Uint8Array.of(part.path.length),
      ...part.path,
      sized(part.previous),
    );
  const bytes = concat(
    fromUtf8(MAGIC),
    Uint8Array.of(VERSION),
    text(network.name),
    fromUtf8(network.magic),
    u32(network.firstBlock),
    reversed(fromHex(network.genesisHash)),
    text(proof.name),
    u32(proof.rootHeight),
    block(anchor),
    fromHex(anchor.consensusHash),
    operation(proof.operation, false),
    operation(proof.ready, proof.ready.block.height === proof.operation.block.height),
    zoneFile ? concat(Uint8Array.of(1), sized(zoneFile)) : Uint8Array.of(0),
  );
  // What is read back is what any reader will take; a proof that none takes is not handed out.
  parseProof(bytes);
  return bytes;
}

/**
 * Reads a proof to its last byte. There is one way to write a proof: whatever another way could say is refused. Nothing is checked
 * against anything yet.
 * @throws NamesteadError `ProofInvalid`
 */
export function parseProof(bytes: Uint8Array): PortableProof {
  if (bytes.length > MOST_PROOF_BYTES) throw invalid(`has ${bytes.length} bytes, more than ${MOST_PROOF_BYTES}`);
  try {
    const from = reader(bytes, 'the proof');
    const proof = readProof(from);
    from.end();
    return proof;
  } catch (cause) {
    if (isNamesteadError(cause, 'Malformed')) throw new NamesteadError('ProofInvalid', cause.message, { cause });
    throw cause;
  }
}

function readProof(from: ByteReader): PortableProof {
  if (toUtf8(from.take(4)) !== MAGIC) throw invalid('does not begin like one');
  const version = from.u8();
  if (version !== VERSION) throw invalid(`is of version ${version}; this reads version ${VERSION}`);
  const network = {
    name: readText(from, 'network name'),
    magic: ascii(from.take(2), 'magic'),
    firstBlock: from.u32le(),
    genesisHash: toHex(reversed(from.take(32))),
  };
  const name = readText(from, 'name');
  const rootHeight = from.u32le();
  const blocks = new Map<number, PortableBlock>();
  const block = (): PortableBlock => {
    const height = from.u32le();
    const told = blocks.get(height);
    if (told) return told;
    const read = { height, header: from.take(HEADER_BYTES), branch: nodes(from, height <= rootHeight ? depthOf(rootHeight) : 0) };
    blocks.set(height, read);
    return read;
  };
  const anchor = { ...block(), consensusHash: toHex(from.take(16)) };
  if (anchor.height < network.firstBlock) throw invalid('has its anchor before the first block');
  const walk = skipPath(anchor.height, network.firstBlock);
  const operationAfter = (earlier?: PortableOperation): PortableOperation => {
    const own = block();
    if (own.height < network.firstBlock || own.height > anchor.height)
      throw invalid(`has an operation at height ${own.height}, not between first block and anchor`);
    return {
      block: own,
      hops: walk(own.height).map((hop) => readHop(from, hop)),
      operations: earlier?.block.height === own.height ? earlier.operations : readOperations(from),
      transaction: readSized(from, MOST_TRANSACTION_BYTES, 'transaction'),
      path: readPath(from),
      previous: readSized(from, MOST_TRANSACTION_BYTES, 'previous transaction'),
    };
  };
  const operation = operationAfter();
  const ready = operationAfter(operation);
  return { network, name, rootHeight, anchor, operation, ready, zoneFile: readZoneFile(from) };
}

function readHop(from: ByteReader, { fresh }: Hop): PortableHop {
  return { operationsHash: toHex(from.take(32)), consensusHashes: fresh.map(() => toHex(from.take(16))) };
}

function readOperations(from: ByteReader): readonly string[] {
  const count = from.compactSize();
  // Each names a transaction by 64 digits, and its sender: a count above what is left is refused before anything is allocated.
  if (count > from.left / 100) throw invalid(`claims ${count} operations`);
  return Array.from({ length: count }, () => ascii(readSized(from, MOST_OPERATION_BYTES, 'operation'), 'operation'));
}

function readPath(from: ByteReader): readonly Uint8Array[] {
  const depth = from.u8();
  if (depth > DEEPEST_PATH) throw invalid(`has a path of ${depth} rows, more than any block`);
  return nodes(from, depth);
}

function readZoneFile(from: ByteReader): Uint8Array | null {
  const flag = from.u8();
  if (flag > 1) throw invalid('says neither that it holds a zone file nor that it holds none');
  return flag === 0 ? null : readSized(from, MOST_PROOF_BYTES, 'zone file');
}

function readSized(from: ByteReader, most: number, what: string): Uint8Array {
  const length = from.compactSize();
  if (length > most) throw invalid(`holds a ${what} of ${length} bytes, more than ${most}`);
  return from.take(length);
}

function readText(from: ByteReader, what: string): string {
  const length = from.u8();
  if (length < 1 || length > 40) throw invalid(`has a ${what} of ${length} characters`);
  return ascii(from.take(length), what);
}

/** Rows of the tree over the blocks 0 to `height`. */
function depthOf(height: number): number {
  return height === 0 ? 0 : 32 - Math.clz32(height);
}

function nodes(from: ByteReader, count: number): readonly Uint8Array[] {
  return Array.from({ length: count }, () => from.take(32));
}

function ascii(bytes: Uint8Array, what: string): string {
  if (bytes.some((byte) => byte < 0x20 || byte > 0x7e)) throw invalid(`has a ${what} that is no plain text`);
  return toUtf8(bytes);
}

function text(value: string): Uint8Array {
  const bytes = fromUtf8(value);
  return concat(Uint8Array.of(bytes.length), bytes);
}

function sized(bytes: Uint8Array): Uint8Array {
  return concat(compactSize(bytes.length), bytes);
}

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

function invalid(what: string): NamesteadError {
  return new NamesteadError('ProofInvalid', `the proof ${what}`);
}
