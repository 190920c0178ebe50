import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { root } from '../entries.ts';

/** Inputs that reached what no other had: `.cache/fuzz/NAME/corpus`; and those that broke a law: `.cache/fuzz/NAME/crash-…`. */
export const folderOf = (parser: string): string => resolve(root, '.cache/fuzz', parser);

/** The smallest first. */
export function loadCorpus(parser: string): Uint8Array[] {
  const folder = join(folderOf(parser), 'corpus');
  if (!existsSync(folder)) return [];
  const inputs = readdirSync(folder).map((name) => new Uint8Array(readFileSync(join(folder, name))));
  return inputs.sort((a, b) => a.length - b.length);
}

export function saveInput(parser: string, input: Uint8Array): void {
  const folder = join(folderOf(parser), 'corpus');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, nameOf(input)), input);
}

export function dropInput(parser: string, input: Uint8Array): void {
  rmSync(join(folderOf(parser), 'corpus', nameOf(input)), { force: true });
}

/** Its path, under the root of the repository. */
export function saveCrash(parser: string, input: Uint8Array): string {
  mkdirSync(folderOf(parser), { recursive: true });
  const name = `crash-${nameOf(input)}`;
  writeFileSync(join(folderOf(parser), name), input);
  return `.cache/fuzz/${parser}/${name}`;
}

function nameOf(input: Uint8Array): string {
  return createHash('sha256').update(input).digest('hex').slice(0, 16);
}
