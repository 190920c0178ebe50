import type { ByteReader } from '../lib/bytes.js';
import { nameConsensusHash, nameHash128 } from '../names/bitcoin/commitment.js';
import type { OperationRecord } from '../names/bitcoin/operationRecord.js';
import { BURN_ADDRESS } from '../names/bitcoin/price.js';
import { FRESHNESS_WINDOW } from '../names/bitcoin/rule.js';
import { corrupt, readVarint, type Packer, type Shapes } from './pack.js';
import type { RowWriter } from './rowWriter.js';

type Value = OperationRecord[string] | undefined;

/** What a record follows from. All of it lasts as long as the record does: pure functions, earlier operations, earlier consensus hashes. */
export interface Sources {
  addressOf(script: string): string | null;
  hash160Of(key: string): string;
  consensusHashAt(height: number): string | undefined;
}

interface Place {
  readonly height: number;
  /** What a registration used up. */
  readonly preorder: OperationRecord | undefined;
}

type Guess = (known: Readonly<Record<string, Value>>, place: Place, sources: Sources) => Value;

const text = (value: Value): string => (typeof value === 'string' ? value : '');
const address = (script: Value, { addressOf }: Sources): Value => (typeof script === 'string' ? (addressOf(script) ?? undefined) : null);

/** What fields mostly are, given those guessed before: where it holds a bit says so and nothing else is stored. */
const guesses: Readonly<Record<string, Guess>> = {
  sender_pubkey: (_, { preorder }) => preorder?.['sender_pubkey'],
  sender: ({ sender_pubkey: key }, _, { hash160Of }) => (typeof key === 'string' ? `76a914${hash160Of(key)}88ac` : undefined),
  address: ({ sender }, _, sources) => address(sender, sources),
  importer: () => null,
  importer_address: ({ importer }, _, sources) => address(importer, sources),
  preorder_hash: (_, { preorder }) => preorder?.['preorder_hash'],
  preorder_block_number: (_, { preorder }) => preorder?.['block_number'],
  block_number: (_, { height, preorder }) => preorder?.['block_number'] ?? height,
  first_registered: (_, { height }) => height,
  last_renewed: (_, { height }) => height,
  revoked: () => false,
  op_fee: (_, { preorder }) => preorder?.['op_fee'],
  token_fee: (_, { preorder }) => preorder?.['token_fee'] ?? '0',
  burn_address: () => BURN_ADDRESS,
  token_units: () => 'BTC',
  last_creation_op: ({ importer }) => (typeof importer === 'string' ? ';' : '?'),
  name_hash128: ({ name }) => nameHash128(text(name)),
  namespace_id: ({ name }) => (typeof name === 'string' ? name.slice(name.indexOf('.') + 1) : undefined),
  name_consensus_hash: ({ name, consensus_hash: hash }) => (typeof name === 'string' && typeof hash === 'string' ? nameConsensusHash(name, hash) : undefined),
  consensus_hash: (_, { preorder }) => (preorder ? null : undefined),
};

/** Records as the fields that do not follow from others. Field names are written once in a store; a consensus hash of the window is its distance. */
export function recordCodec({ write, read }: Packer, shapes: Shapes, sources: Sources) {
  const orders = new Map<number, readonly string[]>();
  /** A sender follows from its key, which stands behind it. */
  const orderOf = (shape: number): readonly string[] => {
    const known = orders.get(shape);
    if (known) return known;
    const fields = shapes.at(shape);
    if (!fields) throw corrupt('a shape nobody wrote');
    const order = fields.includes('sender_pubkey') ? ['sender_pubkey', ...fields.filter((field) => field !== 'sender_pubkey')] : fields;
    orders.set(shape, order);
    return order;
  };
  const distanceOf = (hash: string, height: number): number | undefined => {
    for (let back = 1; back <= FRESHNESS_WINDOW; back++) if (sources.consensusHashAt(height - back) === hash) return back;
    return undefined;
  };
  return {
    write: (out: RowWriter, record: OperationRecord, place: Place): void => {
      const shape = shapes.numberOf(Object.keys(record));
      const order = orderOf(shape);
      const told = order.filter((field) => !Object.is(guesses[field]?.(record, place, sources), record[field]));
      out.varint(shape);
      for (let at = 0; at < order.length; at += 8) out.byte(bitsOf(order.slice(at, at + 8), told));
      for (const field of told) {
        const value = record[field];
        write(out, (field === 'consensus_hash' && typeof value === 'string' ? distanceOf(value, place.height) : undefined) ?? value);
      }
    },
    read: (from: ByteReader, place: Place): OperationRecord => {
      const shape = readVarint(from);
      const order = orderOf(shape);
      const bits = from.take(Math.ceil(order.length / 8));
      const known: Record<string, Value> = {};
      order.forEach((field, at) => {
        const isTold = (((bits[at >> 3] ?? 0) >> (at & 7)) & 1) === 1;
        if (!isTold) known[field] = guesses[field]?.(known, place, sources);
        else {
          const value = read(from) as Value;
          known[field] = field === 'consensus_hash' && typeof value === 'number' ? sources.consensusHashAt(place.height - value) : value;
        }
        if (known[field] === undefined) throw corrupt(`an operation whose ${field} follows from nothing`);
      });
      return Object.fromEntries((shapes.at(shape) ?? []).map((field) => [field, known[field]])) as unknown as OperationRecord;
    },
  };
}

/** A bit for each field that is told, the lowest first. */
function bitsOf(fields: readonly string[], told: readonly string[]): number {
  return fields.reduce((bits, field, at) => bits | (told.includes(field) ? 1 << at : 0), 0);
}
