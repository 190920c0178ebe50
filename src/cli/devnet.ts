import { startDevnet } from '../devnet/devnet.js';
import { mineWhenNeeded } from '../devnet/miner.js';
import { seedName } from '../devnet/seed.js';
import { exitOnInterrupt } from './interrupt.js';
import type { Terminal } from './transcript.js';
import { requireName } from './usage.js';

export interface DevnetCommand {
  readonly json: boolean;
  readonly bitcoind: string | undefined;
  readonly name: string | undefined;
  readonly terminal: Terminal;
}

/** `namestead devnet`: runs until it is interrupted. Answers the exit code. */
export async function runDevnet({ json, bitcoind, name, terminal }: DevnetCommand): Promise<number> {
  if (name !== undefined) requireName(name);
  const interruption = exitOnInterrupt();
  const devnet = await startDevnet({ bitcoind });
  const stopMining = mineWhenNeeded(devnet);
  try {
    const seeded = name === undefined ? null : await seedName(devnet, name);
    const anchor = await devnet.anchor();
    const interrupted = interruption.wait();
    if (json)
      terminal.out.write(
        `${JSON.stringify({ ok: true, urls: devnet.urls, anchor, rpc: { user: devnet.bitcoin.user, password: devnet.bitcoin.password }, seeded })}\n`,
      );
    else {
      const { urls, bitcoin } = devnet;
      const lines = [
        `Bitcoin (${bitcoin.kind})  ${urls.bitcoin}   user ${bitcoin.user}, password ${bitcoin.password}`,
        `Esplora           ${urls.esplora}`,
        `Electrum          ${urls.electrumTcp}   ${urls.electrumWs}`,
        `core node         ${urls.node}`,
        `Atlas peers       ${urls.atlas.join('  ')}`,
        `Gaia hub          ${urls.hub}   files ${urls.files}`,
        `anchor            ${anchor.height}:${anchor.hash}:${anchor.consensusHash}`,
        ...(seeded === null ? [] : ['', `${seeded.name} is registered to ${seeded.owner}. The devnet's words for it: ${seeded.words}`]),
        '',
        'Try:',
        `  namestead resolve ${name ?? 'NAME'} --network devnet --esplora ${urls.esplora} --node ${urls.node} --anchor ${anchor.height}:${anchor.hash}:${anchor.consensusHash}`,
        '',
        'Ctrl-C ends it; nothing is kept.',
      ];
      terminal.out.write(`${lines.join('\n')}\n`);
    }
    await interrupted;
    return 0;
  } finally {
    await stopMining();
    await devnet.close();
  }
}
