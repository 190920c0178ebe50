import { describe, expect, test } from 'vitest';
import { toHex } from '../../../src/lib/bytes.js';
import { parsePublicKey } from '../../../src/lib/key.js';
import { addressOf } from '../../../src/lib/address.js';
import { importKey } from '../../../src/names/bitcoin/keychain.js';
import { preorderHash } from '../../../src/names/bitcoin/commitment.js';
import type { NamespaceTerms } from '../../../src/names/bitcoin/operation.js';
import { nameAt, operationsAt, undoBlock, type BlockResult } from '../../../src/names/bitcoin/rules.js';
import { scriptOfAddress } from '../../../src/names/bitcoin/script.js';
import {
  alice,
  bob,
  carol,
  networkIn,
  nameImport,
  namespacePreorder,
  person,
  preorder,
  registration,
  renewal,
  revoke,
  scriptPerson,
  startFold,
  statusOf,
  terms,
  transfer,
  update,
  type Fold,
  type Person,
  type Sent,
} from './fold.js';

// Cases of BNS (b.3) to (b.7) and (c.2) at their edges, where chains seldom come. Each expectation is the specification's, not the fold's.

const [dave, erin] = [person('dave'), person('erin')];
const rowOf = (fold: Fold, name: string) => nameAt(fold.state, name)?.row;
const rich = { genesisBalances: { [alice.address]: '1000000000000', [carol.address]: '1000000' } };
const tokens = (amount: bigint) => ({ amount, units: 'STACKS' });

function reveal(id: string, edit: Partial<NamespaceTerms> = {}, from: Person = alice): Sent {
  return {
    from,
    operation: { opcode: 'NAMESPACE_REVEAL', namespace: id, ...terms, ...edit },
    outputs: [
      [bob.address, 5500],
      [from.address, 1],
    ],
  };
}

const ready = (id: string): Sent => ({ from: bob, operation: { opcode: 'NAMESPACE_READY', namespace: id }, outputs: [] });

/** A fold in which a script owns `count` names `n0.id`… by import, and its namespace is ready. */
function owning(count: number, owner: Person, epoch = 3): Fold {
  const fold = startFold(networkIn(epoch, rich));
  fold.open(
    'id',
    {},
    Array.from({ length: count }, (_, at) => [`n${at}.id`, owner] as const),
  );
  return fold;
}

describe('the quota of 25', () => {
  test('counts registrations of the block for its owners, before they own them', () => {
    const fold = owning(24, dave);
    fold.mine(preorder('a.id', dave, fold.fresh()), preorder('b.id', dave, fold.fresh(), { from: erin }));
    expect(statusOf(fold.mine(registration('a.id', dave), registration('b.id', dave, { from: erin })))).toMatch(/^accepted; .*25 names/);
  });

  test('of a preorder and of a renewal counts them too', () => {
    const fold = owning(24, dave);
    fold.mine(preorder('a.id', dave, fold.fresh()));
    const fresh = fold.fresh();
    expect(statusOf(fold.mine(registration('a.id', dave), preorder('x.id', erin, fresh, { from: dave }), renewal('n0.id', dave)))).toMatch(
      /^accepted; .*25 names; .*25 names$/,
    );
    expect(owning(24, dave).verdict(renewal('n0.id', dave))).toBe('accepted');
  });

  test('of a transfer does not, and counts what was transferred before it in the block', () => {
    const fold = owning(24, dave);
    fold.register('c.id', alice);
    fold.register('e.id', alice);
    fold.mine(preorder('a.id', dave, fold.fresh()));
    const fresh = fold.fresh();
    expect(statusOf(fold.mine(registration('a.id', dave), transfer('c.id', alice, dave, fresh), transfer('e.id', alice, dave, fresh)))).toMatch(
      /^accepted; accepted; .*25 names/,
    );
  });

  test('of an update allows 25 and refuses 26', () => {
    const sent = (fold: Fold): Sent => update('n0.id', dave, fold.fresh());
    const [full, over] = [owning(25, dave), owning(26, dave)];
    expect(full.verdict(sent(full))).toBe('accepted');
    expect(over.verdict(sent(over))).toMatch(/more than 25/);
    expect(over.verdict(transfer('n0.id', dave, erin, over.fresh()))).toBe('accepted');
    expect(over.verdict(sent(over))).toMatch(/no name of the sender/);
    expect(over.verdict(update('n1.id', dave, over.fresh()))).toBe('accepted');
  });

  test('leaves out revoked names and expired ones', () => {
    const fold = startFold(networkIn(1));
    fold.open('short', { lifetime: 30 });
    for (let at = 0; at < 3; at++) fold.register(`s${at}.short`, dave);
    const ended = (rowOf(fold, 's2.short')?.lastRenewed ?? 0) + 30;
    fold.mineTo(ended + 1);
    fold.open(
      'id',
      {},
      Array.from({ length: 24 }, (_, at) => [`n${at}.id`, dave] as const),
    );
    expect(fold.register('a.id', dave)).toBe('accepted');
    expect(fold.register('b.id', dave)).toMatch(/25 names/);
    expect(fold.verdict(revoke('n0.id', dave))).toBe('accepted');
    expect(fold.verdict(registration('b.id', dave))).toBe('accepted');
  });

  test('in the dry run counts a registration that passes for its owner and one that fails for its sender', () => {
    // Two that could have a.id collide, unless the quota stops the second in the dry run already: then the first has it.
    const run = (before: (fold: Fold) => Sent): string => {
      const fold = owning(24, dave);
      fold.register('own.id', erin);
      fold.mine(preorder('a.id', alice, fold.fresh()), preorder('a.id', dave, fold.fresh(), { from: erin }));
      const first = before(fold);
      return statusOf(fold.mine(first, registration('a.id', alice), registration('a.id', dave, { from: erin })));
    };
    // Fails, sent by dave: counts for dave, who is then full in the dry run alone.
    const failed = run(() => registration('nothing.id', alice, { from: dave }));
    expect(failed).toMatch(/^no preorder.*; accepted; an earlier operation of the block created it$/);
    // Passes, for dave.
    const passed = run((fold) => {
      fold.mine(preorder('b.id', dave, fold.fresh()));
      return registration('b.id', dave);
    });
    expect(passed).toMatch(/^accepted; accepted; the owner has 25 names$/);
    // Fails, for dave, sent by another: counts for the other.
    const other = run(() => registration('nothing.id', dave, { from: carol }));
    expect(other).toMatch(/^no preorder.*; several operations.*; several operations.*$/);
  });
});

describe('the end of a name', () => {
  const lives = (epoch: number): { readonly fold: Fold; readonly deadline: number } => {
    const fold = startFold(networkIn(epoch));
    fold.open('id', { lifetime: 20 });
    fold.mineTo(fold.height() + 5);
    fold.register('a.id', alice);
    return { fold, deadline: (rowOf(fold, 'a.id')?.lastRenewed ?? 0) + 20 * (epoch >= 2 ? 2 : 1) + (epoch >= 3 ? 5000 : 0) };
  };
  /** What becomes of an operation mined at a height relative to the deadline. */
  const at = (epoch: number, offset: number, send: (fold: Fold) => Sent): string => {
    const { fold, deadline } = lives(epoch);
    if (offset > 0) fold.mine(preorder('a.id', dave, fold.fresh()));
    fold.mineTo(deadline + offset - 1);
    return fold.verdict(send(fold));
  };

  test.each([1, 2])('without grace: the last renewal, update and transfer come a block behind the deadline, the last revocation at it (epoch %i)', (epoch) => {
    for (const send of [
      () => renewal('a.id', alice),
      (fold: Fold) => update('a.id', alice, fold.fresh()),
      (fold: Fold) => transfer('a.id', alice, dave, fold.fresh()),
    ]) {
      expect(at(epoch, 1, send)).toBe('accepted');
      expect(at(epoch, 2, send)).toMatch(/not registered|no name/);
    }
    expect(at(epoch, 0, () => revoke('a.id', alice))).toBe('accepted');
    expect(at(epoch, 1, () => revoke('a.id', alice))).toMatch(/expired/);
  });

  test('with grace: from its first block to its last only renewals, at its deadline all again', () => {
    const { fold, deadline } = lives(3);
    const sends = [
      () => update('a.id', alice, fold.fresh()),
      () => transfer('a.id', alice, dave, fold.fresh()),
      () => revoke('a.id', alice),
      () => renewal('a.id', alice),
    ];
    const verdictsAt = (height: number): string[] => {
      fold.mineTo(height - 1);
      return sends.map((send) => {
        const verdict = fold.verdict(send());
        undoBlock(fold.state);
        return verdict;
      });
    };
    const all = ['accepted', 'accepted', 'accepted', 'accepted'];
    const renewed = [...new Array<unknown>(3).fill(expect.stringMatching(/grace/)), 'accepted'];
    expect(verdictsAt(deadline - 5001)).toEqual(all);
    expect(verdictsAt(deadline - 5000)).toEqual(renewed);
    expect(verdictsAt(deadline - 1)).toEqual(renewed);
    expect(verdictsAt(deadline)).toEqual(all);
    expect(verdictsAt(deadline + 1)).toEqual(['accepted', 'accepted', expect.stringMatching(/expired/), 'accepted']);
    expect(verdictsAt(deadline + 2)).not.toContain('accepted');
  });

  test('frees it two blocks behind the deadline, revoked or not, and never before', () => {
    const register = (offset: number, revoked: boolean): string => {
      const { fold, deadline } = lives(1);
      if (revoked) fold.verdict(revoke('a.id', alice));
      fold.mineTo(deadline - 3);
      fold.mine(preorder('a.id', dave, fold.fresh()));
      fold.mineTo(deadline + offset - 1);
      return fold.verdict(registration('a.id', dave));
    };
    expect([register(1, false), register(2, false)]).toEqual(['the name is registered', 'accepted']);
    expect([register(1, true), register(2, true)]).toEqual(['the name is revoked', 'accepted']);
  });

  test('comes with its namespace when it was not renewed since that was made ready: at the deadline itself it is gone', () => {
    const fold = startFold(networkIn(1));
    fold.open('id', { lifetime: 20 }, [['a.id', alice]]);
    const deadline = (fold.state.namespaces.get('id')?.readyBlock ?? 0) + 20;
    fold.mineTo(deadline - 1);
    expect(nameAt(fold.state, 'a.id')?.expired).toBe(false);
    fold.mine();
    expect(nameAt(fold.state, 'a.id')?.expired).toBe(true);
  });

  test('moves away when an epoch doubles lifetimes', () => {
    const fold = startFold(
      networkIn(1, {
        epochs: [
          { number: 1, endBlock: 140 },
          { number: 2, endBlock: Infinity },
        ],
      }),
    );
    fold.open('id', { lifetime: 20 });
    fold.register('a.id', alice);
    fold.mineTo(140);
    expect(nameAt(fold.state, 'a.id')?.expired).toBe(true);
    fold.mine();
    expect(nameAt(fold.state, 'a.id')?.expired).toBe(false);
    expect(fold.verdict(update('a.id', alice, fold.fresh()))).toBe('accepted');
  });

  test.each([
    [1, 20],
    [2, 40],
  ])('is also that of preorders: in epoch %i one of %i blocks buys nothing', (epoch, life) => {
    const register = (wait: number): string => {
      const fold = startFold(networkIn(epoch));
      fold.open('id', { lifetime: 20 });
      fold.mine(preorder('a.id', alice, fold.fresh()));
      fold.mineTo(fold.height() + wait - 1);
      return fold.verdict(registration('a.id', alice));
    };
    expect(register(life)).toBe('accepted');
    expect(register(life + 1)).toMatch(/older than a name lives/);
  });
});

describe('who is paid', () => {
  test('in version 2 is the creator up to the last block of the period, then nobody', () => {
    const registered = (offset: number, paidTo: string): string => {
      const fold = startFold(networkIn(3, { receiveFeesPeriod: 12 }));
      fold.open('id', { version: 2 });
      const last = (fold.state.namespaces.get('id')?.revealBlock ?? 0) + 12;
      fold.mine(preorder('a.id', alice, fold.fresh(), { paidTo }));
      fold.mineTo(last + offset - 1);
      return fold.verdict(registration('a.id', alice));
    };
    const burnAddress = '1111111111111111111114oLvT2';
    expect(registered(0, alice.address)).toBe('accepted');
    expect(registered(0, burnAddress)).toMatch(/due to/);
    expect(registered(1, alice.address)).toMatch(/due to/);
    expect(registered(1, burnAddress)).toBe('accepted');
  });

  test('in version 2 takes STACKS only after the creator', () => {
    const fold = startFold(networkIn(4, { ...rich, receiveFeesPeriod: 10 }));
    fold.open('id', { version: 2 });
    fold.mine(preorder('a.id', alice, fold.fresh(), { tokens: tokens(433n) }));
    expect(fold.verdict(registration('a.id', alice))).toMatch(/due to/);
    expect(fold.verdict(preorder('b.id', alice, fold.fresh(), { tokens: tokens(433n), paidTo: alice.address }))).toMatch(/beside a burn/);
    fold.mineTo(fold.height() + 10);
    expect(fold.verdict(registration('a.id', alice))).toBe('accepted');
    expect(fold.verdict(renewal('a.id', alice, alice, { tokens: 433n }))).toBe('accepted');
    expect(fold.verdict(renewal('a.id', alice))).toBe('accepted');
  });

  test('by a renewal in version 2 is the creator too, and never in STACKS', () => {
    const fold = startFold(networkIn(4, { ...rich, receiveFeesPeriod: 1000 }));
    fold.open('id', { version: 2 });
    fold.mine(preorder('a.id', alice, fold.fresh(), { paidTo: alice.address }));
    fold.mine(registration('a.id', alice));
    expect(fold.verdict(renewal('a.id', alice))).toMatch(/due to/);
    expect(fold.verdict(renewal('a.id', alice, alice, { paidTo: alice.address, tokens: 433n }))).toMatch(/STACKS are not taken/);
    expect(fold.verdict(renewal('a.id', alice, alice, { paidTo: alice.address }))).toBe('accepted');
  });

  test('in version 1 by a renewal with STACKS is their price alone, from the owner; its bitcoin is the fee on record', () => {
    const fold = startFold(networkIn(4, rich));
    fold.open('id');
    fold.register('a.id', alice);
    const debit = () => fold.state.accounts.get(alice.address)?.debit;
    const before = debit() ?? 0n;
    expect(fold.verdict(renewal('a.id', alice, alice, { tokens: 432n, satoshi: 1_000_000 }))).toMatch(/price is 433/);
    expect(debit()).toBe(before);
    expect(fold.verdict(renewal('a.id', alice, alice, { tokens: 433n, satoshi: 1 }))).toBe('accepted');
    expect([debit(), rowOf(fold, 'a.id')?.fee]).toEqual([before + 433n, 1]);
    expect(fold.verdict(renewal('a.id', alice, alice, { satoshi: 9 }))).toMatch(/price is 10 satoshi/);
    expect(fold.verdict(renewal('a.id', alice, alice, { satoshi: 10 }))).toBe('accepted');
  });

  test('in STACKS is paid at the preorder, though its registration fails; a balance is spent once in a block', () => {
    const fold = startFold(networkIn(4, { genesisBalances: { [alice.address]: '1000000000000', [carol.address]: '500' } }));
    fold.open('id');
    const fresh = fold.fresh();
    const pay = (name: string): Sent => preorder(name, alice, fresh, { tokens: tokens(433n) });
    expect(statusOf(fold.mine(pay('a.id'), pay('b.id')))).toMatch(/^accepted; .*has 67 micro-STACKS/);
    expect(fold.verdict(registration('a.id', dave))).toMatch(/no preorder/);
    expect(fold.state.accounts.get(carol.address)).toMatchObject({ debit: 433n });
  });

  test('is asked the price of the preorder’s epoch in a registration, of its own in a renewal', () => {
    const fold = startFold(
      networkIn(2, {
        epochs: [
          { number: 2, endBlock: 110 },
          { number: 3, endBlock: Infinity },
        ],
      }),
    );
    fold.open('id', { coeff: 100 });
    fold.mine(preorder('a.id', alice, fold.fresh(), { satoshi: 999 }), preorder('b.id', alice, fold.fresh(), { satoshi: 1000 }));
    fold.mineTo(110);
    expect(fold.verdict(registration('a.id', alice))).toMatch(/price is 10000/);
    fold.mine(preorder('c.id', alice, fold.fresh(), { satoshi: 1000 }));
    expect(fold.verdict(registration('c.id', alice))).toBe('accepted');
    expect(fold.verdict(renewal('c.id', alice, alice, { satoshi: 999 }))).toMatch(/price is 1000/);
    expect(fold.verdict(renewal('c.id', alice, alice, { satoshi: 1000 }))).toBe('accepted');
  });
});

describe('a namespace', () => {
  test('preordered with bitcoin and revealed from epoch 4 on may have paid anything', () => {
    const network = networkIn(3, {
      epochs: [
        { number: 3, endBlock: 104 },
        { number: 4, endBlock: Infinity },
      ],
    });
    const paying = (height: number): string => {
      const fold = startFold(network);
      fold.mine();
      const sent = namespacePreorder(preorderHash('id', alice.script, bob.address), fold.fresh());
      expect(
        fold.verdict({
          ...sent,
          outputs: [
            [alice.address, 1],
            ['1111111111111111111114oLvT2', 1],
          ],
        }),
      ).toBe('accepted');
      fold.mineTo(height - 1);
      return fold.verdict(reveal('id'));
    };
    expect(paying(104)).toMatch(/too little/);
    expect(paying(105)).toBe('accepted');
  });

  test('that is not made ready within a year may be revealed anew, by another', () => {
    const fold = startFold();
    fold.mine(namespacePreorder(preorderHash('id', alice.script, bob.address), fold.fresh()));
    fold.mine(reveal('id'));
    const first = fold.height();
    // Nothing hangs on the empty blocks between.
    fold.state.tables.table<string, number>('height').set('last', first + 52595 - 6);
    fold.mine();
    fold.mine({ ...namespacePreorder(preorderHash('id', carol.script, bob.address), fold.fresh()), from: carol });
    fold.mineTo(first + 52595 - 1);
    expect(fold.verdict(reveal('id', {}, carol))).toMatch(/revealed/);
    expect(fold.verdict(reveal('id', {}, carol))).toBe('accepted');
    expect(fold.state.namespaces.get('id')?.blockNumber).toBe(first - 1);
  });

  test('takes imports and is made ready from the block behind its reveal on', () => {
    const fold = startFold();
    fold.mine(namespacePreorder(preorderHash('id', alice.script, bob.address), fold.fresh()));
    expect(statusOf(fold.mine(reveal('id'), nameImport('a.id', dave), ready('id')))).toMatch(/^accepted; .*not open.*; .*not revealed/);
    expect(statusOf(fold.mine(nameImport('a.id', dave), ready('id'), nameImport('b.id', dave)))).toMatch(/^accepted; accepted; .*not open/);
  });
});

describe('an import', () => {
  const opened = (): Fold => {
    const fold = startFold();
    fold.mine(namespacePreorder(preorderHash('id', alice.script, bob.address), fold.fresh()));
    fold.mine(reveal('id', { coeff: 250, base: 4, buckets: [3, ...new Array<number>(15).fill(0)] }));
    return fold;
  };
  const child = (index: number): Person => {
    const key = importKey(parsePublicKey(bob.key ?? ''), index);
    const address = addressOf(key);
    return { address, script: scriptOfAddress(address), key: toHex(key) };
  };

  test('comes from the reveal address first, then from any of its 300 children and no 301st', () => {
    const fold = opened();
    expect(fold.verdict(nameImport('a.id', dave, child(0)))).toMatch(/first import/);
    expect(fold.verdict(nameImport('a.id', dave))).toBe('accepted');
    expect(fold.verdict(nameImport('b.id', dave, child(0)))).toBe('accepted');
    expect(fold.verdict(nameImport('c.id', dave, child(299)))).toBe('accepted');
    expect(fold.verdict(nameImport('e.id', dave, child(300)))).toMatch(/not of the import keychain/);
  });

  test('once more keeps preorder hash and dates, in one block as well, and the last wins', () => {
    const fold = opened();
    expect(statusOf(fold.mine(nameImport('a.id', dave), nameImport('a.id', erin)))).toBe('accepted; accepted');
    const first = rowOf(fold, 'a.id');
    expect(first?.ownerAddress).toBe(erin.address);
    fold.mine();
    expect(fold.verdict(nameImport('a.id', carol, child(7)))).toBe('accepted');
    const { blockNumber, preorderHash: hash, firstRegistered, lastRenewed, preorderHeight } = first ?? {};
    expect(rowOf(fold, 'a.id')).toMatchObject({ ownerAddress: carol.address, blockNumber, preorderHash: hash, firstRegistered, lastRenewed, preorderHeight });
    expect(hash).toBe(preorderHash('a.id', bob.script, dave.address));
  });

  test('leaves its fee a float in every later operation, until the name is registered again', () => {
    const fold = startFold(networkIn(1));
    fold.open('id', { lifetime: 40, coeff: 100 }, [['a.id', dave]]);
    const feeIn = ({ serialized }: BlockResult): string | undefined => /,\d+:([0-9.e+]+),(?:0:,0:|34:|50:)/.exec(serialized[0] ?? '')?.[1];
    expect(operationsAt(fold.state, fold.height() - 1)[0]?.op_fee).toBe(10_000);
    const fees = [
      fold.mine(update('a.id', dave, fold.fresh())),
      fold.mine(transfer('a.id', dave, erin, fold.fresh())),
      fold.mine(renewal('a.id', erin, erin, { satoshi: 12_345 })),
      fold.mine(revoke('a.id', erin)),
    ].map(({ serialized }) => /,\d+:(\d+(?:\.0)?),50:/.exec(serialized[0] ?? '')?.[1]);
    expect(fees).toEqual(['10000.0', '10000.0', '12345.0', '12345.0']);
    fold.mineTo((rowOf(fold, 'a.id')?.lastRenewed ?? 0) + 41);
    fold.mine(preorder('a.id', alice, fold.fresh(), { satoshi: 10_000 }));
    expect(feeIn(fold.mine(registration('a.id', alice)))).toBe('10000');
  });
});

describe('an owner of several keys', () => {
  test('may hold names in epoch 1 that were imported or transferred to it, and not transfer them', () => {
    const shared = scriptPerson('shared');
    const fold = startFold(networkIn(1));
    fold.open('id', {}, [['a.id', shared]]);
    expect(fold.verdict(transfer('a.id', shared, dave, fold.fresh()))).toMatch(/from epoch 2 on/);
    expect(fold.verdict(update('a.id', shared, fold.fresh()))).toBe('accepted');
    fold.register('b.id', alice);
    expect(fold.verdict(transfer('b.id', alice, shared, fold.fresh()))).toBe('accepted');
    expect(fold.verdict(renewal('b.id', shared))).toBe('accepted');
    expect(fold.verdict(revoke('b.id', shared))).toBe('accepted');
  });
});

describe('a transfer', () => {
  const committed = ({ operations }: BlockResult): unknown => operations[0]?.['consensus_hash'];

  test('commits to the consensus hash of the last update, across renewals and transfers, since the name was registered', () => {
    const fold = startFold();
    fold.open('id');
    fold.register('a.id', alice);
    const own = fold.fresh();
    expect(committed(fold.mine(transfer('a.id', alice, dave, own)))).toBe(own);
    const updated = fold.fresh();
    fold.mine(update('a.id', dave, updated));
    fold.mine(renewal('a.id', dave));
    expect(committed(fold.mine(transfer('a.id', dave, erin, fold.fresh())))).toBe(updated);
    expect(committed(fold.mine(transfer('a.id', erin, alice, fold.fresh())))).toBe(updated);
  });

  test('of a name registered anew forgets the updates before', () => {
    const fold = startFold(networkIn(1));
    fold.open('id', { lifetime: 20 });
    fold.register('a.id', alice);
    fold.mine(update('a.id', alice, fold.fresh()));
    fold.mineTo((rowOf(fold, 'a.id')?.lastRenewed ?? 0) + 21);
    fold.register('a.id', dave);
    const own = fold.fresh();
    expect(committed(fold.mine(transfer('a.id', dave, alice, own)))).toBe(own);
  });
});

describe('of one block', () => {
  test('a preorder buys once: the second with its hash is refused, and so is the second registration', () => {
    const fold = startFold();
    fold.open('id');
    const fresh = fold.fresh();
    expect(statusOf(fold.mine(preorder('a.id', alice, fresh), preorder('a.id', alice, fresh)))).toMatch(/^accepted; .*preordered already/);
    expect(statusOf(fold.mine(registration('a.id', alice), registration('a.id', alice)))).toMatch(/several operations.*; .*several operations/);
  });

  test('a registration whose preorder stands in it does not collide: the first in order has the name', () => {
    const fold = startFold();
    fold.open('id');
    const fresh = fold.fresh();
    const block = [
      preorder('a.id', alice, fresh),
      preorder('a.id', dave, fresh, { from: erin }),
      registration('a.id', dave, { from: erin }),
      registration('a.id', alice),
    ];
    expect(statusOf(fold.mine(...block))).toBe('accepted; accepted; accepted; an earlier operation of the block created it');
    expect(rowOf(fold, 'a.id')?.ownerAddress).toBe(dave.address);
    expect(fold.verdict(registration('a.id', alice))).toMatch(/is registered/);
  });

  test('a revocation, a renewal and an update of one name are taken in order', () => {
    const fold = startFold();
    fold.open('id');
    fold.register('a.id', alice);
    const fresh = fold.fresh();
    expect(statusOf(fold.mine(renewal('a.id', alice, dave), revoke('a.id', alice), revoke('a.id', dave), update('a.id', dave, fresh)))).toMatch(
      /^accepted; .*does not own.*; accepted; .*no name/,
    );
  });
});

describe('a token transfer', () => {
  test('may leave its consensus hash zero from epoch 5 on, and is none before epoch 4', () => {
    const send = (epoch: number, consensusHash?: string): string => {
      const fold = startFold(networkIn(epoch, rich));
      fold.mine();
      const operation = { opcode: 'TOKEN_TRANSFER' as const, consensusHash: consensusHash ?? fold.fresh(), units: 'STACKS', amount: 1n, scratch: '' };
      return fold.verdict({ from: carol, operation, outputs: [[dave.address, 1]] });
    };
    const zero = '00'.repeat(16);
    expect([send(4), send(5), send(5, zero), send(6, zero)]).toEqual(['accepted', 'accepted', 'accepted', 'accepted']);
    expect(send(4, zero)).toMatch(/last 24/);
    expect(send(3)).toBe('ignored');
  });
});

describe('a renewal', () => {
  test('that pays STACKS without a zone file stores the zeros it must carry', () => {
    const fold = startFold(networkIn(4, rich));
    fold.open('id');
    fold.register('a.id', alice);
    fold.mine(update('a.id', alice, fold.fresh()));
    const zero = '00'.repeat(20);
    expect(fold.verdict(renewal('a.id', alice, alice, { tokens: 433n, valueHash: zero }))).toBe('accepted');
    expect(rowOf(fold, 'a.id')?.valueHash).toBe(zero);
    expect(fold.verdict(renewal('a.id', alice))).toBe('accepted');
    expect(rowOf(fold, 'a.id')?.valueHash).toBe(zero);
  });
});
