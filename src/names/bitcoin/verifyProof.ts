import { equal } from '../../lib/bytes.js';
import { NamesteadError } from '../../lib/errors.js';
import { hash160 } from '../../lib/hash.js';
import { parseName } from '../name.js';
import type { AsOf, Evidence } from '../proof.js';
import type { NameRecord } from '../record.js';
import type { HeaderChain } from './chain.js';
import { parseHeader, type Header } from './header.js';
import { verifyHeaderBranch, type HeadersRoot } from './headerProof.js';
import { lastOn } from './namedOperation.js';
import { recordOf, verifyConfirmed } from './nameRecord.js';
import type { Anchor } from './names.js';
import { lifeOf } from './namespaceProof.js';
import type { Network } from './network.js';
import { openOperations, verifyMined } from './portableOperation.js';
import { parseProof, type PortableBlock, type PortableProof } from './portableProof.js';

/** What the verifier holds himself. A proof is never asked for any of it. */
export interface VerifyProofOptions {
  readonly network: Network;
  /** The block and the consensus hash there that the proof must end in. */
  readonly anchor: Anchor;
  /** What shows that a block is of the best chain: a root that stands for all blocks up to its height, a chain of headers, or both. */
  readonly headersRoot?: HeadersRoot | undefined;
  readonly chain?: HeaderChain | undefined;
  /** Seconds since 1970. */
  readonly now: number;
  /** The oldest that the proof's `asOf` may be, in seconds; `Infinity` for any age. */
  readonly maxAge: number;
  /** The height up to which the name must live, where the verifier knows of a later block than anchor, root and chain show. */
  readonly height?: number | undefined;
}

export interface VerifiedProof {
  readonly record: NameRecord;
  readonly evidence: Evidence;
  /** The blocks in which an operation on the name would not show: from here to the last block known, none when that is the operation's own. Nothing is known of later ones either. */
  readonly notCovered: { readonly from: number; readonly to: number };
  /** The one that came along, checked against the record's hash; null: none did. */
  readonly zoneFile: Uint8Array | null;
}

/** Bitcoin lets a block's time run ahead of the clock by two hours. */
const AHEAD = 7200;

/**
 * Checks a proof of a name offline: what it shows is the operation at its height B as the anchor commits to it (level `snv`). It cannot
 * show that nothing came after B, so `notCovered` says from where on; who needs more looks the name up, or asks for a newer proof.
 * `docs/proofs.md` gives the bytes and the checks in order.
 *
 * @throws NamesteadError `ProofInvalid` (shape), `ProofExpired`, `NetworkMismatch`, `AnchorMismatch`, `AnchorRequired` (a block that neither
 * root nor chain reaches), `HeaderLinkage`, `HeaderTime`, `MerkleMismatch`, `ConsensusMismatch`, `OperationsMismatch`, `OperationDuplicate`,
 * `RecordMismatch`, `NamespaceNotReady`, `TransactionMismatch`, `PayloadMismatch`, `SenderMismatch`, `NameRevoked`, `NameExpired`,
 * `NotConfirmed`, `ZoneFileMismatch`
 * @example
 * const { record, notCovered } = verifyProof(file, { network: mainnet, anchor, headersRoot, now: Date.now() / 1000, maxAge: 90 * 86400 });
 */
export function verifyProof(file: Uint8Array, options: VerifyProofOptions): VerifiedProof {
  const { network } = options;
  if (!options.chain && !options.headersRoot) throw new TypeError('a proof is verified against headers: give a headersRoot, or a chain');
  if (!(options.maxAge >= 0) || !Number.isFinite(options.now)) throw new TypeError('a proof is verified at a time: give now and maxAge in seconds');
  const proof = parseProof(file);
  const { name } = proof;
  verifyNetwork(proof, network);
  const { namespace } = parseName(name);
  const asOf = verifyAnchor(proof, options);
  verifyAge(asOf, options);
  const [operations, readyOperations] = openOperations(proof);

  const { height } = proof.operation.block;
  const header = verifyBlock(proof.operation.block, proof, options);
  const operation = lastOn(name, operations);
  if (!operation) throw new NamesteadError('RecordMismatch', `no operation at height ${height} is on ${name}, though the proof says so`);
  verifyMined(network, operation, proof.operation, header);

  const { height: readyHeight } = proof.ready.block;
  const readyHeader = verifyBlock(proof.ready.block, proof, options);
  const ready = readyOperations.find((each) => each['op'] === '!' && each['namespace_id'] === namespace);
  if (!ready) throw new NamesteadError('NamespaceNotReady', `no operation at height ${readyHeight} made namespace ${namespace} ready`);
  verifyMined(network, ready, proof.ready, readyHeader);

  const known = heightKnown(asOf, options);
  const record = recordOf(network, { name, height, operation, life: lifeOf(ready, readyHeight) }, known);
  verifyConfirmed(network, name, height, known);
  return {
    record,
    evidence: evidenceOf(proof, options, asOf, known),
    notCovered: { from: height + 1, to: known },
    zoneFile: verifyZoneFile(proof.zoneFile, record),
  };
}

function verifyNetwork({ network: told }: PortableProof, network: Network): void {
  const { name, magic, firstBlock, bitcoin } = network;
  if (told.name !== name || told.magic !== magic || told.firstBlock !== firstBlock || told.genesisHash !== bitcoin.genesisHash)
    throw new NamesteadError('NetworkMismatch', `the proof is of network ${told.name} (${told.magic}, from block ${told.firstBlock}), not of ${name}`);
}

/** The anchor's block hash vouches for the time in its header. */
function verifyAnchor(proof: PortableProof, options: VerifyProofOptions): AsOf {
  const { anchor } = options;
  const { height, header, consensusHash: told } = proof.anchor;
  const { hash, time } = parseHeader(header);
  if (height !== anchor.height || hash !== anchor.hash || told !== anchor.consensusHash)
    throw new NamesteadError('AnchorMismatch', `the proof ends in block ${hash} at height ${height} with consensus hash ${told}, which is not your anchor`);
  if (isHeld(height, options)) verifyBlock(proof.anchor, proof, options);
  return { height, hash, time };
}

function verifyAge({ time }: AsOf, { now, maxAge }: VerifyProofOptions): void {
  if (now + AHEAD < time) throw new NamesteadError('HeaderTime', `the anchor's block is of second ${time}, after your clock's ${now}: set the clock`);
  if (now - time > maxAge)
    throw new NamesteadError(
      'ProofExpired',
      `the proof is as of ${Math.floor(now - time)} seconds ago, more than the ${maxAge} you allow: ask for a newer one`,
    );
}

function isHeld(height: number, { chain, headersRoot }: VerifyProofOptions): boolean {
  return (chain?.hashAt(height) ?? null) !== null || (headersRoot !== undefined && height <= headersRoot.height);
}

/** That a block is of the best chain: the caller's own headers say so, or his root. */
function verifyBlock({ height, header, branch }: PortableBlock, { rootHeight }: PortableProof, { chain, headersRoot }: VerifyProofOptions): Header {
  const parsed = parseHeader(header);
  const held = chain?.hashAt(height) ?? null;
  if (held !== null && held !== parsed.hash)
    throw new NamesteadError('HeaderLinkage', `the proof has block ${parsed.hash} at height ${height}, your headers have ${held}`);
  // A branch to the caller's own root is to lead there, though his headers show the block already.
  if (held !== null && !(rootHeight === headersRoot?.height && height <= rootHeight)) return parsed;
  if (!headersRoot || height > headersRoot.height)
    throw new NamesteadError('AnchorRequired', `neither your headers nor your root reach the block at height ${height}: sync headers past it`);
  if (rootHeight === 0) throw new NamesteadError('AnchorRequired', `the proof has no branches: verify it with headers that hold the block at height ${height}`);
  if (rootHeight !== headersRoot.height)
    throw new NamesteadError('AnchorMismatch', `the proof's branches lead to a root at height ${rootHeight}, and yours is at ${headersRoot.height}`);
  return verifyHeaderBranch(header, height, branch, headersRoot);
}

function heightKnown(asOf: AsOf, { chain, headersRoot, height = 0 }: VerifyProofOptions): number {
  return Math.max(asOf.height, chain?.tip().height ?? 0, headersRoot?.height ?? 0, height);
}

function verifyZoneFile(zoneFile: Uint8Array | null, { name, zoneFileHash }: NameRecord): Uint8Array | null {
  if (zoneFile && (zoneFileHash === null || !equal(hash160(zoneFile), zoneFileHash)))
    throw new NamesteadError('ZoneFileMismatch', `the zone file in the proof is not the one that ${name} names`);
  return zoneFile?.slice() ?? null;
}

function evidenceOf({ operation, ready, rootHeight }: PortableProof, { network, chain }: VerifyProofOptions, asOf: AsOf, known: number): Evidence {
  const { height } = operation.block;
  const held = chain?.tip();
  const byChain = (at: number): boolean => (chain?.hashAt(at) ?? null) !== null;
  const shown = [height, ready.block.height].map((at) => `${at} ${byChain(at) ? 'in your headers' : `beneath your root at ${rootHeight}`}`);
  return {
    level: 'snv',
    asOf,
    tip: held && held.height > asOf.height ? { height: held.height, hash: held.hash, time: held.time } : asOf,
    completeTo: null,
    confirmations: known - height + 1,
    work: network.bitcoin.work,
    operators: [],
    disagreed: [],
    checked: [
      'the proof: made for your network and your anchor, and not too old',
      `blocks: ${shown.join(', ')}`,
      `operations at height ${height}: beneath the anchor's consensus hash, none twice; the last of them on the name`,
      'transaction: in the block and at the place its record tells',
      "payload and outputs: the record's",
      'sender: the script of the output that is spent, out of its own transaction',
      'namespace: made ready by an operation proved alike; name: neither expired nor revoked',
    ],
    unchecked: [
      `operations on the name after height ${height}${known > height ? `: blocks ${height + 1} to ${known} are not covered, nor any later one` : ''}`,
      'that earlier operations kept the rules: the anchor stands for it',
    ],
    pending: [],
    warnings: [],
  };
}
