import { concat, fromHex, reversed } from '../../../src/lib/bytes.js';
import { merkleRoot } from '../../../src/lib/merkle.js';
import { parseBlock } from '../../../src/names/bitcoin/block.js';
import { encodeFilter, filterElements, filterHeader } from '../../../src/names/bitcoin/filter.js';
import { hashHeader } from '../../../src/names/bitcoin/header.js';
import type { Anchor } from '../../../src/names/bitcoin/names.js';
import type { Network } from '../../../src/names/bitcoin/network.js';
import { encodeOperation } from '../../../src/names/bitcoin/operation.js';
import {
  applyBlock,
  consensusHashAt,
  createState,
  isCandidate,
  undoBlock,
  type BlockResult,
  type Candidate,
  type State,
} from '../../../src/names/bitcoin/rules.js';
import { nulldataScript, scriptOfAddress } from '../../../src/names/bitcoin/script.js';
import type { BlockId, BlockSource, FilterSource, HeaderSource, TransactionSource } from '../../../src/names/bitcoin/source.js';
import { compactSize, serializeTransaction, txidOf, type Output, type Transaction } from '../../../src/names/bitcoin/transaction.js';
import type { Sent } from './fold.js';
import { mineHeader } from './regtest.js';

interface Mined {
  readonly header: Uint8Array;
  readonly hash: string;
  readonly bytes: Uint8Array;
  readonly filter: Uint8Array;
  readonly candidates: readonly Candidate[];
}

/** A chain of whole regtest blocks with operations in them: real work, merkle roots and filters, no signatures; and what the rules make of it. */
export interface ChainWorld {
  readonly network: Network;
  readonly headers: HeaderSource;
  /** Counts what it was asked for. */
  readonly blocks: BlockSource & { readonly asked: string[] };
  readonly transactions: Pick<TransactionSource, 'operator' | 'transaction'>;
  readonly filters: FilterSource;
  /** A source with other filters at some heights, and headers that follow from them. */
  filtersOver(operator: string, edit: (height: number) => Uint8Array | null): FilterSource;
  readonly state: State;
  height(): number;
  hashAt(height: number): string;
  blockOf(hash: string): { readonly candidates: readonly Candidate[] };
  anchor(height?: number): Anchor;
  /** The consensus hash some blocks back; 0 is the tip's. */
  fresh(back?: number): string;
  mine(...sent: readonly Sent[]): BlockResult;
  mineTo(height: number): void;
  /** Takes the last blocks off. */
  drop(blocks: number): void;
}

const NOTHING = new Uint8Array(80);

export function createChainWorld(network: Network): ChainWorld {
  const mined: Mined[] = [];
  const known = new Map<string, Transaction>();
  const state = createState(network);
  const blocksAsked: string[] = [];
  let salt = 0;
  const height = (): number => mined.length - 1;
  const at = (index: number): Mined => mined[index] ?? { header: NOTHING, hash: '', bytes: NOTHING, filter: NOTHING, candidates: [] };

  const remember = (transaction: Transaction): Transaction => {
    known.set(txidOf(transaction), transaction);
    return transaction;
  };
  const previousOf = (transaction: Transaction): (Output | null)[] => transaction.inputs.map(({ txid, vout }) => known.get(txid)?.outputs[vout] ?? null);
  const coinbase = (): Transaction => ({
    version: 2,
    inputs: [
      { txid: '00'.repeat(32), vout: 0xffffffff, script: concat(Uint8Array.of(8), le32(mined.length), le32(salt++)), sequence: 0xffffffff, witness: [] },
    ],
    outputs: [{ value: 50_0000_0000n, script: fromHex('51') }],
    lockTime: 0,
  });
  const mineBlock = (list: readonly Transaction[]): readonly Candidate[] => {
    const transactions = [coinbase(), ...list].map(remember);
    const merkle = merkleRoot(transactions.map((transaction) => reversed(fromHex(txidOf(transaction)))));
    const header =
      mined.length === 0
        ? fromHex(network.bitcoin.genesisHeader)
        : mineHeader({ previous: at(height()).hash, time: 1_500_000_000 + 600 * mined.length + (salt % 500), merkleRoot: merkle });
    const bytes = concat(header, compactSize(transactions.length), ...transactions.map((transaction) => serializeTransaction(transaction)));
    const spent = list.flatMap(previousOf).map((output) => output?.script ?? new Uint8Array());
    const hash = hashHeader(header);
    const filter = mined.length === 0 ? Uint8Array.of(0) : encodeFilter(filterElements(parseBlock(bytes), spent), hash);
    const candidates = list
      .map((transaction, index): Candidate => ({ index: index + 1, txid: txidOf(transaction), transaction, previous: previousOf(transaction) }))
      .filter(({ transaction }) => isCandidate(transaction, network));
    mined.push({ header, hash, bytes, filter, candidates });
    return candidates;
  };

  const coinFor = ({ from }: Sent): Transaction =>
    remember({
      version: 2,
      inputs: [{ txid: txidOf(firstCoinbase), vout: 0, script: le32(salt++), sequence: 0, witness: [] }],
      outputs: [{ value: 1_0000_0000n, script: from.script }],
      lockTime: 0,
    });
  const spend = ({ from, operation, outputs }: Sent, coin: Transaction): Transaction => ({
    version: 1,
    inputs: [
      {
        txid: txidOf(coin),
        vout: 0,
        script: from.key === null ? Uint8Array.of(0) : concat(Uint8Array.of(1, 0x30, from.key.length / 2), fromHex(from.key)),
        sequence: 0xffffffff,
        witness: [],
      },
    ],
    outputs: [
      { value: 0n, script: nulldataScript(encodeOperation(operation, network)) },
      ...outputs.map(([address, satoshi]) => ({ value: BigInt(satoshi), script: scriptOfAddress(address) })),
    ],
    lockTime: 0,
  });

  mineBlock([]);
  const firstCoinbase = remember(coinbase());
  while (height() < network.firstBlock - 1) mineBlock([]);

  return {
    network,
    headers: { operator: 'headers', headers: (from, count) => Promise.resolve(mined.slice(from, from + count).map(({ header }) => header)) },
    blocks: {
      operator: 'blocks',
      asked: blocksAsked,
      block: (hash) => {
        blocksAsked.push(hash);
        return Promise.resolve(mined.find((block) => block.hash === hash)?.bytes ?? null);
      },
    },
    transactions: {
      operator: 'transactions',
      transaction: (txid) => {
        const transaction = known.get(txid);
        return Promise.resolve(transaction ? serializeTransaction(transaction) : null);
      },
    },
    filters: {
      operator: 'filters',
      filterHeaders: (blocks) =>
        Promise.resolve(
          filterHeadersOf(
            mined.map(({ filter }) => filter),
            blocks,
          ),
        ),
      filters: (blocks) => Promise.resolve(blocks.map((block) => at(block.height).filter)),
    },
    filtersOver: (operator, edit) => {
      const edited = (): Uint8Array[] => mined.map(({ filter }, height) => edit(height) ?? filter);
      return {
        operator,
        filterHeaders: (blocks) => Promise.resolve(filterHeadersOf(edited(), blocks)),
        filters: (blocks) => Promise.resolve(blocks.map((block) => edit(block.height) ?? at(block.height).filter)),
      };
    },
    state,
    height,
    hashAt: (index) => at(index).hash,
    blockOf: (hash) => at(mined.findIndex((block) => block.hash === hash)),
    anchor: (index = height()) => ({ height: index, hash: at(index).hash, consensusHash: consensusHashAt(state, index) ?? '' }),
    fresh: (back = 0) => consensusHashAt(state, height() - back) ?? '',
    mine: (...sent) => {
      const coins = sent.map(coinFor);
      // Every other coin is made in the block that spends it: the first one at odd heights.
      const own = coins.filter((_, i) => (i + mined.length) % 2 === 1);
      const candidates = mineBlock([...own, ...sent.map((one, i) => spend(one, coins[i] ?? coinFor(one)))]);
      return applyBlock(state, { height: height(), transactions: candidates });
    },
    mineTo: (goal) => {
      while (height() < goal) applyBlock(state, { height: height() + 1, transactions: mineBlock([]) });
    },
    drop: (blocks) => {
      for (let i = 0; i < blocks; i++) {
        mined.pop();
        undoBlock(state);
      }
    },
  };
}

/** Filter headers in wire order. */
function filterHeadersOf(filters: readonly Uint8Array[], blocks: readonly BlockId[]): Uint8Array[] {
  let header = '00'.repeat(32);
  const all = filters.map((filter) => (header = filterHeader(filter, header)));
  return blocks.map((block) => reversed(fromHex(all[block.height] ?? '')));
}

function le32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value >>> 0, true);
  return bytes;
}
