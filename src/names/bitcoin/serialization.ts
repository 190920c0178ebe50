import { NamesteadError } from '../../lib/errors.js';

const nameFields = [
  'name',
  'value_hash',
  'sender',
  'sender_pubkey',
  'address',
  'block_number',
  'preorder_block_number',
  'first_registered',
  'last_renewed',
  'revoked',
  'op',
  'txid',
  'vtxindex',
  'op_fee',
  'importer',
  'importer_address',
] as const;

const revealFields = [
  'namespace_id',
  'preorder_hash',
  'version',
  'sender',
  'sender_pubkey',
  'address',
  'recipient',
  'recipient_address',
  'block_number',
  'reveal_block',
  'op',
  'txid',
  'vtxindex',
  'lifetime',
  'coeff',
  'base',
  'buckets',
  'nonalpha_discount',
  'no_vowel_discount',
] as const;

/** The fields a consensus hash commits to, in order, by the first character of `op`; BNS (c.2). Nothing else in a record is proved. */
export const committedFields: Readonly<Record<string, readonly string[]>> = {
  '?': ['preorder_hash', 'consensus_hash', 'sender', 'sender_pubkey', 'address', 'block_number', 'op', 'txid', 'vtxindex', 'op_fee'],
  ':': [...nameFields, 'sender', 'address'],
  '+': [...nameFields, 'name_consensus_hash', 'consensus_hash'],
  '>': [...nameFields, 'name_hash128', 'consensus_hash', 'keep_data'],
  '~': nameFields,
  ';': [...nameFields, 'sender', 'address'],
  '*': ['preorder_hash', 'consensus_hash', 'op', 'op_fee', 'txid', 'vtxindex', 'block_number', 'sender', 'sender_pubkey', 'address'],
  '&': revealFields,
  '!': [...revealFields, 'ready_block'],
  $: [
    'sender',
    'address',
    'recipient',
    'recipient_address',
    'token_units',
    'token_fee',
    'block_id',
    'op',
    'txid',
    'vtxindex',
    'consensus_hash',
    'scratch_area',
  ],
};

/**
 * The text whose hash stands for an operation in its block's operations hash; BNS (c.2). `fields` is the operation as a core node
 * tells it, after it took effect. Integers and text only: a value of another shape is refused.
 * @throws NamesteadError `Malformed` naming the field
 */
export function serializeOperation(fields: Readonly<Record<string, unknown>>): string {
  const op = fields['op'];
  const code = typeof op === 'string' ? op.slice(0, 1) : '';
  const committed = Object.hasOwn(committedFields, code) ? committedFields[code] : undefined;
  if (committed === undefined)
    throw new NamesteadError('Malformed', `the operation's field op is ${typeof op === 'string' ? JSON.stringify(op) : 'missing'}: no known opcode`);
  return `${code}:${committed.map((field) => serializeField(fields, field)).join(',')}`;
}

function serializeField(fields: Readonly<Record<string, unknown>>, field: string): string {
  const text = field === 'op_fee' && isImported(fields) ? feeOfImport(fields[field]) : python2Text(fields[field], field);
  return `${text.length}:${text}`;
}

/**
 * A name made by an import keeps its price as a Python 2 float until it is registered anew, and `importer` stands for exactly
 * that time. JSON readers drop the `.0`, so the rule decides and never the number's spelling; BNS (c.2), (d.4).
 */
function isImported(fields: Readonly<Record<string, unknown>>): boolean {
  return typeof fields['importer'] === 'string' && fields['importer'] !== '';
}

function feeOfImport(fee: unknown): string {
  if (typeof fee !== 'number' || !Number.isFinite(fee)) throw malformed('op_fee', fee);
  return python2FloatText(fee);
}

function python2Text(value: unknown, field: string): string {
  if (value === null) return '';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'bigint' || (typeof value === 'number' && Number.isSafeInteger(value))) return value.toString();
  if (Array.isArray(value) && value.length <= 16 && value.every(Number.isSafeInteger)) return `[${value.join(', ')}]`;
  // Lengths are counted in bytes: text beyond ASCII never stands in an operation.
  if (typeof value === 'string' && /^[\x20-\x7e]*$/.test(value)) return value;
  throw malformed(field, value);
}

function malformed(field: string, value: unknown): NamesteadError {
  return new NamesteadError('Malformed', `the operation's field ${field} is ${value === undefined ? 'missing' : `not committable (${typeof value})`}`);
}

/**
 * `str(float)` of Python 2.7: 12 significant digits, `.0` behind whole numbers, an exponent from 1e+11 on and below 1e-4; BNS (c.2).
 */
export function python2FloatText(value: number): string {
  const rounded = tieToEven(value);
  const [mantissa = '', exponentText = '0'] = rounded.toExponential(11).split('e');
  const exponent = Number(exponentText);
  if (exponent < -4 || exponent >= 11) {
    return `${mantissa.replace(/\.?0+$/, '')}e${exponent < 0 ? '-' : '+'}${Math.abs(exponent).toString().padStart(2, '0')}`;
  }
  const text = rounded.toFixed(11 - exponent).replace(/0+$/, '');
  return text.endsWith('.') ? `${text}0` : text;
}

/** Python rounds a tie at the 12th digit to the even digit, JavaScript away from zero. */
function tieToEven(value: number): number {
  const [, sign = '', kept = '', rest = '', exponent = ''] = /^(-?)(\d\.\d{11})(\d+)(e.+)$/.exec(value.toExponential(100)) ?? [];
  const down = /^50*$/.test(rest) && Number(kept.slice(-1)) % 2 === 0;
  return down ? Number(`${sign}${kept}${exponent}`) : value;
}
