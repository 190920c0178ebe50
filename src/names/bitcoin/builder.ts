import { formatAddress, parseAddress } from '../../lib/address.js';
import { toHex } from '../../lib/bytes.js';
import { NamesteadError } from '../../lib/errors.js';
import { lockScript, type Account } from './account.js';
import { dustLimit } from './coin.js';
import { nameConsensusHash, nameHash128, preorderHash } from './commitment.js';
import { encodeOperation, type NamespaceTerms, type Opcode, type Operation } from './operation.js';
import { BURN_ADDRESS } from './price.js';
import type { Network } from './network.js';
import { nulldataScript, scriptOfAddress } from './script.js';
import type { Output } from './transaction.js';

export { BURN_ADDRESS } from './price.js';

/** What one BNS operation's transaction must look like: all but the coins and the change. */
export interface Recipe {
  /** `PAYMENT`: no operation, as the one that splits coins for a batch. */
  readonly opcode: Opcode | 'PAYMENT';
  /** The name, or the namespace's id. */
  readonly name: string;
  /** Hex of the hash it carries, for the transcript. */
  readonly hash: string | null;
  /** Satoshi burned or paid for the name. */
  readonly price: bigint;
  /** Whose coin input 0 must spend (spec a.4): the one who pays, or the owner. */
  readonly sender: 'payer' | 'owner';
  /** Whether the sender must be p2pkh (spec b.5). */
  readonly plainSender: boolean;
  /** In their places, without change. */
  readonly outputs: readonly Output[];
  /** Where among the outputs the sender's own change belongs. */
  readonly back: number;
  /** Whether it must stand there even when little is left, since the number of outputs is counted (spec a.4). */
  readonly backRequired: boolean;
  /** Satoshi it then holds at the least. */
  readonly least: bigint;
  /** The last height at which the rules take it, where it names a consensus hash. */
  readonly until?: number | undefined;
}

/** Satoshi in every output that only marks an address, as the reference pays. */
export const MARK = 5500n;

/** Exactly three outputs: OP_RETURN, change, the price. @throws NamesteadError `NameInvalid` */
export function preorderName(
  terms: {
    readonly name: string;
    readonly owner: string;
    readonly payer: Account;
    readonly consensusHash: string;
    readonly price: bigint;
    readonly payee: string;
    readonly tokens?: bigint | null;
  },
  network: Pick<Network, 'magic'>,
): Recipe {
  const { name, owner, payer, consensusHash, price, payee, tokens = null } = terms;
  const hash = preorderHash(name, lockScript(payer.lock), canonical(owner));
  const operation: Operation = {
    opcode: 'NAME_PREORDER',
    preorderHash: hash,
    consensusHash,
    tokens: tokens === null ? null : { amount: tokens, units: 'STACKS' },
  };
  return recipe(network, operation, name, { hash, ...priced(payee, price), back: 1, backRequired: true });
}

/** At most three outputs: OP_RETURN, the owner, change. The payer must be the one who preordered. */
export function registerName(
  terms: { readonly name: string; readonly owner: string; readonly valueHash: string | null },
  network: Pick<Network, 'magic'>,
): Recipe {
  const { name, owner, valueHash } = terms;
  return recipe(network, { opcode: 'NAME_REGISTRATION', name, valueHash, tokens: null }, name, { hash: valueHash, outputs: [mark(owner)], back: 2 });
}

/**
 * At least four outputs: OP_RETURN, the (new) owner, the old owner's change, the price. With a value hash it takes the 65-byte
 * form: from epoch 4 on the shorter one is ignored (spec a.3), and epoch 3 knows only the shorter one.
 */
export function renewName(
  terms: {
    readonly name: string;
    readonly owner: string;
    readonly valueHash: string | null;
    readonly price: bigint;
    readonly payee: string;
    readonly epoch: number;
    readonly tokens?: bigint;
  },
  network: Pick<Network, 'magic'>,
): Recipe {
  const { name, owner, valueHash, price, payee, epoch, tokens = 0n } = terms;
  const operation: Operation = { opcode: 'NAME_RENEWAL', name, valueHash, tokens: epoch >= 4 ? tokens : null };
  return recipe(network, operation, name, {
    hash: valueHash,
    ...priced(payee, price, mark(owner)),
    sender: 'owner',
    back: 2,
    backRequired: true,
  });
}

/** Points a name to another zone file; sent by its owner. `valueHash` 40, `consensusHash` 32 hex digits. */
export function updateName(
  terms: { readonly name: string; readonly valueHash: string; readonly consensusHash: string },
  network: Pick<Network, 'magic'>,
): Recipe {
  const { name, valueHash, consensusHash } = terms;
  const operation: Operation = { opcode: 'NAME_UPDATE', nameConsensusHash: nameConsensusHash(name, consensusHash), valueHash };
  return recipe(network, operation, name, { hash: valueHash, sender: 'owner', outputs: [], back: 1 });
}

/** `keepData`: whether the zone file's hash goes with the name. */
export function transferName(
  terms: { readonly name: string; readonly to: string; readonly keepData: boolean; readonly consensusHash: string },
  network: Pick<Network, 'magic'>,
): Recipe {
  const { name, to, keepData, consensusHash } = terms;
  const operation: Operation = { opcode: 'NAME_TRANSFER', nameHash128: nameHash128(name), keepData, consensusHash };
  return recipe(network, operation, name, { sender: 'owner', outputs: [mark(to)], back: 2 });
}

/** Makes a name point nowhere until it expires; sent by its owner. */
export function revokeName(name: string, network: Pick<Network, 'magic'>): Recipe {
  return recipe(network, { opcode: 'NAME_REVOKE', name }, name, { sender: 'owner', outputs: [], back: 1 });
}

/** Before the namespace is ready. The value hash travels as a p2pkh address; the sender is the reveal address or its child. */
export function importName(terms: { readonly name: string; readonly owner: string; readonly valueHash: Uint8Array }, network: Pick<Network, 'magic'>): Recipe {
  const { name, owner, valueHash } = terms;
  const carrier = { value: MARK, script: lengthened(valueHash) };
  return recipe(network, { opcode: 'NAME_IMPORT', name }, name, {
    hash: toHex(valueHash),
    sender: 'owner',
    plainSender: true,
    outputs: [mark(owner), carrier],
    back: 3,
  });
}

/** `tokens`: micro-STACKS, which pay from epoch 4 on; the burn output then only marks. */
export function preorderNamespace(
  terms: {
    readonly namespace: string;
    readonly owner: string;
    readonly payer: Account;
    readonly consensusHash: string;
    readonly price: bigint;
    readonly tokens: bigint | null;
  },
  network: Pick<Network, 'magic'>,
): Recipe {
  const { namespace, owner, payer, consensusHash, price, tokens } = terms;
  const hash = preorderHash(namespace, lockScript(payer.lock), canonical(owner));
  const operation: Operation = { opcode: 'NAMESPACE_PREORDER', preorderHash: hash, consensusHash, tokens };
  return recipe(network, operation, namespace, { hash, ...priced(BURN_ADDRESS, price), plainSender: true, back: 1, backRequired: true });
}

/** Exactly three outputs: OP_RETURN, the reveal address, change. */
export function revealNamespace(terms: NamespaceTerms & { readonly namespace: string; readonly owner: string }, network: Pick<Network, 'magic'>): Recipe {
  const { namespace, owner, lifetime, coeff, base, buckets, nonalphaDiscount, noVowelDiscount, version } = terms;
  const operation: Operation = { opcode: 'NAMESPACE_REVEAL', namespace, lifetime, coeff, base, buckets, nonalphaDiscount, noVowelDiscount, version };
  return recipe(network, operation, namespace, { plainSender: true, outputs: [mark(owner)], back: 2, backRequired: true });
}

/** Sent by the reveal address. */
export function readyNamespace(namespace: string, network: Pick<Network, 'magic'>): Recipe {
  return recipe(network, { opcode: 'NAMESPACE_READY', namespace }, namespace, { sender: 'owner', outputs: [], back: 1 });
}

/** `messageHash`: 40 hex digits, the hash of what Atlas keeps. */
export function announce(messageHash: string, network: Pick<Network, 'magic'>): Recipe {
  return recipe(network, { opcode: 'ANNOUNCE', messageHash }, messageHash, { hash: messageHash, sender: 'owner', outputs: [], back: 1 });
}

/** `amount` in micro-STACKS; `scratch` at most 34 bytes, hex. From epoch 4 on. */
export function transferTokens(
  terms: { readonly to: string; readonly amount: bigint; readonly scratch: string; readonly consensusHash: string },
  network: Pick<Network, 'magic'>,
): Recipe {
  const { to, amount, scratch, consensusHash } = terms;
  const operation: Operation = { opcode: 'TOKEN_TRANSFER', consensusHash, units: 'STACKS', amount, scratch };
  return recipe(network, operation, to, { sender: 'owner', outputs: [mark(to)], back: 2 });
}

function recipe(network: Pick<Network, 'magic'>, operation: Operation, name: string, parts: Pick<Recipe, 'outputs' | 'back'> & Partial<Recipe>): Recipe {
  const data = { value: 0n, script: nulldataScript(encodeOperation(operation, network)) };
  return {
    hash: null,
    price: 0n,
    sender: 'payer',
    plainSender: false,
    backRequired: false,
    least: MARK,
    ...parts,
    opcode: operation.opcode,
    name,
    outputs: [data, ...parts.outputs],
  };
}

/** A price below what nodes relay is rounded up to it. */
function priced(payee: string, price: bigint, ...before: readonly Output[]): Pick<Recipe, 'price' | 'outputs'> {
  const script = scriptOfAddress(payee);
  const least = dustLimit(script);
  const value = price > least ? price : least;
  return { price: value, outputs: [...before, { value, script }] };
}

function mark(address: string): Output {
  return { value: MARK, script: scriptOfAddress(address) };
}

/** BNS hashes and commits addresses with versions 0 and 5 on every network. */
function canonical(address: string): string {
  const { hash } = parseAddress(address);
  return formatAddress(scriptOfAddress(address)[0] === 0xa9 ? 5 : 0, hash);
}

function lengthened(valueHash: Uint8Array): Uint8Array {
  if (valueHash.length !== 20) throw new NamesteadError('OperationInvalid', `a value hash has 20 bytes, not ${valueHash.length}`);
  return Uint8Array.of(0x76, 0xa9, 20, ...valueHash, 0x88, 0xac);
}
