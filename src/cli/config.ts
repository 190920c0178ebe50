import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isFields } from '../lib/shape.js';
import { home } from './home.js';
import { options, type OptionName, type Values } from './options.js';
import { usage } from './usage.js';

const MOST_BYTES = 1 << 20;

/**
 * What the command line leaves out comes from a JSON file `{"network": "mainnet", "esplora": ["https://…"]}`: options by name. What the
 * command does not take is left aside.
 */
export async function withConfig(given: Values, taken: readonly OptionName[]): Promise<Values> {
  const path = given.config ?? join(home(), 'config.json');
  const text = await readText(path, given.config === undefined);
  if (text === null) return given;
  const fields = readFields(text, path);
  const kept = Object.entries(fields).filter(([option]) => (taken as readonly string[]).includes(option));
  return { ...Object.fromEntries(kept), ...given };
}

async function readText(path: string, optional: boolean): Promise<string | null> {
  try {
    const bytes = await readFile(path);
    if (bytes.length > MOST_BYTES) throw usage(`${path} is too large for a configuration`);
    return bytes.toString('utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (optional && (code === 'ENOENT' || code === 'ENOTDIR')) return null;
    if (code === 'USAGE') throw error;
    throw usage(`${path} cannot be read (${code})`);
  }
}

function readFields(text: string, path: string): Readonly<Record<string, unknown>> {
  let fields: unknown;
  try {
    fields = JSON.parse(text);
  } catch {
    throw usage(`${path} is no JSON`);
  }
  if (!isFields(fields)) throw usage(`${path} is to hold an object: options by their names`);
  for (const [name, value] of Object.entries(fields)) {
    if (!Object.hasOwn(options, name) || name === 'config' || name === 'help' || name === 'yes')
      throw usage(`${path}: there is no option ${JSON.stringify(name)} to set`);
    const { type, multiple } = options[name as OptionName] as { readonly type: string; readonly multiple?: boolean };
    const fits = multiple ? Array.isArray(value) && value.length < 100 && value.every((each) => typeof each === 'string') : typeof value === type;
    if (!fits) throw usage(`${path}: ${name} takes ${multiple ? 'a list of strings' : `a ${type}`}`);
  }
  return fields;
}
