import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { toHex } from '../lib/bytes.js';
import { NamesteadError } from '../lib/errors.js';
import { randomBytes } from '../lib/key.js';

/** Tells who holds a folder: the number of a process. */
const NAME = 'holder';

/**
 * Takes a folder, made when it is not there, for this process alone: two that fold into one store would each undo what the other keeps. What a killed process left is
 * taken over. Answers how to let go.
 * @throws NamesteadError `StorageFailed` when another node holds it, or it cannot be written to
 */
export async function holdFolder(directory: string): Promise<() => Promise<void>> {
  const path = join(directory, NAME);
  const mine = `${path}-${toHex(randomBytes(8))}`;
  try {
    await mkdir(directory, { recursive: true });
    await writeFile(mine, String(process.pid));
    if (!(await take(mine, path)) && !((await isLeft(path)) && (await clear(path, mine)) && (await take(mine, path)))) throw held(directory, path);
    return () => rm(path, { force: true });
  } catch (cause) {
    if (cause instanceof NamesteadError) throw cause;
    throw new NamesteadError('StorageFailed', `the folder ${directory} cannot be written to`, { cause });
  } finally {
    await rm(mine, { force: true }).catch(() => undefined);
  }
}

function held(directory: string, path: string): NamesteadError {
  return new NamesteadError('StorageFailed', `another node keeps its names in ${directory}: stop it, or take another folder; if there is none, remove ${path}`);
}

/** The link appears with its content or not at all. */
async function take(mine: string, path: string): Promise<boolean> {
  try {
    await link(mine, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Whether the process that holds it is gone. */
async function isLeft(path: string): Promise<boolean> {
  const pid = Number(await readFile(path, 'utf8').catch(() => '0'));
  if (!Number.isSafeInteger(pid) || pid <= 0) return true;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

/** Another starter may have taken it over in between: what is moved aside is looked at once more. */
async function clear(path: string, mine: string): Promise<boolean> {
  const aside = `${mine}-left`;
  try {
    await rename(path, aside);
    if (await isLeft(aside)) return true;
    await rename(aside, path);
    return false;
  } finally {
    await rm(aside, { force: true });
  }
}
