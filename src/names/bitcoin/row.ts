import type { NamespaceTerms } from './operation.js';

/** A name as the last operation on it left it. Scripts, keys and hashes are hex; heights are Bitcoin's. */
export interface NameRow {
  readonly name: string;
  readonly namespace: string;
  readonly valueHash: string | null;
  readonly owner: string;
  readonly ownerAddress: string;
  readonly senderKey: string | null;
  /** Where it was first preordered or imported, ever. */
  readonly blockNumber: number;
  readonly preorderHeight: number;
  readonly preorderHash: string;
  readonly firstRegistered: number;
  readonly lastRenewed: number;
  readonly revoked: boolean;
  readonly fee: number;
  readonly tokenFee: string;
  /** Who imported it; null once it is registered. */
  readonly importer: { readonly script: string; readonly address: string } | null;
  readonly namespaceHeight: number;
  /** As the last operation that had one left it. */
  readonly consensusHash: string | null;
  /** That of the last update since the name was registered or imported: transfers commit to it; BNS (c.2). */
  readonly updateConsensusHash: string | null;
  /** Where its last operation stands. */
  readonly height: number;
  readonly index: number;
}

/** A preorder of a name or of a namespace that nothing has used up. */
export interface PreorderRow {
  readonly preorderHash: string;
  readonly sender: string;
  readonly height: number;
  /** Its place in the block. */
  readonly index: number;
  readonly satoshi: number;
  readonly paidTo: string;
  /** Micro-STACKS; null: bitcoin pays. */
  readonly tokens: bigint | null;
}

export interface NamespaceRow extends NamespaceTerms {
  readonly id: string;
  readonly preorderHash: string;
  readonly sender: string;
  readonly senderKey: string | null;
  /** Who preordered it, and is paid in version 2. */
  readonly address: string;
  readonly recipient: string;
  readonly recipientAddress: string;
  readonly blockNumber: number;
  readonly revealBlock: number;
  /** 0 until it is ready. */
  readonly readyBlock: number;
  readonly fee: number;
  readonly tokenFee: string;
}

/** Micro-STACKS of an address. */
export interface AccountRow {
  readonly credit: bigint;
  readonly debit: bigint;
  /** No transfer leaves before this height. */
  readonly lockedUntil: number;
  /** Whether transfers may come. */
  readonly receives: boolean;
}
