import { addressOf } from '../../../src/lib/address.js';
import { fromHex, toHex } from '../../../src/lib/bytes.js';
import { parsePublicKey } from '../../../src/lib/key.js';
import { preorderHash } from '../../../src/names/bitcoin/commitment.js';
import { epochAt } from '../../../src/names/bitcoin/epoch.js';
import { importKey } from '../../../src/names/bitcoin/keychain.js';
import type { NamespaceTerms } from '../../../src/names/bitcoin/operation.js';
import { scriptOfAddress } from '../../../src/names/bitcoin/script.js';
import type { NamespaceRow } from '../../../src/names/bitcoin/row.js';
import type { ChainWorld } from './chainWorld.js';
import { burn, nameImport, person, preorder, registration, renewal, revoke, scriptPerson, terms, transfer, update, type Person, type Sent } from './fold.js';

/** So many that one seldom has two parts. */
export const people: readonly Person[] = [
  ...Array.from({ length: 50 }, (_, i) => person(`p${i}`)),
  ...Array.from({ length: 10 }, (_, i) => scriptPerson(`s${i}`)),
];
const strangers = ['sam', 'tom'].map(person);
const ids = ['x', 'yy', 'zzz'];
const labels = ['a', 'b', 'c'];

export type Random = (below: number) => number;

/** Numbers out of a seed (mulberry32). */
export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

interface Plan {
  readonly name: string;
  readonly from: Person;
  readonly owner: Person;
}

/** Somebody's operations of all kinds on a chain, many of them valid, some not: what is sent next depends on what stands. */
export function createCrowd(world: ChainWorld, random: Random): { next(): Sent[] } {
  const spaces: { id: string; from: Person; reveal: Person }[] = [];
  const names: Plan[] = [];
  const one = <T>(list: readonly T[], otherwise: T): T => list[random(Math.max(1, list.length))] ?? otherwise;
  const anyone = (): Person => one(people, strangers[0] ?? person('sam'));
  const spacesWhere = (ready: boolean): NamespaceRow[] => [...world.state.namespaces.values()].filter((row) => row.readyBlock > 0 === ready);
  const name = (): string => `${one(labels, 'a')}.${one(spacesWhere(true), undefined)?.id ?? one(ids, 'x')}`;
  const existing = (): string => one([...world.state.names.keys()], name());
  const fresh = (): string => world.fresh(random(Math.min(3, world.height() - world.network.firstBlock + 2)));
  const rules = (): ReturnType<typeof epochAt> => epochAt(world.network, world.height() + 1);
  const ownerOf = (of: string): Person => people.find(({ script }) => toHex(script) === world.state.names.get(of)?.owner) ?? anyone();
  const namespace = (): NamespaceTerms => ({
    ...terms,
    lifetime: 10 + random(40),
    version: rules().tokens ? 1 + random(3) : rules().updateWithRegistration ? 1 + random(2) : 1,
  });
  const payee = (): string => {
    const creators = [...world.state.namespaces.values()].filter(({ version }) => version === 2).map(({ address }) => address);
    return random(12) === 0 ? anyone().address : random(2) === 0 ? burn(1)[0] : one(creators, burn(1)[0]);
  };
  const tokens = (): { readonly amount: bigint; readonly units: string } | null =>
    rules().tokens && random(3) === 0 ? { amount: BigInt(random(40_000)), units: 'STACKS' } : null;
  const paying = (sent: Sent, index: number, satoshi: number): Sent => ({
    ...sent,
    outputs: sent.outputs.map((output, i) => (i === index ? [output[0], satoshi] : output)),
  });

  const openings: readonly (() => Sent)[] = [
    () => {
      const space = { id: one(ids, 'x'), from: anyone(), reveal: anyone() };
      spaces.push(space);
      const hash = preorderHash(space.id, space.from.script, space.reveal.address);
      return {
        from: space.from,
        operation: {
          opcode: 'NAMESPACE_PREORDER',
          preorderHash: hash,
          consensusHash: fresh(),
          tokens: rules().tokens ? 640_000_000_000n : null,
        },
        outputs: [[space.from.address, 5500], burn(400_000_000_00)],
      };
    },
    () => {
      const space = one(spaces.filter(({ id }) => !world.state.namespaces.get(id)).slice(-3), { id: 'x', from: anyone(), reveal: anyone() });
      return {
        from: space.from,
        operation: { opcode: 'NAMESPACE_REVEAL', namespace: space.id, ...namespace() },
        outputs: [
          [space.reveal.address, 5500],
          [space.from.address, 1],
        ],
      };
    },
    () => {
      const row = one(spacesWhere(false), undefined);
      const reveal = people.find(({ address }) => address === row?.recipientAddress) ?? anyone();
      const child = reveal.key !== null && random(2) === 0 ? childOf(reveal.key, random(300)) : reveal;
      return nameImport(`${one(labels, 'a')}.${row?.id ?? 'x'}`, anyone(), child);
    },
    () => {
      const row = one(spacesWhere(false), undefined);
      return {
        from: people.find(({ address }) => address === row?.recipientAddress) ?? anyone(),
        operation: { opcode: 'NAMESPACE_READY', namespace: row?.id ?? 'x' },
        outputs: [],
      };
    },
  ];
  const changes: readonly (() => Sent)[] = [
    () => {
      const plan = { name: name(), from: anyone(), owner: anyone() };
      names.push(plan);
      return preorder(plan.name, plan.owner, fresh(), { from: plan.from, paidTo: payee(), tokens: tokens(), satoshi: 100 + random(100) });
    },
    () => {
      const plan = one(names.slice(-2), { name: name(), from: anyone(), owner: anyone() });
      return registration(plan.name, plan.owner, { from: plan.from, valueHash: rules().updateWithRegistration ? 'ab'.repeat(20) : null });
    },
    () => {
      const of = random(8) === 0 ? name() : existing();
      const sent = renewal(of, ownerOf(of), random(2) === 0 ? ownerOf(of) : anyone(), { paidTo: payee(), tokens: tokens()?.amount ?? 0n });
      return rules().tokens ? sent : { ...sent, operation: { opcode: 'NAME_RENEWAL', name: of, valueHash: null, tokens: null } };
    },
    () => {
      const of = random(8) === 0 ? name() : existing();
      return update(of, ownerOf(of), fresh(), 'cd'.repeat(20));
    },
    () => {
      const of = random(8) === 0 ? name() : existing();
      return transfer(of, ownerOf(of), anyone(), fresh(), random(2) === 0);
    },
    () => {
      const of = random(8) === 0 ? name() : existing();
      return revoke(of, ownerOf(of));
    },
    () => ({
      from: random(2) === 0 ? one([...strangers, ...people.slice(0, 4), ...people.slice(40, 50)], anyone()) : anyone(),
      operation: { opcode: 'TOKEN_TRANSFER', consensusHash: fresh(), units: 'STACKS', amount: BigInt(1 + random(10_000)), scratch: '' },
      outputs: [[one([...people, ...strangers], anyone()).address, 5500]],
    }),
    // A stranger pays a stranger: a filterable network takes no notice.
    () => preorder(name(), anyone(), world.fresh(), { from: one(strangers, anyone()), paidTo: strangers[1]?.address ?? '' }),
  ];
  const any = (): Sent => {
    const sent = one(random(3) === 0 ? openings : changes, changes[0] as () => Sent)();
    return random(20) === 0 ? paying(sent, sent.outputs.length - 1, 10) : sent;
  };
  return { next: () => Array.from({ length: Math.max(0, random(5) - 2) }, any) };
}

/** A key of the keychain that the revealer's key seeds. */
export function childOf(key: string, index: number): Person {
  const child = importKey(parsePublicKey(fromHex(key)), index);
  const address = addressOf(child);
  return { address, script: scriptOfAddress(address), key: toHex(child) };
}
