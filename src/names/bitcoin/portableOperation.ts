import { NamesteadError } from '../../lib/errors.js';
import type { Fields } from '../../lib/shape.js';
import { consensusHash, operationsHash } from './consensus.js';
import type { Header } from './header.js';
import type { Network } from './network.js';
import { verifyOperation } from './operationProof.js';
import type { PortableHop, PortableOperation, PortableProof } from './portableProof.js';
import { parseSerialized } from './serializedOperation.js';
import { skipPath } from './skipPath.js';
import { openTransaction, type Transaction } from './transaction.js';

/**
 * The operations of both blocks, as they lie beneath the anchor's consensus hash.
 * @throws NamesteadError `ConsensusMismatch`, `OperationsMismatch`, `OperationDuplicate`, `ProofInvalid`
 */
export function openOperations({ network, anchor, operation, ready }: PortableProof): readonly [readonly Fields[], readonly Fields[]] {
  const walk = skipPath(anchor.height, network.firstBlock);
  const known = new Map([[anchor.height, anchor.consensusHash]]);
  const hashes = new Map<number, string>();
  const open = ({ block, hops, operations }: PortableOperation): readonly Fields[] => {
    walk(block.height).forEach(({ height, heights, fresh }, index) => {
      const { operationsHash: hash, consensusHashes } = hops[index] as PortableHop;
      fresh.forEach((at, i) => known.set(at, consensusHashes[i] as string));
      if (
        consensusHash(
          hash,
          heights.map((at) => known.get(at) as string),
        ) !== known.get(height)
      )
        throw new NamesteadError('ConsensusMismatch', `what the proof says of height ${height} does not give the consensus hash there`);
      hashes.set(height, hash);
    });
    return openSet(operations, hashes.get(block.height) as string, block.height);
  };
  return [open(operation), open(ready)];
}

/** In block order, which no hash commits to, so that a set has one spelling. */
function openSet(texts: readonly string[], expected: string, height: number): readonly Fields[] {
  const operations = texts.map(parseSerialized);
  operations.forEach(({ vtxindex: index }, i) => {
    const before = operations[i - 1]?.['vtxindex'];
    if (i > 0 && !(Number(before) < Number(index)))
      throw new NamesteadError(
        before === index ? 'OperationDuplicate' : 'ProofInvalid',
        `the proof lists the operations of height ${height} out of their order, or one of them twice`,
      );
  });
  const actual = operationsHash(texts);
  if (actual !== expected)
    throw new NamesteadError('OperationsMismatch', `the operations listed for height ${height} hash to ${actual}, not to the ${expected} committed there`);
  return operations;
}

/**
 * That an operation is what its transaction says. Height and index are those of the block: the path leads from the record's own index to
 * the header at the proof's own height.
 * @throws NamesteadError `TransactionMismatch`, `ProofInvalid`, `MerkleMismatch`, `PayloadMismatch`, `SenderMismatch`
 */
export function verifyMined(network: Network, fields: Fields, part: PortableOperation, header: Header): void {
  const { height } = part.block;
  const transaction = openStripped(part.transaction, String(fields['txid']));
  const previous = openStripped(part.previous, String(transaction.inputs[0]?.txid));
  verifyOperation(network, fields, height, { transaction, previous, inclusion: { height, index: Number(fields['vtxindex']), branch: part.path }, header });
}

/** Witnesses are no part of the id, so they could be anything. */
function openStripped(bytes: Uint8Array, txid: string): Transaction {
  const transaction = openTransaction(bytes, txid);
  if (transaction.inputs.some(({ witness }) => witness.length > 0))
    throw new NamesteadError('ProofInvalid', `the proof holds transaction ${txid} with witnesses, which nothing commits to`);
  return transaction;
}
