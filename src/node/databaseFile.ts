import { open } from 'node:fs/promises';
import { endianness } from 'node:os';
import { join } from 'node:path';

/** Where things stand on the two first pages of a file of LMDB 2, numbers in the order of the machine. */
const at = { magic: 24, version: 28, pageSize: 48, freeRoot: 88, mainRoot: 136, end: 144 } as const;
const MAGIC = 0xbeefc0de;
const VERSION = 2;
const NO_ROOT = 0xffffffff_ffffffffn;

/**
 * What is wrong with the database file of a folder; null when nothing is, or when there is none yet. LMDB maps the file and ends the process
 * over one that is none, so it is looked at before.
 */
export async function faultOfFile(directory: string): Promise<string | null> {
  const file = await open(join(directory, 'data.mdb')).catch(() => null);
  if (!file) return null;
  try {
    const { size } = await file.stat();
    if (size === 0) return null;
    const read = async (from: number): Promise<DataView> => {
      const bytes = new Uint8Array(at.end);
      await file.read(bytes, 0, bytes.length, from);
      return new DataView(bytes.buffer);
    };
    const first = await read(0);
    const pageSize = first.getUint32(at.pageSize, isLittle());
    const second = await read(pageSize);
    return faultOfPage(first, size) ?? faultOfPage(second, size);
  } finally {
    await file.close();
  }
}

function isLittle(): boolean {
  return endianness() === 'LE';
}

function faultOfPage(page: DataView, size: number): string | null {
  if (page.getUint32(at.magic, isLittle()) !== MAGIC) return 'its file is no database';
  if (page.getUint32(at.version, isLittle()) !== VERSION) return 'its file is of another LMDB';
  const pageSize = page.getUint32(at.pageSize, isLittle());
  const isInside = (root: bigint): boolean => root === NO_ROOT || root < BigInt(Math.floor(size / pageSize));
  const roots = [at.freeRoot, at.mainRoot].map((root) => page.getBigUint64(root, isLittle()));
  return pageSize >= 256 && roots.every(isInside) ? null : 'its file was cut short';
}
