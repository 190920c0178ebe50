import { build } from 'esbuild';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { root } from './entries.ts';
import { parseArguments, report } from './report.ts';

// npm run size [--json]: what an app pays for a part of the library, as its own bundler would count: minified, gzip -9, packages included.
// A scenario is an app in scripts/size/; its budget in bytes stands in budgets.json, with the reason where it is not the one that was planned.

interface Budget {
  readonly entry: string;
  readonly what: string;
  readonly budget: number;
  readonly why?: string;
}

parseArguments();
const folder = resolve(root, 'scripts/size');
const budgets = JSON.parse(readFileSync(resolve(folder, 'budgets.json'), 'utf8')) as Budget[];
const entries: { entry: string; gzip: number; budget: number; min: number }[] = [];
for (const { entry, what, budget } of budgets) {
  const code = await (entry === 'browser' ? readFile(resolve(root, 'dist/namestead.browser.js')) : bundle(resolve(folder, `${entry}.js`))).catch(unbuilt);
  if (!code) {
    entries.push({ entry, gzip: Infinity, budget, min: Infinity });
    continue;
  }
  const gzip = gzipSync(code, { level: 9 }).length;
  entries.push({ entry, gzip, budget, min: code.length });
  console.error(`${gzip <= budget ? 'ok  ' : 'FAIL'}  ${entry.padEnd(16)} ${kilo(gzip)} of ${kilo(budget)} kB  (${kilo(code.length)} kB minified)  ${what}`);
}
const heavy = entries.filter(({ gzip, budget }) => gzip > budget).map(({ entry }) => entry);
report(
  { ok: heavy.length === 0, entries: entries.map(({ entry, gzip, budget }) => ({ entry, gzip, budget })) },
  heavy.length === 0 ? 'every entry keeps its budget' : `too large: ${heavy.join(', ')}`,
);

async function bundle(scenario: string): Promise<Uint8Array> {
  const { outputFiles } = await build({
    entryPoints: [scenario],
    absWorkingDir: root,
    bundle: true,
    minify: true,
    platform: 'browser',
    format: 'esm',
    target: 'es2022',
    legalComments: 'none',
    write: false,
    logLevel: 'silent',
    // The built package as its users get it, never the sources.
    tsconfigRaw: {},
  });
  const [file] = outputFiles;
  if (!file) throw new Error(`esbuild made nothing of ${scenario}`);
  return file.contents;
}

function unbuilt(error: unknown): undefined {
  console.error(`FAIL  ${error instanceof Error ? error.message : String(error)}`);
}

function kilo(bytes: number): string {
  return (bytes / 1000).toFixed(2).padStart(6);
}
