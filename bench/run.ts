import { build } from 'esbuild';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArguments, report } from '../scripts/report.ts';
import type { Bench, BenchResult } from './suite.ts';

// npm run bench -- [SUITE] [--json]: all suites, or one.
const folder = import.meta.dirname;
const known = readdirSync(resolve(folder, 'suites'))
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.replace(/\.ts$/, ''));
const [wanted] = parseArguments().words;
if (wanted !== undefined && !known.includes(wanted)) throw new TypeError(`no suite ${wanted}; there are ${known.join(', ')}`);

if (!existsSync(resolve(folder, 'node_modules/.package-lock.json'))) {
  console.error('installing the peers of bench/package.json');
  execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: folder, stdio: ['ignore', 2, 2] });
}
const results: BenchResult[] = [];
for (const suite of wanted === undefined ? known : [wanted]) results.push(await run(suite));
const [only] = results;
const prefixed = results.flatMap(({ suite, ratios }) => Object.entries(ratios).map(([name, ratio]) => [`${suite}: ${name}`, ratio] as const));
const ratios = only && results.length === 1 ? only.ratios : Object.fromEntries(prefixed);
const ok = prefixed.length > 0 && prefixed.every(([, ratio]) => Number.isFinite(ratio) && ratio > 0);
const figures = Object.assign({}, ...results.map((result) => result.figures ?? {})) as Record<string, number>;
const lines = [
  ...prefixed.map(([name, ratio]) => `${name}: ${ratio.toFixed(2)}`),
  ...Object.entries(figures).map(([name, figure]) => `${name}: ${Math.round(figure)}`),
];
report({ ok, suite: results.map(({ suite }) => suite).join('+'), ratios, ...figures }, lines.join('\n'));

async function run(suite: string): Promise<BenchResult> {
  const outfile = resolve(folder, 'node_modules/.bench', `${suite}.mjs`);
  // Peers are imported while it runs, from bench/node_modules; our own packages are bundled, so that the two never mix.
  const banner = { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" };
  const entryPoints = [resolve(folder, 'suites', `${suite}.ts`)];
  // A binary is not bundled.
  await build({ entryPoints, outfile, bundle: true, platform: 'node', format: 'esm', target: 'node20', banner, external: ['lmdb'], logLevel: 'warning' });
  const { run } = (await import(pathToFileURL(outfile).href)) as { readonly run: Bench };
  return run({ folder, log: (line) => console.error(`${suite}: ${line}`) });
}
