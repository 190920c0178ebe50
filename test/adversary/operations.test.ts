import { expect, test } from 'vitest';
import { operationsHash } from '../../src/names/bitcoin/consensus.js';
import { serializeOperation } from '../../src/names/bitcoin/serialization.js';

// An odd row of the tree repeats its last leaf, so a list that names that operation twice has the very hash of the honest list.
test('an operation told twice is refused although the tree hashes alike', () => {
  const operations = ['a', 'b', 'c'];
  for (const repeated of operations) {
    expect(() => operationsHash([...operations, repeated])).toThrow(expect.objectContaining({ code: 'OperationDuplicate' }));
  }
});

// Lengths count bytes in the reference and UTF-16 units here: text beyond ASCII could move a boundary between two fields.
test('a field beyond ASCII is refused', () => {
  const fields = { op: '~', name: 'é.id', value_hash: null, sender: 'aa', sender_pubkey: null, address: '1', block_number: 1, preorder_block_number: 1 };
  const rest = { first_registered: 1, last_renewed: 1, revoked: true, txid: 'bb', vtxindex: 1, op_fee: 1, importer: null, importer_address: null };
  expect(serializeOperation({ ...fields, ...rest, name: 'e.id' })).toContain('4:e.id');
  expect(() => serializeOperation({ ...fields, ...rest })).toThrow(expect.objectContaining({ code: 'Malformed' }));
});

test('a record without one of its committed fields is refused', () => {
  expect(() => serializeOperation({ op: '~', name: 'e.id' })).toThrow(expect.objectContaining({ code: 'Malformed' }));
});
