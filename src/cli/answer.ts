import { printable } from '../lib/errors.js';
import type { Call } from './command.js';
import { jsonLine } from './transcript.js';

/** Writes a command's answer: one line of JSON, or lines for people. */
export function answer({ values, terminal, tell }: Call, value: Readonly<Record<string, unknown>>, lines: readonly string[]): void {
  tell.clear();
  // What others wrote may hold escape sequences; a terminal obeys them. Tabs stand in zone files.
  terminal.out.write(values.json ? jsonLine(value) : `${lines.map((line) => line.split('\t').map(printable).join('\t')).join('\n')}\n`);
}

/** Rows with their columns beneath one another. */
export function table(rows: readonly (readonly string[])[], indent = '  '): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => indent + row.map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0))).join('  '));
}

/** Satoshi with the unit people count in. */
export function satoshi(amount: bigint): string {
  return `${amount} sat`;
}
