import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { concat, fromHex, reversed, toHex } from '../../src/lib/bytes.js';
import { NamesteadError } from '../../src/lib/errors.js';
import { http, type Http } from '../../src/lib/http.js';
import { core } from '../../src/names/bitcoin/adapters/core.js';
import { esplora } from '../../src/names/bitcoin/adapters/esplora.js';
import { indexer as indexerAt } from '../../src/names/bitcoin/adapters/indexer.js';
import { EMPTY_OPERATIONS_HASH } from '../../src/names/bitcoin/consensus.js';
import { encodeFilter, nextFilterHeader } from '../../src/names/bitcoin/filter.js';
import { hashHeader, parseHeader, PERIOD } from '../../src/names/bitcoin/header.js';
import type { Anchor } from '../../src/names/bitcoin/names.js';
import type { Network } from '../../src/names/bitcoin/network.js';
import type { HistoryOperator } from '../../src/names/bitcoin/scriptHistory.js';
import type { BlockId, BlockSource, FilterSource, HeaderSource, Indexer, TransactionSource } from '../../src/names/bitcoin/source.js';
import { compactSize, parseTransaction, serializeTransaction, txidOf } from '../../src/names/bitcoin/transaction.js';
import { mineHeader, sourceOf } from '../names/bitcoin/regtest.js';
import { hiding, watchersOf, type Forge, type Watchers } from '../names/bitcoin/watchers.js';
import {
  alice,
  bob,
  createWorld,
  give,
  networkFrom,
  openNamespace,
  person,
  preorder,
  transfer,
  update,
  valueHash,
  type World,
} from '../names/bitcoin/world.js';

type Fields = Readonly<Record<string, unknown>>;

/** All that one operator serves. */
export interface Operator {
  readonly headers: HeaderSource;
  readonly transactions: TransactionSource;
  readonly blocks: BlockSource;
  readonly indexer: Indexer;
  readonly history: HistoryOperator;
  readonly filters: FilterSource;
}

/** alice.id goes from alice to bob in block `moved`, three blocks below the anchor, which stands four below the tip. */
export interface Scene {
  readonly world: World;
  readonly network: Network;
  readonly kit: Watchers;
  readonly anchor: Anchor;
  readonly registered: number;
  readonly moved: number;
  readonly txid: string;
  /** The honest chain from the genesis block. */
  readonly chain: readonly Uint8Array[];
  /** Milliseconds since 1970, a minute after the last block. */
  readonly now: number;
}

export const carol = person(7);
export const mallory = person(66);
const ABOVE = 4;

/** @param firstBlock the anchor stands 15 blocks above it */
export async function createScene(firstBlock = 10): Promise<Scene> {
  const world = createWorld(networkFrom(firstBlock));
  openNamespace(world);
  give(world, 'carol.id', carol, valueHash('one'));
  give(world, 'alice.id', alice, valueHash('one'));
  const registered = world.height();
  for (let i = 0; i < 5; i++) world.mine();
  world.mine(transfer(world, 'alice.id', alice, bob), update(world, 'carol.id', carol, valueHash('two')));
  const moved = world.height();
  const txid = String(world.result(moved).operations.find(({ name }) => name === 'alice.id')?.txid);
  // Nothing to do with the name, and yet by its owner: whoever watches his script has to look at it.
  world.mine(preorder(world, 'bob.id', bob, bob));
  for (let i = 0; i < 2; i++) world.mine();
  const anchor = world.anchor();
  for (let i = 0; i < ABOVE; i++) world.mine();
  const chain = await world.headers.headers(0, 3000);
  const now = (parseHeader(chain.at(-1) ?? new Uint8Array(80)).time + 60) * 1000;
  return { world, network: world.network, kit: watchersOf(world), anchor, registered, moved, txid, chain, now };
}

export function honestOperator({ world, kit, chain }: Scene, operator: string): Operator {
  return {
    headers: sourceOf(chain, operator),
    transactions: { ...world.transactions, operator },
    blocks: { ...kit.blocks, operator },
    indexer: { ...world.indexer, operator },
    history: { ...kit.history(operator), headers: sourceOf(chain, operator).headers },
    filters: knowing(chain, kit.filters(operator)),
  };
}

/** Who follows a chain knows no block of another. */
function knowing(chain: readonly Uint8Array[], filters: FilterSource): FilterSource {
  const verify = (blocks: readonly BlockId[]): void => {
    if (blocks.some(({ height, hash }) => hashHeader(chain[height] ?? new Uint8Array(80)) !== hash))
      throw new NamesteadError('ServerFailed', `${filters.operator} has no such block`);
  };
  return {
    operator: filters.operator,
    filterHeaders: async (blocks) => (verify(blocks), filters.filterHeaders(blocks)),
    filters: async (blocks) => (verify(blocks), filters.filters(blocks)),
  };
}

/** What an honest operator says, changed in one way. */
export type Lie = (honest: Operator, scene: Scene) => Partial<Operator>;

const shown = (honest: Operator, chain: readonly Uint8Array[]): Partial<Operator> => {
  const { headers } = sourceOf(chain, honest.headers.operator);
  return { headers: { ...honest.headers, headers }, history: { ...honest.history, headers } };
};

/** Blocks with nothing but a coinbase. */
interface Fork {
  readonly chain: readonly Uint8Array[];
  readonly blocks: ReadonlyMap<string, Uint8Array>;
}

/** The honest chain up to `from`, then `count` blocks of one's own; `timeOf` dates each. */
export function forkOf(chain: readonly Uint8Array[], from: number, count: number, timeOf = (height: number): number => 1_500_000_000 + 600 * height): Fork {
  const out = chain.slice(0, from + 1);
  const blocks = new Map<string, Uint8Array>();
  for (let height = from + 1; height <= from + count; height++) {
    const coinbase = serializeTransaction({
      version: 2,
      inputs: [{ txid: '00'.repeat(32), vout: 0xffffffff, script: Uint8Array.of(4, height, height >> 8, 6, 6), sequence: 0xffffffff, witness: [] }],
      outputs: [{ value: 50_0000_0000n, script: fromHex('52') }],
      lockTime: 0,
    });
    const merkleRoot = reversed(fromHex(txidOf(parseTransaction(coinbase))));
    const header = mineHeader({ previous: hashHeader(out.at(-1) ?? new Uint8Array(80)), time: timeOf(height), merkleRoot });
    out.push(header);
    blocks.set(hashHeader(header), concat(header, Uint8Array.of(1), coinbase));
  }
  return { chain: out, blocks };
}

/** Serves a fork whole beside the honest chain: headers, blocks, and filters of both. */
export function serving(honest: Operator, { kit }: Pick<Scene, 'kit'>, { chain, blocks }: Fork): Partial<Operator> {
  const filterOf = async ({ height, hash }: BlockId): Promise<Uint8Array> => (blocks.has(hash) ? encodeFilter([fromHex('52')], hash) : kit.filterOf(height));
  const headerOf = async (block: BlockId): Promise<Uint8Array> => {
    if (!blocks.has(block.hash)) return kit.headerOf(block.height);
    const height = block.height - 1;
    return nextFilterHeader(await filterOf(block), await headerOf({ height, hash: hashHeader(chain[height] ?? new Uint8Array(80)) }));
  };
  return {
    ...shown(honest, chain),
    blocks: { ...honest.blocks, block: async (hash, options) => blocks.get(hash) ?? honest.blocks.block(hash, options) },
    filters: {
      ...honest.filters,
      filterHeaders: (asked) => Promise.all(asked.map(headerOf)),
      filters: (asked) => Promise.all(asked.map(filterOf)),
    },
  };
}

const onTransactions =
  (edit: (honest: TransactionSource, scene: Scene) => Partial<TransactionSource>): Lie =>
  (honest, scene) => {
    const lies = edit(honest.transactions, scene);
    return { transactions: { ...honest.transactions, ...lies }, history: { ...honest.history, ...lies } };
  };

const onBlock =
  (answer: (bytes: Uint8Array, height: number, scene: Scene) => Uint8Array | null | Promise<Uint8Array | null>): Lie =>
  ({ blocks }, scene) => ({
    blocks: {
      ...blocks,
      block: async (hash) => {
        const bytes = await blocks.block(hash);
        const height = scene.chain.findIndex((header) => hashHeader(header) === hash);
        return bytes && (height === scene.moved || height === scene.moved + 1) ? answer(bytes, height, scene) : bytes;
      },
    },
  });

const onIndexer =
  (edit: (honest: Indexer, scene: Scene) => Partial<Indexer>): Lie =>
  ({ indexer }, scene) => ({ indexer: { ...indexer, ...edit(indexer, scene) } });

const onRecord = (edit: (record: Fields, scene: Scene) => Fields): Lie =>
  onIndexer(({ nameRecord }, scene) => ({
    nameRecord: async (name) => {
      const record = await nameRecord(name);
      return record && edit(record, scene);
    },
  }));

const onOperations = (edit: (operations: readonly Fields[], scene: Scene) => readonly Fields[]): Lie =>
  onIndexer(({ operations }, scene) => ({
    operations: async (height) => (height === scene.moved ? edit(await operations(height), scene) : operations(height)),
  }));

/** Both lies at once. */
const both =
  (first: Lie, second: Lie): Lie =>
  (honest, scene) => {
    const one = { ...honest, ...first(honest, scene) };
    return { ...one, ...second(one, scene) };
  };

const hidden = onIndexer((indexer, { registered }) => ({ nameRecord: hiding(indexer, registered).nameRecord }));

/**
 * Tells of the block `label` what is true of `real`, and of the hashes beneath it likewise. Both stand beneath the anchor's hash, which does not say which
 * is which; BNS (d.1).
 */
const relabelled = (of: (scene: Scene) => { readonly label: number; readonly real: number }): Lie =>
  onIndexer(({ operations, operationsHashes, consensusHashes }, scene) => {
    const { label, real } = of(scene);
    const swap = (height: number): number => (height === label ? real : height === real ? label : height);
    let beneath = false;
    return {
      operations: (height) => operations(swap(height)),
      operationsHashes: (heights) => {
        beneath = heights.length === 1 && heights[0] === label;
        return operationsHashes(heights.map(swap));
      },
      consensusHashes: (heights) => consensusHashes(heights.map((height) => (beneath ? height + real - label : swap(height)))),
    };
  });

const hides =
  ({ moved }: Scene): Forge =>
  (height, hash) =>
    height === moved ? encodeFilter([carol.script], hash) : null;

export const lies = {
  forged: (honest, { chain }) => {
    const { time } = parseHeader(chain.at(-1) ?? new Uint8Array(80));
    return shown(honest, [...chain.slice(0, -1), mineHeader({ previous: hashHeader(chain.at(-2) ?? new Uint8Array(80)), time, workless: true })]);
  },
  weak: (honest, { chain }) => {
    const { time } = parseHeader(chain.at(-1) ?? new Uint8Array(80));
    return shown(honest, [...chain.slice(0, -1), mineHeader({ previous: hashHeader(chain.at(-2) ?? new Uint8Array(80)), time, bits: 0x207fff00 })]);
  },
  dated: (honest, { chain }) => {
    const { time } = parseHeader(chain.at(-8) ?? new Uint8Array(80));
    return shown(honest, [...chain.slice(0, -1), mineHeader({ previous: hashHeader(chain.at(-2) ?? new Uint8Array(80)), time })]);
  },
  light: (honest, scene) => serving(honest, scene, forkOf(scene.chain, scene.anchor.height - 2, 4)),
  lightAbove: (honest, scene) => serving(honest, scene, forkOf(scene.chain, scene.anchor.height + 1, 2)),
  heavyBelow: (honest, scene) => serving(honest, scene, forkOf(scene.chain, scene.anchor.height - 2, 12)),
  heavyAbove: (honest, scene) => serving(honest, scene, forkOf(scene.chain, scene.anchor.height + 1, 6)),
  warp: (honest, scene) => serving(honest, scene, warped(scene)),
  warpBip94: (honest, scene) => serving(honest, scene, warped(scene)),
  storm: flipping,
  stale: (honest, { chain, anchor }) => shown(honest, chain.slice(0, anchor.height + 2)),
  branch: onTransactions(({ inclusion }) => ({
    inclusion: async (txid) => {
      const place = await inclusion(txid);
      return place && { ...place, branch: place.branch.map((hash, i) => (i === 0 ? hash.map((byte) => byte ^ 1) : hash)) };
    },
  })),
  foreign: onTransactions(({ transaction }, { world }) => ({ transaction: () => transaction(world.txids(1)[0] ?? '') })),
  untold: onTransactions(() => ({ transaction: () => Promise.resolve(null), inclusion: () => Promise.resolve(null) })),
  withheld: onBlock(() => null),
  emptied: onBlock(async (bytes, height, { world }) => {
    const coinbase = await world.transactions.transaction(world.txids(height)[0] ?? '');
    return concat(bytes.subarray(0, 80), compactSize(1), coinbase ?? new Uint8Array());
  }),
  otherBlock: onBlock((_, height, { kit }) => kit.raw(height - 2)),
  hidden,
  cut: both(
    hidden,
    onOperations((operations) => operations.filter(({ name }) => name !== 'alice.id')),
  ),
  owner: onRecord((record) => ({ ...record, sender: toHex(mallory.script), address: mallory.address })),
  ownerThroughout: both(
    onRecord((record) => ({ ...record, sender: toHex(mallory.script), address: mallory.address })),
    onOperations((operations) =>
      operations.map((one) => (one['name'] === 'alice.id' ? { ...one, sender: toHex(mallory.script), address: mallory.address } : one)),
    ),
  ),
  uncommitted: onRecord((record) => ({ ...record, expire_block: Number(record['expire_block']) + 1000 })),
  doubled: onOperations((operations) => operations.flatMap((one) => (one['name'] === 'alice.id' ? [one, { ...one }] : [one]))),
  lifetime: onIndexer(({ namespaceRecord }) => ({
    namespaceRecord: async (id) => {
      const record = await namespaceRecord(id);
      return record && { ...record, lifetime: 5000 };
    },
  })),
  unknown: onIndexer(() => ({ nameRecord: () => Promise.resolve(null) })),
  // Two blocks after the transfer there is nothing: told under the transfer's height, it hides the transfer.
  swapped: both(
    hidden,
    relabelled(({ moved }) => ({ label: moved, real: moved + 2 })),
  ),
  moved: both(
    onRecord((record, { moved }) => {
      const { [String(moved)]: last, ...before } = record['history'] as Record<string, unknown>;
      return { ...record, history: { ...before, [String(moved + 2)]: last } };
    }),
    relabelled(({ moved }) => ({ label: moved + 2, real: moved })),
  ),
  shownEmpty: both(
    hidden,
    onIndexer(({ operations, operationsHashes }, { moved }) => ({
      operations: (height) => (height === moved ? Promise.resolve([]) : operations(height)),
      operationsHashes: async (heights) => (await operationsHashes(heights)).map((hash, i) => (heights[i] === moved ? EMPTY_OPERATIONS_HASH : hash)),
    })),
  ),
  unlisted: both(hidden, ({ history }, { txid }) => ({
    history: { ...history, history: async (script) => (await history.history(script)).filter((one) => one.txid !== txid) },
  })),
  invented: ({ history }, { moved }) => ({
    history: { ...history, history: async (script) => [...(await history.history(script)), { txid: 'ab'.repeat(32), height: moved + 1 }] },
  }),
  filterChain: both(hidden, ({ filters }, scene) => ({ filters: scene.kit.filters(filters.operator, hides(scene)) })),
  filterAlone: both(hidden, ({ filters }, scene) => ({
    filters: { ...filters, filters: scene.kit.filters(filters.operator, hides(scene)).filters },
  })),
  drip: ({ headers: { operator } }) => servedBy(urlOf('drip'), operator),
  dripWatch: ({ headers: { operator } }) => {
    const { history, filters, blocks } = servedBy(urlOf('drip'), operator);
    return { history, filters, blocks };
  },
  flood: ({ headers: { operator } }) => servedBy(urlOf('flood'), operator),
} satisfies Readonly<Record<string, Lie>>;

/** The first block of a period, dated back by more than ten minutes before the one before it, and enough on top of it. */
function warped({ chain }: Scene): Fork {
  const { time } = parseHeader(chain[PERIOD - 1] ?? new Uint8Array(80));
  return forkOf(chain, PERIOD - 1, chain.length - PERIOD + 2, (height) => (height === PERIOD ? time - 2000 : 1_500_000_000 + 600 * height));
}

/** Now one fork, now another of the same work. */
function flipping(honest: Operator, scene: Scene): Partial<Operator> {
  const fork = stormOf(scene);
  let asked = 0;
  const headers: HeaderSource['headers'] = (from, count) => sourceOf(asked++ % 2 === 0 ? fork.chain : scene.chain).headers(from, count);
  return { ...serving(honest, scene, fork), headers: { ...honest.headers, headers }, history: { ...honest.history, headers } };
}

/** As much work as the honest chain, from the second block above the anchor on. */
export function stormOf({ chain, anchor }: Scene): Fork {
  return forkOf(chain, anchor.height + 1, ABOVE - 1);
}

const served = {
  /** A byte now and then. */
  drip: (_, response) => {
    const timer = setInterval(() => response.write('1'), 20);
    response.on('close', () => clearInterval(timer));
  },
  /** Bytes for as long as anybody takes them. */
  flood: (_, response) => {
    const part = new Uint8Array(1 << 16).fill(0x31);
    const more = (): void => {
      while (!response.destroyed && response.write(part));
      if (!response.destroyed) response.once('drain', more);
    };
    more();
  },
} satisfies Readonly<Record<string, RequestListener>>;

const urls = new Map<string, string>();

function urlOf(kind: keyof typeof served): string {
  return urls.get(kind) ?? '';
}

/** Starts the servers that lie by how they answer. */
export async function serve(): Promise<() => Promise<void>> {
  const servers = await Promise.all(
    Object.entries(served).map(async ([kind, answer]) => {
      const server = createServer(answer);
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      urls.set(kind, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
      return server;
    }),
  );
  return async () => {
    for (const server of servers) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  };
}

/** Everything of one operator from a server at `url`, by the adapters that people use, with little patience. */
export function servedBy(url: string, operator: string, timeout = 150): Operator {
  const platform = http();
  const quick: Http = (at, request) => platform(at, { ...request, timeout });
  const explorer = esplora({ url, http: quick });
  const [bitcoind, node] = [core({ url, http: quick }), indexerAt({ url, http: quick })];
  return {
    headers: { ...explorer, operator },
    transactions: { ...explorer, operator },
    blocks: { ...explorer, operator },
    indexer: { ...node, operator },
    history: { ...explorer, operator },
    filters: { ...bitcoind, operator },
  };
}
