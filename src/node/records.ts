import { toBase64 } from '../lib/bytes.js';
import type { Fields } from '../lib/shape.js';
import { nameHash128 } from '../names/bitcoin/commitment.js';
import { epochAt } from '../names/bitcoin/epoch.js';
import { expireBlock, isInGrace, isUnexpired, renewalDeadline, type NamespaceLife } from '../names/bitcoin/expiry.js';
import { namePrice, namespacePrice, type PriceTerms } from '../names/bitcoin/price.js';
import { isNamespaceValid, parseName } from '../names/name.js';
import { findName } from '../names/bitcoin/state.js';
import { lastBlock, type Context } from './context.js';
import { pythonFloat, type Json } from './json.js';
import type { HistoryEntry } from '../names/bitcoin/rules.js';
import type { TransactionStatus } from './indexes.js';
import { refusal } from './refusal.js';

/** Lifetime of a namespace whose names never expire. */
const FOR_EVER = 0xffffffff;

/** A record of an operation as a core node tells it: the fee of a name made by an import is a float (bns-v1.md c.2), `last_creation_op` stays inside. */
export function operationJson(record: Fields): Json {
  const { last_creation_op: _, op_fee: fee, ...rest } = record;
  const imported = typeof rest['importer'] === 'string' && rest['importer'] !== '';
  const feeJson = fee === undefined ? {} : { op_fee: imported && typeof fee === 'number' ? pythonFloat(fee) : fee };
  return { ...rest, ...feeJson } as Json;
}

export interface NameView {
  readonly name: string;
  readonly namespace: string;
  readonly record: Fields;
  readonly revoked: boolean;
  readonly expired: boolean;
  readonly grace: boolean;
  /** -1: never. */
  readonly expireBlock: number;
  readonly renewalDeadline: number;
  readonly zoneFileHash: string | null;
}

/** How a name stands; null when it was never registered. @throws refusal 400 for what is no name */
export function viewName(context: Context, name: string): NameView | null {
  const { namespace } = nameOf(name);
  const record = context.ledger.lookups().nameHistory(name).at(-1)?.record;
  const life = lifeOf(context, namespace);
  if (!record || !life) return null;
  const { last_renewed: lastRenewed, value_hash: hash, revoked } = record;
  const renewed = Number(lastRenewed);
  const [height, forEver] = [lastBlock(context), life.lifetime === FOR_EVER];
  return {
    name,
    namespace,
    record,
    revoked: revoked === true,
    expired: !forEver && !isUnexpired(context.network, life, renewed, height),
    grace: !forEver && isInGrace(context.network, life, renewed, height),
    expireBlock: forEver ? -1 : expireBlock(context.network, life, renewed, height),
    renewalDeadline: forEver ? -1 : renewalDeadline(context.network, life, renewed, height),
    zoneFileHash: typeof hash === 'string' ? hash : null,
  };
}

/** A name that somebody holds. */
export function isLive(view: NameView | null): view is NameView {
  return view !== null && !view.expired && !view.revoked;
}

function nameOf(text: string): { readonly namespace: string } {
  try {
    return parseName(text);
  } catch {
    throw refusal(400, 'invalid name');
  }
}

function lifeOf({ ledger }: Context, id: string): NamespaceLife | null {
  const record = revealed(ledger.lookups().namespaceHistory(id))?.record;
  if (!record) return null;
  return { revealBlock: Number(record['reveal_block']), readyBlock: Number(record['ready_block'] ?? 0), lifetime: Number(record['lifetime']) };
}

function revealed(history: readonly HistoryEntry[]): HistoryEntry | undefined {
  return history.findLast(({ record }) => record['opcode'] === 'NAMESPACE_REVEAL' || record['opcode'] === 'NAMESPACE_READY');
}

/** The record of `get_name_record`. Its numbers come from columns of a table, hence an integer fee here. */
export async function nameJson(context: Context, view: NameView): Promise<{ readonly [field: string]: Json | undefined }> {
  const { last_creation_op: _, name_consensus_hash: __, ...record } = view.record;
  const zoneFile = view.zoneFileHash === null ? null : await context.atlas.get(view.zoneFileHash);
  return {
    ...(record as { readonly [field: string]: Json }),
    op_fee: Math.trunc(Number(record['op_fee'])),
    ...(record['token_fee'] === undefined ? {} : { token_fee: Number(record['token_fee']) }),
    name_hash128: nameHash128(view.name),
    namespace_id: view.namespace,
    expire_block: view.expireBlock,
    renewal_deadline: view.renewalDeadline,
    expired: view.expired,
    zonefile: zoneFile ? toBase64(zoneFile) : undefined,
    did: didOf(context, view.name),
    resolver: null,
  };
}

/** `did:stack:v0:<address>-<index>`: the index-th name first given to its first owner (atlas.md f). */
export function didOf({ ledger }: Context, name: string): string | null {
  const created = ledger
    .lookups()
    .nameHistory(name)
    .find(({ record }) => record['opcode'] !== 'NAME_PREORDER')?.record;
  const address = created?.['address'];
  return typeof address === 'string' ? `did:stack:v0:${address}-${ledger.lookups().firstNamesOf(address).indexOf(name)}` : null;
}

/** Records by height, as `history` of the node's answers. */
export function historyJson(history: readonly HistoryEntry[]): Json {
  const heights = [...new Set(history.map(({ height }) => height))];
  return Object.fromEntries(
    heights.map((height) => [String(height), history.filter((moment) => moment.height === height).map(({ record }) => operationJson(record))]),
  );
}

/** The record of a namespace that is at least revealed. @throws refusal 404 */
export function namespaceJson({ ledger }: Context, id: string): { readonly [field: string]: Json | undefined } {
  if (!isNamespaceValid(id)) throw refusal(400, 'invalid namespace');
  const found = revealed(ledger.lookups().namespaceHistory(id));
  if (!found) throw refusal(404, 'Namespace not found');
  const { buckets, ...rest } = found.record;
  const text = Array.isArray(buckets) ? `[${buckets.join(', ')}]` : buckets;
  return { ...(operationJson(rest) as { readonly [field: string]: Json }), buckets: text, ready: found.record['opcode'] === 'NAMESPACE_READY' };
}

export interface Price {
  readonly amount: number;
  readonly units: 'BTC' | 'STACKS';
}

/** What a name costs at the last block, in its namespace's own unit, rounded up. @throws refusal 400, 404 */
export function priceOfName(context: Context, name: string): Price {
  const { namespace } = nameOf(name);
  const terms = termsOf(namespaceJson(context, namespace));
  const price = namePrice(name.slice(0, -namespace.length - 1), terms, epochAt(context.network, lastBlock(context)));
  return { amount: Math.ceil(Number(price)), units: terms.version === 3 ? 'STACKS' : 'BTC' };
}

function termsOf(record: { readonly [field: string]: Json | undefined }): PriceTerms {
  const number = (field: string): number => Number(record[field]);
  const buckets = JSON.parse(record['buckets'] as string) as readonly number[];
  return {
    coeff: number('coeff'),
    base: number('base'),
    buckets,
    nonalphaDiscount: number('nonalpha_discount'),
    noVowelDiscount: number('no_vowel_discount'),
    version: number('version'),
  };
}

/** What a namespace costs at the last block. @throws refusal 400 */
export function priceOfNamespace(context: Context, id: string): Price {
  if (!isNamespaceValid(id)) throw refusal(400, 'invalid namespace');
  const epoch = epochAt(context.network, lastBlock(context));
  const units = epoch.tokens ? 'STACKS' : 'BTC';
  const price = namespacePrice(id, units, epoch);
  if (price === null) throw refusal(400, 'invalid namespace');
  return { amount: Math.ceil(Number(price)), units };
}

/** Names that somebody holds, sorted: all, or those of one namespace. */
export function liveNames({ ledger }: Context, namespace?: string): string[] {
  const state = ledger.state();
  const live = (name: string): boolean => findName(state, name, state.height)?.revoked === false;
  return [...ledger.lookups().names(namespace)].filter(live).sort();
}

/** Whether an operation on a name announced a zone file. */
export function announced({ ledger }: Context, name: string, hash: string): boolean {
  const lookups = ledger.lookups();
  return lookups.bitsOf(hash).some((bit) => lookups.zoneFileRow(bit)?.name === name);
}

export function transactionJson({ status, height, index, opcode, reason }: TransactionStatus): { readonly [field: string]: Json | undefined } {
  return { status, block_height: height, vtxindex: index, op: opcode, reason };
}

/** Namespaces that are ready, sorted. */
export function readyNamespaces({ ledger }: Context): string[] {
  return ledger
    .lookups()
    .namespaces()
    .filter((id) => revealed(ledger.lookups().namespaceHistory(id))?.record['opcode'] === 'NAMESPACE_READY');
}
