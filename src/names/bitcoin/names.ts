import type { Hash160 } from '../../lib/address.js';
import { fromBase64, fromHex, isHex, toHex } from '../../lib/bytes.js';
import { orAborted, type LongCallOptions } from '../../lib/clock.js';
import { NamesteadError } from '../../lib/errors.js';
import { hash160 } from '../../lib/hash.js';
import { inParallel } from '../../lib/parallel.js';
import { asCount, asFields, asList, type Fields } from '../../lib/shape.js';
import { parseName } from '../name.js';
import type { LookupOptions, Names } from '../names.js';
import { atLeast, type Evidence } from '../proof.js';
import type { NameRecord } from '../record.js';
import { createHeaderChain, syncHeaders, type HeaderChain, type SyncResult } from './chain.js';
import { nameHash128, preorderHash } from './commitment.js';
import { EMPTY_OPERATIONS_HASH } from './consensus.js';
import { expireBlock, isUnexpired, renewalDeadline, type NamespaceLife } from './expiry.js';
import type { Header } from './header.js';
import type { Network } from './network.js';
import { ZERO_HASH } from './operation.js';
import { opcodeOfRecord, proveOperation, type ProofWorld, type ProvedOperation } from './operationProof.js';
import { addressOfScript } from './script.js';
import { committedFields } from './serialization.js';
import { findOperations, proveOperationsHash, recomputeHistory, type History } from './snv.js';
import type { HeaderSource, Indexer, TransactionSource } from './source.js';

/** What one trusts before asking anybody: a block and the consensus hash there, from outside the servers that are asked. */
export interface Anchor {
  readonly height: number;
  /** Display hex. */
  readonly hash: string;
  /** 32 hex digits. */
  readonly consensusHash: string;
}

export interface BitcoinNamesOptions {
  readonly network: Network;
  readonly anchor: Anchor;
  /** One source of headers or several; the heaviest valid chain with the anchor in it wins. */
  readonly headers: HeaderSource | readonly HeaderSource[];
  readonly transactions: TransactionSource;
  readonly indexer: Indexer;
  /** A chain to go on from, so that headers are fetched once; default a new one from the genesis block. */
  readonly chain?: HeaderChain | undefined;
}

/** The lifetime of a namespace whose names never end. */
const FOR_EVER = 0xffffffff;
const WIDTH = 4;

/**
 * Names of a BNS network on Bitcoin, proved at level `snv` and complete up to the anchor: the record of a name is the last
 * operation on it that the anchor's consensus hash commits to, and its transaction is shown in the block it claims.
 *
 * `lookup` throws NamesteadError: `AbsenceNotProved`, `NameExpired`, `NameRevoked`, `NotConfirmed`, `LevelNotReached`,
 * `NamespaceNotReady`; from headers `LowWork`, `AnchorMismatch`, `Header…`; from the proof `ConsensusMismatch`,
 * `OperationsMismatch`, `OperationDuplicate`, `OperationHidden`, `TransactionMissing`, `TransactionMismatch`, `MerkleMismatch`,
 * `PositionMismatch`, `PayloadMismatch`, `SenderMismatch`; from what the node says besides `RecordMismatch` (a committed field) and
 * `UncommittedField` (one that no hash commits to, and that its parts contradict); and what the sources throw.
 * @throws NamesteadError `AnchorRequired`
 * @example
 * const bitcoin = esplora({ url: 'https://blockstream.info/api' });
 * const names = bitcoinNames({ network: mainnet, anchor, headers: bitcoin, transactions: bitcoin, indexer: indexer({ url }) });
 * const { record, evidence } = await names.lookup('alice.id');
 */
export function bitcoinNames(options: BitcoinNamesOptions): Names {
  const { network, anchor, transactions, indexer, chain = createHeaderChain(network.bitcoin) } = options;
  const headers = 'headers' in options.headers ? [options.headers] : options.headers;
  if (headers.length === 0) throw new TypeError('names are proved against headers: give a source of them');
  if (!(anchor as Anchor | undefined))
    throw new NamesteadError('AnchorRequired', 'names are proved against an anchor: give height, block hash and consensus hash from a place you trust');
  if (anchor.height < network.firstBlock) throw new TypeError(`the anchor stands at ${anchor.height}, before the network's first block ${network.firstBlock}`);
  const headerAt = (height: number): Promise<Header> => {
    const header = chain.at(height);
    return header ? Promise.resolve(header) : Promise.reject(new NamesteadError('MerkleMismatch', `no header is held at height ${height}`));
  };
  const world: World = { network, anchor, chain, transactions, indexer, headerAt };
  let past: History | null = null;
  let synced: Promise<unknown> = Promise.resolve();
  /** One after the other: two calls at once would each take the other's headers for a fork. */
  const sync = (call: LongCallOptions): Promise<SyncResult> => {
    const next = synced.then(() => syncHeaders(chain, headers, { ...call, anchor }));
    synced = next.catch(() => undefined);
    return orAborted(next, call.signal, 'the lookup');
  };

  return {
    lookup: async (name, call: LookupOptions = {}) => {
      const { namespace } = parseName(name);
      const { level = 'snv' } = call;
      if (!atLeast('snv', level)) throw new NamesteadError('LevelNotReached', `level ${level} is demanded, and these sources prove snv at the most`);
      const { disagreed } = await sync(call);
      const claim = await findClaim(world, name, call);
      const operation = await findCommitted(world, name, claim, call);
      verifyStated(claim, operation);
      const proved = await proveOperation(world, operation, claim.height, call);
      // The anchor does not change, so neither does what leads to it.
      past ??= await recomputeHistory(indexer, anchor, network.firstBlock, call);
      await verifyNoneLater(world, name, claim.height, past, call);
      const life = await proveNamespace(world, namespace, past, call);
      await verifyUncommitted(world, { name, namespace, claim, operation, proved, life, past }, call);
      return {
        record: recordOf(world, name, claim.height, operation, life),
        evidence: evidenceOf(
          world,
          claim.height,
          [...headers, transactions, indexer],
          disagreed.map(({ operator }) => operator),
        ),
      };
    },
  };
}

interface World extends ProofWorld {
  readonly chain: HeaderChain;
  readonly anchor: Anchor;
  readonly indexer: Indexer;
}

/** What the node says of a name, up to the anchor. */
interface Claim {
  readonly height: number;
  /** The record as it stands, or as it stood at `height` where the node knows of operations after the anchor. */
  readonly stated: Fields;
  /** Whether `stated` is the node's present record. */
  readonly present: boolean;
}

async function findClaim({ indexer, anchor }: World, name: string, call: LongCallOptions): Promise<Claim> {
  const what = `${indexer.operator}'s record of ${name}`;
  const absent = (): NamesteadError =>
    new NamesteadError(
      'AbsenceNotProved',
      `${indexer.operator} knows no ${name} as of height ${anchor.height}, which nothing proves: ask another node, or take a newer anchor if it was registered since`,
    );
  const record = await indexer.nameRecord(name, call);
  if (!record) throw absent();
  const history = asFields(record['history'], `the history in ${what}`);
  const heights = Object.keys(history).map((key) => asCount(Number(key), `a height in ${what}`));
  const height = heights.filter((at) => at <= anchor.height).reduce((most, at) => Math.max(most, at), -1);
  if (height < 0) throw absent();
  const present = heights.every((at) => at <= height);
  const stated = present ? record : asFields(asList(history[String(height)], `the history in ${what}`, 1000).at(-1), what);
  return { height, stated, present };
}

/** The last operation on the name in the block claimed, out of the set that lies beneath the anchor. */
async function findCommitted({ network, anchor, indexer }: World, name: string, claim: Claim, call: LongCallOptions): Promise<Fields> {
  if (claim.height < network.firstBlock)
    throw new NamesteadError('RecordMismatch', `${indexer.operator} places ${name} at height ${claim.height}, before the network's first block`);
  const hash = await proveOperationsHash(indexer, anchor, claim.height, network.firstBlock, call);
  const operation = lastOn(name, await findOperations(indexer, claim.height, hash, call));
  if (!operation)
    throw new NamesteadError(
      'RecordMismatch',
      `${indexer.operator} says ${name} was last touched at height ${claim.height}; the operations committed there do not`,
    );
  return operation;
}

function lastOn(name: string, operations: readonly Fields[]): Fields | undefined {
  return operations
    .filter((operation) => nameOf(operation) === name)
    .reduce<Fields | undefined>((last, next) => (last && Number(last['vtxindex']) > Number(next['vtxindex']) ? last : next), undefined);
}

/** The name an operation is on. Where the hash does not commit to a name, one that stands beside it is the node's own invention. */
function nameOf(operation: Fields): unknown {
  return committedIn(operation).includes('name') ? operation['name'] : undefined;
}

function committedIn({ op }: Fields): readonly string[] {
  return committedFields[String(op).slice(0, 1)] ?? [];
}

function verifyStated({ stated, height }: Claim, operation: Fields): void {
  for (const field of committedIn(operation)) {
    // Nodes leave some out, and cut the fee of an imported name to an integer.
    const [told, committed] =
      field === 'op_fee' ? [Math.trunc(Number(stated[field])), Math.trunc(Number(operation[field]))] : [stated[field], operation[field]];
    if (stated[field] !== undefined && JSON.stringify(told) !== JSON.stringify(committed)) {
      throw new NamesteadError('RecordMismatch', `the node's record has another ${field} than the operation committed at height ${height}`);
    }
  }
}

async function verifyNoneLater({ anchor, indexer }: World, name: string, height: number, past: History, call: LongCallOptions): Promise<void> {
  const later = Array.from({ length: anchor.height - height }, (_, i) => height + 1 + i).filter((at) => past.operationsHashAt(at) !== EMPTY_OPERATIONS_HASH);
  let done = 0;
  await inParallel(later, WIDTH, async (at) => {
    const operations = await findOperations(indexer, at, String(past.operationsHashAt(at)), call);
    if (lastOn(name, operations))
      throw new NamesteadError(
        'OperationHidden',
        `${indexer.operator} hides an operation on ${name} at height ${at}: its record is older, of height ${height}`,
      );
    call.onProgress?.({ stage: 'operations', done: ++done, total: later.length, unit: 'blocks' });
  });
}

async function proveNamespace(world: World, id: string, past: History, call: LongCallOptions): Promise<NamespaceLife> {
  const { indexer } = world;
  const height = (await indexer.namespaceRecord(id, call))?.['ready_block'];
  const hash = typeof height === 'number' && past.operationsHashAt(height);
  if (!hash) throw new NamesteadError('NamespaceNotReady', `${indexer.operator} tells no height up to the anchor at which namespace ${id} was made ready`);
  const ready = (await findOperations(indexer, height, hash, call)).find((operation) => operation['op'] === '!' && operation['namespace_id'] === id);
  if (!ready)
    throw new NamesteadError(
      'NamespaceNotReady',
      `${indexer.operator} says namespace ${id} was made ready at height ${height}; the operations committed there do not`,
    );
  await proveOperation(world, ready, height, call);
  return { revealBlock: asCount(ready['reveal_block'], 'reveal_block'), readyBlock: height, lifetime: asCount(ready['lifetime'], 'lifetime') };
}

interface Proved {
  readonly name: string;
  readonly namespace: string;
  readonly claim: Claim;
  readonly operation: Fields;
  readonly proved: ProvedOperation;
  readonly life: NamespaceLife;
  readonly past: History;
}

/** Fields that no hash commits to are held against what they follow from; those that follow from nothing are not handed on. */
async function verifyUncommitted(world: World, known: Proved, call: LongCallOptions): Promise<void> {
  const { network, chain } = world;
  const { name, namespace, operation, life, claim } = known;
  const { stated } = claim;
  const renewed = Number(operation['last_renewed']);
  const now = chain.tip().height;
  const ends = expireBlock(network, life, renewed, now);
  const computed: Record<string, unknown> = {
    opcode: opcodeOfRecord(operation),
    namespace_id: namespace,
    name_hash128: nameHash128(name),
    ...(claim.present && life.lifetime !== FOR_EVER
      ? { expire_block: ends, renewal_deadline: renewalDeadline(network, life, renewed, now), ...(now < ends ? { expired: false } : {}) }
      : {}),
    ...(isHex(stated['preorder_hash'], 20) ? { preorder_hash: await preorderHashOf(world, known, call) } : {}),
  };
  for (const [field, value] of Object.entries(computed)) {
    for (const told of [stated, operation]) {
      if (value !== null && told[field] !== undefined && told[field] !== value)
        throw new NamesteadError(
          'UncommittedField',
          `the node tells ${field} ${JSON.stringify(told[field])} of ${name}; what is proved gives ${JSON.stringify(value)}`,
        );
    }
  }
  const { zonefile } = stated;
  if (typeof zonefile === 'string' && toHex(hash160(fromBase64(zonefile))) !== operation['value_hash']) {
    throw new NamesteadError('UncommittedField', `the node's record of ${name} has a zone file that does not hash to its value_hash`);
  }
}

/** The preorder hash follows from who sent the registration and to which address; null for names that were imported. */
async function preorderHashOf(world: World, { name, operation, proved, claim, past }: Proved, call: LongCallOptions): Promise<string | null> {
  const registered = Number(operation['first_registered']);
  if (operation['op'] === ':' && registered === claim.height) return preorderHashBy(name, proved);
  const hash = past.operationsHashAt(registered);
  const operations = hash === null ? [] : await findOperations(world.indexer, registered, hash, call);
  const registration = lastOn(
    name,
    operations.filter(({ op }) => op === ':'),
  );
  return registration ? preorderHashBy(name, await proveOperation(world, registration, registered, call)) : null;
}

function preorderHashBy(name: string, { transaction, sender }: ProvedOperation): string | null {
  const owner = addressOfScript(transaction.outputs[1]?.script ?? new Uint8Array());
  return owner === null ? null : preorderHash(name, sender, owner);
}

function recordOf({ network, chain }: World, name: string, height: number, operation: Fields, life: NamespaceLife): NameRecord {
  const { sender, address, value_hash: valueHash, revoked } = operation;
  const renewed = asCount(operation['last_renewed'], 'last_renewed');
  const now = chain.tip().height;
  if (revoked !== false) throw new NamesteadError('NameRevoked', `${name} was revoked at height ${height}`);
  if (!isUnexpired(network, life, renewed, now))
    throw new NamesteadError('NameExpired', `${name} expired at height ${renewalDeadline(network, life, renewed, now)}; somebody else may have it since`);
  if (now - height + 1 < network.confirmations)
    throw new NamesteadError('NotConfirmed', `the last operation on ${name} has ${now - height + 1} of ${network.confirmations} confirmations`);
  const owner = typeof sender === 'string' ? addressOfScript(fromHex(sender)) : null;
  if (owner === null || owner !== address) throw new NamesteadError('RecordMismatch', `the address committed for ${name} is not that of its owner's script`);
  return {
    name,
    owner,
    // A hash of zeros is what a renewal without a zone file leaves; BNS (a.3).
    zoneFileHash: isHex(valueHash, 20) && valueHash !== ZERO_HASH ? (fromHex(valueHash) as Hash160) : null,
    height,
    txid: String(operation['txid']),
    // At the deadline itself a name still lives when it was renewed after its namespace was made ready; BNS (b.7).
    expiresAt: life.lifetime === FOR_EVER ? null : renewalDeadline(network, life, renewed, now) + (renewed >= life.readyBlock ? 1 : 0),
    chain: 'bitcoin',
  };
}

function evidenceOf(
  { network, chain, anchor }: World,
  height: number,
  sources: readonly { readonly operator: string }[],
  disagreed: readonly string[],
): Evidence {
  const { work } = network.bitcoin;
  const tip = chain.tip();
  return {
    level: 'snv',
    asOf: { height: anchor.height, hash: anchor.hash, time: chain.at(anchor.height)?.time ?? 0 },
    tip: { height: tip.height, hash: tip.hash, time: tip.time },
    completeTo: anchor.height,
    confirmations: tip.height - height + 1,
    work,
    operators: [...new Set(sources.map(({ operator }) => operator))],
    disagreed,
    checked: [
      `headers ${chain.base} to ${tip.height}: linkage, work, bits, median time, most work of the sources, the anchor among them`,
      `operations at height ${height}: beneath the anchor's consensus hash, none twice`,
      'transaction: in the block and at the place its record tells',
      "payload and outputs: the record's",
      'sender: the script of the output that is spent, out of its own transaction',
      `consensus hashes ${network.firstBlock} to ${anchor.height}: recomputed, ending in the anchor's`,
      ...(height < anchor.height ? [`operations ${height + 1} to ${anchor.height}: none on the name`] : []),
      'namespace: made ready by an operation proved alike; name: neither expired nor revoked',
      'what the node says besides, where it follows from this',
    ],
    unchecked: [
      ...(tip.height > anchor.height ? [`operations after the anchor, from height ${anchor.height + 1} to ${tip.height}`] : []),
      'that earlier operations kept the rules: the anchor stands for it',
    ],
    pending: [],
    warnings: [],
  };
}
