import { readdir } from 'node:fs/promises';
import { NamesteadError } from '../lib/errors.js';

export const planKinds = ['register', 'update', 'transfer', 'renew', 'revoke', 'import', 'namespace', 'fund'] as const;

/** A plan that a journal holds, by what its key says. */
export interface PlanEntry {
  readonly key: string;
  readonly kind: (typeof planKinds)[number];
  readonly network: string;
  readonly name: string;
}

const MOST_ENTRIES = 100_000;

/** The plans in a journal's folder; nothing where there is no folder. @throws NamesteadError `StorageFailed` */
export async function plansIn(directory: string): Promise<readonly PlanEntry[]> {
  const files = await readdir(directory).catch((cause: unknown) => {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown';
    if (code === 'ENOENT') return [];
    throw new NamesteadError('StorageFailed', `${directory} could not be read (${code})`, { cause });
  });
  const keys = new Set(files.slice(0, MOST_ENTRIES).flatMap((file) => keyOf(file) ?? []));
  return [...keys].sort().flatMap((key) => entryOf(key) ?? []);
}

/** As `fileJournal` names its files: the key encoded, then the generation. */
function keyOf(file: string): string | null {
  const [, encoded = ''] = /^([^@]+)(?:@\d+)?\.journal$/.exec(file) ?? [];
  try {
    return encoded === '' ? null : decodeURIComponent(encoded);
  } catch {
    return null;
  }
}

function entryOf(key: string): PlanEntry | null {
  const [word, network, name, ...more] = key.split(' ');
  const kind = planKinds.find((each) => each === word);
  return kind && network !== undefined && name !== undefined && more.length === 0 ? { key, kind, network, name } : null;
}
