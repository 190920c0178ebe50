import { startDevnet, type Devnet } from '../../devnet/devnet.js';
import { temporaryFolder } from '../../devnet/folder.js';
import { exitOnInterrupt } from '../interrupt.js';
import { describe, jsonLine, transcript, type Step, type Terminal } from '../transcript.js';
import { demoFiles } from './files.js';
import { climbLevels } from './levels.js';
import { registerName } from './names.js';
import { realBitcoin } from './real.js';
import { resolveProved } from './resolve.js';
import { signInApp } from './signIn.js';
import type { Stage } from './stage.js';
import { spreadZoneFile } from './zones.js';
import { generateWords } from '../../wallet/mnemonic.js';
import { openWallet } from '../../wallet/wallet.js';

export interface DemoOptions {
  readonly json: boolean;
  /** Path of a real bitcoind. */
  readonly bitcoind?: string | undefined;
  readonly terminal: Terminal;
  readonly now: () => number;
}

const NAME = 'alice.id';

/** The main job, end to end. Answers the exit code. */
export async function demo({ json, bitcoind, terminal, now }: DemoOptions): Promise<number> {
  const started = now();
  const told = transcript(terminal, json, now);
  exitOnInterrupt();
  const { path: directory, remove } = temporaryFolder('namestead-demo-');
  let devnet: Devnet | null = null;
  let failure: unknown = null;
  try {
    devnet = await told.run('devnet', 'Devnet starts', async (step) => {
      const net = await startDevnet({ bitcoind, directory, onProgress: ({ stage }) => step.progress(stage) });
      const height = Number(await net.bitcoin.rpc('getblockcount', []));
      step.say(`Bitcoin regtest (${net.bitcoin.kind}) at height ${height}`, { bitcoin: net.bitcoin.kind, height, urls: net.urls });
      for (const [what, url] of Object.entries(net.urls)) step.say(`${what.padEnd(8)} ${Array.isArray(url) ? url.join('  ') : String(url)}`);
      return net;
    });
    const stage = await told.run('wallet', 'A wallet from 12 words', async (step) => openDemoWallet(step, devnet as Devnet, directory));
    const registration = await told.run('names', 'A namespace is opened and a name registered', (step) => registerName(step, stage, NAME));
    await told.run('zones', 'The zone file is pushed to one peer and found at the other', (step) => spreadZoneFile(step, stage, registration));
    await told.run('resolve', 'Another process resolves the name, proved, past honest servers and liars', (step) => resolveProved(step, stage, registration));
    await told.run('levels', 'The stronger levels, and a proof to carry along', (step) => climbLevels(step, stage, registration, bitcoind));
    const app = await told.run('signIn', 'Sign in', (step) => signInApp(step, stage, NAME));
    await told.run('files', 'Files', (step) => demoFiles(step, stage, app, NAME));
    await told.run('realBitcoin', 'Real Bitcoin: mainnet block 426,884', (step) => realBitcoin(step));
  } catch (error) {
    failure = error;
  } finally {
    await devnet?.close();
    remove();
  }
  const ms = Math.round(now() - started);
  const ok = failure === null;
  if (json)
    terminal.out.write(
      jsonLine({ ok, ms, bitcoin: bitcoind === undefined ? 'memory' : 'bitcoind', steps: told.steps, ...(ok ? {} : { error: describe(failure) }) }),
    );
  else terminal.out.write(ok ? `\nAll of it worked, in ${(ms / 1000).toFixed(1)} s.\n` : `\nThe demo failed: ${describe(failure)}\n`);
  return ok ? 0 : 1;
}

async function openDemoWallet(step: Step, devnet: Devnet, directory: string): Promise<Stage> {
  const words = generateWords();
  const wallet = await openWallet(words);
  const payment = await wallet.payment(0);
  const identity = await wallet.identity(0);
  step.say(`payment key m/44'/0'/0'/0/0   ${payment.address()}`, { payment: payment.address() });
  step.say(`identity key m/888'/0'/0'     ${identity.address}`, { identity: identity.address });
  const txid = await devnet.fund(payment.script, 1_000_000_000n);
  step.say(`the miner pays it 10 BTC      ${txid}`, { funded: 1_000_000_000, fundingTxid: txid });
  return { devnet, words, wallet, directory };
}
