import { concat, equal, fromHex, fromUtf8, toHex, toUtf8 } from '../lib/bytes.js';
import type { Index, Table } from '../names/bitcoin/table.js';
import { bounded } from './bounded.js';
import type { Database, Writer } from './database.js';
import type { RowCodec } from './rowCodec.js';

const NOTHING = /* @__PURE__ */ new Uint8Array();

/** How keys are written: `height` rises with the chain, so that its table is filled from behind; a `name` stands behind its namespace. */
export type KeyKind = 'text' | 'name' | 'hex' | 'script' | 'height';
type Key = string | number;

const toBytes: Readonly<Record<KeyKind, (key: Key) => Uint8Array>> = {
  text: (key) => fromUtf8(String(key)),
  name: (key) => fromUtf8(turned(String(key))),
  hex: (key) => fromHex(String(key)),
  script: (key) => fromHex(shortScript(String(key))),
  height: (key) => {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, Number(key));
    return bytes;
  },
};
const fromBytes: Readonly<Record<KeyKind, (bytes: Uint8Array) => Key>> = {
  text: toUtf8,
  name: (bytes) => turned(toUtf8(bytes)),
  hex: toHex,
  script: (bytes) => longScript(toHex(bytes)),
  height: (bytes) => new DataView(bytes.buffer, bytes.byteOffset).getUint32(0),
};

/** A p2pkh or p2sh script as a byte and its hash. */
function shortScript(script: string): string {
  if (script.length === 50 && script.startsWith('76a914') && script.endsWith('88ac')) return `00${script.slice(6, 46)}`;
  return script.length === 46 && script.startsWith('a914') && script.endsWith('87') ? `05${script.slice(4, 44)}` : `ff${script}`;
}

function longScript(short: string): string {
  const rest = short.slice(2);
  if (short.startsWith('00')) return `76a914${rest}88ac`;
  return short.startsWith('05') ? `a914${rest}87` : rest;
}

/** `alice.id` and `id.alice`, either way; a name has one dot. */
function turned(name: string): string {
  const dot = name.indexOf('.');
  return dot < 0 ? name : `${name.slice(dot + 1)}.${name.slice(0, dot)}`;
}

/** What waits in memory for the next commit. */
export interface Pending {
  readonly waiting: number;
  flush(writer: Writer): void;
  /** After what was flushed is committed. */
  settle(): void;
  /** Forgets what waits and what was read. */
  forget(): void;
}

interface TableOptions {
  readonly name: string;
  readonly database: Database;
  readonly codec: RowCodec;
  readonly keys: KeyKind;
  /** Rows kept in memory. */
  readonly cached: number;
}

export interface DiskTable extends Table<Key, unknown>, Pending {
  /** Keys whose bytes begin with some. */
  keysWith(prefix: Uint8Array): Iterable<Key>;
  /** A row that is in memory. */
  held(key: Key): unknown;
  /** A row as it is on disk. */
  bytes(key: Key): Uint8Array | undefined;
}

/** A table whose changes wait in memory and whose rows are read from the database once. */
export function diskTable({ name, database, codec, keys: kind, cached }: TableOptions): DiskTable {
  const pending = new Map<Key, unknown>();
  const cache = bounded<Key, unknown>(cached);
  const read = (key: Key): unknown => {
    const known = cache.get(key);
    if (known !== undefined) return known;
    const bytes = database.get(name, toBytes[kind](key));
    const value = bytes && codec.unpack(bytes, key);
    if (value !== undefined) cache.set(key, value);
    return value;
  };
  const keysWith = function* (prefix: Uint8Array): Generator<Key> {
    for (const [key, value] of pending) if (value !== undefined && equal(toBytes[kind](key).subarray(0, prefix.length), prefix)) yield key;
    for (const bytes of database.keys(name, prefix.length > 0 ? prefix : undefined)) {
      const key = fromBytes[kind](bytes);
      if (!pending.has(key)) yield key;
    }
  };
  const keys = (): Generator<Key> => keysWith(new Uint8Array());
  const get = (key: Key): unknown => (pending.has(key) ? pending.get(key) : read(key));
  return {
    name,
    get,
    keysWith,
    held: (key) => pending.get(key) ?? cache.get(key),
    bytes: (key) => database.get(name, toBytes[kind](key)),
    set: (key, value) => pending.set(key, value),
    delete: (key) => pending.set(key, undefined),
    keys,
    *values() {
      for (const key of keys()) yield get(key);
    },
    get waiting() {
      return pending.size;
    },
    flush: (writer) => {
      const rows = Array.from(pending, ([key, value]) => ({ key, bytes: toBytes[kind](key), value }));
      for (const { key, bytes, value } of rows.sort(byBytes)) {
        if (value === undefined) writer.remove(name, bytes);
        else writer.put(name, bytes, codec.pack(value, key), kind === 'height');
      }
    },
    settle: () => {
      for (const [key, value] of pending) {
        if (value === undefined) cache.delete(key);
        else cache.set(key, value);
      }
      pending.clear();
    },
    forget: () => {
      pending.clear();
      cache.clear();
    },
  };
}

/** Neighbours are written one after the other: each page of the database is touched once. */
function byBytes({ bytes: a }: { readonly bytes: Uint8Array }, { bytes: b }: { readonly bytes: Uint8Array }): number {
  for (let at = 0; at < a.length && at < b.length; at++) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

function set(members: Set<string>, member: string, is: boolean): void {
  if (is) members.add(member);
  else members.delete(member);
}

interface IndexOptions extends Omit<TableOptions, 'codec'> {
  readonly members: KeyKind;
  /** When a member tells its key, the start of the key is enough on disk. */
  readonly keyOf?: ((member: string) => string | undefined) | undefined;
}

/** Bytes of a key that are kept where its members tell the rest. Who makes two keys alike makes himself slower to be found. */
const SHORT_KEY = 8;

/** An index in one table: each key followed by a member, without a value. */
export function diskIndex({ name, database, keys: kind, members, cached, keyOf }: IndexOptions): Index & Pending {
  const pending = new Map<string, { readonly changes: Map<string, boolean>; members: Set<string> | undefined }>();
  const cache = bounded<string, Set<string>>(cached);
  const prefixOf = (key: string): Uint8Array => {
    const bytes = toBytes[kind](key);
    return keyOf ? concat(bytes, new Uint8Array(SHORT_KEY)).subarray(0, SHORT_KEY) : concat(Uint8Array.of(bytes.length), bytes);
  };
  const read = (key: string): Set<string> => {
    const prefix = prefixOf(key);
    const found = new Set<string>();
    for (const bytes of database.keys(name, prefix)) {
      const member = String(fromBytes[members](bytes.subarray(prefix.length)));
      if (!keyOf || keyOf(member) === key) found.add(member);
    }
    return found;
  };
  const membersOf = (key: string): ReadonlySet<string> => {
    const waits = pending.get(key);
    if (waits?.members) return waits.members;
    const found = cache.get(key) ?? read(key);
    if (!waits) {
      cache.set(key, found);
      return found;
    }
    for (const [member, is] of waits.changes) set(found, member, is);
    waits.members = found;
    return found;
  };
  // A key may have a million members: they are neither read nor copied because one comes or goes.
  const change = (key: string, member: string, is: boolean): void => {
    const waits = pending.get(key) ?? { changes: new Map<string, boolean>(), members: cache.get(key) };
    cache.delete(key);
    waits.changes.set(member, is);
    if (waits.members) set(waits.members, member, is);
    pending.set(key, waits);
  };
  return {
    name,
    members: membersOf,
    add: (key, member) => {
      change(key, member, true);
    },
    remove: (key, member) => {
      change(key, member, false);
    },
    *keys() {
      const seen = new Set<string>();
      for (const key of pending.keys()) {
        seen.add(key);
        if (membersOf(key).size > 0) yield key;
      }
      for (const bytes of database.keys(name)) {
        const key = keyOf ? keyOf(String(fromBytes[members](bytes.subarray(SHORT_KEY)))) : String(fromBytes[kind](bytes.subarray(1, 1 + (bytes[0] ?? 0))));
        if (key === undefined || seen.has(key)) continue;
        seen.add(key);
        yield key;
      }
    },
    get waiting() {
      return pending.size;
    },
    flush: (writer) => {
      const rows = [...pending].flatMap(([key, { changes }]) => {
        const prefix = prefixOf(key);
        return Array.from(changes, ([member, is]) => ({ bytes: concat(prefix, toBytes[members](member)), is }));
      });
      rows.sort(byBytes);
      // What goes goes first: a member that moves between keys that begin alike stays.
      for (const { bytes, is } of rows) if (!is) writer.remove(name, bytes);
      for (const { bytes, is } of rows) if (is) writer.put(name, bytes, NOTHING, false);
    },
    settle: () => {
      for (const [key, { members: now }] of pending) if (now) cache.set(key, now);
      pending.clear();
    },
    forget: () => {
      pending.clear();
      cache.clear();
    },
  };
}
