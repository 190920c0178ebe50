import type { Fields } from '../../lib/shape.js';
import { committedFields } from './serialization.js';

/** The fields of a record that its block's operations hash commits to. */
export function committedIn({ op }: Fields): readonly string[] {
  return committedFields[String(op).slice(0, 1)] ?? [];
}

/** The name an operation is on. Where the hash does not commit to a name, one that stands beside it is the node's own invention. */
export function nameOf(operation: Fields): unknown {
  return committedIn(operation).includes('name') ? operation['name'] : undefined;
}

/** Of a block's operations on a name the last one: it made the record what it is. */
export function lastOn(name: string, operations: readonly Fields[]): Fields | undefined {
  return operations
    .filter((operation) => nameOf(operation) === name)
    .reduce<Fields | undefined>((last, next) => (last && Number(last['vtxindex']) > Number(next['vtxindex']) ? last : next), undefined);
}
