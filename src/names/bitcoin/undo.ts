import type { Index, Table, Tables } from './table.js';

/** What a block changed, as data: a row as it was before (absent: there was none), or a member that came or went. */
export type Change =
  | { readonly table: string; readonly key: string | number; readonly before?: unknown }
  | { readonly index: string; readonly key: string; readonly member: string; readonly added: boolean };

/** Tables whose changes are written down as they are made. */
export interface Journal {
  readonly tables: Tables;
  /** Changes of the block under way, first to last. */
  page: Change[];
}

/** Sets or, with undefined, deletes. */
export function put<K extends string | number, V>(journal: Journal, table: Table<K, V>, key: K, value: V | undefined): void {
  journal.page.push({ table: table.name, key, before: table.get(key) });
  write(table, key, value);
}

export function enter({ page }: Journal, index: Index, key: string, member: string): void {
  index.add(key, member);
  page.push({ index: index.name, key, member, added: true });
}

export function leave({ page }: Journal, index: Index, key: string, member: string): void {
  index.remove(key, member);
  page.push({ index: index.name, key, member, added: false });
}

/** Takes changes back, from the last to the first. */
export function takeBack(tables: Tables, page: readonly Change[]): void {
  for (let at = page.length - 1; at >= 0; at--) {
    const change = page[at];
    if (!change) continue;
    if ('table' in change) write(tables.table(change.table), change.key, change.before);
    else if (change.added) tables.index(change.index).remove(change.key, change.member);
    else tables.index(change.index).add(change.key, change.member);
  }
}

function write<K extends string | number, V>(table: Table<K, V>, key: K, value: V | undefined): void {
  if (value === undefined) table.delete(key);
  else table.set(key, value);
}
