import { addressOf, formatAddress } from '../../../src/lib/address.js';
import { concat, fromHex, fromUtf8, toHex } from '../../../src/lib/bytes.js';
import { hash160, sha256 } from '../../../src/lib/hash.js';
import { parsePrivateKey, publicKeyOf } from '../../../src/lib/key.js';
import { BURN_ADDRESS } from '../../../src/names/bitcoin/price.js';
import { nameConsensusHash, nameHash128, preorderHash } from '../../../src/names/bitcoin/commitment.js';
import { bitcoinRegtest, defineNetwork, type Network } from '../../../src/names/bitcoin/network.js';
import { encodeOperation, type NamespaceTerms, type Operation } from '../../../src/names/bitcoin/operation.js';
import { applyBlock, consensusHashAt, createState, type BlockResult, type Candidate, type State } from '../../../src/names/bitcoin/rules.js';
import { nulldataScript, scriptOfAddress } from '../../../src/names/bitcoin/script.js';
import { txidOf, type Output, type Transaction } from '../../../src/names/bitcoin/transaction.js';

const GENESIS = '17ac43c1d8549c3181b200f1bf97eb7d';

/** A network in one epoch at all heights, its rules from block 100 on; `balances` in micro-STACKS. */
export function networkIn(epoch: number, edit: Partial<Network> = {}): Network {
  return defineNetwork({
    name: `epoch ${epoch}`,
    firstBlock: 100,
    epochs: [{ number: epoch, endBlock: Infinity }],
    genesisConsensusHashes: { 96: GENESIS, 97: GENESIS, 98: GENESIS, 99: GENESIS },
    bitcoin: bitcoinRegtest,
    ...edit,
  });
}

export interface Person {
  readonly address: string;
  readonly script: Uint8Array;
  /** Hex; null for who is a p2sh script. */
  readonly key: string | null;
}

export function person(name: string): Person {
  const key = publicKeyOf(parsePrivateKey(sha256(fromUtf8(name))));
  const address = addressOf(key);
  return { address, script: scriptOfAddress(address), key: toHex(key) };
}

export function scriptPerson(name: string): Person {
  const address = formatAddress(5, hash160(fromUtf8(name)));
  return { address, script: scriptOfAddress(address), key: null };
}

export const [alice, bob, carol] = [person('alice'), person('bob'), person('carol')];
export const burn = (satoshi: number): readonly [string, number] => [BURN_ADDRESS, satoshi];

/** An operation on its way: who sends it, and the outputs behind the OP_RETURN. */
export interface Sent {
  readonly from: Person;
  readonly operation: Operation;
  readonly outputs: readonly (readonly [string, number])[];
}

export const terms: NamespaceTerms = {
  lifetime: 52595,
  coeff: 1,
  base: 1,
  buckets: new Array<number>(16).fill(1),
  nonalphaDiscount: 1,
  noVowelDiscount: 1,
  version: 1,
};
/** What a name of these terms costs at least, in every epoch and in satoshi. */
export const PRICE = 100;
const RICH = 400_000_000_00;

export interface Fold {
  readonly state: State;
  height(): number;
  /** The consensus hash some blocks back; 0 is the last. */
  fresh(back?: number): string;
  /** Folds what is sent as the next block. */
  mine(...sent: readonly Sent[]): BlockResult;
  /** Empty blocks up to and including a height. */
  mineTo(height: number): void;
  /** Mines one operation and tells `accepted` or why not. */
  verdict(sent: Sent): string;
  /** Opens a namespace, with imports before it is ready. */
  open(id: string, edit?: Partial<NamespaceTerms>, imports?: readonly (readonly [string, Person])[]): void;
  register(name: string, owner: Person, from?: Person, satoshi?: number): string;
}

export function startFold(network: Network = networkIn(3), state: State = createState(network)): Fold {
  let salt = 0;
  const fold: Fold = {
    state,
    height: () => state.height,
    fresh: (back = 0) => consensusHashAt(state, state.height - back) ?? '',
    mine: (...sent) => applyBlock(state, { height: state.height + 1, transactions: sent.map((one, i) => candidateOf(one, i + 1, salt++, network)) }),
    mineTo: (height) => {
      while (state.height < height) fold.mine();
    },
    verdict: (sent) => statusOf(fold.mine(sent)),
    open: (id, edit = {}, imports = []) => {
      const hash = preorderHash(id, alice.script, bob.address);
      const tokens = network.epochs[0] && network.epochs[0].number >= 4 ? 640_000_000_000n : null;
      expectAccepted(fold.mine(namespacePreorder(hash, fold.fresh(), tokens)));
      expectAccepted(
        fold.mine({
          from: alice,
          operation: { opcode: 'NAMESPACE_REVEAL', namespace: id, ...terms, ...edit },
          outputs: [
            [bob.address, 5500],
            [alice.address, 1],
          ],
        }),
      );
      for (const [name, owner] of imports) expectAccepted(fold.mine(nameImport(name, owner)));
      expectAccepted(fold.mine({ from: bob, operation: { opcode: 'NAMESPACE_READY', namespace: id }, outputs: [] }));
    },
    register: (name, owner, from = carol, satoshi = PRICE) => {
      expectAccepted(fold.mine(preorder(name, owner, fold.fresh(), { from, satoshi })));
      return fold.verdict(registration(name, owner, { from }));
    },
  };
  return fold;
}

export function namespacePreorder(hash: string, consensusHash: string, tokens: bigint | null = null): Sent {
  return { from: alice, operation: { opcode: 'NAMESPACE_PREORDER', preorderHash: hash, consensusHash, tokens }, outputs: [[alice.address, 5500], burn(RICH)] };
}

interface PreorderOptions {
  readonly from?: Person;
  readonly satoshi?: number;
  readonly paidTo?: string;
  readonly tokens?: { readonly amount: bigint; readonly units: string } | null;
}

export function preorder(name: string, owner: Person, consensusHash: string, options: PreorderOptions = {}): Sent {
  const { from = carol, satoshi = PRICE, paidTo = BURN_ADDRESS, tokens = null } = options;
  return {
    from,
    operation: { opcode: 'NAME_PREORDER', preorderHash: preorderHash(name, from.script, owner.address), consensusHash, tokens },
    outputs: [
      [from.address, 5500],
      [paidTo, satoshi],
    ],
  };
}

export function registration(name: string, owner: Person, { from = carol, valueHash = null as string | null } = {}): Sent {
  return { from, operation: { opcode: 'NAME_REGISTRATION', name, valueHash, tokens: null }, outputs: [[owner.address, 5500]] };
}

export function renewal(
  name: string,
  from: Person,
  to = from,
  { satoshi = PRICE, paidTo = BURN_ADDRESS, tokens = 0n, valueHash = null as string | null } = {},
): Sent {
  return {
    from,
    operation: { opcode: 'NAME_RENEWAL', name, valueHash, tokens },
    outputs: [
      [to.address, 5500],
      [from.address, 5500],
      [paidTo, satoshi],
    ],
  };
}

export function update(name: string, from: Person, consensusHash: string, valueHash = 'ab'.repeat(20)): Sent {
  return { from, operation: { opcode: 'NAME_UPDATE', nameConsensusHash: nameConsensusHash(name, consensusHash), valueHash }, outputs: [] };
}

export function transfer(name: string, from: Person, to: Person, consensusHash: string, keepData = true): Sent {
  return { from, operation: { opcode: 'NAME_TRANSFER', keepData, nameHash128: nameHash128(name), consensusHash }, outputs: [[to.address, 5500]] };
}

export function revoke(name: string, from: Person): Sent {
  return { from, operation: { opcode: 'NAME_REVOKE', name }, outputs: [] };
}

export function nameImport(name: string, owner: Person, from: Person = bob): Sent {
  return {
    from,
    operation: { opcode: 'NAME_IMPORT', name },
    outputs: [
      [owner.address, 5500],
      [formatAddress(0, hash160(fromUtf8(name))), 5500],
    ],
  };
}

export function statusOf({ verdicts }: BlockResult): string {
  return verdicts.map(({ status, reason }) => (status === 'accepted' ? status : (reason ?? status))).join('; ') || 'ignored';
}

function expectAccepted(result: BlockResult): void {
  if (statusOf(result) !== 'accepted') throw new Error(`block ${result.height}: ${statusOf(result)}`);
}

/** A transaction with the operation in its first output; signatures are no part of the rules. */
export function candidateOf({ from, operation, outputs }: Sent, index: number, salt: number, network: Pick<Network, 'magic'>): Candidate {
  const script = from.key === null ? Uint8Array.of(0) : concat(Uint8Array.of(1, 0x30, 33), fromHex(from.key));
  const paid = outputs.map(([address, satoshi]): Output => ({ value: BigInt(satoshi), script: scriptOfAddress(address) }));
  const transaction: Transaction = {
    version: 1,
    inputs: [{ txid: '11'.repeat(32), vout: salt, script, sequence: 0xffffffff, witness: [] }],
    outputs: [{ value: 0n, script: nulldataScript(encodeOperation(operation, network)) }, ...paid],
    lockTime: 0,
  };
  return { index, txid: txidOf(transaction), transaction, previous: [{ value: 1n, script: from.script }] };
}
