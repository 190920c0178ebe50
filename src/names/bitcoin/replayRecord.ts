import { NamesteadError } from '../../lib/errors.js';
import type { NameRecord } from '../record.js';
import { isUnexpired, type NamespaceLife } from './expiry.js';
import { recordOf } from './nameRecord.js';
import { historyOf, namespaceAt, type HistoryEntry, type State } from './rules.js';

/**
 * The record of a name after the block at `height`, out of what was folded; null: nobody owned it then, since it never was registered or its time had
 * run out.
 * @throws NamesteadError `NameRevoked`; `AbsenceNotProved` where the namespace was revealed anew since, and its earlier life is no longer held
 */
export function recordAt(state: State, name: string, height: number): NameRecord | null {
  const last = operationsOn(state, name).findLast((entry) => entry.height <= height);
  const life = last && lifeAt(state, name, height);
  if (!life || !isUnexpired(state.network, life, Number(last.record['last_renewed']), height)) return null;
  return recordOf(state.network, { name, height: last.height, operation: last.record, life }, height);
}

/** Whether the time of a name that stood at one height has run out at a later one, and nothing renewed it between. */
export function lapsed(state: State, name: string): boolean {
  const last = operationsOn(state, name).at(-1);
  const life = last && lifeAt(state, name, state.height);
  return !life || !isUnexpired(state.network, life, Number(last.record['last_renewed']), state.height);
}

/** Ids of the transactions above a height that changed the name, display hex. */
export function pendingOn(state: State, name: string, height: number): string[] {
  return operationsOn(state, name).flatMap((entry) => (entry.height > height ? [entry.record.txid] : []));
}

/** In block order. A history also tells the preorders, which are on no name. */
function operationsOn(state: State, name: string): readonly HistoryEntry[] {
  return historyOf(state, name).filter(({ record }) => record['name'] === name);
}

function lifeAt(state: State, name: string, height: number): NamespaceLife | null {
  const id = name.slice(name.indexOf('.') + 1);
  const row = namespaceAt(state, id)?.row;
  if (!row) return null;
  if (row.revealBlock > height)
    throw new NamesteadError('AbsenceNotProved', `namespace ${id} was revealed anew at ${row.revealBlock}: what it was at ${height} is no longer held`);
  return { ...row, readyBlock: row.readyBlock > height ? 0 : row.readyBlock };
}
