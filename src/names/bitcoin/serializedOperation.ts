import { NamesteadError } from '../../lib/errors.js';
import type { Fields } from '../../lib/shape.js';
import { committedFields, serializeOperation } from './serialization.js';

const numbers = /* @__PURE__ */ new Set([
  'block_number',
  'preorder_block_number',
  'first_registered',
  'last_renewed',
  'vtxindex',
  'op_fee',
  'version',
  'reveal_block',
  'ready_block',
  'lifetime',
  'coeff',
  'base',
  'nonalpha_discount',
  'no_vowel_discount',
  'block_id',
]);
const flags = /* @__PURE__ */ new Set(['revoked', 'keep_data']);

/**
 * The committed fields of an operation, read back from the text whose hash stands for it; BNS (c.2). The text is injective, so what is
 * read serializes to the same text or is refused: a number keeps its spelling, and a field that no hash commits to has no place.
 * @throws NamesteadError `ProofInvalid`
 */
export function parseSerialized(text: string): Fields {
  const names = Object.hasOwn(committedFields, text.slice(0, 1)) ? committedFields[text.slice(0, 1)] : undefined;
  if (!names || text[1] !== ':') throw invalid('has no known opcode');
  const fields: Record<string, unknown> = {};
  let at = 2;
  names.forEach((name, index) => {
    const [, digits = ''] = /^(0|[1-9]\d{0,3}):/.exec(text.slice(at, at + 5)) ?? [];
    const start = at + digits.length + 1;
    at = start + Number(digits);
    if (digits === '' || at > text.length || (index < names.length - 1 && text[at++] !== ',')) throw invalid(`cannot be read at its field ${name}`);
    fields[name] = valueOf(name, text.slice(start, start + Number(digits)));
  });
  if (at !== text.length || spelled(fields) !== text) throw invalid('is not spelled as it is committed');
  return fields;
}

function valueOf(name: string, text: string): unknown {
  if (text === '') return null;
  if (flags.has(name)) return text === 'True' || text === 'False' ? text === 'True' : text;
  return numbers.has(name) ? Number(text) : text;
}

function spelled(fields: Fields): string {
  try {
    return serializeOperation(fields);
  } catch (cause) {
    throw invalid('holds what is never committed', cause);
  }
}

function invalid(what: string, cause?: unknown): NamesteadError {
  return new NamesteadError('ProofInvalid', `a serialized operation ${what}`, { cause });
}
