import { toBase64 } from '../lib/bytes.js';
import type { XmlRpcValue } from '../lib/xmlrpc.js';
import { isNameValid } from '../names/name.js';
import { isPeer, parsePeerBase64, peerLimits, type ZoneFileRow } from '../zones/peer.js';
import type { AccountRowAt } from './accounts.js';
import { lastBlock, SERVER_VERSION, type Context } from './context.js';
import { accountJson, balanceText } from './accountJson.js';
import type { Lookups } from './indexes.js';
import type { Json } from './json.js';
import {
  historyJson,
  isLive,
  liveNames,
  nameJson,
  namespaceJson,
  operationJson,
  priceOfName,
  priceOfNamespace,
  announced,
  didOf,
  readyNamespaces,
  transactionJson,
  viewName,
  type NameView,
} from './records.js';
import { refusal } from './refusal.js';

/** Who calls, as far as it matters. */
export interface Caller {
  readonly loopback: boolean;
}

type Fields = Readonly<Record<string, Json | undefined>>;

interface Method {
  /** How many parameters it takes. */
  readonly arity: number;
  /** Answers without the envelope (atlas.md a.2). */
  readonly bare?: boolean;
  answer(context: Context, params: readonly XmlRpcValue[], caller: Caller): Fields | Promise<Fields>;
}

/** Limits of the reference node (bns-v1.md e). */
const OPERATIONS_PAGE = 10;
const HEIGHTS = 32;
const NAMES_PAGE = 100;
/** Ours: who recomputes every consensus hash asks for that many operations hashes in one call. */
const OPERATIONS_HASHES = 2000;
const HISTORY_PAGE = 20;

function text(value: XmlRpcValue | undefined, shape: RegExp, what: string): string {
  if (typeof value !== 'string' || !shape.test(value)) throw refusal(400, `invalid ${what}`);
  return value;
}

function count(value: XmlRpcValue | undefined, most: number, what: string): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > most) throw refusal(400, `invalid ${what}`);
  return value;
}

function list(value: XmlRpcValue | undefined, most: number, what: string): readonly XmlRpcValue[] {
  if (!Array.isArray(value)) throw refusal(400, `invalid ${what}`);
  if (value.length > most) throw refusal(400, `Too many requests (no more than ${most} allowed)`);
  return value as readonly XmlRpcValue[];
}

const height = (value: XmlRpcValue | undefined): number => count(value, 0x7fffffff, 'block height');
const offset = (value: XmlRpcValue | undefined): number => count(value, 0x7fffffff, 'offset');
const pageSize = (value: XmlRpcValue | undefined): number => count(value, NAMES_PAGE, 'count');
const nameOf = (value: XmlRpcValue | undefined): string => {
  if (typeof value !== 'string' || !isNameValid(value)) throw refusal(400, 'invalid name');
  return value;
};
const addressOf = (value: XmlRpcValue | undefined): string => text(value, /^[1-9A-HJ-NP-Za-km-z]{26,35}$/, 'address');
const hashOf = (value: XmlRpcValue | undefined): string => text(value, /^[0-9a-f]{40}$/, 'zone file hash');

function known(context: Context, value: XmlRpcValue | undefined): NameView {
  const view = viewName(context, nameOf(value));
  if (!view) throw refusal(404, 'Not found.');
  return view;
}

const chain: Readonly<Record<string, Method>> = {
  ping: { arity: 0, bare: true, answer: (context) => ({ status: context.standing().stale ? 'stale' : 'alive', version: SERVER_VERSION }) },
  getinfo: { arity: 0, bare: true, answer: info },
  get_consensus_at: { arity: 1, answer: ({ ledger }, [at]) => ({ consensus: ledger.at(height(at))?.consensusHash ?? null }) },
  get_consensus_hashes: {
    arity: 1,
    answer: ({ ledger }, [heights]) => ({
      consensus_hashes: Object.fromEntries(
        list(heights, HEIGHTS, 'block heights').map((at) => [String(height(at)), ledger.at(height(at))?.consensusHash ?? null]),
      ),
    }),
  },
  get_block_from_consensus: {
    arity: 1,
    answer: ({ ledger }, [hash]) => ({ block_id: ledger.lookups().heightOfConsensus(text(hash, /^[0-9a-f]{32}$/, 'consensus hash')) }),
  },
  get_num_blockstack_ops_at: { arity: 1, answer: ({ ledger }, [at]) => ({ count: ledger.at(height(at))?.operations.length ?? 0 }) },
  get_blockstack_ops_at: {
    arity: 3,
    answer: ({ ledger }, [at, from, most]) => {
      const start = offset(from);
      return { nameops: (ledger.at(height(at))?.operations ?? []).slice(start, start + count(most, OPERATIONS_PAGE, 'count')).map(operationJson) };
    },
  },
  get_blockstack_ops_hash_at: { arity: 1, answer: ({ ledger }, [at]) => ({ ops_hash: ledger.operationsHashAt(height(at)) }) },
  get_blockstack_ops_hashes: {
    arity: 2,
    answer: ({ ledger }, [from, most]) => {
      const [first, length] = [height(from), count(most, OPERATIONS_HASHES, 'count')];
      return { ops_hashes: Array.from({ length }, (_, at) => ledger.operationsHashAt(first + at)) };
    },
  },
  get_transaction_status: {
    arity: 1,
    answer: ({ ledger }, [txid]) => {
      const found = ledger.lookups().transaction(text(txid, /^[0-9a-f]{64}$/, 'txid'));
      return { tx: found ? transactionJson(found) : { status: 'ignored' } };
    },
  },
};

const names: Readonly<Record<string, Method>> = {
  get_name_record: { arity: 1, answer: async (context, [name]) => ({ record: await nameJson(context, known(context, name)) }) },
  get_name_blockchain_record: {
    arity: 1,
    answer: async (context, [name]) => {
      const view = known(context, name);
      return { record: { ...(await nameJson(context, view)), history: historyJson(context.ledger.lookups().nameHistory(view.name)) } };
    },
  },
  get_name_history_page: {
    arity: 2,
    answer: (context, [name, page]) => {
      const newest = [...context.ledger.lookups().nameHistory(known(context, name).name)].reverse();
      const start = count(page, 0xffff, 'page') * HISTORY_PAGE;
      return { history: historyJson(newest.slice(start, start + HISTORY_PAGE)) };
    },
  },
  get_name_at: { arity: 2, answer: (context, [name, at]) => recordsAt(context, nameOf(name), height(at)) },
  get_name_DID: {
    arity: 1,
    answer: (context, [name]) => {
      const view = known(context, name);
      if (!isLive(view)) throw refusal(404, 'Not found.');
      return { did: didOf(context, view.name) };
    },
  },
  get_DID_record: {
    arity: 1,
    answer: async (context, [did]) => ({
      record: await recordOfDid(context, text(did, /^did:stack:v0:[1-9A-HJ-NP-Za-km-z]{25,35}-(?:0|[1-9]\d{0,8})$/, 'DID')),
    }),
  },
  get_name_cost: { arity: 1, answer: (context, [name]) => ({ ...priceOfName(context, nameOf(name)) }) },
  get_namespace_cost: { arity: 1, answer: (context, [id]) => ({ ...priceOfNamespace(context, namespaceOf(id)) }) },
  get_namespace_blockchain_record: { arity: 1, answer: (context, [id]) => ({ record: namespaceJson(context, namespaceOf(id)) }) },
  get_names_owned_by_address: { arity: 1, answer: (context, [address]) => ({ names: context.ledger.lookups().namesOf(addressOf(address)) }) },
  get_historic_names_by_address: {
    arity: 3,
    answer: (context, [address, from, most]) => {
      const start = offset(from);
      return { names: namesOnceOf(context, addressOf(address)).slice(start, start + pageSize(most)) };
    },
  },
  get_num_historic_names_by_address: { arity: 1, answer: (context, [address]) => ({ count: namesOnceOf(context, addressOf(address)).length }) },
  get_all_names: { arity: 2, answer: (context, [from, most]) => paged(liveNames(context), from, most) },
  get_num_names: { arity: 0, answer: (context) => ({ count: liveNames(context).length }) },
  get_num_names_cumulative: { arity: 0, answer: ({ ledger }) => ({ count: [...ledger.lookups().names()].length }) },
  get_all_names_cumulative: { arity: 2, answer: ({ ledger }, [from, most]) => paged([...ledger.lookups().names()].sort(), from, most) },
  get_names_in_namespace: { arity: 3, answer: (context, [id, from, most]) => paged(namesIn(context, id), from, most) },
  get_num_names_in_namespace: { arity: 1, answer: (context, [id]) => ({ count: namesIn(context, id).length }) },
  get_all_namespaces: { arity: 0, answer: (context) => ({ namespaces: readyNamespaces(context) }) },
};

const tokenOf = (value: XmlRpcValue | undefined): string => text(value, /^STACKS$/, 'token type');

function accountOf({ ledger }: Context, address: XmlRpcValue | undefined): AccountRowAt {
  const row = ledger.lookups().account(addressOf(address));
  if (!row) throw refusal(404, 'No such account.');
  return row;
}

const accounts: Readonly<Record<string, Method>> = {
  get_account_tokens: { arity: 1, answer: ({ ledger }, [address]) => ({ token_types: ledger.lookups().account(addressOf(address)) ? ['STACKS'] : [] }) },
  get_account_balance: {
    arity: 2,
    answer: ({ ledger }, [address, token]) => {
      tokenOf(token);
      return { balance: balanceText(ledger.lookups().account(addressOf(address))) };
    },
  },
  get_account_record: {
    arity: 2,
    answer: (context, [address, token]) => {
      tokenOf(token);
      return { account: accountJson(accountOf(context, address)) };
    },
  },
  get_account_history: {
    arity: 2,
    answer: ({ ledger }, [address, page]) => {
      const start = count(page, 0xffff, 'page') * HISTORY_PAGE;
      return {
        history: ledger
          .lookups()
          .accountHistory(addressOf(address))
          .slice(start, start + HISTORY_PAGE)
          .map(accountJson),
      };
    },
  },
  get_account_at: {
    arity: 2,
    answer: ({ ledger }, [address, at]) => {
      const wanted = height(at);
      return {
        history: ledger
          .lookups()
          .accountHistory(addressOf(address))
          .filter((row) => row.height === wanted)
          .map(accountJson),
      };
    },
  },
};

const atlas: Readonly<Record<string, Method>> = {
  get_zonefiles: {
    arity: 1,
    answer: async (context, [hashes]) => {
      const wanted = list(hashes, peerLimits.hashes, 'zone file hashes').map(hashOf);
      const files = await Promise.all(wanted.map(async (hash) => [hash, await context.atlas.get(hash)] as const));
      return { zonefiles: Object.fromEntries(files.flatMap(([hash, bytes]) => (bytes ? [[hash, toBase64(bytes)]] : []))) };
    },
  },
  put_zonefiles: {
    arity: 1,
    answer: async (context, [files]) => {
      // All are read before any is kept: one that is ill-formed fails the whole call.
      const read = list(files, peerLimits.puts, 'zone files').map(zoneFileOf);
      const saved: number[] = [];
      for (const bytes of read) saved.push((await context.atlas.put(bytes)) ? 1 : 0);
      return { saved };
    },
  },
  get_zonefiles_by_block: {
    arity: 4,
    answer: ({ ledger }, [from, to, skip, most]) => {
      const [first, last, start] = [height(from), height(to), offset(skip)];
      const rows = zoneFileRows(ledger.lookups(), first, last, start, count(most, peerLimits.rows, 'count'));
      return {
        zonefile_info: rows.map((row) => ({ name: row.name, zonefile_hash: row.hash, block_height: row.height, txid: row.txid, inv_index: row.invIndex })),
      };
    },
  },
  get_zonefile_inventory: {
    arity: 2,
    answer: (context, [from, length]) => {
      const start = offset(from);
      return { inv: toBase64(context.atlas.inventory().subarray(start, start + count(length, peerLimits.inventory, 'length'))) };
    },
  },
  get_atlas_peers: { arity: 0, answer: (context) => ({ peers: context.atlas.peers() }) },
  atlas_peer_exchange: {
    arity: 1,
    answer: (context, [peer], caller) => {
      const peers = context.atlas.peers();
      if (typeof peer !== 'string' || !isPeer(peer)) throw refusal(400, 'invalid peer');
      // Strangers could name anybody: only a caller on this machine is taken at its word (atlas.md a.2).
      if (caller.loopback) context.atlas.meet(peer);
      return { peers };
    },
  },
  is_name_zonefile_hash: {
    arity: 2,
    answer: (context, [name, hash]) => {
      const [wanted, of] = [hashOf(hash), nameOf(name)];
      return { result: announced(context, of, wanted) };
    },
  },
};

/** Every method by name, the older names too (bns-v1.md e). */
export const methods: Readonly<Record<string, Method>> = {
  ...chain,
  ...names,
  ...accounts,
  ...atlas,
  get_nameops_at: chain['get_blockstack_ops_at'] as Method,
  get_nameops_hash_at: chain['get_blockstack_ops_hash_at'] as Method,
  get_historic_name_at: names['get_name_at'] as Method,
  get_atlas_zonefiles: atlas['get_zonefiles'] as Method,
};

export function info(context: Context): Fields {
  const { seen, indexing, stale } = context.standing();
  const { ledger, network } = context;
  const rows = ledger.lookups().zoneFileHashes().length;
  const height = ledger.height();
  return {
    last_block_seen: seen ?? lastBlock(context),
    last_block_processed: lastBlock(context),
    consensus: height === null ? null : (ledger.at(height)?.consensusHash ?? null),
    server_version: SERVER_VERSION,
    server_alive: true,
    indexing,
    testnet: network.bitcoin.name !== 'mainnet',
    first_block: network.firstBlock,
    // The reference node counts one too many (atlas.md a.4).
    zonefile_count: rows === 0 ? 0 : rows + 1,
    ...staleness(stale),
  };
}

/** What every answer of a node adds that may be behind its chain. */
export function staleness(stale: boolean): Fields {
  return stale ? { stale: true, warning: 'This server has not heard from its Bitcoin node for a while; its answers may be old' } : {};
}

function namespaceOf(value: XmlRpcValue | undefined): string {
  return text(value, /^[a-z0-9_-]{1,19}$/, 'namespace');
}

function namesIn(context: Context, id: XmlRpcValue | undefined): string[] {
  namespaceJson(context, namespaceOf(id));
  return liveNames(context, namespaceOf(id));
}

function paged(all: readonly string[], from: XmlRpcValue | undefined, most: XmlRpcValue | undefined): Fields {
  const start = offset(from);
  return { names: all.slice(start, start + pageSize(most)) };
}

/** The records of the last block, up to `at`, that changed the name. */
function recordsAt({ ledger }: Context, name: string, at: number): Fields {
  const before = ledger
    .lookups()
    .nameHistory(name)
    .filter((moment) => moment.height <= at && moment.record['opcode'] !== 'NAME_PREORDER');
  const last = before.at(-1);
  if (!last) throw refusal(404, 'Not found.');
  return { records: before.filter((moment) => moment.height === last.height).map(({ record }) => operationJson(record)) };
}

async function recordOfDid(context: Context, did: string): Promise<Json> {
  const [, address = '', index = ''] = /^did:stack:v0:(.+)-(\d+)$/.exec(did) ?? [];
  const name = context.ledger.lookups().firstNamesOf(address)[Number(index)];
  const view = name === undefined ? null : viewName(context, name);
  if (!isLive(view)) throw refusal(404, 'Not found.');
  return nameJson(context, view);
}

/** Rows of blocks `first` to `last`, which stand in chain order. */
function zoneFileRows(lookups: Lookups, first: number, last: number, skip: number, most: number): ZoneFileRow[] {
  let [low, high] = [0, lookups.zoneFileHashes().length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((lookups.zoneFileHeight(middle) ?? 0) < first) low = middle + 1;
    else high = middle;
  }
  const rows: ZoneFileRow[] = [];
  for (let bit = low + skip; rows.length < most; bit++) {
    const row = lookups.zoneFileRow(bit);
    if (!row || row.height > last) break;
    rows.push(row);
  }
  return rows;
}

function namesOnceOf({ ledger }: Context, address: string): { readonly [field: string]: Json }[] {
  const lookups = ledger.lookups();
  const names = [...new Set(lookups.heldBy(address).map(({ record }) => String(record['name'])))];
  return names.flatMap((name) => {
    const held = lookups.nameHistory(name).filter(({ record }) => record.opcode !== 'NAME_PREORDER' && record['address'] === address);
    return held.map(({ height: block, record }) => ({ name, block_id: block, vtxindex: record.vtxindex }));
  });
}

function zoneFileOf(value: XmlRpcValue): Uint8Array {
  try {
    if (typeof value === 'string') return parsePeerBase64(value);
  } catch {
    // Told below, with all other ill-formed ones.
  }
  throw refusal(400, 'invalid zone file');
}
