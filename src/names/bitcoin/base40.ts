import { fromHex, toHex } from '../../lib/bytes.js';
import { NamesteadError } from '../../lib/errors.js';

const ALPHABET = '0123456789abcdefghijklmnopqrstuvwxyz-_.+';

/** Whether the reference takes a text for base 40. Its pattern ends in Python's `$`, which lets one line feed pass at the end; BNS (b.1). */
export function isBase40(text: unknown): text is string {
  return typeof text === 'string' && /^[a-z0-9._+-]*\n?$/.test(text);
}

/**
 * The whole text, dot included, as one base-40 number in the fewest whole bytes; BNS (a.2). Zeros in front vanish, so `00a.id`
 * and `a.id` have the same bytes.
 * @throws NamesteadError `NameInvalid` when a character is not of the alphabet
 */
export function encodeBase40(text: string): Uint8Array {
  let value = 0n;
  for (const character of text) {
    const digit = ALPHABET.indexOf(character);
    if (digit < 0) throw new NamesteadError('NameInvalid', `${JSON.stringify(character)} is not of the base-40 alphabet`);
    value = value * 40n + BigInt(digit);
  }
  const hex = value.toString(16);
  return fromHex(hex.length % 2 === 0 ? hex : `0${hex}`);
}

/** The text of a base-40 number, without zeros in front; zero is `0`. */
export function decodeBase40(bytes: Uint8Array): string {
  let value = bytes.length === 0 ? 0n : BigInt(`0x${toHex(bytes)}`);
  let text = '';
  do {
    text = (ALPHABET[Number(value % 40n)] ?? '') + text;
    value /= 40n;
  } while (value > 0n);
  return text;
}
