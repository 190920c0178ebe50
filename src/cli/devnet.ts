import { startDevnet } from '../devnet/devnet.js';
import { mineWhenNeeded } from '../devnet/miner.js';
import { seedName } from '../devnet/seed.js';
import { exitOnInterrupt } from './interrupt.js';
import type { Terminal } from './transcript.js';
import type { Command } from './command.js';
import { oneOf, requireName } from './usage.js';

export const devnetCommand: Command = {
  synopsis: '[--bitcoind PATH] [--name NAME] [--json]',
  about: `Bitcoin regtest, two core nodes that are Atlas peers, and a Gaia hub, on loopback, until Ctrl-C. Transactions are mined as they come. --name also
opens the namespace and registers NAME, so that there is something to resolve. Nothing is kept.`,
  options: ['bitcoind', 'name'],
  help: { bitcoind: 'path of a real bitcoind to run instead of the chain in memory' },
  endsItself: true,
  run: ({ values, terminal }) => runDevnet({ json: values.json === true, bitcoind: oneOf(values.bitcoind, 'bitcoind'), name: values.name, terminal }),
};

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
        `${JSON.stringify({ ok: true, urls: devnet.urls, p2p: `${devnet.bitcoin.p2p.host}:${devnet.bitcoin.p2p.port}`, anchor, rpc: { user: devnet.bitcoin.user, password: devnet.bitcoin.password }, seeded })}\n`,
      );
    else {
      const { urls, bitcoin } = devnet;
      const lines = [
        `Bitcoin (${bitcoin.kind})  ${urls.bitcoin}   user ${bitcoin.user}, password ${bitcoin.password}`,
        `Esplora           ${urls.esplora}`,
        `Electrum          ${urls.electrumTcp}   ${urls.electrumWs}`,
        `peer-to-peer      ${bitcoin.p2p.host}:${bitcoin.p2p.port}`,
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
