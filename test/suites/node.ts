import assert from 'node:assert/strict';
import type { Context } from '../../src/node/context.js';
import { formatJson } from '../../src/node/json.js';
import { createLedger, type Ledger } from '../../src/node/ledger.js';
import { historyJson, nameJson, viewName } from '../../src/node/records.js';
import { candidatesOf, networkOf, type ChainFile } from './bnsChain.js';
import { parseVectors, type Case, type Suite } from './suite.js';

/** A node's ledger over a whole chain of a vector file, without a Bitcoin beneath. */
export function ledgerOf(file: ChainFile): { readonly ledger: Ledger; readonly context: Context } {
  const network = networkOf(file);
  const ledger = createLedger(network);
  for (const block of file.cases) ledger.apply({ height: block.height, hash: String(block.height), time: 0, transactions: candidatesOf(block) });
  const held = { get: () => Promise.resolve(null) } as unknown as Context['atlas'];
  return { ledger, context: { network, ledger, atlas: held, standing: () => ({ seen: null, indexing: false, stale: false }) } };
}

type Fields = Readonly<Record<string, unknown>>;
type Names = Readonly<Record<string, Fields & { readonly history: Readonly<Record<string, readonly Fields[]>> }>>;

/** What the node strips before it answers. */
function sanitized({ last_creation_op: _, ...fields }: Fields): Fields {
  return fields;
}

/** What the reference's database has of names; each case maps names to their records. */
const nameRecords: Suite = async (file, context) => {
  const chain = (await context.json('bns-v1/chain_all_epochs.json')) as ChainFile;
  let folded: ReturnType<typeof ledgerOf> | undefined;
  return parseVectors<{ cases: Names[] }>(file).cases.map((names, at): Case => ({
    title: `${at} ${Object.keys(names).join(', ')}`,
    check: async () => {
      folded ??= ledgerOf(chain);
      for (const [name, { history, ...expected }] of Object.entries(names)) {
        const view = viewName(folded.context, name);
        assert.ok(view, name);
        const record = JSON.parse(formatJson(await nameJson(folded.context, view))) as Fields;
        assert.deepEqual({ ...record, ...sanitized(expected) }, record, name);
        const told = JSON.parse(formatJson(historyJson(folded.ledger.lookups().nameHistory(name)))) as Names[string]['history'];
        assert.deepEqual(told, Object.fromEntries(Object.entries(history).map(([height, records]) => [height, records.map(sanitized)])), name);
      }
    },
  }));
};

export const nodeSuites: Readonly<Record<string, Suite>> = { 'bns-v1/name_records_rpc.json': nameRecords };
