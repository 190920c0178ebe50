import { isHex } from '../lib/bytes.js';
import { isNamesteadError } from '../lib/errors.js';
import { parseName } from '../names/name.js';

/** A wrong command line: what is wrong with it, without a stack. `parseArgs` throws its own kind. */
export function usage(message: string): TypeError {
  return Object.assign(new TypeError(message), { code: 'USAGE' });
}

/** @throws {@link usage} when `name` is none */
export function requireName(name: string): void {
  try {
    parseName(name);
  } catch (error) {
    throw isNamesteadError(error) ? usage(error.message) : error;
  }
}

/** True for what the person at the keyboard can mend; a `TypeError` without a code is a fault of ours. */
export function isUsage(error: unknown): error is TypeError {
  return error instanceof TypeError && 'code' in error && /^(?:USAGE|ERR_PARSE_ARGS_)/.test(String(error.code));
}

/** What the library calls the caller's mistake is the command line's here. */
export async function orUsage<T>(act: () => T | Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw error instanceof TypeError && !('code' in error) ? usage(error.message) : error;
  }
}

/** A whole number from `least` to `most`; undefined where none was given. */
export function countOf(text: string | undefined, option: string, least = 0, most = 999_999_999): number | undefined {
  if (text === undefined) return undefined;
  const count = /^\d{1,9}$/.test(text) ? Number(text) : -1;
  if (count < least || count > most) throw usage(`--${option} takes a whole number from ${least} to ${most}`);
  return count;
}

/** Satoshi per virtual byte. */
export function rateOf(text: string | undefined, option: string): number | undefined {
  if (text === undefined) return undefined;
  const rate = /^\d{1,6}(?:\.\d{1,3})?$/.test(text) ? Number(text) : 0;
  if (rate <= 0) throw usage(`--${option} takes satoshi per virtual byte, e.g. 12 or 1.5`);
  return rate;
}

export function satoshiOf(text: string | undefined, option: string): bigint | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,16}$/.test(text)) throw usage(`--${option} takes satoshi, a whole number`);
  return BigInt(text);
}

/** Seconds of `90m`, `12h` or `30d`; a bare number is seconds. */
export function ageOf(text: string | undefined, option: string): number | undefined {
  if (text === undefined) return undefined;
  const [, count = '', unit = ''] = /^(\d{1,9})([smhd]?)$/.exec(text) ?? [];
  if (count === '') throw usage(`--${option} takes an age such as 90m, 12h or 30d`);
  return Number(count) * ({ m: 60, h: 3600, d: 86_400 }[unit] ?? 1);
}

/** `HEIGHT:HASH`, the hash of 32 bytes. */
export function rootOf(text: string | undefined): { readonly height: number; readonly root: string } | undefined {
  if (text === undefined) return undefined;
  const [height = '', root = '', ...more] = text.split(':');
  if (!/^\d{1,9}$/.test(height) || !isHex(root, 32) || more.length > 0) throw usage('--root takes HEIGHT:ROOT (a number and 64 hex digits)');
  return { height: Number(height), root };
}

/** The one of several that a command can use. */
export function oneOf(values: readonly string[] | undefined, option: string): string | undefined {
  if (values && values.length > 1) throw usage(`--${option} is given ${values.length} times, and one is taken here`);
  return values?.[0];
}

/** An http or https URL without a login, since others see a command line. */
export function urlOf(text: string, option: string): string {
  const { protocol, username, password } = URL.canParse(text) ? new URL(text) : {};
  // Not shown: it may hold a password.
  if (username || password) throw usage(`--${option} takes a URL without user and password`);
  if (protocol !== 'http:' && protocol !== 'https:') throw usage(`--${option} takes an http or https URL, not ${JSON.stringify(text)}`);
  return text.replace(/\/+$/, '');
}
