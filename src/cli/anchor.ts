import { readFile } from 'node:fs/promises';
import { systemClock } from '../lib/adapters/clock.js';
import { isHex, reversed, toHex } from '../lib/bytes.js';
import { isNamesteadError } from '../lib/errors.js';
import { core } from '../names/bitcoin/adapters/core.js';
import { ANCHOR_DEPTH, encodePins, makeAnchor, pinsOf, type NetworkAnchor } from '../names/bitcoin/anchor.js';
import { createHeaderChain, syncHeaders, type HeaderChain } from '../names/bitcoin/chain.js';
import { PERIOD } from '../names/bitcoin/header.js';
import type { FilterSource } from '../names/bitcoin/source.js';
import { jsonLine, type Terminal } from './transcript.js';
import type { Command } from './command.js';
import { bitcoins } from './networks.js';
import { oneOf, usage } from './usage.js';

export interface AnchorCommand {
  /** May hold user and password. */
  readonly bitcoind: string | undefined;
  /** A file that holds `user:password`, as bitcoind's `.cookie`. */
  readonly cookie: string | undefined;
  readonly network: string;
  readonly height: string | undefined;
  readonly consensusHash: string | undefined;
  readonly json: boolean;
  readonly terminal: Terminal;
}

export const anchorCommand: Command = {
  synopsis: '--bitcoind URL [--cookie FILE] [--network NETWORK] [--height N] [--consensus-hash HEX] [--json]',
  about: 'Checks every header of your own bitcoind (-rest) and writes what a release ships of them: the anchor and the pins.',
  options: ['bitcoind', 'cookie', 'network', 'height', 'consensus-hash'],
  help: { network: 'mainnet (default), testnet3, testnet4, signet or regtest', height: 'a retarget boundary; default the last that is two weeks deep' },
  run: ({ values, terminal }) =>
    writeAnchor({
      bitcoind: oneOf(values.bitcoind, 'bitcoind'),
      cookie: oneOf(values.cookie, 'cookie'),
      network: values.network ?? 'mainnet',
      height: values.height,
      consensusHash: values['consensus-hash'],
      json: values.json === true,
      terminal,
    }),
};

/** `namestead anchor`: checks a bitcoind's headers from the genesis block and writes what a release ships of them. Answers the exit code. */
export async function writeAnchor(command: AnchorCommand): Promise<number> {
  const { terminal, json, consensusHash = null } = command;
  const params = Object.hasOwn(bitcoins, command.network) ? bitcoins[command.network] : undefined;
  if (!params) throw usage(`--network takes one of ${Object.keys(bitcoins).join(', ')}`);
  if (consensusHash !== null && !isHex(consensusHash, 16)) throw usage('--consensus-hash takes 32 hex digits');
  const wanted = heightOf(command.height);
  const source = await sourceOf(command);
  const chain = createHeaderChain(params, { clock: systemClock() });
  const live = terminal.err.isTTY === true;
  await syncHeaders(chain, [source], {
    onProgress: ({ stage, done, total, unit = '' }) => {
      if (live) terminal.err.write(`\r\x1b[2K${stage} ${done}${total === undefined ? '' : `/${total}`} ${unit}`);
    },
  });
  if (live) terminal.err.write('\r\x1b[2K');
  const height = wanted ?? deepest(chain);
  const filterHeader = await filterHeaderAt(source, chain, height);
  const anchor = makeAnchor(chain, height, { filterHeader, consensusHash }, params.name === 'regtest' ? 1 : ANCHOR_DEPTH);
  const pins = encodePins(pinsOf(chain, height));
  terminal.out.write(json ? jsonLine({ ok: true, anchor, pins }) : page(anchor, pins));
  return 0;
}

/** The last retarget boundary that lies deep enough. */
function deepest(chain: HeaderChain): number {
  const deep = chain.tip().height - ANCHOR_DEPTH;
  if (deep < 0) throw usage(`the chain has ${chain.tip().height} blocks: no anchor lies ${ANCHOR_DEPTH} deep, name a height (regtest)`);
  return deep - (deep % PERIOD);
}

/** Null where the node keeps no filters. */
async function filterHeaderAt(source: FilterSource, chain: HeaderChain, height: number): Promise<string | null> {
  const hash = chain.hashAt(height);
  if (hash === null) return null;
  try {
    const [header] = await source.filterHeaders([{ height, hash }]);
    return header ? toHex(reversed(header)) : null;
  } catch (error) {
    if (isNamesteadError(error, 'ServerFailed')) return null;
    throw error;
  }
}

function page(anchor: NetworkAnchor, pins: string): string {
  const rows = Object.entries(anchor).map(([name, value]) => `  ${name}: ${Array.isArray(value) ? value.join(' ') : String(value)}`);
  const missing = anchor.filterHeader === null ? '  (no filter header: the node has no -blockfilterindex=basic)\n' : '';
  return `${rows.join('\n')}\n${missing}  pins: ${pins}\n`;
}

async function sourceOf({ bitcoind, cookie }: AnchorCommand): Promise<ReturnType<typeof core>> {
  if (bitcoind === undefined || !URL.canParse(bitcoind)) throw usage('anchor needs --bitcoind URL');
  const url = new URL(bitcoind);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw usage('--bitcoind takes an http or https URL');
  const [user = '', password = ''] =
    cookie === undefined ? [url.username, url.password].map(decodeURIComponent) : (await readFile(cookie, 'utf8')).trim().split(/:(.*)/s);
  url.username = '';
  url.password = '';
  return core({ url: url.href, ...(user === '' ? {} : { user, password }) });
}

function heightOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,9}$/.test(text)) throw usage('--height takes a number of blocks');
  return Number(text);
}
