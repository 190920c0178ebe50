import { fromHex, fromUtf8, isHex, toHex, toUtf8Strict } from '../../lib/bytes.js';
import { NamesteadError } from '../../lib/errors.js';
import type { Paid, Plan, Receipt, Signed, State } from './plan.js';

const VERSION = 2;
const MOST = 4 << 20;

/** JSON in UTF-8: satoshi as decimal strings, transactions as hex. */
export function encodePlan(plan: Plan): Uint8Array {
  return encodeEntry({ version: VERSION, ...plan });
}

/** Version 1 kept no bytes of confirmed transactions, and no places of change. @throws NamesteadError `JournalCorrupt` */
export function decodePlan(bytes: Uint8Array, key: string): Plan {
  return decodeEntry(bytes, key, (value) => {
    const { version, terms, receipts, state } = object(value);
    if (version !== VERSION && version !== 1) throw new TypeError(`version ${String(version)}, not ${VERSION}`);
    return {
      terms: Object.fromEntries(Object.entries(object(terms)).map(([name, term]) => [name, text(term)])),
      receipts: list(receipts).map(readPaid),
      state: readState(state),
    };
  });
}

export function encodeEntry(value: object): Uint8Array {
  const plain = (_: string, part: unknown): unknown => (typeof part === 'bigint' ? part.toString() : part instanceof Uint8Array ? toHex(part) : part);
  return fromUtf8(JSON.stringify(value, plain));
}

/** Reads a journal's entry; whatever `read` throws says what is wrong with it. @throws NamesteadError `JournalCorrupt` */
export function decodeEntry<T>(bytes: Uint8Array, key: string, read: (value: unknown) => T): T {
  try {
    if (bytes.length > MOST) throw new TypeError('more than 4 MiB');
    return read(JSON.parse(toUtf8Strict(bytes)));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : '';
    throw new NamesteadError(
      'JournalCorrupt',
      `the journal entry ${key} cannot be read (${why}): restore it from a backup; else look the payment up on the chain, then remove the entry and start again`,
      { cause },
    );
  }
}

function readState(value: unknown): State {
  const { kind, current, former, later = [], coins = [] } = object(value);
  switch (kind) {
    case 'planned':
      return { kind, former: list(former).map(readSigned), later: list(later).map(readSigned), coins: list(coins, 256).map(text) };
    case 'signed':
      return { kind, current: readSigned(current), former: list(former).map(readSigned), later: list(later).map(readSigned) };
    case 'settled':
    case 'done':
      return { kind };
    default:
      throw new TypeError('unknown state');
  }
}

function readSigned(value: unknown): Signed {
  const { bytes, change, until } = object(value);
  return { ...readSpent(value), bytes: readBytes(bytes), change: readIndex(change), until: readIndex(until) };
}

function readPaid(value: unknown): Paid {
  const { height, bytes = null, change, until } = object(value);
  return {
    ...readSpent(value),
    height: count(height),
    bytes: bytes === null ? null : readBytes(bytes),
    change: readIndex(change),
    ...(until !== undefined && { until: readIndex(until) }),
  };
}

function readSpent(value: unknown): Omit<Receipt, 'height'> {
  const { operation, name, hash, fee, price, txid } = object(value);
  if (hash !== null && !isHex(hash)) throw new TypeError('a hash is not hex');
  if (!isHex(txid, 32)) throw new TypeError('a txid is not 32 bytes of hex');
  return { operation: text(operation), name: text(name), hash, fee: satoshi(fee), price: satoshi(price), txid };
}

export function readBytes(value: unknown): Uint8Array {
  if (!isHex(value) || value.length === 0) throw new TypeError('a transaction is missing');
  return fromHex(value);
}

function readIndex(value: unknown): number | null {
  return value === undefined || value === null ? null : count(value);
}

export function count(value: unknown): number {
  if (!Number.isSafeInteger(value) || Number(value) < 0) throw new TypeError('a height or count is missing');
  return Number(value) + 0;
}

export function object(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new TypeError('an object is missing');
  return value as Readonly<Record<string, unknown>>;
}

export function list(value: unknown, most = 64): readonly unknown[] {
  if (!Array.isArray(value) || value.length > most) throw new TypeError('a list is missing or too long');
  return value;
}

export function text(value: unknown): string {
  if (typeof value !== 'string') throw new TypeError('a text is missing');
  return value;
}

function satoshi(value: unknown): bigint {
  if (typeof value !== 'string' || !/^(?:0|[1-9]\d{0,18})$/.test(value)) throw new TypeError('an amount is missing');
  return BigInt(value);
}
