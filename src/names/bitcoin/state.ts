import { NamesteadError } from '../../lib/errors.js';
import { nameHash128 } from './commitment.js';
import { isUnexpired } from './expiry.js';
import type { Network } from './network.js';
import type { OperationRecord } from './operationRecord.js';
import type { AccountRow, NameRow, NamespaceRow } from './row.js';

export type { AccountRow, NameRow, NamespaceRow } from './row.js';

/** A preorder of a name or of a namespace that nothing has used up. */
export interface PreorderRow {
  readonly preorderHash: string;
  readonly sender: string;
  readonly height: number;
  readonly satoshi: number;
  readonly paidTo: string;
  /** Micro-STACKS; null: bitcoin pays. */
  readonly tokens: bigint | null;
  readonly record: OperationRecord;
}

export interface HistoryEntry {
  readonly height: number;
  readonly record: OperationRecord;
}

/** Everything the rules know, after `height`. Changed by the fold alone, and every change remembers how to take it back. */
export interface State {
  readonly network: Network;
  /** The last block applied; one below the network's first before any. */
  height: number;
  readonly names: Map<string, NameRow>;
  readonly namespaces: Map<string, NamespaceRow>;
  readonly preorders: Map<string, PreorderRow>;
  readonly namespacePreorders: Map<string, PreorderRow>;
  readonly accounts: Map<string, AccountRow>;
  /** By namespace: the addresses its imports may come from. */
  readonly keychains: Map<string, ReadonlySet<string>>;
  readonly consensusHashes: Map<number, string>;
  readonly operations: Map<number, readonly OperationRecord[]>;
  readonly histories: Map<string, HistoryEntry[]>;
  readonly byOwner: Map<string, Set<string>>;
  readonly byNameHash: Map<string, string>;
  readonly byPreorderHash: Map<string, Set<string>>;
  /** How to take back the last blocks, each from its last change to its first. */
  readonly journal: (() => void)[][];
  readonly undoDepth: number;
}

export interface StateOptions {
  /** How many blocks can be undone; 1000 when not said. */
  readonly undoDepth?: number;
}

/** The state of a network before its first block, with the balances and consensus hashes of its genesis. */
export function createState(network: Network, { undoDepth = 1000 }: StateOptions = {}): State {
  const consensusHashes = Object.entries(network.genesisConsensusHashes).map(([height, hash]): [number, string] => [Number(height), hash]);
  const accounts = Object.entries(network.genesisBalances).map(([address, amount]): [string, AccountRow] => [
    address,
    { credit: BigInt(amount), debit: 0n, lockedUntil: 0 },
  ]);
  return {
    network,
    height: network.firstBlock - 1,
    names: new Map(),
    namespaces: new Map(),
    preorders: new Map(),
    namespacePreorders: new Map(),
    accounts: new Map(accounts),
    keychains: new Map(),
    consensusHashes: new Map(consensusHashes),
    operations: new Map(),
    histories: new Map(),
    byOwner: new Map(),
    byNameHash: new Map(),
    byPreorderHash: new Map(),
    journal: [],
    undoDepth,
  };
}

/** Opens the journal page of the next block. */
export function openBlock(state: State, height: number): void {
  const before = state.height;
  state.journal.push([() => (state.height = before)]);
  if (state.journal.length > state.undoDepth) state.journal.shift();
  state.height = height;
}

/**
 * Takes the last block back, so that the state is as it was before.
 * @throws NamesteadError `ReorgTooDeep` when its changes are no longer remembered
 */
export function undoBlock(state: State): void {
  const changes = state.journal.pop();
  if (!changes) throw new NamesteadError('ReorgTooDeep', `block ${state.height} cannot be undone: only the last ${state.undoDepth} are remembered`);
  for (const takeBack of changes.reverse()) takeBack();
}

function remember(state: State, takeBack: () => void): void {
  state.journal.at(-1)?.push(takeBack);
}

/** Sets or, with undefined, deletes. */
export function put<K, V>(state: State, map: Map<K, V>, key: K, value: V | undefined): void {
  const before = map.get(key);
  const write = (what: V | undefined): void => {
    if (what === undefined) map.delete(key);
    else map.set(key, what);
  };
  remember(state, () => write(before));
  write(value);
}

/** Replaces a name's row and keeps the indexes in step. */
export function putName(state: State, row: NameRow): void {
  const before = state.names.get(row.name);
  put(state, state.names, row.name, row);
  if (!before) put(state, state.byNameHash, nameHash128(row.name), row.name);
  move(state, state.byOwner, row.name, before?.owner, row.owner);
  move(state, state.byPreorderHash, row.name, before?.preorderHash, row.preorderHash);
}

function move(state: State, index: Map<string, Set<string>>, member: string, from: string | undefined, to: string): void {
  if (from === to) return;
  if (from !== undefined) leave(index, from, member);
  enter(index, to, member);
  remember(state, () => {
    leave(index, to, member);
    if (from !== undefined) enter(index, from, member);
  });
}

function enter(index: Map<string, Set<string>>, key: string, member: string): void {
  const members = index.get(key);
  if (members) members.add(member);
  else index.set(key, new Set([member]));
}

function leave(index: Map<string, Set<string>>, key: string, member: string): void {
  const members = index.get(key);
  members?.delete(member);
  if (members?.size === 0) index.delete(key);
}

export function addHistory(state: State, name: string, entry: HistoryEntry): void {
  const entries = state.histories.get(name);
  if (entries) {
    entries.push(entry);
    remember(state, () => entries.pop());
  } else put(state, state.histories, name, [entry]);
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
  for (const name of state.byOwner.get(script) ?? []) {
    const row = state.names.get(name);
    if (row && !row.revoked && existsAt(state, row, height)) rows.push(row);
    if (rows.length >= most) break;
  }
  return rows;
}
