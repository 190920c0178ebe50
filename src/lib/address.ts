import { concat, equal } from './bytes.js';
import { NamesteadError } from './errors.js';
import { hash160, hash256 } from './hash.js';
import type { PublicKey } from './key.js';

const ALPHABET = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';

export type Hash160 = Uint8Array & { readonly brand: 'Hash160' };

/** A base58check address taken apart. `version`: 0 p2pkh, 5 p2sh; 111 and 196 on test networks. */
export interface Address {
  readonly version: number;
  readonly hash: Hash160;
}

export function encodeBase58(bytes: Uint8Array): string {
  let zeros = 0;
  while (zeros < bytes.length && bytes[zeros] === 0) zeros++;
  // Digits of base 58², least first: addresses are written by the hundred thousand, and big integers are slow.
  const digits: number[] = [];
  for (let i = zeros; i < bytes.length; i++) {
    let carry = bytes[i] ?? 0;
    for (let at = 0; at < digits.length; at++) {
      carry += (digits[at] ?? 0) * 256;
      digits[at] = carry % 3364;
      carry = Math.trunc(carry / 3364);
    }
    if (carry > 0) digits.push(carry);
  }
  let text = '';
  for (const digit of digits) text = (ALPHABET[Math.trunc(digit / 58)] ?? '') + (ALPHABET[digit % 58] ?? '') + text;
  return '1'.repeat(zeros) + (digits.length > 0 && text.startsWith('1') ? text.slice(1) : text);
}

export function decodeBase58(text: string): Uint8Array {
  if (text.length > 128) throw new NamesteadError('AddressInvalid', 'more than 128 base58 characters');
  let value = 0n;
  for (const character of text) {
    const digit = ALPHABET.indexOf(character);
    if (digit < 0) throw new NamesteadError('AddressInvalid', 'a character is not of the base58 alphabet');
    value = value * 58n + BigInt(digit);
  }
  let zeros = 0;
  while (text[zeros] === '1') zeros++;
  const bytes: number[] = [];
  for (; value > 0n; value >>= 8n) bytes.unshift(Number(value & 0xffn));
  return Uint8Array.from([...new Array<number>(zeros).fill(0), ...bytes]);
}

/** Base58check of a version byte and a hash of 20 bytes, e.g. version 0 for p2pkh and 5 for p2sh on the main network. */
export function formatAddress(version: number, hash: Uint8Array): string {
  const body = concat(Uint8Array.of(version), hash);
  return encodeBase58(concat(body, hash256(body).subarray(0, 4)));
}

/** Reads a base58check address of any version. @throws NamesteadError `AddressInvalid` */
export function parseAddress(text: string): Address {
  const bytes = decodeBase58(text);
  const body = bytes.subarray(0, 21);
  if (bytes.length !== 25 || !equal(hash256(body).subarray(0, 4), bytes.subarray(21))) {
    throw new NamesteadError('AddressInvalid', `${JSON.stringify(text)} is not a base58check address: a character is wrong or missing`);
  }
  return { version: body[0] ?? 0, hash: body.slice(1) as Hash160 };
}

/** The p2pkh address of a key; version 0 is the one identities and buckets have on every network. */
export function addressOf(publicKey: PublicKey, version = 0): string {
  return formatAddress(version, hash160(publicKey));
}
