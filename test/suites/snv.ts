import assert from 'node:assert/strict';
import { isNamesteadError } from '../../src/lib/errors.js';
import { findOperations, proveOperationsHash, recomputeHistory } from '../../src/names/bitcoin/snv.js';
import type { Indexer } from '../../src/names/bitcoin/source.js';
import { parseVectors, type Suite } from './suite.js';

interface SnvCase {
  readonly trusted_height: number;
  readonly trusted_consensus_hash: string;
  readonly target_height: number;
  readonly ok: boolean;
  readonly n_ops: number | null;
  readonly note: string | null;
  readonly requests: readonly (readonly [string, number | readonly number[]])[];
}

interface SnvFile {
  readonly cases: readonly SnvCase[];
  /** JSON of the operations by height, as the RPC gives them. */
  readonly rpc_nameops: Readonly<Record<string, string>>;
}

interface ChainFile {
  readonly first_block: number;
  readonly cases: readonly { readonly height: number; readonly consensus_hash: string; readonly ops_hash: string }[];
}

/** Each case: the skip-list walk with the reference's exact requests, the operation set, and for honest ones the whole recomputation. */
const snv: Suite = async (file, context) => {
  const { cases, rpc_nameops: operations } = parseVectors<SnvFile>(file);
  const chain = (await context.json('bns-v1/chain_all_epochs.json')) as ChainFile;
  const blocks = new Map(chain.cases.map((block) => [block.height, block]));
  return cases.map((item) => ({
    title: `${item.trusted_height} to ${item.target_height}${item.note === null ? '' : `: ${item.note}`}`,
    check: async () => {
      const requests: unknown[] = [];
      const indexer: Indexer = {
        operator: 'vectors',
        tip: () => Promise.reject(new Error('not asked for')),
        nameRecord: () => Promise.reject(new Error('not asked for')),
        namespaceRecord: () => Promise.reject(new Error('not asked for')),
        operationsHashes: (heights) => {
          for (const height of heights) requests.push(['get_blockstack_ops_hash_at', height]);
          return Promise.resolve(heights.map((height) => blocks.get(height)?.ops_hash ?? null));
        },
        consensusHashes: (heights) => {
          requests.push(['get_consensus_hashes', heights]);
          return Promise.resolve(heights.map((height) => blocks.get(height)?.consensus_hash ?? null));
        },
        operations: (height) => {
          requests.push(['get_blockstack_ops_at', height]);
          const list = JSON.parse(operations[String(height)] ?? '[]') as Record<string, unknown>[];
          return Promise.resolve(item.note === 'server omits an op' ? list.slice(1) : list);
        },
      };
      const trusted = { height: item.trusted_height, consensusHash: item.trusted_consensus_hash };
      const prove = async (): Promise<number> => {
        const hash = await proveOperationsHash(indexer, trusted, item.target_height, chain.first_block);
        return (await findOperations(indexer, item.target_height, hash)).length;
      };
      if (item.ok) assert.equal(await prove(), item.n_ops);
      else await assert.rejects(prove, (error) => isNamesteadError(error, 'OperationsMismatch') || isNamesteadError(error, 'ConsensusMismatch'));
      assert.deepEqual(requests, item.requests);
      if (!item.ok) return;
      const history = await recomputeHistory(indexer, trusted, chain.first_block);
      for (let height = chain.first_block; height <= item.trusted_height; height++)
        assert.equal(history.consensusHashAt(height), blocks.get(height)?.consensus_hash);
    },
  }));
};

export const snvSuites: Readonly<Record<string, Suite>> = { 'bns-v1/snv.json': snv };
