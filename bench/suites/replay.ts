import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { sha256 } from '../../src/lib/hash.js';
import { applyBlock, createState, type RuleBlock } from '../../src/names/bitcoin/rules.js';
import { createLedger, MOST_WAITING } from '../../src/node/ledger.js';
import { diskStore } from '../../src/node/store.js';
import { candidatesOf, networkOf, type ChainFile } from '../../test/suites/bnsChain.js';
import { foldLoad, loadNetwork } from '../load.js';
import type { BenchContext, BenchResult } from '../suite.js';

// The fold: parsed transactions with their previous outputs in; claims, verdicts, serializations, operations hashes, consensus hashes and the
// undo log out. Parsing blocks and fetching outputs is left out. Then the same through a node's ledger on disk, indexes and commits included,
// and what a name takes there. Rates are of processor seconds, all threads together: a neighbour that takes the processor changes nothing.

const NAMES = 10_000;
/** Bytes a name hang little on their number: BENCH_NAMES=1000000 shows it, and takes a quarter of an hour. */
const STORED = Number(process.env['BENCH_NAMES'] ?? 100_000);
const CHAINS = ['chain_epoch1', 'chain_all_epochs', 'chain_fuzz', 'chain_fuzz_11'];
/** What the project asks of itself. */
const DEMAND = { operations: 20_000, bytes: 1000 };

export async function run({ folder, log }: BenchContext): Promise<BenchResult> {
  for (const chain of CHAINS) log(vectorChain(folder, chain));
  const perSecond = fold(log);
  const limit = hashLimit();
  log(`SHA-256 alone, 14 short hashes an operation: ${Math.round(limit)} operations/s`);
  const stored = await store(log);
  return {
    suite: 'replay',
    ratios: { fold_vs_demand: perSecond / DEMAND.operations, fold_vs_hash_limit: perSecond / limit, bytes_demand_vs_name: DEMAND.bytes / stored.bytes },
    figures: { ops_per_second: perSecond, store_ops_per_second: stored.perSecond, bytes_per_name: stored.bytes, names_stored: STORED },
  };
}

/** Seconds of the processor since some moment. */
function processor(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

function vectorChain(folder: string, name: string): string {
  const file = JSON.parse(readFileSync(resolve(folder, `../test/vectors/bns-v1/${name}.json`), 'utf8')) as ChainFile;
  const blocks = file.cases.map((block) => ({ height: block.height, transactions: candidatesOf(block) }));
  let best = Infinity;
  for (let round = 0; round < 8; round++) {
    const state = createState(networkOf(file));
    const start = processor();
    for (const block of blocks) applyBlock(state, block);
    best = Math.min(best, processor() - start);
  }
  const transactions = blocks.reduce((sum, block) => sum + block.transactions.length, 0);
  return `${name}: ${blocks.length} blocks and ${transactions} transactions, most of them refused or alone in their block, in ${(best * 1000).toFixed(0)} ms`;
}

/** Operations a second. */
function fold(log: BenchContext['log']): number {
  const blocks: RuleBlock[] = [];
  const first = createState(loadNetwork);
  const { operations } = foldLoad({ names: NAMES }, (block) => {
    blocks.push(block);
    const { operations: accepted, consensusHash } = applyBlock(first, block);
    return { accepted: accepted.length, consensusHash };
  });
  let best = 0;
  for (let round = 0; round < 8; round++) {
    const state = createState(loadNetwork);
    const start = processor();
    for (const block of blocks) applyBlock(state, block);
    best = Math.max(best, operations / (processor() - start));
  }
  log(`fold in memory: ${Math.round(best)} operations/s (${operations} of them, ${NAMES} names, ${blocks.length} blocks)`);
  return best;
}

/** So many operations a second could be hashed, were nothing else to do: what any fold is bound by. */
function hashLimit(): number {
  const message = new Uint8Array(100);
  const rounds = 200_000;
  let best = 0;
  for (let turn = 0; turn < 4; turn++) {
    const start = processor();
    for (let i = 0; i < rounds; i++) sha256(message);
    best = Math.max(best, rounds / (processor() - start));
  }
  return best / 14;
}

async function store(log: BenchContext['log']): Promise<{ readonly bytes: number; readonly perSecond: number }> {
  const directory = mkdtempSync(join(tmpdir(), 'namestead-bench-'));
  try {
    const kept = await diskStore(directory, loadNetwork);
    // The undo log of a thousand blocks is shared by a million names: with fewer names it is as much shorter.
    const ledger = createLedger(loadNetwork, kept, { undoDepth: Math.ceil((1000 * Math.min(STORED, 1e6)) / 1e6) });
    let seconds = 0;
    const { operations } = foldLoad({ names: STORED, worked: false }, ({ height, transactions }) => {
      const start = processor();
      ledger.apply({ height, hash: height.toString(16).padStart(64, '0'), time: height, transactions });
      if (ledger.waiting() >= MOST_WAITING) ledger.commit();
      const entry = ledger.at(height);
      seconds += processor() - start;
      return { accepted: entry?.operations.length ?? 0, consensusHash: entry?.consensusHash ?? '' };
    });
    ledger.commit();
    await kept.close();
    const bytes = statSync(join(directory, 'data.mdb')).size;
    log(`ledger on disk: ${Math.round(operations / seconds)} operations/s, ${(bytes / 1e6).toFixed(1)} MB for ${STORED} names and ${operations} operations`);
    return { bytes: bytes / STORED, perSecond: operations / seconds };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
