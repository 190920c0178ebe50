import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';

/** The root of the repository. */
export const root = resolve(import.meta.dirname, '..');

export interface Entry {
  /** What users import, e.g. `namestead/storage/gaia`. */
  readonly specifier: string;
  /** The module beneath `src/` and `dist/`, without extension, e.g. `storage/adapters/gaia`. */
  readonly module: string;
  /** True where a browser can run it. */
  readonly browser: boolean;
}

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, string | { readonly require: string; readonly default: string }>>;
  readonly bin: Readonly<Record<string, string>>;
}

/** Rooms and adapters that run in Node.js only; of the devnet, pages need to know its network. */
const nodeOnly =
  /^(?:node|hub|cli|devnet(?!\/network$))\/|^(?:storage\/adapters\/disk|auth\/adapters\/loopback|names\/adapters\/fileJournal|names\/bitcoin\/adapters\/(?:electrumTcp|headerFile|p2p))$/;

export const manifest = JSON.parse(readFileSync(resolve(root, 'package.json'), 'utf8')) as Manifest;

/** The `exports` of package.json, written by hand there, are the one list of entry points. */
export const entries: readonly Entry[] = Object.entries(manifest.exports).flatMap(([subpath, target]) => {
  if (typeof target === 'string') return [];
  const module = target.default.replace(/^\.\/dist\/|\.js$/g, '');
  return [{ specifier: subpath.replace(/^\./, manifest.name), module, browser: !nodeOnly.test(module) }];
});

/** What the `namestead` command runs. */
export const commands: readonly string[] = Object.values(manifest.bin).map((path) => path.replace(/^(?:\.\/)?dist\/|\.js$/g, ''));

/** The source of a module. */
export function sourceOf(module: string): string {
  return resolve(root, 'src', `${module}.ts`);
}

/** Modules whose source exists, and the rest. */
export function present(modules: readonly string[]): { found: string[]; missing: string[] } {
  const found = modules.filter((module) => existsSync(sourceOf(module)));
  return { found, missing: modules.filter((module) => !found.includes(module)) };
}
