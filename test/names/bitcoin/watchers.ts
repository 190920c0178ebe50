import { concat, fromHex, reversed, toHex } from '../../../src/lib/bytes.js';
import { parseBlock, type Block } from '../../../src/names/bitcoin/block.js';
import { encodeFilter, filterElements, nextFilterHeader } from '../../../src/names/bitcoin/filter.js';
import type { HistoryOperator } from '../../../src/names/bitcoin/scriptHistory.js';
import type { BlockId, BlockSource, FilterSource, Indexer } from '../../../src/names/bitcoin/source.js';
import { compactSize, parseTransaction } from '../../../src/names/bitcoin/transaction.js';
import type { World } from './world.js';

/** What a watch asks, answered honestly over the blocks of a world made by hand. */
export interface Watchers {
  readonly blocks: BlockSource & { readonly asked: string[] };
  blockId(height: number): Promise<BlockId>;
  raw(height: number): Promise<Uint8Array>;
  filterOf(height: number): Promise<Uint8Array>;
  /** Wire order; of filters that `forge` may replace, so that a liar's chain hangs together. */
  headerOf(height: number, forge?: Forge): Promise<Uint8Array>;
  filters(operator: string, forge?: Forge): FilterSource & { readonly asked: number[] };
  history(operator: string): HistoryOperator;
}

/** Another filter for a height, or null for the honest one. */
export type Forge = (height: number, hash: string) => Uint8Array | null;

export function watchersOf(world: World): Watchers {
  const raws = new Map<number, Uint8Array>();
  const bytesOf = async (txid: string): Promise<Uint8Array> => (await world.transactions.transaction(txid)) ?? new Uint8Array();
  const blockOf = async (height: number): Promise<Block> => parseBlock(await kit.raw(height));
  const made = new Map<number, Uint8Array>();
  const headers = new Map<number, Promise<Uint8Array>>([[-1, Promise.resolve(new Uint8Array(32))]]);
  const honestHeader = async (height: number): Promise<Uint8Array> => {
    const header = headers.get(height) ?? honestHeader(height - 1).then(async (before) => nextFilterHeader(await kit.filterOf(height), before));
    headers.set(height, header);
    return header;
  };
  const kit: Watchers = {
    raw: async (height) => {
      const [header = new Uint8Array()] = await world.headers.headers(height, 1);
      const txids = world.txids(height);
      const raw = raws.get(height) ?? concat(header, compactSize(txids.length), ...(await Promise.all(txids.map(bytesOf))));
      raws.set(height, raw);
      return raw;
    },
    blockId: async (height) => {
      if (height === 0) return { height, hash: world.network.bitcoin.genesisHash };
      return { height, hash: (await blockOf(height)).header.hash };
    },
    filterOf: async (height) => {
      if (height === 0) return encodeFilter([], world.network.bitcoin.genesisHash);
      const known = made.get(height);
      if (known) return known;
      const block = await blockOf(height);
      const spent = block.transactions.slice(1).flatMap(({ inputs }) => inputs);
      const scripts = await Promise.all(spent.map(async ({ txid, vout }) => parseTransaction(await bytesOf(txid)).outputs[vout]?.script ?? new Uint8Array()));
      const filter = encodeFilter(filterElements(block, scripts), block.header.hash);
      made.set(height, filter);
      return filter;
    },
    headerOf: async (height, forge) => {
      if (!forge) return honestHeader(height);
      let header: Uint8Array = new Uint8Array(32);
      for (let at = 0; at <= height; at++) header = nextFilterHeader(forge(at, (await kit.blockId(at)).hash) ?? (await kit.filterOf(at)), header);
      return header;
    },
    blocks: {
      operator: 'blocks',
      asked: [],
      block: async (hash) => {
        kit.blocks.asked.push(hash);
        for (let height = 1; height <= world.height(); height++) if ((await kit.blockId(height)).hash === hash) return kit.raw(height);
        return null;
      },
    },
    filters: (operator, forge) => {
      const asked: number[] = [];
      return {
        operator,
        asked,
        filterHeaders: (blocks) => Promise.all(blocks.map(({ height }) => kit.headerOf(height, forge))),
        filters: (blocks) => {
          asked.push(...blocks.map(({ height }) => height));
          return Promise.all(blocks.map(async ({ height, hash }) => forge?.(height, hash) ?? (await kit.filterOf(height))));
        },
      };
    },
    history: (operator) => ({
      operator,
      transaction: world.transactions.transaction,
      inclusion: world.transactions.inclusion,
      headers: world.headers.headers,
      history: async (script) => {
        const wanted = toHex(script);
        const out: { txid: string; height: number }[] = [];
        for (let height = 1; height <= world.height(); height++) {
          const { transactions, txids } = await blockOf(height);
          for (const [index, { inputs, outputs }] of transactions.entries()) {
            const spent =
              index === 0 ? [] : await Promise.all(inputs.map(async ({ txid, vout }) => parseTransaction(await bytesOf(txid)).outputs[vout]?.script));
            if ([...outputs.map((output) => output.script), ...spent].some((one) => one && toHex(one) === wanted))
              out.push({ txid: txids[index] ?? '', height });
          }
        }
        return out;
      },
    }),
  };
  return kit;
}

/** A filter that hides a script: everything else of the block is in it. */
export async function filterWithout(world: World, height: number, script: Uint8Array): Promise<Uint8Array> {
  const kit = watchersOf(world);
  const block = parseBlock(await kit.raw(height));
  const elements = filterElements(block, []).filter((element) => toHex(element) !== toHex(script));
  return encodeFilter(elements, block.header.hash);
}

export const wire = (display: string): Uint8Array => reversed(fromHex(display));

/** A core node that tells of no operation above a height when it is asked for a name; what it has committed to, it cannot hide. */
export function hiding(indexer: Indexer, above: number): Indexer {
  return {
    ...indexer,
    nameRecord: async (name, options) => {
      const record = await indexer.nameRecord(name, options);
      const history = Object.entries((record?.['history'] ?? {}) as Readonly<Record<string, readonly object[]>>).filter(([height]) => Number(height) <= above);
      const last = history.at(-1)?.[1].at(-1);
      return last ? { ...last, history: Object.fromEntries(history) } : null;
    },
  };
}
