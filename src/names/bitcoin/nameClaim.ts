import type { CallOptions } from '../../lib/clock.js';
import { NamesteadError } from '../../lib/errors.js';
import { asCount, asFields, asList, type Fields } from '../../lib/shape.js';
import { committedIn } from './namedOperation.js';
import type { Indexer } from './source.js';

/** What a node says of a name, up to a height. */
export interface NameClaim {
  /** Of the last operation on the name. */
  readonly height: number;
  /** The record as it stands, or as it stood at `height` where the node knows of later operations. */
  readonly stated: Fields;
  /** Whether `stated` is the node's present record. */
  readonly present: boolean;
}

/** @throws NamesteadError `AbsenceNotProved`, `HttpMalformed`, or what the indexer throws */
export async function findClaim(indexer: Indexer, name: string, until: number, options: CallOptions): Promise<NameClaim> {
  const what = `${indexer.operator}'s record of ${name}`;
  const absent = (): NamesteadError =>
    new NamesteadError(
      'AbsenceNotProved',
      `${indexer.operator} knows no ${name} as of height ${until}, which nothing proves: ask another node, or take a newer anchor if it was registered since`,
    );
  const record = await indexer.nameRecord(name, options);
  if (!record) throw absent();
  const history = asFields(record['history'], `the history in ${what}`);
  // A preorder names nobody; nodes tell of it once the name was registered.
  const isOnName = (entry: unknown): boolean => asFields(entry, what)['op'] !== '?';
  const told = Object.entries(history).map(([key, entries]): [number, Fields | undefined] => [
    asCount(Number(key), `a height in ${what}`),
    asList(entries, `the history in ${what}`, 1000).findLast(isOnName) as Fields | undefined,
  ]);
  const heights = told.flatMap(([at, entry]) => (entry ? [at] : []));
  const height = heights.filter((at) => at <= until).reduce((most, at) => Math.max(most, at), -1);
  if (height < 0) throw absent();
  const present = heights.every((at) => at <= height);
  const stated = present ? record : asFields(told.find(([at]) => at === height)?.[1], what);
  return { height, stated, present };
}

/** Holds what a node says of a name against the operation that made it so. @throws NamesteadError `RecordMismatch` */
export function verifyStated({ stated, height }: NameClaim, operation: Fields): void {
  for (const field of committedIn(operation)) {
    // Nodes leave some out, and cut the fee of an imported name to an integer.
    const [told, committed] = field === 'op_fee' ? [whole(stated[field]), whole(operation[field])] : [stated[field], operation[field]];
    if (stated[field] !== undefined && JSON.stringify(told) !== JSON.stringify(committed)) {
      throw new NamesteadError('RecordMismatch', `the node's record has another ${field} than the operation committed at height ${height}`);
    }
  }
}

function whole(fee: unknown): unknown {
  return typeof fee === 'number' || typeof fee === 'string' ? Math.trunc(Number(fee)) : fee;
}
