/** Rows by key: a `Map` in memory, or a table of a database that answers at once. */
export interface Table<K extends string | number, V> {
  /** Unique among the tables of one state. */
  readonly name: string;
  get(key: K): V | undefined;
  set(key: K, value: V): unknown;
  delete(key: K): unknown;
  keys(): Iterable<K>;
  values(): Iterable<V>;
}

/** Members by key, each once. */
export interface Index {
  readonly name: string;
  members(key: string): Iterable<string>;
  add(key: string, member: string): void;
  remove(key: string, member: string): void;
  /** Keys that have members. */
  keys(): Iterable<string>;
}

/** Where tables come from; the same name gives the same table. Values are never changed in place. */
export interface Tables {
  table<K extends string | number, V>(name: string): Table<K, V>;
  index(name: string): Index;
}

/** Tables in memory. */
export function memoryTables(): Tables {
  const tables = new Map<string, Table<string | number, unknown>>();
  const indexes = new Map<string, Index>();
  return {
    table: <K extends string | number, V>(name: string): Table<K, V> => {
      const table = tables.get(name) ?? Object.assign(new Map<string | number, unknown>(), { name });
      tables.set(name, table);
      // Whoever names a table says what it holds; state.ts does so in one place.
      return table as unknown as Table<K, V>;
    },
    index: (name) => {
      const index = indexes.get(name) ?? memoryIndex(name);
      indexes.set(name, index);
      return index;
    },
  };
}

function memoryIndex(name: string): Index {
  const sets = new Map<string, Set<string>>();
  return {
    name,
    members: (key) => sets.get(key) ?? [],
    add: (key, member) => {
      const members = sets.get(key);
      if (members) members.add(member);
      else sets.set(key, new Set([member]));
    },
    remove: (key, member) => {
      const members = sets.get(key);
      members?.delete(member);
      if (members?.size === 0) sets.delete(key);
    },
    keys: () => sets.keys(),
  };
}
