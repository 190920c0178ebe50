import { fromHex, fromUtf8, reversed, toBase64, toHex, toUtf8 } from '../lib/bytes.js';
import { hash256 } from '../lib/hash.js';
import { encodeCall, encodeResponse, parseCall, parseResponse, type XmlRpcValue } from '../lib/xmlrpc.js';
import { jsonLie, type Lie } from './liar.js';

type Fields = Readonly<Record<string, unknown>>;

/** An Esplora server that serves a header at `height` whose hash misses the target (regtest: the top bit is set). */
export function forgedHeader(height: number): Lie {
  return jsonLie(
    (path) => path.startsWith('/blocks'),
    (blocks) =>
      Array.isArray(blocks) && blocks.some((block: Fields) => block['height'] === height)
        ? blocks.map((block: Fields) => (block['height'] === height ? withoutWork(block) : block))
        : null,
  );
}

/** A core node that shows a name with another owner. */
export function wrongRecord(owner: string): Lie {
  return nodeLie('get_name_blockchain_record', (answer) => editRecord(answer, (record) => ({ ...record, address: owner })));
}

/** A core node that edits what no consensus hash commits to: here, how long the name is paid for. */
export function editedField(): Lie {
  return nodeLie('get_name_blockchain_record', (answer) =>
    editRecord(answer, (record) => ({ ...record, expire_block: 9_999_999, renewal_deadline: 9_999_999 })),
  );
}

/** A core node that shows a name as it stood before its latest operation. */
export function hiddenOperation(): Lie {
  return nodeLie('get_name_blockchain_record', (answer) =>
    editRecord(answer, (record) => {
      const history = record['history'] as Readonly<Record<string, readonly Fields[]>>;
      const heights = Object.keys(history)
        .map(Number)
        .sort((a, b) => a - b);
      const kept = heights.slice(0, -1);
      const before = history[String(kept.at(-1))]?.at(-1);
      return { ...record, ...before, history: Object.fromEntries(kept.map((height) => [height, history[String(height)]])) };
    }),
  );
}

/**
 * A core node that hides a name's latest operation, at height `a`, by swapping the labels of `a` and `b` wherever they occur. Consensus hashes do not
 * commit to heights: a skip list alone can be led past it (BNS d.1).
 */
export function swappedHeights(a: number, b: number): Lie {
  const other = (height: unknown): XmlRpcValue => (height === a ? b : height === b ? a : (height as number));
  const hidden = hiddenOperation();
  return async (exchange) => {
    if (exchange.method !== 'POST' || exchange.status !== 200) return null;
    const { method, params } = parseCall(toUtf8(exchange.asked));
    if (/^get_(?:num_)?blockstack_ops(?:_hash)?_at$/.test(method)) return exchange.ask(fromUtf8(encodeCall(method, [other(params[0]), ...params.slice(1)])));
    return (await swappedLabels(a, b)(exchange)) ?? (await swappedRange(a, b)(exchange)) ?? hidden(exchange);
  };
}

function swappedRange(a: number, b: number): Lie {
  return nodeLie('get_blockstack_ops_hashes', (answer, [first]) => {
    const hashes = [...(answer['ops_hashes'] as unknown[])];
    const [i, j] = [a - Number(first), b - Number(first)];
    if (!(i in hashes && j in hashes)) return null;
    [hashes[i], hashes[j]] = [hashes[j], hashes[i]];
    return { ...answer, ops_hashes: hashes };
  });
}

function swappedLabels(a: number, b: number): Lie {
  return nodeLie('get_consensus_hashes', (answer) => {
    const hashes = answer['consensus_hashes'] as Fields;
    return a in hashes && b in hashes ? { ...answer, consensus_hashes: { ...hashes, [a]: hashes[b], [b]: hashes[a] } } : null;
  });
}

/** An Atlas peer that answers other bytes than those asked for. */
export function wrongZoneFile(text: string): Lie {
  return nodeLie('get_zonefiles', (answer) => {
    const files = answer['zonefiles'] as Fields;
    return { ...answer, zonefiles: Object.fromEntries(Object.keys(files).map((hash) => [hash, toBase64(fromUtf8(text))])) };
  });
}

/** A host that answers `body` for every path that ends so. */
export function otherFile(ending: string, body: Uint8Array): Lie {
  return ({ method, path, status }) => (method === 'GET' && status === 200 && path.split('?')[0]?.endsWith(ending) ? body : null);
}

/** A lie in one XML-RPC method of a core node. */
function nodeLie(method: string, edit: (answer: Fields, params: readonly unknown[]) => unknown): Lie {
  return ({ asked, body, status, method: verb }) => {
    if (verb !== 'POST' || status !== 200) return null;
    const call = parseCall(toUtf8(asked));
    if (call.method !== method) return null;
    const edited = edit(JSON.parse(parseResponse(toUtf8(body)) as string) as Fields, call.params);
    return edited === null ? null : fromUtf8(encodeResponse(JSON.stringify(edited)));
  };
}

function editRecord(answer: Fields, edit: (record: Fields) => Fields): Fields | null {
  const { record } = answer;
  return typeof record === 'object' && record !== null ? { ...answer, record: edit(record as Fields) } : null;
}

function withoutWork(block: Fields): Fields {
  const header = new Uint8Array(80);
  const view = new DataView(header.buffer);
  view.setInt32(0, Number(block['version']), true);
  header.set(reversed(fromHex(String(block['previousblockhash']))), 4);
  header.set(reversed(fromHex(String(block['merkle_root']))), 36);
  view.setUint32(68, Number(block['timestamp']), true);
  view.setUint32(72, Number(block['bits']), true);
  for (let nonce = 0; ; nonce++) {
    view.setUint32(76, nonce, true);
    const hash = reversed(hash256(header));
    if ((hash[0] ?? 0) >= 0x80) return { ...block, nonce, id: toHex(hash) };
  }
}
