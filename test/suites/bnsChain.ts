import assert from 'node:assert/strict';
import { fromHex, reversed, toHex } from '../../src/lib/bytes.js';
import { merkleRoot } from '../../src/lib/merkle.js';
import { mainnet, type Epoch, type Network } from '../../src/names/bitcoin/network.js';
import { applyBlock, createState, isCandidate, type BlockResult, type Candidate, type State } from '../../src/names/bitcoin/rules.js';
import { parseTransaction, txidOf, type Output } from '../../src/names/bitcoin/transaction.js';
import { parseVectors, type Case, type Suite } from './suite.js';

/** A file that holds a whole chain of blocks with what the reference made of each. */
export interface ChainFile {
  readonly first_block: number;
  readonly epoch_end_blocks?: readonly number[];
  readonly initial_stacks_accounts?: Readonly<Record<string, number>>;
  readonly receive_fees_period?: number;
  readonly cases: readonly ChainBlock[];
}

export interface ChainBlock {
  readonly height: number;
  readonly txs: readonly { txid: string; txindex: number; raw_tx: string; accepted: boolean; kind: string; note: string | null; senders: readonly { script_pubkey: string }[] }[];
  readonly ops_fields: readonly Readonly<Record<string, unknown>>[];
  readonly serialized_ops: readonly string[];
  readonly ops_hash: string;
  readonly consensus_hash: string;
  readonly block_txids: readonly string[] | null;
  readonly block_merkle_root: string | null;
}

/** Mainnet with what the file says was changed for it. */
export function networkOf(file: ChainFile): Network {
  const ends = file.epoch_end_blocks?.map((end): number => (end < 0 ? Infinity : end));
  const balances = Object.entries(file.initial_stacks_accounts ?? {}).map(([address, amount]) => [address, String(amount)]);
  return {
    ...mainnet,
    firstBlock: file.first_block,
    ...(ends && { epochs: ends.map((endBlock, i): Epoch => ({ number: i + 1, endBlock })) }),
    receiveFeesPeriod: file.receive_fees_period ?? mainnet.receiveFeesPeriod,
    genesisBalances: Object.fromEntries(balances) as Readonly<Record<string, string>>,
  };
}

export function candidatesOf(block: ChainBlock): Candidate[] {
  return block.txs.map((tx) => {
    const transaction = parseTransaction(fromHex(tx.raw_tx));
    const previous = tx.senders.map(({ script_pubkey }): Output => ({ value: 0n, script: fromHex(script_pubkey) }));
    return { index: tx.txindex, txid: tx.txid, transaction, previous };
  });
}

/** Every block of a chain folded, in order. */
export function foldChain(file: ChainFile): { readonly state: State; readonly results: ReadonlyMap<number, BlockResult> } {
  const state = createState(networkOf(file));
  const results = new Map<number, BlockResult>();
  for (const block of file.cases) results.set(block.height, applyBlock(state, { height: block.height, transactions: candidatesOf(block) }));
  return { state, results };
}

const chain: Suite = (file) => {
  const vectors = parseVectors<ChainFile>(file);
  let folded: ReturnType<typeof foldChain> | undefined;
  return vectors.cases.map((block): Case => ({
    title: `block ${block.height}`,
    check: () => {
      folded ??= foldChain(vectors);
      const result = folded.results.get(block.height);
      assert.ok(result);
      const accepted = new Set(result.verdicts.filter(({ status }) => status === 'accepted').map(({ txid }) => txid));
      for (const tx of block.txs) {
        const reason: string | undefined = result.verdicts.find(({ txid }) => txid === tx.txid)?.reason;
        assert.equal(accepted.has(tx.txid), tx.accepted, `${tx.kind} ${tx.txid} (${tx.note ?? 'no note'}): ${reason ?? 'no reason'}`);
        const transaction = parseTransaction(fromHex(tx.raw_tx));
        assert.equal(txidOf(transaction), tx.txid);
        assert.ok(!tx.accepted || isCandidate(transaction, mainnet));
      }
      assert.deepEqual(result.serialized, block.serialized_ops);
      assert.equal(result.operationsHash, block.ops_hash);
      assert.equal(result.consensusHash, block.consensus_hash);
      for (const [i, fields] of block.ops_fields.entries()) assert.deepEqual({ ...result.operations[i], ...fields }, result.operations[i]);
      if (block.block_txids && block.block_merkle_root) {
        assert.equal(toHex(reversed(merkleRoot(block.block_txids.map((txid) => reversed(fromHex(txid)))))), block.block_merkle_root);
      }
    },
  }));
};

export const bnsChainSuites: Readonly<Record<string, Suite>> = {
  'bns-v1/chain_*.json': chain,
};
