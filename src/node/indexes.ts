import { isHex, toHex } from '../lib/bytes.js';
import { historyOf, namesOf, type BlockResult, type HistoryEntry, type OperationRecord, type State } from '../names/bitcoin/rules.js';
import { scriptOfAddress } from '../names/bitcoin/script.js';
import { operationAt, placeOf } from '../names/bitcoin/state.js';
import type { Table } from '../names/bitcoin/table.js';
import { enter, put } from '../names/bitcoin/undo.js';
import type { ZoneFileRow } from '../zones/peer.js';
import { accountsOf, type Accounts } from './accounts.js';

/** What a node keeps of a block beside what the rules keep. */
export interface BlockRow {
  readonly hash: string;
  readonly time: number;
  readonly operationsHash: string;
}

export interface TransactionStatus {
  readonly status: 'accepted' | 'rejected';
  readonly height: number;
  readonly index: number;
  readonly opcode: string;
  /** Why it was rejected, in words. */
  readonly reason?: string;
}

/** Questions that the state alone answers only by searching. */
export interface Lookups extends Accounts {
  /** Oldest first, the preorder before its registration; empty when unknown. */
  nameHistory(name: string): readonly HistoryEntry[];
  namespaceHistory(id: string): readonly HistoryEntry[];
  /** Every name there ever was, in no order; of one namespace, or of all. */
  names(namespace?: string): Iterable<string>;
  /** Names an address holds, revoked and expired ones left out. */
  namesOf(address: string): readonly string[];
  /** Every operation that gave a name to an address or left it there, oldest first. */
  heldBy(address: string): readonly HistoryEntry[];
  namespaces(): readonly string[];
  heightOfConsensus(consensusHash: string): number | null;
  transaction(txid: string): TransactionStatus | null;
  /** Hashes of announced zone files in chain order: the place in the list is the bit of the inventory. */
  zoneFileHashes(): readonly string[];
  zoneFileRow(bit: number): ZoneFileRow | null;
  /** The inventory bits of a zone file; empty when no transaction announced it. */
  bitsOf(zoneFileHash: string): readonly number[];
  /** Names first given to an address, in chain order: what DIDs count. */
  firstNamesOf(address: string): readonly string[];
}

export interface Indexes extends Lookups {
  readonly blocks: Table<number, BlockRow>;
  /** Takes in a block that is being applied. */
  add(result: BlockResult, block: Pick<BlockRow, 'hash' | 'time'>): void;
  /** After a block was undone. */
  undone(): void;
}

type StatusRow = readonly [height: number, index: number, opcode?: string, reason?: string];

const SETS_ZONE_FILE: ReadonlySet<unknown> = /* @__PURE__ */ new Set(['NAME_REGISTRATION', 'NAME_RENEWAL', 'NAME_UPDATE', 'NAME_IMPORT']);
const CREATES: ReadonlySet<unknown> = /* @__PURE__ */ new Set(['NAME_REGISTRATION', 'NAME_IMPORT']);

/** The indexes that stand in the state's tables, so that they are stored and undone with it. */
export function indexesOf(state: State): Indexes {
  const { tables } = state;
  const blocks = tables.table<number, BlockRow>('blocks');
  const statuses = tables.table<string, StatusRow>('transactions');
  const heights = tables.table<string, number>('heightsByConsensusHash');
  const zoneFiles = tables.table<number, ZoneFileRow>('zoneFiles');
  const namespaceHistories = tables.index('namespaceHistories');
  const inNamespace = tables.index('inNamespace');
  const heldBy = tables.index('heldBy');
  const bits = tables.index('bits');
  const accounts = accountsOf(state);
  const hashes: string[] = [];
  const learnHashes = (): void => {
    for (let row = zoneFiles.get(hashes.length); row; row = zoneFiles.get(hashes.length)) hashes.push(row.hash);
  };
  learnHashes();

  const addName = (name: string, place: string, height: number, record: OperationRecord): void => {
    if (isNew(state, name, place, record)) enter(state, inNamespace, name.slice(name.indexOf('.') + 1), name);
    enter(state, heldBy, String(record['sender']), place);
    const { value_hash: hash, txid } = record;
    if (!SETS_ZONE_FILE.has(record.opcode) || !isHex(hash, 20)) return;
    const bit = hashes.push(hash) - 1;
    put(state, zoneFiles, bit, { name, hash, height, txid, invIndex: bit + 1 });
    enter(state, bits, hash, numberText(bit));
  };

  const at = (places: Iterable<string>): HistoryEntry[] => [...places].sort().flatMap((place) => operationAt(state, place) ?? []);
  const heldByAddress = (address: string): readonly HistoryEntry[] => at(heldBy.members(scriptText(address)));

  return {
    blocks,
    ...accounts,
    add: (result, { hash, time }) => {
      const { height, operationsHash, consensusHash, verdicts, operations } = result;
      put(state, blocks, height, { hash, time, operationsHash });
      put(state, heights, consensusHash, height);
      for (const { txid, status, index, opcode, reason } of verdicts)
        put(state, statuses, txid, status === 'accepted' ? [height, index] : [height, index, opcode, reason ?? '']);
      for (const record of operations) {
        const place = placeOf({ height, index: record.vtxindex });
        const { name, namespace_id: id } = record;
        if (typeof name === 'string') addName(name, place, height, record);
        else if (typeof id === 'string') enter(state, namespaceHistories, id, place);
      }
      accounts.addBlock(result);
    },
    undone: () => {
      while (hashes.length > 0 && !zoneFiles.get(hashes.length - 1)) hashes.pop();
      learnHashes();
    },
    nameHistory: (name) => historyOf(state, name),
    namespaceHistory: (id) => at(namespaceHistories.members(id)),
    names: (namespace) => (namespace === undefined ? state.names.keys() : inNamespace.members(namespace)),
    namesOf: (address) => namesOf(state, scriptText(address)).filter((name) => state.names.get(name)?.ownerAddress === address),
    heldBy: heldByAddress,
    namespaces: () => [...state.namespaces.keys()].sort(),
    heightOfConsensus: (hash) => heights.get(hash) ?? null,
    transaction: (txid) => {
      const row = statuses.get(txid);
      return row ? statusOf(state, row) : null;
    },
    zoneFileHashes: () => hashes,
    zoneFileRow: (bit) => zoneFiles.get(bit) ?? null,
    bitsOf: (hash) => [...bits.members(hash)].sort().map((bit) => Number.parseInt(bit, 16)),
    firstNamesOf: (address) => {
      const created = heldByAddress(address).filter(({ record }) => CREATES.has(record.opcode));
      return [...new Set(created.map(({ record }) => String(record['name'])))];
    },
  };
}

/** Whether an operation made a name that never was: then nothing but its own preorder stands before it. */
function isNew(state: State, name: string, place: string, { opcode }: OperationRecord): boolean {
  if (!CREATES.has(opcode)) return false;
  const before = [...state.histories.members(name)].filter((other) => other < place);
  return before.length === (opcode === 'NAME_REGISTRATION' ? 1 : 0);
}

function statusOf(state: State, [height, index, opcode, reason]: StatusRow): TransactionStatus {
  if (opcode !== undefined) return { status: 'rejected', height, index, opcode, ...(reason === undefined ? {} : { reason }) };
  return { status: 'accepted', height, index, opcode: operationAt(state, placeOf({ height, index }))?.record.opcode ?? '' };
}

/** The script of an address that BNS writes, hex; what is no address has none, and owns nothing. */
function scriptText(address: string): string {
  try {
    return toHex(scriptOfAddress(address));
  } catch {
    return '';
  }
}

function numberText(value: number): string {
  return value.toString(16).padStart(8, '0');
}
