import { parseName } from '../../names/name.js';
import type { StandingWorld } from '../../names/bitcoin/standing.js';
import { quoteName } from '../../names/bitcoin/quote.js';
import { answer, satoshi, table } from '../answer.js';
import type { Command } from '../command.js';
import { asking } from '../options.js';
import { indexerOf, withSession, type Session } from '../session.js';
import { requireName } from '../usage.js';

export const priceCommand: Command = {
  synopsis: 'NAME … --node URL [options]',
  about: `What names cost in the next block, network fees apart, and who is paid. The namespace's terms are the core node's word, unless --anchor and
a source of Bitcoin are given: then they are proved.`,
  options: asking,
  words: [1, 1000],
  run: (call) => withSession(call, showPrices),
};

async function showPrices(session: Session): Promise<number> {
  const { call, network } = session;
  const { words, signal } = call;
  words.forEach(requireName);
  const { world, nextHeight } = await askingWorld(session);
  const quotes = [];
  for (const name of words) {
    const { price, payee } = await quoteName(name, nextHeight, { ...world, network }, { signal });
    quotes.push({ name, price, payee, namespace: parseName(name).namespace });
  }
  const total = quotes.reduce((sum, { price }) => sum + price, 0n);
  const rows = quotes.map(({ name, price, payee }) => [name, satoshi(price), `to ${payee}`]);
  const lines = quotes.length > 1 ? [...table(rows, ''), `in all ${satoshi(total)}`] : table(rows, '');
  answer(call, { ok: true, height: nextHeight, prices: quotes, total, operator: world.indexer.operator }, lines);
  return 0;
}

/** What tells of names and namespaces: the node, or, with an anchor and a source of Bitcoin, what can be proved. */
export async function askingWorld(session: Session): Promise<{ readonly world: StandingWorld; readonly nextHeight: number }> {
  const { sources, call } = session;
  const { signal } = call;
  const indexer = indexerOf(session);
  const [headers] = sources.headers;
  // Without headers the node's own tip has to do.
  if (!headers) {
    const tip = await indexer.tip({ signal });
    return { world: { indexer, headers: { operator: indexer.operator, headers: async () => Promise.resolve([]) } }, nextHeight: tip.height + 1 };
  }
  const { standingWorld } = await import('../paying.js');
  const { findNextHeight } = await import('../../names/bitcoin/standing.js');
  const world = await standingWorld(session);
  return { world, nextHeight: await findNextHeight(world, { signal }) };
}
