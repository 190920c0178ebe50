import type { CallOptions } from '../../lib/clock.js';
import { isNamesteadError, NamesteadError } from '../../lib/errors.js';
import { toHex } from '../../lib/bytes.js';
import type { Names } from '../names.js';
import { syncHeaders } from './chain.js';
import { committedBeneath, type HistoryStore } from './committed.js';
import { serializeHeader, type Header } from './header.js';
import { createHeaderChain, type HeaderChain } from './headerChain.js';
import { proveNamespace } from './namespaceProof.js';
import type { Network } from './network.js';
import type { HeaderSource, Indexer, TransactionSource } from './source.js';
import type { ConsensusClaim } from './standing.js';

export interface ProvedTermsOptions {
  readonly network: Network;
  /** A block and its consensus hash from outside the servers; at most 12 blocks old where preorders, updates or transfers are to be sent. */
  readonly anchor: { readonly height: number; readonly hash: string; readonly consensusHash: string };
  readonly headers: HeaderSource | readonly HeaderSource[];
  readonly transactions: TransactionSource;
  readonly indexer: Indexer;
  /** A chain to go on from; default a new one from the genesis block. */
  readonly chain?: HeaderChain | undefined;
  /** Asked whether a name is taken: what it proves counts before the indexer's word, and where it proves absence that counts too. */
  readonly names?: Names | undefined;
  /** As of `bitcoinNames`: where what leads to the anchor is kept between runs. */
  readonly store?: HistoryStore | undefined;
}

/** The parts of a world that paying asks, to be spread over it. */
export interface ProvedTerms {
  readonly indexer: Indexer;
  readonly headers: HeaderSource;
  readonly provedConsensus: (options: CallOptions) => Promise<ConsensusClaim>;
}

/**
 * Takes price, payee, consensus hash and confirmations off the servers' word. A namespace's terms and creator come from its
 * NAMESPACE_READY beneath the anchor, proved like a name; operations name the anchor's own consensus hash; headers are those of a
 * chain that is checked from its base, holds the anchor and has the most work of the sources. That the rules took an
 * operation after the anchor stays the indexer's word.
 * @throws NamesteadError from its parts `NamespaceNotReady` (also when made ready after the anchor), `SourcesDisagree`, and as `bitcoinNames`
 * @example
 * await register({ ...world, ...provedTerms({ ...world, anchor, names }), name: 'alice.id', zoneFile, owner, payer, publish });
 */
export function provedTerms(options: ProvedTermsOptions): ProvedTerms {
  const { network, anchor, transactions, indexer, names, chain = createHeaderChain(network.bitcoin) } = options;
  const sources = 'headers' in options.headers ? [options.headers] : options.headers;
  const [first] = sources;
  if (!first) throw new TypeError('payments are confirmed against headers: give a source of them');
  const committed = committedBeneath(indexer, anchor, network.firstBlock, options.store);
  const sync = inTurn((call: CallOptions) => syncHeaders(chain, sources, { ...call, anchor }));
  const headerAt = async (height: number, call: CallOptions): Promise<Header> => {
    if (height > chain.tip().height) await sync(call);
    const header = chain.at(height);
    if (header) return header;
    throw new NamesteadError('MerkleMismatch', `the proof leads to height ${height}, where no header is held`);
  };
  const world = { network, transactions, indexer, headerAt };
  return {
    provedConsensus: async (call) => {
      await sync(call);
      return { height: anchor.height, consensusHash: anchor.consensusHash };
    },
    headers: {
      operator: first.operator,
      headers: async (from, count, call = {}) => {
        await sync(call);
        const last = Math.min(from + count - 1, chain.tip().height);
        return Array.from({ length: Math.max(0, last - from + 1) }, (_, at) => chain.at(from + at)).flatMap((header) =>
          header ? [serializeHeader(header)] : [],
        );
      },
    },
    indexer: {
      ...indexer,
      namespaceRecord: async (id, call = {}) => {
        const told = await indexer.namespaceRecord(id, call);
        if (told?.['ready'] !== true) return told;
        await sync(call);
        const { ready, life } = await proveNamespace(world, id, committed, call);
        // Nothing that the node says besides is handed on.
        return { ...ready, ready: true, ready_block: life.readyBlock };
      },
      nameRecord: async (name, call = {}) => (names ? heldAsProved(name, names, indexer, call) : indexer.nameRecord(name, call)),
    },
  };
}

/** What is proved goes before what is told; what cannot be proved absent is the indexer's word. */
async function heldAsProved(name: string, names: Names, indexer: Indexer, call: CallOptions): ReturnType<Indexer['nameRecord']> {
  const told = await indexer.nameRecord(name, call);
  let found: Awaited<ReturnType<Names['lookup']>>;
  try {
    found = await names.lookup(name, call);
  } catch (error) {
    if (isNamesteadError(error, 'AbsenceNotProved') || isNamesteadError(error, 'NameExpired')) return told;
    throw error;
  }
  if (!found) {
    if (told === null || told['expired'] === true) return told;
    throw new NamesteadError('SourcesDisagree', `${indexer.operator} says ${name} is registered, and it is proved that it is not: ask another`);
  }
  const { owner, zoneFileHash } = found.record;
  if (told === null || told['expired'] === true) return { name, address: owner, value_hash: zoneFileHash && toHex(zoneFileHash) };
  if (told['address'] === owner) return told;
  throw new NamesteadError(
    'SourcesDisagree',
    `${indexer.operator} says ${name} belongs to ${JSON.stringify(told['address'])}, and ${owner} is proved, as of height ${found.evidence.asOf.height}: ask another, or take a newer anchor`,
  );
}

/** One after the other: two calls at once would each take the other's headers for a fork. */
function inTurn<A, T>(work: (argument: A) => Promise<T>): (argument: A) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (argument) => {
    const next = last.then(() => work(argument));
    last = next.catch(() => undefined);
    return next;
  };
}
