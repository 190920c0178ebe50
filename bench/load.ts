import { concat, fromUtf8 } from '../src/lib/bytes.js';
import { hash160, sha256 } from '../src/lib/hash.js';
import { nameConsensusHash, nameHash128, preorderHash } from '../src/names/bitcoin/commitment.js';
import { bitcoinRegtest, defineNetwork, type Network } from '../src/names/bitcoin/network.js';
import { encodeOperation, type Operation } from '../src/names/bitcoin/operation.js';
import { BURN_ADDRESS } from '../src/names/bitcoin/price.js';
import type { RuleBlock } from '../src/names/bitcoin/rules.js';
import { addressOfScript, nulldataScript, scriptOfAddress } from '../src/names/bitcoin/script.js';
import { txidOf, type Output } from '../src/names/bitcoin/transaction.js';

export const loadNetwork: Network = /* @__PURE__ */ defineNetwork({
  name: 'load',
  firstBlock: 100,
  epochs: [{ number: 3, endBlock: Infinity }],
  bitcoin: bitcoinRegtest,
});

interface Person {
  readonly script: Uint8Array;
  readonly address: string;
  readonly key: Uint8Array;
}

/** A key nobody checks to be on the curve: it hashes to its script, and that is all the rules ask. */
function person(label: string): Person {
  const key = concat(Uint8Array.of(2), sha256(fromUtf8(label)));
  const script = concat(Uint8Array.of(0x76, 0xa9, 20), hash160(key), Uint8Array.of(0x88, 0xac));
  return { script, key, address: addressOfScript(script) ?? '' };
}

const SIGNATURE = /* @__PURE__ */ new Uint8Array(71).fill(0x30);
const terms = { lifetime: 52595, coeff: 1, base: 1, buckets: new Array<number>(16).fill(1), nonalphaDiscount: 1, noVowelDiscount: 1, version: 1 };

/** What became of a block. */
export interface BlockOutcome {
  readonly accepted: number;
  readonly consensusHash: string;
}

export interface Load {
  /** Names there are in the end. */
  readonly names: number;
  readonly operations: number;
}

/**
 * Registers names and works on them, block by block: each block orders names in advance and registers those of the block before; of every
 * ten names three are updated, one is renewed and half are transferred (none with `worked: false`). Every operation is accepted. Blocks are given to `apply` in order, the way
 * a follower would parse them, since operations name consensus hashes that come of the blocks before.
 */
export function foldLoad(
  { names, perBlock = 100, worked: isWorked = true }: { readonly names: number; readonly perBlock?: number; readonly worked?: boolean },
  apply: (block: RuleBlock) => BlockOutcome,
): Load {
  let salt = 0;
  let operations = 0;
  let [height, hashBefore] = [loadNetwork.firstBlock, ''];
  const fresh = (): string => hashBefore;
  const send = (from: Person, operation: Operation, ...outputs: readonly (readonly [Uint8Array, number])[]) => {
    const input = new Uint8Array(32);
    new DataView(input.buffer).setUint32(0, salt++);
    const script = concat(Uint8Array.of(SIGNATURE.length), SIGNATURE, Uint8Array.of(33), from.key);
    const paid = outputs.map(([to, satoshi]): Output => ({ value: BigInt(satoshi), script: to }));
    const transaction = {
      version: 1,
      inputs: [{ txid: '11'.repeat(32), vout: salt, script, sequence: 0xffffffff, witness: [] }],
      outputs: [{ value: 0n, script: nulldataScript(encodeOperation(operation, loadNetwork)) }, ...paid],
      lockTime: 0,
    };
    return { txid: txidOf(transaction), transaction, previous: [{ value: 1n, script: from.script }] };
  };
  const mine = (sent: readonly ReturnType<typeof send>[]): void => {
    const block = { height: height++, transactions: sent.map((one, at) => ({ ...one, index: at + 1 })) };
    const { accepted, consensusHash } = apply(block);
    if (accepted !== sent.length) throw new Error(`block ${block.height} took ${accepted} of ${sent.length} operations`);
    operations += accepted;
    hashBefore = consensusHash;
  };

  const [creator, revealer] = [person('creator'), person('revealer')];
  const burn = scriptOfAddress(BURN_ADDRESS);
  mine([]);
  const hash = preorderHash('load', creator.script, revealer.address);
  mine([send(creator, { opcode: 'NAMESPACE_PREORDER', preorderHash: hash, consensusHash: fresh(), tokens: null }, [creator.script, 1], [burn, 400_000_000])]);
  mine([send(creator, { opcode: 'NAMESPACE_REVEAL', namespace: 'load', ...terms }, [revealer.script, 1], [creator.script, 1])]);
  mine([send(revealer, { opcode: 'NAMESPACE_READY', namespace: 'load' })]);

  interface Owned {
    readonly name: string;
    readonly owner: Person;
    readonly payer: Person;
  }
  const valueHash = (label: string): string => [...hash160(fromUtf8(label))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  const ordered = ({ name, owner, payer }: Owned) => {
    const operation: Operation = {
      opcode: 'NAME_PREORDER',
      preorderHash: preorderHash(name, payer.script, owner.address),
      consensusHash: fresh(),
      tokens: null,
    };
    return send(payer, operation, [payer.script, 5500], [burn, 1000]);
  };
  const registered = ({ name, owner, payer }: Owned) =>
    send(payer, { opcode: 'NAME_REGISTRATION', name, valueHash: valueHash(name), tokens: null }, [owner.script, 5500]);
  const worked = ({ name, owner }: Owned, at: number) => {
    const kind = at % 10;
    if (kind < 3) {
      const operation: Operation = { opcode: 'NAME_UPDATE', nameConsensusHash: nameConsensusHash(name, fresh()), valueHash: valueHash(`${name}!`) };
      return [send(owner, operation)];
    }
    if (kind === 3)
      return [send(owner, { opcode: 'NAME_RENEWAL', name, valueHash: null, tokens: null }, [owner.script, 5500], [owner.script, 1], [burn, 1000])];
    if (kind > 4) return [];
    return [
      send(owner, { opcode: 'NAME_TRANSFER', keepData: true, nameHash128: nameHash128(name), consensusHash: fresh() }, [person(`${name} heir`).script, 5500]),
    ];
  };

  let [orderedBefore, registeredBefore]: [Owned[], Owned[]] = [[], []];
  for (let made = 0; made < names || orderedBefore.length > 0 || registeredBefore.length > 0;) {
    const count = Math.min(perBlock, names - made);
    // Mostly one name to an owner, as it is on the real chain; every sixteenth owner has more.
    const next = Array.from({ length: count }, (_, at): Owned => {
      const number = made + at;
      return { name: `name-${number.toString(36)}.load`, owner: person(`owner ${number % 16 === 0 ? number >> 7 : number}`), payer: person(`payer ${number}`) };
    });
    mine([...next.map(ordered), ...orderedBefore.map(registered), ...(isWorked ? registeredBefore.flatMap(worked) : [])]);
    made += count;
    [orderedBefore, registeredBefore] = [next, orderedBefore];
  }
  return { names, operations };
}
