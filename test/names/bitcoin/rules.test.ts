import { describe, expect, test } from 'vitest';
import { preorderHash } from '../../../src/names/bitcoin/commitment.js';
import { applyBlock, createState, historyOf, nameAt, namesOf, undoBlock } from '../../../src/names/bitcoin/rules.js';
import { toHex } from '../../../src/lib/bytes.js';
import type { Output } from '../../../src/names/bitcoin/transaction.js';
import {
  alice,
  bob,
  candidateOf,
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
} from './fold.js';

const dave = person('dave');
const ownerOf = (fold: Fold, name: string): string | undefined => nameAt(fold.state, name)?.row.ownerAddress;

/** A fold with namespace `id` open and `a.id` registered to alice. */
function withName(epoch = 3, edit: Partial<typeof terms> = {}): Fold {
  const fold = startFold(networkIn(epoch, { genesisBalances: { [alice.address]: '1000000000000' } }));
  fold.open('id', edit);
  expect(fold.register('a.id', alice)).toBe('accepted');
  return fold;
}

describe('a namespace', () => {
  const hash = preorderHash('id', alice.script, bob.address);
  const reveal = (from = alice, edit: Partial<typeof terms> = {}) => ({
    from,
    operation: { opcode: 'NAMESPACE_REVEAL' as const, namespace: 'id', ...terms, ...edit },
    outputs: [
      [bob.address, 5500],
      [from.address, 1],
    ] as const,
  });

  test('is preordered with a fresh consensus hash, once, and burns', () => {
    const fold = startFold();
    expect(fold.verdict(namespacePreorder(hash, 'ff'.repeat(16)))).toMatch(/not one of the last 24/);
    expect(
      fold.verdict({
        ...namespacePreorder(hash, fold.fresh()),
        outputs: [
          [alice.address, 1],
          [alice.address, 1],
        ],
      }),
    ).toMatch(/not burned/);
    expect(fold.verdict(namespacePreorder(hash, fold.fresh()))).toBe('accepted');
    expect(fold.verdict(namespacePreorder(hash, fold.fresh()))).toMatch(/preordered already/);
  });

  test('is revealed by who preordered it, for its price, in a version of the epoch, once', () => {
    const fold = startFold();
    expect(fold.verdict(reveal())).toMatch(/no preorder/);
    const cheap = namespacePreorder(hash, fold.fresh());
    expect(
      fold.verdict({
        ...cheap,
        outputs: [
          [alice.address, 1],
          ['1111111111111111111114oLvT2', 399_999_999],
        ],
      }),
    ).toBe('accepted');
    expect(fold.verdict(reveal())).toMatch(/too little/);
    const rich = startFold();
    rich.mine(namespacePreorder(hash, rich.fresh()));
    expect(rich.verdict(reveal(bob))).toMatch(/no preorder of this sender/);
    expect(rich.verdict(reveal(alice, { version: 3 }))).toMatch(/not of this epoch/);
    expect(rich.verdict(reveal())).toBe('accepted');
    expect(rich.verdict(reveal())).toMatch(/revealed or ready already/);
  });

  test('is made ready by its reveal address alone, a block after the reveal', () => {
    const fold = startFold();
    const ready = (from = bob) => ({ from, operation: { opcode: 'NAMESPACE_READY' as const, namespace: 'id' }, outputs: [] });
    expect(fold.verdict(ready())).toMatch(/not revealed/);
    fold.mine(namespacePreorder(hash, fold.fresh()));
    expect(statusOf(fold.mine(reveal(), ready()))).toMatch(/^accepted; .*not revealed/);
    expect(fold.verdict(ready(alice))).toMatch(/not the reveal address/);
    expect(fold.verdict(ready())).toBe('accepted');
    expect(fold.verdict(ready())).toMatch(/ready already/);
  });

  test('two reveals of one block undo each other', () => {
    const fold = startFold();
    fold.mine(namespacePreorder(hash, fold.fresh()));
    const other = preorderHash('id', carol.script, bob.address);
    fold.mine({ ...namespacePreorder(other, fold.fresh()), from: carol });
    expect(statusOf(fold.mine(reveal(), reveal(carol)))).toMatch(/several operations.*; several operations/);
    expect(fold.verdict(reveal(carol))).toBe('accepted');
  });

  test('takes imports from the reveal address and its 300 children until it is ready', () => {
    const fold = startFold();
    fold.mine(namespacePreorder(hash, fold.fresh()));
    fold.mine(reveal());
    expect(fold.verdict(nameImport('a.id', dave, carol))).toMatch(/first import comes from the reveal address/);
    expect(fold.verdict(nameImport('a.id', dave))).toBe('accepted');
    expect(fold.verdict(nameImport('a.id', alice))).toBe('accepted');
    expect(ownerOf(fold, 'a.id')).toBe(alice.address);
    expect(fold.verdict(nameImport('b.id', dave, carol))).toMatch(/not of the import keychain/);
    expect(fold.verdict(update('a.id', alice, fold.fresh()))).toMatch(/namespace is not ready/);
    fold.mine({ from: bob, operation: { opcode: 'NAMESPACE_READY', namespace: 'id' }, outputs: [] });
    expect(fold.verdict(nameImport('b.id', dave))).toMatch(/not open for imports/);
    expect(fold.verdict(update('a.id', alice, fold.fresh()))).toBe('accepted');
  });
});

describe('a name', () => {
  test('is registered by who preordered it, to the owner the preorder hides', () => {
    const fold = startFold();
    fold.open('id');
    expect(fold.verdict(registration('a.id', alice))).toMatch(/no preorder/);
    fold.mine(preorder('a.id', alice, fold.fresh()));
    expect(fold.verdict(registration('a.id', alice, { from: dave }))).toMatch(/no preorder/);
    expect(fold.verdict(registration('a.id', dave))).toMatch(/no preorder/);
    expect(fold.verdict(registration('a.id', alice, { valueHash: 'ab'.repeat(20) }))).toBe('accepted');
    expect(nameAt(fold.state, 'a.id')?.row).toMatchObject({ ownerAddress: alice.address, valueHash: 'ab'.repeat(20) });
    expect(historyOf(fold.state, 'a.id').map(({ record }) => record.opcode)).toEqual(['NAME_PREORDER', 'NAME_REGISTRATION']);
  });

  test('is registered in a namespace that is ready, with a preorder no older than it', () => {
    const fold = startFold();
    fold.mine(preorder('a.id', alice, fold.fresh()));
    expect(fold.verdict(registration('a.id', alice))).toMatch(/namespace is not ready/);
    fold.open('id');
    expect(fold.verdict(registration('a.id', alice))).toMatch(/older than the namespace/);
  });

  test('costs its price, burned', () => {
    const fold = startFold();
    fold.open('id', { coeff: 200 });
    expect(fold.register('a.id', alice, carol, 1999)).toMatch(/price is 2000 satoshi and 1999/);
    expect(fold.register('b.id', alice, carol, 2000)).toBe('accepted');
    fold.mine(preorder('c.id', alice, fold.fresh(), { satoshi: 2000, paidTo: dave.address }));
    expect(fold.verdict(registration('c.id', alice))).toMatch(/due to 1111/);
  });

  test('of a namespace of version 2 pays the creator for a year', () => {
    const fold = startFold(networkIn(3, { receiveFeesPeriod: 10 }));
    fold.open('id', { version: 2 });
    expect(fold.register('a.id', alice)).toMatch(new RegExp(`due to ${alice.address}`));
    fold.mine(preorder('b.id', alice, fold.fresh(), { paidTo: alice.address }));
    expect(fold.verdict(registration('b.id', alice))).toBe('accepted');
    fold.mineTo(fold.height() + 10);
    expect(fold.register('c.id', alice)).toBe('accepted');
  });

  test('that lives is not registered again', () => {
    const fold = withName();
    fold.mine(preorder('a.id', dave, fold.fresh()));
    expect(fold.verdict(registration('a.id', dave))).toMatch(/name is registered/);
    expect(fold.verdict(revoke('a.id', alice))).toBe('accepted');
    expect(fold.verdict(registration('a.id', dave))).toMatch(/name is revoked/);
  });

  test('of one block belongs to nobody when two could have it', () => {
    const fold = startFold();
    fold.open('id');
    fold.mine(preorder('a.id', alice, fold.fresh()), preorder('a.id', bob, fold.fresh(), { from: dave }));
    expect(statusOf(fold.mine(registration('a.id', alice), registration('a.id', bob, { from: dave })))).toMatch(/several operations.*; several operations/);
    expect(fold.verdict(registration('a.id', bob, { from: dave }))).toBe('accepted');
  });

  test('may be registered in the block of its preorder, behind it', () => {
    const fold = startFold();
    fold.open('id');
    expect(statusOf(fold.mine(preorder('a.id', alice, fold.fresh()), registration('a.id', alice)))).toBe('accepted; accepted');
    expect(statusOf(fold.mine(registration('b.id', alice), preorder('b.id', alice, fold.fresh())))).toMatch(/^no preorder.*; accepted$/);
  });

  test('is one of at most 25 of its owner', () => {
    const fold = startFold();
    fold.open('id');
    const names = Array.from({ length: 25 }, (_, i) => `n${i}.id`);
    expect(names.every((name) => fold.register(name, alice) === 'accepted')).toBe(true);
    expect(namesOf(fold.state, toHex(alice.script))).toHaveLength(25);
    expect(fold.register('more.id', alice)).toMatch(/25 names/);
    expect(fold.verdict(renewal('n0.id', alice))).toMatch(/25 names/);
    expect(fold.verdict(preorder('x.id', dave, fold.fresh(), { from: alice }))).toMatch(/25 names/);
    expect(fold.register('b.id', bob)).toBe('accepted');
    expect(fold.verdict(transfer('b.id', bob, alice, fold.fresh()))).toMatch(/25 names/);
    expect(fold.verdict(update('n0.id', alice, fold.fresh()))).toBe('accepted');
    expect(fold.verdict(revoke('n0.id', alice))).toBe('accepted');
    expect(fold.verdict(transfer('b.id', bob, alice, fold.fresh()))).toBe('accepted');
  });

  test('is preordered with one of the last 24 consensus hashes', () => {
    const fold = startFold();
    fold.open('id');
    fold.mineTo(150);
    expect(fold.verdict(preorder('a.id', alice, fold.fresh(23)))).toBe('accepted');
    expect(fold.verdict(preorder('b.id', alice, fold.fresh(24)))).toMatch(/not one of the last 24/);
    expect(fold.verdict(preorder('a.id', alice, fold.fresh()))).toMatch(/preordered already/);
  });
});

describe('an owner', () => {
  test('updates, transfers and revokes, and nobody else does', () => {
    const fold = withName();
    for (const sent of [update('a.id', dave, fold.fresh()), transfer('a.id', dave, bob, fold.fresh()), revoke('a.id', dave), renewal('a.id', dave)]) {
      expect(fold.verdict(sent)).toMatch(/own|no name of the sender/);
    }
    expect(fold.verdict(update('a.id', alice, fold.fresh()))).toBe('accepted');
    expect(fold.verdict(transfer('a.id', alice, dave, fold.fresh()))).toBe('accepted');
    expect(nameAt(fold.state, 'a.id')?.row).toMatchObject({ ownerAddress: dave.address, valueHash: 'ab'.repeat(20) });
    expect(fold.verdict(update('a.id', alice, fold.fresh()))).toMatch(/no name of the sender/);
    expect(fold.verdict(transfer('a.id', dave, alice, fold.fresh(), false))).toBe('accepted');
    expect(nameAt(fold.state, 'a.id')?.row.valueHash).toBeNull();
    expect(fold.verdict(revoke('a.id', alice))).toBe('accepted');
    expect(fold.verdict(update('a.id', alice, fold.fresh()))).toMatch(/no name of the sender/);
    expect(fold.verdict(revoke('a.id', alice))).toMatch(/revoked/);
  });

  test('updates under one of the last 24 consensus hashes', () => {
    const fold = withName();
    fold.mineTo(150);
    expect(fold.verdict(update('a.id', alice, fold.fresh(24)))).toMatch(/no name of the sender/);
    expect(fold.verdict(update('a.id', alice, fold.fresh(23)))).toBe('accepted');
    expect(fold.verdict(transfer('a.id', alice, dave, fold.fresh(24)))).toMatch(/not one of the last 24/);
  });

  test('transfers to another, of a name that exists', () => {
    const fold = withName();
    expect(fold.verdict(transfer('a.id', alice, alice, fold.fresh()))).toMatch(/recipient is the sender/);
    expect(fold.verdict(transfer('b.id', alice, dave, fold.fresh()))).toMatch(/no name has this hash/);
  });

  test('hands a name on within one block, in block order', () => {
    const fold = withName();
    const [fresh, hash] = [fold.fresh(), 'cd'.repeat(20)];
    expect(statusOf(fold.mine(transfer('a.id', alice, dave, fresh), update('a.id', dave, fresh, hash), transfer('a.id', dave, bob, fresh)))).toBe(
      'accepted; accepted; accepted',
    );
    expect(nameAt(fold.state, 'a.id')?.row).toMatchObject({ ownerAddress: bob.address, valueHash: hash });
  });

  test('renews to itself, and to another with a new zone file from epoch 3 on', () => {
    const early = withName(2);
    expect(early.verdict(renewal('a.id', alice, dave))).toMatch(/comes with epoch 3/);
    expect(early.verdict(renewal('a.id', alice, alice, { satoshi: 99 }))).toMatch(/price is 100/);
    expect(early.verdict(renewal('a.id', alice))).toBe('accepted');
    const late = withName(4);
    expect(late.verdict(renewal('a.id', alice, dave, { valueHash: 'ef'.repeat(20) }))).toBe('accepted');
    expect(nameAt(late.state, 'a.id')?.row).toMatchObject({ ownerAddress: dave.address, valueHash: 'ef'.repeat(20), lastRenewed: late.height() });
  });

  test('with several keys registers and transfers from epoch 2 on', () => {
    const shared = scriptPerson('shared');
    const early = startFold(networkIn(1));
    early.open('id');
    expect(early.register('a.id', shared)).toMatch(/come with epoch 2/);
    const late = startFold(networkIn(2));
    late.open('id');
    expect(late.register('a.id', shared)).toBe('accepted');
    expect(late.verdict(transfer('a.id', shared, dave, late.fresh()))).toBe('accepted');
  });
});

describe('time', () => {
  test('ends a name after its lifetime and grace, in which it can only be renewed', () => {
    const fold = withName(3, { lifetime: 20 });
    const { expireBlock, renewalDeadline } = nameAt(fold.state, 'a.id') ?? {};
    expect(renewalDeadline).toBe((expireBlock ?? 0) + 5000);
    fold.mineTo((expireBlock ?? 0) - 1);
    expect(nameAt(fold.state, 'a.id')).toMatchObject({ inGrace: false, expired: false });
    const fresh = fold.fresh();
    expect(fold.verdict(update('a.id', alice, fresh))).toMatch(/grace/);
    expect(fold.verdict(transfer('a.id', alice, dave, fresh))).toMatch(/grace/);
    expect(fold.verdict(revoke('a.id', alice))).toMatch(/grace/);
    expect(nameAt(fold.state, 'a.id')).toMatchObject({ inGrace: true, expired: false });
    expect(fold.verdict(renewal('a.id', alice))).toBe('accepted');
    expect(fold.verdict(update('a.id', alice, fold.fresh()))).toBe('accepted');
  });

  test('frees an expired name for another, who starts its history anew at its first preorder', () => {
    const fold = withName(1, { lifetime: 20 });
    const first = nameAt(fold.state, 'a.id')?.row;
    fold.mineTo((first?.lastRenewed ?? 0) + 21);
    expect(nameAt(fold.state, 'a.id')?.expired).toBe(true);
    expect(fold.verdict(renewal('a.id', alice))).toMatch(/not registered/);
    expect(fold.register('a.id', dave)).toBe('accepted');
    expect(nameAt(fold.state, 'a.id')?.row).toMatchObject({ ownerAddress: dave.address, blockNumber: first?.blockNumber, firstRegistered: fold.height() });
  });

  test('makes a preorder too old after 144 blocks from epoch 4 on', () => {
    const registered = (epoch: number, wait: number): string => {
      const fold = startFold(networkIn(epoch, { genesisBalances: { [alice.address]: '1000000000000' } }));
      fold.open('id');
      fold.mine(preorder('a.id', alice, fold.fresh()));
      fold.mineTo(fold.height() + wait - 1);
      return fold.verdict(registration('a.id', alice));
    };
    expect(registered(4, 144)).toBe('accepted');
    expect(registered(4, 145)).toMatch(/older than 144/);
    expect(registered(3, 145)).toBe('accepted');
  });
});

describe('STACKS', () => {
  const tokens = (amount: bigint, units = 'STACKS') => ({ amount, units });
  const funded = (version: number) => {
    const fold = startFold(networkIn(5, { genesisBalances: { [alice.address]: '1000000000000', [carol.address]: '10000' } }));
    fold.open('id', { version });
    return fold;
  };

  test('buy a name at 650 micro-STACKS for 15 satoshi, and are spent when the preorder is accepted', () => {
    const fold = funded(1);
    expect(fold.verdict(preorder('a.id', alice, fold.fresh(), { tokens: tokens(432n) }))).toBe('accepted');
    expect(fold.verdict(registration('a.id', alice))).toMatch(/price is 433 micro-STACKS and 432/);
    expect(fold.verdict(preorder('b.id', alice, fold.fresh(), { tokens: tokens(433n) }))).toBe('accepted');
    expect(fold.verdict(registration('b.id', alice))).toBe('accepted');
    expect(fold.state.accounts.get(carol.address)).toMatchObject({ credit: 10000n, debit: 865n });
  });

  test('are the one currency of a namespace of version 3', () => {
    const fold = funded(3);
    fold.mine(preorder('a.id', alice, fold.fresh(), { satoshi: 1_000_000 }));
    expect(fold.verdict(registration('a.id', alice))).toMatch(/STACKS only/);
    fold.mine(preorder('b.id', alice, fold.fresh(), { tokens: tokens(1733n) }));
    expect(fold.verdict(registration('b.id', alice))).toBe('accepted');
    expect(fold.verdict(renewal('b.id', alice, alice, { tokens: 1733n }))).toBe('accepted');
    expect(fold.verdict(renewal('b.id', alice, alice, { tokens: 1732n }))).toMatch(/price is 1733/);
  });

  test.each([
    ['from an address without an account', { from: dave, tokens: tokens(1n) }, /no STACKS account/],
    ['beyond the balance', { tokens: tokens(10001n) }, /has 10000 micro-STACKS and 10001/],
    ['of another token', { tokens: tokens(1n, 'OTHER') }, /not STACKS/],
    ['beside a payment to somebody', { tokens: tokens(1n), paidTo: dave.address }, /beside a burn/],
  ])('%s pay for nothing', (_, options, refusal) => {
    const fold = funded(1);
    expect(fold.verdict(preorder('a.id', alice, fold.fresh(), options))).toMatch(refusal);
  });

  test('move to another with enough balance and a fresh consensus hash, or none from epoch 5 on', () => {
    const fold = funded(1);
    const send = (amount: bigint, consensusHash = fold.fresh(), to = dave, from = carol, units = 'STACKS') =>
      fold.verdict({ from, operation: { opcode: 'TOKEN_TRANSFER', consensusHash, units, amount, scratch: '' }, outputs: [[to.address, 5500]] });
    expect(send(0n)).toMatch(/nothing is sent/);
    expect(send(1n, fold.fresh(), carol)).toMatch(/recipient is the sender/);
    expect(send(1n, 'ff'.repeat(16))).toMatch(/last 24/);
    expect(send(10001n)).toMatch(/needed/);
    expect(send(1n, fold.fresh(), carol, dave)).toMatch(/no STACKS account/);
    expect(send(1n, fold.fresh(), dave, carol, 'OTHER')).toMatch(/not STACKS/);
    expect(send(7n)).toBe('accepted');
    expect(send(3n, '00'.repeat(16))).toBe('accepted');
    expect(fold.state.accounts.get(dave.address)).toMatchObject({ credit: 10n, debit: 0n });
    expect(send(10n, fold.fresh(), carol, dave)).toBe('accepted');
  });
});

describe('accounts of a genesis', () => {
  const send = (fold: Fold, amount: bigint, to: typeof alice, from = carol) =>
    fold.verdict({
      from,
      operation: { opcode: 'TOKEN_TRANSFER', consensusHash: fold.fresh(), units: 'STACKS', amount, scratch: '' },
      outputs: [[to.address, 1]],
    });

  test('that are locked transfer nothing before their height, and pay for names all the same', () => {
    const fold = startFold(networkIn(5, { genesisBalances: { [carol.address]: { amount: '1000', lockedUntil: 105 }, [alice.address]: '1000000000000' } }));
    fold.mineTo(102);
    expect(fold.verdict(preorder('a.id', alice, fold.fresh(), { tokens: { amount: 433n, units: 'STACKS' } }))).toBe('accepted');
    expect(send(fold, 1n, dave)).toBe('the account is locked');
    expect(send(fold, 1n, dave)).toBe('accepted');
    expect(fold.height()).toBe(105);
  });

  test('that take nothing are sent nothing, and may send', () => {
    const genesisBalances = { [carol.address]: '10', [dave.address]: { amount: '10', lockedUntil: 0, receives: false } };
    const fold = startFold(networkIn(5, { genesisBalances }));
    expect(send(fold, 1n, dave)).toBe('the recipient takes no tokens');
    expect(send(fold, 1n, carol, dave)).toBe('accepted');
  });

  test('whose tokens come free at a height can spend them in its block, not before, and an undone block takes them back', () => {
    const fold = startFold(networkIn(5, { vesting: { 103: { [carol.address]: '7' } } }));
    fold.mineTo(101);
    expect(send(fold, 7n, dave)).toMatch(/no STACKS account/);
    expect(send(fold, 7n, dave)).toBe('accepted');
    undoBlock(fold.state);
    expect(fold.state.accounts.get(carol.address)).toBeUndefined();
  });

  test('that are not all known are named as an assumption from epoch 4 on', () => {
    const assumed = (epoch: number, genesisKnown?: boolean) =>
      startFold(networkIn(epoch, genesisKnown === undefined ? {} : { genesisKnown })).mine().assumptions;
    expect([assumed(3, false), assumed(4, false), assumed(4, true), assumed(6)]).toEqual([[], ['genesis'], [], []]);
  });
});

describe('an announcement', () => {
  const announcement = (from: typeof alice) => ({ from, operation: { opcode: 'ANNOUNCE' as const, messageHash: 'ab'.repeat(20) }, outputs: [] });

  test('is accepted from who owns a name that is listened to, and enters no consensus hash', () => {
    const hashes = [[], ['a.id']].map((announcers) => {
      const network = networkIn(3);
      const state = createState(network, { announcers });
      const fold = startFold(network, state);
      fold.open('id');
      fold.register('a.id', alice);
      const verdicts = [
        fold.verdict(announcement(alice)),
        fold.verdict(announcement(bob)),
        fold.verdict(revoke('a.id', alice)),
        fold.verdict(announcement(alice)),
      ];
      const none = 'the sender owns none of the names this node listens to';
      expect(verdicts).toEqual([announcers.length > 0 ? 'accepted' : none, none, 'accepted', none]);
      return fold.fresh();
    });
    expect(hashes[0]).toBe(hashes[1]);
  });
});

describe('the fold', () => {
  test('takes blocks one after the other, from the first', () => {
    const state = createState(networkIn(3));
    expect(() => applyBlock(state, { height: 101, transactions: [] })).toThrow(TypeError);
    applyBlock(state, { height: 100, transactions: [] });
    expect(() => applyBlock(state, { height: 100, transactions: [] })).toThrow(TypeError);
  });

  test('ignores what has an input of another form than p2pkh or p2sh, or whose previous outputs are unknown', () => {
    const fold = startFold();
    const native = { ...alice, script: new Uint8Array(22).fill(1).fill(0, 0, 1).fill(20, 1, 2) };
    expect(fold.verdict({ ...namespacePreorder('ab'.repeat(20), fold.fresh()), from: native })).toBe('ignored');
  });

  test('ignores what has one input of another form among good ones', () => {
    const fold = startFold();
    const good = candidateOf(namespacePreorder('ab'.repeat(20), fold.fresh()), 1, 0, fold.state.network);
    const twice = { ...good.transaction, inputs: [...good.transaction.inputs, ...good.transaction.inputs] };
    const [own] = good.previous;
    const verdictsOf = (other: Output | null | undefined) => {
      const state = createState(fold.state.network);
      return applyBlock(state, { height: 100, transactions: [{ ...good, transaction: twice, previous: [own ?? null, other ?? null] }] }).verdicts.length;
    };
    expect(verdictsOf(own)).toBe(1);
    expect(verdictsOf({ value: 1n, script: Uint8Array.of(0x51) })).toBe(0);
    expect(verdictsOf(null)).toBe(0);
  });

  test('takes the sender key from an input only when it hashes to the sender', () => {
    const fold = startFold();
    const stranger = { ...alice, key: dave.key };
    const keyOf = (from: typeof alice) =>
      fold.mine({
        ...namespacePreorder(
          toHex(from.script)
            .slice(6, 40)
            .padEnd(40, from === alice ? '0' : '1'),
          fold.fresh(),
        ),
        from,
      }).operations[0]?.['sender_pubkey'];
    expect(keyOf(alice)).toBe(alice.key);
    expect(keyOf(stranger)).toBeNull();
  });

  test('ignores a preorder that has not three outputs', () => {
    const fold = startFold();
    const sent = preorder('a.id', alice, fold.fresh());
    expect(fold.verdict({ ...sent, outputs: sent.outputs.slice(0, 1) })).toBe('ignored');
    expect(fold.verdict({ ...sent, outputs: [...sent.outputs, [alice.address, 1]] })).toBe('ignored');
  });

  test('knows announcements and lets none into consensus', () => {
    const fold = startFold();
    expect(fold.verdict({ from: alice, operation: { opcode: 'ANNOUNCE', messageHash: 'ab'.repeat(20) }, outputs: [] })).toMatch(/names this node listens to/);
  });
});
