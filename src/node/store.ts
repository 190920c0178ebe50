import { fromUtf8, toHex } from '../lib/bytes.js';
import { NamesteadError } from '../lib/errors.js';
import { sha256 } from '../lib/hash.js';
import { nameHash128 } from '../names/bitcoin/commitment.js';
import { memoOf } from '../names/bitcoin/memo.js';
import type { Network } from '../names/bitcoin/network.js';
import type { NameRow } from '../names/bitcoin/row.js';
import { memoryTables, type Index, type Table, type Tables } from '../names/bitcoin/table.js';
import { openDatabase, type Database } from './database.js';
import { diskIndex, diskTable, type DiskTable, type KeyKind, type Pending } from './diskTable.js';
import { linksCodec, namesCodec, operationsCodec, statusCodec, undoCodec, zoneFileCodec, type FindRecord, type RowCodec } from './rowCodec.js';
import type { OperationRecord } from '../names/bitcoin/operationRecord.js';
import { packer, type Shapes } from './pack.js';
import { recordCodec } from './recordCodec.js';

/** Where a node keeps all it knows of the chain. */
export interface Store extends Tables {
  /** Names there ever were in a namespace, in no order. */
  namesIn(namespace: string): Iterable<string>;
  /** Rows that wait for the next commit. */
  waiting(): number;
  /** Makes what was changed since the last commit last, all or nothing. */
  commit(): void;
  /** Forgets what was changed since. */
  rollback(): void;
  /** Empties it. */
  clear(): void;
  close(): Promise<void>;
}

/** Forgets all when the process ends. */
export function memoryStore(): Store {
  let tables = memoryTables();
  return {
    table: (name) => tables.table(name),
    index: (name) => tables.index(name),
    namesIn: (namespace) => [...tables.table<string, unknown>('names').keys()].filter((name) => name.endsWith(`.${namespace}`)),
    waiting: () => 0,
    commit: () => undefined,
    rollback: () => undefined,
    clear: () => {
      tables = memoryTables();
    },
    close: () => Promise.resolve(),
  };
}

/** Raised when rows are written in another way. */
const FORMAT = 2;
/** Rows kept in memory; of blocks, whose rows are long, fewer. */
const ROWS = 20_000;
const BLOCKS = 200;
const META = 'meta';

const tableKeys: Readonly<Record<string, KeyKind>> = {
  height: 'text',
  names: 'name',
  namespaces: 'text',
  preorders: 'hex',
  namespacePreorders: 'hex',
  accounts: 'text',
  keychains: 'text',
  consensusHashes: 'height',
  operations: 'height',
  links: 'height',
  undo: 'height',
  blocks: 'height',
  transactions: 'hex',
  heightsByConsensusHash: 'hex',
  zoneFiles: 'height',
  accountRows: 'text',
};

const indexKeys: Readonly<Record<string, readonly [key: KeyKind, members: KeyKind]>> = {
  byNameHash: ['hex', 'text'],
  byOwner: ['script', 'text'],
  byPreorderHash: ['hex', 'text'],
  byNamespacePreorderHash: ['hex', 'text'],
  namespaceHistories: ['text', 'hex'],
  heldBy: ['script', 'hex'],
  bits: ['hex', 'hex'],
  accountHistory: ['text', 'hex'],
};

/**
 * Keeps it in a database in `directory`, made when it is not there.
 * @throws NamesteadError `NetworkMismatch` when the directory is of another network, `StoreCorrupt`, `StorageFailed`
 */
export async function diskStore(directory: string, network: Network): Promise<Store> {
  const database = await openDatabase(directory, [META, ...Object.keys(tableKeys), ...Object.keys(indexKeys)]);
  try {
    const shapes = shapesIn(database);
    checkMeta(database, directory, network);
    return storeOn(database, shapes);
  } catch (error) {
    await database.close();
    throw error;
  }
}

function storeOn(database: Database, shapes: ReturnType<typeof shapesIn>): Store {
  const tables = new Map<string, DiskTable>();
  const indexes = new Map<string, Index & Pending>();
  const { codecs, find } = codecsOf(tables, shapes);
  for (const [name, keys] of Object.entries(tableKeys)) {
    const cached = name === 'operations' || name === 'undo' ? BLOCKS : ROWS;
    tables.set(name, diskTable({ name, database, codec: codecs(name), keys, cached }));
  }
  const rowOf = (name: string): NameRow | undefined => tables.get('names')?.get(name) as NameRow | undefined;
  const keyOf: Readonly<Record<string, (member: string) => string | undefined>> = {
    byNameHash: nameHash128,
    byOwner: (name) => rowOf(name)?.owner,
    byPreorderHash: (name) => rowOf(name)?.preorderHash,
    heldBy: (place) => find(place)?.['sender'] as string | undefined,
  };
  for (const [name, [keys, members]] of Object.entries(indexKeys))
    indexes.set(name, diskIndex({ name, database, keys, members, cached: ROWS, keyOf: keyOf[name] }));
  const all: readonly Pending[] = [...tables.values(), ...indexes.values()];
  const known = <T>(part: T | undefined): T => {
    if (!part) throw new TypeError('a store has no such table');
    return part;
  };
  const waiting = (): number => all.reduce((sum, part) => sum + part.waiting, 0);
  return {
    table: <K extends string | number, V>(name: string): Table<K, V> => known(tables.get(name)) as unknown as Table<K, V>,
    index: (name) => known(indexes.get(name)),
    namesIn: (namespace) => known(tables.get('names')).keysWith(fromUtf8(`${namespace}.`)) as Iterable<string>,
    waiting,
    commit: () => {
      if (waiting() === 0) return;
      database.write((writer) => {
        for (const part of all) part.flush(writer);
        shapes.flush(writer);
      });
      for (const part of [...all, shapes]) part.settle();
    },
    rollback: () => {
      for (const part of all) part.forget();
    },
    clear: () => {
      for (const part of all) part.forget();
      database.clear([...tables.keys(), ...indexes.keys()]);
    },
    close: () => database.close(),
  };
}

/** How each table's rows are written, which hangs on rows of others. */
function codecsOf(tables: ReadonlyMap<string, DiskTable>, shapes: Shapes): { codecs(table: string): RowCodec; find: FindRecord } {
  const memo = memoOf();
  const packed = packer(shapes, memo.addressOf);
  const sources = { ...memo, consensusHashAt: (height: number) => tables.get('consensusHashes')?.get(height) as string | undefined };
  const linksAt = (height: number): readonly string[] | undefined => tables.get('links')?.get(height) as readonly string[] | undefined;
  const find: FindRecord = (place) => {
    const [height, index] = [Number.parseInt(place.slice(0, 6), 16), Number.parseInt(place.slice(6), 16)];
    const held = tables.get('operations')?.held(height) as readonly OperationRecord[] | undefined;
    if (held) return held.find(({ vtxindex }) => vtxindex === index);
    const bytes = tables.get('operations')?.bytes(height);
    return bytes && operations.one(bytes, height, index);
  };
  const operations = operationsCodec(recordCodec(packed, shapes, sources), find, linksAt);
  const codecs: Readonly<Record<string, RowCodec>> = {
    operations,
    links: linksCodec,
    names: namesCodec(find),
    undo: undoCodec(packed, find),
    transactions: statusCodec(packed),
    zoneFiles: zoneFileCodec,
  };
  return { codecs: (table) => codecs[table] ?? packed, find };
}

/** Refuses a database of another network or format; signs a new one. */
function checkMeta(database: Database, directory: string, network: Network): void {
  const wanted = { format: String(FORMAT), network: fingerprint(network) };
  for (const [field, value] of Object.entries(wanted)) {
    const held = database.get(META, fromUtf8(field));
    if (!held)
      database.write((writer) => {
        writer.put(META, fromUtf8(field), fromUtf8(value), false);
      });
    else if (toHex(held) !== toHex(fromUtf8(value))) {
      if (field === 'network')
        throw new NamesteadError('NetworkMismatch', `the store in ${directory} is of another network than ${network.name}: give each network a directory`);
      throw new NamesteadError('StoreCorrupt', `the store in ${directory} has another format: remove the folder, and it is made anew from the chain`);
    }
  }
}

/** Everything of a network that the fold hangs on. */
function fingerprint({
  name,
  magic,
  firstBlock,
  epochs,
  genesisConsensusHashes,
  receiveFeesPeriod,
  genesisBalances,
  vesting = {},
  filterable = false,
  bitcoin,
}: Network): string {
  const rules = {
    name,
    magic,
    firstBlock,
    epochs,
    genesisConsensusHashes,
    receiveFeesPeriod,
    genesisBalances,
    vesting,
    filterable,
    bitcoin: bitcoin.genesisHash,
  };
  return toHex(sha256(fromUtf8(JSON.stringify(rules, (_, value: unknown) => (value === Infinity ? 'Infinity' : value)))));
}

function shapesIn(
  database: Database,
): Shapes & { flush(writer: { put: (table: string, key: Uint8Array, value: Uint8Array, last: boolean) => void }): void; settle(): void } {
  const lists: (readonly string[])[] = [];
  const numbers = new Map<string, number>();
  const keyOf = (number: number): Uint8Array => fromUtf8(`shape ${number}`);
  const learn = (fields: readonly string[]): number => {
    const number = lists.push(fields) - 1;
    numbers.set(fields.join(), number);
    return number;
  };
  for (let held = database.get(META, keyOf(0)); held; held = database.get(META, keyOf(lists.length))) {
    const text = new TextDecoder().decode(held);
    learn(text === '' ? [] : text.split(','));
  }
  let written = lists.length;
  return {
    at: (number) => lists[number],
    numberOf: (fields) => numbers.get(fields.join()) ?? learn(fields),
    flush: (writer) => {
      for (let number = written; number < lists.length; number++) writer.put(META, keyOf(number), fromUtf8((lists[number] ?? []).join()), false);
    },
    settle: () => {
      written = lists.length;
    },
  };
}
