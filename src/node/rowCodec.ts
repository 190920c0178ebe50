import { reader, toHex, type ByteReader } from '../lib/bytes.js';
import type { OperationRecord } from '../names/bitcoin/operationRecord.js';
import type { NameRow } from '../names/bitcoin/row.js';
import { placeOf } from '../names/bitcoin/state.js';
import type { Change } from '../names/bitcoin/undo.js';
import { corrupt, readRow, readVarint, type Packer } from './pack.js';
import type { recordCodec } from './recordCodec.js';
import { rowWriter } from './rowWriter.js';

type Key = string | number;

/** How the rows of a table are written. */
export interface RowCodec {
  pack(value: unknown, key: Key): Uint8Array;
  unpack(bytes: Uint8Array, key: Key): unknown;
}

/** The operation at a place; undefined where none is. */
export type FindRecord = (place: string) => OperationRecord | undefined;
/** The places that led to the operations of a block; see `State.links`. */
export type FindLinks = (height: number) => readonly string[] | undefined;

/** A block's operations, each behind its index and length, so that one can be read without the others. */
export function operationsCodec(
  records: ReturnType<typeof recordCodec>,
  find: FindRecord,
  linksAt: FindLinks,
): RowCodec & { one(bytes: Uint8Array, height: number, index: number): OperationRecord | undefined } {
  const scratch = rowWriter();
  /** A registration's preorder is the last that led to it. */
  const placed = (height: number, link: string | undefined): Parameters<typeof records.read>[1] => {
    const preorder = link ? find(link.slice(-12)) : undefined;
    return { height, preorder: preorder?.opcode === 'NAME_PREORDER' ? preorder : undefined };
  };
  const walk = function* (from: ByteReader): Generator<readonly [index: number, body: Uint8Array, at: number]> {
    for (let at = 0; from.left > 0; at++) {
      const index = readVarint(from);
      yield [index, from.take(readVarint(from)), at];
    }
  };
  return {
    pack: (value, key) => {
      const height = Number(key);
      const links = linksAt(height);
      (value as readonly OperationRecord[]).forEach((record, at) => {
        const from = scratch.size;
        records.write(scratch, record, placed(height, links?.[at]));
        const body = scratch.cut(from);
        scratch.varint(record.vtxindex);
        scratch.varint(body.length);
        scratch.add(body);
      });
      return scratch.cut(0);
    },
    unpack: (bytes, key) => {
      const [height, links] = [Number(key), linksAt(Number(key))];
      return readRow(bytes, (from) => Array.from(walk(from), ([, body, at]) => readRow(body, (part) => records.read(part, placed(height, links?.[at])))));
    },
    one: (bytes, height, wanted) => {
      for (const [index, body, at] of walk(reader(bytes, 'a row')))
        if (index === wanted) return readRow(body, (part) => records.read(part, placed(height, linksAt(height)?.[at])));
      return undefined;
    },
  };
}

/** Places as how far they lie back. */
export const linksCodec: RowCodec = {
  pack: (value, key) => {
    const out = rowWriter();
    for (const link of value as readonly string[]) {
      out.varint(link.length / 12);
      for (let at = 0; at < link.length; at += 12) {
        out.varint(Number(key) - Number.parseInt(link.slice(at, at + 6), 16));
        out.varint(Number.parseInt(link.slice(at + 6, at + 12), 16));
      }
    }
    return out.cut(0);
  },
  unpack: (bytes, key) =>
    readRow(bytes, (from) => {
      const links: string[] = [];
      while (from.left > 0) {
        let link = '';
        for (let count = readVarint(from); count > 0; count--) {
          const height = Number(key) - readVarint(from);
          link += placeOf({ height, index: readVarint(from) });
        }
        links.push(link);
      }
      return links;
    }),
};

/** A name stands on disk as the place of its last operation, whose record holds the rest. */
export function namesCodec(find: FindRecord): RowCodec {
  return {
    pack: (value) => {
      const { height, index, updateConsensusHash } = value as NameRow;
      const out = rowWriter();
      out.varint(height);
      out.varint(index);
      out.hex(updateConsensusHash ?? '');
      return out.cut(0);
    },
    unpack: (bytes) =>
      readRow(bytes, (from) => {
        const [height, index] = [readVarint(from), readVarint(from)];
        return lengthen([height, index, from.left > 0 ? toHex(from.take(16)) : null], find);
      }),
  };
}

/** What became of a transaction: what was accepted is a place alone. */
export function statusCodec({ pack, unpack }: Packer): RowCodec {
  return {
    pack: (value) => {
      const [height, index, ...words] = value as readonly [number, number, ...string[]];
      const out = rowWriter();
      out.varint(height);
      out.varint(index);
      if (words.length > 0) out.add(pack(words));
      return out.cut(0);
    },
    unpack: (bytes) =>
      readRow(bytes, (from) => {
        const place = [readVarint(from), readVarint(from)];
        return from.left > 0 ? [...place, ...(unpack(from.take(from.left)) as readonly string[])] : place;
      }),
  };
}

/** An announced zone file: its hash and where it was announced. */
export const zoneFileCodec: RowCodec = {
  pack: (value) => {
    const [hash, height, index] = value as readonly [string, number, number];
    const out = rowWriter();
    out.hex(hash);
    out.varint(height);
    out.varint(index);
    return out.cut(0);
  },
  unpack: (bytes) => readRow(bytes, (from) => [toHex(from.take(20)), readVarint(from), readVarint(from)]),
};

/** Undo pages, in which names stand as they do in their table. */
export function undoCodec({ pack, unpack }: Packer, find: FindRecord): RowCodec {
  const map = (page: readonly Change[], change: (row: never) => unknown): Change[] =>
    page.map((one) => ('table' in one && one.table === 'names' && one.before !== undefined ? { ...one, before: change(one.before as never) } : one));
  return {
    pack: (page) => pack(map(page as readonly Change[], shorten)),
    unpack: (bytes) => map(unpack(bytes) as readonly Change[], (row) => lengthen(row, find)),
  };
}

type ShortRow = readonly [height: number, index: number, updateConsensusHash: string | null];

function shorten({ height, index, updateConsensusHash }: NameRow): ShortRow {
  return [height, index, updateConsensusHash];
}

function lengthen([height, index, updateConsensusHash]: ShortRow, find: FindRecord): NameRow {
  const record = find(placeOf({ height, index }));
  if (!record) throw corrupt(`no operation ${index} in block ${height}, which a name hangs on`);
  return rowOf(record, height, updateConsensusHash);
}

/** What `nameRecord` was made from. */
function rowOf(record: OperationRecord, height: number, updateConsensusHash: string | null): NameRow {
  const text = (field: string): string => record[field] as string;
  const count = (field: string): number => record[field] as number;
  const name = text('name');
  return {
    name,
    namespace: name.slice(name.indexOf('.') + 1),
    valueHash: record['value_hash'] as string | null,
    owner: text('sender'),
    ownerAddress: text('address'),
    senderKey: record['sender_pubkey'] as string | null,
    blockNumber: count('block_number'),
    preorderHeight: count('preorder_block_number'),
    preorderHash: text('preorder_hash'),
    firstRegistered: count('first_registered'),
    lastRenewed: count('last_renewed'),
    revoked: record['revoked'] === true,
    fee: count('op_fee'),
    tokenFee: text('token_fee'),
    importer: record['importer'] === null ? null : { script: text('importer'), address: text('importer_address') },
    namespaceHeight: count('namespace_block_number'),
    consensusHash: record['consensus_hash'] as string | null,
    updateConsensusHash,
    height,
    index: record.vtxindex,
  };
}
