import assert from 'node:assert/strict';
import { addressOf } from '../../src/lib/address.js';
import { fromHex, reversed, toHex } from '../../src/lib/bytes.js';
import { parsePrivateKey, publicKeyOf } from '../../src/lib/key.js';
import { merkleRoot } from '../../src/lib/merkle.js';
import { readClaim } from '../../src/names/bitcoin/claim.js';
import { nameHash128 } from '../../src/names/bitcoin/commitment.js';
import { importKey, importKeychain } from '../../src/names/bitcoin/keychain.js';
import { encodeOperation } from '../../src/names/bitcoin/operation.js';
import { nulldataOf, scriptOfAddress } from '../../src/names/bitcoin/script.js';
import { mainnet, type Epoch, type Network } from '../../src/names/bitcoin/network.js';
import { applyBlock, createState, historyOf, isCandidate, nameAt, type BlockResult, type Candidate, type State } from '../../src/names/bitcoin/rules.js';
import { parseTransaction, serializeTransaction, txidOf, type Output } from '../../src/names/bitcoin/transaction.js';
import { each } from './each.js';
import { extractedFields } from './bnsFields.js';
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
  readonly txs: readonly {
    txid: string;
    txindex: number;
    raw_tx: string;
    accepted: boolean;
    kind: string;
    note: string | null;
    senders: readonly { script_pubkey: string }[];
  }[];
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

interface SignedCase {
  readonly fn: string;
  readonly tx: string;
  readonly txid: string;
  readonly op_return_hex: string;
  readonly inputs: readonly { txid: string; index: number }[];
  readonly outputs: readonly { script: string; value: number }[];
  readonly reference_tx_extract_at_613300: Readonly<Record<string, unknown>> | null;
}

interface SignedFile {
  readonly cases: readonly SignedCase[];
  readonly keys_addresses?: readonly (readonly [string, string])[];
  readonly utxos: Readonly<Record<string, readonly { tx_hash: string; tx_output_n: number; value: number }[]>>;
}

/** The height and place in its block at which the reference read these transactions. */
const SIGNED_AT = { height: 613300, index: 7 };

const signed: Suite = (file) => {
  const { cases, keys_addresses: keys = [], utxos } = parseVectors<SignedFile>(file);
  const spent = (txid: string, vout: number): Output | null => {
    const owner = Object.entries(utxos).find(([, coins]) => coins.some((coin) => coin.tx_hash === txid && coin.tx_output_n === vout));
    return owner ? { value: 0n, script: scriptOfAddress(owner[0]) } : null;
  };
  return [
    ...cases.map((vector, i): Case => ({
      title: `${vector.fn} ${i}`,
      check: () => {
        const transaction = parseTransaction(fromHex(vector.tx));
        const { inputs, outputs } = transaction;
        assert.equal(txidOf(transaction), vector.txid);
        assert.equal(toHex(serializeTransaction(transaction)), vector.tx);
        assert.deepEqual(
          inputs.map(({ txid, vout }) => ({ txid, index: vout })),
          vector.inputs.map(({ txid, index }) => ({ txid, index })),
        );
        assert.deepEqual(
          outputs.map(({ script, value }) => ({ script: toHex(script), value: Number(value) })),
          vector.outputs.map(({ script, value }) => ({ script, value })),
        );
        assert.equal(toHex(nulldataOf(outputs) ?? new Uint8Array()), vector.op_return_hex);
        const candidate = { index: SIGNED_AT.index, txid: vector.txid, transaction, previous: inputs.map(({ txid, vout }) => spent(txid, vout)) };
        const claim = readClaim(candidate, SIGNED_AT.height, mainnet);
        const wanted = vector.reference_tx_extract_at_613300;
        assert.deepEqual(claim && extractedFields(claim), wanted && 'exception' in wanted ? null : wanted);
        if (claim) assert.equal(toHex(encodeOperation(claim.operation, mainnet)), vector.op_return_hex);
      },
    })),
    ...keys.map(([key, address]): Case => ({ title: address, check: () => assert.equal(addressOf(publicKeyOf(parsePrivateKey(key))), address) })),
  ];
};

interface KeychainCase {
  readonly address: string;
  readonly private_key: string;
  readonly pubkey: string;
  readonly children: readonly { index: number; address: string; pubkey: string }[];
}

const keychain = each<KeychainCase>(
  (vector) => vector.address,
  (vector) => {
    const revealer = publicKeyOf(parsePrivateKey(vector.private_key));
    assert.deepEqual([toHex(revealer), addressOf(revealer)], [vector.pubkey, vector.address]);
    const allowed = importKeychain(vector.pubkey);
    assert.ok(allowed.has(vector.address));
    for (const child of vector.children) {
      assert.equal(toHex(importKey(revealer, child.index)), child.pubkey);
      assert.equal(addressOf(importKey(revealer, child.index)), child.address);
      assert.ok(allowed.has(child.address));
    }
  },
);

type Row = Readonly<Record<string, unknown>>;

/** Columns of a table come back as integers, fields of a history row as JSON holds them. */
const withTokenText = (row: Row): Row => (typeof row['token_fee'] === 'number' ? { ...row, token_fee: row['token_fee'].toString() } : row);

/** The records that `get_name` gives at the tip of the chain of all epochs. */
const nameRecords: Suite = async (file, context) => {
  const { state } = foldChain((await context.json('bns-v1/chain_all_epochs.json')) as ChainFile);
  return parseVectors<{ cases: readonly Readonly<Record<string, Row & { history: Readonly<Record<string, readonly Row[]>> }>>[] }>(file).cases.map(
    (vector): Case => ({
      title: Object.keys(vector).join(', '),
      check: () => {
        for (const [name, { history, ...wanted }] of Object.entries(vector)) {
          const record = nameAt(state, name)?.record;
          assert.ok(record, name);
          // These two stand in the current record whatever the last operation was; what an operation was found by does not.
          const {
            keep_data: _,
            name_consensus_hash: __,
            ...current
          } = { ...record, name_hash128: nameHash128(name), namespace_id: name.slice(name.indexOf('.') + 1) } as Row;
          assert.deepEqual(withTokenText(current), withTokenText(wanted), name);
          const told = Object.entries(history).flatMap(([height, rows]) => rows.map((row) => ({ height: Number(height), record: withTokenText(row) })));
          assert.deepEqual(historyOf(state, name), told, name);
        }
      },
    }),
  );
};

export const bnsChainSuites: Readonly<Record<string, Suite>> = {
  'bns-v1/chain_*.json': chain,
  'bns-v1/blockstackjs_signed_txs.json': signed,
  'bns-v1/import_keychain.json': keychain,
  'bns-v1/name_records_rpc.json': nameRecords,
};
