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
  /** Every operation that gave a name to an address, oldest first. */
  heldBy(address: string): readonly HistoryEntry[];
  namespaces(): readonly string[];
  heightOfConsensus(consensusHash: string): number | null;
  transaction(txid: string): TransactionStatus | null;
  /** Hashes of announced zone files in chain order: the place in the list is the bit of the inventory. */
  zoneFileHashes(): readonly string[];
  zoneFileRow(bit: number): ZoneFileRow | null;
  zoneFileHeight(bit: number): number | null;
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

type AnnouncedRow = readonly [hash: string, height: number, index: number];
type StatusRow = readonly [height: number, index: number, opcode?: string, reason?: string];

/** Hex digits that are kept of a txid: enough to find one among millions, and what is found is held against the whole. */
const SHORT_TXID = 16;
/** The same for zone file hashes. */
const SHORT_HASH = 16;
const SETS_ZONE_FILE: ReadonlySet<unknown> = /* @__PURE__ */ new Set(['NAME_REGISTRATION', 'NAME_RENEWAL', 'NAME_UPDATE', 'NAME_IMPORT']);
/** What may give a name that exists to another. */
const MOVES: ReadonlySet<unknown> = /* @__PURE__ */ new Set(['NAME_TRANSFER', 'NAME_RENEWAL']);
const CREATES: ReadonlySet<unknown> = /* @__PURE__ */ new Set(['NAME_REGISTRATION', 'NAME_IMPORT']);

/** The indexes that stand in the state's tables, so that they are stored and undone with it. */
export function indexesOf(state: State, namesIn: (namespace: string) => Iterable<string>): Indexes {
  const { tables } = state;
  const blocks = tables.table<number, BlockRow>('blocks');
  const statuses = tables.table<string, StatusRow>('transactions');
  const heights = tables.table<string, number>('heightsByConsensusHash');
  const zoneFiles = tables.table<number, AnnouncedRow>('zoneFiles');
  const namespaceHistories = tables.index('namespaceHistories');
  const heldBy = tables.index('heldBy');
  const bits = tables.index('bits');
  const accounts = accountsOf(state);
  const hashes: string[] = [];
  const learnHashes = (): void => {
    for (let row = zoneFiles.get(hashes.length); row; row = zoneFiles.get(hashes.length)) hashes.push(row[0]);
  };
  learnHashes();

  const addName = (place: string, height: number, record: OperationRecord): void => {
    if (CREATES.has(record.opcode) || MOVES.has(record.opcode)) enter(state, heldBy, String(record['sender']), place);
    const { value_hash: hash } = record;
    if (!SETS_ZONE_FILE.has(record.opcode) || !isHex(hash, 20)) return;
    const bit = hashes.push(hash) - 1;
    put(state, zoneFiles, bit, [hash, height, record.vtxindex]);
    enter(state, bits, hash.slice(0, SHORT_HASH), numberText(bit));
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
        put(state, statuses, txid.slice(0, SHORT_TXID), statusRow(height, index, opcode, status === 'accepted' ? undefined : (reason ?? '')));
      for (const record of operations) {
        const place = placeOf({ height, index: record.vtxindex });
        const { name, namespace_id: id } = record;
        if (typeof name === 'string') addName(place, height, record);
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
    names: (namespace) => (namespace === undefined ? state.names.keys() : namesIn(namespace)),
    namesOf: (address) => namesOf(state, scriptText(address)).filter((name) => state.names.get(name)?.ownerAddress === address),
    heldBy: heldByAddress,
    namespaces: () => [...state.namespaces.keys()].sort(),
    heightOfConsensus: (hash) => heights.get(hash) ?? null,
    transaction: (txid) => {
      const row = statuses.get(txid.slice(0, SHORT_TXID));
      return row ? statusOf(state, row, txid) : null;
    },
    zoneFileHashes: () => hashes,
    zoneFileRow: (bit) => {
      const row = zoneFiles.get(bit);
      const announced = row && operationAt(state, placeOf({ height: row[1], index: row[2] }));
      if (!announced) return null;
      const { name, txid } = announced.record;
      return { name: String(name), hash: row[0], height: row[1], txid, invIndex: bit + 1 };
    },
    zoneFileHeight: (bit) => zoneFiles.get(bit)?.[1] ?? null,
    bitsOf: (hash) =>
      [...bits.members(hash.slice(0, SHORT_HASH))]
        .sort()
        .map((bit) => Number.parseInt(bit, 16))
        .filter((bit) => hashes[bit] === hash),
    firstNamesOf: (address) => {
      const created = heldByAddress(address).filter(({ record }) => CREATES.has(record.opcode));
      return [...new Set(created.map(({ record }) => String(record['name'])))];
    },
  };
}

/** What was accepted stands among the operations, except announcements. */
function statusRow(height: number, index: number, opcode: string, reason: string | undefined): StatusRow {
  if (reason !== undefined) return [height, index, opcode, reason];
  return opcode === 'ANNOUNCE' ? [height, index, opcode] : [height, index];
}

function statusOf(state: State, [height, index, opcode, reason]: StatusRow, txid: string): TransactionStatus | null {
  if (opcode !== undefined) return reason === undefined ? { status: 'accepted', height, index, opcode } : { status: 'rejected', height, index, opcode, reason };
  const record = operationAt(state, placeOf({ height, index }))?.record;
  return record?.txid === txid ? { status: 'accepted', height, index, opcode: record.opcode } : null;
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
