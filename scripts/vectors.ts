import { existsSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { ownVectors, runVectorFile, vectorFiles, type Outcome } from '../test/vectors.js';
import { parseArguments, report } from './report.js';

// npm run vectors -- [DIR] [--json]
const areas = ['atlas', 'auth-gaia', 'bitcoin', 'bns-v1', 'stacks'];
const given = resolve(parseArguments().words[0] ?? ownVectors);
if (!existsSync(given)) throw new Error(`no folder ${given}`);
// One area's own folder is read as a folder that holds this area alone.
const isArea = areas.includes(basename(given));
const root = isArea ? dirname(given) : given;
const files = (await vectorFiles(given)).map((file) => (isArea ? `${basename(given)}/${file}` : file));

const outcomes: Outcome[] = [];
for (const file of files) {
  const outcome = await runVectorFile(root, file);
  outcomes.push(outcome);
  const { passed, failed, skipped, failures } = outcome;
  console.error(
    `${failed > 0 ? 'FAIL' : passed > 0 ? 'ok  ' : 'skip'}  ${file.padEnd(44)} ${count(passed)} passed ${count(failed)} failed ${count(skipped)} no suite`,
  );
  for (const { title, reason } of failures.slice(0, 20)) console.error(`        ${title}: ${reason}`);
  if (failures.length > 20) console.error(`        and ${failures.length - 20} more`);
}
const sum = (key: 'passed' | 'failed' | 'skipped'): number => outcomes.reduce((total, outcome) => total + outcome[key], 0);
report(
  { ok: outcomes.length > 0 && sum('failed') === 0, files: outcomes.map(({ file, passed, failed, skipped }) => ({ file, passed, failed, skipped })) },
  outcomes.length > 0
    ? `${outcomes.length} files: ${sum('passed')} cases passed, ${sum('failed')} failed, ${sum('skipped')} have no suite`
    : `no vector file in ${given}`,
);

function count(n: number): string {
  return String(n).padStart(5);
}
