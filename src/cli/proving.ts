import { byFilters } from '../names/bitcoin/byFilters.js';
import { byHistory } from '../names/bitcoin/byHistory.js';
import { bitcoinNames } from '../names/bitcoin/names.js';
import { quorumNames, serverNames } from '../names/bitcoin/quorumNames.js';
import { replayNames } from '../names/bitcoin/replay.js';
import type { Watch } from '../names/bitcoin/watch.js';
import type { Names } from '../names/names.js';
import { levels, type Level } from '../names/proof.js';
import { anchorOf, headersOf, indexerOf, NO_TRANSACTIONS, parseAnchor, type Session } from './session.js';
import { firstOf } from './sources.js';
import { countOf, orUsage, usage } from './usage.js';

/** @throws {@link usage} */
export function levelOf(text: string | undefined): Level | undefined {
  const level = levels.find((each) => each === text);
  if (text !== undefined && level === undefined) throw usage(`--level takes one of ${levels.join(', ')}`);
  return level;
}

/** The level asked for; else the highest that costs kilobytes with these sources. Filters and replays are for those who ask. */
export function chooseLevel({ call: { values }, sources, network }: Session): Level {
  const asked = levelOf(values.level);
  if (asked) return asked;
  if (values.anchor === undefined && network.filterable && sources.filters.length > 1) return 'filters';
  return sources.histories.length >= leastOf(values.least) ? 'history' : 'snv';
}

function leastOf(text: string | undefined): number {
  return countOf(text, 'least', 1, 100) ?? 2;
}

/** Names at a level, of the sources given. @throws {@link usage} when they do not suffice */
export function openNames(session: Session, level: Level): Promise<Names> {
  return orUsage(() => {
    switch (level) {
      case 'server':
      case 'quorum':
        return namesByWord(session, level);
      case 'replay':
        return namesByReplay(session, false);
      case 'filters':
        return session.call.values.anchor === undefined && session.network.filterable ? namesByReplay(session, true) : namesByProof(session, level);
      default:
        return namesByProof(session, level);
    }
  });
}

async function namesByWord(session: Session, level: 'server' | 'quorum'): Promise<Names> {
  const { network, sources, call } = session;
  const terms = { network, headers: firstOf(headersOf(session), ''), chain: await session.chain() };
  if (level === 'server') return serverNames({ ...terms, indexer: indexerOf(session) });
  return quorumNames({ ...terms, indexers: sources.indexers, least: leastOf(call.values.least) });
}

async function namesByReplay(session: Session, filtered: boolean): Promise<Names> {
  const { network, sources, call } = session;
  const { blocks, transactions, filters } = sources;
  const headers = headersOf(session);
  if (blocks.length === 0) throw usage('a replay reads blocks: give --bitcoind, --p2p or --esplora');
  if (transactions.length === 0) throw usage(NO_TRANSACTIONS);
  const by = filtered ? { filters, least: leastOf(call.values.least) } : {};
  const anchor = parseAnchor(call.values.anchor, network);
  return replayNames({ network, headers, blocks, transactions, anchor, chain: await session.chain({ full: true }), ...by });
}

async function namesByProof(session: Session, level: Level): Promise<Names> {
  const { network, sources } = session;
  const anchor = anchorOf(session);
  const headers = headersOf(session);
  const indexer = indexerOf(session);
  const transactions = firstOf(sources.transactions, NO_TRANSACTIONS);
  const watch = watchOf(session, level);
  const chain = await session.chain();
  return bitcoinNames({ network, anchor, headers, transactions, indexer, chain, watch, sync: session.sync, headerBelow: session.headerBelow(chain) });
}

function watchOf({ sources, call }: Session, level: Level): Watch | undefined {
  const least = leastOf(call.values.least);
  if (level === 'history') return byHistory({ histories: sources.histories, least });
  if (level === 'filters') return byFilters({ sources: sources.filters, blocks: sources.blocks, least });
  return undefined;
}
