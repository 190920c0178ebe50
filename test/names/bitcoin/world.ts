import { addressOf } from '../../../src/lib/address.js';
import { concat, fromHex, reversed, toHex } from '../../../src/lib/bytes.js';
import { hash160 } from '../../../src/lib/hash.js';
import { parsePrivateKey, publicKeyOf } from '../../../src/lib/key.js';
import { merkleBranch, merkleRoot } from '../../../src/lib/merkle.js';
import { hashHeader } from '../../../src/names/bitcoin/header.js';
import { expireBlock, renewalDeadline } from '../../../src/names/bitcoin/expiry.js';
import { nameConsensusHash, nameHash128, preorderHash } from '../../../src/names/bitcoin/commitment.js';
import type { Anchor } from '../../../src/names/bitcoin/names.js';
import { bitcoinRegtest, defineNetwork, type Network } from '../../../src/names/bitcoin/network.js';
import { encodeOperation, type Operation } from '../../../src/names/bitcoin/operation.js';
import { applyBlock, createState, isCandidate, type BlockResult, type Candidate } from '../../../src/names/bitcoin/rules.js';
import { nulldataScript, scriptOfAddress } from '../../../src/names/bitcoin/script.js';
import type { HeaderSource, Indexer, TransactionSource } from '../../../src/names/bitcoin/source.js';
import { compactSize, serializeTransaction, txidOf, type Output, type Transaction } from '../../../src/names/bitcoin/transaction.js';
import { mineHeader, sourceOf } from './regtest.js';

type Fields = Readonly<Record<string, unknown>>;

export const BURN = '1111111111111111111114oLvT2';

/** A BNS network whose rules start at that block. */
export function networkFrom(firstBlock: number): Network {
  return defineNetwork({
    name: 'test',
    firstBlock,
    epochs: [{ number: 3, endBlock: Infinity }],
    genesisConsensusHashes: Object.fromEntries([4, 3, 2, 1].map((before) => [firstBlock - before, '17ac43c1d8549c3181b200f1bf97eb7d'])),
    confirmations: 2,
    bitcoin: bitcoinRegtest,
  });
}

export const network = networkFrom(10);
const testNetwork = network;

export interface Person {
  readonly address: string;
  readonly script: Uint8Array;
  readonly publicKey: Uint8Array;
}

export function person(n: number): Person {
  const publicKey = publicKeyOf(parsePrivateKey(new Uint8Array(32).fill(n)));
  const address = addressOf(publicKey);
  return { address, script: scriptOfAddress(address), publicKey };
}

/** What somebody sends: the operation, and outputs after the OP_RETURN as [address, satoshi]. */
export interface Sent {
  readonly from: Person;
  readonly operation: Operation;
  readonly outputs: readonly (readonly [string, bigint])[];
}

export interface World {
  readonly network: Network;
  readonly headers: HeaderSource;
  readonly transactions: TransactionSource;
  readonly indexer: Indexer;
  readonly result: (height: number) => BlockResult;
  readonly txids: (height: number) => readonly string[];
  height(): number;
  consensusHash(height?: number): string;
  /** The tip with its consensus hash. */
  anchor(height?: number): Anchor;
  /** Mines what is sent into the next block; answers its verdicts. */
  mine(...sent: readonly Sent[]): BlockResult;
}

/** Headers, transactions and a core node's answers over blocks made here: real work and merkle roots, no signatures, rules by the fold. */
export function createWorld(network: Network = testNetwork): World {
  const headers: Uint8Array[] = [fromHex(bitcoinRegtest.genesisHeader)];
  const blocks: Transaction[][] = [[]];
  const known = new Map<string, { transaction: Transaction; height: number; index: number }>();
  const state = createState(network);
  const results = new Map<number, BlockResult>();
  const height = (): number => headers.length - 1;

  const coinbase = (at: number): Transaction => ({
    version: 2,
    inputs: [{ txid: '00'.repeat(32), vout: 0xffffffff, script: Uint8Array.of(4, at, at >> 8, 0, 0), sequence: 0xffffffff, witness: [] }],
    outputs: [{ value: 50_0000_0000n, script: fromHex('51') }],
    lockTime: 0,
  });
  const mineBlock = (list: readonly Transaction[]): void => {
    const transactions = [coinbase(headers.length), ...list];
    const merkle = merkleRoot(transactions.map((transaction) => reversed(fromHex(txidOf(transaction)))));
    headers.push(mineHeader({ previous: hashHeader(headers.at(-1) ?? new Uint8Array(80)), time: 1_500_000_000 + 600 * headers.length, merkleRoot: merkle }));
    blocks.push(transactions);
    transactions.forEach((transaction, index) => known.set(txidOf(transaction), { transaction, height: height(), index }));
  };
  const foldTip = (): BlockResult => {
    const transactions = (blocks.at(-1) ?? []).map((transaction, index): Candidate => {
      const previous = transaction.inputs.map((input): Output | null => known.get(input.txid)?.transaction.outputs[input.vout] ?? null);
      return { index, txid: txidOf(transaction), transaction, previous };
    });
    const result = applyBlock(state, { height: height(), transactions: transactions.filter(({ transaction }) => isCandidate(transaction, network)) });
    results.set(height(), result);
    return result;
  };
  let coins = 0;
  const fund = (to: Person): Transaction => {
    const [first] = blocks[1]?.[0] ? [txidOf(blocks[1][0])] : [];
    return {
      version: 2,
      inputs: [{ txid: first ?? '00'.repeat(32), vout: 0, script: Uint8Array.of(coins++), sequence: 0, witness: [] }],
      outputs: [
        { value: 1_0000_0000n, script: to.script },
        { value: BigInt(coins), script: fromHex('51') },
      ],
      lockTime: 0,
    };
  };
  const spend = ({ from, operation, outputs }: Sent, coin: Transaction): Transaction => ({
    version: 1,
    inputs: [
      {
        txid: txidOf(coin),
        vout: 0,
        script: concat(compactSize(71), new Uint8Array(71).fill(0x30), compactSize(33), from.publicKey),
        sequence: 0xffffffff,
        witness: [],
      },
    ],
    outputs: [
      { value: 0n, script: nulldataScript(encodeOperation(operation, network)) },
      ...outputs.map(([address, value]) => ({ value, script: scriptOfAddress(address) })),
    ],
    lockTime: 0,
  });
  while (height() < network.firstBlock - 1) mineBlock([]);

  const history = (name: string): [number, Fields[]][] => {
    const records = [...results].map(([at, { operations }]): [number, Fields[]] => [
      at,
      operations.filter((record) => record['name'] === name).map(({ ...record }) => record),
    ]);
    return records.filter(([, list]) => list.length > 0);
  };
  const indexer: Indexer = {
    operator: 'node',
    tip: () => Promise.resolve({ height: height(), consensusHash: world.consensusHash() }),
    consensusHashes: (heights) => Promise.resolve(heights.map((at) => results.get(at)?.consensusHash ?? null)),
    operationsHashes: (heights) => Promise.resolve(heights.map((at) => results.get(at)?.operationsHash ?? null)),
    operations: (at) => Promise.resolve((results.get(at)?.operations ?? []).map((record) => ({ ...record }))),
    nameRecord: (name) => {
      const all = history(name);
      const last = all.at(-1)?.[1].at(-1);
      if (!last) return Promise.resolve(null);
      const namespace = name.split('.')[1] ?? '';
      const life = state.namespaces.get(namespace);
      const ends = life
        ? {
            expire_block: expireBlock(network, life, Number(last['last_renewed']), height()),
            renewal_deadline: renewalDeadline(network, life, Number(last['last_renewed']), height()),
            expired: false,
          }
        : {};
      return Promise.resolve({ ...last, name_hash128: nameHash128(name), namespace_id: namespace, ...ends, history: Object.fromEntries(all) });
    },
    namespaceRecord: (id) =>
      Promise.resolve(
        [...results.values()]
          .flatMap(({ operations }) => operations)
          .findLast((record) => record['namespace_id'] === id && (record.op === '!' || record.op === '&')) ?? null,
      ),
  };
  const world: World = {
    network,
    headers: sourceOf(headers),
    transactions: {
      operator: 'explorer',
      transaction: (txid) => {
        const found = known.get(txid);
        return Promise.resolve(found ? serializeTransaction(found.transaction) : null);
      },
      inclusion: (txid) => {
        const found = known.get(txid);
        const leaves = (blocks[found?.height ?? 0] ?? []).map((transaction) => reversed(fromHex(txidOf(transaction))));
        return Promise.resolve(found ? { height: found.height, index: found.index, branch: merkleBranch(leaves, found.index) } : null);
      },
    },
    indexer,
    result: (at) => results.get(at) ?? fail(at),
    txids: (at) => (blocks[at] ?? []).map(txidOf),
    height,
    consensusHash: (at = height()) => (at < network.firstBlock ? (network.genesisConsensusHashes[at] ?? '') : (results.get(at) ?? fail(at)).consensusHash),
    anchor: (at = height()) => ({ height: at, hash: hashHeader(headers[at] ?? new Uint8Array(80)), consensusHash: world.consensusHash(at) }),
    mine: (...sent) => {
      const coinsOf = sent.map(({ from }) => fund(from));
      mineBlock([...coinsOf, ...sent.map((item, i) => spend(item, coinsOf[i] ?? fund(item.from)))]);
      return foldTip();
    },
  };
  // headers is shared, so the source grows with the chain.
  return world;
}

function fail(height: number): never {
  throw new Error(`no block ${height}`);
}

export const creator = person(1);
export const alice = person(2);
export const bob = person(3);
const dust = 5500n;

export const valueHash = (text: string): string => toHex(hash160(new TextEncoder().encode(text)));

/** Opens the namespace `id` with a lifetime in blocks. */
export function openNamespace(world: World, lifetime = 1000, before: (world: World, reveal: Person) => void = () => undefined): Person {
  const reveal = person(9);
  world.mine({
    from: creator,
    operation: {
      opcode: 'NAMESPACE_PREORDER',
      preorderHash: preorderHash('id', creator.script, reveal.address),
      consensusHash: world.consensusHash(),
      tokens: null,
    },
    outputs: [
      [creator.address, dust],
      [BURN, 40_0000_0000n],
    ],
  });
  world.mine({
    from: creator,
    operation: {
      opcode: 'NAMESPACE_REVEAL',
      namespace: 'id',
      lifetime,
      coeff: 250,
      base: 4,
      buckets: [6, 5, 4, 3, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
      nonalphaDiscount: 4,
      noVowelDiscount: 4,
      version: 1,
    },
    outputs: [
      [reveal.address, dust],
      [creator.address, dust],
    ],
  });
  before(world, reveal);
  world.mine({ from: reveal, operation: { opcode: 'NAMESPACE_READY', namespace: 'id' }, outputs: [[reveal.address, dust]] });
  return reveal;
}

export function preorder(world: World, name: string, payer: Person, owner: Person): Sent {
  return {
    from: payer,
    operation: { opcode: 'NAME_PREORDER', preorderHash: preorderHash(name, payer.script, owner.address), consensusHash: world.consensusHash(), tokens: null },
    outputs: [
      [payer.address, dust],
      [BURN, 1_0000_0000n],
    ],
  };
}

export function register(name: string, payer: Person, owner: Person, hash: string | null): Sent {
  return {
    from: payer,
    operation: { opcode: 'NAME_REGISTRATION', name, valueHash: hash, tokens: null },
    outputs: [
      [owner.address, dust],
      [payer.address, dust],
    ],
  };
}

export function update(world: World, name: string, owner: Person, hash: string): Sent {
  return {
    from: owner,
    operation: { opcode: 'NAME_UPDATE', nameConsensusHash: nameConsensusHash(name, world.consensusHash()), valueHash: hash },
    outputs: [[owner.address, dust]],
  };
}

export function transfer(world: World, name: string, from: Person, to: Person, keepData = true): Sent {
  return {
    from,
    operation: { opcode: 'NAME_TRANSFER', keepData, nameHash128: nameHash128(name), consensusHash: world.consensusHash() },
    outputs: [
      [to.address, dust],
      [from.address, dust],
    ],
  };
}

export function renew(name: string, from: Person, to: Person, hash: string | null): Sent {
  return {
    from,
    operation: { opcode: 'NAME_RENEWAL', name, valueHash: hash, tokens: null },
    outputs: [
      [to.address, dust],
      [from.address, dust],
      [BURN, 1_0000_0000n],
    ],
  };
}

export function revoke(name: string, from: Person): Sent {
  return { from, operation: { opcode: 'NAME_REVOKE', name }, outputs: [[from.address, dust]] };
}

/** A name preordered and registered in two blocks. */
export function give(world: World, name: string, owner: Person, hash: string | null): void {
  world.mine(preorder(world, name, creator, owner));
  world.mine(register(name, creator, owner, hash));
}
