import { parentPort, workerData } from 'node:worker_threads';
import type { LawBroken, Parser } from '../../test/fuzz/parser.ts';
import { dropInput, loadCorpus, saveCrash, saveInput } from './corpus.ts';
import { startCoverage } from './coverage.ts';
import type { Job, Progress, Report } from './job.ts';

// Coverage counts what is compiled from here on: the sources are loaded below.
const coverage = startCoverage((url) => url.includes('/src/'));
const { allParsers } = await import('../../test/fuzz/parsers.ts');
const { inputOf, isLawBroken, judge, kitOf, lawBrokenBy, minimised } = await import('../../test/fuzz/parser.ts');
const { xorshift } = await import('../../test/fuzz/mutate.ts');

const job = workerData as Job;
const bench = new Int32Array(job.bench);
const lastInput = new Uint8Array(job.bench, 16);
const parser = (await allParsers()).find(({ name }) => name === job.parser) as Parser;
const next = xorshift(job.seed);
const crashes = new Map<string, string>();
let executions = 0;

/** Runs one input; the other thread sees which, should it never end. */
async function run(input: Uint8Array): Promise<void> {
  lastInput.set(input.subarray(0, lastInput.length));
  Atomics.store(bench, 1, input.length);
  Atomics.store(bench, 0, ++executions);
  Atomics.store(bench, 2, 1);
  try {
    const verdict = judge(parser, input);
    if (typeof verdict !== 'string') await verdict;
  } catch (error) {
    if (!isLawBroken(error)) throw error;
    await crash(error);
  } finally {
    Atomics.store(bench, 2, 0);
  }
}

async function crash(error: LawBroken): Promise<void> {
  const law = (await lawBrokenBy(parser, error.input)) ?? error.law;
  if (crashes.has(law)) return;
  crashes.set(law, '');
  const smallest = await minimised(parser, error);
  const path = saveCrash(parser.name, smallest.input);
  crashes.set(law, path);
  tell({ kind: 'crash', law: smallest.law, path, message: smallest.message });
}

function tell(message: Progress): void {
  parentPort?.postMessage(message);
}

/** Those of the inputs that reach what none before did. Each half is run again until one is left. */
async function newcomers(inputs: readonly Uint8Array[]): Promise<Uint8Array[]> {
  for (const input of inputs) await run(input);
  if (coverage.look(inputs.length === 1) === 0) return [];
  if (inputs.length <= 1) return [...inputs];
  const half = inputs.length >> 1;
  const found = [...(await newcomers(inputs.slice(0, half))), ...(await newcomers(inputs.slice(half)))];
  // What only all of them together reach is not looked for again.
  if (found.length === 0) for (const input of inputs) await run(input);
  coverage.look(true);
  return found;
}

const kit = job.bare ? { ...kitOf(parser), seeds: [new Uint8Array(1)], words: [] } : kitOf(parser);
coverage.look(true);
const seeds = await newcomersOneByOne(kit.seeds, false);
const kept = job.guided && !job.bare ? await newcomersOneByOne(loadCorpus(parser.name), true) : [];
const corpus = [...kit.seeds, ...kept];
const base = coverage.blocks().reached;
tell({ kind: 'begun', blocks: base, corpus: corpus.length, useful: seeds.length });

async function newcomersOneByOne(inputs: readonly Uint8Array[], isKept: boolean): Promise<Uint8Array[]> {
  const useful: Uint8Array[] = [];
  for (const input of inputs) {
    await run(input);
    if (coverage.look(true) > 0) useful.push(input);
    else if (isKept) dropInput(parser.name, input);
  }
  return useful;
}

const start = performance.now();
executions = 0;
let told = start;
let size = 16;
for (let now = start; now - start < job.seconds * 1000; now = performance.now()) {
  // The newest half of the corpus has been tried least: it lends itself as often as all of it.
  const pool = { ...kit, seeds: next() % 2 === 0 ? corpus.slice(corpus.length >> 1) : corpus };
  const batch = Array.from({ length: size }, () => inputOf(parser, pool, next));
  const found = job.guided ? await newcomers(batch) : await all(batch);
  for (const input of found) {
    corpus.push(input);
    if (!job.bare) saveInput(parser.name, input);
  }
  const took = performance.now() - now;
  size = Math.min(512, Math.max(4, found.length === 0 && took < 100 ? size * 2 : took > 200 ? size >> 1 : size));
  if (performance.now() - told > 1000) {
    told = performance.now();
    tell({ kind: 'going', executions, blocks: coverage.blocks().reached, corpus: corpus.length });
  }
}

async function all(batch: readonly Uint8Array[]): Promise<readonly Uint8Array[]> {
  for (const input of batch) await run(input);
  coverage.look(true);
  return [];
}

const { reached, known } = coverage.blocks();
const report: Report = {
  parser: parser.name,
  executions,
  perSecond: Math.round((1000 * executions) / (performance.now() - start)),
  blocks: reached,
  fresh: reached - base,
  known,
  corpus: corpus.length,
  crashes: [...crashes].map(([law, path]) => ({ law, path })),
};
tell({ kind: 'done', report });
