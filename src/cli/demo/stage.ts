import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from '../../client.js';
import type { UserData } from '../../auth/session.js';
import type { Devnet } from '../../devnet/devnet.js';
import type { Wallet } from '../../wallet/wallet.js';
import type { Told } from './receipt.js';

/** What the steps hand on to each other. */
export interface Stage {
  readonly devnet: Devnet;
  readonly words: string;
  readonly wallet: Wallet;
  /** A folder that is gone when the demo ends. */
  readonly directory: string;
}

export interface Registration {
  readonly name: string;
  readonly owner: string;
  /** The zone file the name points to in the end. */
  readonly zoneFile: Uint8Array;
  readonly hash: string;
  readonly profileUrl: string;
  readonly receipts: readonly Told[];
}

export interface App {
  readonly origin: string;
  readonly client: Client;
  readonly user: UserData;
}

/** The entries a journal folder holds, for the transcript. */
export async function journalEntries(directory: string): Promise<readonly { readonly name: string; readonly bytes: number }[]> {
  const names = await readdir(directory).catch(() => [] as string[]);
  return Promise.all(names.map(async (name) => ({ name, bytes: (await readFile(join(directory, name))).length })));
}
