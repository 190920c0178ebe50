import { systemClock } from '../lib/adapters/clock.js';
import { isHex } from '../lib/bytes.js';
import type { CallOptions, Clock } from '../lib/clock.js';
import { openAnchor } from '../names/bitcoin/anchor.js';
import { mainnetAnchor, mainnetPins } from '../names/bitcoin/anchors/mainnet.js';
import { createHeaderChain, type HeaderChain } from '../names/bitcoin/chain.js';
import { findHeader } from '../names/bitcoin/headerProof.js';
import type { Header } from '../names/bitcoin/header.js';
import { loadHeaders } from '../names/bitcoin/headerStore.js';
import type { Anchor } from '../names/bitcoin/names.js';
import type { Network } from '../names/bitcoin/network.js';
import type { HeaderSource, Indexer } from '../names/bitcoin/source.js';
import type { SyncOptions } from '../names/bitcoin/chain.js';
import type { Call } from './command.js';
import { openKept, type Kept } from './kept.js';
import { networkOf } from './networks.js';
import { openSources, type Sources } from './sources.js';
import { ageOf, usage } from './usage.js';

/** What one run of a command stands on. */
export interface Session {
  readonly call: Call;
  readonly network: Network;
  readonly clock: Clock;
  readonly sources: Sources;
  readonly kept: Kept;
  /** Where headers are kept and how old the last may be. */
  readonly sync: Pick<SyncOptions, 'store' | 'maxTipAge'>;
  /** The kept headers, checked; opened once. */
  chain(options?: { readonly full?: boolean }): Promise<HeaderChain>;
  /** Proves a header below the chain's base. */
  headerBelow(chain: HeaderChain): (height: number, options: CallOptions) => Promise<Header>;
}

export async function openSession(call: Call): Promise<Session> {
  const { values } = call;
  const network = await networkOf(values.network);
  const clock = systemClock();
  const kept = await openKept(values, network);
  const known = [...(network.bitcoin.name === 'mainnet' ? mainnetPins() : []), ...(kept.tip ? [kept.tip] : [])];
  const sources = await openSources(values, network, clock, known);
  let chain: Promise<HeaderChain> | null = null;
  const maxTipAge = ageOf(values['max-tip-age'], 'max-tip-age');
  return {
    call,
    network,
    clock,
    sources,
    kept,
    sync: { store: kept.store, maxTipAge },
    chain: ({ full = values.full === true } = {}) => (chain ??= openChain({ network, clock, kept, sources, full, call })),
    headerBelow: (held) => (height, options) =>
      findHeader(held, height, { pins: network.bitcoin.name === 'mainnet' ? mainnetPins() : [], headers: sources.headers[0] }, options),
  };
}

interface ChainTerms extends Pick<Session, 'network' | 'clock' | 'kept' | 'sources' | 'call'> {
  readonly full: boolean;
}

/** From the genesis block, where so much is kept already or the network ships no checkpoint; else from the release's. */
async function openChain({ network, clock, kept, sources, full, call }: ChainTerms): Promise<HeaderChain> {
  const { signal } = call;
  const fromGenesis = full || network.bitcoin.name !== 'mainnet' || kept.from === 1;
  const [source] = sources.headers;
  if (!fromGenesis && !source) throw usage(NO_HEADERS);
  const checkpoint = fromGenesis || !source ? undefined : await openAnchor(mainnetAnchor, source, { signal });
  const chain = createHeaderChain(network.bitcoin, { clock, checkpoint });
  if (kept.store) await loadHeaders(chain, kept.store);
  return chain;
}

export const NO_HEADERS = 'headers are needed: give --esplora, --electrum, --bitcoind or --p2p';
export const NO_TRANSACTIONS = 'transactions are needed: give --esplora, --electrum or --bitcoind';

export function headersOf({ sources }: Session): readonly HeaderSource[] {
  if (sources.headers.length === 0) throw usage(NO_HEADERS);
  return sources.headers;
}

export function indexerOf({ sources }: Session): Indexer {
  const [indexer] = sources.indexers;
  if (!indexer) throw usage('a core node is needed: give --node URL');
  return indexer;
}

/** @throws {@link usage} for one that is malformed, or missing where it is needed */
export function anchorOf({ call: { values }, network }: Session): Anchor {
  const anchor = parseAnchor(values.anchor, network);
  if (!anchor) throw usage(ANCHOR);
  return anchor;
}

export function parseAnchor(text: string | undefined, network: Network): Anchor | undefined {
  if (text === undefined) return undefined;
  const [height = '', hash = '', consensusHash = '', ...more] = text.split(':');
  if (!/^\d{1,9}$/.test(height) || !isHex(hash, 32) || !isHex(consensusHash, 16) || more.length > 0) throw usage(ANCHOR);
  if (Number(height) < network.firstBlock) throw usage(`--anchor stands at ${height}, before the network's first block ${network.firstBlock}`);
  return { height: Number(height), hash: hash.toLowerCase(), consensusHash: consensusHash.toLowerCase() };
}

const ANCHOR = '--anchor takes HEIGHT:BLOCKHASH:CONSENSUSHASH (a number, 64 and 32 hex digits), from somewhere else than the servers asked';

/** Runs with a session that is closed in the end: connections would keep the process alive. */
export async function withSession(call: Call, work: (session: Session) => Promise<number>): Promise<number> {
  const session = await openSession(call);
  try {
    return await work(session);
  } finally {
    session.sources.close();
    call.tell.clear();
  }
}
