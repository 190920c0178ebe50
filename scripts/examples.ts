import { spawn } from 'node:child_process';
import { findTools } from '../test/tools.ts';
import { root } from './entries.ts';
import { parseArguments, report } from './report.ts';

// npm run examples: runs every example as its user would, the pages in a real browser.
parseArguments();
const { found, missing } = findTools(process.env);
const examples: readonly { readonly name: string; readonly words: readonly string[]; readonly needs?: string }[] = [
  { name: 'register', words: ['--import', 'tsx', 'examples/register.ts'] },
  { name: 'resolve', words: ['--import', 'tsx', 'examples/resolve.ts'] },
  { name: 'explorer', words: ['node_modules/vitest/vitest.mjs', 'run', 'test/browser/explorer.test.ts'], needs: 'CHROMIUM' },
  { name: 'notes and wallet', words: ['node_modules/vitest/vitest.mjs', 'run', 'test/browser/notes.test.ts'], needs: 'CHROMIUM' },
];

const results: { name: string; ok: boolean; ms: number; leftOut?: true }[] = [];
for (const { name, words, needs } of examples) {
  console.error(`\n== ${name}`);
  const started = performance.now();
  const leftOut = needs !== undefined && found[needs] === undefined;
  // Where CI runs, nothing is left out in silence.
  const ok = leftOut ? process.env['CI'] === undefined : await run(words);
  results.push({ name, ok, ms: Math.round(performance.now() - started), ...(leftOut ? { leftOut } : {}) });
}
for (const line of missing.filter((each) => each.includes('browser'))) console.error(line);
const failed = results.filter(({ ok }) => !ok).map(({ name }) => name);
report({ ok: failed.length === 0, examples: results }, failed.length === 0 ? 'the examples run' : `not run as they should: ${failed.join(', ')}`);

/** Two minutes each, and their output is progress. */
function run(words: readonly string[]): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, words, { cwd: root, stdio: ['ignore', 2, 2], env: { ...process.env, ...found }, timeout: 120_000 });
    child.on('error', () => {
      resolve(false);
    });
    child.on('exit', (code) => {
      resolve(code === 0);
    });
  });
}
