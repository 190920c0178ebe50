import { concat, equal, fromUtf8, toHex, toUtf8 } from '../../lib/bytes.js';
import { sha256 } from '../../lib/hash.js';
import type { Network } from './network.js';
import { memoryTables, type Index, type Table, type Tables } from './table.js';

/** Where a replay keeps what it folded, as one run of bytes. All it saves is work; it is as trustworthy as the place that it is kept in. */
export interface ReplayStore {
  load(): Promise<Uint8Array | null>;
  save(bytes: Uint8Array): Promise<void>;
}

/** Tables in memory that can be written down, whatever names they were asked for by. */
export interface KeptTables extends Tables {
  readonly used: ReadonlyMap<string, Table<string | number, unknown>>;
  readonly usedIndexes: ReadonlyMap<string, Index>;
}

/** A folded block: its hash in display hex, and what it was taken on; see `FedBlock`. */
export interface Folded {
  readonly hash: string;
  readonly mark: string;
}

/** The folded tables, and the last blocks by height. */
export interface Snapshot {
  readonly tables: KeptTables;
  readonly folded: Map<number, Folded>;
}

const VERSION = 3;
const HASH_BYTES = 32;

export function keptTables(): KeptTables {
  const inner = memoryTables();
  const used = new Map<string, Table<string | number, unknown>>();
  const usedIndexes = new Map<string, Index>();
  return {
    used,
    usedIndexes,
    table: <K extends string | number, V>(name: string): Table<K, V> => {
      used.set(name, inner.table<string | number, unknown>(name));
      return inner.table<K, V>(name);
    },
    index: (name) => {
      const index = inner.index(name);
      usedIndexes.set(name, index);
      return index;
    },
  };
}

/** SHA-256 of what follows, then JSON: version, network, blocks, tables. */
export function encodeSnapshot(network: Network, { tables, folded }: Snapshot): Uint8Array {
  const rows = [...tables.used].map(([name, table]) => [name, [...table.keys()].map((key) => [key, table.get(key)])]);
  const members = [...tables.usedIndexes].map(([name, index]) => [name, [...index.keys()].map((key) => [key, [...index.members(key)]])]);
  const body = fromUtf8(JSON.stringify([VERSION, fingerprint(network), [...folded], rows, members], bigintAsText));
  return concat(sha256(body), body);
}

/** Null for what is no snapshot of this network and version, or was damaged: the replay begins anew then. */
export function decodeSnapshot(network: Network, bytes: Uint8Array): Snapshot | null {
  const body = bytes.subarray(HASH_BYTES);
  if (!equal(sha256(body), bytes.subarray(0, HASH_BYTES))) return null;
  // The hash says that these bytes were written by the function above.
  const [version, of, folded, rows, members] = JSON.parse(toUtf8(body), textAsBigint) as Written;
  if (version !== VERSION || of !== fingerprint(network)) return null;
  const tables = keptTables();
  for (const [name, entries] of rows) for (const [key, value] of entries) tables.table<string | number, unknown>(name).set(key, value);
  for (const [name, entries] of members) for (const [key, list] of entries) for (const member of list) tables.index(name).add(key, member);
  return { tables, folded: new Map(folded) };
}

type Named<T> = readonly (readonly [string, readonly T[]])[];
type Written = readonly [number, string, [number, Folded][], Named<readonly [string | number, unknown]>, Named<readonly [string, readonly string[]]>];

/** Other rules make other states. */
function fingerprint(network: Network): string {
  return toHex(sha256(fromUtf8(JSON.stringify(network, bigintAsText))));
}

function bigintAsText(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? { bigint: value.toString() } : value;
}

function textAsBigint(_: string, value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'bigint' in value && typeof value.bigint === 'string' ? BigInt(value.bigint) : value;
}
