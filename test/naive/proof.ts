import { createHash } from 'node:crypto';

/*
 * A second verifier of portable proofs, written from docs/proofs.md alone, top to bottom, over hex text. It shares no line with the
 * library: it is there to disagree. Slow and plain on purpose.
 */

export interface NaiveWorld {
  readonly network: {
    readonly name: string;
    readonly magic: string;
    readonly firstBlock: number;
    readonly genesisHash: string;
    readonly confirmations: number;
  };
  /** Lifetime factor and grace period at a height. */
  readonly epochAt: (height: number) => { readonly factor: number; readonly grace: number };
  readonly anchor: { readonly height: number; readonly hash: string; readonly consensusHash: string };
  readonly headersRoot?: { readonly height: number; readonly root: string } | undefined;
  /** Block hashes of the verifier's own chain by height, display hex. */
  readonly hashes?: readonly string[] | undefined;
  readonly now: number;
  readonly maxAge: number;
  readonly height?: number | undefined;
}

export interface NaiveRecord {
  readonly name: string;
  readonly owner: string;
  readonly zoneFileHash: string | null;
  readonly height: number;
  readonly txid: string;
}

/** Where a field stands in the file, for the example in the document. */
export interface Seen {
  readonly at: number;
  readonly hex: string;
  readonly what: string;
}

const digest = (kind: string, hex: string): string => createHash(kind).update(hex, 'hex').digest('hex');
const sha = (hex: string): string => digest('sha256', hex);
const dsha = (hex: string): string => sha(sha(hex));
const h160 = (hex: string): string => digest('ripemd160', sha(hex));
const h128 = (hex: string): string => sha(hex).slice(0, 32);
const flip = (hex: string): string => (hex.match(/../g) ?? []).reverse().join('');
const little = (hex: string): number => parseInt(flip(hex), 16);
const hexOf = (text: string): string => Array.from(text, (char) => char.charCodeAt(0).toString(16).padStart(2, '0')).join('');
const textOf = (hex: string): string => (hex.match(/../g) ?? []).map((byte) => String.fromCharCode(parseInt(byte, 16))).join('');

function demand(holds: boolean, step: string): asserts holds {
  if (!holds) throw new Error(step);
}

/** Takes hex from the front, byte by byte. */
function tapeOf(hex: string) {
  let at = 0;
  const take = (bytes: number): string => {
    demand(2 * (at + bytes) <= hex.length, 'cut short');
    at += bytes;
    return hex.slice(2 * (at - bytes), 2 * at);
  };
  const int = (bytes: number): number => little(take(bytes));
  const compact = (): number => {
    const first = int(1);
    if (first < 253) return first;
    const value = int(2 ** (first - 252));
    demand(value >= (first === 253 ? 253 : first === 254 ? 65536 : 2 ** 32), 'CompactSize not shortest');
    return value;
  };
  return {
    take,
    int,
    compact,
    place: () => at,
    bytes: (most: number): string => {
      const length = compact();
      demand(length <= most, 'too long');
      return take(length);
    },
    text: (least: number, most: number): string => {
      const length = int(1);
      demand(length >= least && length <= most, 'text length');
      const text = textOf(take(length));
      demand(/^[\x20-\x7e]*$/.test(text), 'text');
      return text;
    },
    end: () => demand(2 * at === hex.length, 'bytes left over'),
  };
}

interface Part {
  height: number;
  header: string;
  branch: string[];
  hops: { height: number; ops: string; skips: number[] }[];
  operations: string[];
  transaction: string;
  path: string[];
  previous: string;
}

const N =
  'name value_hash sender sender_pubkey address block_number preorder_block_number first_registered last_renewed revoked op txid vtxindex op_fee importer importer_address'.split(
    ' ',
  );
const reveal =
  'namespace_id preorder_hash version sender sender_pubkey address recipient recipient_address block_number reveal_block op txid vtxindex lifetime coeff base buckets nonalpha_discount no_vowel_discount'.split(
    ' ',
  );
const layouts: Record<string, string[]> = {
  ':': [...N, 'sender', 'address'],
  ';': [...N, 'sender', 'address'],
  '+': [...N, 'name_consensus_hash', 'consensus_hash'],
  '>': [...N, 'name_hash128', 'consensus_hash', 'keep_data'],
  '~': N,
  '?': 'preorder_hash consensus_hash sender sender_pubkey address block_number op txid vtxindex op_fee'.split(' '),
  '*': 'preorder_hash consensus_hash op op_fee txid vtxindex block_number sender sender_pubkey address'.split(' '),
  '&': reveal,
  '!': [...reveal, 'ready_block'],
  $: 'sender address recipient recipient_address token_units token_fee block_id op txid vtxindex consensus_hash scratch_area'.split(' '),
};
const numeric =
  'block_number preorder_block_number first_registered last_renewed vtxindex op_fee version reveal_block ready_block lifetime coeff base nonalpha_discount no_vowel_discount block_id'.split(
    ' ',
  );

/** Reads the file; tells `see` of every field. */
function read(file: string, see: (at: number, bytes: number, what: string) => void) {
  const tape = tapeOf(file);
  const noted = <T>(what: string, take: () => T): T => {
    const from = tape.place();
    const value = take();
    see(from, tape.place() - from, what);
    return value;
  };
  demand(file.length <= 2 * 1048576, 'file too large');
  demand(noted('magic', () => tape.take(4)) === hexOf('bnsp'), 'magic');
  demand(noted('version', () => tape.int(1)) === 1, 'version');
  const network = noted('network name', () => tape.text(1, 40));
  const magic = noted('network magic', () => textOf(tape.take(2)));
  const firstBlock = noted('first block', () => tape.int(4));
  const genesis = noted('genesis hash', () => flip(tape.take(32)));
  const name = noted('name', () => tape.text(1, 40));
  const R = noted('root height', () => tape.int(4));
  const d = R === 0 ? 0 : R.toString(2).length;
  const blocks: Record<number, { header: string; branch: string[] }> = {};
  const block = (whose: string) => {
    const height = noted(`${whose}: height`, () => tape.int(4));
    blocks[height] ??= {
      header: noted(`${whose}: header`, () => tape.take(80)),
      branch: height <= R && d > 0 ? noted(`${whose}: branch`, () => Array.from({ length: d }, () => tape.take(32))) : [],
    };
    return { height, ...blocks[height] };
  };
  const anchor = block('anchor');
  const consensus = new Map([[anchor.height, noted('anchor: consensus hash', () => tape.take(16))]]);
  demand(anchor.height >= firstBlock, 'anchor below the first block');
  const visited = new Set<number>();
  const opsOf = new Map<number, string[]>();
  const part = (whose: string): Part => {
    const own = block(whose);
    demand(own.height >= firstBlock && own.height <= anchor.height, 'height outside');
    const hops: Part['hops'] = [];
    for (;;) {
      const h = Math.min(...[...consensus.keys()].filter((known) => known >= own.height));
      if (!visited.has(h)) {
        const skips: number[] = [];
        for (let i = 1; h - (2 ** i - 1) >= firstBlock; i++) skips.push(h - (2 ** i - 1));
        const ops = noted(`${whose}: operations hash of ${h}`, () => tape.take(32));
        for (const at of skips)
          if (!consensus.has(at)) {
            consensus.set(
              at,
              noted(`${whose}: consensus hash of ${at}`, () => tape.take(16)),
            );
          }
        hops.push({ height: h, ops, skips });
        visited.add(h);
      }
      if (h === own.height) break;
    }
    let operations = opsOf.get(own.height);
    if (!operations) {
      const count = noted(`${whose}: number of operations`, () => tape.compact());
      operations = [];
      for (let i = 0; i < count; i++) operations.push(noted(`${whose}: operation`, () => tape.bytes(1000)));
      opsOf.set(own.height, operations);
    }
    const transaction = noted(`${whose}: transaction`, () => tape.bytes(100000));
    const rows = noted(`${whose}: rows of the path`, () => tape.int(1));
    demand(rows <= 15, 'path too deep');
    const path = noted(`${whose}: path`, () => Array.from({ length: rows }, () => tape.take(32)));
    return { ...own, hops, operations, transaction, path, previous: noted(`${whose}: previous transaction`, () => tape.bytes(100000)) };
  };
  const operation = part('operation');
  const ready = part('ready');
  const flag = noted('zone file: whether it follows', () => tape.int(1));
  demand(flag < 2, 'zone file flag');
  const zoneFile = flag === 1 ? noted('zone file', () => tape.bytes(1048576)) : null;
  tape.end();
  return { network, magic, firstBlock, genesis, name, R, anchor, consensus, operation, ready, zoneFile };
}

/** Every field of a file, in order. */
export function dissect(file: string): Seen[] {
  const seen: Seen[] = [];
  read(file, (at, bytes, what) => {
    if (bytes > 0) seen.push({ at, hex: file.slice(2 * at, 2 * (at + bytes)), what });
  });
  return seen;
}

function tree(leaves: string[]): string {
  let row = leaves;
  while (row.length > 1) row = Array.from({ length: Math.ceil(row.length / 2) }, (_, i) => dsha((row[2 * i] ?? '') + (row[2 * i + 1] ?? row[2 * i] ?? '')));
  return row[0] ?? '';
}

function committed(leaves: string[]): string {
  return flip(tree([...leaves].sort().map(flip)));
}

function fieldsOf(hex: string): Record<string, string> {
  const text = textOf(hex);
  demand(/^[\x20-\x7e]*$/.test(text), 'operation is no plain text');
  const layout = layouts[text.slice(0, 1)];
  demand(layout !== undefined && text[1] === ':', 'unknown opcode');
  const fields: Record<string, string> = {};
  let rest = text.slice(2);
  for (const [i, field] of layout.entries()) {
    const found = /^(0|[1-9][0-9]*):/.exec(rest);
    demand(found !== null, 'field length');
    const [head, digits] = found;
    const value = rest.slice(head.length, head.length + Number(digits));
    demand(value.length === Number(digits), 'field cut');
    demand(fields[field] === undefined || fields[field] === value, 'field told twice');
    fields[field] = value;
    rest = rest.slice(head.length + value.length);
    if (i < layout.length - 1) {
      demand(rest.startsWith(','), 'comma');
      rest = rest.slice(1);
    }
  }
  demand(rest === '' && fields['op']?.[0] === text[0], 'operation end');
  for (const field of numeric) {
    const value = fields[field] ?? '';
    const float = field === 'op_fee' && (fields['importer'] ?? '') !== '';
    // As Python 2 spells a float: with a point or an exponent, at most 12 digits that count.
    if (float) demand(/^(\d+\.\d+|\d(\.\d+)?e[+-]\d\d)$/.test(value) && value.replace(/e.*|\D/g, '').replace(/^0+|0+$/g, '').length <= 12, 'float');
    else demand(value === '' || (/^(0|[1-9][0-9]*)$/.test(value) && Number(value) <= Number.MAX_SAFE_INTEGER), 'number');
  }
  return fields;
}

interface Tx {
  readonly inputs: { txid: string; vout: number }[];
  readonly outputs: string[];
}

function readTx(hex: string): Tx {
  const tape = tapeOf(hex);
  tape.take(4);
  const inputs = Array.from({ length: tape.compact() }, () => {
    const input = { txid: flip(tape.take(32)), vout: tape.int(4) };
    tape.take(tape.compact());
    tape.take(4);
    return input;
  });
  // A count of no inputs is the mark of the form with witnesses.
  demand(inputs.length > 0, 'no inputs, or witnesses');
  const outputs = Array.from({ length: tape.compact() }, () => {
    tape.take(8);
    return tape.take(tape.compact());
  });
  tape.take(4);
  tape.end();
  return { inputs, outputs };
}

function looksLikeTx(hex: string): boolean {
  try {
    return readTx(hex).outputs.length > 0;
  } catch {
    return false;
  }
}

function openTx(hex: string, txid: string | undefined): Tx {
  demand(flip(dsha(hex)) === txid && hex.length !== 128, 'txid');
  return readTx(hex);
}

function base58check(payload: string): string {
  const bytes = payload + dsha(payload).slice(0, 8);
  let number = BigInt('0x' + bytes);
  let text = '';
  for (; number > 0n; number /= 58n) text = `${'123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'.charAt(Number(number % 58n))}${text}`;
  return '1'.repeat((/^(00)*/.exec(bytes)?.[0].length ?? 0) / 2) + text;
}

function addressOf(script: string): string | null {
  const key = /^76a914([0-9a-f]{40})88ac$/.exec(script)?.[1];
  const hash = /^a914([0-9a-f]{40})87$/.exec(script)?.[1];
  return key ? base58check('00' + key) : hash ? base58check('05' + hash) : null;
}

/** The one push after OP_RETURN, or null; a push that runs past the end yields what is there. */
function pushOf(script: string): string | null {
  const code = parseInt(script.slice(2, 4), 16);
  const width = { 0x4c: 1, 0x4d: 2, 0x4e: 4 }[code] ?? 0;
  if (!(code >= 1 && code <= 0x4e)) return null;
  const length = width === 0 ? code : little(script.slice(4, 4 + 2 * width));
  const rest = script.slice(4 + 2 * width);
  return rest.length <= 2 * length ? rest : null;
}

function pushes(fields: Record<string, string>, data: string): boolean {
  const { op = '', name = '', value_hash: hash = '', namespace_id: id = '', consensus_hash: consensus = '' } = fields;
  const long = hexOf(name).padEnd(74, '0') + hash;
  const isLong = /^[0-9a-f]{40}$/.test(hash) && data.startsWith(long) && (data.length === long.length || data.length === long.length + 16);
  if (op === ':') return hash === '' ? data === hexOf(name) : isLong;
  if (op === '::') return data === hexOf(name) || isLong;
  if (op === '+') return hash !== '' && data === h128(hexOf(name + consensus)) + hash;
  if (op === '>>') return fields['keep_data'] === 'True' && data.slice(0, -32) === '3e' + h128(hexOf(name)) && data.length === 66;
  if (op === '>~') return fields['keep_data'] === 'False' && hash === '' && data.slice(0, -32) === '7e' + h128(hexOf(name)) && data.length === 66;
  if (op === '~') return data === hexOf(name) && fields['revoked'] === 'True';
  if (op === ';') return data === hexOf(name);
  return op === '!' && data === '2e' + hexOf(id);
}

function pays(fields: Record<string, string>, outputs: string[]): boolean {
  const { op = '', sender = '', value_hash: hash = '' } = fields;
  if (op === ':') return outputs.length < 4 && outputs[1] === sender;
  if (op === '::') return outputs.length >= 4 && outputs[1] === sender;
  if (op === '>>' || op === '>~') return outputs[1] === sender;
  return op !== ';' || (outputs[1] === sender && outputs[2] === `76a914${hash}88ac`);
}

function sentBy(fields: Record<string, string>, script: string | undefined): boolean {
  const { op = '', sender, sender_pubkey: key, importer } = fields;
  if (script === undefined || addressOf(script) === null) return false;
  if (op === ':') return !key || script === `76a914${h160(key)}88ac`;
  if (op === '+' || op === '~' || op === '!') return script === sender;
  return op !== ';' || script === importer;
}

/** Says what the file proves, or throws. */
export function naiveVerify(file: string, world: NaiveWorld): NaiveRecord {
  // 1
  const proof = read(file, () => undefined);
  // 2
  const { network, anchor } = world;
  demand(
    proof.network === network.name && proof.magic === network.magic && proof.firstBlock === network.firstBlock && proof.genesis === network.genesisHash,
    '2',
  );
  const [, label = '', namespace = ''] = /^([a-z0-9_-]+)\.([a-z0-9_-]{1,19})$/.exec(proof.name) ?? [];
  demand(label !== '' && proof.name.length <= 37, '2: name');
  // 3
  const blockHash = (header: string): string => flip(dsha(header));
  demand(
    proof.anchor.height === anchor.height && blockHash(proof.anchor.header) === anchor.hash && proof.consensus.get(anchor.height) === anchor.consensusHash,
    '3',
  );
  // 6, needed here already
  const stands = ({ height, header, branch }: { height: number; header: string; branch: string[] }): 'yes' | 'no' | 'unknown' => {
    const own = world.hashes?.[height];
    if (own !== undefined && own !== blockHash(header)) return 'no';
    const root = world.headersRoot;
    const rooted = root && height <= root.height && proof.R === root.height;
    if (own !== undefined && !rooted) return 'yes';
    if (!root || height > root.height) return 'unknown';
    if (proof.R !== root.height) return 'no';
    let node = dsha(header);
    let last = root.height;
    for (const [i, sibling] of branch.entries()) {
      const place = Math.floor(height / 2 ** i);
      if (place % 2 === 0 && place + 1 > last && sibling !== node) return 'no';
      node = place % 2 === 1 ? dsha(sibling + node) : dsha(node + sibling);
      last = Math.floor(last / 2);
    }
    return flip(node) === root.root ? 'yes' : 'no';
  };
  demand(stands(proof.anchor) !== 'no', '3: block');
  // 4
  const time = little(proof.anchor.header.slice(136, 144));
  demand(time <= world.now + 7200 && world.now - time <= world.maxAge, '4');

  const open = (part: Part): Record<string, string>[] => {
    // 5
    for (const { height, ops, skips } of part.hops) {
      const root = committed([ops, ...skips.map((at) => proof.consensus.get(at) ?? '')]);
      demand(h160(root).slice(0, 32) === proof.consensus.get(height), `5: hop at ${height}`);
    }
    const fields = part.operations.map(fieldsOf);
    fields.forEach((each, i) => demand(i === 0 || Number(each['vtxindex']) > Number(fields[i - 1]?.['vtxindex']), '5: order'));
    return fields;
  };
  const hashAt = (height: number): string | undefined => [...proof.operation.hops, ...proof.ready.hops].find((hop) => hop.height === height)?.ops;
  const sealed = ({ operations, height }: Part): boolean =>
    new Set(operations).size === operations.length && committed(operations.length === 0 ? [dsha('')] : operations.map(dsha)) === hashAt(height);
  const check = (part: Part, fields: Record<string, string> | undefined): Record<string, string> => {
    // 6
    demand(stands(part) === 'yes', '6');
    // 7, or 11
    demand(fields !== undefined, '7');
    // 8
    const tx = openTx(part.transaction, fields['txid']);
    const index = Number(fields['vtxindex']);
    demand(fields['vtxindex'] !== '' && index < 2 ** part.path.length, '8: index');
    let node = dsha(part.transaction);
    for (const [i, sibling] of part.path.entries()) {
      const right = Math.floor(index / 2 ** i) % 2 === 1;
      demand(!(right && sibling === node), '8: twin');
      const pair = right ? sibling + node : node + sibling;
      demand(!looksLikeTx(pair), '8: node is a transaction');
      node = dsha(pair);
    }
    demand(node === part.header.slice(72, 136), '8: root');
    // 9
    const last = tx.outputs.filter((script) => script.startsWith('6a')).at(-1);
    const data = last === undefined ? null : pushOf(last);
    const prefix = hexOf(network.magic + (fields['op'] ?? '').slice(0, 1));
    demand(data?.startsWith(prefix) === true && pushes(fields, data.slice(prefix.length)) && pays(fields, tx.outputs), '9');
    // 10
    const [input] = tx.inputs;
    const script = openTx(part.previous, input?.txid).outputs[input?.vout ?? -1];
    demand(sentBy(fields, script), '10');
    return fields;
  };
  const [operations, readyOperations] = [open(proof.operation), open(proof.ready)];
  demand(sealed(proof.operation) && sealed(proof.ready), '5: operations hash');
  const fields = check(proof.operation, operations.filter((each) => each['name'] === proof.name).at(-1));
  // 11
  const ready = check(
    proof.ready,
    readyOperations.find((each) => each['op'] === '!' && each['namespace_id'] === namespace),
  );
  // 12
  const B = proof.operation.height;
  const k = Math.max(anchor.height, world.headersRoot?.height ?? 0, (world.hashes?.length ?? 1) - 1, world.height ?? 0);
  demand(fields['revoked'] === 'False', '12: revoked');
  const { factor, grace } = world.epochAt(k);
  const L = Number(ready['lifetime']) * factor + grace;
  demand(proof.ready.height + L > k || Number(fields['last_renewed']) + L >= k, '12: expired');
  const owner = addressOf(fields['sender'] ?? '');
  demand(owner !== null && owner === fields['address'], '12: address');
  demand(k - B + 1 >= network.confirmations, '12: confirmations');
  // 13
  const hash = fields['value_hash'] ?? '';
  demand(proof.zoneFile === null || (hash !== '' && !/^0*$/.test(hash) && h160(proof.zoneFile) === hash), '13');
  return { name: proof.name, owner, zoneFileHash: hash === '' || /^0{40}$/.test(hash) ? null : hash, height: B, txid: fields['txid'] ?? '' };
}
