import { expect, test } from 'vitest';
import { concat, toHex } from '../../../src/lib/bytes.js';
import { findImportScripts } from '../../../src/names/bitcoin/importScripts.js';
import { scriptOfAddress } from '../../../src/names/bitcoin/script.js';
import { serializeTransaction, txidOf, type Transaction } from '../../../src/names/bitcoin/transaction.js';
import type { Sighting, WatchWorld } from '../../../src/names/bitcoin/watch.js';
import { alice, network, person, type Person } from './world.js';

const code = (value: string): unknown => expect.objectContaining({ code: value });
const reveal = person(9);

function sighting(edit: Partial<Sighting> = {}): Sighting {
  const life = { revealBlock: 12, readyBlock: 20, lifetime: 100 };
  return { name: 'alice.id', height: 13, index: 1, operation: {}, owner: alice.script, life, importer: reveal.script, ...edit };
}

/** A world in which NAMESPACE_READY was sent by an input that shows this key. */
function worldOf(from: Person, ready = true): WatchWorld {
  const script = concat(Uint8Array.of(1, 0x30, from.publicKey.length), from.publicKey);
  const transaction: Transaction = {
    version: 1,
    inputs: [{ txid: '11'.repeat(32), vout: 0, script, sequence: 0, witness: [] }],
    outputs: [{ value: 1n, script: reveal.script }],
    lockTime: 0,
  };
  return {
    network,
    transactions: {
      operator: 'explorer',
      transaction: (txid) => Promise.resolve(txid === txidOf(transaction) ? serializeTransaction(transaction) : null),
      inclusion: () => Promise.resolve(null),
    },
    headerAt: () => Promise.reject(new Error('not asked')),
    confirmedTo: 100,
    bound: false,
    committedAt: (height) => Promise.resolve(ready && height === 20 ? [{ op: '!', namespace_id: 'id', txid: txidOf(transaction) }] : []),
    prove: () => Promise.reject(new Error('not asked')),
  };
}

test('whoever may still import a name is the revealer and his 300 keys', async () => {
  const scripts = await findImportScripts(worldOf(reveal), sighting(), {});
  expect(scripts).toHaveLength(301);
  expect(scripts.map(toHex)).toContain(toHex(reveal.script));
  expect(new Set(scripts.map(toHex)).size).toBe(301);
});

test('nobody may once the namespace is ready, and nobody ever where a script revealed it', async () => {
  expect(await findImportScripts(worldOf(reveal), sighting({ height: 20 }), {})).toEqual([]);
  expect(await findImportScripts(worldOf(reveal), sighting({ importer: scriptOfAddress('3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy') }), {})).toEqual([]);
});

test('where the keys cannot be known, the level is refused', async () => {
  await expect(findImportScripts(worldOf(alice), sighting(), {})).rejects.toThrow(code('LevelNotReached'));
  await expect(findImportScripts(worldOf(reveal), sighting({ height: 11 }), {})).rejects.toThrow(code('LevelNotReached'));
  await expect(findImportScripts(worldOf(reveal, false), sighting(), {})).rejects.toThrow(code('TransactionMissing'));
});
