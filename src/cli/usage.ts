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
