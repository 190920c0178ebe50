import { readFile } from 'node:fs/promises';
import type { Clock } from '../lib/clock.js';
import { core } from '../names/bitcoin/adapters/core.js';
import { electrum } from '../names/bitcoin/adapters/electrum.js';
import { electrumTcp } from '../names/bitcoin/adapters/electrumTcp.js';
import { esplora } from '../names/bitcoin/adapters/esplora.js';
import { indexer } from '../names/bitcoin/adapters/indexer.js';
import { p2p } from '../names/bitcoin/adapters/p2p.js';
import { fallback } from '../names/bitcoin/fallback.js';
import type { Network } from '../names/bitcoin/network.js';
import type { HistoryOperator } from '../names/bitcoin/scriptHistory.js';
import type {
  BlockId,
  BlockSource,
  FilterSource,
  HeaderProofSource,
  HeaderSource,
  Indexer,
  PaymentSource,
  TransactionSource,
} from '../names/bitcoin/source.js';
import type { Values } from './options.js';
import { oneOf, urlOf, usage } from './usage.js';

/** Whom the options name, by what each can do. */
export interface Sources {
  readonly headers: readonly HeaderSource[];
  readonly transactions: readonly TransactionSource[];
  readonly blocks: readonly BlockSource[];
  readonly payments: readonly PaymentSource[];
  readonly histories: readonly HistoryOperator[];
  readonly filters: readonly FilterSource[];
  readonly headerProofs: readonly HeaderProofSource[];
  readonly indexers: readonly Indexer[];
  /** Their URLs. */
  readonly nodes: readonly string[];
  close(): void;
}

export interface Login {
  readonly user?: string;
  readonly password?: string;
}

/** @param known blocks that a peer-to-peer node need not be walked to. @throws {@link usage} */
export async function openSources(values: Values, network: Network, clock: Clock, known: readonly BlockId[]): Promise<Sources> {
  const web = each(values.esplora, 'esplora').map((text) => esplora({ url: urlOf(text, 'esplora') }));
  const wires = openWires(values, network);
  const cores = await Promise.all(
    each(values.bitcoind, 'bitcoind').map(async (text, at) => core({ url: urlOf(text, 'bitcoind'), ...(await loginOf(values, at)) })),
  );
  const peers = each(values.p2p, 'p2p').map((text) => p2p({ ...placeOf(text), params: network.bitcoin, clock, known }));
  const nodes = each(values.node, 'node').map((text) => urlOf(text, 'node'));
  return {
    headers: [...web, ...wires, ...cores, ...peers],
    transactions: [...web, ...wires, ...cores],
    blocks: [...cores, ...peers, ...web],
    // A bitcoind looks for coins in all its unspent outputs, which takes minutes, and sees none in its mempool.
    payments: [...web, ...wires, ...cores],
    histories: [...web, ...wires],
    filters: [...cores, ...peers],
    headerProofs: wires,
    indexers: nodes.map((url) => indexer({ url })),
    nodes,
    close: () => {
      for (const wire of wires) wire.close();
      for (const peer of peers) peer.close();
    },
  };
}

/** The first of several, and the others where it fails. @throws {@link usage} where there is none */
export function firstOf<S extends { readonly operator: string }>(sources: readonly S[], what: string): S {
  const [first, ...others] = sources;
  if (!first) throw usage(what);
  return others.length === 0 ? first : (fallback(sources) as unknown as S);
}

function openWires(values: Values, network: Network): readonly ReturnType<typeof electrum>[] {
  const urls = each(values.electrum, 'electrum');
  const { fingerprint } = values;
  if (fingerprint !== undefined && urls.filter((url) => url.startsWith('ssl:')).length !== 1)
    throw usage('--fingerprint is of one ssl server; of several write each behind its URL: ssl://host:50002#FINGERPRINT');
  return urls.map((text) => {
    const parsed = URL.canParse(text) ? new URL(text) : null;
    if (!parsed || (parsed.protocol !== 'ssl:' && parsed.protocol !== 'tcp:') || parsed.hostname === '')
      throw usage('--electrum takes ssl://host:port or tcp://host:port');
    const pinned = parsed.protocol === 'ssl:' ? parsed.hash.slice(1) || fingerprint : undefined;
    if (pinned !== undefined && !/^[0-9a-f]{64}$/i.test(pinned.replace(/:/g, ''))) throw usage('a fingerprint is the SHA-256 of a certificate: 64 hex digits');
    const url = text.replace(/#.*$/s, '');
    return electrum({ url, connect: electrumTcp(pinned === undefined ? {} : { fingerprint: pinned }), params: network.bitcoin });
  });
}

/** User and password of the bitcoind at this place: of its cookie file, else of the environment. */
export async function loginOf(values: Values, at = 0): Promise<Login> {
  const path = values.cookie?.[at];
  const text = path === undefined ? process.env['NAMESTEAD_BITCOIND'] : (await readCookie(path)).trim();
  if (text === undefined || text === '') return {};
  const [user = '', password = ''] = text.split(/:(.*)/s);
  return { user, password };
}

async function readCookie(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw usage(`--cookie: ${path} cannot be read (${error instanceof Error && 'code' in error ? String(error.code) : 'unknown'})`);
  }
}

/** The one bitcoind that a command needs. @throws {@link usage} */
export async function bitcoindOf(values: Values): Promise<{ readonly url: string } & Login> {
  const url = oneOf(values.bitcoind, 'bitcoind');
  if (url === undefined) throw usage('--bitcoind URL is needed');
  return { url: urlOf(url, 'bitcoind'), ...(await loginOf(values)) };
}

function placeOf(text: string): { host: string; port?: number } {
  const [, host = '', port] = /^(\[[0-9a-fA-F:]+\]|[^:\s/]+)(?::(\d{1,5}))?$/.exec(text) ?? [];
  if (host === '' || Number(port ?? 1) > 65_535) throw usage('--p2p takes HOST:PORT');
  return { host: host.replace(/^\[|\]$/g, ''), ...(port === undefined ? {} : { port: Number(port) }) };
}

/** Each once: whoever is named twice would count twice. */
function each(values: readonly string[] | undefined, option: string): readonly string[] {
  const list = values ?? [];
  if (new Set(list).size !== list.length) throw usage(`--${option} names one server twice`);
  return list;
}
