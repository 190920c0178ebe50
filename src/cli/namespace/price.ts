import { isNamespaceValid } from '../../names/name.js';
import { quoteNamespace } from '../../names/bitcoin/quote.js';
import { findNamespace } from '../../names/bitcoin/standing.js';
import { answer, satoshi, table } from '../answer.js';
import type { Command } from '../command.js';
import { askingWorld } from '../names/price.js';
import { asking } from '../options.js';
import { withSession, type Session } from '../session.js';
import { usage } from '../usage.js';

export const namespacePriceCommand: Command = {
  synopsis: 'NAMESPACE … --node URL [options]',
  about: 'What namespaces cost in the next block, network fees apart: satoshi, or STACKS from epoch 4 on.',
  options: asking,
  words: [1, 100],
  run: (call) => withSession(call, showPrices),
};

export const namespaceCheckCommand: Command = {
  synopsis: 'NAMESPACE … --node URL [options]',
  about: 'Whether namespaces can be opened, and what is known of those that are. Exit code 1 when one cannot.',
  options: asking,
  words: [1, 100],
  run: (call) => withSession(call, checkNamespaces),
};

/** @throws {@link usage} */
export function requireNamespace(id: string): void {
  if (!isNamespaceValid(id)) throw usage(`${JSON.stringify(id)} is no namespace: write 1 to 19 of a-z, 0-9, - and _`);
}

async function showPrices(session: Session): Promise<number> {
  const { call, network } = session;
  call.words.forEach(requireNamespace);
  const { nextHeight } = await askingWorld(session);
  const prices = call.words.map((namespace) => ({ namespace, ...quoteNamespace(namespace, nextHeight, network) }));
  answer(
    call,
    { ok: true, height: nextHeight, prices },
    table(
      prices.map(({ namespace, price, tokens }) => [namespace, tokens === null ? `${satoshi(price)}, burned` : `${tokens} micro-STACKS`]),
      '',
    ),
  );
  return 0;
}

async function checkNamespaces(session: Session): Promise<number> {
  const { call } = session;
  const { words, signal } = call;
  words.forEach(requireNamespace);
  const { world, nextHeight } = await askingWorld(session);
  const by = `says ${world.indexer.operator}`;
  const namespaces = [];
  for (const namespace of words) {
    const terms = await findNamespace(world, namespace, { signal });
    const state = terms ? (terms.ready ? 'ready' : 'revealed') : 'free';
    const since = terms?.ready ? ` since block ${terms.readyBlock}` : terms ? ` at block ${terms.revealBlock}, not ready yet` : '';
    namespaces.push({ namespace, available: !terms, state, why: `${terms ? state : 'nobody revealed it'}${since}, ${by}`, terms });
  }
  const ok = namespaces.every(({ available }) => available);
  answer(
    call,
    { ok, namespaces, height: nextHeight, operator: world.indexer.operator },
    table(
      namespaces.map(({ namespace, available, why }) => [available ? 'free' : 'not free', namespace, why]),
      '',
    ),
  );
  return ok ? 0 : 1;
}
