#!/usr/bin/env node
import { parseArgs } from 'node:util';
import { isNamesteadError, printable } from '../lib/errors.js';
import { writeAnchor } from './anchor.js';
import { runDevnet } from './devnet.js';
import { demo } from './demo/demo.js';
import { registerChild } from './demo/registerChild.js';
import { resolveChild } from './demo/resolveChild.js';
import { resolveName } from './resolve.js';
import { describe, jsonLine, type Terminal } from './transcript.js';
import { isUsage, usage } from './usage.js';
import { version } from './version.js';

const HELP = `namestead ${version}: names, identities and storage that no server can take from you or lie about

  namestead demo [--json] [--bitcoind PATH]
      The whole of it, end to end: a devnet, a name registered by real transactions, resolved with proof past
      lying servers, a sign-in, encrypted files, and a real mainnet block.

  namestead devnet [--json] [--bitcoind PATH] [--name NAME]
      Bitcoin regtest, two core nodes, a Gaia hub, until Ctrl-C. Transactions are mined as they come.
      --name also opens the namespace and registers NAME, so that there is something to resolve.

  namestead resolve NAME --esplora URL --node URL [--atlas URL …] --anchor HEIGHT:BLOCKHASH:CONSENSUSHASH
                         [--network devnet|mainnet] [--level LEVEL] [--no-profile] [--json]
      Proves who owns NAME and what it points to. The anchor must come from somewhere else than the servers
      you name: they are asked, never believed.

  namestead anchor --bitcoind URL [--cookie FILE] [--network mainnet|testnet3|testnet4|signet|regtest] [--height N]
                   [--consensus-hash HEX] [--json]
      Checks every header of your own bitcoind (-rest) and writes what a release ships of them: the anchor and the pins.

  namestead --help | --version

Exit codes: 0 done · 1 the world refused (the error's code is shown) · 2 the command line is wrong
`;

const terminal: Terminal = { out: process.stdout, err: process.stderr };

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      bitcoind: { type: 'string' },
      name: { type: 'string' },
      esplora: { type: 'string' },
      node: { type: 'string' },
      atlas: { type: 'string', multiple: true },
      anchor: { type: 'string' },
      cookie: { type: 'string' },
      height: { type: 'string' },
      'consensus-hash': { type: 'string' },
      network: { type: 'string', default: 'mainnet' },
      level: { type: 'string' },
      'no-profile': { type: 'boolean', default: false },
      child: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
      version: { type: 'boolean', short: 'v', default: false },
    },
  });
  if (values.child !== undefined) return child(values.child);
  if (values.version) return print(`${version}\n`);
  const [command, name, ...more] = positionals;
  if (values.help || command === undefined) return print(HELP);
  if (command === 'demo' && name === undefined) return demo({ json: values.json, bitcoind: values.bitcoind, terminal, now: () => performance.now() });
  if (command === 'devnet' && name === undefined) return runDevnet({ json: values.json, bitcoind: values.bitcoind, name: values.name, terminal });
  if (command === 'anchor' && name === undefined) {
    const { bitcoind, cookie, network, height, json } = values;
    return writeAnchor({ bitcoind, cookie, network, height, consensusHash: values['consensus-hash'], json, terminal });
  }
  if (command === 'resolve' && name !== undefined && more.length === 0) {
    const { esplora, node, atlas, anchor, network, level, json } = values;
    return resolveName(name, { esplora, node, atlas, anchor, network, level, withoutProfile: values['no-profile'], json, terminal });
  }
  throw usage(command === 'resolve' ? 'resolve takes one name' : `unknown command: ${positionals.join(' ')}`);
}

async function child(role: string): Promise<number> {
  if (role === 'register') await registerChild();
  else if (role === 'resolve') await resolveChild();
  else throw usage('--child is for the demo itself');
  return 0;
}

function print(text: string): number {
  terminal.out.write(text);
  return 0;
}

// Whoever read the output has gone: nothing is left to say.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    const mistaken = isUsage(error);
    const what = mistaken ? printable(error.message) : describe(error);
    if (process.argv.includes('--json')) terminal.out.write(jsonLine({ ok: false, code: isNamesteadError(error) ? error.code : null, error: what }));
    terminal.err.write(`namestead: ${what}\n${mistaken ? 'See namestead --help.\n' : ''}`);
    process.exitCode = mistaken ? 2 : 1;
  },
);
