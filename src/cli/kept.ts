import { join } from 'node:path';
import { headerFile } from '../names/bitcoin/adapters/headerFile.js';
import { hashHeader, HEADER_BYTES } from '../names/bitcoin/header.js';
import type { HeaderRun, HeaderStore } from '../names/bitcoin/headerStore.js';
import type { Network } from '../names/bitcoin/network.js';
import type { BlockId } from '../names/bitcoin/source.js';
import { home } from './home.js';
import type { Values } from './options.js';

/** Headers of earlier runs. */
export interface Kept {
  /** Undefined: none are kept, since a test chain's are soon another's. */
  readonly store: HeaderStore | undefined;
  readonly path: string | null;
  /** The height of the first; null: none are there yet. */
  readonly from: number | null;
  readonly tip: BlockId | null;
}

/** @throws NamesteadError `StoreCorrupt`, `StorageFailed` */
export async function openKept({ headers }: Values, { bitcoin }: Network): Promise<Kept> {
  const path = headers ?? (bitcoin.work === 'proved' ? join(home(), 'headers', bitcoin.name) : null);
  if (path === null) return { store: undefined, path, from: null, tip: null };
  const file = headerFile({ path });
  let first: Promise<HeaderRun | null> | null = file.load();
  const run = await first;
  return {
    path,
    // What was read to know where it begins need not be read again.
    store: {
      load: () => {
        const loaded = first ?? file.load();
        first = null;
        return loaded;
      },
      save: (more) => file.save(more),
    },
    from: run?.from ?? null,
    tip: run ? tipOf(run) : null,
  };
}

function tipOf({ from, headers }: HeaderRun): BlockId {
  return { height: from + headers.length / HEADER_BYTES - 1, hash: hashHeader(headers.subarray(-HEADER_BYTES)) };
}
