import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { root } from './entries.ts';
import { parseArguments, report } from './report.ts';

// npm run mutants -- [WORD] [--json]: disables each check on the trust path in turn; a test must turn red each time.
// WORD keeps the checks whose name, file or test holds it.

interface Check {
  readonly check: string;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  readonly test: string;
}

type Verdict = 'killed' | 'survived' | 'timed out' | 'misplaced' | 'broken';

interface Result {
  readonly check: string;
  readonly verdict: Verdict;
  readonly ms: number;
}

/** Milliseconds for the tests of one check, and for all of them as they are. */
const limit = 120_000;
const limitOfAll = 600_000;
const word = parseArguments().words[0] ?? '';
const all = JSON.parse(readFileSync(resolve(root, 'test/adversary/checks.json'), 'utf8')) as Check[];
const checks = all.filter(({ check, file, test }) => [check, file, test].some((text) => text.includes(word)));
mkdirSync(resolve(root, '.cache'), { recursive: true });
const workshop = mkdtempSync(resolve(root, '.cache/mutants-'));
try {
  const trees = [copyTree('a'), copyTree('b')];
  const tests = [...new Set(checks.map((check) => check.test))];
  const start = Date.now();
  const before = checks.length === 0 ? 'red' : await runTests(trees[0] ?? root, tests, 2, limitOfAll);
  if (before !== 'green')
    report(
      { ok: false, checks: [] },
      checks.length === 0 ? 'no check to disable' : `the tests do not pass as they are (${before}): ${failures(trees[0] ?? root).join('; ')}`,
    );
  else {
    console.error(`${tests.length} test files are green as they are (${Date.now() - start} ms); ${checks.length} checks to disable`);
    const results = await disableAll(trees);
    const killed = results.filter((result) => result.verdict === 'killed').length;
    report(
      { ok: killed === results.length, checks: results },
      `${results.length} checks disabled, ${killed} noticed by a test, ${results.length - killed} not`,
    );
  }
} finally {
  rmSync(workshop, { recursive: true, force: true });
}

async function disableAll(trees: readonly string[]): Promise<Result[]> {
  const queue = [...checks];
  const results: Result[] = [];
  const work = async (tree: string): Promise<void> => {
    for (let check = queue.shift(); check; check = queue.shift()) {
      const start = Date.now();
      const result = { check: check.check, verdict: await disable(tree, check), ms: Date.now() - start };
      results.push(result);
      console.error(
        `${result.verdict === 'killed' ? 'ok  ' : 'FAIL'}  ${result.verdict.padEnd(9)} ${String(result.ms).padStart(6)} ms  ${check.file}: ${check.check}`,
      );
    }
  };
  await Promise.all(trees.map(work));
  return results;
}

async function disable(tree: string, { file, find, replace, test }: Check): Promise<Verdict> {
  const path = join(tree, file);
  const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
  if (text.split(find).length !== 2 || find === replace) return 'misplaced';
  writeFileSync(path, text.split(find).join(replace));
  try {
    const verdicts = { red: 'killed', green: 'survived', broken: 'broken', late: 'timed out' } as const;
    return verdicts[await runTests(tree, [test], 1)];
  } finally {
    writeFileSync(path, text);
  }
}

function copyTree(name: string): string {
  const tree = join(workshop, name);
  for (const path of ['src', 'test', 'tools', 'data', 'docs', 'scripts', 'README.md', 'package.json', 'tsconfig.json', 'vitest.config.ts']) {
    if (existsSync(resolve(root, path))) cpSync(resolve(root, path), join(tree, path), { recursive: true });
  }
  symlinkSync(resolve(root, 'node_modules'), join(tree, 'node_modules'));
  return tree;
}

/** `red`: a test failed; `broken`: the files did not even load, which proves nothing. */
async function runTests(tree: string, tests: readonly string[], workers: number, ms = limit): Promise<'green' | 'red' | 'broken' | 'late'> {
  const out = join(tree, 'result.json');
  rmSync(out, { force: true });
  const words = ['node_modules/vitest/vitest.mjs', 'run', ...tests, `--maxWorkers=${workers}`, '--reporter=json', `--outputFile=${out}`, '--cache=false'];
  const ended = await run([...words, ...(workers === 1 ? ['--bail=1'] : [])], tree, ms);
  if (!ended) return 'late';
  if (!existsSync(out)) return 'broken';
  const result = JSON.parse(readFileSync(out, 'utf8')) as {
    success: boolean;
    numPassedTests: number;
    testResults: readonly { status: string; assertionResults: readonly unknown[] }[];
  };
  if (result.success && result.numPassedTests > 0 && result.testResults.length === tests.length) return 'green';
  // A hook that fails has noticed; a file that does not load has no tests.
  const noticed = result.testResults.some(({ status, assertionResults }) => status === 'failed' && assertionResults.length > 0);
  return noticed ? 'red' : 'broken';
}

/** The tests that failed in the last run of a tree. */
function failures(tree: string): string[] {
  const out = join(tree, 'result.json');
  if (!existsSync(out)) return [];
  const { testResults } = JSON.parse(readFileSync(out, 'utf8')) as {
    testResults: readonly { name: string; message: string; assertionResults: readonly { status: string; fullName: string }[] }[];
  };
  return testResults.flatMap(({ name, message, assertionResults }) => [
    ...(message === '' ? [] : [`${name}: ${message}`]),
    ...assertionResults.filter(({ status }) => status === 'failed').map(({ fullName }) => `${name}: ${fullName}`),
  ]);
}

/** False when it took longer than the limit. */
function run(words: readonly string[], cwd: string, ms: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, words, { cwd, stdio: 'ignore', detached: true });
    let ended = true;
    const timer = setTimeout(() => {
      ended = false;
      // The whole group: vitest's workers too.
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    }, ms);
    child.on('error', reject).on('exit', () => {
      clearTimeout(timer);
      resolve(ended);
    });
  });
}
