import { expireBlock, isInGrace, renewalDeadline } from './expiry.js';
import { balanceOf, type OperationRecord } from './operationRecord.js';
import { existsAt, linksAt, operationAt, ownedBy, placeOf, type HistoryEntry, type NameRow, type NamespaceRow, type State } from './state.js';

/** The lifetime that stands for ever; BNS (a.3). */
const FOR_EVER = 0xffffffff;

/** A name as it stands after the last block. */
export interface NameAt {
  /** The last operation on it. */
  readonly record: OperationRecord;
  readonly row: NameRow;
  /** The first block after its life proper; null: never, or its namespace is not ready. */
  readonly expireBlock: number | null;
  /** The first block at which nobody owns it any more; null as for `expireBlock`. */
  readonly renewalDeadline: number | null;
  readonly inGrace: boolean;
  readonly expired: boolean;
}

/** A name that was registered or imported at some time, expired and revoked ones included; null when it never was. */
export function nameAt(state: State, name: string): NameAt | null {
  const { network, height } = state;
  const row = state.names.get(name);
  const namespace = row && state.namespaces.get(row.namespace);
  const record = row && operationAt(state, placeOf(row))?.record;
  if (!row || !namespace || !record) return null;
  const lasts = namespace.readyBlock > 0 && namespace.lifetime !== FOR_EVER;
  return {
    record,
    row,
    expireBlock: lasts ? expireBlock(network, namespace, row.lastRenewed, height) : null,
    renewalDeadline: lasts ? renewalDeadline(network, namespace, row.lastRenewed, height) : null,
    inGrace: isInGrace(network, namespace, row.lastRenewed, height),
    expired: !existsAt(state, row, height),
  };
}

/** A namespace as it stands after the last block. */
export interface NamespaceAt {
  readonly row: NamespaceRow;
  readonly ready: boolean;
}

export function namespaceAt(state: State, id: string): NamespaceAt | null {
  const row = state.namespaces.get(id);
  return row ? { row, ready: row.readyBlock > 0 } : null;
}

/** Every operation on a name with its height, oldest first; each preorder that led to a registration stands at its own height. */
export function historyOf(state: State, name: string): readonly HistoryEntry[] {
  const row = state.names.get(name);
  const places = new Set(row ? [placeOf(row)] : []);
  for (const place of places) for (const before of linksAt(state, place)) places.add(before);
  return [...places].sort().flatMap((place) => operationAt(state, place) ?? []);
}

/** Names a script (hex) owns after the last block. */
export function namesOf(state: State, script: string): readonly string[] {
  return ownedBy(state, script, state.height).map(({ name }) => name);
}

/** The consensus hash at a height, genesis hashes included; null when it is not known. */
export function consensusHashAt(state: State, height: number): string | null {
  return state.consensusHashes.get(height) ?? null;
}

/** The operations accepted at a height, in block order. */
export function operationsAt(state: State, height: number): readonly OperationRecord[] {
  return state.operations.get(height) ?? [];
}

/** What an address has in micro-STACKS; null when it has no account. */
export function accountAt(state: State, address: string): { readonly credit: bigint; readonly debit: bigint; readonly balance: bigint } | null {
  const row = state.accounts.get(address);
  return row ? { credit: row.credit, debit: row.debit, balance: balanceOf(row) } : null;
}
