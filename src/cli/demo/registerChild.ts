import { fromUtf8 } from '../../lib/bytes.js';
import { fileJournal } from '../../names/adapters/fileJournal.js';
import { register } from '../../names/registration.js';
import type { DevnetUrls } from '../../devnet/devnet.js';
import { devnetNetwork } from '../../devnet/network.js';
import { devnetPorts } from '../../devnet/presets.js';
import { registrationWorld } from '../../devnet/seed.js';
import { openWallet } from '../../wallet/wallet.js';
import { readInput, send } from './child.js';
import { toTold, type Told } from './receipt.js';

export interface RegisterInput {
  readonly urls: DevnetUrls;
  readonly words: string;
  readonly name: string;
  readonly zoneFile: string;
  readonly journal: string;
  /** Die, as by a power cut, once the preorder is confirmed. */
  readonly dieAfterPreorder: boolean;
}

export type RegisterMessage = { readonly kind: 'progress'; readonly line: string } | { readonly kind: 'receipts'; readonly receipts: readonly Told[] };

/** Registers a name in a process of its own, which can be killed. */
export async function registerChild(): Promise<void> {
  const { urls, words, name, zoneFile, journal, dieAfterPreorder } = await readInput<RegisterInput>();
  const devnet = { urls, network: devnetNetwork };
  const wallet = await openWallet(words);
  const { receipts } = await register(
    {
      ...registrationWorld(devnet, fileJournal({ directory: journal })),
      publish: devnetPorts(urls).publish,
      name,
      zoneFile: fromUtf8(zoneFile),
      owner: (await wallet.identity(0)).address,
      payer: (await wallet.payment(0)).signer,
    },
    {
      onProgress: ({ stage, operation, receipt }) => {
        send({ kind: 'progress', line: `${operation} ${stage}` });
        if (dieAfterPreorder && receipt?.operation === 'NAME_PREORDER') process.kill(process.pid, 'SIGKILL');
      },
    },
  );
  send({ kind: 'receipts', receipts: receipts.map(toTold) });
}
