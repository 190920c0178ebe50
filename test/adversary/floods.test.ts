import { describe, expect, test } from 'vitest';
import { byHistory } from '../../src/names/bitcoin/byHistory.js';
import { bitcoinNames } from '../../src/names/bitcoin/names.js';
import type { HistoryOperator } from '../../src/names/bitcoin/scriptHistory.js';
import type { TransactionSource } from '../../src/names/bitcoin/source.js';
import type { Lookup } from '../../src/names/names.js';
import { hiding, watchersOf } from '../names/bitcoin/watchers.js';
import { alice, bob, createWorld, give, openNamespace, transfer, valueHash } from '../names/bitcoin/world.js';

const code = (value: string): unknown => expect.objectContaining({ code: value });

describe('an operator of histories who lists what nobody can show', () => {
  test('is asked for so many and no more, and neither is anybody else', async () => {
    const world = createWorld();
    openNamespace(world);
    give(world, 'alice.id', alice, valueHash('one'));
    const registered = world.height();
    world.mine(transfer(world, 'alice.id', alice, bob));
    for (let i = 0; i < 3; i++) world.mine();
    const kit = watchersOf(world);
    const invented = Array.from({ length: 15_000 }, (_, i) => ({ txid: i.toString(16).padStart(64, '0'), height: registered + 1 }));
    let asked = 0;
    const counted = <S extends TransactionSource>(source: S): S => ({
      ...source,
      transaction: (txid, options) => {
        if (invented[Number.parseInt(txid.slice(-8), 16)]?.txid === txid) asked++;
        return source.transaction(txid, options);
      },
    });
    const liar: HistoryOperator = { ...kit.history('liar'), history: async (script) => [...invented, ...(await kit.history('liar').history(script))] };
    const lookup = (histories: readonly HistoryOperator[]): Promise<Lookup | null> =>
      bitcoinNames({
        network: world.network,
        anchor: world.anchor(),
        headers: world.headers,
        transactions: counted(world.transactions),
        indexer: hiding(world.indexer, registered),
        watch: byHistory({ histories: histories.map(counted) }),
      }).lookup('alice.id');
    const found = await lookup([liar, kit.history('a'), kit.history('b')]);
    expect(found).toMatchObject({ record: { owner: bob.address }, evidence: { disagreed: expect.arrayContaining(['liar']) as unknown } });
    expect(asked).toBeLessThan(100);
    await expect(lookup([liar, kit.history('a')])).rejects.toThrow(code('LevelNotReached'));
  });
});
