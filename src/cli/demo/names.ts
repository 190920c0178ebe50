import { join } from 'node:path';
import { fromUtf8, toHex } from '../../lib/bytes.js';
import { fileJournal } from '../../names/adapters/fileJournal.js';
import { update } from '../../names/change.js';
import { openNamespace } from '../../names/namespace.js';
import { mineWhenNeeded } from '../../devnet/miner.js';
import { namespaceRules, registrationWorld } from '../../devnet/seed.js';
import { formatProfileZoneFile, hashZoneFile } from '../../zones/zonefile.js';
import { atlas } from '../../zones/adapters/atlas.js';
import type { Step } from '../transcript.js';
import { runChild } from './child.js';
import { lineOf, toTold, type Told } from './receipt.js';
import { journalEntries, type Registration, type Stage } from './stage.js';
import type { RegisterInput, RegisterMessage } from './registerChild.js';

export async function registerName(step: Step, stage: Stage, name: string): Promise<Registration> {
  const { devnet, wallet, directory } = stage;
  const stopMining = mineWhenNeeded(devnet, 30);
  try {
    const journal = join(directory, 'journal');
    const world = registrationWorld(devnet, fileJournal({ directory: journal }));
    const payer = (await wallet.payment(0)).signer;
    const identity = await wallet.identity(0);
    const onProgress = ({ stage: at, operation }: { stage: string; operation: string }): void => step.progress(`${operation} ${at}`);

    const namespace = name.slice(name.indexOf('.') + 1);
    const opened = (await openNamespace({ ...world, namespace, rules: namespaceRules, owner: (await wallet.payment(1)).signer, payer }, { onProgress })).map(
      toTold,
    );
    for (const receipt of opened) step.say(lineOf(receipt));

    const bucket = `${devnet.urls.files}${identity.address}/`;
    const input = { urls: devnet.urls, words: stage.words, name, zoneFile: formatProfileZoneFile(name, `${bucket}0/profile.json`), journal };
    const registered = await registerTwice(step, input);
    for (const receipt of registered) step.say(lineOf(receipt));

    const profileUrl = `${bucket}profile.json`;
    const zoneFile = fromUtf8(formatProfileZoneFile(name, profileUrl));
    const publish = atlas({ url: devnet.urls.atlas[0] }).put;
    const updated = (await update({ ...world, name, zoneFile, owner: identity.signer, payer, publish }, { onProgress })).map(toTold);
    for (const receipt of updated) step.say(lineOf(receipt));
    await devnet.mine(6);

    const receipts = [...opened, ...registered, ...updated];
    step.say(`${receipts.length} transactions, ${receipts.reduce((sum, { fee }) => sum + fee, 0)} sat of fees`, { operations: receipts });
    return { name, owner: identity.address, zoneFile, hash: toHex(hashZoneFile(zoneFile)), profileUrl, receipts };
  } finally {
    await stopMining();
  }
}

/** Registers in a child process that kills itself after the preorder; a second one finishes from the journal. */
async function registerTwice(step: Step, input: Omit<RegisterInput, 'dieAfterPreorder'>): Promise<readonly Told[]> {
  const show = (message: RegisterMessage): void => {
    if (message.kind === 'progress') step.progress(message.line);
  };
  const killed = await runChild<RegisterMessage>('register', { ...input, dieAfterPreorder: true }, show);
  if (killed.signal !== 'SIGKILL')
    throw new Error(`the first process was to be killed between preorder and register, but ended with ${String(killed.code)}: ${killed.stderr}`);
  const entries = await journalEntries(input.journal);
  step.say(`killed between preorder and register; the journal holds ${entries.map(({ name, bytes }) => `${name} (${bytes} bytes)`).join(', ')}`, {
    killed: killed.signal,
    journal: entries,
  });
  const finished = await runChild<RegisterMessage>('register', { ...input, dieAfterPreorder: false }, show);
  const last = finished.messages.at(-1);
  if (finished.code !== 0 || last?.kind !== 'receipts') throw new Error(`the second process did not finish the registration: ${finished.stderr}`);
  step.say('a new process finished from the journal; it preordered nothing anew', { resumed: true });
  return last.receipts;
}
