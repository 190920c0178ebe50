#!/usr/bin/env node
import { isNamesteadError, printable } from '../lib/errors.js';
import { helpOf, parseCall, type Call, type Command } from './command.js';
import { interruptible } from './interrupt.js';
import { describe, jsonLine, type Terminal } from './transcript.js';
import { isUsage, usage } from './usage.js';
import { version } from './version.js';

interface Entry {
  readonly summary: string;
  readonly load: () => Promise<Command>;
}

/** Every command; what it needs is loaded when it is called. */
const commands: Readonly<Record<string, Entry>> = {
  demo: { summary: 'the whole of it end to end, on a devnet, past lying servers', load: async () => (await import('./demo/command.js')).demoCommand },
  devnet: { summary: 'Bitcoin regtest, two core nodes and a Gaia hub, until Ctrl-C', load: async () => (await import('./devnet.js')).devnetCommand },
  resolve: { summary: 'prove who owns a name and what it points to', load: async () => (await import('./resolve.js')).resolveCommand },
  'names price': { summary: 'what names cost', load: async () => (await import('./names/price.js')).priceCommand },
  'names check': { summary: 'whether names can be had', load: async () => (await import('./names/check.js')).checkCommand },
  'names register': { summary: 'register names, one or many', load: async () => (await import('./names/register.js')).registerCommand },
  'names update': { summary: 'point a name to another zone file', load: async () => (await import('./names/changes.js')).updateCommand },
  'names transfer': { summary: 'give a name to another', load: async () => (await import('./names/changes.js')).transferCommand },
  'names renew': { summary: "pay for a name's next lifetime", load: async () => (await import('./names/changes.js')).renewCommand },
  'names revoke': { summary: 'give a name up', load: async () => (await import('./names/changes.js')).revokeCommand },
  'names import': { summary: 'bring names into a namespace that is not ready', load: async () => (await import('./names/import.js')).importCommand },
  'names bump': { summary: 'raise the fee of what waits', load: async () => (await import('./names/bump.js')).bumpCommand },
  'names status': { summary: 'how far payments are and what they wait for', load: async () => (await import('./names/status.js')).statusCommand },
  'names forget': { summary: 'take a plan out of the journal', load: async () => (await import('./names/forget.js')).forgetCommand },
  'names prove': { summary: 'write a proof that others check offline', load: async () => (await import('./names/prove.js')).proveCommand },
  'names verify': { summary: 'check such a proof', load: async () => (await import('./names/verify.js')).verifyCommand },
  'namespace price': { summary: 'what namespaces cost', load: async () => (await import('./namespace/price.js')).namespacePriceCommand },
  'namespace check': { summary: 'whether namespaces can be had', load: async () => (await import('./namespace/price.js')).namespaceCheckCommand },
  'namespace open': {
    summary: 'preorder, reveal and ready, one after the other',
    load: async () => (await import('./namespace/open.js')).namespaceOpenCommand,
  },
  'namespace preorder': { summary: 'the first step alone', load: async () => (await import('./namespace/open.js')).namespacePreorderCommand },
  'namespace reveal': {
    summary: 'up to the second step, before names are imported',
    load: async () => (await import('./namespace/open.js')).namespaceRevealCommand,
  },
  'namespace ready': { summary: 'the last step', load: async () => (await import('./namespace/open.js')).namespaceReadyCommand },
  'namespace status': { summary: 'how far that is', load: async () => (await import('./names/status.js')).namespaceStatusCommand },
  'headers sync': { summary: 'fetch, check and keep block headers', load: async () => (await import('./headers.js')).headersSyncCommand },
  'wallet new': { summary: 'make a wallet: words in a file', load: async () => (await import('./wallet.js')).walletNewCommand },
  'wallet addresses': { summary: 'where to send coins, and who owns', load: async () => (await import('./wallet.js')).walletAddressesCommand },
  node: { summary: 'run a core node on your bitcoind', load: async () => (await import('./node.js')).nodeCommand },
  anchor: { summary: "make a release's anchor from your own bitcoind", load: async () => (await import('./anchor.js')).anchorCommand },
};

const terminal: Terminal = { out: process.stdout, err: process.stderr };

function helpOfAll(family?: string): string {
  const names = Object.keys(commands).filter((name) => family === undefined || name.startsWith(`${family} `));
  const width = Math.max(...names.map(({ length }) => length));
  return `namestead ${version}: names, identities and storage that no server can take from you or lie about

${names.map((name) => `  namestead ${name.padEnd(width)}  ${commands[name]?.summary ?? ''}`).join('\n')}

  namestead COMMAND --help tells of its options · namestead --version

Exit codes: 0 done · 1 the world refused (the error's code is shown) · 2 the command line is wrong · 130 interrupted
`;
}

/** The command's words and the arguments behind them. */
function findCommand(args: readonly string[]): { readonly name: string; readonly entry: Entry; readonly rest: readonly string[] } | null {
  for (const count of [2, 1]) {
    const name = args.slice(0, count).join(' ');
    const entry = Object.hasOwn(commands, name) ? commands[name] : undefined;
    if (entry) return { name, entry, rest: args.slice(count) };
  }
  return null;
}

const running: { name: string; call: Call | null } = { name: '', call: null };

async function main(args: readonly string[], signal: AbortSignal, leaveSignals: () => void): Promise<number> {
  const [first = ''] = args;
  if (first === '--child') return child(args[1] ?? '');
  if (first === '--version' || first === '-v') return print(`${version}\n`);
  if (first === '' || first === '--help' || first === '-h') return print(helpOfAll());
  const found = findCommand(args);
  if (!found) {
    const isFamily = Object.keys(commands).some((name) => name.startsWith(`${first} `));
    if (isFamily && (args.length === 1 || args[1] === '--help' || args[1] === '-h')) return print(helpOfAll(first));
    throw usage(first.startsWith('-') ? `unknown option: ${first}` : `unknown command: ${args.slice(0, isFamily ? 2 : 1).join(' ')}`);
  }
  const { name, entry, rest } = found;
  running.name = name;
  const command = await entry.load();
  if (command.endsItself) leaveSignals();
  const call = await parseCall(command, name, rest, terminal, signal);
  if (call === 'help') return print(helpOf(command, name));
  running.call = call;
  return command.run(call);
}

async function child(role: string): Promise<number> {
  if (role === 'register') await (await import('./demo/registerChild.js')).registerChild();
  else if (role === 'resolve') await (await import('./demo/resolveChild.js')).resolveChild();
  else throw usage('--child is for the demo itself');
  return 0;
}

function print(text: string): number {
  terminal.out.write(text);
  return 0;
}

/** Says what went wrong, in one line, and answers the exit code. */
function fail(error: unknown, interrupted: boolean): number {
  const { call, name } = running;
  call?.tell.clear();
  const json = process.argv.includes('--json') || call?.values.json === true;
  const mistaken = !interrupted && isUsage(error);
  const what = interrupted ? `interrupted. ${call?.hint ?? ''}`.trim() : mistaken ? mistakeOf(error) : describe(error);
  const code = interrupted ? 'Aborted' : isNamesteadError(error) ? error.code : null;
  if (json) terminal.out.write(jsonLine({ ok: false, code, error: what }));
  terminal.err.write(`namestead: ${what}${mistaken ? ` (see namestead ${name === '' ? '' : `${name} `}--help)` : ''}\n`);
  if (interrupted) return 130;
  return mistaken ? 2 : 1;
}

/** What Node.js says besides of dashes helps nobody. */
function mistakeOf({ message }: Error): string {
  return printable(message.replace(/\. To specify a positional argument.*$/s, ''));
}

// Whoever read the output has gone: nothing is left to say.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

const interruption = interruptible();
main(process.argv.slice(2), interruption.signal, interruption.leave).then(
  (code) => {
    process.exitCode = code;
    interruption.leave();
  },
  (error: unknown) => {
    process.exitCode = fail(error, interruption.signal.aborted);
    interruption.leave();
  },
);
