import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { isLawBroken, judge, type Parser } from '../test/fuzz/parser.ts';
import { allParsers } from '../test/fuzz/parsers.ts';
import { saveCrash } from './fuzz/corpus.ts';
import type { Crash, Job, Progress, Report } from './fuzz/job.ts';

// npm run fuzz -- [PARSER…] [--seconds N] [--seed N] [--unguided] [--bare] [--json]
// npm run fuzz -- PARSER --replay FILE
// Changes samples, keeps what reaches new blocks of our sources, and changes that. A law that breaks is a crash: its smallest input is written down.
// --unguided keeps nothing, --bare starts from nothing: both for comparison.

/** The longest that one input may take, in milliseconds, and the most memory of all that is held, in MiB. */
const LONGEST = 10_000;
const MOST_MEMORY = 1024;
const INPUT_BYTES = 1 << 20;
const HEAD_BYTES = 16;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string', default: '10' },
    seed: { type: 'string', default: String(Date.now() % 0x7fffffff) },
    unguided: { type: 'boolean', default: false },
    bare: { type: 'boolean', default: false },
    replay: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const parsers = chosen(await allParsers());
if (values.replay !== undefined) await replay(parsers[0], values.replay);
else await fuzz();

function chosen(all: readonly Parser[]): readonly Parser[] {
  const unknown = positionals.find((name) => !all.some((parser) => parser.name === name));
  if (unknown !== undefined) throw new TypeError(`no parser ${unknown}; there are ${all.map(({ name }) => name).join(' ')}`);
  return positionals.length === 0 ? all : all.filter(({ name }) => positionals.includes(name));
}

async function replay(parser: Parser | undefined, path: string): Promise<void> {
  if (!parser || positionals.length !== 1) throw new TypeError('--replay takes the name of one parser');
  try {
    console.error(`${parser.name}: ${await judge(parser, new Uint8Array(readFileSync(path)))}`);
  } catch (error) {
    if (!isLawBroken(error)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}

async function fuzz(): Promise<void> {
  const [seconds, seed] = [Number(values.seconds), Number(values.seed)];
  if (!(seconds > 0) || !Number.isInteger(seed)) throw new TypeError('--seconds takes a time for each parser above 0, --seed a whole number');
  console.error(`${parsers.length} parsers, ${seconds} s each, seed ${seed}`);
  const reports: Report[] = [];
  for (const { name } of parsers) reports.push(await attend({ parser: name, seconds, seed, guided: !values.unguided, bare: values.bare }));
  const crashes = reports.flatMap((report) => report.crashes);
  const executions = reports.reduce((sum, report) => sum + report.executions, 0);
  console.error(`${executions} inputs, ${crashes.length} crashes`);
  if (values.json) console.log(JSON.stringify({ ok: crashes.length === 0, seed, parsers: reports }));
  if (crashes.length > 0) process.exitCode = 1;
}

/** Runs one parser in a thread of its own, so that an input that never ends, or takes all memory, ends that thread alone. */
function attend(job: Omit<Job, 'bench'>): Promise<Report> {
  const bench = new SharedArrayBuffer(HEAD_BYTES + INPUT_BYTES);
  const counters = new Int32Array(bench, 0, HEAD_BYTES / 4);
  // A thread knows nothing of tsx until it is told.
  const entry = `import('tsx/esm/api').then(({ register }) => (register(), import(${JSON.stringify(new URL('./fuzz/worker.ts', import.meta.url).href)})))`;
  const worker = new Worker(entry, {
    eval: true,
    execArgv: [],
    workerData: { ...job, bench } satisfies Job,
    resourceLimits: { maxOldGenerationSizeMb: MOST_MEMORY },
  });
  let latest: Report = { parser: job.parser, executions: 0, perSecond: 0, blocks: 0, fresh: 0, known: 0, corpus: 0, crashes: [] };
  const lost = (law: string): Report => {
    const input = new Uint8Array(bench, HEAD_BYTES, Math.min(INPUT_BYTES, counters[1] ?? 0)).slice();
    const crash: Crash = { law, path: saveCrash(job.parser, input) };
    tellCrash(job.parser, crash);
    return { ...latest, executions: counters[0] ?? 0, crashes: [...latest.crashes, crash] };
  };
  return new Promise((resolve, reject) => {
    let [seen, since] = [-1, performance.now()];
    const watch = setInterval(() => {
      const count = Atomics.load(counters, 0);
      if (count !== seen || Atomics.load(counters, 2) === 0) [seen, since] = [count, performance.now()];
      if (performance.now() - since < LONGEST) return;
      end(lost(`an input did not end in ${LONGEST / 1000} s`));
    }, 500);
    const end = (report: Report): void => {
      clearInterval(watch);
      void worker.terminate();
      resolve(report);
    };
    worker.on('message', (message: Progress) => {
      latest = heard(job.parser, message, latest);
      if (message.kind === 'done') end(latest);
    });
    worker.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ERR_WORKER_OUT_OF_MEMORY') return void end(lost(`an input took all of ${MOST_MEMORY} MiB`));
      clearInterval(watch);
      reject(error);
    });
  });
}

function heard(parser: string, message: Progress, latest: Report): Report {
  const live = process.stderr.isTTY;
  switch (message.kind) {
    case 'begun':
      return { ...latest, blocks: message.blocks, corpus: message.corpus };
    case 'going':
      if (live) process.stderr.write(`\r\x1b[2K${parser} ${message.executions} inputs, ${message.blocks} blocks, corpus of ${message.corpus}`);
      return { ...latest, ...message };
    case 'crash':
      tellCrash(parser, message);
      return { ...latest, crashes: [...latest.crashes, { law: message.law, path: message.path }] };
    case 'done': {
      const { perSecond, blocks, fresh, known, corpus, crashes } = message.report;
      if (live) process.stderr.write('\r\x1b[2K');
      const columns = [
        `${perSecond} a second`.padStart(15),
        `${blocks} of ${known} blocks`.padStart(20),
        `${fresh} new`.padStart(9),
        `corpus ${corpus}`.padStart(12),
      ];
      console.error(`${crashes.length === 0 ? 'ok  ' : 'FAIL'}  ${parser.padEnd(20)} ${columns.join(' ')}`);
      return message.report;
    }
  }
}

function tellCrash(parser: string, { law, path }: Crash): void {
  console.error(`\nCRASH ${parser}: ${law}\n  npm run fuzz -- ${parser} --replay ${path}`);
}
