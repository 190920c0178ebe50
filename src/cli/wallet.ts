import { writeFile } from 'node:fs/promises';
import { generateWords } from '../wallet/mnemonic.js';
import { answer } from './answer.js';
import type { Call, Command } from './command.js';
import { openKeys } from './keys.js';
import { networkOf } from './networks.js';
import { groups } from './options.js';
import { usage } from './usage.js';

export const walletNewCommand: Command = {
  synopsis: '--out FILE [--network NETWORK]',
  about: `Makes a wallet: writes twelve new words into FILE (mode 600, never over another) and prints its addresses. Whoever has the words has the names and the
coins; whoever loses them has neither. They are not printed.`,
  options: ['out', 'network'],
  run: makeWallet,
};

export const walletAddressesCommand: Command = {
  synopsis: '--words-file FILE | --key-file FILE [options]',
  about: 'Prints where to send coins so that the payer has them, and the address that owns names. Nobody is asked.',
  options: ['network', ...groups.keys],
  run: async (call) => tellAddresses(call),
};

async function makeWallet(call: Call): Promise<number> {
  const { out } = call.values;
  if (out === undefined || out === '-') throw usage('--out FILE is needed: the words are written into a file, and never printed');
  try {
    await writeFile(out, `${generateWords()}\n`, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw usage(code === 'EEXIST' ? `${out} is there already, and is not written over` : `--out: ${out} cannot be written (${code})`);
  }
  return tellAddresses({ ...call, values: { ...call.values, 'words-file': out } });
}

async function tellAddresses(call: Call): Promise<number> {
  const { values } = call;
  const { funding, ownerAddress } = await openKeys(values, await networkOf(values.network));
  const file = values['words-file'];
  answer(call, { ok: true, payer: funding, owner: ownerAddress, ...(file === undefined ? {} : { file }) }, [
    `payer  ${funding}   send coins here`,
    `owner  ${ownerAddress}   names are this one's`,
  ]);
  return 0;
}
