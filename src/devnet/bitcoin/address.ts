import { NamesteadError } from '../../lib/errors.js';
import { formatAddress, parseAddress } from '../../lib/address.js';
import { kindOf, p2pkh, p2sh, witnessScript } from './script.js';

const ALPHABET = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
const PREFIX = 'bcrt';

/** The regtest address of a script (base58check 111 and 196, bech32 `bcrt`), or null. */
export function addressOfScript(script: Uint8Array): string | null {
  const kind = kindOf(script);
  if (kind.type === 'pubkeyhash') return formatAddress(111, kind.body);
  if (kind.type === 'scripthash') return formatAddress(196, kind.body);
  return 'version' in kind ? encodeSegwit(kind.version, kind.body) : null;
}

/**
 * The script an address pays: base58check of regtest (111, 196) and of mainnet (0, 5, as BNS writes them everywhere), bech32 of regtest.
 * @throws NamesteadError `AddressInvalid`
 */
export function scriptOfAddress(address: string): Uint8Array {
  if (address.toLowerCase().startsWith(`${PREFIX}1`)) return decodeSegwit(address);
  const { version, hash } = parseAddress(address);
  if (version === 0 || version === 111) return p2pkh(hash);
  if (version === 5 || version === 196) return p2sh(hash);
  throw new NamesteadError('AddressInvalid', `${JSON.stringify(address)} has version ${version}; 0, 5, 111 and 196 are known`);
}

/** BIP 173 for version 0, BIP 350 above. */
function encodeSegwit(version: number, body: Uint8Array): string {
  const data = [version, ...regroup([...body], 8, 5, true)];
  const sum = polymod([...expanded(), ...data, 0, 0, 0, 0, 0, 0]) ^ constantOf(version);
  const check = [0, 1, 2, 3, 4, 5].map((i) => (sum >>> (5 * (5 - i))) & 31);
  return `${PREFIX}1${[...data, ...check].map((value) => ALPHABET[value] ?? '').join('')}`;
}

function decodeSegwit(address: string): Uint8Array {
  const invalid = (): NamesteadError =>
    new NamesteadError('AddressInvalid', `${JSON.stringify(address.slice(0, 100))} is not a segwit address of regtest: a character is wrong or missing`);
  if (address.length > 90 || (address !== address.toLowerCase() && address !== address.toUpperCase())) throw invalid();
  const values = Array.from(address.toLowerCase().slice(PREFIX.length + 1), (character) => ALPHABET.indexOf(character));
  const [version = 99] = values;
  if (values.includes(-1) || values.length < 7 || version > 16 || polymod([...expanded(), ...values]) !== constantOf(version)) throw invalid();
  const groups = values.slice(1, -6);
  const body = Uint8Array.from(regroup(groups, 5, 8, false));
  const spare = (groups.length * 5) % 8;
  if (spare > 4 || ((groups.at(-1) ?? 0) & ((1 << spare) - 1)) !== 0 || body.length < 2 || body.length > 40) throw invalid();
  if (version === 0 && body.length !== 20 && body.length !== 32) throw invalid();
  return witnessScript(version, body);
}

function constantOf(version: number): number {
  return version === 0 ? 1 : 0x2bc830a3;
}

function expanded(): number[] {
  const codes = Array.from(PREFIX, (character) => character.charCodeAt(0));
  return [...codes.map((code) => code >> 5), 0, ...codes.map((code) => code & 31)];
}

function polymod(values: readonly number[]): number {
  const generators = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];
  return (
    values.reduce((sum, value) => {
      const next = ((sum & 0x1ffffff) << 5) ^ value;
      return generators.reduce((word, generator, i) => ((sum >>> (25 + i)) & 1 ? word ^ generator : word), next);
    }, 1) >>> 0
  );
}

function regroup(values: readonly number[], from: number, to: number, pad: boolean): number[] {
  const out: number[] = [];
  let word = 0;
  let bits = 0;
  for (const value of values) {
    word = ((word << from) | value) & 0xffff;
    for (bits += from; bits >= to; bits -= to) out.push((word >>> (bits - to)) & ((1 << to) - 1));
  }
  if (pad && bits > 0) out.push((word << (to - bits)) & ((1 << to) - 1));
  return out;
}
