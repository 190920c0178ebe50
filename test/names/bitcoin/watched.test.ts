import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { toHex } from '../../../src/lib/bytes.js';
import { applyBlock, createState, watchedScripts, watchedSet, type Candidate, type State } from '../../../src/names/bitcoin/rules.js';
import { BURN_ADDRESS } from '../../../src/names/bitcoin/price.js';
import { scriptOfAddress } from '../../../src/names/bitcoin/script.js';
import { candidatesOf, networkOf, type ChainFile } from '../../suites/bnsChain.js';
import { alice, bob, burn, carol, nameImport, namespacePreorder, networkIn, preorder, registration, startFold, terms, type Person } from './fold.js';
import { preorderHash } from '../../../src/names/bitcoin/commitment.js';

const watched = (state: State): Set<string> => new Set([...watchedScripts(state)].map(toHex));

/** What a BIP 158 filter holds of a transaction. */
const shown = ({ transaction, previous }: Candidate): string[] =>
  [...previous.flatMap((output) => (output ? [output.script] : [])), ...transaction.outputs.map(({ script }) => script)].map(toHex);

test.each(['chain_epoch1', 'chain_all_epochs', 'chain_fuzz', 'chain_fuzz_11'])('%s: what a block accepts touches a script watched before it', (name) => {
  const file = JSON.parse(readFileSync(`test/vectors/bns-v1/${name}.json`, 'utf8')) as ChainFile;
  const state = createState(networkOf(file));
  const payees = (): Set<string> =>
    new Set([BURN_ADDRESS, ...[...state.namespaces.values()].filter(({ version }) => version === 2).map(({ address }) => address)]);
  let [touched, unfilterable] = [0, 0];
  const kept = watchedSet(state);
  for (const block of file.cases) {
    const known = watched(state);
    const transactions = candidatesOf(block);
    const keptNow = new Set(kept.scripts().map(toHex));
    expect(keptNow.size).toBe(kept.scripts().length);
    for (const script of known) expect(keptNow.has(script), `block ${block.height}: ${script} is kept`).toBe(true);
    const { operations } = applyBlock(state, { height: block.height, transactions });
    kept.follow();
    for (const { opcode, txid, burn_address: payee } of operations) {
      const scripts = shown(transactions.find((one) => one.txid === txid) as Candidate);
      // The one kind of operation that a filterable network refuses on top.
      const refused = opcode === 'NAME_PREORDER' && !payees().has(String(payee));
      if (refused) unfilterable++;
      else
        expect(
          scripts.some((script) => known.has(script)),
          `block ${block.height}: ${opcode} ${txid}`,
        ).toBe(true);
      // Later operations of the block may build on it: the block is at hand by then.
      for (const script of scripts) known.add(script);
      touched++;
    }
  }
  expect(touched).toBeGreaterThan(70);
  if (name.startsWith('chain_fuzz')) expect(unfilterable).toBeGreaterThan(0);
});

test('a filterable network refuses preorders that pay neither the burn address nor a creator', () => {
  const fold = startFold(networkIn(3, { filterable: true }));
  fold.open('id');
  fold.open('two', { version: 2 });
  const pays = (paidTo: string, salt: string): string => fold.verdict(preorder(`${salt}.id`, bob, fold.fresh(), { paidTo }));
  expect(pays(BURN_ADDRESS, 'a')).toBe('accepted');
  expect(pays(alice.address, 'b')).toBe('accepted');
  expect(pays(carol.address, 'c')).toBe('the fee goes neither to the burn address nor to a creator');
  const plain = startFold(networkIn(3));
  plain.open('id');
  expect(plain.verdict(preorder('c.id', bob, plain.fresh(), { paidTo: carol.address }))).toBe('accepted');
});

test('who may act next is watched: preorderers, revealers and their keychain, owners, creators, token accounts', () => {
  const fold = startFold(networkIn(3, { filterable: true, genesisBalances: { [carol.address]: '5' } }));
  const has = (who: Person): boolean => watched(fold.state).has(toHex(who.script));
  expect([has(alice), has(bob), has(carol)]).toEqual([false, false, true]);
  fold.mine(namespacePreorder(preorderHash('id', alice.script, bob.address), fold.fresh()));
  expect([has(alice), has(bob)]).toEqual([true, false]);
  fold.mine({
    from: alice,
    operation: { opcode: 'NAMESPACE_REVEAL', namespace: 'id', ...terms, version: 2 },
    outputs: [
      [bob.address, 5500],
      [alice.address, 1],
    ],
  });
  expect([has(alice), has(bob)]).toEqual([true, true]);
  const before = watched(fold.state).size;
  fold.mine(nameImport('a.id', alice));
  expect(watched(fold.state).size).toBe(before + 300);
  fold.mine({ from: bob, operation: { opcode: 'NAMESPACE_READY', namespace: 'id' }, outputs: [] });
  expect(has(bob)).toBe(false);
  expect(watched(fold.state)).toContain(toHex(scriptOfAddress(burn(1)[0])));
  fold.mine(preorder('b.id', bob, fold.fresh(), { from: bob, paidTo: alice.address }));
  expect(has(bob)).toBe(true);
  fold.mine(registration('b.id', bob, { from: bob }));
  expect(has(bob)).toBe(true);
});
