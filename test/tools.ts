import { accessSync, constants } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';

/** Programs that npm does not install. Tests that need one read the variable and skip themselves without it. */
const tools = [
  {
    variable: 'BITCOIND',
    names: ['bitcoind'],
    places: [resolve('.cache/bitcoind')],
    lost: 'the tests against a real bitcoind',
    cure: '`sh tools/bitcoind.sh .cache/bitcoind` (Debian, amd64), or set BITCOIND=/path/to/bitcoind',
  },
  {
    variable: 'CHROMIUM',
    names: ['chromium', 'chromium-browser', 'google-chrome'],
    places: [],
    lost: 'the tests in a real browser',
    cure: '`apt-get install chromium`, or set CHROMIUM=/path/to/chromium',
  },
] as const;

/** Where the programs are, and what to say of those that are not there; a variable that is set wins, one set to nothing means without. */
export function findTools(env: Readonly<Record<string, string | undefined>>): { found: Record<string, string>; missing: string[] } {
  const found: Record<string, string> = {};
  const missing: string[] = [];
  for (const { variable, names, places, lost, cure } of tools) {
    const folders = [...places, ...(env['PATH'] ?? '').split(delimiter)];
    const path = env[variable] ?? folders.flatMap((folder) => names.map((name) => join(folder, name))).find(isProgram);
    if (path) found[variable] = path;
    else missing.push(`left out: ${lost}; to run them: ${cure}`);
  }
  return { found, missing };
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Runs once before all tests (vitest's globalSetup); the workers inherit the variables. */
export function setup(): () => void {
  const { found, missing } = findTools(process.env);
  Object.assign(process.env, found);
  return () => {
    if (missing.length > 0) console.warn(`\n${missing.join('\n')}`);
  };
}
