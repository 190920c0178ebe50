import { bumpFee } from '../../names/bitcoin/bump.js';
import { readStatus } from '../../names/status.js';
import { answer, satoshi } from '../answer.js';
import type { Command } from '../command.js';
import { openKeys } from '../keys.js';
import { planKinds, plansIn, type PlanEntry } from '../journals.js';
import { signing } from '../options.js';
import { feesOf, journalPath, payingWorld } from '../paying.js';
import { withSession, type Session } from '../session.js';
import { orUsage, usage } from '../usage.js';

export const bumpCommand: Command = {
  synopsis: 'NAME --fee-rate N --words-file FILE --esplora URL --node URL [options]',
  about: `Raises the fee of the transaction of NAME (or of a namespace) that waits: the same inputs and the same operation, less change. Whichever version is
mined counts, and a command that runs the plan meanwhile goes on with both.`,
  options: [...signing, 'operation'],
  words: [1, 1],
  run: (call) => withSession(call, bump),
};

async function bump(session: Session): Promise<number> {
  const { call, network } = session;
  const { values, words, signal } = call;
  const [name = ''] = words;
  const { feeRate, maxFeeRate } = feesOf(values);
  if (feeRate === undefined) throw usage('--fee-rate N is needed: satoshi per virtual byte of the new version');
  const keys = await openKeys(values, network);
  const world = await payingWorld(session);
  const { key } = await waitingPlan(session, name, world.journal);
  const { payer, owner } = keys;
  // Payers of registrations sign all; elsewhere the owner signs the first input.
  const bumped = await orUsage(() => bumpFee({ ...world, key, payer, owner }, { feeRate, maxFeeRate, signal }));
  const { operation, txid, fee, replaced } = bumped;
  answer(call, { ok: true, name, key, ...bumped }, [`${name}: ${operation} pays ${satoshi(fee)} now, ${txid} in place of ${replaced}`]);
  return 0;
}

async function waitingPlan({ call: { values }, network }: Session, name: string, journal: Parameters<typeof readStatus>[1]): Promise<PlanEntry> {
  const { operation } = values;
  if (operation !== undefined && !(planKinds as readonly string[]).includes(operation)) throw usage(`--operation takes one of ${planKinds.join(', ')}`);
  const entries = await plansIn(journalPath(values));
  const ours = entries.filter((entry) => entry.name === name && entry.network === network.name && (operation ?? entry.kind) === entry.kind);
  const waiting: PlanEntry[] = [];
  for (const entry of ours) if ((await readStatus(entry.key, journal))?.stage === 'sent') waiting.push(entry);
  const [first, second] = waiting;
  if (first && second) throw usage(`several transactions of ${name} wait: say --operation ${waiting.map(({ kind }) => kind).join(' or ')}`);
  return first ?? ours[0] ?? { key: `register ${network.name} ${name}`, kind: 'register', network: network.name, name };
}
