import { fromHex, toHex } from '../../lib/bytes.js';
import { sha256 } from '../../lib/hash.js';
import type { Output } from '../../names/bitcoin/transaction.js';
import { RpcError } from './errors.js';
import type { Rpc } from './node.js';
import { isCoinbase, outpoint, parseBlock, parseTx, type Block, type Tx } from './tx.js';

export interface Place {
  readonly hash: string;
  readonly height: number;
  /** Seconds since 1970. */
  readonly time: number;
}

/** An output the index has seen. `null` as a place: it waits in the mempool. */
export interface Known extends Output {
  readonly txid: string;
  readonly vout: number;
  readonly place: Place | null;
  /** Of its transaction in the block. */
  readonly index: number;
}

/** The transaction and input that spend an output. */
export interface Spend {
  readonly txid: string;
  readonly vin: number;
  readonly place: Place | null;
  readonly index: number;
}

export interface IndexedBlock {
  readonly hash: string;
  readonly header: Uint8Array;
  /** In block order. */
  readonly txids: readonly string[];
}

/** What was paid to and spent from scripts, read from a node's blocks. A script is named as Esplora names it: SHA-256 of its bytes, hex. */
export interface OutputIndex {
  /** Reads what the node has learnt since. */
  refresh(): Promise<void>;
  of(scriptHash: string): readonly Known[];
  output(point: { readonly txid: string; readonly vout: number }): Known | null;
  spender(point: { readonly txid: string; readonly vout: number }): Spend | null;
  waiting(): readonly Tx[];
  /** Blocks read: one more than the height of the last. */
  length(): number;
  block(height: number): IndexedBlock | null;
}

interface Layer {
  readonly outputs: Map<string, Known>;
  readonly spends: Map<string, Spend>;
  readonly scripts: Map<string, Set<string>>;
}

/** Blocks are read once, in order; those of a lost branch are taken back. The mempool is a layer of its own, made anew. */
export function createOutputIndex(rpc: Rpc): OutputIndex {
  const blocks: { place: Place; block: Block }[] = [];
  const chain = layer();
  const known = new Map<string, Tx>();
  let pool = layer();
  let reading: Promise<void> | null = null;

  async function read(): Promise<void> {
    const height = Number(await rpc('getblockcount'));
    for (let last = blocks.at(-1); last; last = blocks.at(-1)) {
      if (last.place.height <= height && (await rpc('getblockhash', [last.place.height])) === last.place.hash) break;
      blocks.pop();
      for (const tx of last.block.transactions) takeBack(chain, tx);
    }
    while (blocks.length <= height) {
      const hash = String(await rpc('getblockhash', [blocks.length]));
      const block = parseBlock(fromHex(String(await rpc('getblock', [hash, 0]))));
      const place = { hash, height: blocks.length, time: new DataView(block.header.buffer, block.header.byteOffset).getUint32(68, true) };
      block.transactions.forEach((tx, index) => add(chain, tx, place, index));
      blocks.push({ place, block });
    }
    await readMempool();
  }

  async function readMempool(): Promise<void> {
    const txids = (await rpc('getrawmempool')) as readonly string[];
    const here = new Set(txids);
    const gone = [...known.keys()].filter((txid) => !here.has(txid));
    const come: Tx[] = [];
    for (const txid of txids) if (!known.has(txid)) come.push(parseTx(fromHex(String(await rpc('getrawtransaction', [txid])))));
    if (gone.length + come.length === 0) return;
    for (const txid of gone) known.delete(txid);
    for (const tx of come) known.set(tx.txid, tx);
    pool = layer();
    for (const tx of known.values()) add(pool, tx, null, 0);
  }

  return {
    refresh: async () => {
      // A block that leaves while it is read makes a call fail: what is new is then read again.
      reading ??= read()
        .catch((error: unknown) => {
          if (error instanceof RpcError) return read();
          throw error;
        })
        .finally(() => (reading = null));
      await reading;
    },
    of: (scriptHash) => {
      const points = new Set([...(chain.scripts.get(scriptHash) ?? []), ...(pool.scripts.get(scriptHash) ?? [])]);
      return [...points].flatMap((point) => chain.outputs.get(point) ?? pool.outputs.get(point) ?? []);
    },
    output: (point) => chain.outputs.get(outpoint(point)) ?? pool.outputs.get(outpoint(point)) ?? null,
    spender: (point) => chain.spends.get(outpoint(point)) ?? pool.spends.get(outpoint(point)) ?? null,
    waiting: () => [...known.values()],
    length: () => blocks.length,
    block: (height) => {
      const found = blocks[height];
      return found ? { hash: found.place.hash, header: found.block.header, txids: found.block.transactions.map((tx) => tx.txid) } : null;
    },
  };
}

export function scriptHashOf(script: Uint8Array): string {
  return toHex(sha256(script));
}

function layer(): Layer {
  return { outputs: new Map(), spends: new Map(), scripts: new Map() };
}

function add({ outputs, spends, scripts }: Layer, tx: Tx, place: Place | null, index: number): void {
  if (!isCoinbase(tx.transaction)) tx.transaction.inputs.forEach((input, vin) => spends.set(outpoint(input), { txid: tx.txid, vin, place, index }));
  tx.transaction.outputs.forEach((output, vout) => {
    const point = outpoint({ txid: tx.txid, vout });
    outputs.set(point, { ...output, txid: tx.txid, vout, place, index });
    const hash = scriptHashOf(output.script);
    scripts.set(hash, (scripts.get(hash) ?? new Set()).add(point));
  });
}

function takeBack({ outputs, spends, scripts }: Layer, tx: Tx): void {
  for (const input of tx.transaction.inputs) spends.delete(outpoint(input));
  tx.transaction.outputs.forEach((output, vout) => {
    const point = outpoint({ txid: tx.txid, vout });
    outputs.delete(point);
    scripts.get(scriptHashOf(output.script))?.delete(point);
  });
}
