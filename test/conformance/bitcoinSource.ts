import { expect, test } from 'vitest';
import type { BitcoinNode } from '../../src/devnet/bitcoin/node.js';
import { fromHex, reversed, toHex } from '../../src/lib/bytes.js';
import { inParallel } from '../../src/lib/parallel.js';
import { parseBlock, verifyInclusion } from '../../src/names/bitcoin/block.js';
import { createHeaderChain, syncHeaders } from '../../src/names/bitcoin/chain.js';
import { matchesFilter } from '../../src/names/bitcoin/filter.js';
import { parseHeader } from '../../src/names/bitcoin/header.js';
import { headersRoot, verifyHeaderBranch } from '../../src/names/bitcoin/headerProof.js';
import { bitcoinRegtest } from '../../src/names/bitcoin/network.js';
import type {
  BitcoinSource,
  BlockId,
  BlockSource,
  FilterSource,
  HeaderProofSource,
  HeaderSource,
  HistorySource,
  PaymentSource,
  TransactionSource,
} from '../../src/names/bitcoin/source.js';
import { openTransaction, parseTransaction, serializeTransaction } from '../../src/names/bitcoin/transaction.js';

export interface Capabilities {
  readonly headers: HeaderSource;
  readonly transactions: TransactionSource;
  readonly blocks: BlockSource;
  readonly payments: PaymentSource;
  readonly histories: HistorySource;
  readonly filters: FilterSource;
  readonly headerProofs: HeaderProofSource;
}

/** What a node was made to hold: `funding` pays to `script` and to nobody else does anything. */
export interface SourceWorld {
  readonly node: BitcoinNode;
  readonly script: Uint8Array;
  readonly funding: string;
  /** Waits in the mempool. */
  readonly waiting: string;
  /** Every block of the best chain, from 0 on. */
  readonly blocks: readonly BlockId[];
}

type Any = { readonly operator: string } & Partial<BitcoinSource & FilterSource & HistorySource & HeaderProofSource>;

const METHODS: Readonly<Record<keyof Capabilities, readonly (keyof Any)[]>> = {
  headers: ['headers'],
  transactions: ['transaction', 'inclusion'],
  blocks: ['block'],
  payments: ['unspent', 'feeRate', 'broadcast'],
  histories: ['history'],
  filters: ['filterHeaders', 'filters'],
  headerProofs: ['headerProof'],
};
const ABSENT = 'ab'.repeat(32);
const NOTHING = fromHex('5151');
const code = (value: string): unknown => expect.objectContaining({ code: value });

/** What a source of Bitcoin promises, whichever it is and however wrapped: one law for each of its capabilities. */
export function bitcoinSourceLaws(has: readonly (keyof Capabilities)[], source: () => { readonly operator: string }, world: () => SourceWorld): void {
  const laws: { readonly [K in keyof Capabilities]: (open: () => Capabilities[K], world: () => SourceWorld) => void } = {
    headers: headerLaws,
    transactions: transactionLaws,
    blocks: blockLaws,
    payments: paymentLaws,
    histories: historyLaws,
    filters: filterLaws,
    headerProofs: headerProofLaws,
  };

  test('has a name and the capabilities it is listed with, no others', () => {
    expect(source().operator).toMatch(/./);
    const all = Object.keys(METHODS) as (keyof Capabilities)[];
    expect(all.filter((one) => METHODS[one].every((method) => typeof (source() as Any)[method] === 'function'))).toEqual(
      all.filter((one) => has.includes(one)),
    );
  });
  for (const one of has) (laws[one] as (open: () => unknown, world: () => SourceWorld) => void)(source, world);

  test('asks nobody for a caller who has given up', async () => {
    const options = { signal: AbortSignal.abort() };
    const { funding, script, blocks } = world();
    const given = source() as Any;
    const calls: Readonly<Record<string, Promise<unknown> | undefined>> = {
      headers: given.headers?.(0, 1, options),
      transaction: given.transaction?.(ABSENT, options),
      inclusion: given.inclusion?.(ABSENT, options),
      block: given.block?.(ABSENT, options),
      unspent: given.unspent?.(script, options),
      feeRate: given.feeRate?.(options),
      broadcast: given.broadcast?.(fromHex(funding), options),
      history: given.history?.(script, options),
      filters: given.filters?.([{ height: 1, hash: ABSENT }], options),
      filterHeaders: given.filterHeaders?.(blocks, options),
      headerProof: given.headerProof?.(0, 3, options),
    };
    for (const [name, call] of Object.entries(calls)) if (call) await expect(call, name).rejects.toThrow(code('Aborted'));
  });
}

function headerLaws(source: () => HeaderSource, world: () => SourceWorld): void {
  test('gives headers that make a chain, and none beyond its end', async () => {
    const { blocks } = world();
    const chain = createHeaderChain(bitcoinRegtest);
    await syncHeaders(chain, [source()]);
    expect(chain.tip().hash).toBe(blocks.at(-1)?.hash);
    const last = blocks.length - 1;
    expect(await source().headers(last + 1, 10)).toEqual([]);
    expect(await source().headers(last + 1000, 10)).toEqual([]);
    for (const [from, count] of [
      [0, 1],
      [0, 3],
      [1, 1],
      [7, 25],
      [last - 3, 4],
      [last, 2000],
    ] as const) {
      const hashes = (await source().headers(from, count)).map((header) => parseHeader(header).hash);
      expect(hashes, `${count} from ${from}`).toEqual(blocks.slice(from, from + count).map(({ hash }) => hash));
    }
  });
}

function transactionLaws(source: () => TransactionSource, world: () => SourceWorld): void {
  test('gives transactions and their places, and null for what is absent', async () => {
    const { funding, waiting, blocks, node } = world();
    const bytes = (await source().transaction(funding)) ?? new Uint8Array();
    openTransaction(bytes, funding);
    expect(toHex(bytes)).toBe(await node.rpc('getrawtransaction', [funding]));
    const inclusion = await source().inclusion(funding);
    if (!inclusion) throw new Error('the transaction is mined');
    const header = String(await node.rpc('getblockheader', [blocks[inclusion.height]?.hash, false]));
    verifyInclusion(funding, inclusion, parseHeader(fromHex(header)));
    openTransaction((await source().transaction(waiting)) ?? new Uint8Array(), waiting);
    expect(await source().inclusion(waiting)).toBeNull();
    expect(await source().transaction(ABSENT)).toBeNull();
    expect(await source().inclusion(ABSENT)).toBeNull();
  });
}

function blockLaws(source: () => BlockSource, world: () => SourceWorld): void {
  test('gives whole blocks with their witnesses, and null for what is absent', async () => {
    const { blocks, node } = world();
    for (const { hash } of [blocks[1], ...blocks.slice(-5)].flatMap((block) => block ?? [])) {
      const bytes = (await source().block(hash)) ?? new Uint8Array();
      expect(parseBlock(bytes).header.hash).toBe(hash);
      expect(toHex(bytes)).toBe(await node.rpc('getblock', [hash, 0]));
    }
    expect(await source().block(ABSENT)).toBeNull();
  });

  test('answers questions asked at once as it does one after the other', async () => {
    const hashes = [ABSENT, ...world().blocks.map(({ hash }) => hash)].slice(0, 20);
    const all = await Promise.all(hashes.map((hash) => source().block(hash)));
    expect(all.map((bytes) => bytes && parseBlock(bytes).header.hash)).toEqual([null, ...hashes.slice(1)]);
  });
}

function paymentLaws(source: () => PaymentSource, world: () => SourceWorld): void {
  test('finds coins by script, and a fee rate', async () => {
    const { script, funding, blocks } = world();
    const coins = await source().unspent(script);
    expect(coins).toContainEqual(expect.objectContaining({ txid: funding, value: 1_234_567n }));
    expect(coins.find(({ txid }) => txid === funding)?.height).toBeLessThan(blocks.length);
    expect(await source().unspent(NOTHING)).toEqual([]);
    expect(await source().feeRate()).toBeGreaterThanOrEqual(1);
  });

  test('takes a transaction, and tells why one is refused', async () => {
    const { waiting, funding, node } = world();
    expect(await source().broadcast(fromHex(String(await node.rpc('getrawtransaction', [waiting]))))).toBe(waiting);
    const { inputs, ...rest } = parseTransaction(fromHex(String(await node.rpc('getrawtransaction', [funding]))));
    const wrong = { ...rest, inputs: inputs.map((input) => ({ ...input, txid: ABSENT, witness: [] })) };
    await expect(source().broadcast(serializeTransaction(wrong))).rejects.toThrow(code('BroadcastRejected'));
  });
}

function historyLaws(source: () => HistorySource, world: () => SourceWorld): void {
  test('gives the whole history of a script in block order, confirmed transactions alone', async () => {
    const { script, waiting, node, blocks } = world();
    const wanted: { txid: string; height: number }[] = [];
    for (const { hash, height } of blocks) {
      const block = parseBlock(fromHex(String(await node.rpc('getblock', [hash, 0]))));
      block.transactions.forEach(({ outputs }, i) => {
        if (outputs.some((output) => toHex(output.script) === toHex(script))) wanted.push({ txid: block.txids[i] ?? '', height });
      });
    }
    expect(wanted.length).toBeGreaterThan(25);
    expect(wanted.map(({ txid }) => txid)).not.toContain(waiting);
    expect(await source().history(script)).toEqual(wanted);
    expect(await source().history(NOTHING)).toEqual([]);
  });
}

function filterLaws(source: () => FilterSource, world: () => SourceWorld): void {
  test('gives the filters and filter headers of blocks, in their order', async () => {
    const { blocks, node } = world();
    const truth = (await inParallel(blocks, 4, ({ hash }) => node.rpc('getblockfilter', [hash]))) as { filter: string; header: string }[];
    for (const [from, to] of [
      [0, blocks.length],
      [5, 6],
      [1, 4],
      [blocks.length - 2, blocks.length],
      [3, 3],
    ] as const) {
      expect((await source().filters(blocks.slice(from, to))).map(toHex)).toEqual(truth.slice(from, to).map(({ filter }) => filter));
      expect((await source().filterHeaders(blocks.slice(from, to))).map((header) => toHex(reversed(header)))).toEqual(
        truth.slice(from, to).map(({ header }) => header),
      );
    }
  });

  test('gives filters that know the scripts of their blocks', async () => {
    const { blocks, script, funding, node } = world();
    const { blockhash } = (await node.rpc('getrawtransaction', [funding, 1])) as { blockhash: string };
    const block = blocks.find(({ hash }) => hash === blockhash);
    const [filter = new Uint8Array()] = await source().filters(block ? [block] : []);
    expect(matchesFilter(filter, blockhash, [script])).toBe(true);
    expect(matchesFilter(filter, blockhash, [NOTHING])).toBe(false);
  });

  test('fails for a block that there is not', async () => {
    await expect(source().filters([{ height: 3, hash: ABSENT }])).rejects.toMatchObject({ name: 'NamesteadError' });
    await expect(source().filterHeaders([{ height: 3, hash: ABSENT }])).rejects.toMatchObject({ name: 'NamesteadError' });
  });
}

function headerProofLaws(source: () => HeaderProofSource, world: () => SourceWorld): void {
  test('proves each header beneath one root, and says so of none beyond it', async () => {
    const hashes = world().blocks.map(({ hash }) => hash);
    for (const checkpoint of [1, 2, 37, hashes.length - 1]) {
      const root = headersRoot(hashes.slice(0, checkpoint + 1));
      for (const height of [0, 1, checkpoint]) {
        const { header, branch } = (await source().headerProof(height, checkpoint)) ?? { header: new Uint8Array(), branch: [] };
        expect(verifyHeaderBranch(header, height, branch, { height: checkpoint, root }).hash).toBe(hashes[height]);
      }
    }
    expect(await source().headerProof(5, hashes.length)).toBeNull();
  });
}
