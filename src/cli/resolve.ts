import { allowLoopback, createClient } from '../client.js';
import { devnetNetwork } from '../devnet/network.js';
import { systemClock } from '../lib/adapters/clock.js';
import { isHex, toHex } from '../lib/bytes.js';
import { printable } from '../lib/errors.js';
import { http } from '../lib/http.js';
import { esplora } from '../names/bitcoin/adapters/esplora.js';
import { indexer } from '../names/bitcoin/adapters/indexer.js';
import { bitcoinNames, type Anchor } from '../names/bitcoin/names.js';
import { mainnet, type Network } from '../names/bitcoin/network.js';
import { levels, type Evidence, type Level } from '../names/proof.js';
import { atlas } from '../zones/adapters/atlas.js';
import { jsonLine, type Terminal } from './transcript.js';
import { requireName, usage } from './usage.js';

export interface ResolveCommand {
  readonly esplora: string | undefined;
  readonly node: string | undefined;
  /** Default: the node itself, which is a peer. */
  readonly atlas: readonly string[] | undefined;
  readonly anchor: string | undefined;
  readonly network: string;
  readonly level: string | undefined;
  readonly withoutProfile: boolean;
  readonly json: boolean;
  readonly terminal: Terminal;
}

/** `namestead resolve`: proves a name and prints what it points to. Answers the exit code. */
export async function resolveName(name: string, command: ResolveCommand): Promise<number> {
  const { terminal, json, withoutProfile } = command;
  const node = urlOf(command.node, '--node');
  const network = networkOf(command.network);
  const bitcoin = esplora({ url: urlOf(command.esplora, '--esplora') });
  const anchor = parseAnchor(command.anchor, network);
  requireName(name);
  const names = bitcoinNames({ network, anchor, headers: bitcoin, transactions: bitcoin, indexer: indexer({ url: node }) });
  const peers = (command.atlas ?? [node]).map((url) => atlas({ url: urlOf(url, '--atlas') }).get);
  const local = network === devnetNetwork ? { allowHost: allowLoopback } : {};
  const client = createClient({ clock: systemClock(), http: http(), names, zones: peers, ...local });
  const live = terminal.err.isTTY === true;
  const stop = new AbortController();
  const interrupt = (): void => stop.abort(new Error('interrupted'));
  process.once('SIGINT', interrupt);
  try {
    const { record, evidence, zoneFile, profile, profileUrl } = await client.resolve(name, {
      level: levelOf(command.level),
      withoutProfile,
      signal: stop.signal,
      onProgress: ({ stage, done, total, unit = '' }) => {
        if (live) terminal.err.write(`\r\x1b[2K${stage} ${done}${total === undefined ? '' : `/${total}`} ${unit}`);
      },
    });
    if (live) terminal.err.write('\r\x1b[2K');
    const { zoneFileHash, ...rest } = record;
    const answer = {
      ok: true,
      record: { ...rest, zoneFileHash: zoneFileHash && toHex(zoneFileHash) },
      evidence,
      zoneFile: zoneFile?.text ?? null,
      profile: profile?.claim ?? null,
      profileUrl,
    };
    if (json) terminal.out.write(jsonLine(answer));
    else terminal.out.write(page(answer));
    return 0;
  } finally {
    process.removeListener('SIGINT', interrupt);
  }
}

function page({ record, evidence, zoneFile, profile, profileUrl }: Pick<Answer, 'record' | 'evidence' | 'zoneFile' | 'profile' | 'profileUrl'>): string {
  const { asOf, level, completeTo, confirmations, work, checked, unchecked } = evidence;
  const lines = [
    `${record.name} belongs to ${record.owner}`,
    `  set at block ${record.height} by ${record.txid}, ${confirmations} confirmations; ${record.expiresAt === null ? 'never expires' : `expires at block ${record.expiresAt}`}`,
    `  proved: ${level}, complete to block ${completeTo ?? '-'}, as of block ${asOf.height} (${new Date(asOf.time * 1000).toISOString()}); work: ${work}`,
    ...checked.map((line) => `    checked: ${line}`),
    ...unchecked.map((line) => `    not checked: ${line}`),
    `  zone file ${record.zoneFileHash ?? '(none)'}`,
    ...(zoneFile?.trimEnd().split('\n') ?? []).map((line) => `    ${line}`),
    ...(profile
      ? [
          `  profile ${profileUrl ?? ''}`,
          ...JSON.stringify(profile, null, 2)
            .split('\n')
            .map((line) => `    ${line}`),
        ]
      : []),
  ];
  // What others wrote may hold escape sequences; a terminal obeys them. Tabs stand in zone files.
  return `${lines.map((line) => line.split('\t').map(printable).join('\t')).join('\n')}\n`;
}

interface Answer {
  readonly record: {
    readonly name: string;
    readonly owner: string;
    readonly height: number;
    readonly txid: string;
    readonly expiresAt: number | null;
    readonly zoneFileHash: string | null;
  };
  readonly evidence: Evidence;
  readonly zoneFile: string | null;
  readonly profile: unknown;
  readonly profileUrl: string | null;
}

function parseAnchor(text: string | undefined, network: Network): Anchor {
  const [height = '', hash = '', consensusHash = '', ...more] = (text ?? '').split(':');
  if (!/^\d{1,9}$/.test(height) || !isHex(hash, 32) || !isHex(consensusHash, 16) || more.length > 0) {
    throw usage('--anchor takes HEIGHT:BLOCKHASH:CONSENSUSHASH (a number, 64 and 32 hex digits), from somewhere else than the servers asked');
  }
  if (Number(height) < network.firstBlock) throw usage(`--anchor stands at ${height}, before the network's first block ${network.firstBlock}`);
  return { height: Number(height), hash, consensusHash };
}

function networkOf(name: string): Network {
  if (name === 'mainnet') return mainnet;
  if (name === 'devnet') return devnetNetwork;
  throw usage('--network takes mainnet or devnet');
}

function levelOf(text: string | undefined): Level | undefined {
  const level = levels.find((each) => each === text);
  if (text !== undefined && level === undefined) throw usage(`--level takes one of ${levels.join(', ')}`);
  return level;
}

function urlOf(text: string | undefined, option: string): string {
  if (text === undefined) throw usage(`resolve needs ${option} URL`);
  const { protocol, username, password } = URL.canParse(text) ? new URL(text) : {};
  // Not shown: it may hold a password.
  if (username || password) throw usage(`${option} takes a URL without user and password`);
  if (protocol !== 'http:' && protocol !== 'https:') throw usage(`${option} takes an http or https URL, not ${JSON.stringify(text)}`);
  return text.replace(/\/$/, '');
}
