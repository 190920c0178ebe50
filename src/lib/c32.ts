import { concat, fromHex, toHex } from './bytes.js';
import { NamesteadError } from './errors.js';
import { hash256 } from './hash.js';
import type { Address, Hash160 } from './address.js';

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/**
 * An address as Stacks writes it: `S`, the version's character, then base 32 of hash ‖ checksum. Versions: 22 `SP` and 20 `SM` on the
 * main network (one key, several), 26 `ST` and 21 `SN` on test networks.
 */
export function formatC32Address({ version, hash }: Address): string {
  return `S${ALPHABET[version] ?? ''}${encodeC32(concat(hash, checksumOf(version, hash)))}`;
}

/** Reads either case, O as 0, I and L as 1. @throws NamesteadError `AddressInvalid` */
export function parseC32Address(text: string): Address {
  const canonical = text.toUpperCase().replace(/O/g, '0').replace(/[IL]/g, '1');
  const version = ALPHABET.indexOf(canonical[1] ?? '?');
  const bytes = /^S[0-9A-HJKMNP-TV-Z]{27,40}$/.test(canonical) ? decodeC32(canonical.slice(2)) : new Uint8Array(0);
  const hash = bytes.slice(0, 20) as Hash160;
  // Writing it again settles checksum and odd forms at once.
  if (bytes.length !== 24 || formatC32Address({ version, hash }) !== canonical) {
    throw new NamesteadError('AddressInvalid', `${JSON.stringify(text.slice(0, 64))} is not a c32check address: a character is wrong or missing`);
  }
  return { version, hash };
}

function checksumOf(version: number, hash: Uint8Array): Uint8Array {
  return hash256(concat(Uint8Array.of(version), hash)).subarray(0, 4);
}

/** Each leading zero byte is one `0`, as in base58. */
function encodeC32(bytes: Uint8Array): string {
  const zeros = bytes.findIndex((byte) => byte !== 0);
  let text = '';
  for (let rest = BigInt(`0x${toHex(bytes)}`); rest > 0n; rest >>= 5n) text = (ALPHABET[Number(rest & 31n)] ?? '') + text;
  return '0'.repeat(zeros < 0 ? bytes.length : zeros) + text;
}

function decodeC32(text: string): Uint8Array {
  const zeros = /^0*/.exec(text)?.[0].length ?? 0;
  let value = 0n;
  for (const character of text) value = (value << 5n) | BigInt(ALPHABET.indexOf(character));
  const hex = value === 0n ? '' : value.toString(16);
  return concat(new Uint8Array(zeros), fromHex(hex.length % 2 === 0 ? hex : `0${hex}`));
}
