import type { CallOptions, LongCallOptions } from '../../lib/clock.js';
import { NamesteadError } from '../../lib/errors.js';
import { asCount, type Fields } from '../../lib/shape.js';
import type { Committed } from './committed.js';
import type { NamespaceLife } from './expiry.js';
import { proveOperation, type ProofWorld } from './operationProof.js';
import type { Indexer } from './source.js';

/** A namespace whose NAMESPACE_READY was proved. */
export interface ProvedNamespace {
  readonly life: NamespaceLife;
  /** The operation with its committed fields: terms, creator, version. */
  readonly ready: Fields;
}

/**
 * Proves when a namespace was made ready, and on what terms: the operation lies beneath the trusted consensus hash and in the block it claims.
 * @throws NamesteadError `NamespaceNotReady`, or as `proveOperation`
 */
export async function proveNamespace(
  world: ProofWorld & { readonly indexer: Indexer },
  id: string,
  committed: Committed,
  options: LongCallOptions,
): Promise<ProvedNamespace> {
  const { indexer } = world;
  const height = await heightOf(indexer, id, options);
  const operations = height === null ? null : await committed.at(height, options);
  if (height === null || operations === null)
    throw new NamesteadError('NamespaceNotReady', `${indexer.operator} tells no height up to the anchor at which namespace ${id} was made ready`);
  const ready = operations.find((operation) => operation['op'] === '!' && operation['namespace_id'] === id);
  if (!ready)
    throw new NamesteadError(
      'NamespaceNotReady',
      `${indexer.operator} says namespace ${id} was made ready at height ${height}; the operations committed there do not`,
    );
  await proveOperation(world, ready, height, options);
  return { life: lifeOf(ready, height), ready };
}

/** @param ready a proved NAMESPACE_READY, mined at `height` */
export function lifeOf(ready: Fields, height: number): NamespaceLife {
  return { revealBlock: asCount(ready['reveal_block'], 'reveal_block'), readyBlock: height, lifetime: asCount(ready['lifetime'], 'lifetime') };
}

async function heightOf(indexer: Indexer, id: string, options: CallOptions): Promise<number | null> {
  const height = (await indexer.namespaceRecord(id, options))?.['ready_block'];
  return typeof height === 'number' ? height : null;
}
