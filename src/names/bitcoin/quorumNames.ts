import type { LongCallOptions } from '../../lib/clock.js';
import { isNamesteadError, NamesteadError } from '../../lib/errors.js';
import { asCount, type Fields } from '../../lib/shape.js';
import { parseName } from '../name.js';
import type { Lookup, LookupOptions, Names } from '../names.js';
import { atLeast, type Level } from '../proof.js';
import { createHeaderChain, syncInTurn, type HeaderChain, type SyncOptions } from './chain.js';
import type { NamespaceLife } from './expiry.js';
import { findClaim } from './nameClaim.js';
import { committedIn } from './namedOperation.js';
import { recordOf, verifyConfirmed } from './nameRecord.js';
import type { Network } from './network.js';
import type { HeaderSource, Indexer } from './source.js';

export interface QuorumNamesOptions {
  readonly network: Network;
  /** Nodes of operators who do not depend on each other; each `operator` once. */
  readonly indexers: readonly Indexer[];
  /** How many must say the same; two or more. */
  readonly least: number;
  /** Dates the answer; checked as everywhere. */
  readonly headers: HeaderSource;
  readonly chain?: HeaderChain | undefined;
  /** How headers are followed: where they are kept, how old the last block may be. */
  readonly sync?: Pick<SyncOptions, 'store' | 'maxTipAge'> | undefined;
}

/**
 * Names on the word of `least` core nodes that say the same, the consensus hash of the block they speak of included. Nothing is proved: so many operators
 * can lie together. Level `quorum`.
 *
 * `lookup` throws NamesteadError `SourcesDisagree`, `AbsenceNotProved`, `NameExpired`, `NameRevoked`, `NotConfirmed`, `LevelNotReached`, `TipStale` when
 * the nodes are more than 144 blocks behind the headers and no height `at` is asked for, and what headers throw.
 * @throws TypeError when there are fewer nodes than must agree, or one twice
 * @example
 * const names = quorumNames({ network: mainnet, indexers: urls.map((url) => indexer({ url })), least: 2, headers: esplora({ url }) });
 */
export function quorumNames(options: QuorumNamesOptions): Names {
  if (!(options.least >= 2)) throw new TypeError('a quorum is of two or more; the word of one is serverNames');
  return namesBy(options, 'quorum');
}

/** Names on one core node's word, for those who run it themselves. Level `server`. @throws as {@link quorumNames} */
export function serverNames({ indexer, ...rest }: Omit<QuorumNamesOptions, 'indexers' | 'least'> & { readonly indexer: Indexer }): Names {
  return namesBy({ ...rest, indexers: [indexer], least: 1 }, 'server');
}

function namesBy(options: QuorumNamesOptions, reach: Level): Names {
  const { network, indexers, least, headers, chain = createHeaderChain(network.bitcoin) } = options;
  if (indexers.length < least) throw new TypeError(`${least} nodes must agree, and there are ${indexers.length}`);
  if (new Set(indexers.map(({ operator }) => operator)).size !== indexers.length) throw new TypeError('each node counts once: two have the same operator');
  const sync = syncInTurn(chain, [headers], { ...options.sync });
  return {
    lookup: async (name, call: LookupOptions = {}) => {
      const { namespace } = parseName(name);
      const { level = reach, at } = call;
      if (!atLeast(reach, level)) throw new NamesteadError('LevelNotReached', `level ${level} is demanded, and these nodes give ${reach} at the most`);
      await sync(call);
      const height = await findHeight(options, at, chain.tip().height, call);
      const answers = await Promise.all(indexers.map((indexer) => ask(indexer, { name, namespace, height }, call)));
      return answerOf(options, chain, { name, height, reach }, verdictOf(answers, least, name));
    },
  };
}

/** Blocks that nodes may be behind the headers where no height is asked for: a day. */
const MOST_BEHIND = 144;

/**
 * The highest block that enough nodes have folded: one node behind the others holds nobody back, and one ahead drags nobody along. Where all are needed, one
 * could lead the others back to any block, whose owners would be told as those of now.
 */
async function findHeight({ indexers, least }: QuorumNamesOptions, at: number | undefined, tip: number, options: LongCallOptions): Promise<number> {
  const tips = await Promise.allSettled(indexers.map(async (indexer) => (await indexer.tip(options)).height));
  const heights = tips.flatMap((told) => (told.status === 'fulfilled' ? [told.value] : [])).sort((a, b) => b - a);
  const [failed] = tips.flatMap((told) => (told.status === 'rejected' ? [told.reason as unknown] : []));
  const common = heights[least - 1];
  if (common === undefined)
    throw new NamesteadError('SourcesDisagree', `${heights.length} of ${indexers.length} nodes answer, ${least} must agree`, { cause: failed });
  if (at !== undefined && at > common)
    throw new NamesteadError('NotConfirmed', `${least} nodes have folded up to height ${common}, not ${at}: wait, or ask of an earlier one`);
  if (at === undefined && tip - common > MOST_BEHIND)
    throw new NamesteadError(
      'TipStale',
      `${least} nodes have folded up to height ${common}, ${tip - common} blocks behind the headers: ask others, or as of a height`,
    );
  return Math.min(at ?? common, tip);
}

/** One node's answer; `said` is what must be the same, null: it could not answer. */
interface Answer {
  readonly operator: string;
  readonly said: string | null;
  readonly told: Told | null;
  readonly error: unknown;
}

interface Told {
  readonly height: number;
  readonly operation: Fields;
  readonly life: NamespaceLife;
}

async function ask(
  indexer: Indexer,
  { name, namespace, height }: { readonly name: string; readonly namespace: string; readonly height: number },
  options: LongCallOptions,
): Promise<Answer> {
  const { operator } = indexer;
  try {
    const [consensusHash] = await indexer.consensusHashes([height], options);
    const told = await findTold(indexer, name, namespace, height, options);
    // Nodes cut the fee of an imported name, each as it likes.
    const committed = told && committedIn(told.operation).flatMap((field) => (field === 'op_fee' ? [] : [[field, told.operation[field]]]));
    return { operator, said: JSON.stringify([consensusHash, told?.height, told?.life, committed]), told, error: null };
  } catch (error) {
    if (!isNamesteadError(error) || options.signal?.aborted) throw error;
    return { operator, said: null, told: null, error };
  }
}

/** Null: the node knows no such name. */
async function findTold(indexer: Indexer, name: string, namespace: string, until: number, options: LongCallOptions): Promise<Told | null> {
  const record = (await indexer.namespaceRecord(namespace, options)) ?? {};
  try {
    const { height, stated } = await findClaim(indexer, name, until, options);
    const count = (field: string): number => asCount(record[field], `${indexer.operator} on the namespace ${namespace}: ${field}`);
    return { height, operation: stated, life: { revealBlock: count('reveal_block'), readyBlock: count('ready_block'), lifetime: count('lifetime') } };
  } catch (error) {
    if (isNamesteadError(error, 'AbsenceNotProved')) return null;
    throw error;
  }
}

interface Verdict {
  readonly told: Told;
  readonly agreed: readonly string[];
  readonly disagreed: readonly string[];
}

function verdictOf(answers: readonly Answer[], least: number, name: string): Verdict {
  const groups = answers.map(({ said }) => (said === null ? [] : answers.filter((answer) => answer.said === said)));
  const group = groups.filter(({ length }) => length >= least).sort((a, b) => b.length - a.length)[0];
  const operatorsOf = (some: readonly Answer[]): string => some.map(({ operator }) => operator).join(', ');
  if (!group) {
    const error = answers.find((answer) => answer.error !== null)?.error;
    throw new NamesteadError('SourcesDisagree', `of ${operatorsOf(answers)} no ${least} say the same of ${name}`, error === undefined ? {} : { cause: error });
  }
  const told = group[0]?.told;
  if (!told) throw new NamesteadError('AbsenceNotProved', `${operatorsOf(group)} know no ${name}, which nothing proves`);
  return {
    told,
    agreed: group.map(({ operator }) => operator),
    disagreed: answers.filter((answer) => !group.includes(answer)).map(({ operator }) => operator),
  };
}

function answerOf(
  { network, indexers, headers }: QuorumNamesOptions,
  chain: HeaderChain,
  { name, height, reach }: { readonly name: string; readonly height: number; readonly reach: Level },
  { told, agreed, disagreed }: Verdict,
): Lookup {
  const tip = chain.tip();
  const record = recordOf(network, { name, ...told }, height);
  verifyConfirmed(network, name, told.height, tip.height);
  return {
    record,
    evidence: {
      level: reach,
      asOf: { height, hash: chain.hashAt(height) ?? '', time: chain.at(height)?.time ?? 0 },
      tip: { height: tip.height, hash: tip.hash, time: tip.time },
      completeTo: null,
      confirmations: tip.height - told.height + 1,
      work: network.bitcoin.work,
      operators: [...new Set([...indexers.map(({ operator }) => operator), headers.operator])],
      disagreed,
      checked: [`the record and the consensus hash at height ${height}: the same from ${agreed.join(', ')}`],
      unchecked: ['everything: these nodes are believed'],
      pending: [],
      warnings: [],
    },
  };
}
