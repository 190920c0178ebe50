import { isNamesteadError } from '../../lib/errors.js';
import { parseName } from '../../names/name.js';
import { quoteName } from '../../names/bitcoin/quote.js';
import { findName, findNamespace, type StandingWorld } from '../../names/bitcoin/standing.js';
import type { CallOptions } from '../../lib/clock.js';
import type { Network } from '../../names/bitcoin/network.js';
import { answer, satoshi, table } from '../answer.js';
import type { Command } from '../command.js';
import { asking } from '../options.js';
import { withSession, type Session } from '../session.js';
import { requireName } from '../usage.js';
import { askingWorld } from './price.js';

export const checkCommand: Command = {
  synopsis: 'NAME … --node URL [options]',
  about: `Whether names can be had: namespace open, nobody owns it, and its price. Exit code 1 when one cannot. That a name is free is the core node's
word; who owns it is proved by \`resolve\`, that nobody does by \`resolve --level replay\`.`,
  options: asking,
  words: [1, 1000],
  run: (call) => withSession(call, checkNames),
};

interface Checked {
  readonly name: string;
  readonly available: boolean;
  readonly owner: string | null;
  readonly price: bigint | null;
  readonly why: string;
}

async function checkNames(session: Session): Promise<number> {
  const { call, network } = session;
  call.words.forEach(requireName);
  const { world, nextHeight } = await askingWorld(session);
  const names: Checked[] = [];
  for (const name of call.words) names.push(await checkName(name, { ...world, network }, nextHeight, call));
  const ok = names.every(({ available }) => available);
  answer(
    call,
    { ok, names, height: nextHeight, operator: world.indexer.operator },
    table(
      names.map(({ name, available, why }) => [available ? 'free' : 'not free', name, why]),
      '',
    ),
  );
  return ok ? 0 : 1;
}

async function checkName(name: string, world: StandingWorld & { readonly network: Network }, nextHeight: number, { signal }: CallOptions): Promise<Checked> {
  const by = `says ${world.indexer.operator}`;
  const id = parseName(name).namespace;
  const namespace = await findNamespace(world, id, { signal });
  const refuse = (why: string, owner: string | null = null): Checked => ({ name, available: false, owner, price: null, why });
  if (!namespace?.ready) return refuse(`namespace ${id} is ${namespace ? 'not ready yet' : 'not open'}, ${by}`);
  const held = await findName(world, name, { signal });
  if (held) return refuse(`${held.revoked ? 'revoked, and not free before it expires' : `belongs to ${held.owner}`}, ${by}`, held.owner);
  try {
    const { price } = await quoteName(name, nextHeight, world, { signal });
    return { name, available: true, owner: null, price, why: `${satoshi(price)}, ${by}` };
  } catch (error) {
    if (isNamesteadError(error, 'NameUnaffordable')) return refuse(error.message);
    throw error;
  }
}
