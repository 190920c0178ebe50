import { NamesteadError } from '../../lib/errors.js';
import { nameHash128 } from './commitment.js';
import { isUnexpired } from './expiry.js';
import { memoOf, type Memo } from './memo.js';
import type { Network } from './network.js';
import type { OperationRecord } from './operationRecord.js';
import type { AccountRow, NameRow, NamespaceRow, PreorderRow } from './row.js';
import { memoryTables, type Index, type Table, type Tables } from './table.js';
import { enter, leave, put, takeBack, type Change, type Journal } from './undo.js';

export type { AccountRow, NameRow, NamespaceRow, PreorderRow } from './row.js';

export interface HistoryEntry {
  readonly height: number;
  readonly record: OperationRecord;
}

/** Everything the rules know, after `height`. Changed by the fold alone, and every change is written down so that it can be taken back. */
export interface State extends Journal {
  readonly network: Network;
  /** The last block applied; one below the network's first before any. */
  readonly height: number;
  readonly names: Table<string, NameRow>;
  readonly namespaces: Table<string, NamespaceRow>;
  readonly preorders: Table<string, PreorderRow>;
  readonly namespacePreorders: Table<string, PreorderRow>;
  readonly accounts: Table<string, AccountRow>;
  /** By namespace: the key whose children may import. */
  readonly keychains: Table<string, string>;
  readonly consensusHashes: Table<number, string>;
  readonly operations: Table<number, readonly OperationRecord[]>;
  /** By height, for each operation in block order: the places, see {@link placeOf}, of the one before it on its name and of the preorder that it used up. */
  readonly links: Table<number, readonly string[]>;
  /** Those of the block under way, by index. */
  readonly linked: Map<number, string>;
  readonly byOwner: Index;
  readonly byNameHash: Index;
  readonly byPreorderHash: Index;
  readonly byNamespacePreorderHash: Index;
  /** By height: what the last blocks changed. */
  readonly undo: Table<number, readonly Change[]>;
  readonly undoDepth: number;
  readonly announcers: readonly string[];
  /** Nothing that matters is lost with it. */
  readonly memo: Memo;
}

export interface StateOptions {
  /** How many blocks can be undone; 1000 when not said. */
  readonly undoDepth?: number;
  /** Names whose owners' announcements are accepted; none when not said. No consensus hangs on them. */
  readonly announcers?: readonly string[];
  /** Default in memory. Tables that hold a state already are gone on with. */
  readonly tables?: Tables;
}

/** The state of a network before its first block, with the balances and consensus hashes of its genesis, or what `tables` hold of it. */
export function createState(network: Network, { undoDepth = 1000, announcers = [], tables = memoryTables() }: StateOptions = {}): State {
  const heights = tables.table<string, number>('height');
  const state: State = {
    network,
    tables,
    page: [],
    get height() {
      return heights.get('last') ?? network.firstBlock - 1;
    },
    names: tables.table('names'),
    namespaces: tables.table('namespaces'),
    preorders: tables.table('preorders'),
    namespacePreorders: tables.table('namespacePreorders'),
    accounts: tables.table('accounts'),
    keychains: tables.table('keychains'),
    consensusHashes: tables.table('consensusHashes'),
    operations: tables.table('operations'),
    links: tables.table('links'),
    linked: new Map(),
    byOwner: tables.index('byOwner'),
    byNameHash: tables.index('byNameHash'),
    byPreorderHash: tables.index('byPreorderHash'),
    byNamespacePreorderHash: tables.index('byNamespacePreorderHash'),
    undo: tables.table('undo'),
    undoDepth,
    announcers,
    memo: memoOf(),
  };
  if (heights.get('last') === undefined) setGenesis(state);
  return state;
}

function setGenesis({ network, accounts, consensusHashes, tables }: State): void {
  for (const [height, hash] of Object.entries(network.genesisConsensusHashes)) consensusHashes.set(Number(height), hash);
  for (const [address, balance] of Object.entries(network.genesisBalances)) {
    const { amount, lockedUntil, receives = true } = typeof balance === 'string' ? { amount: balance, lockedUntil: 0 } : balance;
    accounts.set(address, { credit: BigInt(amount), debit: 0n, lockedUntil, receives });
  }
  tables.table<string, number>('height').set('last', network.firstBlock - 1);
}

/** Applies a block's changes as one: when `change` throws, the state is as before. */
export function changeBlock<T>(state: State, height: number, change: () => T): T {
  state.page = [];
  try {
    const result = change();
    state.undo.set(height, state.page);
    state.undo.delete(height - state.undoDepth);
    setHeight(state, height);
    return result;
  } catch (error) {
    takeBack(state.tables, state.page);
    throw error;
  } finally {
    state.linked.clear();
  }
}

function setHeight({ tables }: State, height: number): void {
  tables.table<string, number>('height').set('last', height);
}

/**
 * Takes the last block back, so that the state is as it was before.
 * @throws NamesteadError `ReorgTooDeep` when its changes are no longer remembered
 */
export function undoBlock(state: State): void {
  const { height, undo, tables, undoDepth } = state;
  const changes = undo.get(height);
  if (!changes) throw new NamesteadError('ReorgTooDeep', `block ${height} cannot be undone: only the last ${undoDepth} are remembered`);
  takeBack(tables, changes);
  undo.delete(height);
  setHeight(state, height - 1);
}

/** Replaces a name's row and keeps the indexes in step. `preorder`: what a registration used up. */
export function putName(state: State, row: NameRow, preorder?: PreorderRow): void {
  const before = state.names.get(row.name);
  put(state, state.names, row.name, row);
  if (!before) enter(state, state.byNameHash, nameHash128(row.name), row.name);
  move(state, state.byOwner, row.name, before?.owner, row.owner);
  move(state, state.byPreorderHash, row.name, before?.preorderHash, row.preorderHash);
  state.linked.set(row.index, (before ? placeOf(before) : '') + (preorder ? placeOf(preorder) : ''));
}

/** Replaces a namespace's row and keeps the index in step. */
export function putNamespace(state: State, row: NamespaceRow): void {
  const before = state.namespaces.get(row.id);
  put(state, state.namespaces, row.id, row);
  move(state, state.byNamespacePreorderHash, row.id, before?.preorderHash, row.preorderHash);
}

function move(journal: Journal, index: Index, member: string, from: string | undefined, to: string): void {
  if (from === to) return;
  if (from !== undefined) leave(journal, index, from, member);
  enter(journal, index, to, member);
}

/** Where an operation stands: height and place in the block, as text that sorts in chain order. */
export function placeOf({ height, index }: { readonly height: number; readonly index: number }): string {
  return height.toString(16).padStart(6, '0') + index.toString(16).padStart(6, '0');
}

/** The operation at a place, which is one of {@link placeOf}. */
export function operationAt(state: State, place: string): HistoryEntry | null {
  const [height, index] = [Number.parseInt(place.slice(0, 6), 16), Number.parseInt(place.slice(6), 16)];
  const record = state.operations.get(height)?.find(({ vtxindex }) => vtxindex === index);
  return record ? { height, record } : null;
}

/** Where the operations lie that led to the one at a place. */
export function linksAt(state: State, place: string): readonly string[] {
  const [height, index] = [Number.parseInt(place.slice(0, 6), 16), Number.parseInt(place.slice(6), 16)];
  const at = state.operations.get(height)?.findIndex(({ vtxindex }) => vtxindex === index) ?? -1;
  return state.links.get(height)?.[at]?.match(/.{12}/g) ?? [];
}

/** Whether a name exists for the rules at `height`: registered by then, and not expired; revoked or not; BNS (b.5). */
export function existsAt(state: State, row: NameRow, height: number): boolean {
  const namespace = state.namespaces.get(row.namespace);
  return namespace !== undefined && row.firstRegistered <= height && isUnexpired(state.network, namespace, row.lastRenewed, height);
}

/** The row of a name that exists at `height`. */
export function findName(state: State, name: string, height: number): NameRow | null {
  const row = state.names.get(name);
  return row && existsAt(state, row, height) ? row : null;
}

/** Names a script owns at `height`, revoked ones left out; stops at `most`. */
export function ownedBy(state: State, script: string, height: number, most = Infinity): NameRow[] {
  const rows: NameRow[] = [];
  for (const name of state.byOwner.members(script)) {
    const row = state.names.get(name);
    if (row && !row.revoked && existsAt(state, row, height)) rows.push(row);
    if (rows.length >= most) break;
  }
  return rows;
}
