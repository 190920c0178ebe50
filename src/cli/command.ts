import { parseArgs, type ParseArgsConfig } from 'node:util';
import { withConfig } from './config.js';
import { groups, options, type OptionName, type Values } from './options.js';
import { teller, type Teller } from './teller.js';
import type { Terminal } from './transcript.js';
import { usage } from './usage.js';

/** One command: what it takes and what it does. */
export interface Command {
  /** What stands behind its words, for help. */
  readonly synopsis: string;
  readonly about: string;
  readonly options: readonly OptionName[];
  /** How many arguments besides options it takes. */
  readonly words?: readonly [least: number, most: number];
  /** Says of options what help is to say here. */
  readonly help?: Readonly<Partial<Record<OptionName, string>>>;
  /** Ends itself in order at Ctrl-C. */
  readonly endsItself?: boolean;
  /** Answers the exit code. */
  readonly run: (call: Call) => Promise<number>;
}

/** What a command is called with. */
export interface Call {
  readonly values: Values;
  /** E.g. the names. */
  readonly words: readonly string[];
  readonly terminal: Terminal;
  readonly tell: Teller;
  /** Aborted at Ctrl-C. */
  readonly signal: AbortSignal;
  /** What to say after Ctrl-C: how to go on. */
  hint: string | null;
}

/** @throws {@link usage} or what `parseArgs` throws */
export async function parseCall(command: Command, name: string, args: readonly string[], terminal: Terminal, signal: AbortSignal): Promise<Call | 'help'> {
  const taken = [...new Set<OptionName>([...groups.told, ...command.options])];
  const config: ParseArgsConfig = {
    args: [...args],
    allowPositionals: true,
    options: Object.fromEntries(taken.map((option) => [option, specOf(option)])),
  };
  const { values: given, positionals: words } = parseArgs(config);
  if (given['help'] === true) return 'help';
  const values = await withConfig(given, taken);
  const [least, most] = command.words ?? [0, 0];
  if (words.length < least || words.length > most) throw usage(`${name} takes ${counted(least, most)}, not ${words.length}: ${name} ${command.synopsis}`);
  return { values, words, terminal, tell: teller(terminal, values.quiet === true), signal, hint: null };
}

/** The help of one command. */
export function helpOf(command: Command, name: string): string {
  const taken = [...new Set<OptionName>([...command.options, ...groups.told])];
  const rows = taken.map((option): readonly [string, string] => {
    const { value, help, multiple } = options[option] as { readonly value?: string; readonly help: string; readonly multiple?: boolean };
    return [`--${option}${value === undefined ? '' : ` ${value}`}${multiple ? ' …' : ''}`, command.help?.[option] ?? help];
  });
  const width = Math.min(32, Math.max(...rows.map(([left]) => left.length)));
  const lines = rows.map(([left, right]) => (left.length > width ? `  ${left}\n  ${' '.repeat(width)}  ${right}` : `  ${left.padEnd(width)}  ${right}`));
  return `namestead ${name} ${command.synopsis}\n\n${command.about}\n\n${lines.join('\n')}\n`;
}

function specOf(option: OptionName): { type: 'string' | 'boolean'; multiple?: boolean; short?: string } {
  const { type, multiple } = options[option] as { readonly type: 'string' | 'boolean'; readonly multiple?: boolean };
  return { type, ...(multiple ? { multiple } : {}), ...(option === 'help' ? { short: 'h' } : {}) };
}

function counted(least: number, most: number): string {
  if (most === 0) return 'no arguments';
  if (least === most) return least === 1 ? 'one argument' : `${least} arguments`;
  return most === Infinity ? `${least} or more arguments` : `${least} to ${most} arguments`;
}
