import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import { suites } from './suites/index.js';
import type { Case, Suite, SuiteContext } from './suites/suite.js';

/** The project's own copy. */
export const ownVectors = resolve(import.meta.dirname, 'vectors');

/** Arrays of tests beside `cases`; every other top-level member is context. */
const caseArrays = [
  ...['cases', 'is_b40', 'keys_addresses', 'handlePendingSignIn', 'rejections', 'invalidMnemonics', 'triplesecLegacy', 'encryptToBadKey'],
  ...['leadingZeroSharedX', 'signedCiphertexts', 'associationTokens'],
];
const stacksCaseArrays = ['vectors', 'proofs', 'blocks', 'calls', 'addresses', 'invalid'];
const notVectors = /(?:^|\/)(?:INDEX\.json|README[^/]*|LICEN[CS]E[^/]*|[^/]*COPYRIGHT[^/]*|NOTICE[^/]*|[^/]*\.(?:mjs|js|ts|md|txt)|\.[^/]*)$/i;

export interface Outcome {
  readonly file: string;
  readonly passed: number;
  readonly failed: number;
  /** Cases that no suite ran. */
  readonly skipped: number;
  readonly failures: readonly { readonly title: string; readonly reason: string }[];
}

/** The folder with the specifications and all vectors that lies beside a checkout, where it does. */
export function sharedVectors(): string {
  const folder = resolve(import.meta.dirname, '../../shared/vectors');
  if (existsSync(folder)) return folder;
  throw new Error(`${folder} is missing: it holds the full set of vectors and is no part of this repository; the copy in test/vectors is enough for npm test`);
}

/** The vector files beneath `root`, by their path with `/`, sorted. */
export async function vectorFiles(root: string): Promise<string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'));
  return paths.filter((path) => !notVectors.test(path)).sort();
}

/** The suite of a file; a `*` in a suite's path stands for any characters but `/`. */
export function suiteOf(path: string): Suite | undefined {
  return suites[path] ?? Object.entries(suites).find(([pattern]) => pattern.includes('*') && matches(pattern, path))?.[1];
}

function matches(pattern: string, path: string): boolean {
  const escaped = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${escaped.join('[^/]*')}$`).test(path);
}

/** Runs every case of one file; nothing a file holds makes it throw. */
export async function runVectorFile(root: string, path: string): Promise<Outcome> {
  const failures: { title: string; reason: string }[] = [];
  const fail = (title: string, error: unknown): number => failures.push({ title, reason: reasonOf(error) });
  const suite = suiteOf(path);
  let bytes: Uint8Array;
  let defined: number;
  let cases: readonly Case[] = [];
  try {
    bytes = new Uint8Array(await readFile(join(root, path)));
    defined = countCases(path, bytes);
    if (suite) cases = await suite(bytes, contextOf(root));
  } catch (error) {
    fail('the file as a whole', error);
    return { file: path, passed: 0, failed: 1, skipped: 0, failures };
  }
  for (const one of cases) {
    try {
      await inTime(one.check());
    } catch (error) {
      fail(one.title, error);
    }
  }
  return { file: path, passed: cases.length - failures.length, failed: failures.length, skipped: Math.max(0, defined - cases.length), failures };
}

/** How many cases a file holds by definition; files of `bitcoin/` hold one each. */
export function countCases(path: string, bytes: Uint8Array): number {
  if (path.startsWith('bitcoin/') || !path.endsWith('.json')) return 1;
  const document: unknown = JSON.parse(new TextDecoder().decode(bytes));
  if (Array.isArray(document)) return document.length;
  if (typeof document !== 'object' || document === null) throw new Error('neither an object nor an array');
  const members = document as Readonly<Record<string, unknown>>;
  const names = path.startsWith('stacks/') ? [...caseArrays, ...stacksCaseArrays] : caseArrays;
  return names.map((name) => members[name]).reduce<number>((sum, list) => sum + (Array.isArray(list) ? list.length : 0), 0);
}

/** Another file is taken from the same folder, else from the project's own copy. */
function contextOf(root: string): SuiteContext {
  const bytes = async (path: string): Promise<Uint8Array> => {
    const place = [root, ownVectors].map((folder) => join(folder, path)).find((file) => existsSync(file));
    if (place === undefined) throw new Error(`${path} is needed and lies neither in ${root} nor in test/vectors`);
    return new Uint8Array(await readFile(place));
  };
  return { bytes, json: async (path) => JSON.parse(new TextDecoder().decode(await bytes(path))) as unknown };
}

async function inTime(work: void | Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no verdict within 60 seconds')), 60_000);
  });
  await Promise.race([work, late]).finally(() => clearTimeout(timer));
}

function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/\s+/g, ' ').slice(0, 300);
}
