import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createLedger, type Ledger } from '../../src/node/ledger.js';
import { candidatesOf, networkOf, type ChainFile } from '../suites/bnsChain.js';

const file = JSON.parse(await readFile(`${import.meta.dirname}/../vectors/bns-v1/chain_all_epochs.json`, 'utf8')) as ChainFile;
const network = networkOf(file);
const blocks = file.cases.slice(0, 130).map((block) => ({ height: block.height, hash: String(block.height), time: 0, transactions: candidatesOf(block) }));

/** All that a ledger can be asked. */
function snapshot(ledger: Ledger): unknown {
  const rows = ledger.zoneFileRows();
  return {
    height: ledger.height(),
    hash: ledger.hashAt(ledger.height() ?? 0),
    consensus: ledger.at(ledger.height() ?? 0)?.consensusHash,
    names: ledger.names().map((name) => [name, ledger.nameHistory(name)]),
    namespaces: ledger.namespaces().map((id) => [id, ledger.namespaceHistory(id)]),
    rows: [...rows],
    bits: rows.map(({ hash }) => ledger.bitsOf(hash)),
    firsts: ledger.names().map((name) => ledger.firstNamesOf(String(ledger.nameHistory(name).at(-1)?.record['address']))),
    transactions: blocks.flatMap(({ transactions }) => transactions.map(({ txid }) => ledger.transaction(txid))),
    heights: file.cases.slice(0, 130).map((block) => ledger.heightOfConsensus(block.consensus_hash)),
  };
}

describe('a ledger', () => {
  test('that undid blocks is as if they had never come', () => {
    const ledger = createLedger(network);
    const before = new Map<number, unknown>();
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -20, max: 30 }), { minLength: 5, maxLength: 12 }), (moves) => {
        for (const move of moves) {
          for (let i = 0; i < Math.abs(move); i++) {
            const next = blocks[(ledger.height() ?? network.firstBlock - 1) + 1 - network.firstBlock];
            if (move < 0) ledger.undo();
            else if (next) ledger.apply(next);
          }
          const height = ledger.height() ?? -1;
          const now = snapshot(ledger);
          if (before.has(height)) expect(now).toEqual(before.get(height));
          before.set(height, now);
        }
      }),
      { seed: 11, numRuns: 6 },
    );
  });

  test('undone past its first block is empty, and past what the rules remember begins anew', () => {
    const ledger = createLedger(network);
    for (const block of blocks.slice(0, 40)) ledger.apply(block);
    for (let i = 0; i < 41; i++) ledger.undo();
    expect(ledger.height()).toBeNull();
    expect(snapshot(ledger)).toEqual(snapshot(createLedger(network)));
    for (const block of blocks) ledger.apply(block);
    expect(ledger.at(ledger.height() ?? 0)?.consensusHash).toBe(file.cases[129]?.consensus_hash);
  });

  test('refuses a block that does not follow, and is as before', () => {
    const ledger = createLedger(network);
    const [first, , third] = blocks;
    if (!first || !third) throw new Error('the vectors hold three blocks');
    ledger.apply(first);
    const before = snapshot(ledger);
    expect(() => {
      ledger.apply(third);
    }).toThrow(TypeError);
    expect(snapshot(ledger)).toEqual(before);
  });

  test('gives a zone file announced twice two bits, in chain order', () => {
    const ledger = createLedger(network);
    for (const block of blocks) ledger.apply(block);
    const rows = ledger.zoneFileRows();
    expect(rows.map((row) => row.invIndex)).toEqual(rows.map((_, at) => at + 1));
    expect(rows.map((row) => row.height)).toEqual(rows.map((row) => row.height).sort((a, b) => a - b));
    for (const { hash } of rows) expect(ledger.bitsOf(hash)).toEqual(rows.flatMap((row, bit) => (row.hash === hash ? [bit] : [])));
  });
});
