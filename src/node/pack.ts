import { toHex, fromUtf8, toUtf8Strict, reader, type ByteReader } from '../lib/bytes.js';
import { NamesteadError } from '../lib/errors.js';
import { BURN_ADDRESS } from '../names/bitcoin/price.js';
import { rowWriter, type RowWriter } from './rowWriter.js';

/** What a row may be made of. */
type Packable = undefined | null | boolean | number | string | bigint | readonly Packable[] | { readonly [field: string]: Packable };

/** Turns rows into bytes and back. Field names are written once in a store, as shapes; hex takes half its length, and an address behind its script one byte. */
export interface Packer {
  pack(value: unknown): Uint8Array;
  /** @throws NamesteadError `StoreCorrupt` */
  unpack(bytes: Uint8Array): unknown;
  /** The same as a part of a longer row. */
  write(out: RowWriter, value: unknown): void;
  read(from: ByteReader): unknown;
}

/** Lists of field names by number; numbers are given out in order and never again. */
export interface Shapes {
  at(number: number): readonly string[] | undefined;
  numberOf(fields: readonly string[]): number;
}

const tag = {
  undefined: 0,
  null: 1,
  false: 2,
  true: 3,
  count: 4,
  float: 5,
  bigint: 6,
  text: 7,
  hex: 8,
  array: 9,
  object: 10,
  p2pkh: 11,
  p2sh: 12,
  address: 13,
} as const;
/** Texts that stand in many rows, each with a tag of its own from here on. New ones go to the end: a store holds their places. */
const WORD = 32;
const words = [
  ...['NAME_PREORDER', 'NAME_REGISTRATION', 'NAME_RENEWAL', 'NAME_UPDATE', 'NAME_TRANSFER', 'NAME_REVOKE', 'NAME_IMPORT', 'NAMESPACE_PREORDER'],
  ...['NAMESPACE_REVEAL', 'NAMESPACE_READY', 'TOKEN_TRANSFER', '?', ':', '::', '+', '>>', '>~', '~', ';', '*', '&', '!', '$', '0', 'BTC', 'STACKS'],
  ...['names', 'namespaces', 'preorders', 'accounts', 'byNameHash', 'byOwner', 'byPreorderHash', 'links', 'transactions', 'zoneFiles'],
  ...['heldBy', 'bits', BURN_ADDRESS],
];
/** Lengths of hashes and keys, each with a tag of its own from here on. */
const lengths = [16, 20, 32, 33, 65] as const;
const HASH = 16;
const HEX = /^(?:[0-9a-f]{2}){8,}$/;
/** Tags from here on are small numbers. */
const SMALL = 128;

export function packer(shapes: Shapes, addressOf: (script: string) => string | null): Packer {
  /** The last script packed or unpacked in this value: records name it and its address next to each other. */
  let script = '';
  const numberOfWord = new Map(words.map((word, at) => [word, at]));
  const scratch = rowWriter();

  const writeText = (out: RowWriter, text: string): void => {
    const word = numberOfWord.get(text);
    if (word !== undefined) out.byte(WORD + word);
    else if (script !== '' && text.startsWith('1') === script.startsWith('7') && addressOf(script) === text) out.byte(tag.address);
    else if (HEX.test(text)) writeHex(out, text);
    else {
      const bytes = fromUtf8(text);
      out.byte(tag.text);
      out.varint(bytes.length);
      out.add(bytes);
    }
  };
  const writeHex = (out: RowWriter, text: string): void => {
    if (text.length === 50 && text.startsWith('76a914') && text.endsWith('88ac')) return void writeScript(out, tag.p2pkh, text, text.slice(6, 46));
    if (text.length === 46 && text.startsWith('a914') && text.endsWith('87')) return void writeScript(out, tag.p2sh, text, text.slice(4, 44));
    const known = lengths.indexOf((text.length / 2) as (typeof lengths)[number]);
    out.byte(known < 0 ? tag.hex : HASH + known);
    if (known < 0) out.varint(text.length / 2);
    out.hex(text);
  };
  const writeScript = (out: RowWriter, kind: number, text: string, hash: string): void => {
    script = text;
    out.byte(kind);
    out.hex(hash);
  };
  const writeNumber = (out: RowWriter, value: number): void => {
    if (!Number.isSafeInteger(value) || value < 0 || Object.is(value, -0)) {
      const bytes = new Uint8Array(9);
      bytes[0] = tag.float;
      new DataView(bytes.buffer).setFloat64(1, value);
      out.add(bytes);
    } else if (value < 256 - SMALL) out.byte(SMALL + value);
    else {
      out.byte(tag.count);
      out.varint(value);
    }
  };
  const writeBigint = (out: RowWriter, value: bigint): void => {
    const digits = value.toString(16);
    out.byte(tag.bigint);
    out.varint(Math.ceil(digits.length / 2));
    out.hex(digits.length % 2 === 0 ? digits : `0${digits}`);
  };
  const write = (out: RowWriter, value: Packable): void => {
    if (value === undefined || value === null || typeof value === 'boolean') return void out.byte(tag[String(value) as 'null']);
    if (typeof value === 'number') return void writeNumber(out, value);
    if (typeof value === 'string') return void writeText(out, value);
    if (typeof value === 'bigint') return void writeBigint(out, value);
    const isArray = isList(value);
    out.byte(isArray ? tag.array : tag.object);
    out.varint(isArray ? value.length : shapes.numberOf(Object.keys(value)));
    for (const part of isArray ? value : Object.values(value)) write(out, part);
  };

  const readScript = (from: ByteReader, before: string, behind: string): string => {
    script = before + toHex(from.take(20)) + behind;
    return script;
  };
  const readObject = (from: ByteReader): Packable => {
    const fields = shapes.at(readVarint(from));
    if (!fields) throw corrupt('a shape nobody wrote');
    return Object.fromEntries(fields.map((field) => [field, read(from)]));
  };
  const read = (from: ByteReader): Packable => {
    const kind = from.u8();
    if (kind >= SMALL) return kind - SMALL;
    const word = words[kind - WORD];
    if (word !== undefined) return word;
    if (kind >= HASH && kind < HASH + lengths.length) return toHex(from.take(lengths[kind - HASH] ?? 0));
    switch (kind) {
      case tag.undefined:
        return undefined;
      case tag.null:
        return null;
      case tag.false:
      case tag.true:
        return kind === tag.true;
      case tag.count:
        return readVarint(from);
      case tag.float:
        return new DataView(from.take(8).slice().buffer).getFloat64(0);
      case tag.bigint:
        return BigInt(`0x${toHex(from.take(readVarint(from)))}`);
      case tag.text:
        return toUtf8Strict(from.take(readVarint(from)));
      case tag.hex:
        return toHex(from.take(readVarint(from)));
      case tag.array: {
        const count = readVarint(from);
        if (count > from.left) throw corrupt('a list longer than its row');
        return Array.from({ length: count }, () => read(from));
      }
      case tag.object:
        return readObject(from);
      case tag.p2pkh:
        return readScript(from, '76a914', '88ac');
      case tag.p2sh:
        return readScript(from, 'a914', '87');
      case tag.address:
        return addressOf(script) ?? '';
      default:
        throw corrupt(`the tag ${kind}`);
    }
  };

  return {
    pack: (value) => {
      const from = scratch.size;
      script = '';
      write(scratch, value as Packable);
      return scratch.cut(from);
    },
    unpack: (bytes) => {
      script = '';
      return readRow(bytes, read);
    },
    write: (out, value) => {
      script = '';
      write(out, value as Packable);
    },
    read: (from) => {
      script = '';
      return read(from);
    },
  };
}

/** A row read to its last byte. @throws NamesteadError `StoreCorrupt` */
export function readRow<T>(bytes: Uint8Array, read: (from: ByteReader) => T): T {
  try {
    const from = reader(bytes, 'a row');
    const value = read(from);
    from.end();
    return value;
  } catch (cause) {
    throw cause instanceof NamesteadError && cause.code === 'StoreCorrupt' ? cause : corrupt('a row that does not read', cause);
  }
}

export function corrupt(what: string, cause?: unknown): NamesteadError {
  return new NamesteadError('StoreCorrupt', `the node's store holds ${what}: remove its directory, and it is made anew from the chain`, { cause });
}

function isList(value: object): value is readonly Packable[] {
  return Array.isArray(value);
}

export function readVarint(from: ByteReader): number {
  let value = 0;
  for (let scale = 1; scale <= 2 ** 49; scale *= 128) {
    const byte = from.u8();
    value += (byte % 128) * scale;
    if (byte < 128 && Number.isSafeInteger(value)) return value;
  }
  throw corrupt('a number that does not end');
}
