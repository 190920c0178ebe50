import type { Command } from '../command.js';
import { oneOf } from '../usage.js';
import { demo } from './demo.js';

export const demoCommand: Command = {
  synopsis: '[--bitcoind PATH] [--json]',
  about: `A devnet, a name registered by real transactions, resolved with proof past lying servers, every level of proof, a sign-in, encrypted files, and a
real mainnet block.`,
  options: ['bitcoind'],
  help: { bitcoind: 'path of a real bitcoind to run instead of the chain in memory' },
  endsItself: true,
  run: ({ values, terminal }) => demo({ json: values.json === true, bitcoind: oneOf(values.bitcoind, 'bitcoind'), terminal, now: () => performance.now() }),
};
