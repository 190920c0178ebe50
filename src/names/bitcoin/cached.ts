import { parseBlock, verifyInclusion } from './block.js';
import type { Header } from './header.js';
import type { BlockId, Inclusion } from './source.js';
import { openTransaction } from './transaction.js';
import { wrapped, type AnySource, type Asked, type Ports, type SourceCall } from './wrapped.js';

export interface CachedSourceOptions {
  /** The most bytes kept in memory; what was not used for longest goes first. Default 16 MiB. */
  readonly most?: number;
  /** The caller's own chain. With it the places of transactions are kept that it proves. */
  readonly chain?: { at(height: number): Header | null; tip(): { readonly height: number } } | undefined;
  /** Blocks above one before the places in it are kept. Default 6. */
  readonly depth?: number;
}

/** An entry of a list takes about so many bytes. */
const OVERHEAD = 200;

/**
 * Keeps what can never be another: transactions and blocks that hash to what was asked for, places that the caller's chain proves, filters by block.
 * Absence is not kept. A filter cannot be proved here: whoever asked holds it against its filter header, whether it was kept or not.
 * @example
 * const bitcoin = cached(esplora({ url }), { chain });
 */
export function cached<S extends AnySource>(source: S, { most = 16 << 20, chain, depth = 6 }: CachedSourceOptions = {}): Ports<S> {
  const kept = createKept(most);
  const keep = async <T>(
    { args: [id], method, options }: SourceCall,
    { ask }: Asked,
    isRight: (answer: T) => void,
    size: (answer: T) => number,
  ): Promise<T | null> => {
    const key = `${method} ${String(id)}`;
    const held = kept.get(key) as T | undefined;
    // A place may have been settled on another branch.
    if (held !== undefined && (method !== 'inclusion' || holds(() => isRight(held)))) return held;
    const answer = (await ask(options)) as T | null;
    if (answer !== null && holds(() => isRight(answer))) kept.put(key, answer, size(answer));
    return answer;
  };
  const settle = (txid: string, place: Inclusion): void => {
    const header = chain?.at(place.height);
    if (!chain || !header || chain.tip().height - place.height < depth) throw new TypeError('not settled');
    verifyInclusion(txid, place, header);
  };
  return wrapped([source], source.operator, async (call, [asked]) => {
    const id = String(call.args[0]);
    switch (call.method) {
      case 'transaction':
        return keep<Uint8Array>(
          call,
          asked,
          (bytes) => openTransaction(bytes, id),
          ({ length }) => length,
        );
      case 'block':
        return keep<Uint8Array>(
          call,
          asked,
          (bytes) => verifyBlock(bytes, id),
          ({ length }) => length,
        );
      case 'inclusion':
        return keep<Inclusion>(
          call,
          asked,
          (place) => settle(id, place),
          ({ branch }) => 32 * branch.length,
        );
      case 'filters':
        return filters(kept, call, source);
      default:
        return asked.ask(call.options);
    }
  });
}

/** Blocks are asked for in one run, since a source takes no other: from the first that is missing to the last. */
async function filters(kept: Kept, { args: [given], options }: SourceCall, source: AnySource): Promise<readonly Uint8Array[]> {
  const blocks = given as readonly BlockId[];
  const held = blocks.map(({ hash }) => kept.get(`filter ${hash}`) as Uint8Array | undefined);
  const [first, last] = [held.indexOf(undefined), held.lastIndexOf(undefined)];
  if (first < 0) return held.flatMap((filter) => filter ?? []);
  const missing = blocks.slice(first, last + 1);
  const answer = await (source as unknown as FilterAsk).filters(missing, options);
  missing.forEach(({ hash }, i) => {
    const filter = answer[i];
    if (filter) kept.put(`filter ${hash}`, filter, filter.length);
  });
  return [...held.slice(0, first), ...answer, ...held.slice(last + 1)].flatMap((filter) => filter ?? []);
}

interface FilterAsk {
  filters(blocks: readonly BlockId[], options: SourceCall['options']): Promise<readonly Uint8Array[]>;
}

function verifyBlock(bytes: Uint8Array, hash: string): void {
  if (parseBlock(bytes).header.hash !== hash) throw new TypeError('another block');
}

function holds(check: () => void): boolean {
  try {
    check();
    return true;
  } catch {
    return false;
  }
}

interface Kept {
  get(key: string): unknown;
  put(key: string, value: unknown, size: number): void;
}

function createKept(most: number): Kept {
  const entries = new Map<string, { readonly value: unknown; readonly size: number }>();
  let total = 0;
  const drop = (key: string): void => {
    total -= entries.get(key)?.size ?? 0;
    entries.delete(key);
  };
  return {
    get: (key) => {
      const entry = entries.get(key);
      if (!entry) return undefined;
      // The last used stands last.
      entries.delete(key);
      entries.set(key, entry);
      return entry.value;
    },
    put: (key, value, size) => {
      drop(key);
      entries.set(key, { value, size: size + OVERHEAD });
      total += size + OVERHEAD;
      for (const oldest of entries.keys()) {
        if (total <= most) break;
        drop(oldest);
      }
    },
  };
}
