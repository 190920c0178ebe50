import { concat, fromHex, fromUtf8, isHex, toHex } from '../../lib/bytes.js';
import { NamesteadError } from '../../lib/errors.js';
import { isNamespaceValid, parseName } from '../name.js';

/** Hashes are lowercase hex: 40 digits for preorder, value and message hashes, 32 for consensus, name and name-consensus hashes. */
export type Operation =
  | NamePreorder
  | NameRegistration
  | NameUpdate
  | NameTransfer
  | NamedOperation
  | NamespacePreorder
  | NamespaceReveal
  | NamespaceReady
  | Announce
  | TokenTransfer;

export type Opcode = Operation['opcode'];

export interface NamePreorder {
  readonly opcode: 'NAME_PREORDER';
  readonly preorderHash: string;
  readonly consensusHash: string;
  /** What is burned of a token, in its smallest unit; null: the fee is bitcoin. Epoch 4 and later. */
  readonly tokens: { readonly amount: bigint; readonly units: string } | null;
}

export interface NameRegistration {
  readonly opcode: 'NAME_REGISTRATION' | 'NAME_RENEWAL';
  readonly name: string;
  /** The zone file's hash; epoch 3 and later. */
  readonly valueHash: string | null;
  /** Micro-STACKS paid for a renewal; null is the 57-byte form, which no renewal may have from epoch 4 on. */
  readonly tokens: bigint | null;
}

export interface NameUpdate {
  readonly opcode: 'NAME_UPDATE';
  readonly nameConsensusHash: string;
  readonly valueHash: string;
}

export interface NameTransfer {
  readonly opcode: 'NAME_TRANSFER';
  /** Whether the zone file's hash stays. */
  readonly keepData: boolean;
  readonly nameHash128: string;
  readonly consensusHash: string;
}

export interface NamedOperation {
  readonly opcode: 'NAME_REVOKE' | 'NAME_IMPORT';
  readonly name: string;
}

export interface NamespacePreorder {
  readonly opcode: 'NAMESPACE_PREORDER';
  readonly preorderHash: string;
  readonly consensusHash: string;
  /** Micro-STACKS; needed from epoch 4 on, null before. */
  readonly tokens: bigint | null;
}

/** The terms of a namespace; BNS (b.3), (b.4). */
export interface NamespaceTerms {
  /** Blocks a name lives; 4294967295: for ever. */
  readonly lifetime: number;
  readonly coeff: number;
  readonly base: number;
  /** 16 exponents, 0..15, for labels of 1 to 16 and more characters. */
  readonly buckets: readonly number[];
  /** 1..15 */
  readonly nonalphaDiscount: number;
  /** 1..15 */
  readonly noVowelDiscount: number;
  /** 1: fees are burned. 2: the creator is paid. 3: fees are STACKS. */
  readonly version: number;
}

export interface NamespaceReveal extends NamespaceTerms {
  readonly opcode: 'NAMESPACE_REVEAL';
  readonly namespace: string;
}

export interface NamespaceReady {
  readonly opcode: 'NAMESPACE_READY';
  readonly namespace: string;
}

export interface Announce {
  readonly opcode: 'ANNOUNCE';
  readonly messageHash: string;
}

export interface TokenTransfer {
  readonly opcode: 'TOKEN_TRANSFER';
  readonly consensusHash: string;
  readonly units: string;
  readonly amount: bigint;
  /** At most 34 bytes, hex. */
  readonly scratch: string;
}

/** The byte after the magic, as ASCII; BNS (a.1). A renewal is told from a registration by its outputs. */
const opcodeBytes = {
  NAME_PREORDER: '?',
  NAME_REGISTRATION: ':',
  NAME_RENEWAL: ':',
  NAME_UPDATE: '+',
  NAME_TRANSFER: '>',
  NAME_REVOKE: '~',
  NAME_IMPORT: ';',
  NAMESPACE_PREORDER: '*',
  NAMESPACE_REVEAL: '&',
  NAMESPACE_READY: '!',
  ANNOUNCE: '#',
  TOKEN_TRANSFER: '$',
} as const satisfies Record<Opcode, string>;

/** Outputs that make a `:` a renewal; BNS (a.4). */
export const RENEWAL_OUTPUTS = 4;
/** The zone file hash of nothing, which a renewal paid in STACKS carries and stores; BNS (a.3). */
export const ZERO_HASH = '0'.repeat(40);

/** What reading a payload depends on: the two magic bytes, the epoch of the block and how many outputs the transaction has. */
export interface DecodeContext {
  readonly magic: string;
  readonly epoch: number;
  readonly outputs: number;
}

/** The opcode character of OP_RETURN data that starts with the magic and a known opcode; else null. */
export function opcodeOf(data: Uint8Array, magic: string): string | null {
  if (data.length < 3 || latin1(data.subarray(0, 2)) !== magic) return null;
  const code = latin1(data.subarray(2, 3));
  return (Object.values(opcodeBytes) as string[]).includes(code) ? code : null;
}

/**
 * The operation that OP_RETURN data stands for, or null: other magic, unknown opcode, wrong length for the epoch, invalid name.
 * Judges the data alone, never the chain; BNS (a.3). Never throws.
 * @example decodeOperation(nulldataOf(transaction.outputs), { magic: 'id', epoch: 3, outputs: transaction.outputs.length })
 */
export function decodeOperation(data: Uint8Array, context: DecodeContext): Operation | null {
  const code = opcodeOf(data, context.magic);
  const payload = data.subarray(3);
  switch (code) {
    case '?':
      return decodePreorder(payload, context);
    case ':':
      return decodeRegistration(payload, context);
    case '+':
      return decodeUpdate(payload);
    case '>':
      return decodeTransfer(payload);
    case '~':
      return decodeNamed(payload, 'NAME_REVOKE');
    case ';':
      return decodeNamed(payload, 'NAME_IMPORT');
    case '*':
      return decodeNamespacePreorder(payload, context);
    case '&':
      return decodeReveal(payload);
    case '!':
      return decodeReady(payload);
    case '#':
      return payload.length === 20 ? { opcode: 'ANNOUNCE', messageHash: toHex(payload) } : null;
    case '$':
      return decodeTokenTransfer(payload, context);
    default:
      return null;
  }
}

/**
 * The whole OP_RETURN data of an operation, magic included, at most 80 bytes; BNS (a.1), (a.3).
 * @throws NamesteadError `NameInvalid` or `OperationInvalid`, naming the field
 */
export function encodeOperation(operation: Operation, network: { readonly magic: string }): Uint8Array {
  const data = concat(fromUtf8(network.magic), fromUtf8(opcodeBytes[operation.opcode]), encodePayload(operation));
  if (data.length > 80) throw new NamesteadError('PayloadTooLarge', `${operation.opcode} takes ${data.length} bytes: 80 fit`);
  return data;
}

function encodePayload(operation: Operation): Uint8Array {
  switch (operation.opcode) {
    case 'NAME_PREORDER':
      return encodePreorder(operation);
    case 'NAME_REGISTRATION':
    case 'NAME_RENEWAL':
      return encodeRegistration(operation);
    case 'NAME_UPDATE':
      return concat(hash(operation.nameConsensusHash, 16, 'name consensus hash'), hash(operation.valueHash, 20, 'value hash'));
    case 'NAME_TRANSFER':
      return encodeTransfer(operation);
    case 'NAME_REVOKE':
    case 'NAME_IMPORT':
      return fromUtf8(parseName(operation.name).name);
    case 'NAMESPACE_PREORDER':
      return concat(...preorderHashes(operation), ...(operation.tokens === null ? [] : [u64(operation.tokens)]));
    case 'NAMESPACE_REVEAL':
      return encodeReveal(operation);
    case 'NAMESPACE_READY':
      return fromUtf8(`.${namespaceOf(operation.namespace)}`);
    case 'ANNOUNCE':
      return hash(operation.messageHash, 20, 'message hash');
    case 'TOKEN_TRANSFER':
      return encodeTokenTransfer(operation);
  }
}

/*
 * NAME_PREORDER
 *  0      20     36       44       63
 *  ├──────┼──────┼────────┼────────┤
 *  │ hash │  ch  │ amount │ units  │   the last two together or not at all, epoch 4 and later
 */
function decodePreorder(payload: Uint8Array, { epoch }: DecodeContext): NamePreorder | null {
  if (payload.length !== 36 && !(payload.length === 63 && epoch >= 4)) return null;
  const tokens = payload.length === 36 ? null : { amount: readU64(payload, 36), units: unpad(payload.subarray(44)) };
  return { opcode: 'NAME_PREORDER', preorderHash: toHex(payload.subarray(0, 20)), consensusHash: toHex(payload.subarray(20, 36)), tokens };
}

function encodePreorder(operation: NamePreorder): Uint8Array {
  const { tokens } = operation;
  return concat(...preorderHashes(operation), ...(tokens === null ? [] : [u64(tokens.amount), padded(tokens.units, 'end')]));
}

function preorderHashes(operation: NamePreorder | NamespacePreorder): [Uint8Array, Uint8Array] {
  return [hash(operation.preorderHash, 20, 'preorder hash'), hash(operation.consensusHash, 16, 'consensus hash')];
}

/*
 * NAME_REGISTRATION, NAME_RENEWAL
 *  0              37           57       65
 *  ├──────────────┤                          A: the name alone, unpadded
 *  │ name, NUL …  ├────────────┤             B: epoch 3 and later
 *  │              │ value hash ├────────┤
 *  │              │            │ tokens │    C: epoch 4 and later
 */
function decodeRegistration(payload: Uint8Array, { epoch, outputs }: DecodeContext): NameRegistration | null {
  const long = epoch >= 3 && payload.length >= 57;
  if (long && payload.length !== 57 && !(payload.length === 65 && epoch >= 4)) return null;
  const name = nameIn(long ? unpad(payload.subarray(0, 37)) : latin1(payload));
  const tokens = payload.length === 65 ? readU64(payload, 57) : long && epoch >= 4 ? null : 0n;
  const renewal = outputs >= RENEWAL_OUTPUTS;
  if (name === null || (renewal ? tokens === null : tokens !== null && tokens !== 0n)) return null;
  return { opcode: renewal ? 'NAME_RENEWAL' : 'NAME_REGISTRATION', name, valueHash: long ? toHex(payload.subarray(37, 57)) : null, tokens };
}

function encodeRegistration({ name, valueHash, tokens }: NameRegistration): Uint8Array {
  const text = fromUtf8(parseName(name).name);
  if (valueHash === null && !tokens) return text;
  const fixed = concat(text, new Uint8Array(37 - text.length), hash(valueHash ?? ZERO_HASH, 20, 'value hash'));
  return tokens === null ? fixed : concat(fixed, u64(tokens));
}

/*
 * NAME_UPDATE
 *  0                     16           36
 *  ├─────────────────────┼────────────┤
 *  │ name consensus hash │ value hash │
 */
function decodeUpdate(payload: Uint8Array): NameUpdate | null {
  if (payload.length !== 36) return null;
  return { opcode: 'NAME_UPDATE', nameConsensusHash: toHex(payload.subarray(0, 16)), valueHash: toHex(payload.subarray(16)) };
}

/*
 * NAME_TRANSFER
 *  0   1              17     33
 *  ├───┼──────────────┼──────┤
 *  │ d │ name hash128 │  ch  │   d: `>` keeps the zone file hash, `~` drops it
 */
function decodeTransfer(payload: Uint8Array): NameTransfer | null {
  const disposition = latin1(payload.subarray(0, 1));
  if (payload.length !== 33 || !['>', '~'].includes(disposition)) return null;
  return { opcode: 'NAME_TRANSFER', keepData: disposition === '>', nameHash128: toHex(payload.subarray(1, 17)), consensusHash: toHex(payload.subarray(17)) };
}

function encodeTransfer(operation: NameTransfer): Uint8Array {
  return concat(fromUtf8(operation.keepData ? '>' : '~'), hash(operation.nameHash128, 16, 'name hash'), hash(operation.consensusHash, 16, 'consensus hash'));
}

function decodeNamed(payload: Uint8Array, opcode: NamedOperation['opcode']): NamedOperation | null {
  const name = nameIn(latin1(payload));
  return name === null ? null : { opcode, name };
}

/*
 * NAMESPACE_PREORDER
 *  0      20     36       44
 *  ├──────┼──────┼────────┤
 *  │ hash │  ch  │ tokens │   tokens: from epoch 4 on, and never before
 */
function decodeNamespacePreorder(payload: Uint8Array, { epoch }: DecodeContext): NamespacePreorder | null {
  if (payload.length !== (epoch >= 4 ? 44 : 36)) return null;
  const tokens = epoch >= 4 ? readU64(payload, 36) : null;
  return { opcode: 'NAMESPACE_PREORDER', preorderHash: toHex(payload.subarray(0, 20)), consensusHash: toHex(payload.subarray(20, 36)), tokens };
}

/*
 * NAMESPACE_REVEAL
 *  0          4       5      6         14          15        17
 *  ├──────────┼───────┼──────┼─────────┼───────────┼─────────┼────
 *  │ lifetime │ coeff │ base │ buckets │ discounts │ version │ id…
 *
 * Buckets are 16 nibbles, high one first; discounts are nonalpha (high nibble) and no-vowel (low nibble).
 */
function decodeReveal(payload: Uint8Array): NamespaceReveal | null {
  if (payload.length < 18) return null;
  const view = new DataView(payload.buffer, payload.byteOffset);
  const [nonalphaDiscount, noVowelDiscount] = nibbles(payload.subarray(14, 15));
  const version = view.getUint16(15);
  const namespace = namespaceIn(latin1(payload.subarray(17)));
  if (!nonalphaDiscount || !noVowelDiscount || ![1, 2, 3].includes(version) || namespace === null) return null;
  const [lifetime, coeff, base, buckets] = [view.getUint32(0), view.getUint8(4), view.getUint8(5), nibbles(payload.subarray(6, 14))];
  return { opcode: 'NAMESPACE_REVEAL', namespace, lifetime, coeff, base, buckets, nonalphaDiscount, noVowelDiscount, version };
}

function encodeReveal(operation: NamespaceReveal): Uint8Array {
  const { lifetime, coeff, base, buckets, nonalphaDiscount, noVowelDiscount, version } = operation;
  within('lifetime', lifetime, 0, 0xffffffff);
  within('coeff', coeff, 0, 255);
  within('base', base, 0, 255);
  within('number of buckets', buckets.length, 16, 16);
  buckets.forEach((bucket) => within('bucket', bucket, 0, 15));
  within('nonalpha discount', nonalphaDiscount, 1, 15);
  within('no-vowel discount', noVowelDiscount, 1, 15);
  within('version', version, 1, 3);
  const out = new Uint8Array(17);
  const view = new DataView(out.buffer);
  view.setUint32(0, lifetime);
  out.set([coeff, base], 4);
  buckets.forEach((bucket, i) => (out[6 + (i >> 1)] = (out[6 + (i >> 1)] ?? 0) | (i % 2 === 0 ? bucket << 4 : bucket)));
  out[14] = (nonalphaDiscount << 4) | noVowelDiscount;
  view.setUint16(15, version);
  return concat(out, fromUtf8(namespaceOf(operation.namespace)));
}

function decodeReady(payload: Uint8Array): NamespaceReady | null {
  const namespace = latin1(payload.subarray(0, 1)) === '.' ? namespaceIn(latin1(payload.subarray(1))) : null;
  return namespace === null ? null : { opcode: 'NAMESPACE_READY', namespace };
}

/*
 * TOKEN_TRANSFER, epoch 4 and later
 *  0    16      35       43        ≤77
 *  ├────┼───────┼────────┼─────────┤
 *  │ ch │ units │ amount │ scratch │   units: NULs on either side
 */
function decodeTokenTransfer(payload: Uint8Array, { epoch }: DecodeContext): TokenTransfer | null {
  if (epoch < 4 || payload.length < 43 || payload.length > 77) return null;
  const [consensusHash, scratch] = [toHex(payload.subarray(0, 16)), toHex(payload.subarray(43))];
  return { opcode: 'TOKEN_TRANSFER', consensusHash, units: unpad(payload.subarray(16, 35)), amount: readU64(payload, 35), scratch };
}

function encodeTokenTransfer({ consensusHash, units, amount, scratch }: TokenTransfer): Uint8Array {
  if (!isHex(scratch) || scratch.length > 68) throw new NamesteadError('OperationInvalid', 'the scratch area is at most 34 bytes, in hex');
  return concat(hash(consensusHash, 16, 'consensus hash'), padded(units, 'start'), u64(amount), fromHex(scratch));
}

// The reference matches each part with Python's `$`, which lets one line feed pass at its end. Such a name decodes and then never
// finds a preorder, since base 40 has no line feed; BNS (b.1).
const LOOSE_PART = /^[a-z0-9_-]*\n?$/;

/** Whether the reference's decoder takes a text for a name; {@link parseName} is what people may register. */
export function passesAsName(text: string): boolean {
  const [label, namespace, ...more] = text.split('.');
  return more.length === 0 && text.length <= 37 && !!label && LOOSE_PART.test(label) && namespace !== undefined && passesAsNamespace(namespace);
}

export function passesAsNamespace(text: string): boolean {
  return text.length > 0 && text.length <= 19 && LOOSE_PART.test(text);
}

const nameIn = (text: string): string | null => (passesAsName(text) ? text : null);
const namespaceIn = (text: string): string | null => (passesAsNamespace(text) ? text : null);

function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

/** NULs stripped from both ends. */
function unpad(bytes: Uint8Array): string {
  // eslint-disable-next-line no-control-regex -- the padding is NUL
  return latin1(bytes).replace(/^\0+|\0+$/g, '');
}

/** Token units in 19 bytes. The two operations that carry them pad on different sides in the field, and both sides decode; BNS (a.3). */
function padded(units: string, side: 'start' | 'end'): Uint8Array {
  if (!/^[\x01-\x7f]{1,19}$/.test(units)) throw new NamesteadError('OperationInvalid', `token units are 1 to 19 ASCII characters, not ${JSON.stringify(units)}`);
  return fromUtf8(side === 'start' ? units.padStart(19, '\0') : units.padEnd(19, '\0'));
}

function nibbles(bytes: Uint8Array): number[] {
  return [...bytes].flatMap((byte) => [byte >> 4, byte & 15]);
}

function readU64(bytes: Uint8Array, at: number): bigint {
  return new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(at);
}

function u64(value: bigint): Uint8Array {
  if (value < 0n || value >= 1n << 64n) throw new NamesteadError('OperationInvalid', `${value} does not fit 64 bits`);
  const out = new Uint8Array(8);
  new DataView(out.buffer).setBigUint64(0, value);
  return out;
}

function hash(hex: string, bytes: number, what: string): Uint8Array {
  if (!isHex(hex, bytes)) throw new NamesteadError('OperationInvalid', `a ${what} is ${2 * bytes} hex digits`);
  return fromHex(hex);
}

function namespaceOf(text: string): string {
  if (!isNamespaceValid(text)) throw new NamesteadError('NameInvalid', `${JSON.stringify(text)} is not a namespace: 1 to 19 of a-z, 0-9, - and _`);
  return text;
}

function within(what: string, value: number, least: number, most: number): void {
  if (!Number.isInteger(value) || value < least || value > most) throw new NamesteadError('OperationInvalid', `${what} is ${value}: ${least} to ${most} is allowed`);
}
