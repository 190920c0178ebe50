import { isHex } from './bytes.js';
import { NamesteadError } from './errors.js';

/** Readers for JSON of other people's making: each gives back what it was asked for, or throws `HttpMalformed` naming `what`. */

export type Fields = Readonly<Record<string, unknown>>;

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function asFields(value: unknown, what: string): Fields {
  if (!isFields(value)) throw malformed(what, 'an object');
  return value;
}

export function asList(value: unknown, what: string, most: number): readonly unknown[] {
  if (!Array.isArray(value) || value.length > most) throw malformed(what, `a list of at most ${most}`);
  return value as readonly unknown[];
}

export function asCount(value: unknown, what: string, most = 0xffffffff): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > most) throw malformed(what, `a whole number from 0 to ${most}`);
  // JSON has a zero below zero.
  return value + 0;
}

/** What another said, for a message: `String` calls what an object of his making names `toString`. */
export function wordOf(value: unknown): string {
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}

/** Lower case, of exactly so many bytes. */
export function asHex(value: unknown, what: string, bytes?: number): string {
  if (!isHex(value, bytes)) throw malformed(what, bytes === undefined ? 'hex' : `${2 * bytes} hex digits`);
  return value.toLowerCase();
}

function malformed(what: string, expected: string): NamesteadError {
  return new NamesteadError('HttpMalformed', `${what} is not ${expected}`);
}
