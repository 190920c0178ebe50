import { concat, fromHex, fromUtf8, toHex } from '../../../src/lib/bytes.js';
import { sha256 } from '../../../src/lib/hash.js';
import { bitcoinRegtest, mainnet } from '../../../src/names/bitcoin/network.js';
import { createHeaderChain } from '../../../src/names/bitcoin/chain.js';
import { decodePosition, encodePosition } from '../../../src/names/bitcoin/filterPosition.js';
import { encodeRecord, LOG_HEAD, readLog } from '../../../src/names/bitcoin/headerLog.js';
import { loadHeaders } from '../../../src/names/bitcoin/headerStore.js';
import type { Plan, Signed } from '../../../src/names/bitcoin/plan.js';
import { decodePlan, encodePlan } from '../../../src/names/bitcoin/planCodec.js';
import { loadPurse } from '../../../src/names/bitcoin/purseEntry.js';
import { decodeSnapshot, encodeSnapshot, keptTables } from '../../../src/names/bitcoin/replaySnapshot.js';
import type { Journal } from '../../../src/names/journal.js';
import { packer } from '../../../src/node/pack.js';
import { parser, type Parser } from '../parser.js';
import { isCount, jsons, need, settled, vector } from '../samples.js';
import { headers, transactions } from './bitcoin.js';

const txid = 'ab'.repeat(32);
const paid = (): Signed => ({
  operation: 'NAME_PREORDER',
  name: 'a.id',
  hash: 'cd'.repeat(20),
  fee: 300n,
  price: 5000n,
  txid,
  bytes: transactions()[0] ?? fromHex('00'),
  change: 2,
  until: 700_000,
});

function plans(): Plan[] {
  const { until: _, ...receipt } = paid();
  const terms = { owner: '1abc', zone: 'x' };
  const receipts = [
    { ...receipt, height: 10 },
    { ...receipt, height: 12, bytes: null, change: null },
  ];
  return [
    { terms, receipts: [], state: { kind: 'planned', former: [], later: [], coins: [`${txid}:0`] } },
    { terms, receipts, state: { kind: 'signed', current: paid(), former: [paid()], later: [{ ...paid(), change: null, until: null }] } },
    { terms, receipts, state: { kind: 'settled' } },
    { terms: {}, receipts, state: { kind: 'done' } },
  ];
}

/** A journal that holds one entry. */
function holding(bytes: Uint8Array): Journal {
  return {
    load: () => Promise.resolve(bytes),
    replace: () => Promise.resolve(false),
    keys: () => Promise.resolve([]),
    remove: () => Promise.resolve(),
  } as unknown as Journal;
}

function snapshots(): Uint8Array[] {
  const tables = keptTables();
  tables.table<string, unknown>('names').set('a.id', { name: 'a.id', fee: 5n, list: [1, null, true] });
  tables.table<number, unknown>('undo').set(5, []);
  tables.index('byOwner').add('1abc', 'a.id');
  return [encodeSnapshot(mainnet, { tables, folded: new Map() })];
}

function mendLog(input: Uint8Array): Uint8Array {
  const out = input.slice();
  const view = new DataView(out.buffer);
  for (let at = LOG_HEAD.length; at + 8 <= out.length;) {
    const end = at + 8 + 80 * view.getUint32(at + 4, true);
    if (end + 8 > out.length) break;
    out.set(sha256(out.subarray(at, end)).subarray(0, 8), end);
    at = end + 8;
  }
  return out;
}

const logs = (): Uint8Array[] => [
  concat(LOG_HEAD, encodeRecord({ from: 1, headers: concat(...headers().slice(0, 2)) }), encodeRecord({ from: 3, headers: concat(...headers().slice(2, 3)) })),
  concat(
    LOG_HEAD,
    encodeRecord({ from: 5, headers: concat(...headers().slice(0, 3)) }),
    encodeRecord({ from: 6, headers: concat(...headers().slice(2, 3)) }),
    fromUtf8('cut'),
  ),
];

const regtestHeaders = (): Uint8Array[] => vector<{ headers: string[] }>('proofs/regtest.json').headers.map(fromHex);

const script = `76a914${'11'.repeat(20)}88ac`;
const rowShapes = [['a', 'b'], ['name', 'owner', 'ownerAddress', 'fee'], []];
const rows = packer({ at: (number) => rowShapes[number], numberOf: (fields) => rowShapes.findIndex((shape) => shape.join() === fields.join()) }, (text) =>
  text === script ? '1abc' : null,
);

export const storeParsers: readonly Parser[] = [
  parser({
    name: 'plan',
    file: 'names/bitcoin/planCodec.ts',
    form: 'json',
    seeds: () => plans().map(encodePlan),
    refuses: ['JournalCorrupt'],
    run: (input: Uint8Array) => decodePlan(input, 'name a.id'),
    laws: (plan) => {
      settled(encodePlan, (bytes) => decodePlan(bytes, 'k'))(plan);
      need(
        plan.receipts.every(({ fee, price, height }) => fee >= 0n && price >= 0n && isCount(height)),
        'a receipt of less than nothing',
      );
    },
  }),
  parser({
    name: 'purse',
    file: 'names/bitcoin/purseEntry.ts',
    form: 'json',
    seeds: () =>
      jsons(
        { version: 1, held: [[`${txid}:0`, 'name a.id']], made: [{ key: 'name a.id', txid, bytes: '00ff', mined: true }] },
        { version: 1, held: [], made: [] },
      ),
    refuses: ['JournalCorrupt'],
    run: (input: Uint8Array) => loadPurse({ network: mainnet, journal: holding(input) }),
    laws: ({ made }) =>
      need(
        made.every((one) => /^[0-9a-f]*$/.test(one.txid)),
        'a txid that is none',
      ),
  }),
  parser({
    name: 'filterPosition',
    file: 'names/bitcoin/filterPosition.ts',
    form: 'json',
    seeds: () => [encodePosition({ height: 5, hash: txid, header: fromHex(txid), last: { height: 3, txid } })],
    refuses: [],
    run: decodePosition,
    laws: (position) => {
      if (position) settled(encodePosition, (bytes) => decodePosition(bytes) as typeof position)(position);
    },
  }),
  parser({
    name: 'replaySnapshot',
    file: 'names/bitcoin/replaySnapshot.ts',
    seeds: snapshots,
    refuses: [],
    run: (input: Uint8Array) => decodeSnapshot(mainnet, input) !== null,
    laws: (isTaken, input) => need(!isTaken || snapshots().some((known) => toHex(known) === toHex(input)), 'a snapshot that was damaged is taken'),
  }),
  parser({
    name: 'headerLog',
    file: 'names/bitcoin/headerLog.ts',
    seeds: logs,
    words: [LOG_HEAD, Uint8Array.of(1, 0, 0, 0, 1, 0, 0, 0), Uint8Array.of(0xff, 0xff, 0xff, 0xff)],
    refuses: [],
    mend: mendLog,
    run: readLog,
    laws: (log, input) => need(log === null || (log.end <= input.length && (log.run?.headers.length ?? 0) % 80 === 0), 'a log longer than its bytes'),
  }),
  parser({
    name: 'storedHeaders',
    file: 'names/bitcoin/headerStore.ts',
    cases: 10_000,
    seeds: () => [concat(...regtestHeaders().slice(1, 8)), concat(...regtestHeaders().slice(1, 20))],
    refuses: ['StoreCorrupt'],
    run: async (input: Uint8Array) => {
      const chain = createHeaderChain(bitcoinRegtest);
      await loadHeaders(chain, { load: () => Promise.resolve({ from: 1, headers: input }), save: () => Promise.resolve() });
      return chain.tip().height;
    },
    laws: (height, input) => need(80 * height <= input.length, 'more headers than were held'),
  }),
  parser({
    name: 'row',
    file: 'node/pack.ts',
    seeds: () =>
      [
        { a: 1, b: [null, true, 2 ** 40, -1.5, 10n ** 20n, 'text', script, '1abc'] },
        { name: 'a.id', owner: script, ownerAddress: '1abc', fee: 5 },
        ['ab'.repeat(20), 'ab'.repeat(9), undefined, {}],
      ].map(rows.pack),
    refuses: ['StoreCorrupt'],
    run: rows.unpack,
    // Another spelling of a row (a long number, hex as text) is read, and never written.
    laws: (row) => settled(rows.pack, rows.unpack)(row),
  }),
];
