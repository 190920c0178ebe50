import type { Random } from './mutate.js';

/** What readers of JSON stumble over, as text: some of it no value could stand for. */
const hostile = [
  ...['null', 'true', 'false', '0', '-0', '-1', '1.5', '1e999', '-1e999', '1e-999', '9007199254740993', '4294967296', '2147483648', '1e21', '21e14'],
  ...['""', '[]', '{}', '[[]]', '"\\ud800"', '"\\u0000"', '"0x10"', '"NaN"', '"__proto__"', '"\\u202e"', '" "', '"a.b"', '"-1"', '"00"'],
  ...['{"toString":0,"valueOf":0}', '{"toJSON":null}', '{"__proto__":{"x":1}}', '{"length":4294967295}', '{"constructor":{"prototype":{}}}', '{"then":1}'],
  ...[nested(70, '[', ']'), nested(70, '{"a":', '}'), nested(20_000, '[', ']'), `"${'a'.repeat(3000)}"`, `"${'0'.repeat(64)}"`, `"${'f'.repeat(2000)}"`],
  ...[`[${'0,'.repeat(300)}0]`, `[${'{},'.repeat(300)}{}]`, '[null,null]', '["","",""]', `{${Array.from({ length: 200 }, (_, i) => `"k${i}":0`).join()}}`],
];
const MARK = '\u0001hostile ';
const MARKED = /"\\u0001hostile (\d+)"/g;
const names = ['__proto__', 'toString', 'length', 'constructor', '', 'error', 'status', 'then'];

function nested(depth: number, open: string, close: string): string {
  return `${open.repeat(depth)}0${close.repeat(depth)}`;
}

/** The text of a JSON value with one to three changes of the value; `other` lends its parts. Text that is no JSON stays. */
export function editJson(text: string, other: string, next: Random): string {
  let value = parsed(text);
  if (value === undefined) return text;
  const lender = parsed(other);
  for (let left = 1 + (next() % 3); left > 0; left--) value = edit(value, lender, next, 0);
  return (JSON.stringify(value) ?? 'null').replace(MARKED, (_, at: string) => hostile[Number(at)] ?? 'null');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function edit(value: unknown, lender: unknown, next: Random, depth: number): unknown {
  const isBranch = typeof value === 'object' && value !== null;
  const choice = next() % 16;
  if (!isBranch || depth > 8) return leaf(value, lender, next);
  if (Array.isArray(value)) return choice < 11 && value.length > 0 ? within(value, lender, next, depth) : reshaped(value as unknown[], lender, next);
  const members = Object.entries(value);
  if (choice < 11 && members.length > 0) {
    const at = next() % members.length;
    return Object.fromEntries(members.map(([name, member], i) => [name, i === at ? edit(member, lender, next, depth + 1) : member]));
  }
  const at = next() % Math.max(1, members.length);
  const name = names[next() % names.length] ?? '';
  switch (choice) {
    case 11:
      return Object.fromEntries(members.filter((_, i) => i !== at));
    case 12:
      return Object.fromEntries([...members, [name, part(lender, next)]]);
    case 13:
      return Object.fromEntries(members.map(([key, member], i) => [i === at ? name : key, member]));
    case 14:
      return Object.fromEntries(members.map(([key, member], i) => [key, i === at ? (members[next() % members.length] ?? [])[1] : member]));
    default:
      return leaf(value, lender, next);
  }
}

function within(value: readonly unknown[], lender: unknown, next: Random, depth: number): unknown[] {
  const at = next() % value.length;
  return value.map((item, i) => (i === at ? edit(item, lender, next, depth + 1) : item));
}

function reshaped(value: readonly unknown[], lender: unknown, next: Random): unknown {
  const at = next() % Math.max(1, value.length);
  switch (next() % 6) {
    case 0:
      return value.filter((_, i) => i !== at);
    case 1:
      return [...value.slice(0, at), part(lender, next), ...value.slice(at)];
    case 2:
      return [...value, ...value];
    case 3:
      return value.length === 0 ? value : Array.from({ length: next() % 400 }, () => value[at]);
    case 4:
      return [...value].reverse();
    default:
      return leaf(value, lender, next);
  }
}

/** A whole value in place of another. */
function leaf(value: unknown, lender: unknown, next: Random): unknown {
  const choice = next();
  if (choice % 4 === 0) return part(lender, next);
  if (choice % 4 === 1 && typeof value === 'number') return [value + 1, value - 1, -value, value * 2, value + 0.5, value * 4294967296][(choice >>> 2) % 6];
  if (choice % 4 <= 2 && typeof value === 'string') return respelled(value, choice >>> 2, next);
  return `${MARK}${(choice >>> 2) % hostile.length}`;
}

function respelled(text: string, choice: number, next: Random): string {
  const at = text.length === 0 ? 0 : next() % text.length;
  const alternatives = [
    () => text.slice(0, at),
    () => text.slice(at),
    () => text.toUpperCase(),
    () => `${text}${text}`,
    () => `${text.slice(0, at)}${String.fromCharCode(next() % 128)}${text.slice(at + 1)}`,
    () => `${text.slice(0, at)}${String.fromCharCode(next() % 65536)}${text.slice(at)}`,
    () => `${text}\n`,
    () => ` ${text}`,
  ];
  return alternatives[choice % alternatives.length]?.() ?? text;
}

/** Some part of a value. */
function part(value: unknown, next: Random): unknown {
  let at = value;
  for (let left = next() % 5; left > 0 && typeof at === 'object' && at !== null; left--) {
    const parts = Object.values(at) as unknown[];
    if (parts.length === 0) break;
    at = parts[next() % parts.length];
  }
  return at;
}
