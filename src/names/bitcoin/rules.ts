import { isCandidate, readClaim, type Candidate, type Claim } from './claim.js';
import { consensusHash, operationsHash, skipHeights } from './consensus.js';
import { epochAt } from './epoch.js';
import { credit } from './fee.js';
import { judgeImport } from './importRule.js';
import { judgePreorder, judgeRegistration, judgeRenewal } from './nameRule.js';
import { judgeNamespacePreorder, judgeReady, judgeReveal } from './namespaceRule.js';
import type { Network } from './network.js';
import type { Opcode, Operation } from './operation.js';
import type { OperationRecord } from './operationRecord.js';
import { judgeRevoke, judgeTransfer, judgeUpdate } from './ownerRule.js';
import { freshHashes, refuse, type BlockContext, type Verdict } from './rule.js';
import { serializeOperation } from './serialization.js';
import { changeBlock, createState, findName, undoBlock, type HistoryEntry, type State, type StateOptions } from './state.js';
import { judgeTokenTransfer } from './tokenRule.js';
import { put } from './undo.js';

export { createState, isCandidate, undoBlock };
export { accountAt, consensusHashAt, historyOf, nameAt, namesOf, namespaceAt, operationsAt } from './query.js';
export { watchedScripts, watchedSet } from './watched.js';
export type { NameAt, NamespaceAt } from './query.js';
export type { Candidate, HistoryEntry, OperationRecord, State, StateOptions };

/** A block as the rules need it. Transactions that are no candidates may be left out; the others keep their index. */
export interface RuleBlock {
  readonly height: number;
  readonly transactions: readonly Candidate[];
}

export interface TransactionVerdict {
  readonly txid: string;
  readonly index: number;
  readonly opcode: Opcode;
  readonly status: 'accepted' | 'rejected';
  /** Why it was rejected, in words. */
  readonly reason?: string;
}

export interface BlockResult {
  readonly height: number;
  /** Accepted operations in block order. */
  readonly operations: readonly OperationRecord[];
  /** Each as the operations hash takes it in. */
  readonly serialized: readonly string[];
  readonly operationsHash: string;
  readonly consensusHash: string;
  /**
   * `genesis`: some account's tokens from before the first block are not known, and from epoch 4 on operations may be refused here
   * that the network accepted. Empty: the result hangs on nothing but the blocks.
   */
  readonly assumptions: readonly 'genesis'[];
  /** One for each transaction that makes a claim; the rest is no part of BNS. */
  readonly verdicts: readonly TransactionVerdict[];
}

/**
 * Folds the next block into `state`: the one set of rules that core node, devnet and verifier share; BNS (b.6), (c.1), (c.3).
 * Heights follow one another from the network's first block on. What `also` puts into the state's tables is undone with the block.
 * @throws TypeError when the block is not the next
 * @example
 * const state = createState(mainnet);
 * const { consensusHash } = applyBlock(state, { height: 373601, transactions: [] });
 */
export function applyBlock(state: State, { height, transactions }: RuleBlock, also: (result: BlockResult) => void = () => undefined): BlockResult {
  if (height !== state.height + 1) throw new TypeError(`block ${height} does not follow block ${state.height}`);
  const claims = readClaims(transactions, height, state);
  const collided = findCollisions(state, claims, height);
  return changeBlock(state, height, () => {
    vest(state, height);
    const block = contextOf(state, height);
    const created = new Set<string>();
    const operations: OperationRecord[] = [];
    const verdicts = claims.map((claim) => {
      const outcome = settle(state, claim, block, collided, created);
      if (outcome !== null && typeof outcome !== 'string') operations.push(outcome);
      return verdictOf(claim, outcome);
    });
    const result = { height, operations, verdicts, assumptions: assumptionsOf(state.network, height), ...commit(state, height, operations) };
    also(result);
    return result;
  });
}

/** What a fold up to `height` takes on trust; see {@link BlockResult}. */
export function assumptionsOf(network: Network, height: number): readonly 'genesis'[] {
  return network.genesisKnown === false && epochAt(network, height).tokens ? ['genesis'] : [];
}

/** Tokens that come free at a height can be spent in its block. */
function vest(state: State, height: number): void {
  const due = state.network.vesting?.[height];
  if (due) for (const [address, amount] of Object.entries(due)) credit(state, { address }, BigInt(amount));
}

function contextOf(state: State, height: number): BlockContext {
  return { height, last: height - 1, epoch: epochAt(state.network, height), fresh: freshHashes(state, height), registrations: new Map() };
}

function readClaims(transactions: readonly Candidate[], height: number, { network, memo }: State): Claim[] {
  const ordered = [...transactions].sort((a, b) => a.index - b.index);
  return ordered.map((candidate) => readClaim(candidate, height, network, memo)).filter((claim) => claim !== null);
}

/** What a creating operation creates; null for the others. Imports create too, but never collide; BNS (b.6). */
function creationOf({ operation }: Claim): string | null {
  if (operation.opcode === 'NAME_REGISTRATION') return operation.name;
  return operation.opcode === 'NAMESPACE_REVEAL' ? operation.namespace : null;
}

/**
 * The dry run: names and namespaces that two or more operations of the block could create, judged as of the block before. All of
 * them fail, so that who mines cannot decide by order; BNS (b.6).
 */
function findCollisions(state: State, claims: readonly Claim[], height: number): ReadonlySet<string> {
  const seen = new Set<string>();
  const collided = new Set<string>();
  const creations = claims.map(creationOf).filter((created) => created !== null);
  // Where all differ nothing can collide, and the dry run has no other outcome.
  if (new Set(creations).size === creations.length) return collided;
  const block = contextOf(state, height);
  for (const claim of claims) {
    const created = creationOf(claim);
    if (created === null) continue;
    const passes = 'grant' in judge(state, claim, block);
    // A registration counts against its owner's quota when it passes, and against its sender's when it fails; BNS (b.6).
    countRegistration(claim, block, passes ? claim.recipient?.script : claim.sender.script);
    if (passes && seen.has(created)) collided.add(created);
    if (passes) seen.add(created);
  }
  return collided;
}

function countRegistration({ operation }: Claim, { registrations }: BlockContext, script: string | undefined): void {
  if (operation.opcode === 'NAME_REGISTRATION' && script !== undefined) registrations.set(script, (registrations.get(script) ?? 0) + 1);
}

/** Judges a claim for good: the record of what it did, null for what is accepted and leaves none, or why not. */
function settle(state: State, claim: Claim, block: BlockContext, collided: ReadonlySet<string>, created: Set<string>): OperationRecord | string | null {
  if (claim.operation.opcode === 'ANNOUNCE') return announcerOf(state, claim, block) === null ? 'the sender owns none of the names this node listens to' : null;
  const verdict = judge(state, claim, block);
  if ('refusal' in verdict) return verdict.refusal;
  const creation = creationOf(claim);
  if (creation !== null && collided.has(creation)) return 'several operations of the block would create it';
  if (creation !== null && created.has(creation)) return 'an earlier operation of the block created it';
  if (creation !== null) created.add(creation);
  const record = verdict.grant();
  countRegistration(claim, block, claim.recipient?.script);
  return record;
}

function judge(state: State, claim: Claim, block: BlockContext): Verdict {
  const { operation } = claim;
  const of = <T extends Operation>(narrowed: T): Claim<T> => ({ ...claim, operation: narrowed });
  switch (operation.opcode) {
    case 'NAME_PREORDER':
      return judgePreorder(state, of(operation), block);
    case 'NAME_REGISTRATION':
      return judgeRegistration(state, of(operation), block);
    case 'NAME_RENEWAL':
      return judgeRenewal(state, of(operation), block);
    case 'NAME_UPDATE':
      return judgeUpdate(state, of(operation), block);
    case 'NAME_TRANSFER':
      return judgeTransfer(state, of(operation), block);
    case 'NAME_REVOKE':
      return judgeRevoke(state, of(operation), block);
    case 'NAME_IMPORT':
      return judgeImport(state, of(operation), block);
    case 'NAMESPACE_PREORDER':
      return judgeNamespacePreorder(state, of(operation), block);
    case 'NAMESPACE_REVEAL':
      return judgeReveal(state, of(operation), block);
    case 'NAMESPACE_READY':
      return judgeReady(state, of(operation), block);
    case 'TOKEN_TRANSFER':
      return judgeTokenTransfer(state, of(operation), block);
    case 'ANNOUNCE':
      return refuse('announcements never enter consensus');
  }
}

/** The name that lets a sender announce, of those the node listens to. What is announced never enters consensus; BNS (b.5). */
function announcerOf(state: State, { sender }: Claim, { last }: BlockContext): string | null {
  const owns = (name: string): boolean => {
    const row = findName(state, name, last);
    return row !== null && !row.revoked && row.owner === sender.script;
  };
  return state.announcers.find(owns) ?? null;
}

function verdictOf({ txid, index, operation: { opcode } }: Claim, outcome: OperationRecord | string | null): TransactionVerdict {
  return typeof outcome === 'string' ? { txid, index, opcode, status: 'rejected', reason: outcome } : { txid, index, opcode, status: 'accepted' };
}

function commit(state: State, height: number, operations: readonly OperationRecord[]): Pick<BlockResult, 'serialized' | 'operationsHash' | 'consensusHash'> {
  const serialized = operations.map(serializeOperation);
  const hash = operationsHash(serialized);
  const previous = skipHeights(height, state.network.firstBlock).map((earlier) => state.consensusHashes.get(earlier) ?? '');
  const consensus = consensusHash(hash, previous);
  put(state, state.consensusHashes, height, consensus);
  if (operations.length > 0) put(state, state.operations, height, operations);
  if (state.linked.size > 0)
    put(
      state,
      state.links,
      height,
      operations.map(({ vtxindex }) => state.linked.get(vtxindex) ?? ''),
    );
  return { serialized, operationsHash: hash, consensusHash: consensus };
}
