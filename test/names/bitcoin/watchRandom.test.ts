import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toHex } from '../../../src/lib/bytes.js';
import { isNamesteadError } from '../../../src/lib/errors.js';
import { byFilters } from '../../../src/names/bitcoin/byFilters.js';
import { byHistory } from '../../../src/names/bitcoin/byHistory.js';
import { bitcoinNames } from '../../../src/names/bitcoin/names.js';
import type { Lookup } from '../../../src/names/names.js';
import { hiding, watchersOf } from './watchers.js';
import { alice, bob, createWorld, give, openNamespace, person, renew, revoke, transfer, update, valueHash, type Sent, type World } from './world.js';

const people = [alice, bob, person(7)];
const somebody = fc.constantFrom(...people);
const name = fc.constantFrom('alice.id', 'alice.id', 'other.id');
type Draft = (world: World) => Sent;
const stale = (sent: Sent): Sent => ({ ...sent, operation: { ...sent.operation, consensusHash: '00'.repeat(16) } as Sent['operation'] });

const draft: fc.Arbitrary<Draft> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(name, somebody, somebody, fc.boolean()).map(
      ([on, from, to, keep]): Draft =>
        (world) =>
          transfer(world, on, from, to, keep),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(name, somebody, somebody).map(
      ([on, from, to]): Draft =>
        (world) =>
          stale(transfer(world, on, from, to)),
    ),
  },
  {
    weight: 4,
    arbitrary: fc.tuple(name, somebody, fc.nat(9)).map(
      ([on, from, text]): Draft =>
        (world) =>
          update(world, on, from, valueHash(String(text))),
    ),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(name, somebody, somebody).map(
      ([on, from, to]): Draft =>
        () =>
          renew(on, from, to, null),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(name, somebody).map(
      ([on, from]): Draft =>
        () =>
          revoke(on, from),
    ),
  },
);
const story = fc.array(fc.array(draft, { maxLength: 3 }), { minLength: 1, maxLength: 8 });

/** What the fold holds of the name in the end. */
async function truth(world: World): Promise<Readonly<Record<string, unknown>>> {
  return (await world.indexer.nameRecord('alice.id')) ?? {};
}

test('whatever was sent after a registration, a watch finds what the fold finds, or says that it cannot tell', { timeout: 120_000 }, async () => {
  let [found, undecided] = [0, 0];
  await fc.assert(
    fc.asyncProperty(story, fc.boolean(), async (blocks, complete) => {
      const world = createWorld();
      openNamespace(world);
      give(world, 'other.id', alice, null);
      give(world, 'alice.id', alice, valueHash('one'));
      const registered = world.height();
      for (const block of blocks) world.mine(...block.map((one) => one(world)));
      for (let i = 0; i < 3; i++) world.mine();
      const kit = watchersOf(world);
      const { sender, revoked, txid } = await truth(world);
      const { network, headers, transactions } = world;
      for (const watch of [
        byHistory({ histories: [kit.history('a'), kit.history('b')] }),
        byFilters({ sources: [kit.filters('a'), kit.filters('b')], blocks: kit.blocks }),
      ]) {
        // A node that hides is caught by itself where every later block is looked at.
        const indexer = complete ? world.indexer : hiding(world.indexer, registered);
        const names = bitcoinNames({ network, anchor: world.anchor(), headers, transactions, indexer, watch, complete });
        const outcome: Lookup | string | null = await names.lookup('alice.id').catch((error: unknown) => {
          if (!isNamesteadError(error)) throw error;
          return error.code;
        });
        if (outcome === 'UndecidedOperation') {
          expect(complete).toBe(false);
          undecided++;
        } else if (revoked === true) expect(outcome).toBe('NameRevoked');
        else {
          expect(outcome).toMatchObject({ record: { owner: people.find(({ script }) => toHex(script) === sender)?.address, txid } });
          found++;
        }
      }
    }),
    { seed: 7, numRuns: 60 },
  );
  expect(found).toBeGreaterThan(40);
  expect(undecided).toBeGreaterThan(0);
});
