import { formatAddress, parseAddress } from '../lib/address.js';
import { NamesteadError } from '../lib/errors.js';

/** Version bytes in a naming DID: `name` for on-chain names, `subdomain` for the others; by network and by key or script. */
const VERSIONS = { name: { key: 0, script: 5, testKey: 111, testScript: 196 }, subdomain: { key: 63, script: 50, testKey: 127, testScript: 142 } } as const;
const NAME_DID = /^did:stack:v0:([1-9A-HJ-NP-Za-km-z]{25,35})-(0|[1-9]\d{0,8})$/;

/** `did:stack:v0:<address>-<index>`: the index-th name (from 0) that this address was the first owner of. */
export interface NameDid {
  readonly kind: 'name' | 'subdomain';
  /** The owner as a main network address, version 0 or 5. */
  readonly address: string;
  readonly index: number;
}

/** The `iss` of sign-in tokens: whoever has the key of this address. */
export function didOfAddress(address: string): string {
  return `did:btc-addr:${address}`;
}

export function didOfPublicKey(publicKey: string): string {
  return `did:ecdsa-pub:${publicKey}`;
}

/**
 * The address in a `did:btc-addr:`, unchecked as peers leave it; null for other methods. Scheme and method are compared without case.
 *
 * @throws NamesteadError `Malformed` for what is no DID of three parts
 */
export function addressOfDid(did: string): string | null {
  return methodOfDid(did) === 'btc-addr' ? (did.split(':')[2] ?? null) : null;
}

/** The method of a DID of three parts, in lower case. @throws NamesteadError `Malformed` */
export function methodOfDid(did: string): string {
  const [scheme = '', method = '', ...rest] = did.split(':', 4);
  if (rest.length !== 1 || scheme.toLowerCase() !== 'did') throw new NamesteadError('Malformed', 'a DID in a token has three parts, did:method:value');
  return method.toLowerCase();
}

/** Writes a naming DID; a test network's address becomes its main network form. @throws NamesteadError `AddressInvalid` */
export function formatNameDid({ kind, address, index }: NameDid): string {
  const { version, hash } = parseAddress(address);
  const versions = Object.hasOwn(VERSIONS, kind) ? VERSIONS[kind] : undefined;
  if (versions === undefined || !Number.isSafeInteger(index) || index < 0)
    throw new TypeError('a naming DID is of a name or a subdomain, with an index from 0');
  return `did:stack:v0:${formatAddress(isScript(version) ? versions.script : versions.key, hash)}-${index}`;
}

/** Reads a naming DID in its canonical form: no leading zeros in the index, nothing after it. @throws NamesteadError `Malformed`, `AddressInvalid` */
export function parseNameDid(did: string): NameDid {
  const [, text = '', index = ''] = NAME_DID.exec(did) ?? [];
  if (text === '') throw new NamesteadError('Malformed', 'a naming DID is did:stack:v0:<address>-<index>');
  const { version, hash } = parseAddress(text);
  const kind = kindOf(version);
  return { kind, address: formatAddress(isScript(version) ? VERSIONS.name.script : VERSIONS.name.key, hash), index: Number(index) };
}

function kindOf(version: number): 'name' | 'subdomain' {
  if (Object.values<number>(VERSIONS.name).includes(version)) return 'name';
  if (Object.values<number>(VERSIONS.subdomain).includes(version)) return 'subdomain';
  throw new NamesteadError('AddressInvalid', `version ${version} is no owner's in a naming DID`);
}

function isScript(version: number): boolean {
  return Object.values(VERSIONS).some(({ script, testScript }) => version === script || version === testScript);
}
