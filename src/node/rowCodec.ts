import { concat } from '../lib/bytes.js';
import { NamesteadError } from '../lib/errors.js';
import type { OperationRecord } from '../names/bitcoin/operationRecord.js';
import type { NameRow } from '../names/bitcoin/row.js';
import type { Change } from '../names/bitcoin/undo.js';
import type { Packer } from './pack.js';

/** How the rows of a table are written. */
export interface RowCodec {
  pack(value: unknown): Uint8Array;
  unpack(bytes: Uint8Array): unknown;
}

/** A block's operations, each behind its place and length, so that one can be read without the others. */
export function operationsCodec({ pack, unpack }: Packer): RowCodec & { one(bytes: Uint8Array, index: number): OperationRecord | undefined } {
  const HEAD = 6;
  const walk = function* (bytes: Uint8Array): Generator<readonly [index: number, body: Uint8Array]> {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = 0; at + HEAD <= bytes.length;) {
      const end = at + HEAD + view.getUint16(at + 4);
      yield [view.getUint32(at), bytes.subarray(at + HEAD, end)];
      at = end;
    }
  };
  return {
    pack: (value) =>
      concat(
        ...(value as readonly OperationRecord[]).flatMap((record) => {
          const body = pack(record);
          const head = new DataView(new ArrayBuffer(HEAD));
          head.setUint32(0, record.vtxindex);
          head.setUint16(4, body.length);
          return [new Uint8Array(head.buffer), body];
        }),
      ),
    unpack: (bytes) => Array.from(walk(bytes), ([, body]) => unpack(body)),
    one: (bytes, wanted) => {
      for (const [index, body] of walk(bytes)) if (index === wanted) return unpack(body) as OperationRecord;
      return undefined;
    },
  };
}

type FindRecord = (height: number, index: number) => OperationRecord | undefined;

/** A name stands on disk as the place of its last operation, whose record holds the rest. */
export function namesCodec({ pack, unpack }: Packer, find: FindRecord): RowCodec {
  return { pack: (row) => pack(shorten(row as NameRow)), unpack: (bytes) => lengthen(unpack(bytes) as ShortRow, find) };
}

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
  const record = find(height, index);
  if (!record)
    throw new NamesteadError('StoreCorrupt', `the node's store has no operation ${index} in block ${height}: remove its directory, and it is made anew`);
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
