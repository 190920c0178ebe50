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

/** Points a name to another zone file. */
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

/** An operation that carries nothing but the name. */
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

/** Opens a revealed namespace to everybody. */
export interface NamespaceReady {
  readonly opcode: 'NAMESPACE_READY';
  readonly namespace: string;
}

/** A message to whoever follows the sender, by its hash: 40 hex digits. */
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

/** Outputs that make a `:` a renewal; BNS (a.4). */
export const RENEWAL_OUTPUTS = 4;
/** The zone file hash of nothing, which a renewal paid in STACKS carries and stores; BNS (a.3). */
export const ZERO_HASH = '0000000000000000000000000000000000000000';

/** What reading a payload depends on: the two magic bytes, the epoch of the block and how many outputs the transaction has. */
export interface DecodeContext {
  readonly magic: string;
  readonly epoch: number;
  readonly outputs: number;
}
