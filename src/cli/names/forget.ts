import { NamesteadError } from '../../lib/errors.js';
import { readStatus } from '../../names/status.js';
import { answer } from '../answer.js';
import type { Call, Command } from '../command.js';
import { planKinds, plansIn } from '../journals.js';
import { networkOf } from '../networks.js';
import { journalPath, openJournal } from '../paying.js';
import { usage } from '../usage.js';

export const forgetCommand: Command = {
  synopsis: 'NAME --operation KIND [--network NETWORK] [--journal DIR] [--yes]',
  about: `Takes a plan out of the journal, so that the next command begins anew. What was paid under it is given up: --yes is needed then. A preorder that is
given up keeps its name from nobody, and its price does not come back.`,
  options: ['operation', 'network', 'journal', 'yes'],
  words: [1, 1],
  run: forget,
};

async function forget(call: Call): Promise<number> {
  const { values, words } = call;
  const [name = ''] = words;
  const { operation, yes = false } = values;
  if (operation === undefined || !(planKinds as readonly string[]).includes(operation)) throw usage(`--operation takes one of ${planKinds.join(', ')}`);
  const network = await networkOf(values.network);
  const journal = openJournal(values);
  const entry = (await plansIn(journalPath(values))).find((each) => each.name === name && each.kind === operation && each.network === network.name);
  const status = entry && (await readStatus(entry.key, journal));
  if (!entry || !status) throw new NamesteadError('NotFound', `${journalPath(values)} holds no ${operation} of ${name} on ${network.name}`);
  const paid = status.stage !== 'done' && (status.receipts.length > 0 || status.stage === 'sent' || status.former.length > 0);
  if (paid && !yes) throw usage(`${operation} of ${name} is under way and something was sent for it (names status): say --yes to give it up`);
  // Coins that were set aside for it are free for whoever finds the entry gone.
  await journal.remove(entry.key);
  answer(call, { ok: true, name, operation, gaveUp: paid }, [`${operation} of ${name} is forgotten${paid ? ', and what was paid for it given up' : ''}`]);
  return 0;
}
